//! Carrying out what was planned for a group of entries: what leaves first, then what moves, then what is made.
//!
//! Nothing is removed but what larder made: a file that somebody changed goes to the attic, and so does one that is the
//! last name of a photo's content; anything else stays where it is.

use jiff::Timestamp;
use jiff::civil::Date;

use super::entry::EntryPlan;
use super::look::{is_ours, is_right, parse, source, source_holds};
use super::pass::{Pass, next_best};
use crate::state::{Form, Shown};
use crate::sync::RunError;
use crate::sync::plan::relative;
use crate::tree::{Access, Dir, FileKind, Finish, RelPath, Root, TreeError};

/// What became of an entry.
pub(super) struct Done {
    /// What was planned.
    pub(super) plan: EntryPlan,
    /// Its files as they are on disk now.
    pub(super) files: Vec<Shown>,
    /// What could not be done: the path and why.
    pub(super) failed: Option<(String, String)>,
}

/// Carries out a group and makes it last.
pub(super) fn carry_out(pass: &Pass<'_>, plans: Vec<EntryPlan>) -> Result<Vec<Done>, RunError> {
    let root = &*pass.ctx.root;
    let mut hand = Hand { pass, root, date: pass.ctx.today(), made: vec![], left: vec![] };
    let mut group: Vec<Done> = plans.into_iter().map(Done::nothing).collect();
    for done in &mut group {
        hand.each(done, |hand, done| {
            let (noted, expendable) = (&done.plan.before.files, done.plan.expendable);
            done.plan.remove.iter().try_for_each(|shown| hand.leave(shown, noted, expendable))
        })?;
    }
    for done in &mut group {
        hand.each(done, |hand, done| {
            for (from, to) in &done.plan.moves {
                done.files.extend(hand.relocate(from, to, &done.plan.before.files)?);
            }
            Ok(())
        })?;
    }
    for done in &mut group {
        hand.each(done, |hand, done| {
            for want in &done.plan.make {
                done.files.push(hand.make(want)?);
            }
            for shown in &done.plan.retime {
                let mtime = shown.mtime_ms.and_then(|ms| Timestamp::from_millisecond(ms).ok());
                root.refinish(&parse(&shown.path)?, Finish { mtime, access: Access::Shared })?;
            }
            Ok(())
        })?;
    }
    hand.finish()?;
    Ok(group)
}

/// What acts, and which directories it touched.
struct Hand<'a> {
    pass: &'a Pass<'a>,
    root: &'a Root,
    date: Date,
    made: Vec<Dir>,
    left: Vec<Dir>,
}

