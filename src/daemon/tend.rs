//! One job: wait until a run is due, run, again.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use jiff::Timestamp;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::standing::{Ended, Standing};
use super::{request, schedule};
use crate::clock::Clock;
use crate::config::Schedule;

/// A run, under way.
pub type Run = Pin<Box<dyn Future<Output = Ended> + Send>>;

/// What the daemon does for a job. A new one takes its place when the job file changes.
#[derive(Clone)]
pub struct Work {
    /// Name of the job.
    pub name: String,
    /// When.
    pub schedule: Schedule,
    /// The job's state directory.
    pub state_dir: PathBuf,
    /// The session file: when it changes while a person is waited for, the person has signed in.
    pub session: PathBuf,
    /// When the last run began, as far as the state knows.
    pub last_start: Arc<dyn Fn() -> Option<Timestamp> + Send + Sync>,
    /// Begins a run, which ends soon when the token is cancelled.
    pub run: Arc<dyn Fn(CancellationToken) -> Run + Send + Sync>,
}

/// What reaches a job from outside.
#[derive(Debug, Clone, Default)]
struct Bell(Arc<Notify>);

impl Bell {
    fn ring(&self) {
        self.0.notify_one();
    }
}

/// Tends a job until `stop` is cancelled. `all` rings when every job is to run at once.
pub async fn tend(
    mut work: watch::Receiver<Work>,
    standing: watch::Sender<Standing>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
    bell: BellOf,
) {
    let (mut started, mut last, mut waits) = (None, None, None::<(Timestamp, Ended, Stamp)>);
    let mut again = false;
    loop {
        let job = work.borrow_and_update().clone();
        let known = {
            let look = job.last_start.clone();
            tokio::task::spawn_blocking(move || look()).await.unwrap_or_default()
        };
        let due = schedule::due(&job.schedule, &job.name, started.max(known), clock.now());
        standing.send_replace(match &waits {
            Some((since, ended, _)) => Standing::NeedsPerson { since: *since, last: ended.clone() },
            None => Standing::Waiting { next: due.max(clock.now()), last: last.clone() },
        });
        let why = loop {
            if request::take(&job.state_dir) || std::mem::take(&mut again) {
                break Why::Due;
            }
            match &waits {
                Some((_, _, stamp)) if stamp_of(&job) != *stamp => break Why::Due,
                None if clock.now() >= due => break Why::Due,
                // Before the person was there nothing is of use.
                _ => {}
            }
            tokio::select! {
                () = stop.cancelled() => break Why::Stop,
                changed = work.changed() => break if changed.is_ok() { Why::Reload } else { Why::Stop },
                () = bell.0.0.notified() => break Why::Rung,
                () = tokio::time::sleep(clock.glance()) => {}
            }
        };
        match why {
            Why::Stop => break,
            Why::Reload => continue,
            // Somebody asked another job of this daemon, or nobody named one.
            Why::Rung if !(request::take(&job.state_dir) || bell.is_for_all()) => continue,
            Why::Rung | Why::Due => {}
        }
        let now = clock.now();
        standing.send_replace(Standing::Running { since: now });
        let ended = (job.run)(stop.child_token()).await;
        tracing::info!(job = %job.name, code = ended.code, "{}", ended.line);
        if ended.busy {
            // A person is at work on it, signing in for example.
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(clock.glance()) => {}
            }
            again = true;
            continue;
        }
        started = Some(now);
        waits = ended.needs_person.then(|| {
            let since = waits.as_ref().map_or(now, |(since, ..)| *since);
            (since, ended.clone(), stamp_of(&job))
        });
        last = Some(ended);
        if stop.is_cancelled() {
            break;
        }
    }
    standing.send_replace(Standing::Ended);
}

/// The bell of a job, and whether it rings for all.
#[derive(Debug, Clone, Default)]
pub struct BellOf(Bell, Arc<std::sync::atomic::AtomicBool>);

impl BellOf {
    /// Whether the last ring named no job. Asking takes it back.
    fn is_for_all(&self) -> bool {
        self.1.swap(false, std::sync::atomic::Ordering::AcqRel)
    }

    /// Rings; `all` when no job was named.
    pub fn ring(&self, all: bool) {
        self.1.store(all, std::sync::atomic::Ordering::Release);
        self.0.ring();
    }
}

enum Why {
    Due,
    Rung,
    Reload,
    Stop,
}

/// What tells one session file from the next.
type Stamp = Option<(SystemTime, u64)>;

fn stamp_of(work: &Work) -> Stamp {
    let facts = std::fs::metadata(&work.session).ok()?;
    Some((facts.modified().ok()?, facts.len()))
}
