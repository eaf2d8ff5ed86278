//! What is known of how well Apple's checksum holds for a kind of file, during a run.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::Kind;
use crate::state::{self, StateError, View};

/// How files of a kind fared so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClassCounts {
    /// Files that matched Apple's checksum.
    pub matched: u64,
    /// Files of the right size that did not.
    pub unmatched: u64,
}

/// The counts of every kind, shared by the workers of a run.
#[derive(Debug, Default)]
pub struct Classes(Mutex<HashMap<Kind, ClassCounts>>);

impl Classes {
    /// What earlier runs learnt.
    pub fn load(view: &View) -> Result<Self, StateError> {
        let mut counts = HashMap::new();
        for kind in Kind::ALL.into_iter().chain([Kind::File]) {
            let (matched, unmatched) = state::class_counts(view, kind.as_str())?;
            counts.insert(kind, ClassCounts { matched, unmatched });
        }
        Ok(Self(Mutex::new(counts)))
    }

    /// How files of that kind fared so far.
    #[must_use]
    pub fn counts(&self, kind: Kind) -> ClassCounts {
        self.lock().get(&kind).copied().unwrap_or_default()
    }

    /// A file was placed that matched, or did not.
    pub fn count(&self, kind: Kind, matched: bool) {
        let mut counts = self.lock();
        let entry = counts.entry(kind).or_default();
        if matched { entry.matched += 1 } else { entry.unmatched += 1 }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Kind, ClassCounts>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
