//! What a verification found.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::state::Condition;

/// Files that are named; more are counted.
const NAMED: usize = 1_000;

/// Files that are named in the record of the last verification.
pub(super) const RECORDED: usize = 50;

/// What a verification found. Bytes are bytes; everything else counts files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Verified {
    /// When it began. One that was interrupted and went on began when it began first.
    pub began: Timestamp,
    /// Whether it got to its end.
    pub complete: bool,
    /// Whether it was about the whole mirror.
    pub whole: bool,
    /// Files that were looked at.
    pub files: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// Files whose bytes are what Apple's checksum says.
    pub proven: u64,
    /// Files that are what they were when they came, by the SHA-256 that was kept: Apple publishes no checksum for them
    /// that can be checked.
    pub not_provable: u64,
    /// Files that are what they were when they came, which is not what Apple's checksum says.
    pub disputed: u64,
    /// Files whose bytes are others while their length and time are those that larder gave.
    pub damaged: u64,
    /// Files that somebody changed.
    pub edited: u64,
    /// Files that are not there.
    pub missing: u64,
    /// Files in whose place something else lies: a directory, a link.
    pub replaced: u64,
    /// Files that cannot be read.
    pub unreadable: u64,
    /// Files in the mirror that larder did not write, when they were counted.
    pub foreign: Option<u64>,
    /// Which files are wrong.
    pub items: Vec<Found>,
}

/// A file that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Its path below the destination.
    pub path: String,
    /// What is wrong.
    pub condition: Condition,
    /// More of it, for people.
    pub why: String,
}

impl Verified {
    /// Files that are wrong.
    #[must_use]
    pub fn wrong(&self) -> u64 {
        self.damaged + self.edited + self.missing + self.replaced + self.unreadable
    }

    /// A file is wrong.
    pub(super) fn found(&mut self, found: Found) {
        *match found.condition {
            Condition::Damaged => &mut self.damaged,
            Condition::Edited => &mut self.edited,
            Condition::Missing => &mut self.missing,
            Condition::Replaced => &mut self.replaced,
            Condition::Unreadable => &mut self.unreadable,
        } += 1;
        if self.items.len() < NAMED {
            self.items.push(found);
        }
    }

    /// Adds what a group of items gave.
    pub(super) fn add(&mut self, group: &Self) {
        self.files += group.files;
        self.bytes += group.bytes;
        self.proven += group.proven;
        self.not_provable += group.not_provable;
        self.disputed += group.disputed;
    }

    /// As it is recorded.
    pub(super) fn record(&self) -> Self {
        let items = self.items.iter().take(RECORDED).cloned().collect();
        Self { items, ..self.clone() }
    }
}
