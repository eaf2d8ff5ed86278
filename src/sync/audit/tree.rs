//! Everything that lies on the disk, held against the ledger: what is not larder's, what is partial, how much is in
//! the attic.

use std::collections::HashSet;

use super::desk::Desk;
use super::difference::{Difference, Place, What};
use crate::state::{self, Lies, View};
use crate::sync::RunError;
use crate::tree::name::fold;
use crate::tree::{Facts, FileKind, RelPath, TreeError};

/// Files whose owners are looked for in one view of the state.
const PIECE: usize = 500;

/// Whose a file is.
enum Owner {
    /// It is a file of a photo, or of an album's view.
    Larder,
    /// Its name is reserved for a photo whose file is not recorded as placed.
    Coming,
    /// It is not larder's.
    Nobody,
}

/// Walks the mirror and larder's own directory. `lists` are the folded paths of playlists.
pub(super) fn look(desk: &Desk, lists: &HashSet<String>) -> Result<(), RunError> {
    let mut piece = Vec::with_capacity(PIECE);
    for entry in desk.root.scan() {
        match entry {
            Ok(found) => piece.push(found),
            Err(error) => unreadable(desk, error)?,
        }
        if piece.len() == PIECE {
            judge(desk, lists, &mut piece)?;
        }
    }
    judge(desk, lists, &mut piece)?;
    own_directory(desk)
}

fn judge(desk: &Desk, lists: &HashSet<String>, piece: &mut Vec<(RelPath, Facts)>) -> Result<(), RunError> {
    desk.look_up()?;
    let view = desk.books.view()?;
    for (path, facts) in piece.drain(..) {
        match owner(desk, &view, lists, &path, &facts)? {
            Owner::Larder => {}
            Owner::Coming => {
                let action = "recognised by its content, or left alone";
                let reason = "its name is reserved for an item that is not recorded as fetched";
                tell(desk, &path.to_string(), What::Unrecorded, reason, action);
            }
            Owner::Nobody => {
                {
                    let disk = &mut desk.figures().disk;
                    disk.foreign += 1;
                    disk.foreign_bytes += facts.size;
                }
                let reason = format!("a {} that larder did not write", facts.kind);
                tell(desk, &path.to_string(), What::Foreign, &reason, "nothing: not larder's");
            }
        }
    }
    Ok(())
}

/// Whose the file at a path is.
fn owner(
    desk: &Desk,
    view: &View,
    lists: &HashSet<String>,
    path: &RelPath,
    facts: &Facts,
) -> Result<Owner, RunError> {
    let folded = fold(path.as_str());
    // A path of an album's view is only ever reserved where nothing of anybody else's lies.
    if lists.contains(&folded) || state::owner(view, state::Root::Albums, &folded)?.is_some() {
        return Ok(Owner::Larder);
    }
    let Some(item) = state::owner(view, state::Root::Photos, &folded)? else { return Ok(Owner::Nobody) };
    let Some(placement) = state::placement(view, &item)? else { return Ok(Owner::Nobody) };
    let mut coming = false;
    for file in placement.files.iter().filter(|file| !matches!(file.lies, Lies::Attic(_))) {
        let known = placement.lies_at(file);
        // A disk that ignores case or normalisation may give a name otherwise than it was written.
        let this = known == path.as_str() || (fold(&known) == folded && is_same_file(desk, &known, facts)?);
        if this && file.proof.is_some() {
            return Ok(Owner::Larder);
        }
        coming |= this && facts.kind == FileKind::File;
    }
    Ok(if coming { Owner::Coming } else { Owner::Nobody })
}

fn is_same_file(desk: &Desk, known: &str, facts: &Facts) -> Result<bool, TreeError> {
    let Ok(known) = RelPath::parse(known) else { return Ok(false) };
    Ok(desk.root.stat(&known)?.is_some_and(|other| other.is_same_file(facts)))
}

/// A directory or name that cannot be looked at: larder made none like that, unless the whole disk is gone.
fn unreadable(desk: &Desk, error: TreeError) -> Result<(), RunError> {
    let path = match &error {
        TreeError::NotUtf8 { path } | TreeError::Permission { path, .. } => path.clone(),
        _ if error.is_disk() => return Err(error.into()),
        _ => String::new(),
    };
    desk.figures().disk.foreign += 1;
    tell(desk, &path, What::Foreign, &error.to_string(), "nothing: not larder's");
    Ok(())
}

/// Partial files and the attic.
fn own_directory(desk: &Desk) -> Result<(), RunError> {
    for entry in desk.root.scan_incoming()? {
        let (path, facts) = entry?;
        {
            let disk = &mut desk.figures().disk;
            disk.partial += 1;
            disk.partial_bytes += facts.size;
        }
        let reason = "a run was stopped before it was whole, or is at work";
        let action = "the next run goes on with it or removes it";
        tell(desk, &path.to_string(), What::Partial, reason, action);
    }
    for entry in desk.root.scan_whole_attic()? {
        desk.look_up()?;
        let (_, facts) = entry?;
        let disk = &mut desk.figures().disk;
        disk.attic += 1;
        disk.attic_bytes += facts.size;
    }
    Ok(())
}

fn tell(desk: &Desk, item: &str, what: What, reason: &str, action: &str) {
    desk.found(&Difference::new("", item, (Place::Disk, what), reason, action));
}
