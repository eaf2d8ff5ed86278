//! Planning a batch of dirty items and reserving the paths of their files.
//!
//! The disk is asked first (what lies at the candidate names?), without holding a transaction; then everything is
//! written in one. Only one planner runs, so what was free stays free in between.

use std::collections::HashMap;

use super::dirs::{Dirs, NewDir, dir_of};
use super::donor::Donors;
use super::happened::adopted;
use super::names::Names;
use super::recognise;
use super::site::{LaidOut, Laying, Site};
use super::subject::{self, Decided};
use super::task::Task;
use super::{Busy, Patience};
use crate::config::{NameRules, Policy};
use crate::model::{ItemId, Part};
use crate::state::{self, HistoryEvent, Lies, Mark, PlacedFile, Placement};
use crate::sync::context::blocking;
use crate::sync::{Context, RunError};
use crate::tree::name::fold;
use crate::tree::{Access, Dir, Finish, RelPath, Root, TreeError};

/// What a batch of dirty items came to.
#[derive(Debug, Default)]
pub(super) struct Planned {
    /// Items with files to fetch.
    pub(super) works: Vec<Work>,
    /// Items whose master must be asked for: the item and the master's record name.
    pub(super) need_master: Vec<(ItemId, String)>,
    retimed: Vec<(RelPath, Finish)>,
    /// Items that cannot be settled in this run, or only by what comes after it.
    pub(super) resting: Vec<ItemId>,
    /// Items to be looked at again when everything else is done: another one will have their content, or leave their name.
    pub(super) later: Vec<ItemId>,
    settled: Vec<(ItemId, u32, Settled)>,
    pub(super) placements: Vec<(ItemId, Placement, Vec<String>)>,
    /// Directories that files left, or were to come to: a run that was cut off may have left them empty.
    emptied: Vec<Dir>,
    /// Files that were recognised on disk, for history.
    pub(super) found: Vec<HistoryEvent>,
    /// Folders of Drive whose directories are to be there.
    folders: Vec<RelPath>,
    /// Folders of Drive that got another directory.
    new_dirs: Vec<NewDir>,
    /// Folders of Drive that are gone, and the directories that they had.
    gone_dirs: Vec<(ItemId, String)>,
}

/// An item with files to fetch.
#[derive(Debug)]
pub(super) struct Work {
    /// The item.
    pub(super) item: ItemId,
    /// Generation of the mark that this settles; `None` when there is more to do about the item.
    pub(super) generation: Option<u32>,
    /// The files.
    pub(super) tasks: Vec<Task>,
}

