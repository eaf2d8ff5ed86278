//! What the parts of a verification share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use super::books::Books;
use super::result::Verified;
use crate::clock::Clock;
use crate::config::Job;
use crate::event::{Event, Observer};
use crate::model::Part;
use crate::state::{Condition, Fate, MetaKey, text};
use crate::sync::RunError;
use crate::tree::{MirrorId, Root};

/// What is done about files that are wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// They are told.
    Look,
    /// Those that nobody can have meant are noted in the ledger, so that a run fetches them again.
    Nightly,
    /// All are, and disputed ones too.
    Repair,
}

impl Manner {
    /// What the ledger is to say of a file from now on, when anything.
    pub(super) fn fate(self, condition: Condition) -> Option<Fate> {
        match (self, condition) {
            (Self::Look, _) | (Self::Nightly, Condition::Edited) => None,
            // What has its name is nobody's business: the photo gets another one.
            (_, Condition::Replaced) => Some(Fate::Lost),
            _ => Some(Fate::Altered),
        }
    }
}

/// What the parts of a verification share.
pub(super) struct Desk {
    pub(super) job: Arc<Job>,
    pub(super) part: Part,
    pub(super) books: Books,
    pub(super) root: Root,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) cancel: CancellationToken,
    pub(super) manner: Manner,
    pub(super) result: Mutex<Verified>,
}

impl Desk {
    pub(super) fn result(&self) -> MutexGuard<'_, Verified> {
        self.result.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn phase(&self, phase: &str) {
        self.observer.on(&Event::Phase(phase.to_owned()));
    }

    /// Milliseconds since 1970.
    pub(super) fn now_ms(&self) -> i64 {
        self.clock.now().as_millisecond()
    }

    /// Makes sure that the mirror is still there: files of a disk that was unmounted are not missing.
    pub(super) fn mirror_is_there(&self) -> Result<(), RunError> {
        let known = text(&self.books.view()?, MetaKey::Mirror)?;
        let known = known.and_then(|id| id.parse::<MirrorId>().ok());
        Root::inspect(self.root.path(), known.as_ref(), false)?;
        Ok(())
    }
}
