//! Bringing one album up to date, in pieces: entries that leave, then those that stay, then those that come, so that a
//! name that becomes free is free for whoever comes.

use std::collections::HashMap;

use super::act::{Done, carry_out};
use super::entry::{EntryPlan, Planned, Site};
use super::lists;
use super::look::parse;
use super::pass::Pass;
use super::shown::{Cursor, Photo, candidates, is_held, photo};
use crate::config::Policy;
use crate::model::ItemId;
use crate::state::{self, Root, View, ViewAlbum, ViewEntry, ViewMark};
use crate::sync::RunError;
use crate::tree::name::fold;

/// Entries of a group: noted in one transaction, synced together.
const GROUP: usize = 256;

/// Which entries a walk is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Those that are not to be there any more.
    Leave,
    /// Those that are there and stay.
    Stay,
    /// Those that are not there yet.
    Come,
}

/// Brings an album with marks up to date.
pub(super) fn walk(pass: &mut Pass<'_>, album: &ItemId) -> Result<(), RunError> {
    let view = pass.ctx.state.view()?;
    let row = state::view_album(&view, album)?;
    let whole = state::has_view_mark(&view, &ViewMark::Album(album.clone()))?;
    drop(view);
    let shown = row.as_ref().filter(|_| !pass.leaving.contains(album));
    let dir = shown.map(|row| row.dir.clone());
    let fresh = match &dir {
        Some(dir) => match pass.ctx.root.stat(&parse(dir)?) {
            Ok(facts) => facts.is_none(),
            Err(error) if error.is_disk() => return Err(error.into()),
            // What is in the way is told by every entry that cannot be made.
            Err(_) => false,
        },
        None => true,
    };
    let mut walk = Walk { album, dir, fresh, failed: false };
    for stage in [Stage::Leave, Stage::Stay, Stage::Come] {
        match (whole, stage) {
            (false, _) => walk.marked(pass, stage)?,
            (true, Stage::Come) => walk.newcomers(pass)?,
            (true, _) => walk.entries(pass, stage)?,
        }
    }
    let lists = lists::follow(pass, album, row.as_ref(), walk.dir.as_deref())?;
    walk.failed |= lists.is_none();
    if pass.dry {
        return Ok(());
    }
    if let Some(row) = row {
        let lists = lists.unwrap_or_else(|| row.lists.clone());
        let left = if whole && !walk.failed { vec![] } else { row.left.clone() };
        let new = ViewAlbum { left, lists, ..row.clone() };
        let new = (walk.dir.is_some() || walk.failed).then_some(new);
        if new.as_ref() != Some(&row) {
            pass.ctx.state.write(|batch| batch.put_view_album(album, new.as_ref()))?;
        }
    }
    if walk.failed { Ok(()) } else { clear(pass, album) }
}

/// Removes all entries of an album that another one's name is waited for by. Its marks stay.
pub(super) fn vacate(pass: &mut Pass<'_>, album: &ItemId) -> Result<(), RunError> {
    let Some(row) = state::view_album(&pass.ctx.state.view()?, album)? else { return Ok(()) };
    Walk { album, dir: None, fresh: true, failed: false }.entries(pass, Stage::Leave)?;
    if let Some(lists) = lists::follow(pass, album, Some(&row), None)?
        && !pass.dry
    {
        let row = ViewAlbum { lists, ..row };
        pass.ctx.state.write(|batch| batch.put_view_album(album, Some(&row)))?;
    }
    Ok(())
}

/// Takes away the marks that an album has.
fn clear(pass: &Pass<'_>, album: &ItemId) -> Result<(), RunError> {
    let own = ViewMark::Album(album.clone());
    loop {
        let marks = state::view_marks_after(&pass.ctx.state.view()?, Some(&own), GROUP)?;
        let of_album = |mark: &ViewMark| matches!(mark, ViewMark::Entry(of, _) if of == album);
        let marks: Vec<_> = marks.into_iter().take_while(of_album).collect();
        let last = marks.len() < GROUP;
        pass.ctx.state.write(|batch| {
            marks.iter().try_for_each(|mark| batch.clear_view_mark(mark))?;
            if last { batch.clear_view_mark(&own) } else { Ok(()) }
        })?;
        if last {
            return Ok(());
        }
    }
}

