//! How much trouble a run bears before it leaves iCloud alone: a budget of tries over all workers and services, and
//! a breaker that lets no further request out.

use crate::clock;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp, Unit};
use tokio_util::sync::CancellationToken;

/// Tries that a run may make again, at its beginning and at any time.
const RETRIES: u32 = 200;

/// Good answers that earn one more.
const EARNED_BY: u32 = 5;

/// How long iCloud is left alone when the tries are used up.
const SPENT: Duration = Duration::from_secs(15 * 60);

/// The patience of one run. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Patience {
    borne: Arc<Mutex<Borne>>,
    over: CancellationToken,
}

/// Why nothing more is asked of iCloud in this run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}; larder asks nothing more in this run and keeps what it has. Run it again after {until}")]
pub struct LeftAlone {
    /// What iCloud did.
    pub why: String,
    /// When another run is of use.
    pub until: Timestamp,
}

#[derive(Debug)]
struct Borne {
    retries: u32,
    good: u32,
    verdict: Option<LeftAlone>,
}

impl Default for Borne {
    fn default() -> Self {
        Self { retries: RETRIES, good: 0, verdict: None }
    }
}

impl Patience {
    fn borne(&self) -> MutexGuard<'_, Borne> {
        self.borne.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a request may go out.
    pub fn ask(&self) -> Result<(), LeftAlone> {
        self.verdict().map_or(Ok(()), Err)
    }

    /// Takes one try from the budget. With the last one gone, nothing more is asked.
    pub fn spend(&self) -> Result<(), LeftAlone> {
        self.ask()?;
        {
            let mut borne = self.borne();
            if borne.retries > 0 {
                borne.retries -= 1;
                return Ok(());
            }
        }
        self.end("Too many requests had to be made again".to_owned(), SPENT);
        self.ask()
    }

    /// An answer was good.
    pub fn earn(&self) {
        let mut borne = self.borne();
        borne.good += 1;
        if borne.good >= EARNED_BY {
            borne.good = 0;
            borne.retries = (borne.retries + 1).min(RETRIES);
        }
    }

    /// iCloud is left alone from now on, for so long at least. The first reason stands.
    pub fn end(&self, why: String, wait: Duration) {
        let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::from_hours(24));
        let until = clock::now().saturating_add(wait).unwrap_or(Timestamp::MAX);
        let until = until.round(Unit::Second).unwrap_or(until);
        tracing::debug!(%why, %until, "iCloud is left alone");
        self.borne().verdict.get_or_insert(LeftAlone { why, until });
        self.over.cancel();
    }

    /// Why nothing more is asked, once that is so.
    pub fn verdict(&self) -> Option<LeftAlone> {
        self.borne().verdict.clone()
    }

    /// Waits until nothing more is asked.
    pub async fn over(&self) {
        self.over.cancelled().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_are_spent_and_earned() {
        let patience = Patience::default();
        for _ in 0..RETRIES {
            patience.spend().unwrap();
        }
        for _ in 0..EARNED_BY * 2 {
            patience.earn();
        }
        patience.spend().unwrap();
        patience.spend().unwrap();
        patience.ask().unwrap();
        let alone = patience.spend().unwrap_err();
        assert_eq!(patience.ask(), Err(alone.clone()));
        assert!(alone.to_string().contains("Run it again after 20"), "{alone}");
        patience.earn();
        patience.spend().unwrap_err();
    }

    #[test]
    fn no_more_is_earned_than_there_was() {
        let patience = Patience::default();
        for _ in 0..1_000 {
            patience.earn();
        }
        assert_eq!(patience.borne().retries, RETRIES);
    }

    #[tokio::test]
    async fn the_first_reason_stands_and_wakes_who_waits() {
        let patience = Patience::default();
        let other = patience.clone();
        let waiting = tokio::spawn(async move { other.over().await });
        patience.end("first".to_owned(), Duration::from_secs(60));
        patience.end("second".to_owned(), Duration::MAX);
        waiting.await.unwrap();
        assert_eq!(patience.verdict().unwrap().why, "first");
    }
}
