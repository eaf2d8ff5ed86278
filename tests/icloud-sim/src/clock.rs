//! The simulator's clock: the machine's, plus what the test has added.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// Milliseconds of one day.
pub(crate) const DAY_MS: i64 = 86_400_000;
/// Milliseconds of one minute.
pub(crate) const MINUTE_MS: i64 = 60_000;

/// A clock that runs with the machine's and can be moved.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    ahead_ms: AtomicI64,
}

impl Clock {
    /// Milliseconds since 1970 UTC.
    pub(crate) fn now_ms(&self) -> i64 {
        jiff::Timestamp::now().as_millisecond() + self.ahead_ms.load(Ordering::SeqCst)
    }

    /// Moves the clock forward.
    pub(crate) fn advance(&self, by: Duration) {
        let ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX / 4);
        self.ahead_ms.fetch_add(ms, Ordering::SeqCst);
    }
}

/// A time as in `Expires` of the recorded cookies, `Sat, 13-Jun-2026 09:00:00 GMT`.
pub(crate) fn cookie_date(ms: i64) -> String {
    strftime("%a, %d-%b-%Y %H:%M:%S GMT", ms)
}

/// A time as in `Date` and `Last-Modified`, `Thu, 01 Jan 2026 00:10:00 GMT`.
pub(crate) fn http_date(ms: i64) -> String {
    strftime("%a, %d %b %Y %H:%M:%S GMT", ms)
}

fn strftime(format: &str, ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_spelled_as_recorded() {
        assert_eq!(cookie_date(1_781_341_200_000), "Sat, 13-Jun-2026 09:00:00 GMT");
        assert_eq!(http_date(1_767_226_200_000), "Thu, 01 Jan 2026 00:10:00 GMT");
    }
}
