//! What a drive should hold at the start, in a few numbers.

use crate::photos::Sizes;
use serde::{Deserialize, Serialize};

/// Describes a drive. The same description always gives the same drive, to the byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DriveSpec {
    /// Files, packages included, the awkward ones not.
    pub files: usize,
    /// How many of the files are packages.
    pub packages: usize,
    /// Folders; the files lie in all of them and in the root.
    pub folders: usize,
    /// Folders in one another at the most; 1 puts all into the root.
    pub depth: usize,
    /// App libraries, at most 8; they hold a part of the folders and files.
    pub libraries: usize,
    /// Put in one of everything that was ever seen or feared to trouble a client.
    pub awkward: bool,
    /// How large the files are.
    pub sizes: Sizes,
    /// Where everything random comes from.
    pub seed: u64,
    /// The time up to which the drive has grown, milliseconds since 1970 UTC.
    pub now_ms: i64,
}

impl Default for DriveSpec {
    fn default() -> DriveSpec {
        DriveSpec {
            files: 0,
            packages: 0,
            folders: 0,
            depth: 6,
            libraries: 0,
            awkward: false,
            sizes: Sizes::Tiny,
            seed: 0,
            now_ms: 1_767_225_600_000,
        }
    }
}