impl Hand<'_> {
    /// Does something about an entry. What concerns it alone is noted with it, and what was noted of its files before
    /// stays noted; a disk in trouble ends the run.
    fn each(
        &mut self,
        done: &mut Done,
        act: impl Fn(&mut Self, &mut Done) -> Result<(), TreeError>,
    ) -> Result<(), RunError> {
        if done.failed.is_some() {
            return Ok(());
        }
        match act(self, done) {
            Ok(()) => Ok(()),
            Err(error) if error.is_disk() => Err(error.into()),
            Err(error) => {
                let first = done.plan.coming().chain(&done.plan.remove).next();
                done.failed =
                    Some((first.map_or(String::new(), |shown| shown.path.clone()), error.to_string()));
                Ok(())
            }
        }
    }

    /// Lets what was noted leave; `noted` is all that was noted of the entry. A run that was stopped may have left several forms of a file noted for one path: what lies
    /// there is larder's when it is any of them.
    fn leave(&mut self, shown: &Shown, noted: &[Shown], expendable: bool) -> Result<(), TreeError> {
        let path = parse(&shown.path)?;
        let facts = self.root.stat(&path)?;
        self.left.push(path.parent());
        let Some(facts) = facts else { return Ok(()) };
        let forms = || noted.iter().filter(|noted| noted.path == shown.path);
        let mut ours = false;
        for form in forms() {
            ours = ours || is_ours(self.root, form, &facts)?;
        }
        let done = forms().any(|form| form.done);
        let linked = forms().any(|form| form.form == Form::Hardlink);
        let may_be_last = linked && facts.nlink == 1 && !expendable;
        let last = may_be_last && facts.kind == FileKind::File && !source_holds(self.root, shown)?;
        if ours && !last {
            self.root.remove(&path)?;
            self.pass.ctx.tally.note(|out| out.views.removed += 1);
        } else if facts.kind == FileKind::File && (ours || done) {
            let attic = self.root.retire(&path, self.date)?;
            self.left.push(attic.parent());
            self.pass.ctx.tally.set_aside(&shown.path);
        } else if done {
            self.pass.ctx.warn(format!("`{path}` is not what larder made; it stays as it is"));
        }
        Ok(())
    }

    /// Moves a file that an entry has to its new name; where it cannot be moved, it is made anew. `None` when somebody changed it
    /// and took the photo's own file away: then there is nothing to show.
    fn relocate(&mut self, from: &Shown, to: &Shown, noted: &[Shown]) -> Result<Option<Shown>, TreeError> {
        let (old, new) = (parse(&from.path)?, parse(&to.path)?);
        let facts = self.root.stat(&old)?;
        // Another name of an older version of the file is not what is wanted.
        let fits = match facts {
            Some(facts) if to.form == Form::Hardlink && source(self.root, to)?.is_some() => {
                is_right(self.root, to, &facts, None)?
            }
            Some(facts) => is_ours(self.root, from, &facts)?,
            None => false,
        };
        if !fits {
            self.leave(from, noted, false)?;
            if source(self.root, to)?.is_none() {
                self.pass.ctx.warn(format!("`{}` is not where larder put it; no album shows it", to.source));
                return Ok(None);
            }
            return self.make(to).map(Some);
        }
        self.root.relocate(&old, &new, Access::Shared)?;
        self.left.push(old.parent());
        self.made.push(new.parent());
        self.pass.ctx.tally.note(|out| out.views.moved += 1);
        Ok(Some(Shown { done: true, ..to.clone() }))
    }

    /// Makes a file of an entry, in the wanted form or the next best that can be made there.
    fn make(&mut self, want: &Shown) -> Result<Shown, TreeError> {
        let (path, source) = (parse(&want.path)?, parse(&want.source)?);
        for form in next_best(want.form) {
            let made = match form {
                Form::Hardlink => self.root.link(&source, &path)?,
                Form::Symlink => self.root.symlink(&relative(&want.path, &want.source), &path)?,
                Form::Copy => self.root.duplicate(&source, &path, false)?,
                Form::Reflink => self.root.duplicate(&source, &path, true)?,
            };
            if made {
                self.made.push(path.parent());
                self.pass.ctx.tally.note(|out| out.views.made += 1);
                return Ok(Shown { form: *form, done: true, ..want.clone() });
            }
        }
        Err(TreeError::AlreadyThere { path: want.path.clone() })
    }

    /// Removes directories that are empty now and syncs the others.
    fn finish(mut self) -> Result<(), RunError> {
        self.left.sort();
        self.left.dedup();
        for dir in &self.left {
            let own = dir.path().is_some_and(RelPath::is_larders_own);
            let pruned = if own { Ok(()) } else { self.root.prune(dir) };
            let pruned = pruned.and_then(|()| self.root.sync_left(std::slice::from_ref(dir)));
            match pruned {
                // Something else has the directory's name by now: it is nobody's concern.
                Err(error) if !error.is_disk() => tracing::debug!(%error, "an album's directory stays"),
                pruned => pruned?,
            }
        }
        if !self.made.is_empty() {
            self.root.sync_dirs(&self.made)?;
        }
        Ok(())
    }
}

impl Done {
    /// An entry about which nothing was to be done.
    pub(super) fn nothing(plan: EntryPlan) -> Self {
        Self { files: plan.keep.clone(), plan, failed: None }
    }

    /// Whether the state does not know this yet.
    pub(super) fn is_news(&self) -> bool {
        let before = &self.plan.before;
        self.plan.mark.as_ref() != Some(&before.mark)
            || self.files != before.files
            || self.plan.coming().next().is_some()
            // An entry of a playlist has no files.
            || before.files.is_empty()
    }
}
