//! `larder sync --once`: one run.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::cli::args::{Global, Sync, What};
use crate::cli::failure::run_exit;
use crate::cli::job::{Loaded, load};
use crate::cli::page::Entrance;
use crate::cli::progress::Progress;
use crate::cli::telling::{Ended, after_run};
use crate::cli::{Console, Exit, Failure};
use crate::clock::{self, SystemClock};
use crate::model::Part;
use crate::report::{Live, Parts, Summary, summary_text};
use crate::state::State;
use crate::sync::RunError;
use crate::sync::run::{Edges, Finished, Options, run};

pub(super) async fn sync(global: &Global, console: &Console, args: &Sync) -> Result<Exit, Failure> {
    let loaded = load(global)?.only(args.only.map(What::part))?;
    let options = Options {
        dry_run: args.dry_run,
        accept_destination: args.accept_destination,
        confirm_removals: args.confirm_removals,
        without_slice: false,
    };
    let audience = Audience { watches: console.is_watched(), ..Audience::default() };
    once(&loaded, console, options, &Signals::listen(), &audience).await
}

/// Who hears of a run.
#[derive(Clone, Default)]
pub(in crate::cli) struct Audience {
    /// Somebody watches it: nothing is sent.
    pub(in crate::cli) watches: bool,
    /// Where a person can sign in.
    pub(in crate::cli) entrance: Option<Entrance>,
    /// Whoever looks from elsewhere how far it is.
    pub(in crate::cli) live: Option<Live>,
}

/// One run of a job, shown as it goes, summed up and remembered, and told where that is wanted.
pub(in crate::cli) async fn once(
    loaded: &Loaded,
    console: &Console,
    options: Options,
    signals: &Signals,
    audience: &Audience,
) -> Result<Exit, Failure> {
    let (mut summaries, mut failures) = (Vec::new(), Vec::new());
    let progress = Arc::new(Progress::told_to(console, audience.live.clone().unwrap_or_default()));
    let ended =
        each_part(loaded, console, &progress, options, signals, (&mut summaries, &mut failures)).await;
    progress.finish();
    let (exit, last) = match ended {
        Ok(exit) => (exit, None),
        Err(failure) => (failure.exit, Some(failure)),
    };
    failures.extend(last);
    if let Some(trouble) = loaded.passwords.trouble() {
        console.warning(&trouble);
    }
    if !options.dry_run {
        let ended = Ended { exit, failures: &failures, summaries: &summaries };
        let entrance = audience.entrance.as_ref().filter(|_| exit == Exit::SignIn);
        let link = entrance.map(|entrance| entrance.link(&loaded.job.name));
        after_run(loaded, &ended, link, audience.watches).await;
    }
    // Where nothing ran, there is nothing to tell but why.
    if summaries.is_empty()
        && let Some(failure) = failures.pop()
    {
        for failure in &failures {
            console.failure(failure);
        }
        return Err(failure);
    }
    if console.json {
        console.out_json(&Parts::new(&summaries))?;
    } else if !console.quiet {
        console.out(&console.labelled(&summary_text::texts(&summaries)));
    }
    for failure in &failures {
        console.failure(failure);
    }
    Ok(exit)
}

/// One run of every part. Trouble with one leaves the other alone.
async fn each_part(
    loaded: &Loaded,
    console: &Console,
    progress: &Arc<Progress>,
    options: Options,
    signals: &Signals,
    (summaries, failures): (&mut Vec<Summary>, &mut Vec<Failure>),
) -> Result<Exit, Failure> {
    let _lock = loaded.lock_for_run(console)?;
    let mut exit = Exit::Done;
    let named = |failure: Failure, part| if loaded.parts.len() > 1 { failure.of(part) } else { failure };
    for part in loaded.parts.iter().copied() {
        // One attempt to sign in a run, and nobody is asked twice.
        if exit == Exit::SignIn && loaded.waits_for_person() {
            let why = summaries.last().and_then(|summary: &Summary| summary.error.clone());
            summaries.push(Summary::without_run(part, clock::now(), options.dry_run, why));
            continue;
        }
        progress.begin(part);
        match one(loaded, console, part, progress, signals, options).await {
            Ok((finished, summary)) => {
                exit = exit.worse(self::exit(&finished, signals.stopped_by()));
                failures
                    .extend(finished.error.as_ref().map(Failure::from).map(|failure| named(failure, part)));
                summaries.push(summary);
            }
            Err(failure) => {
                exit = exit.worse(failure.exit);
                failures.push(named(failure, part));
            }
        }
        if signals.cancel.is_cancelled() {
            break;
        }
    }
    Ok(exit)
}