/// An item for which nothing is to be fetched.
#[derive(Debug)]
enum Settled {
    InPlace,
    OutOfScope(&'static str),
    Waiting(&'static str),
    Stuck(String),
}

/// How a batch is planned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// The disk is left alone.
    pub(super) dry: bool,
    /// Whether items that are better looked at when others are done are put off.
    pub(super) patience: Patience,
}

/// Plans a batch and reserves its paths.
pub(super) async fn reserve(
    ctx: &Context,
    batch: Vec<(ItemId, Mark)>,
    busy: &Busy,
    Manner { dry, patience }: Manner,
) -> Result<Planned, RunError> {
    let (planner, busy) = (ctx.clone(), busy.clone());
    let mut planned = blocking(move || plan_batch(&planner, batch, &busy, patience)).await?;
    let settled = std::mem::take(&mut planned.settled);
    let placements = std::mem::take(&mut planned.placements);
    let retimed = std::mem::take(&mut planned.retimed);
    if !dry && !retimed.is_empty() {
        let root = ctx.root.clone();
        // A disk that takes no such date still has the file, and one that vanished is found elsewhere.
        blocking(move || retimed.iter().for_each(|(path, mtime)| drop(root.refinish(path, *mtime)))).await;
    }
    let (new_dirs, gone_dirs) =
        (std::mem::take(&mut planned.new_dirs), std::mem::take(&mut planned.gone_dirs));
    let folders = std::mem::take(&mut planned.folders);
    if !dry && !new_dirs.is_empty() {
        // Before they are made: those of a run that is cut off are found again and go, if nobody needs them.
        let made: Vec<(String, ItemId)> = new_dirs.iter().map(NewDir::made).collect();
        ctx.write(move |batch| made.iter().try_for_each(|(path, folder)| batch.leave_dir(path, folder)))
            .await?;
    }
    if !dry && !folders.is_empty() {
        let root = ctx.root.clone();
        blocking(move || make(&root, &folders)).await?;
    }
    let keeps = ctx.job.removed.policy == Policy::Keep;
    let found = std::mem::take(&mut planned.found);
    let emptied = std::mem::take(&mut planned.emptied);
    if !dry && !emptied.is_empty() {
        let root = ctx.root.clone();
        blocking(move || emptied.iter().try_for_each(|dir| passable(root.prune(dir)))).await?;
    }
    if !dry && !found.is_empty() {
        // Whoever placed them may have been cut off before their names were made to last.
        let dirs = recognise::touched(&found);
        let root = ctx.root.clone();
        blocking(move || root.sync_left(&dirs)).await?;
    }
    let (now, now_ms) = (ctx.now(), ctx.now_ms());
    for (item, _, what) in &settled {
        note(ctx, item, what);
        if matches!(what, Settled::Waiting(_) | Settled::Stuck(_)) {
            planned.resting.push(item.clone());
        }
    }
    ctx.write(move |batch| {
        for (folder, dir) in &gone_dirs {
            batch.release_path(state::Root::Photos, &fold(dir), folder)?;
            batch.forget_placement(folder)?;
            if !keeps {
                batch.leave_dir(dir, folder)?;
            }
        }
        new_dirs.iter().try_for_each(|new| new.note(batch))?;
        for (item, placement, taken) in &placements {
            batch.put_placement(item, placement)?;
            for path in taken {
                batch.take_path(state::Root::Photos, path, item)?;
            }
        }
        found.iter().try_for_each(|event| batch.tell(now_ms, event))?;
        for event in &found {
            if let (Some(item), Some(kind)) = (&event.item, event.kind) {
                batch.clear_wrong(item, kind)?;
            }
        }
        for (item, generation, what) in &settled {
            match what {
                Settled::Waiting(why) => batch.postpone(item, why, true, now)?,
                Settled::Stuck(why) => batch.postpone(item, why, false, now)?,
                _ => batch.clear_mark(item, *generation)?,
            }
        }
        Ok(())
    })
    .await?;
    Ok(planned)
}

/// Makes the directories of folders and makes them last.
fn make(root: &Root, folders: &[RelPath]) -> Result<(), TreeError> {
    let mut above = Vec::with_capacity(folders.len());
    for folder in folders {
        match root.ensure_dir(folder, Access::Shared) {
            Ok(()) => above.push(folder.parent()),
            // Something else lies there: what is to come into the folder tells of it.
            Err(error) if !error.is_disk() => {
                tracing::debug!(%folder, %error, "A directory could not be made");
            }
            Err(error) => return Err(error),
        }
    }
    root.sync_dirs(&above)
}

/// Goes on when it is one directory that makes trouble: it stays.
fn passable(pruned: Result<(), TreeError>) -> Result<(), TreeError> {
    pruned.or_else(|error| if error.is_disk() { Err(error) } else { Ok(()) })
}

/// Counts items that rest since an earlier run and were not marked anew: they are missing all the same.
pub(super) async fn count_resting(ctx: &Context, items: Vec<(ItemId, u32)>) -> Result<(), RunError> {
    if items.is_empty() {
        return Ok(());
    }
    let tally = ctx.tally.clone();
    ctx.read(move |view| {
        for (item, generation) in items {
            let mark = state::mark(view, &item)?.filter(|mark| mark.generation == generation);
            let Some(mark) = mark else { continue };
            if mark.waiting {
                tally.note(|out| out.waiting += 1);
                continue;
            }
            let placement = state::placement(view, &item)?;
            let name = placement.map_or(item.record, |placement| placement.path(&placement.stem));
            tally.failed(&name, mark.why.as_deref().unwrap_or("not fetched yet"));
        }
        Ok(())
    })
    .await?;
    Ok(())
}

fn note(ctx: &Context, item: &ItemId, what: &Settled) {
    match what {
        Settled::InPlace => {}
        Settled::OutOfScope(key) => {
            ctx.tally.note(|out| *out.out_of_scope.entry((*key).to_owned()).or_default() += 1);
        }
        Settled::Waiting(_) => ctx.tally.note(|out| out.waiting += 1),
        Settled::Stuck(why) => ctx.tally.failed(&item.record, why),
    }
}

/// Decides for each item, looking at the catalog, the ledger and the disk; changes nothing.
fn plan_batch(
    ctx: &Context,
    batch: Vec<(ItemId, Mark)>,
    busy: &Busy,
    patience: Patience,
) -> Result<Planned, RunError> {
    let view = ctx.state.view()?;
    let zones: HashMap<u16, state::ZoneRow> = state::zones(&view)?.into_iter().collect();
    let mut planned = Planned::default();
    let (mut names, mut same) = (Names::default(), HashMap::new());
    let mut donors = Donors::new(&zones, busy, patience > Patience::None);
    let mut dirs = Dirs::new(&ctx.root, ctx.job.drive.as_ref().map_or(NameRules::Posix, |drive| drive.names));
    for (item, mark) in batch {
        let settle =
            |planned: &mut Planned, what| planned.settled.push((item.clone(), mark.generation, what));
        let mut placement = state::placement(&view, &item)?;
        if let Some(placement) = &mut placement
            && recognise::learn(ctx, &item, placement, &mut planned.found)?
        {
            planned.placements.push((item.clone(), placement.clone(), vec![]));
        }
        let decided = match &ctx.job.drive {
            Some(drive) if ctx.part == Part::Drive => {
                subject::node(&view, &item, &zones, drive, placement.as_ref(), &mut dirs, &mut names)
            }
            _ => subject::photo(&view, &item, &zones, &ctx.job.photos, placement.as_ref()),
        };
        let decided = match decided {
            // A link in the way of its folder concerns this item alone.
            Err(RunError::Tree(error)) if !error.is_disk() => {
                settle(&mut planned, Settled::Stuck(error.to_string()));
                continue;
            }
            decided => decided?,
        };
        if let Some(placement) = &placement {
            planned.left_by(placement, &decided);
        }
        match decided {
            Decided::Unknown => settle(&mut planned, Settled::InPlace),
            Decided::OutOfScope(key) => settle(&mut planned, Settled::OutOfScope(key)),
            Decided::Gone => {
                // Removals are carried out at the end, when every library is caught up.
                let leaves = placement
                    .as_ref()
                    .is_some_and(|placement| placement.files.iter().any(PlacedFile::may_leave));
                if let Some(dir) = placement.as_ref().filter(|_| ctx.part == Part::Drive).and_then(dir_of) {
                    names.release(fold(&dir));
                    planned.gone_dirs.push((item.clone(), dir));
                }
                planned.end(item, mark.generation, leaves);
            }
            Decided::NeedsMaster(name) => planned.need_master.push((item, name)),
            Decided::Waiting(why) => settle(&mut planned, Settled::Waiting(why)),
            Decided::Folder(path) => {
                planned.folders.extend(RelPath::parse(&path).ok());
                let leaves =
                    placement.is_some_and(|placement| placement.files.iter().any(PlacedFile::may_leave));
                planned.end(item, mark.generation, leaves);
            }
            Decided::Files { subject, surplus } => {
                let done = |placement| subject.is_done(placement) && !subject.is_marked(placement);
                if placement.as_ref().is_some_and(done) {
                    planned.end(item, mark.generation, surplus);
                    continue;
                }
                let mut site = Site {
                    root: &ctx.root,
                    view: &view,
                    item: &item,
                    names: &mut names,
                    same: &mut same,
                    donors: &mut donors,
                    patience,
                };
                match site.lay_out(&subject, placement) {
                    Ok(Laying::Out(laid)) => {
                        if laid.tasks.iter().any(|task| task.source.is_none()) {
                            donors.coming.insert(item.clone());
                        }
                        planned.take(item, mark.generation, laid, surplus, ctx);
                    }
                    Ok(Laying::Stuck(why)) => settle(&mut planned, Settled::Stuck(why)),
                    Ok(Laying::Later) => planned.later.push(item),
                    // A link in the way concerns this item alone; a disk that is gone concerns all.
                    Err(RunError::Tree(error)) if !error.is_disk() => {
                        settle(&mut planned, Settled::Stuck(error.to_string()));
                    }
                    Err(error) => return Err(error),
                }
            }
        }
    }
    planned.new_dirs = dirs.new;
    Ok(planned)
}

impl Planned {
    /// Notes where the files of an item were, when they are not, or will not be, there any more.
    fn left_by(&mut self, placement: &Placement, decided: &Decided) {
        let elsewhere = placement.files.iter().filter(|file| matches!(file.lies, Lies::Elsewhere(_)));
        let paths = elsewhere.map(|file| placement.lies_at(file));
        let paths = paths.filter_map(|path| RelPath::parse(&path).ok()).filter(|path| !path.is_larders_own());
        self.emptied.extend(paths.map(|path| path.parent()));
        let leaves = match decided {
            Decided::Files { subject, .. } => !subject.is_at(placement),
            _ => true,
        };
        if leaves {
            self.emptied.extend(RelPath::parse(&placement.folder).ok().map(Dir::from));
        }
    }

    /// Nothing is to be done for the item now. Its mark stays when files of it are still to leave.
    fn end(&mut self, item: ItemId, generation: u32, leaves: bool) {
        if leaves {
            self.resting.push(item);
        } else {
            self.settled.push((item, generation, Settled::InPlace));
        }
    }

    fn take(&mut self, item: ItemId, generation: u32, laid: LaidOut, leaves: bool, ctx: &Context) {
        for (path, file) in &laid.adopted {
            self.found.push(adopted(ctx, &item, path, file));
        }
        if laid.tasks.is_empty() && laid.stopgap {
            self.later.push(item.clone());
        } else if laid.tasks.is_empty() {
            self.end(item.clone(), generation, leaves);
        } else {
            let generation = (!leaves && !laid.stopgap).then_some(generation);
            self.works.push(Work { item: item.clone(), generation, tasks: laid.tasks });
        }
        self.retimed.extend(laid.retimed);
        self.placements.push((item, laid.placement, laid.taken));
    }
}
