//! Moving files back from the attic and recording it, in groups; or copying them elsewhere.

use jiff::Timestamp;

use super::{Brought, Outcome, Request, Totals};
use crate::model::{ItemId, Kind, Part};
use crate::state::{self, HistoryEvent, Lies, PlacedFile, Placement, State, View, What, Why};
use crate::sync::RunError;
use crate::sync::apply::known::{is_as_written, is_meant, own_hash};
use crate::sync::plan::private_dir;
use crate::tree::name::fold;
use crate::tree::{Access, Dir, FileKind, Finish, Outlet, RelPath, Root, TreeError};

/// Files of a group.
const GROUP: usize = 64;

/// A file of the attic that is to come back.
pub(super) struct Candidate {
    /// Where it was.
    pub(super) path: String,
    /// Where it is.
    pub(super) attic: String,
    /// Whose file it is, when history tells.
    pub(super) item: Option<ItemId>,
    /// Whether it is known not to be what larder wrote.
    pub(super) set_aside: bool,
}

/// What the ledger knows of a file in the attic.
struct Owned {
    item: ItemId,
    file: PlacedFile,
}

/// A file that lies in its place again and is not recorded yet.
struct Moved {
    path: RelPath,
    attic: RelPath,
    size: u64,
    item: Option<ItemId>,
    /// The file of the item, when it is what the ledger says.
    kind: Option<Kind>,
}

/// Brings files back, one after the other.
pub(super) struct Bring<'a> {
    state: &'a State,
    root: &'a Root,
    request: &'a Request<'a>,
    now: Timestamp,
    each: &'a mut dyn FnMut(&Brought),
    group: Vec<Moved>,
    copies: Vec<Dir>,
    totals: Totals,
    moved: u64,
}

impl<'a> Bring<'a> {
    pub(super) fn new(
        state: &'a State,
        root: &'a Root,
        request: &'a Request<'a>,
        now: Timestamp,
        each: &'a mut dyn FnMut(&Brought),
    ) -> Self {
        let (group, copies) = (Vec::new(), Vec::new());
        Self { state, root, request, now, each, group, copies, totals: Totals::default(), moved: 0 }
    }

    /// Files that left the attic so far.
    pub(super) fn moved(&self) -> u64 {
        self.moved
    }

