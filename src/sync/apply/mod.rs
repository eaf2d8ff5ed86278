//! Carrying out: dirty items are planned and their paths reserved, their files fetched, verified and placed, and
//! what was done is recorded in groups.
//!
//! ```text
//! dirty marks -> reserve (plan, take paths) -> fetch (stream, verify, place) -> record (sync, commit, unmark)
//! ```

mod body;
mod dirs;
mod document;
mod donor;
mod fetch;
mod happened;
pub(in crate::sync) mod known;
mod leave;
mod local;
mod masters;
mod names;
mod recognise;
mod record;
mod remove;
mod reserve;
mod room;
mod site;
mod subject;
mod task;
mod there;
mod verify;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;

use super::lookup::Renewer;
use super::{Context, RunError};
use crate::event::Event;
use crate::model::{ItemId, Part};
pub(in crate::sync) use known::same_time;
pub use leave::remove_left_dirs;
pub use recognise::recognise;
use record::{Report, record};
pub use remove::remove;
pub(in crate::sync) use remove::{allowed, is_gone, to_leave};
use room::Room;

/// Dirty items planned at a time.
const BATCH: usize = 128;

/// Bodies that may fail one after the other before the run is given up: something is wrong with more than an item.
const FAILURES_IN_A_ROW: u64 = 40;

/// How long workers may take to end when the disk ended the run.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// How much it is worth to an item to wait for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Patience {
    /// Nothing: whatever can be done is done.
    None,
    /// It is laid out, under another name if need be, and looked at again.
    Short,
    /// It is put off until all others are done.
    Long,
}

impl Patience {
    /// What is left of it when it was had.
    fn less(self) -> Self {
        match self {
            Self::Long => Self::Short,
            _ => Self::None,
        }
    }
}

/// Tells the planner that marks were set, and at last that no more will come.
#[derive(Debug, Default)]
pub struct Feed {
    begun: Notify,
    more: Notify,
    ended: std::sync::atomic::AtomicBool,
}

impl Feed {
    /// The first word of every known library is in the catalog. What earlier runs left undone is planned from here on,
    /// so that nothing is looked for that was removed since.
    pub fn begin(&self) {
        self.begun.notify_one();
    }

    /// Marks were set.
    pub fn more(&self) {
        self.more.notify_one();
    }

    /// The catalog is up to date: what is marked now is all there is.
    pub fn end(&self) {
        self.ended.store(true, std::sync::atomic::Ordering::Release);
        self.begin();
        self.more.notify_one();
    }

    fn has_ended(&self) -> bool {
        self.ended.load(std::sync::atomic::Ordering::Acquire)
    }
}

/// Works through the dirty items until none is left that is due, while `feed` brings more.
pub async fn apply(ctx: &Context, feed: &Feed) -> Result<(), RunError> {
    let (reports, inbox) = mpsc::channel(256);
    let busy = Busy::default();
    let recorder = tokio::spawn(record(ctx.clone(), inbox, busy.clone()));
    let mut planner = Planner::new(ctx, reports, busy);
    let planned = planner.run(feed).await;
    if matches!(&planned, Err(RunError::Tree(error)) if error.is_disk()) {
        planner.let_workers_end().await;
    }
    drop(planner);
    // The planner and every worker are gone, so the recorder comes to an end and has recorded everything.
    let recorded = recorder.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    // Where both failed, the planner only noticed that the recorder was gone.
    recorded.and(planned)
}

/// Plans every due item and counts what would be fetched. Writes to the state alone, which the caller throws away.
pub async fn foresee(ctx: &Context) -> Result<(), RunError> {
    let (mut after, now) = (None, ctx.now());
    loop {
        let batch = ctx.read(move |view| crate::state::dirty_after(view, after, BATCH)).await?;
        let Some((_, last)) = batch.last() else {
            room::foresee(ctx).await?;
            return remove::foresee(ctx).await;
        };
        after = Some(last.seq);
        let due = batch.into_iter().filter(|(_, mark)| mark.not_before <= now).collect();
        let manner = reserve::Manner { dry: true, patience: Patience::None };
        let planned = reserve::reserve(ctx, due, &Busy::default(), manner).await?;
        masters::bring(ctx, planned.need_master).await?;
        for task in planned.works.iter().flat_map(|work| &work.tasks) {
            let path = task.path.to_string();
            if let Some(source) = &task.source {
                if source.giver.as_ref().is_some_and(|giver| giver.keeps) {
                    ctx.tally.note(|out| out.to_copy += 1);
                } else {
                    ctx.tally.foreseen_move(&source.path.to_string(), &path);
                }
                continue;
            }
            ctx.tally.foreseen(&path, task.wanted.resource.size);
            ctx.tell(&Event::Planned { files: 1, bytes: task.wanted.resource.size });
        }
    }
}

