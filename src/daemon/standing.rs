//! How a job stands, for whoever watches the daemon.

use jiff::Timestamp;

/// How a run ended, as far as the daemon cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Exit code that the run would have had by itself.
    pub code: u8,
    /// Whether nothing was done because another process holds the job: it is tried again soon.
    pub busy: bool,
    /// Whether a person has to sign in before another run is of use.
    pub needs_person: bool,
    /// What is to be told of it, in one line.
    pub line: String,
}

/// How a job stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The next run is at this time.
    Waiting {
        /// When.
        next: Timestamp,
        /// How the last run of this daemon ended.
        last: Option<Ended>,
    },
    /// A run is at work.
    Running {
        /// Since when.
        since: Timestamp,
    },
    /// A person has to sign in. Then the run that was missed begins at once.
    NeedsPerson {
        /// Since when.
        since: Timestamp,
        /// How the run ended that found it.
        last: Ended,
    },
    /// The daemon is ending.
    Ended,
}

impl Standing {
    /// In a few words, with times of that zone.
    #[must_use]
    pub fn words(&self, zone: &jiff::tz::TimeZone) -> String {
        let time = |at: &Timestamp| at.to_zoned_datetime(zone.clone()).strftime("%a %d %b %H:%M").to_string();
        match self {
            Self::Waiting { next, .. } => format!("next run {}", time(next)),
            Self::Running { since } => format!("running since {}", time(since)),
            Self::NeedsPerson { since, .. } => {
                format!("waits for a sign-in since {}: run `larder login`", time(since))
            }
            Self::Ended => "ending".to_owned(),
        }
    }
}
