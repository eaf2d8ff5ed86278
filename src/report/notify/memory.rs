//! What was told, so that nothing is told twice, also not after a restart.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What was told of a job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// When trust ends, as of the reminders.
    pub trust_ends: Option<Timestamp>,
    /// The last reminder, in days before the end.
    pub reminded: Option<i64>,
    /// Since when a person is needed, when that was told.
    pub needed_since: Option<Timestamp>,
    /// How the last run failed, and how often in a row.
    pub failing: Option<Failing>,
    /// The notification of the desktop that is shown.
    pub shown: Option<u32>,
}

/// Runs that fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    /// Their exit code.
    pub code: u8,
    /// How many in a row.
    pub runs: u32,
    /// Whether it was told.
    pub told: bool,
}