    /// Brings a file back.
    pub(super) fn bring(&mut self, candidate: Candidate) -> Result<(), RunError> {
        let outcome = match self.request.to {
            Some(outlet) => self.copy(outlet, &candidate),
            None => self.put_back(&candidate),
        };
        match outcome {
            Ok(None) if self.group.len() >= GROUP => self.commit(),
            Ok(None) => Ok(()),
            Ok(Some(brought)) => {
                self.tell(&brought);
                Ok(())
            }
            Err(RunError::Tree(error)) if !error.is_disk() => {
                let outcome = match error {
                    TreeError::AlreadyThere { .. } => Outcome::Taken,
                    _ => Outcome::Failed,
                };
                let why = Some(error.to_string());
                let Candidate { path, attic, .. } = candidate;
                self.tell(&Brought { path, attic, copy: None, outcome, why });
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Records a file that an earlier restore moved back before it was cut off. `false` when there is none.
    pub(super) fn finish(&mut self, candidate: &Candidate) -> Result<bool, RunError> {
        if self.request.to.is_some() || self.request.dry_run {
            return Ok(false);
        }
        let Some(owned) = owned(&self.state.view()?, self.root, candidate)? else { return Ok(false) };
        let (path, attic) = (parse(&candidate.path)?, parse(&candidate.attic)?);
        match is_as_written(self.root, &path, &owned.file) {
            Ok(true) => {}
            Err(error) if error.is_disk() => return Err(error.into()),
            _ => return Ok(false),
        }
        let kind = Some(owned.file.kind);
        self.group.push(Moved { path, attic, size: owned.file.size, item: Some(owned.item), kind });
        if self.group.len() >= GROUP {
            self.commit()?;
        }
        Ok(true)
    }

    /// Whether the file that larder knows lies at its path: then the one in the attic did not leave, it was replaced.
    pub(super) fn is_earlier_version(&mut self, candidate: &Candidate) -> Result<bool, RunError> {
        let view = self.state.view()?;
        let there = match state::owner(&view, state::Root::Photos, &fold(&candidate.path))? {
            Some(item) => state::placement(&view, &item)?.is_some_and(|placement| {
                let at_path = |file: &PlacedFile| placement.path(&file.name) == candidate.path;
                placement.files.iter().any(|file| file.is_in_place() && at_path(file))
            }),
            None => false,
        };
        let earlier = there && self.root.stat(&parse(&candidate.path)?)?.is_some();
        self.totals.earlier += u64::from(earlier);
        Ok(earlier)
    }

    /// There is an earlier version of a file that is in its place.
    pub(super) fn earlier(&mut self) {
        self.totals.earlier += 1;
    }

    /// Something in the attic cannot be read.
    pub(super) fn failed(&mut self, error: &TreeError) {
        let (path, attic) = (String::new(), String::new());
        let why = Some(error.to_string());
        self.tell(&Brought { path, attic, copy: None, outcome: Outcome::Failed, why });
    }

    /// Records what is left to record and gives the totals.
    pub(super) fn end(mut self) -> Result<Totals, RunError> {
        self.commit()?;
        if let Some(outlet) = self.request.to.filter(|_| !self.copies.is_empty()) {
            outlet.sync_dirs(&self.copies)?;
        }
        Ok(self.totals)
    }

    /// Moves a file back. `None` when that is still to be recorded.
    fn put_back(&mut self, candidate: &Candidate) -> Result<Option<Brought>, RunError> {
        let (path, attic) = (parse(&candidate.path)?, parse(&candidate.attic)?);
        if self.root.stat(&path)?.is_some() {
            return Err(TreeError::AlreadyThere { path: path.to_string() }.into());
        }
        if self.request.dry_run {
            return Ok(Some(brought(candidate, None, Outcome::WouldRestore)));
        }
        let view = self.state.view()?;
        let owned = owned(&view, self.root, candidate)?;
        let own = owned.as_ref().map(|owned| &owned.item).or(candidate.item.as_ref());
        let owner = state::owner(&view, state::Root::Photos, &fold(path.as_str()))?;
        drop(view);
        // A name of Drive became free when its file left, and may be meant for another one.
        if self.request.part == Part::Drive && owner.is_some() && owner.as_ref() != own {
            return Err(TreeError::AlreadyThere { path: path.to_string() }.into());
        }
        // Before it is moved: afterwards a crash must find either all of it or none.
        let kind = match &owned {
            Some(owned) if is_as_written(self.root, &attic, &owned.file)? => Some(owned.file.kind),
            _ => None,
        };
        let private = self.private_dir(&path);
        let access = if private.is_some() { Access::Private } else { Access::Shared };
        if let Some(dir) = &private {
            self.root.ensure_dir(dir, access)?;
        }
        let facts = self.root.relocate(&attic, &path, access)?;
        self.root.refinish(&path, Finish { mtime: None, access })?;
        let item = owned.map(|owned| owned.item).or_else(|| candidate.item.clone());
        self.group.push(Moved { path, attic, size: facts.size, item, kind });
        self.moved += 1;
        Ok(None)
    }

    fn copy(&mut self, outlet: &Outlet, candidate: &Candidate) -> Result<Option<Brought>, RunError> {
        let (path, attic) = (parse(&candidate.path)?, parse(&candidate.attic)?);
        let to = self.name_of_copy(&path)?;
        if self.request.dry_run {
            if outlet.has(&to)? {
                return Err(TreeError::AlreadyThere { path: to.to_string() }.into());
            }
            return Ok(Some(brought(candidate, Some(to), Outcome::WouldRestore)));
        }
        let owned = owned(&self.state.view()?, self.root, candidate)?.filter(|_| !candidate.set_aside);
        let private = self.private_dir(&path).is_some();
        let access = if private { Access::Private } else { Access::Shared };
        let with_sha256 = owned.as_ref().is_some_and(|owned| own_hash(&owned.file).is_some());
        let digest = outlet.copy(self.root, &attic, &to, access, with_sha256)?;
        self.copies.push(to.parent());
        if self.copies.len() >= GROUP {
            outlet.sync_dirs(&std::mem::take(&mut self.copies))?;
        }
        if owned.is_some_and(|owned| !is_meant(&digest, &owned.file)) {
            let why = "it is not what larder wrote: it was changed or went bad on this disk";
            let brought = brought(candidate, Some(to), Outcome::Altered);
            return Ok(Some(Brought { why: Some(why.to_owned()), ..brought }));
        }
        Ok(Some(brought(candidate, Some(to), Outcome::Copied)))
    }

    /// The directory of hidden photos, for a file that lies in it.
    fn private_dir(&self, path: &RelPath) -> Option<RelPath> {
        match self.request.part {
            Part::Photos => private_dir(&path.parent().to_string()),
            Part::Drive => None,
        }
    }

    /// As `cp -r` names copies: a file that was asked for keeps its name, a folder its name and what is below it.
    fn name_of_copy(&self, path: &RelPath) -> Result<RelPath, RunError> {
        let above = self.request.from.path().map(RelPath::parent).and_then(|above| above.path().cloned());
        let below = match &above {
            Some(above) => path.as_str().strip_prefix(above.as_str()).and_then(|rest| rest.strip_prefix('/')),
            None => None,
        };
        parse(below.unwrap_or(path.as_str()))
    }

    /// Makes the names of the group last, then records it in one transaction.
    fn commit(&mut self) -> Result<(), RunError> {
        let group = std::mem::take(&mut self.group);
        if group.is_empty() {
            return Ok(());
        }
        let dirs: Vec<Dir> = group.iter().map(|moved| moved.path.parent()).collect();
        let left: Vec<Dir> = group.iter().map(|moved| moved.attic.parent()).collect();
        self.root.sync_dirs(&dirs)?;
        for dir in &left {
            self.root.prune_attic(dir)?;
        }
        self.root.sync_left(&left)?;
        let now_ms = self.now.as_millisecond();
        self.state.write(|batch| {
            for moved in &group {
                if let (Some(item), Some(kind)) = (&moved.item, moved.kind)
                    && let Some(mut placement) = state::placement(batch, item)?
                {
                    if self.request.part == Part::Drive {
                        batch.take_path(state::Root::Photos, &fold(moved.path.as_str()), item)?;
                    }
                    pin(&mut placement, kind, moved.path.as_str());
                    batch.put_placement(item, &placement)?;
                }
                batch.tell(
                    now_ms,
                    &HistoryEvent {
                        what: What::Restored { attic: moved.attic.to_string() },
                        path: moved.path.to_string(),
                        item: moved.item.clone(),
                        kind: moved.kind,
                        size: moved.size,
                        why: Why::Asked,
                    },
                )?;
            }
            Ok(())
        })?;
        for Moved { path, attic, .. } in group {
            let (path, attic) = (path.to_string(), attic.to_string());
            self.tell(&Brought { path, attic, copy: None, outcome: Outcome::Restored, why: None });
        }
        Ok(())
    }

    fn tell(&mut self, brought: &Brought) {
        match brought.outcome {
            Outcome::Restored | Outcome::Copied | Outcome::WouldRestore => self.totals.restored += 1,
            Outcome::Taken | Outcome::Altered | Outcome::Failed => self.totals.failed += 1,
        }
        (self.each)(brought);
    }
}

/// The ledger's file that lies at that place of the attic, or that has that path and is no longer where it was in the
/// attic: somebody may have renamed the folder of its day.
fn owned(view: &View, root: &Root, candidate: &Candidate) -> Result<Option<Owned>, RunError> {
    let item = match &candidate.item {
        Some(item) => Some(item.clone()),
        None => state::owner(view, state::Root::Photos, &fold(&candidate.path))?,
    };
    let Some(item) = item else { return Ok(None) };
    let Some(placement) = state::placement(view, &item)? else { return Ok(None) };
    let is_it = |file: &&PlacedFile| match &file.lies {
        Lies::Attic(attic) if *attic == candidate.attic => true,
        Lies::Attic(attic) => placement.path(&file.name) == candidate.path && !is_file(root, attic),
        Lies::There | Lies::Elsewhere(_) | Lies::Altered(_) => false,
    };
    let file = placement.files.iter().filter(|file| file.proof.is_some()).find(is_it).cloned();
    Ok(file.map(|file| Owned { item, file }))
}

/// The file lies at `path` from now on, and no run removes it.
fn pin(placement: &mut Placement, kind: Kind, path: &str) {
    let folder = placement.folder.clone();
    let meant = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    for file in placement.files.iter_mut().filter(|file| file.kind == kind) {
        let there = meant(&file.name) == path;
        file.lies = if there { Lies::There } else { Lies::Elsewhere(path.to_owned()) };
        file.pinned = true;
    }
}

/// Whether a file lies there.
pub(super) fn is_file(root: &Root, path: &str) -> bool {
    let path = RelPath::parse(path).map_err(|bad| TreeError::Reserved { path: bad.path });
    let facts = path.and_then(|path| root.stat(&path));
    facts.ok().flatten().is_some_and(|facts| facts.kind == FileKind::File)
}

fn brought(candidate: &Candidate, copy: Option<RelPath>, outcome: Outcome) -> Brought {
    Brought {
        path: candidate.path.clone(),
        attic: candidate.attic.clone(),
        copy: copy.map(|copy| copy.to_string()),
        outcome,
        why: None,
    }
}

fn parse(path: &str) -> Result<RelPath, RunError> {
    RelPath::parse(path).map_err(|bad| TreeError::Reserved { path: bad.path }.into())
}
