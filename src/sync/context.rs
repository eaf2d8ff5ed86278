//! What the parts of a run share.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::Tally;
use super::classes::Classes;
use super::urls::Urls;
use crate::clock::Clock;
use crate::config::Job;
use crate::event::{Event, Observer};
use crate::http;
use crate::http::pacing::Pacer;
use crate::icloud::drive::Drive;
use crate::icloud::photos::Photos;
use crate::model::Part;
use crate::state::{Batch, State, StateError, View};
use crate::tree::Root;

/// What the parts of a run share. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// Which half of the job is brought up to date.
    pub part: Part,
    /// The job.
    pub job: Arc<Job>,
    /// Catalog and ledger.
    pub state: Arc<State>,
    /// The destination.
    pub root: Arc<Root>,
    /// iCloud Photos.
    pub photos: Photos,
    /// iCloud Drive.
    pub drive: Drive,
    /// For bodies.
    pub http: http::Client,
    /// How fast content hosts are asked for bodies.
    pub(super) bodies: Pacer,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who watches.
    pub observer: Arc<dyn Observer>,
    /// What the summary will tell.
    pub tally: Arc<Tally>,
    /// How well Apple's checksum holds, by kind of file.
    pub(super) classes: Arc<Classes>,
    /// Signed URLs at hand.
    pub(super) urls: Arc<Urls>,
    /// Set when the run should end soon.
    pub cancel: CancellationToken,
    /// Set when the disk ended the run, for what is in flight.
    pub(super) stop: CancellationToken,
}

impl Context {
    /// Seconds since 1970.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.clock.now().as_second()
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.clock.now().as_millisecond()
    }

    /// The day in this machine's time zone: names the attic's folders.
    #[must_use]
    pub fn today(&self) -> jiff::civil::Date {
        self.clock.now().to_zoned_datetime(jiff::tz::TimeZone::system()).date()
    }

    /// Bytes of the destination's disk that stay free.
    pub(super) fn keep_free(&self) -> u64 {
        self.job.keep_free(self.part)
    }

    /// Tells whoever watches.
    pub fn tell(&self, event: &Event) {
        self.observer.on(event);
    }

    /// Warns whoever watches, and in the summary.
    pub fn warn(&self, line: impl Into<String>) {
        let line = line.into();
        tracing::warn!("{line}");
        self.observer.on(&Event::Warning(line.clone()));
        self.tally.warn(line);
    }

    /// Reads the state off the asynchronous threads.
    pub async fn read<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&View) -> Result<T, StateError> + Send + 'static,
    ) -> Result<T, StateError> {
        let state = self.state.clone();
        blocking(move || ask(&state.view()?)).await
    }

    /// Writes one durable transaction off the asynchronous threads.
    pub async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Batch<'_>) -> Result<T, StateError> + Send + 'static,
    ) -> Result<T, StateError> {
        let state = self.state.clone();
        blocking(move || state.write(change)).await
    }
}

/// Runs blocking work on a thread for it. A panic there is a bug and goes on here.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
