//! Giving albums their directories, all at once: who is renamed lets go of the old name before anybody gets it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::look::parse;
use super::pass::{Pass, smart_id};
use super::shown::shows_any;
use super::walk::vacate;
use crate::config::AlbumView;
use crate::model::{Album, AlbumKind, ItemId};
use crate::state::{self, SMART_ZONE, View, ViewAlbum, ViewMark};
use crate::sync::RunError;
use crate::sync::plan::{AlbumTree, Named, Naming, Site};
use crate::tree::FileKind;
use crate::tree::name::fold;

/// Gives every album that shows photos a directory, and notes those that are not to have one any more. Does nothing when
/// no mark asks for it.
pub(super) fn name(pass: &mut Pass<'_>) -> Result<(), RunError> {
    let view = pass.ctx.state.view()?;
    let Some(marked) = marked(&view)? else { return Ok(()) };
    let rows: BTreeMap<ItemId, ViewAlbum> = state::view_albums(&view)?.into_iter().collect();
    let (tree, albums) = albums(pass, &view)?;
    drop(view);
    let mut wanted = BTreeSet::new();
    for album in albums.into_iter().filter(|album| is_asked_for(pass, &tree, album)) {
        if rows.contains_key(&album) || (marked.contains(&album) && shows_any(pass, &album)?) {
            wanted.insert(album);
        }
    }
    let known = rows.iter().map(|(id, row)| (id.clone(), known(row))).collect();
    let naming = Naming { rules: pass.ctx.job.photos.names, lists: pass.lists() };
    let top = pass.ctx.job.photos.albums.path.dirs().join("/");
    let named = tree.assign(&top, naming, &wanted, &known, |path| look(pass, path))?;
    give_way(pass, &rows, &named)?;
    commit(pass, &rows, named)
}

/// The albums with marks; `None` when none of them needs a name or loses one.
fn marked(view: &View) -> Result<Option<BTreeSet<ItemId>>, RunError> {
    let (mut marked, mut needed, mut after) = (BTreeSet::new(), false, None);
    while let Some(album) = state::marked_album_after(view, after.as_ref())? {
        needed |= state::has_view_mark(view, &ViewMark::Album(album.clone()))?
            || state::view_album(view, &album)?.is_none();
        after = Some(album.clone());
        marked.insert(album);
    }
    Ok(needed.then_some(marked))
}

/// All albums and folders of the job's libraries, and those of them that can have photos.
fn albums(pass: &Pass<'_>, view: &View) -> Result<(AlbumTree, Vec<ItemId>), RunError> {
    let (mut tree, mut with_photos) = (AlbumTree::default(), Vec::new());
    for zone in pass.zones.keys() {
        let albums = state::albums(view, *zone)?;
        let no_folders = albums.iter().filter(|album| album.kind != AlbumKind::Folder);
        with_photos.extend(no_folders.map(|album| ItemId { zone: *zone, record: album.record.clone() }));
        tree.add(*zone, albums);
    }
    let smart = pass.ctx.job.photos.albums.smart.iter().map(|smart| Album {
        record: smart_id(*smart).record,
        name: Some(smart.title().to_owned()),
        parent: None,
        kind: AlbumKind::Smart,
        deleted: false,
    });
    tree.add(SMART_ZONE, smart);
    with_photos.extend(pass.ctx.job.photos.albums.smart.iter().map(|smart| smart_id(*smart)));
    Ok((tree, with_photos))
}

/// Whether the job file asks for an album.
fn is_asked_for(pass: &Pass<'_>, tree: &AlbumTree, album: &ItemId) -> bool {
    let albums = &pass.ctx.job.photos.albums;
    if albums.view == AlbumView::Off || !tree.has(album) {
        return false;
    }
    let path = tree.path(album);
    pass.smart(album).is_some() || (albums.include.fit(&path) && !albums.exclude.fit(&path))
}

fn known(row: &ViewAlbum) -> Named {
    Named {
        parent: row.parent.clone(),
        base: row.base.clone(),
        component: row.component.clone(),
        dir: row.dir.clone(),
    }
}

fn look(pass: &Pass<'_>, path: &str) -> Result<Site, RunError> {
    let used = if pass.lists() { FileKind::File } else { FileKind::Dir };
    match parse(path).and_then(|path| pass.ctx.root.stat(&path)) {
        Ok(Some(facts)) if facts.kind == used => Ok(Site::Used),
        Ok(Some(_)) => Ok(Site::Blocked),
        Err(error) if error.is_disk() => Err(error.into()),
        // Where a directory above is something else, no other name would help, and making entries will say so.
        Ok(None) | Err(_) => Ok(Site::Free),
    }
}

/// Empties the directories of albums that get another name, where a third album gets the one that they have.
fn give_way(
    pass: &mut Pass<'_>,
    rows: &BTreeMap<ItemId, ViewAlbum>,
    named: &BTreeMap<ItemId, Named>,
) -> Result<(), RunError> {
    let mut occupied: HashMap<String, Vec<&ItemId>> = HashMap::new();
    for (id, row) in rows {
        let stays = named.get(id).is_some_and(|named| named.dir == row.dir);
        let own = Some(&row.dir).filter(|_| !stays);
        for dir in own.into_iter().chain(&row.left) {
            occupied.entry(fold(dir)).or_default().push(id);
        }
    }
    let mut in_the_way = BTreeSet::new();
    for (id, named) in named {
        let owners = occupied.get(&fold(&named.dir)).into_iter().flatten();
        in_the_way.extend(owners.copied().filter(|owner| *owner != id));
    }
    // Marked first: whatever stops the run, what was emptied is filled again.
    if !in_the_way.is_empty() {
        pass.ctx.state.write(|batch| {
            in_the_way.iter().try_for_each(|id| batch.mark_view(&ViewMark::Album((*id).clone())))
        })?;
    }
    in_the_way.into_iter().try_for_each(|id| vacate(pass, id))
}

/// Notes the new names, and marks albums that have to move or leave.
fn commit(
    pass: &mut Pass<'_>,
    rows: &BTreeMap<ItemId, ViewAlbum>,
    named: BTreeMap<ItemId, Named>,
) -> Result<(), RunError> {
    let view = pass.ctx.state.view()?;
    let mut folders = Vec::new();
    for id in rows.keys().filter(|id| !named.contains_key(*id)) {
        // Folders have nothing of their own; an album without entries any more is as good as one.
        let row = state::view_album(&view, id)?.unwrap_or_default();
        if row.lists.is_empty() && state::view_entries_after(&view, id, None, 1)?.is_empty() {
            folders.push(id.clone());
        } else {
            pass.leaving.insert(id.clone());
        }
    }
    drop(view);
    let leaving = &pass.leaving;
    pass.ctx.state.write(|batch| {
        for id in &folders {
            batch.put_view_album(id, None)?;
        }
        for id in leaving {
            batch.mark_view(&ViewMark::Album(id.clone()))?;
        }
        for (id, Named { parent, base, component, dir }) in named {
            let old = state::view_album(batch, &id)?;
            let mut row = old.clone().unwrap_or_default();
            let moved = old.is_some() && row.dir != dir;
            if moved {
                row.left.push(std::mem::take(&mut row.dir));
                batch.mark_view(&ViewMark::Album(id.clone()))?;
            }
            let row = ViewAlbum { parent, base, component, dir, ..row };
            if old.as_ref() != Some(&row) {
                batch.put_view_album(&id, Some(&row))?;
            }
        }
        Ok(())
    })?;
    Ok(())
}
