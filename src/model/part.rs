//! The two halves of what larder mirrors.

use serde::{Deserialize, Serialize};

/// One half of what a job mirrors. Each has a destination and a state file of its own, so that trouble with one leaves
/// the other alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// iCloud Photos.
    Photos,
    /// iCloud Drive.
    Drive,
}

impl Part {
    /// Both, in the order in which a run brings them up to date.
    pub const ALL: [Self; 2] = [Self::Photos, Self::Drive];

    /// A word for the command line and for `--json`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Photos => "photos",
            Self::Drive => "drive",
        }
    }
}
