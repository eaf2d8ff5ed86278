//! What iCloud says without being listed: how far it is with indexing, its counters, and what changed since the last
//! run. One request for the changes of an area, one for the index of a library, one for each hundred counters.

use std::collections::BTreeMap;

use super::desk::Desk;
use super::difference::{Difference, Place, What};
use super::kinds::{self, KINDS, lists};
use crate::icloud::cloudkit::CloudKitError;
use crate::icloud::photos::{COUNTS, DeltaPage, Indexing, List, Outline, Photos};
use crate::model::{Album, AlbumKind, Area, ZoneId};
use crate::state::{self, Progress, ZoneRow};
use crate::sync::RunError;
use crate::sync::plan::library_name;

/// Answers that may refuse a count before the others of an area are given up.
const REFUSALS: u32 = 16;

/// What iCloud says of a library.
#[derive(Default)]
pub(super) struct Told {
    /// How far it is with indexing; `None` when the library could not be asked about.
    pub(super) indexing: Option<Indexing>,
    /// Its counters, in the order of [`lists`].
    pub(super) counts: [Option<u64>; KINDS],
    /// The counters of albums, by record name.
    pub(super) albums: BTreeMap<String, Option<u64>>,
    /// What changed since the last run, as far as one page goes. `None` for a library that is not listed to its end, and
    /// where iCloud cannot tell.
    pub(super) changes: Option<DeltaPage<Outline>>,
    /// Whether anything changed since the last run.
    pub(super) recent: bool,
}

/// Asks about every library.
pub(super) async fn ask(
    desk: &Desk,
    photos: &Photos,
    zones: &[(u16, ZoneRow)],
) -> Result<BTreeMap<u16, Told>, RunError> {
    let mut told: BTreeMap<u16, Told> = BTreeMap::new();
    let mut gone = Vec::new();
    for area in [Area::Private, Area::Shared] {
        let here: Vec<_> = zones.iter().filter(|(_, row)| row.id.area == area).collect();
        for (number, changes) in changes(desk, photos, area, &here).await? {
            match changes {
                Ok(page) => told.entry(number).or_default().changes = page,
                Err(()) => gone.push(number),
            }
        }
        let here: Vec<_> = here.into_iter().filter(|(number, _)| !gone.contains(number)).collect();
        for (number, row) in &here {
            desk.look_up()?;
            told.entry(*number).or_default().indexing = indexing(desk, photos, &row.id).await?;
        }
        counts(desk, photos, area, &here, &mut told).await?;
    }
    Ok(told)
}

/// The first page of what changed in each zone. The error stands for a zone that iCloud does not give any more.
async fn changes(
    desk: &Desk,
    photos: &Photos,
    area: Area,
    zones: &[&(u16, ZoneRow)],
) -> Result<Vec<(u16, Result<Option<DeltaPage<Outline>>, ()>)>, RunError> {
    let (mut asked, mut numbers, mut all) = (vec![], vec![], vec![]);
    for (number, row) in zones {
        match &row.progress {
            Progress::Current { token } => {
                numbers.push(*number);
                asked.push((row.id.clone(), Some(token.clone())));
            }
            Progress::Listing { .. } => {
                let reason = "its first listing has not come to its end";
                tell(desk, &row.id, What::NotListed, reason, "listed by the next run");
            }
        }
    }
    if asked.is_empty() {
        return Ok(all);
    }
    for (number, (id, page)) in numbers.into_iter().zip(photos.outlines(area, &asked).await?) {
        let answer = match page {
            Ok(page) => Ok(Some(page)),
            Err(CloudKitError::TokenRefused { .. }) => {
                let reason = "iCloud no longer knows up to where the library was read";
                let action = "listed again by the next run; nothing is fetched twice";
                tell(desk, &id, What::TokenLost, reason, action);
                Ok(None)
            }
            Err(error @ (CloudKitError::ZoneNotFound { .. } | CloudKitError::NoHistory { .. })) => {
                let action = "nothing on disk is touched because of it";
                tell(desk, &id, What::LibraryGone, &error.to_string(), action);
                Err(())
            }
            Err(error) => return Err(error.into()),
        };
        all.push((number, answer));
    }
    Ok(all)
}

