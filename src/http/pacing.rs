//! How fast a service is asked: one [`Pacer`] per service, shared by all workers.
//!
//! When the service asks one worker for patience everybody waits, and afterwards fewer requests are in flight
//! at once; the width grows again slowly while answers are good.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::patience::Patience;
use super::retry::LONGEST;

/// First pause when the service does not say how long; it doubles while no good answer comes between.
const FIRST_PAUSE: Duration = Duration::from_secs(5);

/// Refusals with no good answer between them after which the service is left alone.
const MOST_REFUSALS: u32 = 6;

/// How long it is left alone when it does not say.
const LATER: Duration = Duration::from_secs(3600);

/// Shares out turns to ask one service. Clones share the turns.
#[derive(Debug, Clone)]
pub struct Pacer {
    pace: Arc<Mutex<Pace>>,
    changed: Arc<Notify>,
    patience: Patience,
}

/// The right to have one request in flight; given back when dropped.
#[derive(Debug)]
pub struct Turn<'a>(&'a Pacer);

/// The rules, without waiting.
#[derive(Debug)]
struct Pace {
    widest: usize,
    width: usize,
    in_flight: usize,
    good: usize,
    paused_until: Option<Instant>,
    next_pause: Duration,
    /// Refusals since the last good answer.
    refusals: u32,
}

/// Why there is no turn yet.
#[derive(Debug, PartialEq, Eq)]
enum Wait {
    Until(Instant),
    ForATurn,
}

impl Pacer {
    /// A pacer that lets up to `widest` requests be in flight, and tries that patience.
    pub fn new(widest: usize, patience: Patience) -> Self {
        let widest = widest.max(1);
        let pace = Pace {
            widest,
            width: widest,
            in_flight: 0,
            good: 0,
            paused_until: None,
            next_pause: FIRST_PAUSE,
            refusals: 0,
        };
        Self { pace: Arc::new(Mutex::new(pace)), changed: Arc::new(Notify::new()), patience }
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a request may be sent.
    pub async fn turn(&self) -> Turn<'_> {
        loop {
            // Made before looking, so that a change in between is not missed.
            let changed = self.changed.notified();
            let entered = self.pace().enter(Instant::now());
            match entered {
                Ok(()) => return Turn(self),
                Err(Wait::Until(instant)) => tokio::time::sleep_until(instant).await,
                Err(Wait::ForATurn) => changed.await,
            }
        }
    }

    /// The service asked for patience: `told` as it said; otherwise 5 s, then twice as long each time. When it asks
    /// for more than two minutes, or again and again, the run is over.
    pub fn throttled(&self, told: Option<Duration>) {
        if let Some(told) = told.filter(|told| *told > LONGEST) {
            return self.patience.end("iCloud asks to be left alone for a while".to_owned(), told);
        }
        let (pause, refusals) = {
            let mut pace = self.pace();
            (pace.throttled(told, Instant::now()), pace.refusals)
        };
        let Some(pause) = pause else { return };
        tracing::debug!(?pause, refusals, "the service asks for patience");
        if refusals >= MOST_REFUSALS {
            self.patience.end(format!("iCloud asked for patience {refusals} times in a row"), LATER);
        }
    }

    /// How many requests may be in flight at present.
    pub fn width(&self) -> usize {
        self.pace().width
    }
}

impl Turn<'_> {
    /// Gives the turn back after a good answer.
    pub fn succeeded(self) {
        self.0.pace().succeeded();
        self.0.patience.earn();
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.pace().in_flight -= 1;
        self.0.changed.notify_waiters();
    }
}

impl Pace {
    fn enter(&mut self, now: Instant) -> Result<(), Wait> {
        if let Some(until) = self.paused_until.filter(|until| *until > now) {
            return Err(Wait::Until(until));
        }
        if self.in_flight >= self.width {
            return Err(Wait::ForATurn);
        }
        self.paused_until = None;
        self.in_flight += 1;
        Ok(())
    }

    /// Gives back the pause when it is a new one. Workers that hear the same refusal while the pause lasts
    /// only make it longer: it is one incident.
    fn throttled(&mut self, told: Option<Duration>, now: Instant) -> Option<Duration> {
        let pause = told.unwrap_or(self.next_pause).min(LONGEST);
        let until = now + pause;
        if let Some(paused) = self.paused_until.filter(|paused| *paused > now) {
            self.paused_until = Some(if told.is_some() { paused.max(until) } else { paused });
            return None;
        }
        self.paused_until = Some(until);
        self.width = (self.width / 2).max(1);
        self.good = 0;
        self.refusals += 1;
        self.next_pause = (self.next_pause * 2).min(LONGEST);
        Some(pause)
    }

