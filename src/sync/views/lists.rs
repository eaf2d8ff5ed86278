//! Playlists: an `.m3u8` file that players read, and a `.json` file with what it leaves out, for each album.
//!
//! A playlist is written anew when what it says changes, and only over what larder wrote itself.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::look::parse;
use super::pass::Pass;
use super::shown::{Photo, photo};
use crate::model::{ItemId, Kind, hex};
use crate::state::{self, PlacedFile, ViewAlbum, ViewList};
use crate::sync::RunError;
use crate::sync::plan::{list_names, mtime, relative};
use crate::tree::{Dir, FileKind, Finish, RelPath, Staging, TreeError};

/// Photos looked at together.
const PIECE: usize = 500;

/// Brings the playlists of an album up to date: written, or removed when `dir` is `None`, when albums are no playlists or
/// when it is empty. Gives what is there afterwards, or `None` when that could not be done.
pub(super) fn follow(
    pass: &Pass<'_>,
    album: &ItemId,
    row: Option<&ViewAlbum>,
    dir: Option<&str>,
) -> Result<Option<Vec<ViewList>>, RunError> {
    let Some(row) = row else { return Ok(Some(vec![])) };
    match bring(pass, album, row, dir) {
        Err(RunError::Tree(error)) if !error.is_disk() => {
            pass.ctx.tally.view_failed(&list_names(&row.dir)[0], &error.to_string());
            Ok(None)
        }
        result => result.map(Some),
    }
}

fn bring(
    pass: &Pass<'_>,
    album: &ItemId,
    row: &ViewAlbum,
    dir: Option<&str>,
) -> Result<Vec<ViewList>, RunError> {
    let wanted = match dir {
        Some(dir) if pass.lists() => write(pass, album, row, dir)?,
        _ => vec![],
    };
    let stale = row.lists.iter().filter(|list| !wanted.iter().any(|wanted| wanted.path == list.path));
    for list in stale {
        remove(pass, list)?;
    }
    Ok(wanted)
}

/// One photo of a playlist.
#[derive(Serialize)]
struct Member<'a> {
    record: &'a str,
    path: &'a str,
    files: &'a [String],
    date: Option<jiff::Timestamp>,
    favourite: bool,
}

/// A list that is being written.
struct Draft {
    path: RelPath,
    key: String,
    staging: Staging,
    hash: Sha256,
}

impl Draft {
    fn begin(pass: &Pass<'_>, path: &str) -> Result<Self, TreeError> {
        let key = hex(&Sha256::digest(path)[..16]);
        let mut staging = pass.ctx.root.stage(&key)?;
        staging.truncate(0)?;
        Ok(Self { path: parse(path)?, key, staging, hash: Sha256::new() })
    }

    fn add(&mut self, text: &str) -> Result<(), TreeError> {
        self.hash.update(text);
        self.staging.append(text.as_bytes())
    }

    fn list(&self) -> ViewList {
        let sha256 = self.hash.clone().finalize().into();
        ViewList { path: self.path.to_string(), size: self.staging.size(), sha256 }
    }
}

fn write(pass: &Pass<'_>, album: &ItemId, row: &ViewAlbum, dir: &str) -> Result<Vec<ViewList>, RunError> {
    let order = order(pass, album)?;
    if order.is_empty() && !pass.dry {
        return Ok(vec![]);
    }
    if pass.dry {
        // What it would say depends on files that are not there yet.
        let new = u64::from(row.lists.is_empty()) * 2;
        pass.ctx.tally.note(|out| out.views.to_make += new);
        return Ok(row.lists.clone());
    }
    let above = dir.rsplit_once('/').map_or("", |(above, _)| above);
    let paths = list_names(&row.component).map(|name| format!("{above}/{name}"));
    let mut drafts = [Draft::begin(pass, &paths[0])?, Draft::begin(pass, &paths[1])?];
    fill(pass, album, row, &order, &mut drafts)?;
    let lists: Vec<ViewList> = drafts.iter().map(Draft::list).collect();
    if lists.iter().any(|list| !row.lists.contains(list)) {
        // Noted before they are there, so that a crash leaves nothing unknown.
        let coming = ViewAlbum { lists: row.lists.iter().chain(&lists).cloned().collect(), ..row.clone() };
        pass.ctx.state.write(|batch| batch.put_view_album(album, Some(&coming)))?;
    }
    for (draft, list) in drafts.into_iter().zip(&lists) {
        put(pass, row, draft, list)?;
    }
    Ok(lists)
}

/// The photos of an album in its order: by their places, those of a smart album by date.
fn order(pass: &Pass<'_>, album: &ItemId) -> Result<Vec<(i64, Box<str>)>, RunError> {
    let (mut order, mut after): (Vec<(i64, Box<str>)>, Option<String>) = (Vec::new(), None);
    loop {
        let view = pass.ctx.state.view()?;
        let piece = state::view_entries_after(&view, album, after.as_deref(), PIECE)?;
        let Some((last, _)) = piece.last() else { break };
        after = Some(last.clone());
        for (asset, _) in piece {
            let place = match state::position(&view, album, &asset)? {
                Some(position) => position,
                None => photo(pass, &view, album, &asset)?
                    .and_then(|photo| mtime(&photo.asset))
                    .map_or(i64::MAX, jiff::Timestamp::as_millisecond),
            };
            order.push((place, asset.into()));
        }
    }
    order.sort_unstable();
    Ok(order)
}

