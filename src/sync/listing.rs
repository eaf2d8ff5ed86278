//! The first listing of a library: photos by rank, hidden ones, albums and who is in them, then whatever changed
//! while it was read.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;

use super::absorb::absorb;
use super::apply::Feed;
use super::plan::library_name;
use super::{Context, RunError, check, missed};
use crate::event::Event;
use crate::icloud::cloudkit::CloudKitError;
use crate::icloud::photos::{Decoded, List, Listed, Page};
use crate::model::{AlbumKind, ZoneId};
use crate::state::{self, Progress, ZoneRow};

/// Pages that go into the catalog in one transaction.
const PAGES: usize = 10;

/// Lists of one library that are read at once, each with several pages in flight.
const ALBUMS_AT_ONCE: usize = 4;

/// Albums and folders after which the server is taken to make them up.
const MOST_ALBUMS: usize = 100_000;

/// Lists a library and takes it into the catalog. When it ends well, the catalog is true for the zone.
pub async fn list(ctx: &Context, feed: &Feed, number: u16, row: ZoneRow) -> Result<(), RunError> {
    let zone = row.id;
    let library = library_name(&zone);
    let Progress::Listing { since } = row.progress else { return Ok(()) };
    ctx.tell(&Event::Phase(format!("Listing {library}")));
    let indexing = ctx.photos.indexing(&zone).await?;
    if !indexing.is_finished() {
        ctx.warn(format!("{library}: iCloud is still indexing it; photos may come later"));
    }
    let Some(since) = since.or(indexing.sync_token) else {
        return Err(CloudKitError::Unanswered { what: "the state of a library" }.into());
    };
    let lists = photo_lists(ctx);
    let asked: Vec<_> = lists.iter().map(|list| (zone.clone(), list.clone())).collect();
    let counts = ctx.photos.counts(zone.area, &asked).await?;
    ctx.tally.note(|out| {
        let entry = out.libraries.entry(library.to_owned()).or_default();
        entry.expected = Some(entry.expected.unwrap_or(0) + counts.iter().flatten().sum::<u64>());
    });
    let again = ctx.read(move |view| Ok(!state::assets_after(view, number, None, 1)?.is_empty())).await?;
    let seen = again.then(missed::Listed::default);
    let source = Source { ctx, feed, number, zone: &zone, seen: seen.as_ref() };
    let photos = async {
        let mut moved = false;
        let shown = Shown { library, expected: counts.iter().flatten().sum(), items: AtomicU64::new(0) };
        for (list, count) in lists.iter().zip(&counts) {
            let listed = source.read(list, *count, Some(&shown)).await?;
            ctx.tally.note(|out| {
                let entry = out.libraries.entry(library.to_owned()).or_default();
                entry.listed = Some(entry.listed.unwrap_or(0) + listed.distinct);
            });
            judge(ctx, library, &listed, *count);
            moved |= listed.changed;
        }
        Ok::<_, RunError>(moved)
    };
    // Albums live in the personal library alone; a shared one answers that it has no such list.
    let albums = async { if zone.is_personal() { source.albums().await } else { Ok(()) } };
    let (moved, ()) = tokio::try_join!(photos, albums)?;
    if let Some(seen) = &seen {
        missed::ask(ctx, number, &zone, seen).await?;
    }
    // From here on the catalog is true up to the token that was taken before; what came since is a delta.
    let row = ZoneRow { id: zone.clone(), progress: Progress::Current { token: since.clone() } };
    ctx.write(move |batch| batch.put_zone(&row)).await?;
    check::replay(ctx, feed, zone.area, vec![(number, zone.clone(), since)]).await?;
    if moved { look_again(&source, &lists).await } else { Ok(()) }
}

/// The library changed while its pages were read: ranks shifted, and a photo may have slipped between two pages
/// without having changed itself, so that no delta tells of it. When Apple counts more than the catalog has, the
/// lists are read once more.
async fn look_again(source: &Source<'_>, lists: &[List]) -> Result<(), RunError> {
    let Source { ctx, zone, number, .. } = *source;
    let asked: Vec<_> = lists.iter().map(|list| (zone.clone(), list.clone())).collect();
    let counted: u64 = ctx.photos.counts(zone.area, &asked).await?.into_iter().flatten().sum();
    let hidden = ctx.job.photos.hidden;
    let known = ctx
        .read(move |view| {
            let mut known = 0;
            state::each_asset(view, |of, asset| {
                known += u64::from(of == number && !asset.is_gone() && (hidden || !asset.hidden));
                Ok(())
            })?;
            Ok(known)
        })
        .await?;
    if counted <= known {
        return Ok(());
    }
    tracing::info!(counted, known, "the library changed while it was listed; its lists are read once more");
    for list in lists {
        source.read(list, None, None).await?;
    }
    Ok(())
}

/// Pages in flight: at most half of the bodies in flight, and no more than is known to go well (rclone asks for
/// eight at a time).
fn pages_in_flight(ctx: &Context) -> usize {
    (ctx.job.network.connections as usize / 2).clamp(1, 8)
}

