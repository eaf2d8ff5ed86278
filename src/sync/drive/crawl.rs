//! Listing every folder, many in one request.

use std::collections::HashSet;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::begin::begin;
use super::confirm::confirm;
use super::take::{Answered, Answers, Asked, Taken, take};
use crate::event::Event;
use crate::icloud::drive::{DriveError, Folder, ROOT};
use crate::model::ItemId;
use crate::state::{self, CrawlKind, StateError, Turn, View};
use crate::sync::{Context, RunError};

/// Folders in one request. Nobody knows how many iCloud takes; this many are known to work.
const BATCH: usize = 20;

/// Requests in flight.
const FLYING: usize = 2;

/// Requests that may fail one after the other, as many as it takes to find the folder that the others fail with. More are the
/// trouble of the service.
const FAILURES_IN_A_ROW: u32 = 8;

/// Lists every folder and takes what comes into the catalog. What is gone is marked, when every listing was whole.
pub(in crate::sync) async fn crawl(ctx: &Context) -> Result<(), RunError> {
    loop {
        let (kind, was_cut_off) = begin(ctx).await?;
        let mut crawl =
            Crawl { ctx, kind, width: BATCH, away: HashSet::new(), seen: 0, failed: 0, served: false };
        crawl.run().await?;
        confirm(ctx).await?;
        let now = ctx.now();
        ctx.write(move |batch| batch.end_crawl(now)).await?;
        // What was listed before this run began may have changed since.
        if !was_cut_off {
            return Ok(());
        }
    }
}

struct Crawl<'a> {
    ctx: &'a Context,
    kind: CrawlKind,
    /// Folders in one request, fewer after trouble.
    width: usize,
    /// Folders in flight.
    away: HashSet<ItemId>,
    /// Items seen so far.
    seen: u64,
    /// Requests that failed since one was answered.
    failed: u32,
    /// Whether one was answered at all.
    served: bool,
}

impl Crawl<'_> {
    async fn run(&mut self) -> Result<(), RunError> {
        let mut flying = FuturesUnordered::new();
        loop {
            while flying.len() < FLYING {
                let (asked, in_full) = self.next().await?;
                // A request that is not full waits for what those in flight bring.
                if asked.is_empty() || (asked.len() < self.width && !flying.is_empty()) {
                    break;
                }
                self.away.extend(asked.iter().map(|asked| asked.item.clone()));
                flying.push(list(self.ctx, asked, in_full));
            }
            let next = tokio::select! {
                () = self.ctx.cancel.cancelled() => return Err(RunError::Interrupted),
                next = flying.next() => next,
            };
            let Some((asked, answer)) = next else { return Ok(()) };
            for one in &asked {
                self.away.remove(&one.item);
            }
            self.failed = if answer.is_ok() { 0 } else { self.failed + 1 };
            self.served |= answer.is_ok();
            let answers =
                match answer {
                    Ok(answers) => answers,
                    Err(DriveError::Busy { status }) if self.is_down(asked.len()) => {
                        return Err(DriveError::Busy { status }.into());
                    }
                    Err(error) if asked.len() > 1 && error.is_about_size() => {
                        // Where nothing was ever answered, the top alone tells whether it is the number of folders.
                        self.width = if self.served { (asked.len() / 2).max(1) } else { 1 };
                        tracing::debug!(%error, width = self.width, "asking for fewer folders at once");
                        continue;
                    }
                    // The folder is the problem, not the request.
                    Err(DriveError::Refused { .. } | DriveError::NotFound { .. })
                        if asked.iter().all(|one| one.folder.share.is_some()) =>
                    {
                        Answers::Unreachable
                    }
                    Err(
                        DriveError::Refused { .. } | DriveError::NotFound { .. } | DriveError::Busy { .. },
                    ) if asked.iter().all(|one| one.folder.drivewsid != ROOT) => Answers::Nothing,
                    Err(error) => return Err(error.into()),
                };
            // After trouble with many, many are tried again.
            self.width = (self.width * 2).min(BATCH);
            self.take(asked, answers).await?;
        }
    }

    /// Whether so much failed that it is no trouble of a folder, when a request for so many failed.
    fn is_down(&self, asked: usize) -> bool {
        self.failed >= FAILURES_IN_A_ROW || (!self.served && asked == 1)
    }

    async fn take(&mut self, asked: Vec<Asked>, answers: Answers) -> Result<(), RunError> {
        let ctx = self.ctx.clone();
        let answered = Answered { asked, answers };
        let taken: Taken = self.ctx.write(move |batch| take(&ctx, batch, &answered)).await?;
        self.seen += taken.items;
        let library = "iCloud Drive".to_owned();
        self.ctx.tell(&Event::Listed { library, items: self.seen, expected: 0 });
        taken.tell(self.ctx);
        Ok(())
    }

    /// The folders of the next request, and whether they are listed in full. Those that are shared go by themselves: one that
    /// iCloud refuses would have the others refused.
    async fn next(&self) -> Result<(Vec<Asked>, bool), RunError> {
        let (width, kind, away) = (self.width, self.kind, self.away.clone());
        Ok(self.ctx.read(move |view| pick(view, width, kind, &away)).await?)
    }
}

fn pick(
    view: &View,
    width: usize,
    kind: CrawlKind,
    away: &HashSet<ItemId>,
) -> Result<(Vec<Asked>, bool), StateError> {
    // More than one request takes, so that a full one is found behind a few of another kind.
    let waiting = state::queued(view, width * 4 + away.len())?;
    let mut picked: Vec<Asked> = Vec::new();
    let mut in_full = true;
    for (item, turn, queued) in waiting.into_iter().filter(|(item, ..)| !away.contains(item)) {
        let Some(node) = state::node(view, &item)? else { continue };
        let full = kind == CrawlKind::Full || turn == Turn::Soon;
        let folder = Folder { share: state::share_of(view, &item)?, drivewsid: node.drivewsid };
        let same = picked
            .first()
            .is_none_or(|first| first.folder.share.is_some() == folder.share.is_some() && in_full == full);
        if same && picked.len() < width {
            in_full = full;
            picked.push(Asked { item, queued, folder });
        }
    }
    Ok((picked, in_full))
}

async fn list(ctx: &Context, asked: Vec<Asked>, in_full: bool) -> (Vec<Asked>, Result<Answers, DriveError>) {
    let folders: Vec<Folder> = asked.iter().map(|asked| asked.folder.clone()).collect();
    let answer = if in_full {
        ctx.drive.list(&folders).await.map(Answers::Full)
    } else {
        ctx.drive.outline(&folders).await.map(Answers::Outline)
    };
    (asked, answer)
}
