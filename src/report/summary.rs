//! The summary of a run, as it is shown, printed as JSON and remembered.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::model::Part;
use crate::sync::Outcome;
use crate::sync::run::Finished;

/// A run in a nutshell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// What was brought up to date.
    #[serde(default = "photos")]
    pub part: Part,
    /// When it started.
    pub started: Timestamp,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Whether it only showed what it would do.
    pub dry_run: bool,
    /// Whether everything in scope that iCloud holds is on disk.
    pub complete: bool,
    /// What ended it early.
    pub error: Option<String>,
    /// What it did.
    #[serde(flatten)]
    pub outcome: Outcome,
}

impl Summary {
    /// The summary of a run that ended at `now`.
    #[must_use]
    pub fn new(part: Part, started: Timestamp, now: Timestamp, dry_run: bool, finished: &Finished) -> Self {
        let outcome = finished.outcome.clone();
        let error = finished.error.as_ref().map(ToString::to_string);
        let left = outcome.failed + outcome.no_room + outcome.broken + outcome.to_fetch;
        Self {
            part,
            started,
            seconds: now.duration_since(started).as_secs_f64(),
            dry_run,
            complete: error.is_none() && left == 0,
            error,
            outcome,
        }
    }

    /// A part that was left out, because of what ended the part before it.
    #[must_use]
    pub fn without_run(part: Part, started: Timestamp, dry_run: bool, error: Option<String>) -> Self {
        let outcome = Outcome::default();
        Self { part, started, seconds: 0.0, dry_run, complete: false, error, outcome }
    }

    /// How long the run took.
    #[must_use]
    pub fn took(&self) -> SignedDuration {
        SignedDuration::try_from_secs_f64(self.seconds).unwrap_or_default()
    }

    /// Whether there was nothing to do and nothing to tell.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        let out = &self.outcome;
        let touched = out.fetched
            + out.adopted
            + out.replaced
            + out.to_fetch
            + out.failed
            + out.broken
            + out.moved
            + out.removed
            + out.held
            + out.kept
            + out.reread.wrong
            + out.reread.left
            + out.views.made
            + out.views.moved
            + out.views.removed
            + out.views.to_make
            + out.views.to_move
            + out.views.to_remove
            + out.views.failed;
        let changed = out.libraries.values().map(|l| l.added + l.changed + l.deleted).sum::<u64>();
        self.error.is_none()
            && touched + changed + out.waiting == 0
            && out.albums.is_empty()
            && out.warnings.is_empty()
    }
}

/// Before there was another part, runs told of photos alone.
fn photos() -> Part {
    Part::Photos
}
