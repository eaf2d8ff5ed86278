//! All jobs of one process: what the system asks of the process reaches them from here.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::request::Presence;
use super::standing::Standing;
use super::tend::{BellOf, Work, tend};
use super::{request, service};
use crate::clock::Clock;

/// Reads every job file again, in the order of the jobs: what is to be done from now on, or why the file cannot be used.
pub type Reload = Arc<dyn Fn() -> Vec<Result<Work, String>> + Send + Sync>;

/// Hears of every job how it stands, whenever that changes.
pub type Hear = Arc<dyn Fn(&str, &Standing) + Send + Sync>;

/// How long runs may take to end when the daemon is told to stop.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// Tends jobs until the process is told to stop. One that another daemon tends already is refused, and the others go on.
/// Gives the names of those.
pub async fn keep_house(
    works: Vec<Work>,
    reload: Reload,
    hear: Hear,
    warn: Arc<dyn Fn(&str) + Send + Sync>,
    clock: Arc<dyn Clock>,
) -> std::io::Result<Vec<String>> {
    let mut signals = Signals::listen()?;
    let stop = CancellationToken::new();
    let (mut jobs, mut refused, mut tasks) = (Vec::new(), Vec::new(), JoinSet::new());
    for work in works {
        let Some(presence) = Presence::announce(&work.state_dir)? else {
            refused.push(work.name);
            jobs.push(None);
            continue;
        };
        let (name, state_dir) = (work.name.clone(), work.state_dir.clone());
        let (now, later) = watch::channel(work);
        let (standing, mut seen) = watch::channel(Standing::Ended);
        let bell = BellOf::default();
        tasks.spawn(tend(later, standing, clock.clone(), stop.clone(), bell.clone()));
        let (heard, shown) = (hear.clone(), name.clone());
        tokio::spawn(async move {
            while seen.changed().await.is_ok() {
                let standing = seen.borrow_and_update().clone();
                heard(&shown, &standing);
                let words = format!("{shown}: {}", standing.words(&TimeZone::system()));
                service::status(&words);
            }
        });
        jobs.push(Some(Job { name, state_dir, work: now, bell, _presence: presence }));
    }
    if tasks.is_empty() {
        return Ok(refused);
    }
    service::ready("waiting");
    let mut pulse = tokio::time::interval(service::wants_to_hear().unwrap_or(Duration::from_secs(3600)));
    loop {
        tokio::select! {
            _ = pulse.tick() => service::alive(),
            asked = signals.next() => match asked {
                Asked::Stop => break,
                Asked::Reload => {
                    service::reloading();
                    let reload = reload.clone();
                    let fresh = tokio::task::spawn_blocking(move || reload()).await.unwrap_or_default();
                    for (job, fresh) in jobs.iter().zip(fresh) {
                        match (job, fresh) {
                            (Some(job), Ok(fresh)) if fresh.state_dir != job.state_dir => warn(&format!(
                                "`state_dir` of {} changed, which takes a new start: all goes on as before",
                                job.name
                            )),
                            (Some(job), Ok(fresh)) => drop(job.work.send_replace(fresh)),
                            (Some(job), Err(why)) => {
                                warn(&format!("{why}: {} goes on as before", job.name));
                            }
                            (None, _) => {}
                        }
                    }
                    service::ready("read the job file again");
                }
                Asked::Run => {
                    let jobs: Vec<&Job> = jobs.iter().flatten().collect();
                    let named = jobs.iter().any(|job| request::is_asked(&job.state_dir));
                    for job in jobs {
                        job.bell.ring(!named);
                    }
                }
            },
            ended = tasks.join_next() => match ended {
                Some(Ok(())) => {}
                Some(Err(error)) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Some(Err(_)) | None => break,
            },
        }
    }
    service::stopping();
    stop.cancel();
    let all = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_WORDS, all).await.is_err() {
        warn("A run did not end in time; the next one goes on where it is");
    }
    Ok(refused)
}

struct Job {
    name: String,
    state_dir: std::path::PathBuf,
    work: watch::Sender<Work>,
    bell: BellOf,
    _presence: Presence,
}

/// What the system asks of the process.
enum Asked {
    Stop,
    Reload,
    Run,
}

#[cfg(unix)]
struct Signals {
    term: tokio::signal::unix::Signal,
    int: tokio::signal::unix::Signal,
    hup: tokio::signal::unix::Signal,
    usr1: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            int: signal(SignalKind::interrupt())?,
            hup: signal(SignalKind::hangup())?,
            usr1: signal(SignalKind::user_defined1())?,
        })
    }

    async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.term.recv() => Asked::Stop,
            _ = self.int.recv() => Asked::Stop,
            _ = self.hup.recv() => Asked::Reload,
            _ = self.usr1.recv() => Asked::Run,
        }
    }
}
