//! `larder verify`: reads the mirror again and proves every file; with `--repair`, puts right what is wrong.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::sync::{Signals, run_and_remember};
use crate::cli::args::{Global, Verify, What};
use crate::cli::failure::run_exit;
use crate::cli::job::{Loaded, load};
use crate::cli::mirror_path::locate;
use crate::cli::moment::{Edge, option};
use crate::cli::progress::Progress;
use crate::cli::{Console, Exit, Failure};
use crate::clock::{self, SystemClock};
use crate::model::Part;
use crate::report::verified::VerifyReport;
use crate::report::{Parts, titled};
use crate::state::{Reader, State, dirty_after};
use crate::sync::RunError;
use crate::sync::run::Options;
use crate::sync::verify::{Books, Edges, Request, known, mend, outcomes, verify as read_again};

pub(super) async fn verify(global: &Global, console: &Console, args: &Verify) -> Result<Exit, Failure> {
    let loaded = load(global)?.only(args.only.map(What::part))?;
    let mut requests = requests(&loaded, args)?;
    let (progress, signals) = (Arc::new(Progress::new(console)), Signals::listen());
    let edges =
        Edges { clock: Arc::new(SystemClock), observer: progress.clone(), cancel: signals.cancel.clone() };
    let (mut reports, mut failures, mut exit) = (Vec::new(), Vec::new(), Exit::Done);
    for (part, reader) in loaded.readers()? {
        let Some(request) = requests.remove(&part) else { continue };
        let (report, error) =
            one(&loaded, console, &edges, &progress, &signals, (part, reader, request)).await?;
        exit = exit.worse(self::exit(&report, error.as_ref(), args.repair, &signals));
        reports.push(report);
        failures.extend(error);
        if signals.cancel.is_cancelled() {
            break;
        }
    }
    progress.finish();
    if console.json {
        console.out_json(&Parts::new(&reports))?;
    } else if !console.quiet {
        let texts: Vec<_> = reports.iter().map(|report| (report.part, report.text())).collect();
        console.out(&console.labelled(&titled(&texts)));
    }
    for error in &failures {
        console.failure(&Failure::from(error));
    }
    Ok(exit)
}

/// Reads the mirror of a part again, and repairs it when that is asked for.
async fn one(
    loaded: &Loaded,
    console: &Console,
    edges: &Edges,
    progress: &Arc<Progress>,
    signals: &Signals,
    (part, reader, request): (Part, Reader, Request),
) -> Result<(VerifyReport, Option<RunError>), Failure> {
    let books = Books::Beside { reader, dir: loaded.job.state_dir.clone(), file: loaded.state_file(part) };
    let start = clock::now();
    let (job, at_work, repairs) = (loaded.job.clone(), edges.clone(), request.repair);
    let finished = tokio::task::spawn_blocking(move || read_again(job, part, books, &at_work, &request))
        .await
        .unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    let mut report = VerifyReport {
        part,
        result: finished.result,
        seconds: clock::now().duration_since(start).as_secs_f64(),
        resumed: finished.resumed,
        error: finished.error.as_ref().map(ToString::to_string),
        run: None,
        mended: vec![],
        repaired: 0,
        not_repaired: 0,
    };
    let mut error = finished.error;
    if repairs && error.is_none() {
        error = repair(loaded, console, edges, progress.clone(), signals, start, &mut report).await?;
    }
    Ok((report, error))
}

fn exit(report: &VerifyReport, error: Option<&RunError>, repairs: bool, signals: &Signals) -> Exit {
    match error {
        Some(RunError::Interrupted) => signals.stopped_by().unwrap_or(Exit::Interrupted),
        Some(error) => run_exit(error),
        None if repairs && (report.not_repaired > 0 || run_failed(report)) => Exit::SomeFailed,
        None if !repairs && report.result.wrong() > 0 => Exit::SomeFailed,
        None => Exit::Done,
    }
}

/// Whether the run that repaired could not do all that it found to do.
fn run_failed(report: &VerifyReport) -> bool {
    report.run.as_ref().is_some_and(|run| run.outcome.failed + run.outcome.broken + run.outcome.held > 0)
}

/// What is to be read of which part.
fn requests(loaded: &Loaded, args: &Verify) -> Result<BTreeMap<Part, Request>, Failure> {
    let since = option("--since", args.since.as_ref(), Edge::Begin)?;
    let all = Request { of: vec![], since, sample: args.sample, restart: args.restart, repair: args.repair };
    if args.paths.is_empty() {
        return Ok(loaded.parts.iter().map(|part| (*part, all.clone())).collect());
    }
    let mut requests: BTreeMap<Part, Request> = BTreeMap::new();
    for path in &args.paths {
        let (part, path) = locate(path, loaded)?;
        requests.entry(part).or_insert_with(|| all.clone()).of.push(path);
    }
    Ok(requests)
}

/// An ordinary run fetches what iCloud has; the rest is looked for on this disk. Gives what ended it early.
async fn repair(
    loaded: &Loaded,
    console: &Console,
    edges: &Edges,
    progress: Arc<Progress>,
    signals: &Signals,
    start: Timestamp,
    report: &mut VerifyReport,
) -> Result<Option<RunError>, Failure> {
    let _lock = loaded.lock_for_run(console)?;
    let part = report.part;
    let state = Arc::new(loaded.state(part)?);
    let mut error = None;
    if has_work(&state)? {
        let options = Options { without_slice: true, ..Options::default() };
        let (finished, summary) =
            run_and_remember(loaded, part, state.clone(), progress, signals, options, None).await?;
        error = finished.error;
        report.run = Some(summary);
    }
    if !matches!(error, Some(RunError::Interrupted)) {
        let (job, books, at_work) = (loaded.job.clone(), state.clone(), edges.clone());
        let mended = tokio::task::spawn_blocking(move || mend(&job, part, &books, &at_work))
            .await
            .unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        match mended {
            Ok(lost) => lost.into_iter().for_each(|lost| report.add(lost)),
            Err(failed) => error = error.or(Some(failed)),
        }
    }
    outcomes(&state, &loaded.job, part, start, |mended| report.add(mended))
        .map_err(|error| Failure::from(&error))?;
    Ok(error)
}

/// Whether a run has something to fetch: without that, iCloud need not be asked.
fn has_work(state: &State) -> Result<bool, Failure> {
    let view = state.view()?;
    let mut wrong = false;
    known(&view, |_| wrong = true)?;
    Ok(wrong || !dirty_after(&view, None, 1)?.is_empty())
}
