//! What is to be done about the entry of one photo in one album: which names it has, what is right already, what leaves.
//!
//! Looks at the disk and changes nothing.

use std::collections::HashMap;

use super::look::{is_ours, is_right, parse, same_time, source};
use super::pass::Pass;
use super::shown::Photo;
use crate::state::{self, Form, Proof, Root, Shown, View, ViewEntry};
use crate::sync::RunError;
use crate::sync::plan::{Spot, entry_name, marks};
use crate::tree::name::fold;
use crate::tree::{FileKind, TreeError};

/// What is to be done about an entry.
#[derive(Debug)]
pub(super) struct EntryPlan {
    /// The asset.
    pub(super) asset: String,
    /// What was noted before.
    pub(super) before: ViewEntry,
    /// What its names carry from now on; `None` when the entry goes.
    pub(super) mark: Option<String>,
    /// Files that are right.
    pub(super) keep: Vec<Shown>,
    /// Those of them whose photo has another date now.
    pub(super) retime: Vec<Shown>,
    /// Files to be made.
    pub(super) make: Vec<Shown>,
    /// Files that are there under another name, and what they are to be.
    pub(super) moves: Vec<(Shown, Shown)>,
    /// What was noted and is not to be there any more, or not as it is.
    pub(super) remove: Vec<Shown>,
    /// Whether the last file of the photo may go: it was deleted in iCloud, and the job file says so.
    pub(super) expendable: bool,
}

/// What planning an entry came to.
pub(super) enum Planned {
    /// This is to be done.
    Plan(EntryPlan),
    /// A file of the photo is not where the ledger has it: nothing can be made. What there is goes along with its album.
    Lost(String, Option<EntryPlan>),
    /// There is no name for it.
    Stuck(String),
}

/// An album that gets entries.
pub(super) struct Site<'a> {
    pub(super) pass: &'a Pass<'a>,
    pub(super) view: &'a View,
    /// Its directory.
    pub(super) dir: &'a str,
    /// Whether the directory does not exist yet, so that nothing can be found in it.
    pub(super) fresh: bool,
    /// Folded paths given to assets since the state was looked at.
    pub(super) claimed: &'a HashMap<String, String>,
}

/// A choice of names, with what lies there.
struct Choice {
    mark: String,
    files: Vec<(Shown, Spot, bool)>,
}

impl EntryPlan {
    /// The entry goes, or in a playlist: its files do.
    pub(super) fn without_files(asset: String, before: ViewEntry, stays: bool) -> Self {
        let remove = before.files.clone();
        Self { remove, mark: stays.then(String::new), ..Self::empty(asset, before) }
    }

    fn empty(asset: String, before: ViewEntry) -> Self {
        Self {
            asset,
            before,
            mark: None,
            keep: vec![],
            retime: vec![],
            make: vec![],
            moves: vec![],
            remove: vec![],
            expendable: false,
        }
    }

    /// Files that the disk is going to have and that the state does not know yet.
    pub(super) fn coming(&self) -> impl Iterator<Item = &Shown> {
        self.make.iter().chain(self.moves.iter().map(|(_, to)| to))
    }

    /// Whether the disk is as it should be.
    pub(super) fn is_done(&self) -> bool {
        self.make.is_empty() && self.moves.is_empty() && self.remove.is_empty() && self.retime.is_empty()
    }
}

