//! After a run has fetched what iCloud has: bringing back from this disk what it has no more, and telling what became of
//! every file.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::books::Books;
use super::desk::{Desk, Manner};
use super::known::{Known, known};
use super::look::Subject;
use super::note::is_wanted;
use super::result::Verified;
use super::{Edges, mirror};
use crate::config::{Drive, Job};
use crate::model::{ContentHasher, Part};
use crate::state::{
    self, Condition, HistoryEvent, Lies, Moment, Order, PlacedFile, Proof, State, View, What, Why,
};
use crate::sync::RunError;
use crate::sync::apply::known::{is_meant, own_hash};
use crate::sync::drive::{Standing, standing};
use crate::sync::plan::{Verdict, judge, private_dir};
use crate::tree::{Access, FileKind, Finish, MirrorId, RelPath, Root, TreeError};

/// Files that are looked for in one go.
const MANY: usize = 10_000;

/// Events that are read at a time.
const PIECE: usize = 1_000;

/// What became of a file that was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is whole again.
    Repaired,
    /// iCloud served the same bytes again, which are not what its checksum says.
    Disputed,
    /// It is as it was found.
    NotRepaired,
    /// Nobody has it any more.
    Lost,
}

/// A file that was wrong, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mended {
    /// Its path below the destination.
    pub path: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Where the bytes are that lay there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attic: Option<String>,
    /// Why it could not be repaired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Looks on this disk, the attic included, for the content of files that are wrong and that no run fetches, and copies what
/// it finds. What was missing and is found nowhere is given up; such files are told. The job's lock must be held.
pub fn mend(job: &Arc<Job>, part: Part, state: &Arc<State>, edges: &Edges) -> Result<Vec<Mended>, RunError> {
    let desk = Desk {
        job: job.clone(),
        part,
        books: Books::Held(state.clone()),
        root: mirror(job, part, &state.view()?)?,
        clock: edges.clock.clone(),
        observer: edges.observer.clone(),
        cancel: edges.cancel.clone(),
        manner: Manner::Repair,
        result: Mutex::new(Verified::default()),
    };
    let mut orphans = orphans(&desk)?;
    if orphans.is_empty() {
        return Ok(vec![]);
    }
    desk.phase("Looking on this disk for what iCloud has no more");
    let id = state::text(&state.view()?, state::MetaKey::Mirror)?;
    let id = id.and_then(|id| id.parse::<MirrorId>().ok());
    let root = Root::open(job.destination(part), id.as_ref(), false)?.root;
    let root = root.with_modes(job.modes(part), part == Part::Drive)?;
    search(&desk, &root, state, &mut orphans)?;
    let mut lost = Vec::new();
    for orphan in orphans.into_iter().filter(|orphan| orphan.condition == Condition::Missing) {
        let why = format!("{}, and its content is nowhere on this disk", absence(&desk, &orphan)?);
        give_up(state, &orphan)?;
        lost.push(Mended { path: orphan.path, outcome: Outcome::Lost, attic: None, why: Some(why) });
    }
    Ok(lost)
}

/// Files that are wrong, that nobody meant to be, and that no run fetches.
fn orphans(desk: &Desk) -> Result<Vec<Known>, RunError> {
    let view = desk.books.view()?;
    let mut all = Vec::new();
    known(&view, |known| {
        let meant = matches!(known.condition, Condition::Edited | Condition::Replaced);
        if !meant && all.len() < MANY {
            all.push(known);
        }
    })?;
    let mut orphans = Vec::new();
    for known in all {
        let subject =
            Subject { item: known.item.clone(), file: known.file.clone(), path: known.path.clone() };
        if !is_wanted(desk, &view, &subject)? {
            orphans.push(known);
        }
    }
    Ok(orphans)
}

/// Walks the mirror and the attic once. What was found is taken from the list.
fn search(desk: &Desk, root: &Root, state: &State, orphans: &mut Vec<Known>) -> Result<(), RunError> {
    let mut by_size: HashMap<u64, usize> = HashMap::new();
    for orphan in orphans.iter() {
        *by_size.entry(orphan.file.size).or_default() += 1;
    }
    let with_sha256 = orphans.iter().any(|orphan| own_hash(&orphan.file).is_some());
    for found in root.scan().chain(root.scan_whole_attic()?) {
        if desk.cancel.is_cancelled() {
            return Err(RunError::Interrupted);
        }
        let (path, facts) = match found {
            Ok(found) => found,
            Err(error) if error.is_disk() => return Err(error.into()),
            Err(_) => continue,
        };
        if facts.kind != FileKind::File || by_size.get(&facts.size).is_none_or(|left| *left == 0) {
            continue;
        }
        // What cannot be read helps nobody.
        let Ok(digest) = root.hash(&path, with_sha256) else { continue };
        let mut at = 0;
        while at < orphans.len() {
            let orphan = &orphans[at];
            let fits = orphan.path != path.as_str() && is_meant(&digest, &orphan.file);
            if fits && copy(desk, root, state, orphan, &path)? {
                by_size.entry(facts.size).and_modify(|left| *left -= 1);
                orphans.swap_remove(at);
            } else {
                at += 1;
            }
        }
    }
    Ok(())
}

