//! Counting what happens in a run, so that the summary can tell: nothing is dropped in silence.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::state::Proof;

/// Items named in the summary; more are counted.
const NAMED: usize = 50;

/// What a run did, in figures. Bytes are bytes; everything else counts things.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Outcome {
    /// Each library that was looked at.
    pub libraries: BTreeMap<String, Library>,
    /// Files fetched from iCloud and placed.
    pub fetched: u64,
    /// Bytes of them.
    pub fetched_bytes: u64,
    /// With `--dry-run`: files that would be fetched.
    pub to_fetch: u64,
    /// Bytes of them.
    pub to_fetch_bytes: u64,
    /// Some of their paths.
    pub to_fetch_items: Vec<String>,
    /// Files found on disk with the right content and taken over without a fetch.
    pub adopted: u64,
    /// Files whose older version went to the attic when the new one was placed.
    pub replaced: u64,
    /// Placed files that matched Apple's checksum.
    pub proven: u64,
    /// Placed files for which Apple publishes no checksum that can be checked.
    pub not_provable: u64,
    /// Placed files that came twice with the same bytes, which are not what Apple's checksum says.
    pub disputed: u64,
    /// Names of the disputed files.
    pub disputed_items: Vec<String>,
    /// Files that could not be brought home; they are tried again.
    pub failed: u64,
    /// Which, and why.
    pub failed_items: Vec<Trouble>,
    /// Files for which the disk has no room.
    pub no_room: u64,
    /// Bytes of them. With `--dry-run`: bytes that would be missing.
    pub no_room_bytes: u64,
    /// Photos that iCloud does not hold yet: a device has not finished uploading them.
    pub waiting: u64,
    /// Records that make no sense; they are asked for again.
    pub broken: u64,
    /// Which, and why.
    pub broken_items: Vec<Trouble>,
    /// Photos that the job file leaves out, by key.
    pub out_of_scope: BTreeMap<String, u64>,
    /// Files moved to where they belong now, from elsewhere in the mirror or from the attic.
    pub moved: u64,
    /// With `--dry-run`: some of the moves, from and to.
    pub to_move_items: Vec<Trouble>,
    /// With `--dry-run`: files that would be moved.
    pub to_move: u64,
    /// With `--dry-run`: files that would be copied from another photo with the same content.
    pub to_copy: u64,
    /// With `--dry-run`: files that would leave the mirror.
    pub to_remove: u64,
    /// Photos deleted in iCloud whose files stay on this disk.
    pub kept: u64,
    /// Files of photos deleted in iCloud that left the mirror.
    pub removed: u64,
    /// Files that changed since larder wrote them and were set aside in the attic when they were to leave or to be replaced.
    pub set_aside: Vec<String>,
    /// Files that would leave the mirror, held because they are many.
    pub held: u64,
    /// Album views.
    pub views: Views,
    /// Records of kinds that are of no interest to a mirror.
    pub ignored_records: BTreeMap<String, u64>,
    /// Albums that changed, by their path: they themselves, their members or who is in them.
    pub albums: BTreeMap<String, AlbumChange>,
    /// Lines worth reading.
    pub warnings: Vec<String>,
    /// What was read again of the mirror in this night.
    pub reread: Reread,
    /// Requests to iCloud besides those for files.
    pub calls: u64,
    /// Requests for files.
    pub downloads: u64,
}

/// What reading a part of the mirror again gave.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reread {
    /// Files that were looked at.
    pub files: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// Files that were found wrong.
    pub wrong: u64,
    /// Which, and what is wrong.
    pub items: Vec<Trouble>,
    /// Files that are known to be wrong, from this night or earlier, and are so still. Those that somebody changed do not
    /// count.
    pub left: u64,
}

/// What happened in a library.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Library {
    /// Distinct assets listed, when it was listed anew.
    pub listed: Option<u64>,
    /// What Apple's counter says, when it was asked. A hint, never a gate.
    pub expected: Option<u64>,
    /// Assets not known before.
    pub added: u64,
    /// Assets known otherwise before.
    pub changed: u64,
    /// Assets deleted in iCloud.
    pub deleted: u64,
}

/// What happened in an album.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlbumChange {
    /// Photos that came in.
    pub added: u64,
    /// Photos that were taken out.
    pub removed: u64,
    /// Photos of it that look different now: edited, or with another original.
    pub edited: u64,
    /// Photos of it with another date, name or mark.
    pub changed: u64,
    /// Photos of it that were deleted.
    pub deleted: u64,
    /// What became of the album itself: `new`, `renamed from ...`, `moved`, `deleted`.
    pub what: Option<String>,
}

