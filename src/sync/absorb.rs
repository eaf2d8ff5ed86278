//! Taking decoded records into the catalog, within one transaction.

use std::collections::BTreeMap;

use super::Context;
use super::plan::library_name;
use super::tally::{AlbumChange, Library};
use crate::icloud::photos::{BrokenResource, Decoded};
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
                batch.put_master(zone, master.clone())?;
                ctx.urls.keep(zone, &master.record, urls.clone());
                seen.broken.extend(broken.iter().map(|b| (master.record.clone(), lacking(b))));
            }
            Decoded::Asset { asset, urls, broken } => {
                seen.asset(batch.put_asset(zone, asset.clone())?);
                ctx.urls.keep(zone, &asset.record, urls.clone());
                seen.broken.extend(broken.iter().map(|b| (asset.record.clone(), lacking(b))));
            }
            Decoded::Album(album) => {
                batch.put_album(zone, album)?;
            }
            Decoded::Member(member) => {
                let change = batch.put_member(zone, member)?;
                if change != Change::Same {
                    seen.member(&album_name(batch, zone, &member.album)?, !member.deleted);
                }
            }
            Decoded::Gone { record } => seen.gone(batch, zone, record)?,
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
    seen.tell(ctx, library.map_or("", |(_, row)| library_name(&row.id)), delta);
    Ok(())
}

#[derive(Default)]
struct Seen {
    library: Library,
    albums: BTreeMap<String, AlbumChange>,
    ignored: BTreeMap<String, u64>,
    broken: Vec<(String, String)>,
}

impl Seen {
    fn asset(&mut self, change: Change) {
        match change {
            Change::New => self.library.added += 1,
            Change::Changed => self.library.changed += 1,
            Change::Left => self.library.deleted += 1,
            Change::Same => {}
        }
    }

    fn member(&mut self, album: &str, added: bool) {
        let change = self.albums.entry(album.to_owned()).or_default();
        if added { change.added += 1 } else { change.removed += 1 }
    }

    fn gone(&mut self, batch: &mut Batch<'_>, zone: u16, record: &str) -> Result<(), StateError> {
        match batch.put_gone(zone, record)? {
            Gone::Asset(change) => self.asset(change),
            Gone::Member { album } => self.member(&album_name(batch, zone, &album)?, false),
            Gone::Album | Gone::Other => {}
        }
        Ok(())
    }

    fn tell(self, ctx: &Context, library: &str, delta: bool) {
        for (record, why) in &self.broken {
            ctx.tally.broken(if record.is_empty() { "a record without a name" } else { record }, why);
        }
        ctx.tally.note(|out| {
            let entry = out.libraries.entry(library.to_owned()).or_default();
            entry.added += self.library.added;
            entry.changed += self.library.changed;
            entry.deleted += self.library.deleted;
            for (kind, count) in self.ignored {
                *out.ignored_records.entry(kind).or_default() += count;
            }
            for (album, change) in self.albums.into_iter().filter(|_| delta) {
                let entry = out.albums.entry(album).or_default();
                entry.added += change.added;
                entry.removed += change.removed;
            }
        });
    }
}

fn lacking(resource: &BrokenResource) -> String {
    format!("its {} cannot be fetched: {}", resource.kind.as_str(), resource.why)
}

/// Name of an album for people; its record name when it has none or is not known yet.
fn album_name(batch: &Batch<'_>, zone: u16, album: &str) -> Result<String, StateError> {
    let known = state::album(batch, zone, album)?;
    Ok(known.and_then(|album| album.name).unwrap_or_else(|| album.to_owned()))
}
