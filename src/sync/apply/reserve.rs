//! Planning a batch of dirty items and reserving the paths of their files.
//!
//! The disk is asked first (what lies at the candidate names?), without holding a transaction; then everything is
//! written in one. Only one planner runs, so what was free stays free in between.

use std::collections::HashMap;

use jiff::Timestamp;

use super::known::{holds, same_time};
use super::task::{Source, Task};
use crate::config::Photos;
use crate::model::{Asset, Checksum, ItemId, Kind, Master, Resource};
use crate::state::{self, Lies, Mark, PlacedFile, Placement, Proof, View};
use crate::sync::context::blocking;
use crate::sync::plan::{self, Spot, Verdict, Wanted};
use crate::sync::{Context, RunError};
use crate::tree::name::fold;
use crate::tree::{Access, FileKind, Finish, RelPath, Root};

/// What a batch of dirty items came to.
#[derive(Debug, Default)]
pub(super) struct Planned {
    /// Items with files to fetch.
    pub(super) works: Vec<Work>,
    /// Items whose master must be asked for: the item and the master's record name.
    pub(super) need_master: Vec<(ItemId, String)>,
    retimed: Vec<(RelPath, Finish)>,
    /// Items that cannot be settled in this run.
    pub(super) resting: Vec<ItemId>,
    settled: Vec<(ItemId, u32, Settled)>,
    placements: Vec<(ItemId, Placement, Vec<String>)>,
}