impl AlbumChange {
    /// Adds what another page told.
    pub(super) fn add(&mut self, other: Self) {
        self.added += other.added;
        self.removed += other.removed;
        self.edited += other.edited;
        self.changed += other.changed;
        self.deleted += other.deleted;
        self.what = other.what.or(self.what.take());
    }
}

/// What happened to the files of album views, entries and playlists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Views {
    /// Made.
    pub made: u64,
    /// Moved, with their album or their photo.
    pub moved: u64,
    /// Removed. They show photos; no photo goes with them.
    pub removed: u64,
    /// With `--dry-run`: would be made.
    pub to_make: u64,
    /// With `--dry-run`: would be moved.
    pub to_move: u64,
    /// With `--dry-run`: would be removed.
    pub to_remove: u64,
    /// Entries that could not be brought up to date; they are tried again.
    pub failed: u64,
    /// Which, and why.
    pub failed_items: Vec<Trouble>,
}

/// An item in trouble.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// The item, for people.
    pub item: String,
    /// Why.
    pub why: String,
}

/// The counters of a run, shared by its tasks.
#[derive(Debug, Default)]
pub struct Tally {
    outcome: Mutex<Outcome>,
    /// Records that were counted as broken: one may come on several pages.
    broken: Mutex<HashSet<String>>,
}

impl Tally {
    /// Changes the counters.
    pub fn note(&self, change: impl FnOnce(&mut Outcome)) {
        change(&mut self.lock());
    }

    /// A copy of the counters.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.lock().clone()
    }

    /// A file was placed.
    pub fn placed(&self, path: &str, size: u64, proof: &Proof, fetched: bool) {
        self.note(|out| {
            if fetched {
                out.fetched += 1;
                out.fetched_bytes += size;
            } else {
                out.adopted += 1;
            }
            match proof {
                Proof::Proven => out.proven += 1,
                Proof::SizeOnly { .. } => out.not_provable += 1,
                Proof::Disputed { .. } => {
                    out.disputed += 1;
                    if out.disputed_items.len() < NAMED {
                        out.disputed_items.push(path.to_owned());
                    }
                }
            }
        });
    }

    /// A file would be fetched.
    pub fn foreseen(&self, path: &str, size: u64) {
        self.note(|out| {
            out.to_fetch += 1;
            out.to_fetch_bytes += size;
            if out.to_fetch_items.len() < NAMED {
                out.to_fetch_items.push(path.to_owned());
            }
        });
    }

    /// A file would be moved.
    pub fn foreseen_move(&self, from: &str, to: &str) {
        self.note(|out| {
            out.to_move += 1;
            named(&mut out.to_move_items, from, to);
        });
    }

    /// A file left for the attic. `meant` when the job file sends it there; `changed` when it is not what larder wrote.
    pub fn left(&self, path: &str, meant: bool, changed: bool) {
        self.note(|out| out.removed += 1);
        if changed || !meant {
            self.set_aside(path);
        }
    }

    /// A file that somebody had changed went to the attic.
    pub fn set_aside(&self, path: &str) {
        self.note(|out| {
            if out.set_aside.len() < NAMED {
                out.set_aside.push(path.to_owned());
            }
        });
    }

    /// An entry of an album view could not be brought up to date.
    pub fn view_failed(&self, item: &str, why: &str) {
        self.note(|out| {
            out.views.failed += 1;
            named(&mut out.views.failed_items, item, why);
        });
    }

    /// A file could not be brought home.
    pub fn failed(&self, item: &str, why: &str) {
        self.note(|out| {
            out.failed += 1;
            named(&mut out.failed_items, item, why);
        });
    }

    /// A record made no sense.
    pub fn broken(&self, record: &str, why: &str) {
        let new = self.broken.lock().unwrap_or_else(PoisonError::into_inner).insert(record.to_owned());
        if !new {
            return;
        }
        self.note(|out| {
            out.broken += 1;
            named(&mut out.broken_items, record, why);
        });
    }

    /// Something worth a line.
    pub fn warn(&self, line: String) {
        self.note(|out| {
            if !out.warnings.contains(&line) {
                out.warnings.push(line);
            }
        });
    }

    fn lock(&self) -> MutexGuard<'_, Outcome> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn named(list: &mut Vec<Trouble>, item: &str, why: &str) {
    if list.len() < NAMED {
        list.push(Trouble { item: item.to_owned(), why: why.to_owned() });
    }
}