/// What ends a run that is otherwise done: files for which there was no room.
pub async fn room_for_all(ctx: &Context) -> Result<(), RunError> {
    room::verdict(ctx).await
}

/// Walks the dirty marks and keeps the workers busy.
struct Planner<'a> {
    ctx: &'a Context,
    reports: mpsc::Sender<Report>,
    renewer: Renewer,
    width: Arc<Semaphore>,
    workers: JoinSet<Result<(), RunError>>,
    busy: Busy,
    /// Items whose time has not come when they were met, with the generation of their marks.
    resting: Vec<(ItemId, u32)>,
    /// Items that were put off.
    later: Vec<ItemId>,
    /// Whether, and how, items are put off.
    patience: Patience,
    failures: Arc<fetch::Streak>,
    room: Room,
}

/// Items not to be planned now: their files are on the way, or they could not be settled in this run and rest until
/// the next, unless they are marked anew: such an entry has the generation of the mark. Bounded by what is in flight and
/// what fails.
#[derive(Clone, Default)]
struct Busy(Arc<Mutex<HashMap<ItemId, Option<u32>>>>);

impl Busy {
    fn add(&self, item: ItemId) {
        self.lock().insert(item, None);
    }

    /// The item rests as long as its mark is of this generation.
    fn rest(&self, item: ItemId, generation: u32) {
        self.lock().insert(item, Some(generation));
    }

    /// The item's mark is settled, or set anew: it may be planned again.
    fn remove(&self, item: &ItemId) {
        self.lock().remove(item);
    }

    fn has(&self, item: &ItemId) -> bool {
        self.lock().contains_key(item)
    }