impl Site<'_> {
    /// Plans the entry of a photo that is to be shown as `form`.
    pub(super) fn plan(
        &self,
        asset: String,
        before: Option<ViewEntry>,
        photo: &Photo,
        form: Form,
    ) -> Result<Planned, RunError> {
        let known = before.is_some();
        let before = before.unwrap_or_default();
        if !self.pass.dry {
            for file in &photo.files {
                let shown = self.shown(photo, file, "", form);
                if source(&self.pass.ctx.root, &shown)?.is_none() {
                    let along = if known { Some(self.along(asset, before)?) } else { None };
                    return Ok(Planned::Lost(shown.source, along));
                }
            }
        }
        let Some(choice) = self.choose(&asset, known.then_some(&before), photo, form)? else {
            let name = photo.files.first().map_or("", |file| file.name.as_str());
            return Ok(Planned::Stuck(format!("{}/{name}", self.dir)));
        };
        let mut plan = EntryPlan { mark: Some(choice.mark), ..EntryPlan::empty(asset, before) };
        plan.remove = plan.before.files.clone();
        for (want, spot, empty) in choice.files {
            if spot == Spot::Same {
                plan.remove.retain(|noted| noted.path != want.path);
                let own_time = matches!(want.form, Form::Copy | Form::Reflink);
                if own_time && self.is_dated_otherwise(&want)? {
                    plan.retime.push(want.clone());
                }
                plan.keep.push(Shown { done: true, ..want });
                continue;
            }
            let moved = |noted: &Shown| {
                noted.done
                    && noted.form == want.form
                    && noted.form != Form::Symlink
                    && (noted.kind, noted.size, &noted.checksum) == (want.kind, want.size, &want.checksum)
                    && (noted.form == Form::Hardlink || noted.mtime_ms == want.mtime_ms)
            };
            match plan.remove.iter().position(moved).filter(|_| empty) {
                Some(at) => plan.moves.push((plan.remove.remove(at), want)),
                None => plan.make.push(want),
            }
        }
        Ok(Planned::Plan(plan))
    }

    /// An entry as it is, in the directory that the album has now: it may be the last that there is of the photo.
    fn along(&self, asset: String, before: ViewEntry) -> Result<EntryPlan, RunError> {
        let mut plan = EntryPlan { mark: Some(before.mark.clone()), ..EntryPlan::empty(asset, before) };
        for noted in plan.before.files.clone() {
            let name = noted.path.rsplit_once('/').map_or(noted.path.as_str(), |(_, name)| name);
            let path = format!("{}/{name}", self.dir);
            let movable = noted.done && noted.form != Form::Symlink && noted.path != path;
            let (root, folded) = (&self.pass.ctx.root, fold(&path));
            let free = movable
                && !self.claimed.contains_key(&folded)
                && state::owner(self.view, Root::Albums, &folded)?.is_none()
                && root.stat(&parse(&path)?)?.is_none()
                && root.stat(&parse(&noted.path)?)?.is_some();
            if free {
                plan.moves.push((noted.clone(), Shown { path, done: false, ..noted }));
            } else {
                plan.keep.push(noted);
            }
        }
        Ok(plan)
    }

    fn is_dated_otherwise(&self, want: &Shown) -> Result<bool, TreeError> {
        let facts = self.pass.ctx.root.stat(&parse(&want.path)?)?;
        Ok(want.mtime_ms.is_some() && facts.is_some_and(|facts| !same_time(&facts, want)))
    }

    /// Names for the files of an entry: those that it has, or the first that are free. What lies there already and is
    /// right wins, and of two such the marked one, because the mark is this photo's alone.
    fn choose(
        &self,
        asset: &str,
        before: Option<&ViewEntry>,
        photo: &Photo,
        form: Form,
    ) -> Result<Option<Choice>, RunError> {
        let mut order: Vec<String> = before.map(|entry| entry.mark.clone()).into_iter().collect();
        order.extend(marks(asset));
        let (mut same, mut free) = (None, None);
        for mark in order {
            let mut files = Vec::with_capacity(photo.files.len());
            for file in &photo.files {
                let want = self.shown(photo, file, &mark, form);
                let (spot, empty) = self.spot(asset, &want, before)?;
                files.push((want, spot, empty));
            }
            if files.iter().any(|(_, spot, _)| *spot == Spot::Taken) {
                continue;
            }
            if before.is_some() || self.fresh {
                return Ok(Some(Choice { mark, files }));
            }
            if files.iter().any(|(_, spot, _)| *spot == Spot::Same) {
                same = Some(Choice { mark, files });
            } else {
                free.get_or_insert(Choice { mark, files });
            }
        }
        Ok(same.or(free))
    }

    /// What lies where a file is to be, and whether that is nothing at all.
    fn spot(&self, asset: &str, want: &Shown, before: Option<&ViewEntry>) -> Result<(Spot, bool), RunError> {
        let folded = fold(&want.path);
        let owner = match self.claimed.get(&folded) {
            Some(owner) => Some(owner.clone()),
            None => state::owner(self.view, Root::Albums, &folded)?.map(|owner| owner.record),
        };
        if owner.is_some_and(|owner| owner != asset) {
            return Ok((Spot::Taken, false));
        }
        let root = &self.pass.ctx.root;
        let Some(facts) = root.stat(&parse(&want.path)?)? else { return Ok((Spot::Free, true)) };
        let noted =
            || before.into_iter().flat_map(|entry| &entry.files).filter(|noted| noted.path == want.path);
        if is_right(root, want, &facts, noted().find(|noted| noted.done))? {
            return Ok((Spot::Same, false));
        }
        for noted in noted() {
            // A file that somebody changed goes aside; it is what lies at this entry's own path.
            if is_ours(root, noted, &facts)? || (noted.done && facts.kind == FileKind::File) {
                return Ok((Spot::Free, false));
            }
        }
        Ok((Spot::Taken, false))
    }

    fn shown(&self, photo: &Photo, file: &state::PlacedFile, mark: &str, form: Form) -> Shown {
        Shown {
            path: format!("{}/{}", self.dir, entry_name(&file.name, &photo.stem, mark)),
            kind: file.kind,
            form,
            source: photo.path(file),
            checksum: file.checksum.clone(),
            sha256: match file.proof {
                Some(Proof::SizeOnly { sha256 } | Proof::Disputed { sha256 }) => Some(sha256),
                _ => None,
            },
            size: file.size,
            mtime_ms: file.mtime_ms,
            done: false,
        }
    }
}
