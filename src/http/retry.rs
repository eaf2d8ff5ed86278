//! The one retry policy.
//!
//! | class | from API hosts | from content hosts |
//! |---|---|---|
//! | transient: cut, reset, silence, 5xx, something else in place of the answer | 2, 5, 15 s with jitter | at once, within a second, 2, 4, 8 s, then the next run |
//! | throttled: 429, 503 with `Retry-After`, `THROTTLED` | as told, or 5 s and twice as long each time; everybody waits | the same |
//! | session: 401, 421, 423, 450, a bare 403, the same said in a body | renewed once for all workers (`icloud::session`) | there is none |
//! | gone: 401, 403, 404, 410, 421, 423 for a URL; a record that is not there | | a fresh URL, once |
//! | permanent | the error stands | once more with a fresh URL |
//!
//! Every try but the first costs the run's [`Patience`].

use std::fmt;
use std::future::Future;
use std::time::Duration;

use backon::{Retryable, Sleeper, TokioSleeper};

use super::patience::Patience;

/// Waits before the second, third and fourth try after trouble that may pass.
const TRANSIENT: [Duration; 3] = [Duration::from_secs(2), Duration::from_secs(5), Duration::from_secs(15)];

/// Waits before the tries of a body: at once, within a second, then 2, 4 and 8 s; then the next run.
pub const BODY: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// First wait when the service asks for patience without saying how much; it doubles each time.
const THROTTLED: Duration = Duration::from_secs(5);

/// Most waits that a service can ask for in one call.
const MOST_THROTTLED: u32 = 5;

/// Longest wait that is sat out; a service that asks for more is left alone until the next run.
pub(super) const LONGEST: Duration = Duration::from_secs(120);

/// What kind of trouble an error is, and so what is to be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// May work in a moment: try again after 2, 5, 15 s with jitter.
    Transient,
    /// The service asks for patience: everybody on that service waits.
    Throttled(Option<Duration>),
    /// The session is no longer accepted. It has been renewed already where that is of use.
    Session,
    /// What was asked for is not there, or not any more: another address is needed.
    Gone,
    /// Trying again is of no use.
    Permanent,
}

/// The class of a content host's answer by its status; `None` when it may be the file.
#[must_use]
pub fn of_content(status: u16, told: Option<Duration>) -> Option<Class> {
    Some(match (status, told) {
        (200 | 206, _) => return None,
        (401 | 403 | 404 | 410 | 421 | 423, _) => Class::Gone,
        (429, _) | (503, Some(_)) => Class::Throttled(told),
        _ => Class::Transient,
    })
}

/// An error that knows its class.
pub trait Classify {
    /// The class.
    fn class(&self) -> Class;
}

/// Runs `attempt` until it succeeds, fails for good, or the tries or the run's patience are used up; then the last
/// error is given back. A wait of more than two minutes that the service asks for counts as a failure for good.
pub async fn with_retry<T, E, F, Fut>(what: &'static str, patience: &Patience, attempt: F) -> Result<T, E>
where
    E: Classify + fmt::Display,
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    retry_with(what, patience, attempt, TokioSleeper, jitter).await
}

async fn retry_with<T, E, F, Fut>(
    what: &'static str,
    patience: &Patience,
    attempt: F,
    sleeper: impl Sleeper,
    mut stretch: impl FnMut(Duration) -> Duration,
) -> Result<T, E>
where
    E: Classify + fmt::Display,
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let mut transient = TRANSIENT.iter();
    let mut throttled = 0;
    attempt
        .retry(std::iter::repeat(Duration::ZERO))
        .sleep(sleeper)
        .when(|error: &E| matches!(error.class(), Class::Transient | Class::Throttled(_)))
        .adjust(|error: &E, _| {
            let wait = match error.class() {
                Class::Transient => transient.next().map(|wait| stretch(*wait)),
                Class::Throttled(told) if throttled < MOST_THROTTLED => {
                    let wait = told.unwrap_or(THROTTLED * 2_u32.pow(throttled));
                    throttled += 1;
                    (wait <= LONGEST).then_some(wait)
                }
                _ => None,
            };
            wait.filter(|_| patience.spend().is_ok())
        })
        .notify(|error, wait| tracing::debug!(what, %error, ?wait, "trying again"))
        .await
}

