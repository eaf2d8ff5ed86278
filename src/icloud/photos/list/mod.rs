//! Reading a whole list with several requests in flight.

use std::collections::HashSet;
use std::future::Future;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tracing::debug;

use crate::icloud::cloudkit::CloudKitError;
use crate::icloud::photos::decode::Decoded;
use crate::icloud::photos::page::Page;
use crate::icloud::photos::walk::{Step, Walk};

/// Counts above this are taken for this when a list is split; they cannot be true.
const PLAUSIBLE: u64 = 100_000_000;

/// A list with so many times the items that were counted, or of this many where fewer were, has no end.
const FAR_BEYOND: u64 = 10;
const FEW: u64 = 100_000;

/// What reading a list came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Distinct items that were listed.
    pub distinct: u64,
    /// What the server's counter said before.
    pub expected: Option<u64>,
    /// Pages asked for.
    pub requests: u64,
    /// The first reading looked wrong, so the list was read once more, one page after the other.
    pub repeated: bool,
    /// The library changed while it was read: its pages carry different tokens. Ranks shifted then, so an item
    /// may have slipped between two pages in flight; compare with a new count once the changes are taken.
    pub changed: bool,
    /// Nothing speaks against the listing: no fewer items than counted, no holes, no repetitions. Even so it
    /// proves nothing about what it lacks.
    pub plausible: bool,
}

/// Reads a list by ranks. `fetch` gets the page at a rank, with its own retries; `stride` is the number of items
/// on a full page.
///
/// Pages on which nothing is new are not handed out; others are whole, so an item may come twice. Memory is
/// eight bytes an item, and a collision of two names among them costs a page that is counted short, never an item.
pub(super) async fn list_all<F, Fut>(
    fetch: F,
    stride: u64,
    expected: Option<u64>,
    width: usize,
    out: &mpsc::Sender<Page>,
) -> Result<Listed, CloudKitError>
where
    F: Fn(u64) -> Fut,
    Fut: Future<Output = Result<Page, CloudKitError>>,
{
    let count = expected.unwrap_or(0).min(PLAUSIBLE);
    let first = read(&fetch, Walk::parts(count, stride, width), width, count, out).await?;
    // A single page cannot have lost anything between pages: there the count is what is wrong.
    if first.is_plausible(expected) || (first.full_pages == 1 && !first.irregular) {
        return Ok(first.listed(expected, false, first.requests));
    }
    debug!(distinct = first.items.len(), ?expected, "a listing looks wrong and is read once more");
    let Pass { items, requests, .. } = first;
    let before = items.len() as u64;
    drop(items);
    let again = read(&fetch, vec![Walk::new(0, None, stride, count)], 1, count, out).await?;
    debug!(distinct = again.items.len(), before, ?expected, "the list was read once more");
    let mut listed = again.listed(expected, true, requests + again.requests);
    listed.distinct = listed.distinct.max(before);
    Ok(listed)
}

/// One reading of a list.
#[derive(Debug, Default)]
struct Pass {
    items: HashSet<u64>,
    requests: u64,
    full_pages: u64,
    /// Holes or repetitions.
    irregular: bool,
    /// The token of the first page.
    token: Option<String>,
    /// Another page had another token.
    changed: bool,
}

impl Pass {
    fn is_plausible(&self, expected: Option<u64>) -> bool {
        !self.irregular && self.items.len() as u64 >= expected.unwrap_or(0)
    }

    fn listed(&self, expected: Option<u64>, repeated: bool, requests: u64) -> Listed {
        let distinct = self.items.len() as u64;
        let plausible = self.is_plausible(expected);
        Listed { distinct, expected, requests, repeated, changed: self.changed, plausible }
    }

    /// Counts a page.
    fn take(&mut self, page: &Page) -> Step {
        let mut items: Vec<u64> = page.records.iter().filter_map(key).collect();
        items.sort_unstable();
        items.dedup();
        let distinct = items.len() as u64;
        let before = self.items.len();
        self.items.extend(items);
        self.requests += 1;
        if let Some(token) = &page.sync_token {
            self.changed |= self.token.get_or_insert_with(|| token.clone()) != token;
        }
        self.full_pages += u64::from(distinct > 0);
        Step {
            items: distinct,
            fresh: (self.items.len() - before) as u64,
            received: page.received,
            marker: page.marker,
        }
    }
}

/// Walks all parts, up to `width` at a time.
async fn read<F, Fut>(
    fetch: &F,
    parts: Vec<Walk>,
    width: usize,
    count: u64,
    out: &mpsc::Sender<Page>,
) -> Result<Pass, CloudKitError>
where
    F: Fn(u64) -> Fut,
    Fut: Future<Output = Result<Page, CloudKitError>>,
{
    // Made large enough at once: growing would hold the old set and the new one together.
    let items = HashSet::with_capacity(usize::try_from(count.min(4_000_000)).unwrap_or_default());
    let most = count.max(FEW).saturating_mul(FAR_BEYOND);
    let pass = Mutex::new(Pass { items, ..Pass::default() });
    let mut waiting = parts.into_iter();
    let mut running: FuturesUnordered<_> =
        waiting.by_ref().take(width.max(1)).map(|part| walk(fetch, part, &pass, most, out)).collect();
    while let Some(done) = running.next().await {
        done?;
        if let Some(part) = waiting.next() {
            running.push(walk(fetch, part, &pass, most, out));
        }
    }
    drop(running);
    Ok(pass.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Walks one part to its end.
async fn walk<F, Fut>(
    fetch: &F,
    mut part: Walk,
    pass: &Mutex<Pass>,
    most: u64,
    out: &mpsc::Sender<Page>,
) -> Result<(), CloudKitError>
where
    F: Fn(u64) -> Fut,
    Fut: Future<Output = Result<Page, CloudKitError>>,
{
    while let Some(rank) = part.next() {
        let page = fetch(rank).await?;
        let step = pass.lock().unwrap_or_else(PoisonError::into_inner).take(&page);
        if pass.lock().unwrap_or_else(PoisonError::into_inner).items.len() as u64 > most {
            return Err(CloudKitError::Stuck { what: "a list of photos" });
        }
        part.took(step);
        let known = step.items > 0 && step.fresh == 0;
        if !known && !page.records.is_empty() {
            out.send(page).await.map_err(|_| CloudKitError::Stopped)?;
        }
    }
    let mut pass = pass.lock().unwrap_or_else(PoisonError::into_inner);
    pass.irregular |= part.holes || part.repeating;
    Ok(())
}

/// What stands for an item: the asset on pages of photos, the membership on pages of an album.
fn key(record: &Decoded) -> Option<u64> {
    let name = match record {
        Decoded::Asset { asset, .. } => &asset.record,
        Decoded::Member(member) => &member.asset,
        _ => return None,
    };
    let mut hash = DefaultHasher::new();
    name.hash(&mut hash);
    Some(hash.finish())
}

#[cfg(test)]
mod tests;
