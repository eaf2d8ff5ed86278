//! Noting what was read and what was found. A finding is believed only here, while no run is at work: one that was between
//! placing a file and recording it would make a good file look wrong.

use super::desk::Desk;
use super::group::{Group, LOOKS, current};
use super::look::{Finding, Seen, Subject, look};
use super::result::{Found, Verified};
use crate::model::{Digest, ItemId, Part, Resource};
use crate::state::{
    self, Fate, HistoryEvent, MetaKey, Place, Reading, State, StateError, View, What, Why, Wrong,
};
use crate::sync::RunError;
use crate::sync::drive::{Standing, standing};
use crate::sync::plan::{self, Verdict};
use crate::tree::{Facts, FileKind, RelPath, TreeError};

/// What was read and is not noted yet.
#[derive(Default)]
pub(super) struct Pending {
    findings: Vec<Finding>,
    whole: Vec<Subject>,
    disputed: Vec<Subject>,
    /// Spans of the ledger, and when they were read.
    spans: Vec<(Option<Place>, Option<Place>, Reading)>,
}

/// Which record of the state changes with what is noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Record {
    /// None.
    None,
    /// When which items were read.
    Spans,
    /// That of the present verification, which is not at its end.
    Going,
    /// That of the last one, which is this.
    Ended,
    /// That of nights: the number of this one, and when its slice was read to the end.
    Night(u32, Option<i64>),
}

impl Pending {
    pub(super) fn add(&mut self, group: Group) {
        self.findings.extend(group.findings);
        self.whole.extend(group.whole);
        self.disputed.extend(group.disputed);
    }