/// Stretches or shrinks a wait by up to a quarter, so that workers which failed together do not come back
/// together.
fn jitter(wait: Duration) -> Duration {
    let dice = uuid::Uuid::new_v4().as_bytes()[0];
    wait.mul_f64(0.75 + f64::from(dice) / 510.0)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("Trouble")]
    struct Trouble(Class);

    impl Classify for Trouble {
        fn class(&self) -> Class {
            self.0
        }
    }

    /// Runs through `script` (then success) and gives back the outcome and the waits, in seconds.
    async fn run(script: &[Class]) -> (Result<usize, Trouble>, Vec<u64>) {
        run_with(&Patience::default(), script).await
    }

    async fn run_with(patience: &Patience, script: &[Class]) -> (Result<usize, Trouble>, Vec<u64>) {
        let slept = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&slept);
        let sleeper = move |wait: Duration| {
            log.lock().unwrap().push(wait.as_secs());
            std::future::ready(())
        };
        let mut tries = 0;
        let attempt = || {
            tries += 1;
            std::future::ready(script.get(tries - 1).map_or(Ok(tries), |class| Err(Trouble(*class))))
        };
        let outcome = retry_with("test", patience, attempt, sleeper, |wait| wait).await;
        let slept = slept.lock().unwrap().clone();
        (outcome, slept)
    }

    #[tokio::test]
    async fn passing_trouble_is_tried_four_times() {
        let (outcome, slept) = run(&[Class::Transient; 3]).await;
        assert_eq!((outcome.unwrap(), slept), (4, vec![2, 5, 15]));
        let (outcome, slept) = run(&[Class::Transient; 4]).await;
        assert!(outcome.is_err());
        assert_eq!(slept, [2, 5, 15]);
    }

    #[tokio::test]
    async fn lasting_trouble_is_not_tried_again() {
        for class in [Class::Permanent, Class::Gone, Class::Session] {
            let (outcome, slept) = run(&[class]).await;
            assert!(outcome.is_err() && slept.is_empty());
        }
    }

    #[tokio::test]
    async fn nothing_is_tried_again_when_the_patience_is_over() {
        let patience = Patience::default();
        patience.end("enough".to_owned(), Duration::ZERO);
        let (outcome, slept) = run_with(&patience, &[Class::Transient]).await;
        assert!(outcome.is_err() && slept.is_empty());
    }

    #[test]
    fn the_status_of_a_content_host_tells_what_to_do() {
        let told = Some(Duration::from_secs(3));
        assert_eq!((of_content(200, None), of_content(206, None)), (None, None));
        for status in [401, 403, 404, 410, 421, 423] {
            assert_eq!(of_content(status, None), Some(Class::Gone));
        }
        assert_eq!(of_content(429, None), Some(Class::Throttled(None)));
        assert_eq!(of_content(503, told), Some(Class::Throttled(told)));
        for status in [400, 500, 502, 503, 504] {
            assert_eq!(of_content(status, None), Some(Class::Transient));
        }
    }

    #[tokio::test]
    async fn patience_is_had_as_told_and_doubles_when_not_told() {
        let told = Class::Throttled(Some(Duration::from_secs(33)));
        let (outcome, slept) = run(&[told, Class::Throttled(None), Class::Throttled(None)]).await;
        assert_eq!((outcome.unwrap(), slept), (4, vec![33, 10, 20]));
    }

    #[tokio::test]
    async fn too_long_a_wait_is_a_failure() {
        let (outcome, slept) = run(&[Class::Throttled(Some(Duration::from_secs(121)))]).await;
        assert!(outcome.is_err() && slept.is_empty());
        let (outcome, slept) = run(&[Class::Throttled(Some(Duration::from_secs(1))); 6]).await;
        assert!(outcome.is_err());
        assert_eq!(slept.len(), 5);
    }

    #[test]
    fn jitter_stays_within_a_quarter() {
        for _ in 0..200 {
            let wait = jitter(Duration::from_secs(100));
            assert!((Duration::from_secs(75)..=Duration::from_secs(125)).contains(&wait), "{wait:?}");
        }
    }
}