fn photo_lists(ctx: &Context) -> Vec<List> {
    let hidden = ctx.job.photos.hidden.then_some(List::Hidden);
    std::iter::once(List::Library).chain(hidden).collect()
}

/// A difference between list and counter is told, and never acted upon: both are wrong at times.
fn judge(ctx: &Context, library: &str, listed: &Listed, count: Option<u64>) {
    if let Some(count) = count
        && count > listed.distinct
    {
        ctx.warn(format!(
            "{library}: iCloud's counter says {count}, its list has {}; looked twice. What is missing comes with \
             the next changes, if it exists",
            listed.distinct
        ));
    }
}

/// How far the listing of a library is, over all its lists.
struct Shown<'a> {
    library: &'a str,
    expected: u64,
    items: AtomicU64,
}

impl Shown<'_> {
    fn count(&self, ctx: &Context, records: &[Decoded]) {
        let new = records.iter().filter(|record| matches!(record, Decoded::Asset { .. })).count() as u64;
        let items = self.items.fetch_add(new, Ordering::Relaxed) + new;
        ctx.tell(&Event::Listed { library: self.library.to_owned(), items, expected: self.expected });
    }
}

/// A library that is being listed.
#[derive(Clone, Copy)]
struct Source<'a> {
    ctx: &'a Context,
    feed: &'a Feed,
    number: u16,
    zone: &'a ZoneId,
    /// Where the names of what comes are noted, when the library was known before.
    seen: Option<&'a missed::Listed>,
}

impl Source<'_> {
    /// Reads a list into the catalog; the planner hears of each step.
    async fn read(
        &self,
        list: &List,
        count: Option<u64>,
        shown: Option<&Shown<'_>>,
    ) -> Result<Listed, RunError> {
        let (out, mut pages) = mpsc::channel(PAGES);
        let reading = self.ctx.photos.list(self.zone, list, count, pages_in_flight(self.ctx), out);
        let storing = async {
            let mut batch = Vec::with_capacity(PAGES);
            while pages.recv_many(&mut batch, PAGES).await > 0 {
                let records: Vec<Decoded> = batch.drain(..).flat_map(|page: Page| page.records).collect();
                if let Some(shown) = shown {
                    shown.count(self.ctx, &records);
                }
                self.store(records).await?;
                self.feed.more();
                if self.ctx.cancel.is_cancelled() {
                    return Err(RunError::Interrupted);
                }
            }
            Ok(())
        };
        let (listed, ()) = tokio::try_join!(async { Ok(reading.await?) }, storing)?;
        Ok(listed)
    }

    async fn store(&self, records: Vec<Decoded>) -> Result<(), RunError> {
        if let Some(seen) = self.seen {
            seen.note(&records);
        }
        let (catalog, number) = (self.ctx.clone(), self.number);
        self.ctx.write(move |batch| absorb(&catalog, batch, number, &records, false)).await?;
        Ok(())
    }

    /// Reads the tree of albums, breadth first, and the members of each album.
    async fn albums(&self) -> Result<(), RunError> {
        let mut folders: VecDeque<Option<String>> = VecDeque::from([None]);
        let mut visited = BTreeSet::new();
        let mut lists = Vec::new();
        while let Some(folder) = folders.pop_front() {
            let records = match self.ctx.photos.albums(self.zone, folder.as_deref()).await {
                Ok(records) => records,
                Err(error @ CloudKitError::IndexInvalid { .. }) => {
                    let library = library_name(self.zone);
                    self.ctx.warn(format!("{library}: albums cannot be listed ({error})"));
                    return Ok(());
                }
                Err(error) => return Err(error.into()),
            };
            for record in &records {
                let Decoded::Album(album) = record else { continue };
                if album.deleted || !visited.insert(album.record.clone()) {
                    continue;
                }
                if visited.len() > MOST_ALBUMS {
                    return Err(CloudKitError::Stuck { what: "the list of albums" }.into());
                }
                match album.kind {
                    AlbumKind::Folder => folders.push_back(Some(album.record.clone())),
                    AlbumKind::Album | AlbumKind::Smart => lists.push(List::Album(album.record.clone())),
                }
            }
            self.store(records).await?;
        }
        self.members(lists).await
    }

    /// Reads who is in the albums, a few albums at a time.
    async fn members(&self, lists: Vec<List>) -> Result<(), RunError> {
        use futures_util::stream::{StreamExt as _, TryStreamExt as _};

        let asked: Vec<_> = lists.iter().map(|list| (self.zone.clone(), list.clone())).collect();
        let counts = self.ctx.photos.counts(self.zone.area, &asked).await?;
        futures_util::stream::iter(lists.iter().zip(counts).map(Ok::<_, RunError>))
            .map(|entry| async move {
                let (list, count) = entry?;
                self.read(list, count, None).await
            })
            .buffer_unordered(ALBUMS_AT_ONCE)
            .try_for_each(|_| std::future::ready(Ok(())))
            .await
    }
}
