//! Reading the files of some items that follow each other in the ledger.

use super::desk::{Desk, Manner};
use super::look::{Finding, Seen, Subject, look};
use super::result::Verified;
use crate::event::Event;
use crate::model::ItemId;
use crate::state::{self, Lies, Place, PlacedFile, Proof, StateError};
use crate::sync::RunError;

/// Items of a group, at the most.
const ITEMS: usize = 64;

/// What a file costs besides its bytes: about as long as it takes to find it on a disk that turns.
const OVERHEAD: u64 = 1 << 20;

/// What the files of a group cost, at the most, unless it is one item that does. So that what was read is noted now and
/// then.
pub(super) const MOST: u64 = 256 << 20;

/// How often a file is looked at again because the ledger says something else of it meanwhile.
pub(super) const LOOKS: usize = 3;

/// A group of items, read.
#[derive(Default)]
pub(super) struct Group {
    /// The last item that was read wholly; `None` when none was.
    pub(super) last: Option<Place>,
    /// Whether nothing follows.
    pub(super) end: bool,
    /// Whether it was to end before.
    pub(super) stopped: bool,
    /// What it cost: bytes, and a good deal for each file.
    pub(super) cost: u64,
    pub(super) counts: Verified,
    pub(super) findings: Vec<Finding>,
    /// Files that were thought to be wrong, or in question, and are what larder wrote.
    pub(super) whole: Vec<Subject>,
    /// Files that are disputed and are to be fetched again.
    pub(super) disputed: Vec<Subject>,
}

/// What reading a file again costs.
pub(super) fn cost(file: &PlacedFile) -> u64 {
    file.size.saturating_add(OVERHEAD)
}

/// Whether a file lies in the mirror, as far as the ledger knows.
pub(super) fn is_read(file: &PlacedFile) -> bool {
    file.is_on_disk()
}

/// Reads the files of the items behind `after`, not beyond `until`, for about `most`.
pub(super) fn read(
    desk: &Desk,
    after: Option<&Place>,
    until: Option<&Place>,
    most: u64,
    asked: &dyn Fn(&Subject) -> bool,
) -> Result<Group, RunError> {
    let mut group = Group::default();
    let view = desk.books.view()?;
    let mut items = state::placements_behind(&view, after, ITEMS)?;
    group.end = items.len() < ITEMS;
    if let Some(until) = until {
        let before = items.len();
        items.retain(|(place, _)| place <= until);
        group.end |= items.len() < before;
    }
    let mut subjects = Vec::with_capacity(items.len());
    for (place, placement) in items {
        let item = place.item()?;
        let known = state::wrong(&view, &item)?;
        let files: Vec<_> = placement
            .files
            .iter()
            .filter(|file| is_read(file))
            .map(|file| {
                let in_question = matches!(file.lies, Lies::Altered(_))
                    || known.iter().any(|wrong| wrong.kind == file.kind);
                let path = placement.lies_at(file);
                (Subject { item: item.clone(), file: file.clone(), path }, in_question)
            })
            .filter(|(subject, _)| asked(subject))
            .collect();
        subjects.push((place, files));
    }
    // A long look would make the state's file grow.
    drop(view);
    let count = subjects.len();
    for (number, (place, files)) in subjects.into_iter().enumerate() {
        let mut item = Group::default();
        for (subject, in_question) in files {
            if desk.cancel.is_cancelled() || !item.file(desk, subject, in_question)? {
                // Of an item that was not read wholly nothing counts: all of it is read again.
                group.stopped = true;
                group.end = false;
                return Ok(group);
            }
        }
        group.add(item);
        group.last = Some(place);
        if group.cost >= most && number + 1 < count {
            group.end = false;
            break;
        }
    }
    Ok(group)
}

impl Group {
    fn add(&mut self, item: Self) {
        self.cost = self.cost.saturating_add(item.cost);
        self.counts.add(&item.counts);
        self.findings.extend(item.findings);
        self.whole.extend(item.whole);
        self.disputed.extend(item.disputed);
    }

    /// Looks at a file; `false` when it was to end.
    fn file(&mut self, desk: &Desk, subject: Subject, in_question: bool) -> Result<bool, RunError> {
        self.cost = self.cost.saturating_add(cost(&subject.file));
        let mut subject = subject;
        let mut seen = look(desk, &subject)?;
        // A run may have moved or replaced it meanwhile.
        for _ in 1..LOOKS {
            if !matches!(seen, Seen::Wrong(_)) {
                break;
            }
            match current(&desk.books.view()?, &subject)? {
                None => return Ok(true),
                Some(now) if now.file == subject.file && now.path == subject.path => break,
                Some(now) => subject = now,
            }
            seen = look(desk, &subject)?;
        }
        match seen {
            Seen::Stopped => return Ok(false),
            Seen::Wrong(finding) => {
                self.counts.bytes += finding.digest.as_ref().map_or(0, |digest| digest.size);
                self.findings.push(*finding);
            }
            Seen::Whole => {
                self.counts.bytes += subject.file.size;
                match subject.file.proof {
                    Some(Proof::SizeOnly { .. }) => self.counts.not_provable += 1,
                    Some(Proof::Disputed { .. }) => self.counts.disputed += 1,
                    _ => self.counts.proven += 1,
                }
                let disputed = matches!(subject.file.proof, Some(Proof::Disputed { .. }));
                if disputed && desk.manner == Manner::Repair {
                    self.disputed.push(subject);
                } else if in_question {
                    self.whole.push(subject);
                }
            }
        }
        self.counts.files += 1;
        desk.observer.on(&Event::Checked);
        Ok(true)
    }
}

/// The same file of the item, as the ledger has it by now; `None` when it is in the mirror no more.
pub(super) fn current(view: &state::View, subject: &Subject) -> Result<Option<Subject>, StateError> {
    let item: &ItemId = &subject.item;
    let Some(placement) = state::placement(view, item)? else { return Ok(None) };
    let file = placement.file(subject.file.kind).filter(|file| is_read(file));
    Ok(file.map(|file| Subject { item: item.clone(), file: file.clone(), path: placement.lies_at(file) }))
}
