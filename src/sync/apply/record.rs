//! Recording what was done, in groups: first the directories of the group's files are synced, then one
//! transaction says where they are. A crash in between repeats nothing: the files are recognised by their content.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use tokio::sync::mpsc::Receiver;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::Busy;
use super::body::{Home, Whence};
use super::happened::happened;
use super::task::{Source, Task};
use crate::event::Event;
use crate::model::ItemId;
use crate::state::{self, Batch, HistoryEvent, Lies, PlacedFile, StateError};
use crate::sync::context::blocking;
use crate::sync::{Context, RunError};
use crate::tree::Dir;
use crate::tree::name::fold;

/// Files of a group.
const GROUP: usize = 64;

/// The longest that a placed file waits to be recorded.
const PATIENCE: Duration = Duration::from_secs(1);

/// What planner and workers tell.
pub(super) enum Report {
    /// An item's files are about to be fetched.
    Begin { item: ItemId, generation: Option<u32>, files: usize },
    /// Record now, and say when it is done.
    Flush(oneshot::Sender<()>),
    /// One of them is settled, one way or the other.
    Settled { task: Box<Task>, settled: Settled },
}

/// What became of a file.
pub(super) enum Settled {
    /// It has its final name.
    Placed(Home),
    /// iCloud does not hold it yet.
    Waiting(&'static str),
    /// iCloud holds something else by now; the item is marked anew.
    Changed,
    /// It could not be brought home.
    Failed(String),
}

/// An item whose files are on their way.
struct Pending {
    /// Of the mark that goes when all is done; `None` when it stays.
    generation: Option<u32>,
    left: usize,
    why: Option<String>,
    waiting: bool,
    troubles: Troubles,
}

/// What is to be told of an item that is not settled.
#[derive(Default)]
struct Troubles {
    /// Files that iCloud does not hold yet.
    waits: u64,
    /// Files that could not be brought home: path, why, and size.
    failures: Vec<(String, String, u64)>,
}

impl Troubles {
    fn tell(self, ctx: &Context) {
        ctx.tally.note(|out| out.waiting += self.waits);
        for (item, why, size) in self.failures {
            ctx.tally.failed(&item, &why);
            ctx.tell(&Event::Failed { item, why, size });
        }
    }
}

/// Records until every sender is gone.
pub(super) async fn record(ctx: Context, mut inbox: Receiver<Report>, busy: Busy) -> Result<(), RunError> {
    let mut group = Group { busy, ..Group::default() };
    let mut deadline = None;
    loop {
        let due = deadline.unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
        let report = tokio::select! {
            report = inbox.recv() => report,
            () = tokio::time::sleep_until(due), if deadline.is_some() => {
                group.commit(&ctx).await?;
                deadline = None;
                continue;
            }
        };
        let flushed = match report {
            None => return group.commit(&ctx).await,
            Some(Report::Flush(done)) => Some(done),
            Some(Report::Begin { item, generation, files }) => {
                group.pending.insert(
                    item,
                    Pending {
                        generation,
                        left: files,
                        why: None,
                        waiting: true,
                        troubles: Troubles::default(),
                    },
                );
                continue;
            }
            Some(Report::Settled { task, settled }) => {
                group.take(&ctx, *task, settled);
                None
            }
        };
        if flushed.is_some() || group.placed.len() >= GROUP {
            group.commit(&ctx).await?;
            deadline = None;
            if let Some(done) = flushed {
                // Whoever asked may be gone; it is recorded all the same.
                let _gone = done.send(());
            }
        } else if !group.is_empty() {
            deadline.get_or_insert_with(|| Instant::now() + PATIENCE);
        }
    }
}

#[derive(Default)]
struct Group {
    busy: Busy,
    pending: HashMap<ItemId, Pending>,
    placed: Vec<(ItemId, PlacedFile, Option<Source>, HistoryEvent)>,
    dirs: Vec<Dir>,
    /// Directories that files left.
    left: Vec<Dir>,
    done: Vec<(ItemId, Pending)>,
    classes: BTreeMap<&'static str, (u64, u64)>,
}

impl Group {
    fn is_empty(&self) -> bool {
        self.placed.is_empty() && self.done.is_empty()
    }

    fn take(&mut self, ctx: &Context, task: Task, settled: Settled) {
        let waits = matches!(settled, Settled::Waiting(_));
        let why = match settled {
            Settled::Placed(home) => {
                self.placed(ctx, &task, home);
                None
            }
            Settled::Changed => None,
            Settled::Waiting(why) => Some(why.to_owned()),
            Settled::Failed(why) => Some(why),
        };
        let Some(pending) = self.pending.get_mut(&task.item) else { return };
        pending.left -= 1;
        if let Some(why) = why {
            if waits {
                pending.troubles.waits += 1;
            } else {
                let size = task.wanted.resource.size;
                pending.troubles.failures.push((task.path.to_string(), why.clone(), size));
            }
            pending.waiting &= waits;
            pending.why = Some(why);
        }
        if pending.left == 0
            && let Some(pending) = self.pending.remove(&task.item)
        {
            ctx.urls.forget(task.item.zone, &task.record);
            self.done.push((task.item, pending));
        }
    }