    /// Everything behind `after` up to `until` was read then.
    pub(super) fn span(&mut self, after: Option<Place>, until: Option<Place>, reading: Reading) {
        match self.spans.last_mut() {
            Some((_, last, known)) if *last == after && *known == reading && last.is_some() => *last = until,
            _ => self.spans.push((after, until, reading)),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.findings.is_empty() && self.whole.is_empty() && self.disputed.is_empty() && self.spans.is_empty()
    }

    /// Files that seem to be wrong.
    pub(super) fn findings(&self) -> usize {
        self.findings.len()
    }
}

/// Notes it all, in one transaction. Gives the number of files that the ledger does not have any more because of it. No run
/// may be at work.
pub(super) fn note(
    desk: &Desk,
    state: &State,
    pending: &mut Pending,
    record: Record,
) -> Result<u64, RunError> {
    let Pending { findings, whole, disputed, spans } = std::mem::take(pending);
    if !findings.is_empty() {
        desk.mirror_is_there()?;
    }
    let mut wrong = Vec::with_capacity(findings.len());
    for finding in findings {
        if let Some(finding) = confirm(desk, state, finding)? {
            let fate = match desk.manner.fate(finding.condition) {
                Some(fate) if is_wanted(desk, &state.view()?, &finding.subject)? => Some(fate),
                _ => None,
            };
            wrong.push((finding, fate));
        }
    }
    let mut again = Vec::new();
    for subject in disputed {
        if is_wanted(desk, &state.view()?, &subject)? {
            again.push(subject);
        }
    }
    let result = {
        let mut result = desk.result();
        for (Finding { subject, condition, why, .. }, _) in &wrong {
            let (path, why) = (subject.path.clone(), why.clone());
            result.found(Found { path, condition: *condition, why });
        }
        json(&result.record())?
    };
    let now_ms = desk.clock.now().as_millisecond();
    state.write(|batch| {
        for (Finding { subject, condition, .. }, fate) in &wrong {
            let Subject { item, file, path } = subject;
            let (kind, condition) = (file.kind, *condition);
            if batch.put_wrong(item, Wrong { kind, condition, found_ms: now_ms })? {
                let (what, path, item) = (What::Wrong { condition }, path.clone(), Some(item.clone()));
                let (kind, size) = (Some(kind), file.size);
                batch.tell(now_ms, &HistoryEvent { what, path, item, kind, size, why: Why::Reread })?;
            }
            if let Some(fate) = fate {
                batch.note_fate(item, kind, file, *fate)?;
            }
        }
        for Subject { item, file, .. } in &whole {
            batch.heal(item, file.kind, file)?;
        }
        for Subject { item, file, .. } in &again {
            batch.note_fate(item, file.kind, file, Fate::Altered)?;
        }
        let mut rereads = state::rereads(batch)?;
        for (after, until, reading) in &spans {
            rereads.set(after.as_ref(), until.as_ref(), *reading);
        }
        match record {
            Record::None => return Ok(()),
            Record::Spans => {}
            Record::Going => batch.set_meta_text(MetaKey::VerifyPass, &result)?,
            Record::Ended => {
                batch.set_meta_text(MetaKey::VerifyPass, "")?;
                batch.set_meta_text(MetaKey::VerifyLast, &result)?;
            }
            Record::Night(night, ended) => {
                rereads.night = night;
                rereads.last_slice_ms = ended.unwrap_or(rereads.last_slice_ms);
            }
        }
        batch.put_rereads(&rereads)
    })?;
    Ok(wrong.iter().filter(|(_, fate)| fate.is_some()).count() as u64 + again.len() as u64)
}

fn json(result: &Verified) -> Result<String, RunError> {
    serde_json::to_string(result).map_err(|error| {
        RunError::State(StateError::Row {
            table: "meta",
            why: format!("the record of a verification: {error}"),
        })
    })
}

/// Whether a file is still wrong, now that no run is at work, and how.
fn confirm(desk: &Desk, state: &State, mut finding: Finding) -> Result<Option<Finding>, RunError> {
    for _ in 0..LOOKS {
        let view = state.view()?;
        let Some(now) = current(&view, &finding.subject)? else { return Ok(None) };
        let same = now.file == finding.subject.file && now.path == finding.subject.path;
        if same && is_still(desk, &finding) {
            // A run that was stopped may have placed a newer version and not recorded it: its mark is there, and the next run
            // recognises the file.
            let newer = state::mark(&view, &now.item)?.is_some()
                && match desk.part {
                    Part::Photos => match resource(&view, &now.item, &now)? {
                        Some(known) => holds(desk, &finding, &known)?,
                        None => false,
                    },
                    Part::Drive => has_time_of(&view, &finding)?,
                };
            return Ok((!newer).then_some(finding));
        }
        drop(view);
        match look(desk, &now)? {
            Seen::Wrong(other) => finding = *other,
            Seen::Whole => return Ok(None),
            Seen::Stopped => return Err(RunError::Interrupted),
        }
    }
    // It changes all the time: somebody is at work on it.
    Ok(None)
}

/// Whether what was found is the content that iCloud has by now.
fn holds(desk: &Desk, finding: &Finding, known: &Resource) -> Result<bool, RunError> {
    let same = |digest: &Digest| digest.size == known.size && digest.apple == known.checksum;
    if let Some(digest) = &finding.digest {
        return Ok(same(digest));
    }
    let plausible = |facts: Facts| facts.kind == FileKind::File && facts.size == known.size;
    let Ok(path) = RelPath::parse(&finding.subject.path) else { return Ok(false) };
    if !finding.facts.is_some_and(plausible) {
        return Ok(false);
    }
    match desk.root.hash(&path, false) {
        Ok(digest) => Ok(same(&digest)),
        Err(error @ TreeError::Gone { .. }) => Err(error.into()),
        Err(_) => Ok(false),
    }
}

/// Whether what was found has the very time of the version of Drive that iCloud has by now: larder gives it before the file
/// has its name.
fn has_time_of(view: &View, finding: &Finding) -> Result<bool, StateError> {
    let node = state::node(view, &finding.subject.item)?;
    let (Some(node), Some(facts)) = (node, finding.facts) else { return Ok(false) };
    let newer = finding.subject.file.tag.as_deref() != Some(node.content_tag());
    Ok(newer && facts.kind == FileKind::File && node.modified_ms == Some(facts.mtime_ns / 1_000_000))
}

/// Whether what lies there is what was looked at.
fn is_still(desk: &Desk, finding: &Finding) -> bool {
    let Ok(path) = RelPath::parse(&finding.subject.path) else { return true };
    match (desk.root.stat(&path), finding.facts) {
        (Ok(Some(now)), Some(then)) => now.is_same_version(&then),
        (Ok(None) | Err(_), None) => true,
        _ => false,
    }
}

/// What iCloud says of a file, as last seen.
fn resource(view: &View, item: &ItemId, subject: &Subject) -> Result<Option<Resource>, StateError> {
    let kind = subject.file.kind;
    let Some(asset) = state::asset(view, item)? else { return Ok(None) };
    if !kind.is_on_master() {
        return Ok(asset.resource(kind).cloned());
    }
    let Some(master) = &asset.master else { return Ok(None) };
    Ok(state::master(view, item.zone, master)?.and_then(|master| master.resource(kind).cloned()))
}

/// Whether a run would fetch the file: iCloud has it, and the job file asks for it.
pub(super) fn is_wanted(desk: &Desk, view: &View, subject: &Subject) -> Result<bool, StateError> {
    let item = &subject.item;
    if let (Part::Drive, Some(policy)) = (desk.part, &desk.job.drive) {
        let zones = state::zones(view)?.into_iter().collect();
        let standing = standing(view, item, &zones, policy)?;
        return Ok(matches!(standing, Standing::Wanted(node) if !node.kind.holds_items()));
    }
    let Some(asset) = state::asset(view, item)? else { return Ok(false) };
    let master = match &asset.master {
        Some(name) => state::master(view, item.zone, name)?,
        None => None,
    };
    let zones = state::zones(view)?;
    let Some((_, zone)) = zones.iter().find(|(number, _)| *number == item.zone) else { return Ok(false) };
    Ok(match plan::judge(&asset, master.as_ref(), &zone.id, &desk.job.photos) {
        Verdict::Files(wanted) => wanted.iter().any(|wanted| wanted.resource.kind == subject.file.kind),
        _ => false,
    })
}
