//! What changed since the last run? One request for all zones of an area, when nothing did.

use std::collections::BTreeMap;

use super::absorb::absorb;
use super::apply::Feed;
use super::lookup::ask_for_truth;
use super::plan::{library_in_scope, library_name};
use super::{Context, RunError};
use crate::icloud::cloudkit::CloudKitError;
use crate::icloud::photos::DeltaPage;
use crate::model::{Area, ZoneId};
use crate::state::{self, MetaKey, Progress, ZoneRow};

/// Seconds between looks for new shared libraries.
const DAY: i64 = 24 * 3600;

/// Records asked for again at a time.
const PIECE: usize = 500;

/// Pages of changes, one after the other, that hold nothing and announce more; and pages of one run. Many may be empty where
/// much was purged, but a server that goes on for ever must not keep a run from its end. The next goes on from the last page.
const MOST_EMPTY: usize = 2_000;
const MOST_PAGES: usize = 100_000;

/// Finds libraries that are in scope and not known yet. Each is noted with a token taken now, before it is listed.
///
/// Once a day where shared libraries are in scope, once a week otherwise, and always when none is known or when one that
/// was known is not found any more (`lost`). A personal library that Apple moved has another name since
/// (`icloud_photos_downloader` PR #1367): it is the same library, listed anew. One
/// of another owner in place of one's own never is, and is not noted at all.
pub async fn discover(ctx: &Context, lost: bool) -> Result<(), RunError> {
    let shared = ctx.job.photos.libraries.shared;
    let (checked, known) = ctx
        .read(|view| Ok((state::number(view, MetaKey::ZonesChecked)?, !state::zones(view)?.is_empty())))
        .await?;
    let age = ctx.now() - i64::try_from(checked.unwrap_or(0)).unwrap_or(0);
    if known && !lost && age < if shared { DAY } else { 7 * DAY } {
        return Ok(());
    }
    let areas = if shared { vec![Area::Private, Area::Shared] } else { vec![Area::Private] };
    let mut found = Vec::new();
    for area in areas {
        let zones = ctx.photos.zones(area).await?;
        if zones.refused > 0 {
            ctx.warn(format!("iCloud named {} libraries that it would not open", zones.refused));
        }
        found.extend(zones.zones.into_iter().filter(|(zone, _)| in_scope(ctx, zone)));
    }
    if found.is_empty() {
        ctx.warn("iCloud lists no photo library for this account: is iCloud Photos switched on?");
    }
    let now = u64::try_from(ctx.now()).unwrap_or(0);
    ctx.write(move |batch| {
        let known = state::zones(batch)?;
        let listed: Vec<String> = found.iter().map(|(id, _)| id.name.clone()).collect();
        for (id, since) in found {
            if known.iter().any(|(_, row)| row.id.name == id.name) {
                continue;
            }
            let gone = |row: &ZoneRow| {
                id.is_personal() && row.id.is_personal() && !listed.contains(&row.id.name)
            };
            let mut gone = known.iter().filter(|(_, row)| gone(row));
            let former = gone.clone().find(|(_, row)| row.id.owner == id.owner);
            if former.is_none() && gone.next().is_some() {
                // Noted, it would be looked for ever after, also when the right account answers again.
                tracing::warn!(library = %id, "the library of another account is left alone");
                continue;
            }
            let row = ZoneRow { id, progress: Progress::Listing { since } };
            match former {
                Some((number, former)) => {
                    tracing::info!(from = %former.id, to = %row.id, "the personal library was moved by Apple");
                    batch.rename_zone(*number, &row)?;
                }
                None => drop(batch.put_zone(&row)?),
            }
        }
        batch.set_meta_number(MetaKey::ZonesChecked, now)
    })
    .await?;
    Ok(())
}

/// A library that was listed before and is not found now.
#[derive(Debug)]
pub struct Lost {
    zone: u16,
    id: ZoneId,
    reason: String,
}

/// Fails when the personal library is among the lost and was not found under another name either. It does not go away as a
/// shared one does: iCloud Photos was switched off, or it is another account that answers.
pub async fn personal_must_be_there(ctx: &Context, lost: Vec<Lost>) -> Result<(), RunError> {
    let zones = ctx.read(state::zones).await?;
    let still =
        |lost: &Lost| zones.iter().any(|(zone, row)| *zone == lost.zone && row.id.name == lost.id.name);
    match lost.into_iter().find(|lost| lost.id.is_personal() && still(lost)) {
        Some(Lost { reason, .. }) => Err(CloudKitError::ZoneNotFound { reason }.into()),
        None => Ok(()),
    }
}

fn in_scope(ctx: &Context, zone: &ZoneId) -> bool {
    library_in_scope(zone, &ctx.job.photos)
}

/// Zones of the catalog that the job file asks for.
pub async fn zones_in_scope(ctx: &Context) -> Result<Vec<(u16, ZoneRow)>, RunError> {
    let zones = ctx.read(state::zones).await?;
    Ok(zones.into_iter().filter(|(_, row)| in_scope(ctx, &row.id)).collect())
}