/// Puts a copy of the file at `from` in the place of one that is wrong, which goes to the attic. `false` when that cannot be.
fn copy(desk: &Desk, root: &Root, state: &State, orphan: &Known, from: &RelPath) -> Result<bool, RunError> {
    let placed = replace(desk, root, orphan, from);
    let attic = match placed {
        Ok(Placed::There(attic)) => attic,
        Ok(Placed::Unfit) => return Ok(false),
        Err(error) if error.is_disk() => return Err(error.into()),
        Err(error) => {
            tracing::warn!(%error, "a copy could not be put in the place of a file that is wrong");
            return Ok(false);
        }
    };
    let Known { item, file, path, .. } = orphan;
    state.write(|batch| {
        batch.clear_wrong(item, file.kind)?;
        if let Some(mut placement) = state::placement(batch, item)? {
            let own = placement.path(&file.name);
            if let Some(row) = placement.files.iter_mut().find(|row| row.kind == file.kind) {
                row.lies = if *path == own { Lies::There } else { Lies::Elsewhere(path.clone()) };
            }
            batch.put_placement(item, &placement)?;
        }
        let what = match &attic {
            Some(attic) => What::Changed { from: None, attic: attic.to_string(), set_aside: true },
            None => What::Copied,
        };
        let (path, item, kind) = (path.clone(), Some(item.clone()), Some(file.kind));
        let event = HistoryEvent { what, path, item, kind, size: file.size, why: Why::Lost };
        batch.tell(desk.now_ms(), &event)
    })?;
    Ok(true)
}

/// What putting a copy into its place came to.
enum Placed {
    /// It is there; the older version's place in the attic, if there was one.
    There(Option<RelPath>),
    /// It is not what it should be.
    Unfit,
}

/// The disk's side of [`copy`].
fn replace(desk: &Desk, root: &Root, orphan: &Known, from: &RelPath) -> Result<Placed, TreeError> {
    let PlacedFile { mtime_ms, .. } = &orphan.file;
    let path = RelPath::parse(&orphan.path).map_err(|bad| TreeError::Reserved { path: bad.path })?;
    let Some(facts) = root.stat(from)? else { return Ok(Placed::Unfit) };
    let key = format!("{:x}{:016x}", facts.dev, facts.ino);
    let staging = root.stage_copy(from, &key)?;
    let mut hasher = ContentHasher::new(own_hash(&orphan.file).is_some());
    staging.read_existing(|chunk| hasher.update(chunk))?;
    if !is_meant(&hasher.finish(), &orphan.file) {
        root.discard(&key)?;
        return Ok(Placed::Unfit);
    }
    let private = match desk.part {
        Part::Photos => private_dir(&path.parent().to_string()),
        Part::Drive => None,
    };
    let access = if private.is_some() { Access::Private } else { Access::Shared };
    if let Some(dir) = &private {
        root.ensure_dir(dir, access)?;
    }
    let mtime = mtime_ms.and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let date = desk.clock.now().to_zoned_datetime(TimeZone::system()).date();
    let attic = root.replace(staging, &path, date, Finish { mtime, access })?.attic;
    let dirs: Vec<_> = std::iter::once(path.parent()).chain(attic.iter().map(RelPath::parent)).collect();
    root.sync_dirs(&dirs)?;
    Ok(Placed::There(attic))
}

/// A file that is nowhere is no longer said to be in the mirror.
fn give_up(state: &State, orphan: &Known) -> Result<(), RunError> {
    let Known { item, file, .. } = orphan;
    state.write(|batch| {
        batch.clear_wrong(item, file.kind)?;
        let Some(mut placement) = state::placement(batch, item)? else { return Ok(()) };
        for row in placement.files.iter_mut().filter(|row| row.kind == file.kind) {
            (row.proof, row.lies) = (None, Lies::There);
        }
        batch.put_placement(item, &placement)
    })?;
    Ok(())
}

