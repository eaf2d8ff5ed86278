//! What time it is: the system's clock, or one that a test moves by hand.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Tells the time. One of the three edges of larder (remote, tree, clock) that tests may replace.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;

    /// How often who waits for an instant should look. A machine that slept, or whose clock was put, is at most so late.
    fn glance(&self) -> Duration {
        Duration::from_secs(5)
    }
}

/// What the operating system's clock shows.
#[must_use]
pub fn now() -> Timestamp {
    SystemClock.now()
}

/// The operating system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        ahead::read().and_then(|ahead| now.checked_add(ahead).ok()).unwrap_or(now)
    }

    fn glance(&self) -> Duration {
        ahead::read().map_or(Duration::from_secs(5), |_| Duration::from_millis(20))
    }
}

/// How far a test has moved the clock of this process: `LARDER_CLOCK` names a file with the seconds. A release build has
/// none of it.
#[cfg(any(debug_assertions, feature = "failpoints"))]
mod ahead {
    use std::path::PathBuf;
    use std::sync::LazyLock;

    use jiff::SignedDuration;

    static FILE: LazyLock<Option<PathBuf>> =
        LazyLock::new(|| std::env::var_os("LARDER_CLOCK").map(PathBuf::from));

    pub(super) fn read() -> Option<SignedDuration> {
        let text = std::fs::read_to_string(FILE.as_ref()?).ok()?;
        text.trim().parse().ok().map(SignedDuration::from_secs)
    }
}

#[cfg(not(any(debug_assertions, feature = "failpoints")))]
mod ahead {
    pub(super) const fn read() -> Option<jiff::SignedDuration> {
        None
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Mutex<Timestamp>>);

impl ManualClock {
    /// A clock that shows `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(start)))
    }

    /// Moves the clock forwards (or backwards, with a negative span).
    pub fn advance(&self, by: SignedDuration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.saturating_add(by).unwrap_or(*now);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.now(), Timestamp::UNIX_EPOCH);
        clock.advance(SignedDuration::from_secs(90));
        assert_eq!(clock.now().as_second(), 90);
    }
}
