//! What the parts of an audit share: the books, the disk, who listens.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use super::difference::{Difference, Findings};
use super::figures::Figures;
use crate::clock::Clock;
use crate::config::Job;
use crate::event::{Event, Observer};
use crate::model::{ItemId, Kind, Part};
use crate::state::{self, Batch, Fate, PlacedFile, Reader, State, StateError, View, ViewMark};
use crate::sync::RunError;
use crate::tree::Root;

/// The state, as far as the audit may use it.
pub enum Books {
    /// What is found is noted. The job's lock must be held.
    Open(State),
    /// Nothing is written; a run may be at work.
    Closed(Reader),
}

impl Books {
    /// A consistent look. To be kept short.
    pub fn view(&self) -> Result<View, StateError> {
        match self {
            Self::Open(state) => state.view(),
            Self::Closed(reader) => reader.view(),
        }
    }

    /// Writes, where that is allowed.
    pub(super) fn write(
        &self,
        change: impl FnOnce(&mut Batch<'_>) -> Result<(), StateError>,
    ) -> Result<(), StateError> {
        match self {
            Self::Open(state) => state.write(change),
            Self::Closed(_) => Ok(()),
        }
    }
}

/// Something to be noted, so that the next run makes it good.
pub(super) enum Note {
    /// A file is not on disk as larder wrote it.
    File { item: ItemId, kind: Kind, seen: PlacedFile, fate: Fate },
    /// The item is to be looked at.
    Look(ItemId),
    /// What shows a photo in an album is to be looked at.
    View(ViewMark),
    /// iCloud says otherwise of a record.
    Doubt { zone: u16, record: String, why: String },
}

/// What the parts of an audit share.
pub(super) struct Desk {
    pub(super) job: Arc<Job>,
    pub(super) part: Part,
    pub(super) books: Books,
    pub(super) root: Root,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) findings: Arc<dyn Findings>,
    pub(super) cancel: CancellationToken,
    pub(super) figures: Mutex<Figures>,
}

impl Desk {
    /// Tells what was found, and counts it.
    pub(super) fn found(&self, found: &Difference) {
        *self.figures().found.entry(found.what).or_default() += 1;
        self.findings.on(found);
    }

    pub(super) fn figures(&self) -> MutexGuard<'_, Figures> {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn phase(&self, phase: impl Into<String>) {
        self.observer.on(&Event::Phase(phase.into()));
    }

    /// Whether the person wants it over.
    pub(super) fn look_up(&self) -> Result<(), RunError> {
        if self.cancel.is_cancelled() { Err(RunError::Interrupted) } else { Ok(()) }
    }

    /// What will be done, given that the finding is noted. Where nothing is noted, the next run does not know of it.
    pub(super) fn will(&self, action: &str) -> String {
        match self.books {
            Books::Open(_) => action.to_owned(),
            Books::Closed(_) => format!("{action}, once `larder audit` has noted it; this one only looked"),
        }
    }

    /// Notes what was found, in one transaction, where that is allowed.
    pub(super) fn note(&self, notes: &mut Vec<Note>) -> Result<(), RunError> {
        let notes = std::mem::take(notes);
        if notes.is_empty() {
            return Ok(());
        }
        self.books.write(|batch| {
            for note in &notes {
                match note {
                    Note::File { item, kind, seen, fate } => batch.note_fate(item, *kind, seen, *fate)?,
                    Note::Look(item) => batch.mark(item)?,
                    Note::View(mark) => batch.mark_view(mark)?,
                    Note::Doubt { zone, record, why } => batch.doubt(*zone, record, why)?,
                }
            }
            Ok(())
        })?;
        Ok(())
    }

    /// Whether the ledger still says of a file what it said before the disk was looked at: beside a run, it may not.
    pub(super) fn still(&self, item: &ItemId, seen: &PlacedFile) -> Result<bool, RunError> {
        let placement = state::placement(&self.books.view()?, item)?;
        Ok(placement.is_some_and(|placement| placement.file(seen.kind) == Some(seen)))
    }
}
