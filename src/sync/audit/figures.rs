//! The figures of an audit: how many of what each side has.

use std::collections::BTreeMap;

use serde::Serialize;

use super::difference::{Level, What};

/// What an audit came to, apart from its findings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Whether iCloud's whole history was compared.
    pub deep: bool,
    /// Whether what was found was noted for the next run.
    pub noted: bool,
    /// Why iCloud could not be asked, or not to the end.
    pub icloud_error: Option<String>,
    /// Each library of the catalog that the job file asks for.
    pub libraries: Vec<LibraryFigures>,
    /// The disk.
    pub disk: DiskFigures,
    /// How often each kind of finding was found.
    pub found: BTreeMap<What, u64>,
    /// Requests to iCloud.
    pub calls: u64,
}

/// A library.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LibraryFigures {
    /// What people call it.
    pub name: String,
    /// Number of its zone in the state.
    #[serde(skip)]
    pub zone: u16,
    /// How far iCloud is with indexing it, in iCloud's word.
    pub indexing: Option<String>,
    /// Photos by kind; a photo is of several kinds.
    pub kinds: Vec<Line>,
    /// Albums, by path.
    pub albums: Vec<Line>,
}

/// How many of something each side has; `None` where a side cannot tell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What is counted.
    pub what: String,
    /// iCloud's counter.
    pub icloud: Option<u64>,
    /// In the catalog.
    pub catalog: Option<u64>,
    /// Whole on disk: every file that the job file asks for.
    pub disk: Option<u64>,
}

/// What lies on the disk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DiskFigures {
    /// Files of photos that are in place as larder wrote them.
    pub files: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Entries and playlists of albums.
    pub in_albums: u64,
    /// Files that are not larder's.
    pub foreign: u64,
    /// Bytes of them.
    pub foreign_bytes: u64,
    /// Partial files.
    pub partial: u64,
    /// Bytes of them.
    pub partial_bytes: u64,
    /// Files in the attic.
    pub attic: u64,
    /// Bytes of them.
    pub attic_bytes: u64,
}

impl Figures {
    /// How many findings of that level there are.
    #[must_use]
    pub fn count(&self, level: Level) -> u64 {
        self.found.iter().filter(|(what, _)| what.level() == level).map(|(_, count)| count).sum()
    }
}