async fn indexing(desk: &Desk, photos: &Photos, zone: &ZoneId) -> Result<Option<Indexing>, RunError> {
    let indexing = match photos.indexing(zone).await {
        Ok(indexing) => indexing,
        Err(error @ CloudKitError::ZoneNotFound { .. }) => {
            let action = "nothing on disk is touched because of it";
            tell(desk, zone, What::LibraryGone, &error.to_string(), action);
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    if !indexing.is_finished() {
        let percent = indexing.progress.map_or_else(String::new, |percent| format!(", {percent} %"));
        let state = indexing.state.as_deref().unwrap_or("no state");
        let reason = format!("iCloud says {state}{percent}: what it tells is not complete");
        tell(desk, zone, What::Indexing, &reason, "nothing: look again when iCloud has finished");
    }
    Ok(Some(indexing))
}

/// Asks for every counter of the zones of an area.
async fn counts(
    desk: &Desk,
    photos: &Photos,
    area: Area,
    zones: &[&(u16, ZoneRow)],
    told: &mut BTreeMap<u16, Told>,
) -> Result<(), RunError> {
    let mut asked: Vec<(ZoneId, List)> = Vec::new();
    let mut places = Vec::new();
    for (number, row) in zones {
        if told.get(number).is_none_or(|told| told.indexing.is_none()) {
            continue;
        }
        let view = desk.books.view()?;
        for list in lists().into_iter().chain(albums(&state::albums(&view, *number)?, &row.id)) {
            places.push(*number);
            asked.push((row.id.clone(), list));
        }
    }
    let mut refusals = 0;
    for (asked, places) in asked.chunks(COUNTS).zip(places.chunks(COUNTS)) {
        desk.look_up()?;
        let counts = counts_or_less(desk, photos, area, asked, &mut refusals).await?;
        for (((_, list), number), count) in asked.iter().zip(places).zip(counts) {
            let told = told.entry(*number).or_default();
            match lists().iter().position(|known| known == list) {
                Some(at) => told.counts[at] = count,
                None => drop(told.albums.insert(kinds::name(list).to_owned(), count)),
            }
        }
    }
    Ok(())
}

/// Albums whose members iCloud counts. Albums live in the personal library alone; a shared one has no such index.
fn albums(albums: &[Album], zone: &ZoneId) -> Vec<List> {
    let counted = |album: &&Album| !album.deleted && album.kind != AlbumKind::Folder && zone.is_personal();
    albums.iter().filter(counted).map(|album| List::Album(album.record.clone())).collect()
}

/// The counters asked for. When iCloud refuses some, the others are asked for without them.
async fn counts_or_less(
    desk: &Desk,
    photos: &Photos,
    area: Area,
    asked: &[(ZoneId, List)],
    refusals: &mut u32,
) -> Result<Vec<Option<u64>>, RunError> {
    let mut counts = vec![None; asked.len()];
    let mut rest = vec![(0, asked.len())];
    while let Some((start, end)) = rest.pop() {
        let part = start..end;
        let error = match photos.counts(area, &asked[part.clone()]).await {
            Ok(some) => {
                counts[part].clone_from_slice(&some);
                continue;
            }
            Err(error @ (CloudKitError::IndexInvalid { .. } | CloudKitError::Other { .. })) => error,
            Err(error) => return Err(error.into()),
        };
        *refusals += 1;
        if part.len() > 1 && *refusals < REFUSALS {
            let middle = start + part.len() / 2;
            rest.extend([(middle, end), (start, middle)]);
            continue;
        }
        for (zone, list) in &asked[part] {
            let found = Difference::new(
                library_name(zone),
                kinds::name(list),
                (Place::Icloud, What::Uncounted),
                error.to_string(),
                "nothing: only its counter is missing",
            );
            desk.found(&found);
        }
    }
    Ok(counts)
}

fn tell(desk: &Desk, zone: &ZoneId, what: What, reason: &str, action: &str) {
    let library = library_name(zone);
    desk.found(&Difference::new(library, library, (Place::Icloud, what), reason, action));
}