/// One run of one part.
async fn one(
    loaded: &Loaded,
    console: &Console,
    part: Part,
    progress: &Arc<Progress>,
    signals: &Signals,
    options: Options,
) -> Result<(Finished, Summary), Failure> {
    let (state, rebuilt, _scratch) = if options.dry_run {
        let (state, scratch) = loaded.state_copy(part)?;
        (state, None, Some(scratch))
    } else {
        let (state, rebuilt) = loaded.state_for_run(part, options.accept_destination)?;
        (state, rebuilt, None)
    };
    if let Some(line) = &rebuilt {
        tracing::warn!("{line}");
        console.warning(line);
    }
    run_and_remember(loaded, part, Arc::new(state), progress.clone(), signals, options, rebuilt).await
}

/// Carries out one run of a part, whose lock is held, and writes down its summary.
pub(super) async fn run_and_remember(
    loaded: &Loaded,
    part: Part,
    state: Arc<State>,
    progress: Arc<Progress>,
    signals: &Signals,
    options: Options,
    warning: Option<String>,
) -> Result<(Finished, Summary), Failure> {
    let started = clock::now();
    let edges = Edges {
        http: loaded.http.clone(),
        store: loaded.store.clone(),
        account: loaded.account.clone(),
        passwords: loaded.passwords.clone(),
        clock: Arc::new(SystemClock),
        observer: progress,
        cancel: signals.cancel.clone(),
    };
    let mut finished = run(loaded.job.clone(), part, state.clone(), edges, options).await;
    finished.outcome.warnings.splice(0..0, warning);
    let summary = Summary::new(part, started, clock::now(), options.dry_run, &finished);
    if !options.dry_run {
        match remember(&state, &summary) {
            // What ended the run is the one to tell; where the state is the trouble, its record fails too.
            Err(failure) if finished.error.is_some() => tracing::warn!("{}", failure.message),
            remembered => remembered?,
        }
    }
    Ok((finished, summary))
}

fn remember(state: &State, summary: &Summary) -> Result<(), Failure> {
    let json = serde_json::to_string(summary)
        .map_err(|error| Failure::new(Exit::Disk, format!("Cannot write the record of the run: {error}")))?;
    Ok(state.write(|batch| batch.put_run(summary.started.as_millisecond(), &json))?)
}

fn exit(finished: &Finished, stopped_by: Option<Exit>) -> Exit {
    let out = &finished.outcome;
    match &finished.error {
        Some(RunError::Interrupted) => stopped_by.unwrap_or(Exit::Interrupted),
        Some(error) => run_exit(error),
        None if out.failed + out.broken + out.reread.left + out.held + out.views.failed > 0 => {
            Exit::SomeFailed
        }
        None => Exit::Done,
    }
}

/// INT and TERM end the run after the group in flight; a second INT ends the process at once.
pub(in crate::cli) struct Signals {
    pub(super) cancel: CancellationToken,
    by: Arc<std::sync::OnceLock<Exit>>,
}

impl Signals {
    pub(in crate::cli) fn listen() -> Self {
        let (cancel, by) = (CancellationToken::new(), Arc::new(std::sync::OnceLock::new()));
        let (token, which) = (cancel.clone(), by.clone());
        tokio::spawn(async move {
            let exit = stop_signal().await;
            // The first one counts.
            let _earlier = which.set(exit);
            token.cancel();
            let again = stop_signal().await;
            // Whoever presses Ctrl-C twice wants it over; the state on disk is sound at any instant.
            std::process::exit(i32::from(again.code()));
        });
        Self { cancel, by }
    }

    /// Those of a process that sees to its signals itself.
    pub(super) fn elsewhere(cancel: CancellationToken) -> Self {
        Self { cancel, by: Arc::default() }
    }

    pub(super) fn stopped_by(&self) -> Option<Exit> {
        self.by.get().copied()
    }
}

#[cfg(unix)]
async fn stop_signal() -> Exit {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut term) = signal(SignalKind::terminate()) else {
        return interrupt().await;
    };
    tokio::select! {
        exit = interrupt() => exit,
        _ = term.recv() => Exit::Terminated,
    }
}

#[cfg(not(unix))]
async fn stop_signal() -> Exit {
    interrupt().await
}

async fn interrupt() -> Exit {
    match tokio::signal::ctrl_c().await {
        Ok(()) => Exit::Interrupted,
        // Without a handler the system's default ends the process.
        Err(_) => std::future::pending().await,
    }
}
