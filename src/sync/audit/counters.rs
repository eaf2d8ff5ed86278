//! iCloud's counters beside what catalog and disk have: the table of libraries, kinds and albums.

use std::collections::BTreeMap;

use super::cloud::Told;
use super::desk::Desk;
use super::difference::{Difference, Place, What};
use super::figures::{LibraryFigures, Line};
use super::kinds::{self, KINDS, lists};
use super::local::Local;
use crate::icloud::photos::List;
use crate::model::{Album, AlbumKind, ItemId};
use crate::state::{self, Progress, StateError, View, ZoneRow};
use crate::sync::RunError;
use crate::sync::plan::library_name;

/// Members that are looked at in one view of the state.
const PIECE: usize = 1_000;

/// Makes the table, and tells of counters that differ.
pub(super) fn compare(
    desk: &Desk,
    zones: &[(u16, ZoneRow)],
    local: &Local,
    told: Option<&BTreeMap<u16, Told>>,
    deep: bool,
) -> Result<(), RunError> {
    let nothing = Told::default();
    for (number, row) in zones {
        let told = told.and_then(|told| told.get(number)).unwrap_or(&nothing);
        let library = library_name(&row.id);
        let explained = explanation(&row.progress, told);
        let judge = Judge { desk, library, explained, deep };
        let mut figures = LibraryFigures {
            name: library.to_owned(),
            zone: *number,
            indexing: told.indexing.as_ref().and_then(|indexing| indexing.state.clone()),
            ..LibraryFigures::default()
        };
        for (at, list) in lists().iter().enumerate() {
            let (catalog, disk) = match local.counts.get(number) {
                Some(counts) if *list != List::Deleted => (Some(counts.catalog[at]), Some(counts.disk[at])),
                _ => (None, None),
            };
            let line = Line { what: kinds::name(list).to_owned(), icloud: told.counts[at], catalog, disk };
            // Hidden photos that the job file leaves out are not listed, so that there is nothing to compare.
            if *list != List::Hidden || desk.job.photos.hidden {
                judge.line(&line, at < KINDS && matches!(list, List::Library | List::Hidden), None);
            }
            figures.kinds.push(line);
        }
        let albums = state::albums(&desk.books.view()?, *number)?;
        figures.albums = album_lines(desk, zones, *number, &albums, local, told, &judge)?;
        desk.figures().libraries.push(figures);
    }
    Ok(())
}

/// Why a counter may well differ from the catalog.
fn explanation(progress: &Progress, told: &Told) -> Option<&'static str> {
    if matches!(progress, Progress::Listing { .. }) {
        return Some("the library is not listed to its end");
    }
    match &told.changes {
        Some(_) if told.recent => Some("iCloud changed since the last run"),
        Some(_) => None,
        None => Some("what changed since the last run cannot be told"),
    }
}

struct Judge<'a> {
    desk: &'a Desk,
    library: &'static str,
    explained: Option<&'static str>,
    deep: bool,
}

impl Judge<'_> {
    /// Tells of a counter that differs. It proves nothing, so only where nothing better is known and something may be
    /// missing because of it does it speak against the mirror: `matters`.
    fn line(&self, line: &Line, matters: bool, record: Option<&str>) {
        let (Some(icloud), Some(catalog)) = (line.icloud, line.catalog) else { return };
        if icloud == catalog {
            return;
        }
        let said = format!("iCloud's counter says {icloud}, the catalog has {catalog}");
        let (what, reason, action) = match (self.explained, self.deep, matters) {
            (Some(why), _, _) => {
                (What::CounterOff, format!("{said}: {why}"), "the next run brings the changes")
            }
            (None, true, _) => {
                (What::CounterOff, format!("{said}: the records themselves were compared"), "nothing")
            }
            (None, false, false) => {
                let why = "iCloud counts kinds by rules of its own, or a mark was missed";
                (What::CounterOff, format!("{said}: {why}"), "`larder audit --deep` tells")
            }
            (None, false, true) => {
                let action = "`larder audit --deep` tells";
                (What::Counter, format!("{said}: counters are often off"), action)
            }
        };
        let found = |item| Difference::new(self.library, item, (Place::Icloud, what), reason, action);
        self.desk.found(&match record {
            Some(record) => found(format!("album {}", line.what)).of(record),
            None => found(line.what.clone()),
        });
    }
}

fn album_lines(
    desk: &Desk,
    zones: &[(u16, ZoneRow)],
    zone: u16,
    albums: &[Album],
    local: &Local,
    told: &Told,
    judge: &Judge<'_>,
) -> Result<Vec<Line>, RunError> {
    let known: BTreeMap<&str, &Album> = albums.iter().map(|album| (album.record.as_str(), album)).collect();
    let mut lines = Vec::new();
    for album in albums.iter().filter(|album| !album.deleted && album.kind != AlbumKind::Folder) {
        let (catalog, disk) = members(desk, zones, zone, &album.record, local)?;
        let icloud = told.albums.get(&album.record).copied().flatten();
        let line = Line { what: album.path(&known), icloud, catalog: Some(catalog), disk: Some(disk) };
        judge.line(&line, true, Some(&album.record));
        lines.push(line);
    }
    lines.sort_by(|a, b| a.what.cmp(&b.what));
    Ok(lines)
}

/// Members of an album that can be seen, and those of them that are whole on disk. A member may live in another library
/// than the album; one that is known nowhere counts as seen.
fn members(
    desk: &Desk,
    zones: &[(u16, ZoneRow)],
    zone: u16,
    album: &str,
    local: &Local,
) -> Result<(u64, u64), RunError> {
    let (mut seen, mut whole, mut last) = (0, 0, None::<String>);
    let album = ItemId { zone, record: album.to_owned() };
    loop {
        desk.look_up()?;
        let view = desk.books.view()?;
        let piece = state::members_after(&view, &album, last.as_deref(), PIECE)?;
        if piece.is_empty() {
            return Ok((seen, whole));
        }
        for record in &piece {
            match home(&view, zones, zone, record)? {
                Some((_, false)) => {}
                Some((item, true)) => {
                    seen += 1;
                    whole += u64::from(local.is_whole(&item));
                }
                None => seen += 1,
            }
        }
        last = piece.last().cloned();
    }
}

/// Where an asset lives, the album's own library first, and whether it can be seen in an album.
fn home(
    view: &View,
    zones: &[(u16, ZoneRow)],
    zone: u16,
    record: &str,
) -> Result<Option<(ItemId, bool)>, StateError> {
    let others = zones.iter().map(|(number, _)| *number).filter(|number| *number != zone);
    for number in std::iter::once(zone).chain(others) {
        let item = ItemId { zone: number, record: record.to_owned() };
        if let Some(asset) = state::asset(view, &item)? {
            return Ok(Some((item, !asset.is_gone() && !asset.hidden)));
        }
    }
    Ok(None)
}