/// A walk through an album.
struct Walk<'a> {
    album: &'a ItemId,
    /// Its directory; `None` when it is not to be there.
    dir: Option<String>,
    /// Whether the directory did not exist when the walk began.
    fresh: bool,
    /// Whether something could not be done, so that the marks stay.
    failed: bool,
}

impl Walk<'_> {
    /// Looks at all entries that there are.
    fn entries(&mut self, pass: &mut Pass<'_>, stage: Stage) -> Result<(), RunError> {
        let mut after: Option<String> = None;
        loop {
            let view = pass.ctx.state.view()?;
            let piece = state::view_entries_after(&view, self.album, after.as_deref(), GROUP)?;
            let Some((last, _)) = piece.last() else { return Ok(()) };
            after = Some(last.clone());
            let piece = piece.into_iter().map(|(asset, entry)| (asset, Some(entry))).collect();
            self.group(pass, view, stage, piece)?;
        }
    }

    /// Looks at all that may be in the album and have no entry.
    fn newcomers(&mut self, pass: &mut Pass<'_>) -> Result<(), RunError> {
        let mut cursor = Cursor::default();
        while self.dir.is_some() {
            let view = pass.ctx.state.view()?;
            let Some(piece) = candidates(pass, &view, self.album, &mut cursor)? else { break };
            let mut new = Vec::new();
            for asset in piece {
                if state::view_entry(&view, self.album, &asset)?.is_none() {
                    new.push((asset, None));
                }
            }
            self.group(pass, view, Stage::Come, new)?;
        }
        Ok(())
    }

    /// Looks at the entries that are marked.
    fn marked(&mut self, pass: &mut Pass<'_>, stage: Stage) -> Result<(), RunError> {
        let mut after = ViewMark::Album(self.album.clone());
        loop {
            let view = pass.ctx.state.view()?;
            let marks = state::view_marks_after(&view, Some(&after), GROUP)?;
            let mut piece = Vec::new();
            for mark in marks {
                match &mark {
                    ViewMark::Entry(album, asset) if album == self.album => {
                        piece.push((asset.clone(), state::view_entry(&view, album, asset)?));
                    }
                    _ => break,
                }
                after = mark;
            }
            if piece.is_empty() {
                return Ok(());
            }
            self.group(pass, view, stage, piece)?;
        }
    }

    /// Plans and carries out what a stage asks for among some assets.
    fn group(
        &mut self,
        pass: &mut Pass<'_>,
        view: View,
        stage: Stage,
        assets: Vec<(String, Option<ViewEntry>)>,
    ) -> Result<(), RunError> {
        if pass.ctx.cancel.is_cancelled() {
            return Err(RunError::Interrupted);
        }
        let mut plans: Vec<EntryPlan> = Vec::new();
        let mut claimed = HashMap::new();
        for (asset, before) in assets {
            let shows = match &self.dir {
                Some(_) => photo(pass, &view, self.album, &asset)?,
                None => None,
            };
            let now = match (&before, &shows) {
                (None, None) => continue,
                (Some(_), None) => Stage::Leave,
                (Some(_), Some(_)) => Stage::Stay,
                (None, Some(_)) => Stage::Come,
            };
            if now != stage {
                continue;
            }
            if now == Stage::Leave && self.dir.is_some() && is_held(pass, &view, &asset)? {
                // Its marks stay until it is decided what becomes of the photo.
                self.failed = true;
                continue;
            }
            let planned = match (&self.dir, shows) {
                (Some(dir), Some(shows)) => {
                    let site = Site { pass: &*pass, view: &view, dir, fresh: self.fresh, claimed: &claimed };
                    plan_one(&site, asset, before, &shows)
                }
                _ => leaving(pass, &view, asset, before.unwrap_or_default()),
            };
            match planned {
                Ok(Planned::Lost(path, along)) => {
                    pass.lost.0 += 1;
                    pass.lost.1 = path;
                    if let Some(plan) = along {
                        claimed.extend(plan.coming().map(|shown| (fold(&shown.path), plan.asset.clone())));
                        plans.push(plan);
                    }
                }
                Ok(Planned::Plan(plan)) => {
                    claimed.extend(
                        plan.coming().chain(&plan.keep).map(|shown| (fold(&shown.path), plan.asset.clone())),
                    );
                    plans.push(plan);
                }
                Ok(Planned::Stuck(path)) => self.fail(pass, &path, "every name that it could have is taken"),
                Err(RunError::Tree(error)) if !error.is_disk() => {
                    let dir = self.dir.clone().unwrap_or_default();
                    self.fail(pass, &dir, &error.to_string());
                }
                Err(error) => return Err(error),
            }
        }
        drop(view);
        if pass.dry {
            foreseen(pass, &plans);
            return Ok(());
        }
        self.carry_out(pass, plans)
    }

    /// Notes what is going to be made, does it, and notes that it is done.
    fn carry_out(&mut self, pass: &Pass<'_>, plans: Vec<EntryPlan>) -> Result<(), RunError> {
        let state = &pass.ctx.state;
        let changes = plans.iter().any(|plan| plan.coming().next().is_some());
        if changes {
            state.write(|batch| {
                for plan in plans.iter().filter(|plan| plan.coming().next().is_some()) {
                    let files = plan.before.files.iter().chain(plan.coming()).cloned().collect();
                    let entry = ViewEntry { mark: plan.mark.clone().unwrap_or_default(), files };
                    batch.put_view_entry(self.album, &plan.asset, Some(&entry))?;
                    let owner = ItemId { zone: self.album.zone, record: plan.asset.clone() };
                    for shown in plan.coming() {
                        batch.take_path(Root::Albums, &fold(&shown.path), &owner)?;
                    }
                }
                Ok(())
            })?;
        }
        let acts = plans.iter().any(|plan| !plan.is_done());
        let group =
            if acts { carry_out(pass, plans)? } else { plans.into_iter().map(Done::nothing).collect() };
        for (path, why) in group.iter().filter_map(|done| done.failed.as_ref()) {
            self.fail(pass, path, why);
        }
        // What failed keeps its note: files that may be there.
        let news: Vec<&Done> = group.iter().filter(|done| done.failed.is_none() && done.is_news()).collect();
        if news.is_empty() {
            return Ok(());
        }
        state.write(|batch| {
            for done in news {
                let plan = &done.plan;
                let owner = ItemId { zone: self.album.zone, record: plan.asset.clone() };
                let noted: Vec<String> = plan.before.files.iter().map(|shown| fold(&shown.path)).collect();
                let there: Vec<String> = done.files.iter().map(|shown| fold(&shown.path)).collect();
                for path in noted.iter().filter(|path| !there.contains(path)) {
                    batch.release_path(Root::Albums, path, &owner)?;
                }
                for path in there.iter().filter(|path| !noted.contains(path)) {
                    batch.take_path(Root::Albums, path, &owner)?;
                }
                let entry = plan.mark.clone().map(|mark| ViewEntry { mark, files: done.files.clone() });
                batch.put_view_entry(self.album, &plan.asset, entry.as_ref())?;
            }
            Ok(())
        })?;
        Ok(())
    }

    fn fail(&mut self, pass: &Pass<'_>, path: &str, why: &str) {
        self.failed = true;
        pass.ctx.tally.view_failed(path, why);
    }
}