/// An item with files to fetch.
#[derive(Debug)]
pub(super) struct Work {
    /// The item.
    pub(super) item: ItemId,
    /// Generation of the mark that this settles.
    pub(super) generation: u32,
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

/// Plans a batch and reserves its paths. `dry` leaves the disk alone.
pub(super) async fn reserve(
    ctx: &Context,
    batch: Vec<(ItemId, Mark)>,
    dry: bool,
) -> Result<Planned, RunError> {
    let planner = ctx.clone();
    let mut planned = blocking(move || plan_batch(&planner, batch)).await?;
    let settled = std::mem::take(&mut planned.settled);
    let placements = std::mem::take(&mut planned.placements);
    let retimed = std::mem::take(&mut planned.retimed);
    if !dry && !retimed.is_empty() {
        let root = ctx.root.clone();
        // A disk that takes no such date still has the file, and one that vanished is found elsewhere.
        blocking(move || retimed.iter().for_each(|(path, mtime)| drop(root.refinish(path, *mtime)))).await;
    }
    let now = ctx.now();
    for (item, _, what) in &settled {
        note(ctx, item, what);
        if matches!(what, Settled::Waiting(_) | Settled::Stuck(_)) {
            planned.resting.push(item.clone());
        }
    }
    ctx.write(move |batch| {
        for (item, placement, taken) in &placements {
            batch.put_placement(item, placement)?;
            for path in taken {
                batch.take_path(state::Root::Photos, path, item)?;
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

/// Counts items that rest since an earlier run: they are missing all the same.
pub(super) async fn count_resting(ctx: &Context, items: Vec<(ItemId, Mark)>) -> Result<(), RunError> {
    if items.is_empty() {
        return Ok(());
    }
    let tally = ctx.tally.clone();
    ctx.read(move |view| {
        for (item, mark) in items {
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
fn plan_batch(ctx: &Context, batch: Vec<(ItemId, Mark)>) -> Result<Planned, RunError> {
    let view = ctx.state.view()?;
    let zones: HashMap<u16, _> = state::zones(&view)?.into_iter().collect();
    let mut planned = Planned::default();
    let (mut taken, mut same) = (HashMap::new(), HashMap::new());
    for (item, mark) in batch {
        let settle =
            |planned: &mut Planned, what| planned.settled.push((item.clone(), mark.generation, what));
        let (Some(asset), Some(zone)) = (state::asset(&view, &item)?, zones.get(&item.zone)) else {
            settle(&mut planned, Settled::InPlace);
            continue;
        };
        let master = match &asset.master {
            Some(name) => state::master(&view, item.zone, name)?,
            None => None,
        };
        let placement = state::placement(&view, &item)?;
        match plan::judge(&asset, master.as_ref(), &ctx.job.photos) {
            Verdict::OutOfScope(why) => settle(&mut planned, Settled::OutOfScope(why.key())),
            Verdict::Gone => {
                let here = |file: &PlacedFile| file.proof.is_some() && !matches!(file.lies, Lies::Attic(_));
                // Removals are carried out at the end, when every library is caught up.
                if placement.is_some_and(|placement| placement.files.iter().any(here)) {
                    planned.resting.push(item);
                } else {
                    settle(&mut planned, Settled::InPlace);
                }
            }
            Verdict::NeedsMaster(name) => planned.need_master.push((item, name)),
            Verdict::Waiting(why) => settle(&mut planned, Settled::Waiting(why)),
            Verdict::Files(wanted)
                if plan::missing(&wanted, placement.as_ref()).is_empty()
                    && placement.as_ref().is_some_and(|placement| {
                        placement.folder == plan::folder(&asset, &zone.id, &ctx.job.photos).join("/")
                            && outdated(placement, &wanted, plan::mtime(&asset)).next().is_none()
                    }) =>
            {
                settle(&mut planned, Settled::InPlace);
            }
            Verdict::Files(wanted) => {
                // Files only come with a master, so the master is there.
                let Some(master) = master else { continue };
                let mut site =
                    Site { root: &ctx.root, view: &view, item: &item, taken: &mut taken, same: &mut same };
                let subject = Subject { asset: &asset, master: &master, zone: &zone.id };
                match site.lay_out(ctx, &subject, &wanted, placement) {
                    Ok(Ok(laid)) => planned.take(item, mark.generation, laid, ctx),
                    Ok(Err(why)) => settle(&mut planned, Settled::Stuck(why)),
                    // A link in the way concerns this item alone; a disk that is gone concerns all.
                    Err(RunError::Tree(error)) if !error.is_disk() => {
                        settle(&mut planned, Settled::Stuck(error.to_string()));
                    }
                    Err(error) => return Err(error),
                }
            }
        }
    }
    Ok(planned)
}

impl Planned {
    fn take(&mut self, item: ItemId, generation: u32, laid: LaidOut, ctx: &Context) {
        for (path, file) in &laid.adopted {
            let proof = file.proof.unwrap_or(Proof::Proven);
            ctx.tally.placed(path, file.size, &proof, false);
            ctx.tell(&crate::event::Event::Placed { path: path.clone(), size: file.size, fetched: false });
        }
        if laid.tasks.is_empty() {
            self.settled.push((item.clone(), generation, Settled::InPlace));
        } else {
            self.works.push(Work { item: item.clone(), generation, tasks: laid.tasks });
        }
        self.retimed.extend(laid.retimed);
        self.placements.push((item, laid.placement, laid.taken));
    }
}

/// What is planned.
struct Subject<'a> {
    asset: &'a Asset,
    master: &'a Master,
    zone: &'a crate::model::ZoneId,
}

/// The files of an item, laid out.
struct LaidOut {
    placement: Placement,
    /// Folded paths that are the item's from now on.
    taken: Vec<String>,
    tasks: Vec<Task>,
    adopted: Vec<(String, PlacedFile)>,
    /// Files in place whose photo has another date now.
    retimed: Vec<(RelPath, Finish)>,
}

/// Name of a missing file.
struct FileName {
    name: String,
    /// The name to take when the file that has the first one turns out to be another.
    or_else: Option<String>,
}

/// Where an item's files would go.
struct Site<'a> {
    root: &'a Root,
    view: &'a View,
    item: &'a ItemId,
    /// Paths taken by items before it in the batch.
    taken: &'a mut HashMap<String, ItemId>,
    /// What hashing the file at a path said, so that nothing is read twice.
    same: &'a mut HashMap<(String, Checksum), bool>,
}

impl Site<'_> {
    /// Names, reserved paths and tasks for the missing files. The inner error is for people: no name is free.
    fn lay_out(
        &mut self,
        ctx: &Context,
        subject: &Subject<'_>,
        wanted: &[Wanted],
        placement: Option<Placement>,
    ) -> Result<Result<LaidOut, String>, RunError> {
        let policy = &ctx.job.photos;
        let asset = subject.asset;
        let mut placement = match placement {
            Some(placement) => match self.moved(policy, subject, wanted, placement)? {
                Some(placement) => placement,
                None => return Ok(Err("no name is free for it in its new folder".into())),
            },
            None => match self.new_placement(policy, subject, wanted)? {
                Some(placement) => placement,
                None => return Ok(Err("no name is free for it".into())),
            },
        };
        let missing: Vec<Wanted> = plan::missing(wanted, Some(&placement)).into_iter().cloned().collect();
        let mut laid = LaidOut {
            placement: placement.clone(),
            taken: vec![],
            tasks: vec![],
            adopted: vec![],
            retimed: vec![],
        };
        let mtime = plan::mtime(asset);
        for (file, name) in missing.iter().zip(self.names_in(asset, &placement, wanted, &missing)?) {
            let Some(FileName { name, or_else }) = name else {
                return Ok(Err(format!(
                    "No free name for the {} of `{}`",
                    file.resource.kind.as_str(),
                    placement.stem
                )));
            };
            let text = placement.path(&name);
            let folded = fold(&text);
            let path = match RelPath::parse(&text) {
                Ok(path) => path,
                Err(error) => return Ok(Err(error.to_string())),
            };
            let or_else = or_else.and_then(|name| RelPath::parse(&placement.path(&name)).ok());
            for folded in
                [Some(folded), or_else.as_ref().map(|path| fold(path.as_str()))].into_iter().flatten()
            {
                self.taken.insert(folded.clone(), self.item.clone());
                laid.taken.push(folded);
            }
            let old = placement.file(file.resource.kind).cloned();
            let mut placed = PlacedFile {
                kind: file.resource.kind,
                name,
                checksum: file.resource.checksum.clone(),
                size: file.resource.size,
                mtime_ms: mtime.map(Timestamp::as_millisecond),
                proof: None,
                lies: Lies::There,
            };
            let proof = if self.is_same(&path, &file.resource)? {
                Some(Proof::Proven)
            } else {
                self.still_ours(&path, old.as_ref(), &placed)?
            };
            if proof.is_some() {
                placed.proof = proof;
                let access = if asset.hidden { Access::Private } else { Access::Shared };
                if self.root.stat(&path)?.is_some_and(|facts| !same_time(facts.mtime_ns, &placed)) {
                    laid.retimed.push((path, Finish { mtime, access }));
                }
                laid.adopted.push((text, placed.clone()));
                put(&mut placement, placed);
                continue;
            }
            let (mut source, mut replaces) = (None, None);
            match old.filter(|old| old.proof.is_some()) {
                None => put(&mut placement, placed),
                Some(old) => {
                    let lies = match &old.lies {
                        Lies::There | Lies::Altered => placement.path(&old.name),
                        Lies::Elsewhere(path) | Lies::Attic(path) => path.clone(),
                    };
                    let (lies, same) = (RelPath::parse(&lies).ok(), old.checksum == placed.checksum);
                    // The ledger goes on telling where the content lies until it is in its place.
                    if same && matches!(old.lies, Lies::Elsewhere(_) | Lies::Attic(_)) {
                        source = lies.map(|path| Source { path, file: old.clone() });
                        put(
                            &mut placement,
                            PlacedFile { proof: old.proof, lies: old.lies, mtime_ms: old.mtime_ms, ..placed },
                        );
                    } else if !matches!(old.lies, Lies::Attic(_)) {
                        replaces = lies;
                    }
                }
            }
            let on_master = file.resource.kind.is_on_master();
            laid.tasks.push(Task {
                item: self.item.clone(),
                record: if on_master { subject.master.record.clone() } else { asset.record.clone() },
                wanted: file.clone(),
                path,
                source,
                or_else,
                replaces,
                mtime,
                private: asset.hidden,
                private_dir: plan::private_dir(&placement.folder).filter(|_| asset.hidden),
            });
        }
        let outdated: Vec<Kind> = outdated(&placement, wanted, mtime).map(|file| file.kind).collect();
        for file in placement.files.iter_mut().filter(|file| outdated.contains(&file.kind)) {
            file.mtime_ms = mtime.map(Timestamp::as_millisecond);
            let name = if placement.folder.is_empty() {
                file.name.clone()
            } else {
                format!("{}/{}", placement.folder, file.name)
            };
            let access = if asset.hidden { Access::Private } else { Access::Shared };
            laid.retimed.extend(RelPath::parse(&name).ok().map(|path| (path, Finish { mtime, access })));
        }
        laid.placement = placement;
        Ok(Ok(laid))
    }

    /// The placement of an item whose date, layout or hiding puts it into another folder: new names there, and every
    /// file that is on disk known to lie elsewhere. The same placement when the folder is right.
    fn moved(
        &mut self,
        policy: &Photos,
        subject: &Subject<'_>,
        wanted: &[Wanted],
        old: Placement,
    ) -> Result<Option<Placement>, RunError> {
        if plan::folder(subject.asset, subject.zone, policy).join("/") == old.folder {
            return Ok(Some(old));
        }
        let Some(mut new) = self.new_placement(policy, subject, wanted)? else { return Ok(None) };
        let names = plan::names_for(&new.stem, "", wanted);
        for file in &old.files {
            let at = wanted.iter().position(|wanted| wanted.resource.kind == file.kind);
            let name = at.and_then(|at| names.files.get(at)).unwrap_or(&file.name).clone();
            let lies = match &file.lies {
                Lies::There | Lies::Altered => Lies::Elsewhere(old.path(&file.name)),
                other => other.clone(),
            };
            new.files.push(PlacedFile { name, lies, ..file.clone() });
        }
        Ok(Some(new))
    }

    /// Folder and stem for an item that has none yet; `None` when no name is free.
    fn new_placement(
        &mut self,
        policy: &Photos,
        subject: &Subject<'_>,
        wanted: &[Wanted],
    ) -> Result<Option<Placement>, RunError> {
        let folder = plan::folder(subject.asset, subject.zone, policy).join("/");
        let stem = plan::base_name(subject.asset, subject.master, policy.names);
        let placement = Placement { folder, stem, files: vec![] };
        let names = plan::choose_names(subject.asset, &placement.stem, wanted, |name, file| {
            self.spot(&placement.path(name), file)
        })?;
        Ok(names.map(|names| Placement { stem: names.stem, ..placement }))
    }

    /// File names for the missing files: those reserved before, those of the stem, or marked ones where another
    /// file has taken them meanwhile.
    fn names_in(
        &mut self,
        asset: &Asset,
        placement: &Placement,
        wanted: &[Wanted],
        missing: &[Wanted],
    ) -> Result<Vec<Option<FileName>>, RunError> {
        let plain = plan::names_for(&placement.stem, "", wanted);
        let mut names = Vec::with_capacity(missing.len());
        for file in missing {
            let at = wanted.iter().position(|other| other == file).unwrap_or(0);
            let name = plain.files.get(at).cloned().unwrap_or_default();
            let own =
                placement.file(file.resource.kind).is_some_and(|old| old.name == name && old.proof.is_some());
            let spot = if own { Spot::Same } else { self.spot(&placement.path(&name), file)? };
            if matches!(spot, Spot::Same | Spot::Free) {
                names.push(Some(FileName { name, or_else: None }));
                continue;
            }
            let alone = std::slice::from_ref(file);
            let marked = plan::choose_names(asset, &placement.stem, alone, |candidate, file| {
                if candidate == name { Ok(Spot::Taken) } else { self.spot(&placement.path(candidate), file) }
            })?;
            let found = marked.as_ref().map_or(Spot::Taken, |marked| marked.spot);
            let other = marked.and_then(|marked| marked.files.into_iter().next());
            names.push(if spot == Spot::Maybe && found != Spot::Same {
                Some(FileName { name, or_else: other })
            } else {
                other.map(|name| FileName { name, or_else: None })
            });
        }
        Ok(names)
    }

    /// What lies at a path, as far as a file that would go there cares.
    fn spot(&mut self, path: &str, file: &Wanted) -> Result<Spot, RunError> {
        let folded = fold(path);
        let owner = match self.taken.get(&folded) {
            Some(owner) => Some(owner.clone()),
            None => state::owner(self.view, state::Root::Photos, &folded)?,
        };
        if owner.is_some_and(|owner| owner != *self.item) {
            return Ok(Spot::Taken);
        }
        // A path that no disk takes is as good as taken: the next candidate is tried.
        let Ok(path) = RelPath::parse(path) else { return Ok(Spot::Taken) };
        let Some(facts) = self.root.stat(&path)? else { return Ok(Spot::Free) };
        if facts.kind != FileKind::File || facts.size != file.resource.size {
            return Ok(Spot::Taken);
        }
        Ok(if self.is_same(&path, &file.resource)? { Spot::Same } else { Spot::Maybe })
    }

    /// The proof of a file that seemed altered and has the content all the same that larder wrote: only its time changed.
    fn still_ours(
        &self,
        path: &RelPath,
        old: Option<&PlacedFile>,
        wanted: &PlacedFile,
    ) -> Result<Option<Proof>, RunError> {
        let Some(old) = old.filter(|old| old.lies == Lies::Altered && old.checksum == wanted.checksum) else {
            return Ok(None);
        };
        let facts = self.root.stat(path)?;
        let plausible = facts.is_some_and(|facts| facts.kind == FileKind::File && facts.size == old.size);
        Ok(if plausible && holds(self.root, path, old)? { old.proof } else { None })
    }

    /// Whether the very content that is wanted lies at the path, proven by Apple's checksum.
    fn is_same(&mut self, path: &RelPath, resource: &Resource) -> Result<bool, RunError> {
        if resource.checksum.provable().is_none() {
            return Ok(false);
        }
        let key = (path.to_string(), resource.checksum.clone());
        if let Some(same) = self.same.get(&key) {
            return Ok(*same);
        }
        let facts = self.root.stat(path)?;
        let same = match facts {
            Some(facts) if facts.kind == FileKind::File && facts.size == resource.size => {
                self.root.hash(path, false)?.apple == resource.checksum
            }
            _ => return Ok(false),
        };
        self.same.insert(key, same);
        Ok(same)
    }
}

/// Files in place that are still wanted and carry another time than the photo has.
fn outdated<'a>(
    placement: &'a Placement,
    wanted: &'a [Wanted],
    mtime: Option<Timestamp>,
) -> impl Iterator<Item = &'a PlacedFile> {
    let mtime = mtime.map(Timestamp::as_millisecond);
    placement.files.iter().filter(move |file| {
        let wanted = wanted.iter().any(|wanted| wanted.resource.kind == file.kind);
        wanted && file.is_in_place() && mtime.is_some() && file.mtime_ms != mtime
    })
}

fn put(placement: &mut Placement, file: PlacedFile) {
    placement.files.retain(|other| other.kind != file.kind);
    placement.files.push(file);
}
