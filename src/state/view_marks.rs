//! Marks of album views: entries and albums that may no longer be on disk as the catalog and the ledger have it.
//!
//! They are set in the transaction that gives the reason, by this room itself, and go when the view has followed.
//! While no views are kept none are set: making them for the first time looks at every album anyway.

use redb::ReadableTable as _;

use super::StateError;
use super::key::{name, pack};
use super::ledger::Placement;
use super::meta::{MetaKey, text};
use super::tables::{Batch, Tables};
use super::views::{ITSELF, behind};
use crate::model::ItemId;

/// Zone number of albums that are not iCloud's: they are worked out from the catalog.
pub const SMART_ZONE: u16 = u16::MAX;

/// What may no longer be right.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ViewMark {
    /// Every entry of an asset, wherever it is.
    Asset(ItemId),
    /// An album or folder with all that is in it.
    Album(ItemId),
    /// One entry.
    Entry(ItemId, String),
}

impl ViewMark {
    fn key(&self) -> (u16, Vec<u8>, Vec<u8>) {
        match self {
            Self::Asset(item) => (item.zone, pack(ITSELF), pack(&item.record)),
            Self::Album(album) => (album.zone, pack(&album.record), pack(ITSELF)),
            Self::Entry(album, asset) => (album.zone, pack(&album.record), pack(asset)),
        }
    }
}

/// Up to `limit` marks after `after`, in the order of their keys.
pub fn view_marks_after(
    tables: &impl Tables,
    after: Option<&ViewMark>,
    limit: usize,
) -> Result<Vec<ViewMark>, StateError> {
    let from = after.map_or((0, vec![], vec![]), |mark| {
        let (zone, album, asset) = mark.key();
        (zone, album, behind(&asset))
    });
    let mut marks = Vec::new();
    for entry in tables.view_marks().range((from.0, from.1.as_slice(), from.2.as_slice())..)?.take(limit) {
        let (key, ()) = {
            let (key, value) = entry?;
            (key, value.value())
        };
        let (zone, album, asset) = key.value();
        let (album, asset) = (name("view_marks", album)?, name("view_marks", asset)?);
        marks.push(if album == ITSELF {
            ViewMark::Asset(ItemId { zone, record: asset })
        } else if asset == ITSELF {
            ViewMark::Album(ItemId { zone, record: album })
        } else {
            ViewMark::Entry(ItemId { zone, record: album }, asset)
        });
    }
    Ok(marks)
}

/// The first album behind `after` that has a mark, itself or of an entry.
pub fn marked_album_after(
    tables: &impl Tables,
    after: Option<&ItemId>,
) -> Result<Option<ItemId>, StateError> {
    let mut from =
        after.map_or((0, behind(&pack(ITSELF))), |album| (album.zone, behind(&pack(&album.record))));
    loop {
        let next = tables.view_marks().range((from.0, from.1.as_slice(), [].as_slice())..)?.next();
        let Some(entry) = next else { return Ok(None) };
        let (key, _) = entry?;
        let (zone, album, _) = key.value();
        if album == pack(ITSELF) {
            from = (zone, behind(album));
            continue;
        }
        return Ok(Some(ItemId { zone, record: name("view_marks", album)? }));
    }
}

/// Whether the mark is set.
pub fn has_view_mark(tables: &impl Tables, mark: &ViewMark) -> Result<bool, StateError> {
    let (zone, album, asset) = mark.key();
    Ok(tables.view_marks().get((zone, album.as_slice(), asset.as_slice()))?.is_some())
}

impl Batch<'_> {
    /// Sets a mark.
    pub fn mark_view(&mut self, mark: &ViewMark) -> Result<(), StateError> {
        let (zone, album, asset) = mark.key();
        self.view_marks.insert((zone, album.as_slice(), asset.as_slice()), ())?;
        Ok(())
    }

    /// Takes a mark away.
    pub fn clear_view_mark(&mut self, mark: &ViewMark) -> Result<(), StateError> {
        let (zone, album, asset) = mark.key();
        self.view_marks.remove((zone, album.as_slice(), asset.as_slice()))?;
        Ok(())
    }

    /// Notes which views are kept, and as what; `None` when none are.
    pub fn set_views(&mut self, fingerprint: Option<&str>) -> Result<(), StateError> {
        self.set_meta_text(MetaKey::Views, fingerprint.unwrap_or_default())
    }

    /// Sets a mark where views are kept: for this room, where it changes what they show.
    pub(super) fn views_may_change(&mut self, mark: &ViewMark) -> Result<(), StateError> {
        if views(self)?.is_some() { self.mark_view(mark) } else { Ok(()) }
    }

    /// Marks what shows an item when its files are not where, or not what, they were.
    pub(super) fn views_follow(
        &mut self,
        item: &ItemId,
        old: Option<&Placement>,
        new: &Placement,
    ) -> Result<(), StateError> {
        let same = match old {
            None => new.files.iter().all(|file| !file.is_in_place()),
            Some(old) => {
                let here = |placement: &Placement| {
                    let mut files = placement.files.clone();
                    files.retain(super::PlacedFile::is_in_place);
                    files.sort_by_key(|file| file.kind);
                    files
                };
                let (before, after) = (here(old), here(new));
                before == after && (after.is_empty() || (old.folder == new.folder && old.stem == new.stem))
            }
        };
        if same { Ok(()) } else { self.views_may_change(&ViewMark::Asset(item.clone())) }
    }
}

/// Which views are kept, as a fingerprint of what the job file says about them; `None` when none are.
pub fn views(tables: &impl Tables) -> Result<Option<String>, StateError> {
    Ok(text(tables, MetaKey::Views)?.filter(|fingerprint| !fingerprint.is_empty()))
}