    fn keeps(&self, item: &ItemId, generation: u32) -> bool {
        self.lock().get(item).is_some_and(|rests| rests.is_none_or(|rests| rests == generation))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ItemId, Option<u32>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> Planner<'a> {
    fn new(ctx: &'a Context, reports: mpsc::Sender<Report>, busy: Busy) -> Self {
        Self {
            renewer: Renewer::default(),
            width: Arc::new(Semaphore::new(ctx.job.network.connections as usize)),
            workers: JoinSet::new(),
            busy,
            resting: Vec::new(),
            later: Vec::new(),
            // Photos wait for each other's content once; files of Drive for each other's names, which may be in a circle.
            patience: if ctx.part == Part::Drive { Patience::Long } else { Patience::Short },
            failures: Arc::default(),
            room: Room::default(),
            ctx,
            reports,
        }
    }

    /// Lets what is in flight come to its end, so that nothing is staged any more and all that was placed is recorded.
    async fn let_workers_end(&mut self) {
        self.ctx.stop.cancel();
        let all = async { while self.workers.join_next().await.is_some() {} };
        // Whoever hangs at a disk that is gone is left behind.
        let _late = tokio::time::timeout(LAST_WORDS, all).await;
    }

    async fn run(&mut self, feed: &Feed) -> Result<(), RunError> {
        feed.begun.notified().await;
        loop {
            // Read the flag before the pass: marks set while the pass runs may have been passed by.
            let last = feed.has_ended();
            let found = self.pass(feed).await?;
            if last && !found {
                self.drain().await?;
                // What was put off until everything else is done.
                if self.patience > Patience::None && !self.later.is_empty() {
                    self.patience = self.patience.less();
                    for item in std::mem::take(&mut self.later) {
                        self.busy.remove(&item);
                    }
                    continue;
                }
                // Renewed records may have marked items anew while their workers ended.
                if !self.pass(feed).await? {
                    self.drain().await?;
                    return reserve::count_resting(self.ctx, std::mem::take(&mut self.resting)).await;
                }
            }
        }
    }

    /// Plans every due item once. `false` when there was none.
    async fn pass(&mut self, feed: &Feed) -> Result<bool, RunError> {
        let (mut after, mut found) = (None, false);
        loop {
            let now = self.ctx.now();
            let batch = self.ctx.read(move |view| crate::state::dirty_after(view, after, BATCH)).await?;
            let Some((_, last)) = batch.last() else {
                if feed.has_ended() {
                    return Ok(found);
                }
                self.wait(feed).await?;
                return Ok(true);
            };
            after = Some(last.seq);
            let free = batch.into_iter().filter(|(item, mark)| !self.busy.keeps(item, mark.generation));
            let (due, resting): (Vec<_>, Vec<_>) = free.partition(|(_, mark)| mark.not_before <= now);
            for (item, mark) in resting {
                self.busy.rest(item.clone(), mark.generation);
                self.resting.push((item, mark.generation));
            }
            if due.is_empty() {
                continue;
            }
            found = true;
            let generations: HashMap<ItemId, u32> =
                due.iter().map(|(item, mark)| (item.clone(), mark.generation)).collect();
            let manner = reserve::Manner { dry: false, patience: self.patience };
            let mut planned = reserve::reserve(self.ctx, due, &self.busy, manner).await?;
            planned.later.iter().for_each(|item| self.busy.add(item.clone()));
            self.rest(&planned.resting, &generations);
            self.later.append(&mut planned.later);
            let lost = masters::bring(self.ctx, std::mem::take(&mut planned.need_master)).await?;
            self.rest(&lost, &generations);
            self.carry_out(planned).await?;
        }
    }

    fn rest(&self, items: &[ItemId], generations: &HashMap<ItemId, u32>) {
        for item in items {
            if let Some(generation) = generations.get(item) {
                self.busy.rest(item.clone(), *generation);
            }
        }
    }

    /// Starts a worker for each file, as many at a time as the job allows.
    async fn carry_out(&mut self, planned: reserve::Planned) -> Result<(), RunError> {
        if !planned.works.is_empty() {
            self.room.measure(self.ctx).await?;
        }
        for work in planned.works {
            self.busy.add(work.item.clone());
            if !self.fits(&work).await? {
                continue;
            }
            let fetched = || work.tasks.iter().filter(|task| task.source.is_none());
            let bytes = fetched().map(|task| task.wanted.resource.size).sum();
            self.ctx.tell(&Event::Planned { files: fetched().count() as u64, bytes });
            let begin =
                Report::Begin { item: work.item, generation: work.generation, files: work.tasks.len() };
            self.report(begin).await;
            for task in work.tasks {
                let permit = self.permit().await?;
                let claim = self.room.claim(&task);
                let (ctx, renewer) = (self.ctx.clone(), self.renewer.clone());
                let (reports, streak) = (self.reports.clone(), self.failures.clone());
                self.workers.spawn(async move {
                    let (_permit, _claim) = (permit, claim);
                    let report = fetch::bring(&ctx, &renewer, &streak, Box::new(task)).await?;
                    // A closed channel means that the recorder failed; its error is the one to show.
                    let _sent = reports.send(report).await;
                    Ok(())
                });
            }
        }
        Ok(())
    }

    /// Whether an item's files fit on the disk. While something is on its way, that is not known for certain. What does not
    /// fit keeps its mark and rests until the next run.
    async fn fits(&mut self, work: &reserve::Work) -> Result<bool, RunError> {
        let needed = room::needed(work);
        while !self.room.has(needed) {
            let Some(ended) = self.workers.join_next().await else {
                return self.room.has_rest(self.ctx, work).await;
            };
            ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
            self.room.measure(self.ctx).await?;
        }
        Ok(true)
    }

    async fn report(&self, report: Report) {
        let _sent = self.reports.send(report).await;
    }

    async fn permit(&mut self) -> Result<tokio::sync::OwnedSemaphorePermit, RunError> {
        self.look()?;
        tokio::select! {
            () = self.ctx.cancel.cancelled() => Err(RunError::Interrupted),
            permit = self.width.clone().acquire_owned() => permit.map_err(|_| RunError::Interrupted),
        }
    }

    /// Looks whether a worker found something that ends the run.
    fn look(&mut self) -> Result<(), RunError> {
        while let Some(ended) = self.workers.try_join_next() {
            ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
        }
        if self.reports.is_closed() {
            return Err(RunError::Interrupted);
        }
        if self.failures.length() >= FAILURES_IN_A_ROW {
            return Err(RunError::Failing { failures: self.failures.length(), last: self.failures.last() });
        }
        Ok(())
    }

    async fn wait(&mut self, feed: &Feed) -> Result<(), RunError> {
        self.look()?;
        tokio::select! {
            () = self.ctx.cancel.cancelled() => Err(RunError::Interrupted),
            () = self.ctx.http.patience().over() => Ok(self.ctx.http.patience().ask()?),
            () = feed.more.notified() => Ok(()),
        }
    }

    /// Waits until everything that was started is done and recorded.
    async fn drain(&mut self) -> Result<(), RunError> {
        while let Some(ended) = self.workers.join_next().await {
            ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
        }
        let (done, recorded) = oneshot::channel();
        self.report(Report::Flush(done)).await;
        recorded.await.map_err(|_| RunError::Interrupted)?;
        self.look()
    }
}
