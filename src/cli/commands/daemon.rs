//! `larder sync`: the daemon, and `larder sync --now`, which asks it for a run.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio_util::sync::CancellationToken;

use super::sync::{Audience, Signals, once};
use crate::cli::args::{Global, Sync, What};
use crate::cli::job::{Loaded, job_files, load, load_file};
use crate::cli::page::{self, Entrance};
use crate::cli::{Console, Exit, Failure};
use crate::clock::SystemClock;
use crate::daemon::page::Seen;
use crate::daemon::{Ended, Hear, Reload, Standing, Work, ask_for_run, keep_house};
use crate::model::Part;
use crate::report::{Live, Summary};
use crate::state::{Reader, last_run};
use crate::sync::RunError;
use crate::sync::run::Options;

/// Runs jobs when they are due, until the process is told to stop.
pub(super) async fn daemon(global: &Global, console: &Console, args: &Sync) -> Result<Exit, Failure> {
    let only = args.only.map(What::part);
    let files = job_files(global)?;
    let (mut works, mut jobs): (Vec<Work>, Vec<Arc<Loaded>>) = (Vec::new(), Vec::new());
    let around: Arc<Around> = Arc::default();
    let mut broken = None;
    for file in &files {
        match work(file, console, only, &around) {
            Ok((work, loaded)) => {
                if let Some(other) = works.iter().find(|other| other.state_dir == work.state_dir) {
                    let message =
                        format!("The jobs `{}` and `{}` have one `state_dir`", other.name, work.name);
                    return Err(Failure::new(Exit::Usage, message));
                }
                works.push(work);
                jobs.push(loaded);
            }
            // One account's trouble never stops another.
            Err(failure) if files.len() > 1 => {
                console.failure(&failure);
                broken = Some(failure);
            }
            Err(failure) => return Err(failure),
        }
    }
    if works.is_empty() {
        return Err(broken.unwrap_or_else(|| Failure::new(Exit::Usage, "There is no job".to_owned())));
    }
    let several = works.len() > 1;
    let known: Vec<PathBuf> = works.iter().filter_map(|work| file_of(&files, work)).collect();
    let standings: HashMap<String, Seen> =
        works.iter().map(|work| (work.name.clone(), Seen::new(around.live(&work.name)))).collect();
    let stop = CancellationToken::new();
    let _closed = stop.clone().drop_guard();
    if let Some(settings) = page::settings(jobs.iter())? {
        let seen = |loaded: Arc<Loaded>| {
            let standing = standings.get(&loaded.job.name).cloned().unwrap_or_default();
            (loaded, standing)
        };
        let opened = page::open(settings, jobs.into_iter().map(seen).collect(), console, stop).await?;
        if let Some(opened) = opened {
            // Nobody else sets it.
            let _first = around.entrance.set(opened);
        }
    }
    let (again, shown, known_around) = (known, console.clone(), around.clone());
    let reload: Reload = Arc::new(move || {
        let read = |file: &PathBuf| {
            let read = work(file, &shown, only, &known_around);
            read.map(|(work, _)| work).map_err(|failure| failure.message)
        };
        again.iter().map(read).collect()
    });
    let shown = console.clone();
    let hear: Hear = Arc::new(move |name, standing| {
        if let Some(seen) = standings.get(name) {
            seen.set(standing);
        }
        if matches!(standing, Standing::Running { .. } | Standing::Ended) {
            return;
        }
        let mut words = standing.words(&TimeZone::system());
        if let (Standing::NeedsPerson { .. }, Some(entrance)) = (standing, around.entrance.get()) {
            words = format!("{words}, or open {}", entrance.link(name));
        }
        shown.tell(&if several { format!("{name}: {words}") } else { words });
    });
    let shown = console.clone();
    let warn = Arc::new(move |line: &str| shown.warning(line));
    let all = works.len();
    let refused = keep_house(works, reload, hear, warn, Arc::new(SystemClock))
        .await
        .map_err(|error| Failure::new(Exit::Disk, format!("The daemon cannot go on: {error}")))?;
    for name in &refused {
        console.warning(&format!("Another daemon runs the job `{name}`"));
    }
    Ok(if refused.len() == all { Exit::Locked } else { Exit::Done })
}

