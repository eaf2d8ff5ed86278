//! What happens during a run, told to whoever watches: a progress display, a log, a test.
//!
//! The library never prints; it emits [`Event`]s to an [`Observer`].

use std::sync::{Mutex, PoisonError};

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The run turned to something else; a short phrase for people.
    Phase(String),
    /// So many items of a library have been listed. `expected` is Apple's count, a hint only.
    Listed {
        /// Name of the library as shown to people.
        library: String,
        /// Distinct assets seen so far.
        items: u64,
        /// What Apple's counter says.
        expected: u64,
    },
    /// So much more was found to be fetched.
    Planned {
        /// Files.
        files: u64,
        /// Bytes.
        bytes: u64,
    },
    /// Bytes of bodies arrived.
    Received(u64),
    /// A file was placed under its final name.
    Placed {
        /// Path below the destination.
        path: String,
        /// Bytes.
        size: u64,
        /// Whether the bytes were fetched (otherwise found on disk).
        fetched: bool,
    },
    /// A file could not be brought home in this run.
    Failed {
        /// What it is, for people.
        item: String,
        /// Why.
        why: String,
        /// Bytes that will not come.
        size: u64,
    },
    /// So many bytes of the mirror, or of somebody's folder, were read.
    Reread(u64),
    /// A file of them was looked at.
    Checked,
    /// Something worth a line, which stops nothing.
    Warning(String),
}

/// Watches a run. Called from many tasks at once.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn on(&self, event: &Event);
}

/// An observer that looks away.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn on(&self, _: &Event) {}
}

/// An observer that remembers everything, for tests.
#[derive(Debug, Default)]
pub struct Recording(Mutex<Vec<Event>>);

impl Recording {
    /// What was seen so far.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Observer for Recording {
    fn on(&self, event: &Event) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
    }
}
