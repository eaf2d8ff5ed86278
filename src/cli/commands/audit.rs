//! `larder audit`: is everything here, and if not, what is missing and why.

use std::io;
use std::sync::Arc;

use super::sync::Signals;
use crate::cli::args::{Audit, Global, What};
use crate::cli::failure::run_exit;
use crate::cli::job::load;
use crate::cli::progress::Progress;
use crate::cli::{Console, Exit, Failure};
use crate::clock::{self, SystemClock};
use crate::report::audit::{Among, AuditReport, Form};
use crate::report::title;
use crate::sync::RunError;
use crate::sync::audit::{Books, Edges, Finished, audit as look};

/// Findings of a kind that are named.
const NAMED: usize = 10;

/// And so many with `-v`. All are in the CSV file and in the JSON document.
const NAMED_IN_FULL: usize = 10_000;

pub(super) async fn audit(global: &Global, console: &Console, args: &Audit) -> Result<Exit, Failure> {
    let loaded = load(global)?.only(args.only.map(What::part))?;
    // Before anything is created: without a state there is nothing to look at.
    let readers = loaded.readers()?;
    let _lock = if args.no_repair {
        None
    } else {
        Some(loaded.lock(console).map_err(|failure| Failure {
            hint: failure.hint.or(Some("`larder audit --no-repair` looks beside a run".to_owned())),
            ..failure
        })?)
    };
    let form = match (console.json, args.csv) {
        (_, true) => Form::Csv,
        (true, _) => Form::Json,
        _ if global.verbose > 0 => Form::Text { named: NAMED_IN_FULL },
        _ => Form::Text { named: NAMED },
    };
    let progress = Arc::new(Progress::new(console));
    let signals = Signals::listen();
    let (mut exit, mut failures, last) = (Exit::Done, Vec::new(), readers.len() - 1);
    for (at, (part, reader)) in readers.into_iter().enumerate() {
        let books = if args.no_repair {
            Books::Closed(reader)
        } else {
            drop(reader);
            Books::Open(loaded.state(part)?)
        };
        let among = match at {
            _ if last == 0 => Among::Alone,
            0 => Among::First,
            _ => Among::Last(part.as_str()),
        };
        let out = io::BufWriter::new(io::stdout());
        let report = Arc::new(AuditReport::begin(out, form, among, clock::now(), signals.cancel.clone()));
        let edges = Edges {
            http: loaded.http.clone(),
            store: loaded.store.clone(),
            account: loaded.account.clone(),
            passwords: loaded.passwords.clone(),
            clock: Arc::new(SystemClock),
            observer: progress.clone(),
            findings: report.clone(),
            cancel: signals.cancel.clone(),
        };
        let finished = look(loaded.job.clone(), part, books, edges, args.deep).await;
        let silent = console.quiet && matches!(form, Form::Text { .. });
        if let (Some(report), false) = (Arc::into_inner(report), silent) {
            if last > 0 && matches!(form, Form::Text { .. }) {
                let gap = if at == 0 { "" } else { "\n" };
                progress.finish();
                console.out(&format!("{gap}{}\n", title(part)));
            }
            progress.finish();
            match report.end(&finished, &|text| console.paint(text, "1")) {
                // Nobody reads any more, which ended the audit too.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(Exit::SomeFailed),
                Err(error) => return Err(Failure::new(Exit::Disk, format!("Cannot write: {error}"))),
                Ok(()) => {}
            }
        }
        exit = exit.worse(self::exit(&finished, signals.stopped_by()));
        failures.push(finished);
    }
    progress.finish();
    for finished in &failures {
        for error in [&finished.error, &finished.icloud].into_iter().flatten() {
            console.failure(&Failure::from(error));
        }
    }
    Ok(exit)
}

/// Several troubles: the disk goes before iCloud, iCloud before differences.
fn exit(finished: &Finished, stopped_by: Option<Exit>) -> Exit {
    match (&finished.error, &finished.icloud) {
        (Some(RunError::Interrupted), _) => stopped_by.unwrap_or(Exit::Interrupted),
        (Some(error), _) | (None, Some(error)) => run_exit(error),
        (None, None) if finished.is_complete() => Exit::Done,
        (None, None) => Exit::SomeFailed,
    }
}
