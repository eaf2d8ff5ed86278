//! What a new listing of a known library did not bring.
//!
//! When iCloud has forgotten the token of the last run, whatever was deleted since is told by nothing: no mark, no
//! tombstone. Absence from a list proves nothing, so each record that the lists lack is asked for by its name. What
//! comes is taken in as it is (hidden, deleted, changed); what iCloud answers it does not have counts as purged, and
//! its files leave as those of any purged photo do, through the brake.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::lookup::ask_for_truth;
use super::{Context, RunError};
use crate::icloud::photos::Decoded;
use crate::model::ZoneId;
use crate::state;

/// Names asked for in one go: those of one lookup.
const BATCH: usize = 100;

/// Assets of the catalog that are looked at in one go.
const PIECE: usize = 5_000;

/// Names that the lists of a library brought: eight bytes each and some room. Two names with one hash cost a question
/// that is not asked, so that a purged photo stays.
#[derive(Debug, Default)]
pub(super) struct Listed {
    names: Mutex<HashSet<u64>>,
    hasher: RandomState,
}

impl Listed {
    /// Notes what a page brought.
    pub(super) fn note(&self, records: &[Decoded]) {
        let mut names = self.lock();
        for record in records {
            names.insert(match record {
                Decoded::Asset { asset, .. } => self.hasher.hash_one(&asset.record),
                Decoded::Album(album) => self.hasher.hash_one(&album.record),
                Decoded::Member(member) => self.hasher.hash_one(relation(&member.asset, &member.album)),
                Decoded::Broken { record, .. } => self.hasher.hash_one(record),
                _ => continue,
            });
        }
    }

    fn lacks(&self, name: &String) -> bool {
        !self.lock().contains(&self.hasher.hash_one(name))
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<u64>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Name of the record that says that an asset is in an album.
fn relation(asset: &str, album: &str) -> String {
    format!("{asset}-IN-{album}")
}

/// Asks for what the catalog has of a library and its lists did not bring.
pub(super) async fn ask(ctx: &Context, number: u16, zone: &ZoneId, listed: &Listed) -> Result<(), RunError> {
    let mut after: Option<String> = None;
    loop {
        let from = after.clone();
        let piece = ctx.read(move |view| state::assets_after(view, number, from.as_deref(), PIECE)).await?;
        let Some(last) = piece.last() else { break };
        after = Some(last.record.clone());
        let living = piece.into_iter().filter(|asset| !asset.expunged).map(|asset| asset.record);
        look_up(ctx, number, living.filter(|name| listed.lacks(name)).collect()).await?;
    }
    if zone.is_personal() {
        let albums = ctx.read(move |view| state::albums(view, number)).await?;
        for album in albums.into_iter().filter(|album| !album.deleted) {
            let record = album.record.clone();
            let members = ctx.read(move |view| state::members(view, number, &record)).await?;
            let mut names: Vec<String> =
                members.into_iter().map(|(asset, _)| relation(&asset, &album.record)).collect();
            names.push(album.record);
            names.retain(|name| listed.lacks(name));
            look_up(ctx, number, names).await?;
        }
    }
    Ok(())
}

/// Asks for records by name, a hundred at a time.
async fn look_up(ctx: &Context, number: u16, names: Vec<String>) -> Result<(), RunError> {
    for names in names.chunks(BATCH) {
        ask_for_truth(ctx, number, names).await?;
    }
    Ok(())
}
