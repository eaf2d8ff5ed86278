//! What a library should hold, in a few numbers.

use serde::{Deserialize, Serialize};

/// Describes a library. The same description always gives the same library, to the byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LibrarySpec {
    /// Photos and videos in the personal library, hidden and recently deleted ones included.
    pub assets: usize,
    /// Albums. The first five hold 0, 1, 66, 67 and 132 members as far as the library has them; the others vary.
    pub albums: usize,
    /// Folders, nested in each other; a part of the albums lies in them.
    pub folders: usize,
    /// Where everything random comes from.
    pub seed: u64,
    /// How large the files are.
    pub sizes: Sizes,
    /// Put in one of everything that was ever seen to trouble a client (about 130 of the assets), and zones that are no
    /// libraries. A library with fewer assets gets as many of the cases as fit.
    pub awkward: bool,
    /// Whether the account takes part in a shared library, a fifth as large as the personal one.
    pub shared_library: SharedRole,
    /// Serve one original whose bytes never match its published checksum.
    pub disputed: bool,
    /// Name of the personal zone; Apple gives some accounts `PrimarySync1` (icloudpd PR #1367).
    pub personal_zone: String,
    /// The time up to which the library has grown, milliseconds since 1970 UTC.
    pub now_ms: i64,
}

impl Default for LibrarySpec {
    fn default() -> Self {
        Self {
            assets: 0,
            albums: 0,
            folders: 0,
            seed: 0,
            sizes: Sizes::Tiny,
            awkward: false,
            shared_library: SharedRole::None,
            disputed: false,
            personal_zone: "PrimarySync".to_owned(),
            now_ms: 1_767_225_600_000,
        }
    }
}

/// How large the files of a library are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sizes {
    /// 200 bytes to 20 kB, mostly below 2 kB.
    Tiny,
    /// The measured distribution scaled down to about 20 kB a photo.
    Small,
    /// The distribution measured over recorded libraries, about 9 MB a photo. Every body is hashed when the library is
    /// made: a thousand photos take some ten seconds.
    Real,
    /// This many bytes each, at least 48.
    Fixed(u64),
}

/// The account's part in a shared library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SharedRole {
    /// There is none.
    None,
    /// The account made it: its zone is in the private database.
    Owner,
    /// Somebody else made it: its zone is in the shared database.
    Participant,
}
