//! Taking decoded records into the catalog, within one transaction.

use super::Context;
use super::plan::library_name;
use super::seen::{How, Seen, of_asset, of_master};
use crate::icloud::photos::{BrokenResource, Decoded};
use crate::model::{Album, Asset, ItemId, Master};
use crate::state::{self, Batch, Change, Gone, StateError};

/// Takes records into the catalog and counts what they change. `delta` tells changes since the last run from a
/// listing, which says nothing about what is new in an album.
///
/// Order matters little to the catalog: an asset may come before its master, a membership before both.
pub(super) fn absorb(
    ctx: &Context,
    batch: &mut Batch<'_>,
    zone: u16,
    records: &[Decoded],
    delta: bool,
) -> Result<(), StateError> {
    let mut seen = Seen::default();
    let now = ctx.now();
    for record in records {
        match record {
            Decoded::Master { master, urls, broken } => {
                let change = put_master(&mut seen, batch, zone, master, delta)?;
                if change == Change::Same && !urls.is_empty() {
                    // The end of an upload changes nothing but that there is an address.
                    for record in state::assets_of(batch, zone, &master.record)? {
                        batch.wake(&ItemId { zone, record }, now)?;
                    }
                }
                ctx.urls.keep(zone, &master.record, urls.clone());
                seen.broken.extend(broken.iter().map(|b| (master.record.clone(), lacking(b))));
            }
            Decoded::Asset { asset, urls, broken } => {
                let change = put_asset(&mut seen, batch, zone, asset, delta)?;
                if change == Change::Same && !urls.is_empty() {
                    batch.wake(&ItemId { zone, record: asset.record.clone() }, now)?;
                }
                ctx.urls.keep(zone, &asset.record, urls.clone());
                seen.broken.extend(broken.iter().map(|b| (asset.record.clone(), lacking(b))));
            }
            Decoded::Album(album) => {
                seen.album_record(zone, state::album(batch, zone, &album.record)?.as_ref(), album);
                batch.put_album(zone, album)?;
            }
            Decoded::Member(member) => {
                if batch.put_member(zone, member)? != Change::Same {
                    seen.member(zone, &member.album, !member.deleted);
                }
            }
            Decoded::Gone { record } => put_gone(&mut seen, batch, zone, record)?,
            Decoded::Ignored { record_type } => {
                *seen.ignored.entry(record_type.clone()).or_default() += 1;
            }
            Decoded::Broken { record, why } => seen.broken.push((record.clone(), why.clone())),
        }
    }
    for (record, why) in &seen.broken {
        if !record.is_empty() {
            batch.put_broken(zone, record, why, now)?;
        }
    }
    let library = state::zones(batch)?.into_iter().find(|(number, _)| *number == zone);
    seen.tell(ctx, batch, library.map_or("", |(_, row)| library_name(&row.id)), delta)
}

fn put_master(
    seen: &mut Seen,
    batch: &mut Batch<'_>,
    zone: u16,
    master: &Master,
    delta: bool,
) -> Result<Change, StateError> {
    // What a listing changes is not told by album, so that nothing need be read for it.
    let old = if delta { state::master(batch, zone, &master.record)? } else { None };
    let change = batch.put_master(zone, master.clone())?;
    if let Some(old) = old.filter(|_| change == Change::Changed) {
        for record in state::assets_of(batch, zone, &master.record)? {
            seen.photo(batch, &ItemId { zone, record }, Some(of_master(&old, master)))?;
        }
    }
    Ok(change)
}

fn put_asset(
    seen: &mut Seen,
    batch: &mut Batch<'_>,
    zone: u16,
    asset: &Asset,
    delta: bool,
) -> Result<Change, StateError> {
    let item = ItemId { zone, record: asset.record.clone() };
    let old = if delta { state::asset(batch, &item)? } else { None };
    let change = batch.put_asset(zone, asset.clone())?;
    seen.asset(change);
    if let Some(old) = old {
        seen.photo(batch, &item, of_asset(&old, asset, change))?;
    }
    Ok(change)
}

fn put_gone(seen: &mut Seen, batch: &mut Batch<'_>, zone: u16, record: &str) -> Result<(), StateError> {
    let album = state::album(batch, zone, record)?;
    match batch.put_gone(zone, record)? {
        Gone::Asset(change) => {
            seen.asset(change);
            let how = (change == Change::Left).then_some(How::Deleted);
            seen.photo(batch, &ItemId { zone, record: record.to_owned() }, how)?;
        }
        Gone::Member { album, known: true } => seen.member(zone, &album, false),
        Gone::Album => {
            if let Some(album) = album {
                seen.album_record(zone, Some(&album), &Album { deleted: true, ..album.clone() });
            }
        }
        Gone::Member { known: false, .. } | Gone::Other => {}
    }
    Ok(())
}

fn lacking(resource: &BrokenResource) -> String {
    format!("its {} cannot be fetched: {}", resource.kind.as_str(), resource.why)
}
