//! The entries of album views, held against the disk.

use std::collections::HashSet;

use super::desk::{Desk, Note};
use super::difference::{Difference, Place, What};
use crate::model::ItemId;
use crate::state::{self, Form, Shown, ViewMark};
use crate::sync::RunError;
use crate::tree::name::fold;
use crate::tree::{FileKind, RelPath};

/// Entries that are looked at in one view of the state.
const PIECE: usize = 500;

/// Looks at every entry that is known to be there. Gives the folded paths of playlists: a few for each album.
pub(super) fn look(desk: &Desk) -> Result<HashSet<String>, RunError> {
    let mut lists = HashSet::new();
    let albums = state::view_albums(&desk.books.view()?)?;
    for (album, row) in albums {
        for list in &row.lists {
            desk.figures().disk.in_albums += 1;
            lists.insert(fold(&list.path));
            if let Some(why) = wrong(desk, &list.path, FileKind::File, Some(list.size))? {
                tell(desk, &list.path, why);
                desk.note(&mut vec![Note::View(ViewMark::Album(album.clone()))])?;
            }
        }
        entries(desk, &album)?;
    }
    Ok(lists)
}

fn entries(desk: &Desk, album: &ItemId) -> Result<(), RunError> {
    let mut last: Option<String> = None;
    loop {
        desk.look_up()?;
        let piece = state::view_entries_after(&desk.books.view()?, album, last.as_deref(), PIECE)?;
        let Some((asset, _)) = piece.last() else { return Ok(()) };
        last = Some(asset.clone());
        let mut notes = Vec::new();
        for (asset, entry) in &piece {
            for shown in entry.files.iter().filter(|shown| shown.done) {
                desk.figures().disk.in_albums += 1;
                if let Some(why) = entry_is_wrong(desk, shown)? {
                    tell(desk, &shown.path, why);
                    notes.push(Note::View(ViewMark::Entry(album.clone(), asset.clone())));
                }
            }
        }
        desk.note(&mut notes)?;
    }
}

fn entry_is_wrong(desk: &Desk, shown: &Shown) -> Result<Option<(What, &'static str)>, RunError> {
    match shown.form {
        Form::Symlink => wrong(desk, &shown.path, FileKind::Link, None),
        _ => wrong(desk, &shown.path, FileKind::File, Some(shown.size)),
    }
}

/// What is wrong with a file of a view, by what the file system says.
fn wrong(
    desk: &Desk,
    path: &str,
    kind: FileKind,
    size: Option<u64>,
) -> Result<Option<(What, &'static str)>, RunError> {
    let Ok(path) = RelPath::parse(path) else { return Ok(None) };
    let facts = match desk.root.stat(&path) {
        Ok(facts) => facts,
        Err(error) if error.is_disk() => return Err(error.into()),
        Err(_) => return Ok(Some((What::Displaced, "a link or something else is in the way to it"))),
    };
    Ok(match facts {
        None => Some((What::Lost, "it is not there any more")),
        Some(facts) if facts.kind != kind => Some((What::Displaced, "something else lies in its place")),
        Some(facts) if size.is_some_and(|size| size != facts.size) => {
            Some((What::Altered, "it has another size than the photo"))
        }
        Some(_) => None,
    })
}

fn tell(desk: &Desk, path: &str, (what, why): (What, &str)) {
    let action = desk.will("made again by the next run");
    desk.found(&Difference::new("", path, (Place::Disk, what), format!("in an album: {why}"), action));
}
