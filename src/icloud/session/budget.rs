//! How many password handshakes are allowed.
//!
//! Apple mails its users about each, and takes about ten in a rolling window before it refuses (kei #206). The
//! count is on disk, so that a restart loop cannot exceed it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Shortest time between two handshakes.
const APART: SignedDuration = SignedDuration::from_secs(8);

const AN_HOUR: (SignedDuration, usize) = (SignedDuration::from_hours(1), 5);
const A_DAY: (SignedDuration, usize) = (SignedDuration::from_hours(24), 10);

/// When handshakes were begun, oldest first; those of the last day are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Budget(Vec<Timestamp>);

/// Whether a handshake may begin.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Leave {
    /// Now.
    Granted,
    /// In a few seconds.
    In(Duration),
    /// Not before then: the budget is spent.
    NotBefore(Timestamp),
}

impl Budget {
    /// Asks for leave; nothing is written down yet.
    pub(super) fn ask(&self, now: Timestamp) -> Leave {
        for (span, most) in [AN_HOUR, A_DAY] {
            let recent: Vec<&Timestamp> = self.within(span, now).collect();
            if recent.len() >= most {
                let oldest = *recent[recent.len() - most];
                return Leave::NotBefore(oldest.saturating_add(span).unwrap_or(now));
            }
        }
        let since = self.within(APART, now).max().map(|last| now.duration_since(*last));
        match since {
            Some(since) => Leave::In(Duration::try_from(APART - since).unwrap_or_default()),
            None => Leave::Granted,
        }
    }

    /// Writes down that a handshake begins.
    pub(super) fn spend(&mut self, now: Timestamp) {
        self.0 = self.within(A_DAY.0, now).copied().collect();
        self.0.push(now);
    }

    /// Those at most `span` ago. Instants in the future are none: the clock was set back.
    fn within(&self, span: SignedDuration, now: Timestamp) -> impl Iterator<Item = &Timestamp> {
        self.0.iter().filter(move |at| {
            let age = now.duration_since(**at);
            !age.is_negative() && age < span
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn handshakes_are_eight_seconds_apart() {
        let mut budget = Budget::default();
        assert_eq!(budget.ask(at(0)), Leave::Granted);
        budget.spend(at(0));
        assert_eq!(budget.ask(at(3)), Leave::In(Duration::from_secs(5)));
        assert_eq!(budget.ask(at(8)), Leave::Granted);
    }

    #[test]
    fn five_an_hour_and_ten_a_day() {
        let mut budget = Budget::default();
        for i in 0..5 {
            assert_eq!(budget.ask(at(i * 60)), Leave::Granted);
            budget.spend(at(i * 60));
        }
        assert_eq!(budget.ask(at(300)), Leave::NotBefore(at(3600)));
        assert_eq!(budget.ask(at(3600)), Leave::Granted);
        for i in 0..5 {
            budget.spend(at(7200 + i * 60));
        }
        assert_eq!(budget.ask(at(20_000)), Leave::NotBefore(at(86_400)));
        assert_eq!(budget.ask(at(86_400)), Leave::Granted);
    }

    #[test]
    fn a_clock_set_back_does_not_lock_anybody_out() {
        let mut budget = Budget::default();
        for _ in 0..5 {
            budget.spend(at(1_000_000));
        }
        assert_eq!(budget.ask(at(0)), Leave::Granted);
    }
}