/// Why no run fetches a file.
fn absence(desk: &Desk, known: &Known) -> Result<String, RunError> {
    let view = desk.books.view()?;
    why_not(&view, &desk.job, desk.part, known)
}

fn why_not(view: &View, job: &Job, part: Part, known: &Known) -> Result<String, RunError> {
    if let Some(why) = state::mark(view, &known.item)?.and_then(|mark| mark.why) {
        return Ok(why);
    }
    match (part, &job.drive) {
        (Part::Drive, Some(policy)) => why_not_document(view, policy, known),
        _ => why_not_photo(view, job, known),
    }
}

fn why_not_document(view: &View, policy: &Drive, known: &Known) -> Result<String, RunError> {
    let zones = state::zones(view)?.into_iter().collect();
    Ok(match standing(view, &known.item, &zones, policy)? {
        Standing::Unknown => "iCloud does not tell of it".into(),
        Standing::Gone => "it was deleted in iCloud".into(),
        Standing::Adrift => "the folder that it lies in has not been listed".into(),
        Standing::OutOfScope(key) => format!("the job file leaves it out (`{key}`)"),
        Standing::Wanted(node) if node.kind.holds_items() => "it is a folder in iCloud by now".into(),
        Standing::Wanted(_) => "the next run tries again".into(),
    })
}

fn why_not_photo(view: &View, job: &Job, known: &Known) -> Result<String, RunError> {
    let item = &known.item;
    let Some(asset) = state::asset(view, item)? else {
        return Ok("iCloud does not tell of its photo".into());
    };
    let master = match &asset.master {
        Some(name) => state::master(view, item.zone, name)?,
        None => None,
    };
    let zones = state::zones(view)?;
    let Some((_, zone)) = zones.iter().find(|(number, _)| *number == item.zone) else {
        return Ok("its library is not known".into());
    };
    Ok(match judge(&asset, master.as_ref(), &zone.id, &job.photos) {
        Verdict::Gone => "its photo was deleted in iCloud".into(),
        Verdict::OutOfScope(why) => format!("the job file leaves its photo out (`{}`)", why.key()),
        Verdict::Waiting(why) => why.into(),
        Verdict::NeedsMaster(_) => "iCloud has not told the record of its original".into(),
        Verdict::Files(wanted) => {
            if wanted.iter().any(|wanted| wanted.resource.kind == known.file.kind) {
                "the next run tries again".into()
            } else {
                "iCloud has no such file of its photo any more, or the job file leaves it out".into()
            }
        }
    })
}

/// Tells `each` file that was repaired since `began`, and each that is still wrong, and why.
pub fn outcomes(
    state: &State,
    job: &Job,
    part: Part,
    began: Timestamp,
    mut each: impl FnMut(Mended),
) -> Result<(), RunError> {
    let mut from = Moment::from(began.as_millisecond());
    loop {
        let view = state.view()?;
        let piece = state::history(&view, from, Moment::LAST, Order::Forward, PIECE)?;
        let Some((last, _)) = piece.last() else { break };
        let next = last.next();
        for (_, event) in &piece {
            if let Some(mended) = repaired(&view, event)? {
                each(mended);
            }
        }
        let Some(next) = next else { break };
        from = next;
    }
    let view = state.view()?;
    let mut left = Vec::new();
    known(&view, |known| {
        if left.len() < MANY {
            left.push(known);
        }
    })?;
    for known in left {
        let mut why = why_not(&view, job, part, &known)?;
        if !matches!(known.condition, Condition::Edited | Condition::Replaced) {
            why.push_str("; it stays as it is");
        }
        let why = Some(format!("{}: {why}", known.condition.as_str()));
        each(Mended { path: known.path, outcome: Outcome::NotRepaired, attic: None, why });
    }
    Ok(())
}

fn repaired(view: &View, event: &HistoryEvent) -> Result<Option<Mended>, RunError> {
    if event.why != Why::Lost {
        return Ok(None);
    }
    let attic = match &event.what {
        What::Changed { attic, .. } => Some(attic.clone()),
        What::Fetched | What::Copied => None,
        _ => return Ok(None),
    };
    let mut outcome = Outcome::Repaired;
    if let (Some(item), Some(kind)) = (&event.item, event.kind)
        && let Some(placement) = state::placement(view, item)?
        && matches!(placement.file(kind).and_then(|file| file.proof), Some(Proof::Disputed { .. }))
    {
        outcome = Outcome::Disputed;
    }
    let path = event.path.clone();
    Ok(Some(Mended { path, outcome, attic, why: None }))
}