fn plan_one(
    site: &Site<'_>,
    asset: String,
    before: Option<ViewEntry>,
    photo: &Photo,
) -> Result<Planned, RunError> {
    match site.pass.form {
        Some(form) => site.plan(asset, before, photo, form),
        // A playlist names the photo; there are no files of its own.
        None => Ok(Planned::Plan(EntryPlan::without_files(asset, before.unwrap_or_default(), true))),
    }
}

fn leaving(pass: &Pass<'_>, view: &View, asset: String, before: ViewEntry) -> Result<Planned, RunError> {
    let mut plan = EntryPlan::without_files(asset, before, false);
    if pass.ctx.job.removed.policy == Policy::Delete {
        let mut alive = false;
        for zone in pass.zones.keys() {
            let item = ItemId { zone: *zone, record: plan.asset.clone() };
            alive |= state::asset(view, &item)?.is_some_and(|asset| !asset.is_gone());
        }
        plan.expendable = !alive;
    }
    Ok(Planned::Plan(plan))
}

fn foreseen(pass: &Pass<'_>, plans: &[EntryPlan]) {
    pass.ctx.tally.note(|out| {
        for plan in plans {
            out.views.to_make += plan.make.len() as u64;
            out.views.to_move += plan.moves.len() as u64;
            out.views.to_remove += plan.remove.len() as u64;
        }
    });
}