/// Brings the catalog up to date for every zone that was listed before: one request for all zones of an area, and
/// more only where more changed. A zone whose token is refused goes back to be listed. Gives those that were not found.
pub async fn changes(ctx: &Context, feed: &Feed) -> Result<Vec<Lost>, RunError> {
    let mut by_area: BTreeMap<Area, Vec<(u16, ZoneId, String)>> = BTreeMap::new();
    for (number, row) in zones_in_scope(ctx).await? {
        if let Progress::Current { token } = row.progress {
            by_area.entry(row.id.area).or_default().push((number, row.id, token));
        }
    }
    let (mut rest, mut lost) = (Vec::with_capacity(by_area.len()), Vec::new());
    for (area, zones) in by_area {
        rest.push((area, round(ctx, area, zones, &mut lost).await?.0));
    }
    feed.begin();
    for (area, zones) in rest {
        lost.extend(replay(ctx, feed, area, zones).await?);
    }
    Ok(lost)
}

/// Reads the changes of zones of one area from their tokens until nothing more comes. Each page goes into the
/// catalog with its token in one transaction, so that the next run goes on from the last page. Gives the zones that were
/// not found.
pub async fn replay(
    ctx: &Context,
    feed: &Feed,
    area: Area,
    mut zones: Vec<(u16, ZoneId, String)>,
) -> Result<Vec<Lost>, RunError> {
    let mut lost = Vec::new();
    let (mut pages, mut empty) = (0, 0);
    while !zones.is_empty() {
        if empty > MOST_EMPTY || pages > MOST_PAGES {
            return Err(CloudKitError::Stuck { what: "the changes of a library" }.into());
        }
        let (rest, records) = round(ctx, area, zones, &mut lost).await?;
        zones = rest;
        pages += 1;
        empty = if records == 0 { empty + 1 } else { 0 };
        feed.more();
    }
    Ok(lost)
}

/// One request for the changes of zones of one area. Gives those that have more to tell, and how many records came.
async fn round(
    ctx: &Context,
    area: Area,
    zones: Vec<(u16, ZoneId, String)>,
    lost: &mut Vec<Lost>,
) -> Result<(Vec<(u16, ZoneId, String)>, usize), RunError> {
    if ctx.cancel.is_cancelled() {
        return Err(RunError::Interrupted);
    }
    let asked: Vec<_> = zones.iter().map(|(_, id, token)| (id.clone(), Some(token.clone()))).collect();
    let pages = ctx.photos.changes(area, &asked).await?;
    let (mut rest, mut records) = (Vec::new(), 0);
    for ((number, id, token), (_, page)) in zones.into_iter().zip(pages) {
        match page {
            Ok(page) => {
                records += page.records.len();
                let more = page.more.then(|| (number, id.clone(), page.token.clone()));
                take_page(ctx, number, &id, &token, page).await?;
                rest.extend(more);
            }
            Err(error @ (CloudKitError::ZoneNotFound { .. } | CloudKitError::NoHistory { .. })) => {
                let library = library_name(&id);
                ctx.warn(format!("{library}: {error}. Nothing on disk is touched because of it"));
                if let CloudKitError::ZoneNotFound { reason } = error {
                    lost.push(Lost { zone: number, id, reason });
                }
            }
            Err(CloudKitError::TokenRefused { .. }) => list_again(ctx, number, id).await?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok((rest, records))
}

async fn take_page(
    ctx: &Context,
    number: u16,
    id: &ZoneId,
    token: &str,
    page: DeltaPage,
) -> Result<(), RunError> {
    if page.records.is_empty() && page.token == token {
        return Ok(());
    }
    let (catalog, id) = (ctx.clone(), id.clone());
    ctx.write(move |batch| {
        absorb(&catalog, batch, number, &page.records, true)?;
        batch.put_zone(&ZoneRow { id, progress: Progress::Current { token: page.token } })?;
        Ok(())
    })
    .await?;
    Ok(())
}

/// Sends a zone back to be listed, from a token taken now.
async fn list_again(ctx: &Context, number: u16, id: ZoneId) -> Result<(), RunError> {
    ctx.warn(format!(
        "{}: iCloud no longer knows what was last seen; the library is listed again (nothing is fetched twice)",
        library_name(&id)
    ));
    let zones = ctx.photos.zones(id.area).await?;
    let since = zones.zones.into_iter().find(|(zone, _)| zone.name == id.name).and_then(|(_, token)| token);
    tracing::debug!(zone = number, "listed again");
    ctx.write(move |batch| batch.put_zone(&ZoneRow { id, progress: Progress::Listing { since } })).await?;
    Ok(())
}

/// Asks again for records that could not be decoded, once their time has come, and for those that an audit doubts.
pub async fn ask_again(ctx: &Context) -> Result<(), RunError> {
    let (now, mut last) = (ctx.now(), None);
    loop {
        let from = last.clone();
        let piece = ctx.read(move |view| state::broken_after(view, from.as_ref(), PIECE)).await?;
        let Some((item, _)) = piece.last() else { return Ok(()) };
        last = Some(item.clone());
        let mut due: BTreeMap<u16, Vec<String>> = BTreeMap::new();
        for (item, _) in piece.into_iter().filter(|(_, broken)| broken.not_before <= now) {
            due.entry(item.zone).or_default().push(item.record);
        }
        for (zone, names) in due {
            ask_for_truth(ctx, zone, &names).await?;
        }
    }
}
