//! The one retry policy.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use backon::{Retryable, Sleeper, TokioSleeper};

/// Waits before the second, third and fourth try after trouble that may pass.
const TRANSIENT: [Duration; 3] = [Duration::from_secs(2), Duration::from_secs(5), Duration::from_secs(15)];

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
    /// Trying again is of no use.
    Permanent,
}

/// An error that knows its class.
pub trait Classify {
    /// The class.
    fn class(&self) -> Class;
}

/// Runs `attempt` until it succeeds, fails for good, or the tries are used up; then the last error is given
/// back. A wait of more than two minutes that the service asks for counts as a failure for good.
pub async fn with_retry<T, E, F, Fut>(what: &'static str, attempt: F) -> Result<T, E>
where
    E: Classify + fmt::Display,
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    retry_with(what, attempt, TokioSleeper, jitter).await
}

async fn retry_with<T, E, F, Fut>(
    what: &'static str,
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
        .when(|error: &E| error.class() != Class::Permanent)
        .adjust(|error: &E, _| match error.class() {
            Class::Transient => transient.next().map(|wait| stretch(*wait)),
            Class::Throttled(told) if throttled < MOST_THROTTLED => {
                let wait = told.unwrap_or(THROTTLED * 2_u32.pow(throttled));
                throttled += 1;
                (wait <= LONGEST).then_some(wait)
            }
            Class::Throttled(_) | Class::Permanent => None,
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
        let outcome = retry_with("test", attempt, sleeper, |wait| wait).await;
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
        let (outcome, slept) = run(&[Class::Permanent]).await;
        assert!(outcome.is_err() && slept.is_empty());
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