    fn placed(&mut self, ctx: &Context, task: &Task, home: Home) {
        let happened = happened(task, &home);
        let Home { path, size, proof, matched, whence, dirs, left, attic, set_aside } = home;
        let resource = &task.wanted.resource;
        let name = path.file_name().to_owned();
        let path = path.to_string();
        let moved = whence == Whence::Moved;
        if moved {
            ctx.tally.note(|out| out.moved += 1);
        } else {
            ctx.tally.placed(&path, size, &proof, whence == Whence::Fetched);
        }
        if attic.is_some() {
            ctx.tally.note(|out| out.replaced += 1);
            if set_aside {
                ctx.tally.set_aside(&path);
            }
        }
        ctx.tell(&Event::Placed { path, size, fetched: whence == Whence::Fetched });
        if let Some(matched) = matched {
            let counts = self.classes.entry(resource.kind.as_str()).or_default();
            let count = if matched { &mut counts.0 } else { &mut counts.1 };
            *count += 1;
            ctx.classes.count(resource.kind, matched);
        }
        self.dirs.extend(dirs);
        self.left.extend(left);
        let given = task.source.clone().filter(|source| moved && source.giver.is_some());
        self.placed.push((
            task.item.clone(),
            PlacedFile {
                kind: resource.kind,
                name,
                checksum: resource.checksum.clone(),
                size,
                mtime_ms: task.mtime.map(jiff::Timestamp::as_millisecond),
                proof: Some(proof),
                lies: Lies::There,
                pinned: false,
                tag: task.document.as_ref().map(|document| document.tag.clone()),
            },
            given,
            happened,
        ));
    }

    async fn commit(&mut self, ctx: &Context) -> Result<(), RunError> {
        if self.is_empty() {
            return Ok(());
        }
        let (placed, mut done) = (std::mem::take(&mut self.placed), std::mem::take(&mut self.done));
        let (dirs, classes) = (std::mem::take(&mut self.dirs), std::mem::take(&mut self.classes));
        let (root, left) = (ctx.root.clone(), std::mem::take(&mut self.left));
        blocking(move || root.sync_dirs(&dirs).and_then(|()| root.sync_left(&left))).await?;
        let (now, now_ms) = (ctx.now(), ctx.now_ms());
        let mut settled: Vec<ItemId> =
            done.iter().filter(|(_, pending)| pending.why.is_none()).map(|(item, _)| item.clone()).collect();
        let troubles: Vec<(ItemId, Troubles)> = done
            .iter_mut()
            .map(|(item, pending)| (item.clone(), std::mem::take(&mut pending.troubles)))
            .collect();
        let (newer, failed) = ctx
            .write(move |batch| {
                let (mut newer, mut failed) = (Vec::new(), Vec::new());
                for (item, file, given, happened) in placed {
                    if let Some(source) = given {
                        give_away(batch, &source)?;
                    }
                    put_file(batch, &item, file)?;
                    batch.tell(now_ms, &happened)?;
                }
                for (item, pending) in done {
                    let (waiting, generation) = (pending.waiting, pending.generation);
                    match (&pending.why, generation) {
                        (None, None) => {}
                        (None, Some(generation)) => batch.clear_mark(&item, generation)?,
                        (Some(why), None) => batch.postpone(&item, why, waiting, now)?,
                        // It failed, and changed meanwhile: it is planned anew in this run.
                        (Some(why), Some(generation)) => {
                            if batch.postpone_planned(&item, generation, why, waiting, now)? {
                                newer.push(item);
                            } else {
                                failed.push((item, generation));
                            }
                        }
                    }
                }
                for (class, (matched, unmatched)) in classes {
                    batch.count_class(class, matched, unmatched)?;
                }
                Ok((newer, failed))
            })
            .await?;
        // What is planned anew in this run is told when it is settled.
        for (_, troubles) in troubles.into_iter().filter(|(item, _)| !newer.contains(item)) {
            troubles.tell(ctx);
        }
        settled.extend(newer);
        for item in &settled {
            self.busy.remove(item);
        }
        for (item, generation) in failed {
            self.busy.rest(item, generation);
        }
        Ok(())
    }
}

/// A photo that is gone gave its file to another one: nothing of it is there any more.
fn give_away(batch: &mut Batch<'_>, source: &Source) -> Result<(), StateError> {
    let Some(giver) = &source.giver else { return Ok(()) };
    let Some(mut placement) = state::placement(batch, &giver.item)? else { return Ok(()) };
    placement.files.retain(|file| file.kind != source.file.kind);
    batch.release_path(state::Root::Photos, &fold(source.path.as_str()), &giver.item)?;
    batch.put_placement(&giver.item, &placement)
}

fn put_file(batch: &mut Batch<'_>, item: &ItemId, mut file: PlacedFile) -> Result<(), StateError> {
    batch.clear_wrong(item, file.kind)?;
    let Some(mut placement) = state::placement(batch, item)? else { return Ok(()) };
    if let Some(old) = placement.file(file.kind) {
        // What a person brought back stays brought back wherever it moves; a new version of it is another file.
        file.pinned = old.pinned && old.checksum == file.checksum;
        match &old.lies {
            Lies::Elsewhere(path) | Lies::Altered(path) if *path != placement.path(&file.name) => {
                batch.release_path(state::Root::Photos, &fold(path), item)?;
            }
            _ => {}
        }
    }
    placement.files.retain(|other| other.kind != file.kind);
    placement.files.push(file);
    batch.put_placement(item, &placement)
}