    fn succeeded(&mut self) {
        self.refusals = 0;
        self.next_pause = FIRST_PAUSE;
        self.good += 1;
        // One wider for every four rounds of good answers.
        if self.good >= self.width * 4 && self.width < self.widest {
            self.good = 0;
            self.width += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn pace(widest: usize) -> Pace {
        let next_pause = FIRST_PAUSE;
        Pace { widest, width: widest, in_flight: 0, good: 0, paused_until: None, next_pause, refusals: 0 }
    }

    #[test]
    fn no_more_than_the_width_are_in_flight() {
        let (mut pace, now) = (pace(2), Instant::now());
        assert_eq!(pace.enter(now), Ok(()));
        assert_eq!(pace.enter(now), Ok(()));
        assert_eq!(pace.enter(now), Err(Wait::ForATurn));
    }

    #[test]
    fn one_incident_halves_the_width_once_and_pauses_everybody() {
        let (mut pace, now) = (pace(8), Instant::now());
        assert_eq!(pace.throttled(Some(10 * SECOND), now), Some(10 * SECOND));
        assert_eq!(pace.throttled(None, now), None);
        assert_eq!(pace.throttled(Some(20 * SECOND), now + SECOND), None);
        assert_eq!(pace.width, 4);
        assert_eq!(pace.enter(now + 20 * SECOND), Err(Wait::Until(now + 21 * SECOND)));
        assert_eq!(pace.enter(now + 21 * SECOND), Ok(()));
    }

    #[test]
    fn untold_pauses_double_up_to_a_limit_until_an_answer_is_good() {
        let (mut pace, mut now) = (pace(8), Instant::now());
        for expected in [5, 10, 20, 40, 80, 120, 120] {
            assert_eq!(pace.throttled(None, now), Some(expected * SECOND));
            now += 120 * SECOND;
        }
        assert_eq!(pace.width, 1);
        pace.succeeded();
        assert_eq!(pace.throttled(None, now), Some(5 * SECOND));
    }

    #[test]
    fn the_width_grows_back_slowly_and_not_beyond() {
        let mut pace = pace(4);
        pace.throttled(Some(SECOND), Instant::now());
        assert_eq!(pace.width, 2);
        for _ in 0..8 {
            pace.succeeded();
        }
        assert_eq!(pace.width, 3);
        for _ in 0..100 {
            pace.succeeded();
        }
        assert_eq!(pace.width, 4);
    }

    #[tokio::test]
    async fn a_turn_given_back_goes_to_the_next() {
        let pacer = Pacer::new(1, Patience::default());
        let first = pacer.turn().await;
        let other = pacer.clone();
        let waiting = tokio::spawn(async move { other.turn().await.succeeded() });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(first);
        waiting.await.unwrap();
    }

    #[tokio::test]
    async fn a_pause_is_waited_out() {
        let pacer = Pacer::new(2, Patience::default());
        pacer.throttled(Some(Duration::from_millis(30)));
        let start = Instant::now();
        drop(pacer.turn().await);
        assert!(start.elapsed() >= Duration::from_millis(30));
    }

    #[tokio::test]
    async fn a_service_that_refuses_again_and_again_is_left_alone() {
        let patience = Patience::default();
        let pacer = Pacer::new(8, patience.clone());
        let told = Some(Duration::from_millis(20));
        for _ in 0..MOST_REFUSALS - 1 {
            pacer.throttled(told);
            // Others hear the same refusal.
            pacer.throttled(told);
            drop(pacer.turn().await);
        }
        patience.ask().unwrap();
        pacer.turn().await.succeeded();
        pacer.throttled(told);
        patience.ask().unwrap();
        for _ in 0..MOST_REFUSALS {
            drop(pacer.turn().await);
            pacer.throttled(told);
        }
        assert!(patience.ask().is_err());
    }

    #[test]
    fn a_service_that_asks_for_a_long_pause_is_left_alone_for_as_long() {
        let patience = Patience::default();
        let pacer = Pacer::new(8, patience.clone());
        pacer.throttled(Some(LONGEST));
        patience.ask().unwrap();
        pacer.throttled(Some(Duration::from_secs(7_200)));
        let alone = patience.ask().unwrap_err();
        assert!(alone.until.duration_since(jiff::Timestamp::now()).as_secs() > 7_190, "{alone}");
    }
}
