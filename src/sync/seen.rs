//! What a page of records changed, told by library and by album: which albums changed, and why.

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use super::tally::{AlbumChange, Library};
use crate::model::{Album, Asset, ItemId, Kind, Master};
use crate::state::{self, Batch, Change, StateError};

/// Folders within folders that are followed; a circle of folders ends here too.
const DEPTH: usize = 32;

/// What a page of records changed.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Photos.
    pub(super) library: Library,
    /// Records of kinds that are of no interest, by type.
    pub(super) ignored: BTreeMap<String, u64>,
    /// Records that make no sense, and why.
    pub(super) broken: Vec<(String, String)>,
    /// Albums by zone and record name.
    albums: BTreeMap<(u16, String), AlbumChange>,
}

impl Seen {
    /// A photo was new, changed, left, or none of these.
    pub(super) fn asset(&mut self, change: Change) {
        match change {
            Change::New => self.library.added += 1,
            Change::Changed => self.library.changed += 1,
            Change::Left => self.library.deleted += 1,
            Change::Same => {}
        }
    }

    /// A photo came into an album or was taken out of it.
    pub(super) fn member(&mut self, zone: u16, album: &str, added: bool) {
        let change = self.album(zone, album);
        if added { change.added += 1 } else { change.removed += 1 }
    }

    /// A known photo changed: the albums that it is in changed with it, also those of another library.
    pub(super) fn photo(
        &mut self,
        batch: &Batch<'_>,
        item: &ItemId,
        how: Option<How>,
    ) -> Result<(), StateError> {
        let Some(how) = how else { return Ok(()) };
        for (zone, _) in state::zones(batch)? {
            for album in state::memberships(batch, zone, &item.record)? {
                let change = self.album(zone, &album);
                match how {
                    How::Edited => change.edited += 1,
                    How::Changed => change.changed += 1,
                    How::Deleted => change.deleted += 1,
                }
            }
        }
        Ok(())
    }

    /// An album record came. It comes with every change of its members too, which is no change of the album itself.
    pub(super) fn album_record(&mut self, zone: u16, old: Option<&Album>, new: &Album) {
        let what = match old {
            None if new.deleted => return,
            None => "new".to_owned(),
            Some(old) if old.deleted && !new.deleted => "back again".to_owned(),
            Some(old) if old.deleted => return,
            Some(_) if new.deleted => "deleted".to_owned(),
            Some(old) if old.name != new.name => match &old.name {
                Some(name) => format!("renamed from `{name}`"),
                None => "named".to_owned(),
            },
            Some(old) if old.parent != new.parent => "moved".to_owned(),
            Some(_) => return,
        };
        self.album(zone, &new.record).what = Some(what);
    }

    fn album(&mut self, zone: u16, record: &str) -> &mut AlbumChange {
        self.albums.entry((zone, record.to_owned())).or_default()
    }

    /// Adds it all to what the summary will tell. Albums only where changes were read: a listing does not say what is new.
    pub(super) fn tell(
        self,
        ctx: &Context,
        batch: &Batch<'_>,
        library: &str,
        delta: bool,
    ) -> Result<(), StateError> {
        for (record, why) in &self.broken {
            ctx.tally.broken(if record.is_empty() { "a record without a name" } else { record }, why);
        }
        let mut albums = Vec::new();
        for ((zone, record), change) in self.albums.into_iter().filter(|_| delta) {
            // Who leaves an album that is deleted already is no news.
            let deleted = state::album(batch, zone, &record)?.is_some_and(|album| album.deleted);
            if deleted && change.what.is_none() {
                continue;
            }
            albums.push((path(batch, zone, &record)?, change));
        }
        ctx.tally.note(|out| {
            let entry = out.libraries.entry(library.to_owned()).or_default();
            entry.added += self.library.added;
            entry.changed += self.library.changed;
            entry.deleted += self.library.deleted;
            for (kind, count) in self.ignored {
                *out.ignored_records.entry(kind).or_default() += count;
            }
            for (album, change) in albums {
                out.albums.entry(album).or_default().add(change);
            }
        });
        Ok(())
    }
}

/// How a photo of an album changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// Its look.
    Edited,
    /// Its date, marks or name.
    Changed,
    /// It is in Recently Deleted, or purged.
    Deleted,
}

/// How an asset that was known changed, when it did.
pub(super) fn of_asset(old: &Asset, new: &Asset, change: Change) -> Option<How> {
    let look = |asset: &Asset| {
        let renditions = [Kind::EditedStill, Kind::EditedMotion];
        (asset.adjustment.is_some(), renditions.map(|kind| asset.resource(kind).map(|r| r.checksum.clone())))
    };
    match change {
        Change::Left => Some(How::Deleted),
        Change::Changed if look(old) != look(new) || old.master != new.master => Some(How::Edited),
        Change::Changed => Some(How::Changed),
        Change::New | Change::Same => None,
    }
}

/// How a master that was known changed: another original is as good as an edit.
pub(super) fn of_master(old: &Master, new: &Master) -> How {
    let content =
        |master: &Master| master.resources.iter().map(|r| r.checksum.clone()).collect::<BTreeSet<_>>();
    if content(old) == content(new) { How::Changed } else { How::Edited }
}

/// Names of an album and the folders that it lies in, from the top; its record name where it has none.
fn path(batch: &Batch<'_>, zone: u16, record: &str) -> Result<String, StateError> {
    let mut names = Vec::new();
    let mut next = Some(record.to_owned());
    while let Some(record) = next.take().filter(|_| names.len() < DEPTH) {
        let album = state::album(batch, zone, &record)?;
        if names.is_empty() || album.is_some() {
            names.push(album.as_ref().and_then(|album| album.name.clone()).unwrap_or(record));
        }
        next = album.and_then(|album| album.parent);
    }
    names.reverse();
    Ok(names.join("/"))
}