fn fill(
    pass: &Pass<'_>,
    album: &ItemId,
    row: &ViewAlbum,
    order: &[(i64, Box<str>)],
    [list, json]: &mut [Draft; 2],
) -> Result<(), RunError> {
    let top = format!("{}/", pass.ctx.job.photos.albums.path.dirs().join("/"));
    let path = row.dir.strip_prefix(&top).unwrap_or(&row.dir);
    let text = |value: &str| serde_json::Value::from(value).to_string();
    list.add(&format!("#EXTM3U\n#PLAYLIST:{}\n", row.base))?;
    json.add(&format!(
        "{{\n  \"name\": {},\n  \"path\": {},\n  \"record\": {},\n  \"members\": [",
        text(&row.base),
        text(path),
        text(&album.record)
    ))?;
    let mut first = true;
    for piece in order.chunks(PIECE) {
        let view = pass.ctx.state.view()?;
        for (_, record) in piece {
            let Some(photo) = photo(pass, &view, album, record)? else { continue };
            let files: Vec<String> =
                photo.files.iter().map(|file| relative(list.path.as_str(), &photo.path(file))).collect();
            let Some(main) = main(&photo).map(|file| relative(list.path.as_str(), &photo.path(file))) else {
                continue;
            };
            list.add(&format!("{main}\n"))?;
            let member = Member {
                record,
                path: &main,
                files: &files,
                date: mtime(&photo.asset),
                favourite: photo.asset.favourite,
            };
            let member = serde_json::to_string(&member).unwrap_or_default();
            json.add(&format!("{}\n    {member}", if first { "" } else { "," }))?;
            first = false;
        }
    }
    json.add("\n  ]\n}\n")?;
    Ok(())
}

/// The file that a player shows: the edited version where there is one, the still of a Live Photo before its motion.
fn main(photo: &Photo) -> Option<&PlacedFile> {
    const ORDER: [Kind; 5] =
        [Kind::EditedStill, Kind::EditedMotion, Kind::Original, Kind::Alternative, Kind::Motion];
    let has_still = photo.files.iter().any(|file| file.kind == Kind::EditedStill);
    // The edited motion of a Live Photo whose still was not rendered anew is not the photo.
    let live = photo.files.iter().any(|file| file.kind == Kind::Motion) && !has_still;
    let mut order = ORDER.iter().filter(|kind| !(live && **kind == Kind::EditedMotion));
    order.find_map(|kind| photo.files.iter().find(|file| file.kind == *kind))
}

/// Gives a draft its name, unless what lies there says the same already.
fn put(pass: &Pass<'_>, row: &ViewAlbum, draft: Draft, list: &ViewList) -> Result<(), RunError> {
    let root = &pass.ctx.root;
    let Draft { path, key, staging, .. } = draft;
    let there = root.stat(&path)?;
    let lies = |list: &ViewList| -> Result<bool, TreeError> {
        let size = there.is_some_and(|facts| facts.kind == FileKind::File && facts.size == list.size);
        Ok(size && root.hash(&path, true)?.sha256 == Some(list.sha256))
    };
    if lies(list)? {
        return Ok(root.discard(&key)?);
    }
    let noted: Vec<&ViewList> = row.lists.iter().filter(|noted| noted.path == list.path).collect();
    let mut ours = there.is_none();
    for noted in &noted {
        ours = ours || lies(noted)?;
    }
    if !ours {
        if noted.is_empty() {
            root.discard(&key)?;
            return Err(TreeError::AlreadyThere { path: list.path.clone() }.into());
        }
        // Somebody changed it: theirs is kept.
        let attic = root.retire(&path, pass.ctx.today())?;
        root.sync_dirs(&[attic.parent()])?;
        pass.ctx.tally.set_aside(&list.path);
    }
    root.renew(staging, &path, pass.ctx.today(), Finish::default())?;
    root.sync_dirs(&[path.parent()])?;
    pass.ctx.tally.note(|out| out.views.made += 1);
    Ok(())
}

/// Removes a playlist, when it is what larder wrote.
fn remove(pass: &Pass<'_>, list: &ViewList) -> Result<(), RunError> {
    let (root, path) = (&pass.ctx.root, parse(&list.path)?);
    let Some(facts) = root.stat(&path)? else { return Ok(()) };
    if pass.dry {
        pass.ctx.tally.note(|out| out.views.to_remove += 1);
        return Ok(());
    }
    let mut dirs: Vec<Dir> = vec![path.parent()];
    if facts.kind != FileKind::File {
        pass.ctx.warn(format!("`{path}` is not what larder made; it stays as it is"));
    } else if root.hash(&path, true)?.sha256 == Some(list.sha256) {
        root.remove(&path)?;
        root.prune(&path.parent())?;
        pass.ctx.tally.note(|out| out.views.removed += 1);
    } else {
        dirs.push(root.retire(&path, pass.ctx.today())?.parent());
        root.prune(&path.parent())?;
        pass.ctx.tally.set_aside(&list.path);
    }
    Ok(root.sync_left(&dirs)?)
}