/// What the jobs of one process share with its page.
#[derive(Default)]
struct Around {
    entrance: OnceLock<Entrance>,
    live: Mutex<HashMap<String, Live>>,
}

impl Around {
    /// How far the run of a job is; the same whenever its job file is read again.
    fn live(&self, job: &str) -> Live {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).entry(job.to_owned()).or_default().clone()
    }
}

/// The job file of a job, by its name.
fn file_of(files: &[PathBuf], work: &Work) -> Option<PathBuf> {
    files
        .iter()
        .find(|file| file.file_stem().is_some_and(|stem| stem.to_string_lossy() == work.name))
        .cloned()
}

/// What the daemon does for a job file.
fn work(
    file: &Path,
    console: &Console,
    only: Option<Part>,
    around: &Arc<Around>,
) -> Result<(Work, Arc<Loaded>), Failure> {
    let loaded = Arc::new(load_file(file)?.only(only)?);
    let (job, console, around) = (loaded.job.clone(), console.clone(), around.clone());
    let live = around.live(&job.name);
    let (known, shared) = (loaded.clone(), loaded.clone());
    let work = Work {
        name: job.name.clone(),
        schedule: job.schedule.clone(),
        state_dir: job.state_dir.clone(),
        session: job.state_dir.join("session.json"),
        last_start: Arc::new(move || last_start(&known)),
        run: Arc::new(move |cancel| {
            let (loaded, console) = (loaded.clone(), console.clone());
            live.begin(None);
            let (entrance, live) = (around.entrance.get().cloned(), Some(live.clone()));
            let audience = Audience { watches: false, entrance, live };
            // On a thread of its own, so that nothing of a run holds up who watches the signals.
            let runtime = tokio::runtime::Handle::current();
            let ended = tokio::task::spawn_blocking(move || {
                runtime.block_on(run(&loaded, &console, cancel, &audience))
            });
            Box::pin(async move {
                ended.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
            })
        }),
    };
    Ok((work, shared))
}

/// When the last run began that came to an end, of the part for which that is longest ago; `None` when there was none, when
/// the last one was stopped, or when nobody can tell: then a run is due.
pub(super) fn last_start(loaded: &Loaded) -> Option<Timestamp> {
    let starts: Option<Vec<_>> = loaded.parts.iter().map(|part| start_of(loaded, *part)).collect();
    starts?.into_iter().min()
}

fn start_of(loaded: &Loaded, part: Part) -> Option<Timestamp> {
    let view = Reader::open(&loaded.state_file(part)).ok()?.view().ok()?;
    let (started_ms, json) = last_run(&view).ok()??;
    let stopped = serde_json::from_str::<Summary>(&json)
        .is_ok_and(|run| run.error == Some(RunError::Interrupted.to_string()));
    Timestamp::from_millisecond(started_ms).ok().filter(|_| !stopped)
}

async fn run(loaded: &Loaded, console: &Console, cancel: CancellationToken, audience: &Audience) -> Ended {
    let signals = Signals::elsewhere(cancel);
    let exit = match once(loaded, console, Options::default(), &signals, audience).await {
        Ok(exit) => exit,
        Err(failure) => {
            // Whoever is at work on the job is soon done, and it is tried again until then.
            if failure.exit != Exit::Locked {
                console.failure(&failure);
            }
            failure.exit
        }
    };
    let line = match exit {
        Exit::Done => "the run is done".to_owned(),
        exit => format!("the run ended with {}", exit.code()),
    };
    let needs_person = exit == Exit::SignIn && loaded.waits_for_person();
    Ended { code: exit.code(), busy: exit == Exit::Locked, needs_person, line }
}

/// Asks the daemon of a job for a run.
pub(super) fn now(global: &Global, console: &Console) -> Result<Exit, Failure> {
    let loaded = load(global)?;
    let asked = ask_for_run(&loaded.job.state_dir)
        .map_err(|error| Failure::new(Exit::Disk, format!("The daemon cannot be asked: {error}")))?;
    if !asked {
        let message = format!("No daemon runs the job `{}`", loaded.job.name);
        let hint = Some("start it with `larder sync`, or run once with `larder sync --once`".to_owned());
        return Err(Failure { exit: Exit::Usage, message, hint });
    }
    console.tell("The daemon was asked for a run.");
    Ok(Exit::Done)
}
