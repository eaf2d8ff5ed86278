//! Which photos an album shows: what the catalog says is in it, as far as the mirror has it.

use super::pass::Pass;
use crate::model::{Asset, ItemId, Master};
use crate::state::{self, Lies, PlacedFile, View};
use crate::sync::RunError;
use crate::sync::plan::{belongs, out_of_scope};

/// Members looked at together.
const PIECE: usize = 500;

/// A photo that an album shows, with its files.
pub(super) struct Photo {
    pub(super) asset: Asset,
    /// Folder below the destination in which its files lie.
    pub(super) folder: String,
    /// What their names begin with.
    pub(super) stem: String,
    /// The files that the mirror has.
    pub(super) files: Vec<PlacedFile>,
}

impl Photo {
    /// Path of one of its files.
    pub(super) fn path(&self, file: &PlacedFile) -> String {
        if self.folder.is_empty() { file.name.clone() } else { format!("{}/{}", self.folder, file.name) }
    }
}

/// The photo that an album shows for an asset; `None` when it shows none: it is not in the album, deleted, hidden, left
/// out by the job file, or not in the mirror yet.
pub(super) fn photo(
    pass: &Pass<'_>,
    view: &View,
    album: &ItemId,
    record: &str,
) -> Result<Option<Photo>, RunError> {
    let smart = pass.smart(album);
    if smart.is_none() {
        let own = pass.zones.contains_key(&album.zone);
        if !own || state::position(view, album, record)?.is_none() {
            return Ok(None);
        }
    }
    let Some((item, asset, master)) = resolve(pass, view, album.zone, record)? else { return Ok(None) };
    if smart.is_some_and(|smart| !belongs(smart, &asset, &master))
        || asset.hidden
        || pass
            .zones
            .get(&item.zone)
            .is_none_or(|zone| out_of_scope(&asset, &master, zone, &pass.ctx.job.photos).is_some())
    {
        return Ok(None);
    }
    let Some(placement) = state::placement(view, &item)? else { return Ok(None) };
    // A run that touches nothing takes for done what the real one is going to do before it comes here.
    let here = |file: &PlacedFile| file.is_in_place() || (pass.dry && !matches!(file.lies, Lies::Attic(_)));
    let files: Vec<_> = placement.files.into_iter().filter(|file| here(file)).collect();
    let photo = Photo { asset, folder: placement.folder, stem: placement.stem, files };
    Ok((!photo.files.is_empty()).then_some(photo))
}

/// Whether the brake holds the photo in the mirror: then it stays in its albums too.
pub(super) fn is_held(pass: &Pass<'_>, view: &View, record: &str) -> Result<bool, RunError> {
    for zone in pass.zones.keys().filter(|_| pass.held) {
        let item = ItemId { zone: *zone, record: record.to_owned() };
        if state::asset(view, &item)?.is_some_and(|asset| asset.is_gone())
            && state::placement(view, &item)?
                .is_some_and(|placement| placement.files.iter().any(PlacedFile::is_on_disk))
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The asset behind a member: in the library of the album, or else in another one, and not deleted there.
fn resolve(
    pass: &Pass<'_>,
    view: &View,
    zone: u16,
    record: &str,
) -> Result<Option<(ItemId, Asset, Master)>, RunError> {
    let others = pass.zones.keys().copied().filter(|other| *other != zone);
    for zone in pass.zones.keys().copied().filter(|own| *own == zone).chain(others) {
        let item = ItemId { zone, record: record.to_owned() };
        let Some(asset) = state::asset(view, &item)?.filter(|asset| !asset.is_gone()) else { continue };
        let master = match &asset.master {
            Some(name) => state::master(view, zone, name)?,
            None => None,
        };
        return Ok(master.map(|master| (item, asset, master)));
    }
    Ok(None)
}

/// Where a walk through those that may be in an album has come to.
#[derive(Default)]
pub(super) struct Cursor {
    /// Library; only smart albums go through several.
    zone: u16,
    after: Option<String>,
}

/// The next assets that may be in an album, and whether more may follow. Smart albums go through the libraries.
pub(super) fn candidates(
    pass: &Pass<'_>,
    view: &View,
    album: &ItemId,
    cursor: &mut Cursor,
) -> Result<Option<Vec<String>>, RunError> {
    let Some(smart) = pass.smart(album) else {
        let members = state::members_after(view, album, cursor.after.as_deref(), PIECE)?;
        cursor.after = members.last().cloned();
        return Ok((!members.is_empty()).then_some(members));
    };
    let Some(zone) = pass.zones.keys().copied().find(|zone| *zone >= cursor.zone) else { return Ok(None) };
    let after = cursor.after.take().filter(|_| zone == cursor.zone);
    let assets = state::assets_after(view, zone, after.as_deref(), PIECE)?;
    *cursor = match assets.last() {
        Some(last) => Cursor { zone, after: Some(last.record.clone()) },
        None => Cursor { zone: zone + 1, after: None },
    };
    let mut found = Vec::new();
    for asset in assets.into_iter().filter(|asset| !asset.is_gone() && !asset.hidden) {
        let master = match &asset.master {
            Some(name) => state::master(view, zone, name)?,
            None => None,
        };
        if master.is_some_and(|master| belongs(smart, &asset, &master)) {
            found.push(asset.record);
        }
    }
    Ok(Some(found))
}

/// Whether an album shows any photo.
pub(super) fn shows_any(pass: &Pass<'_>, album: &ItemId) -> Result<bool, RunError> {
    let mut cursor = Cursor::default();
    loop {
        let view = pass.ctx.state.view()?;
        let Some(piece) = candidates(pass, &view, album, &mut cursor)? else { return Ok(false) };
        for record in piece {
            if photo(pass, &view, album, &record)?.is_some() {
                return Ok(true);
            }
        }
    }
}
