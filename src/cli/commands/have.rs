//! `larder have`: which files of a folder are in the mirror already. Reads only, without network.

use std::io::{self, Write as _};
use std::sync::Arc;

use super::sync::Signals;
use crate::cli::args::{Global, Have, What};
use crate::cli::failure::run_exit;
use crate::cli::job::load;
use crate::cli::progress::Progress;
use crate::cli::{Console, Exit, Failure};
use crate::report::figures::{bytes, counted};
use crate::report::had::line;
use crate::sync::RunError;
use crate::sync::have::{Had, Search, Totals, have as look};

pub(super) async fn have(global: &Global, console: &Console, args: &Have) -> Result<Exit, Failure> {
    let loaded = load(global)?.only(args.only.map(What::part))?;
    let with_destination = |(part, reader)| (part, reader, loaded.job.destination(part).to_owned());
    let mirrors: Vec<_> = loaded.readers()?.into_iter().map(with_destination).collect();
    let (progress, signals) = (Arc::new(Progress::new(console)), Signals::listen());
    let (dir, observer, cancel) = (args.dir.clone(), progress.clone(), signals.cancel.clone());
    let mut out = Output::new(console, args.missing_only, mirrors.len() > 1);
    let done = tokio::task::spawn_blocking(move || {
        let search = Search { mirrors: &mirrors, observer: &*observer, cancel: &cancel };
        let totals = look(&dir, &search, |had| out.file(&had));
        (totals, out)
    });
    let (totals, out) = done.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    progress.finish();
    let totals = match totals {
        Ok(totals) => totals,
        Err(error) => {
            out.end(None)?;
            console.failure(&Failure::from(&error));
            return Ok(match error {
                RunError::Interrupted => signals.stopped_by().unwrap_or(Exit::Interrupted),
                error => run_exit(&error),
            });
        }
    };
    out.end(Some(&totals))?;
    Ok(if totals.missing > 0 { Exit::SomeFailed } else { Exit::Done })
}

/// Tells of files as they are settled, on lines or in one JSON document.
struct Output {
    console: Console,
    /// Whether the part is named in which a file is.
    several: bool,
    missing_only: bool,
    out: io::BufWriter<io::Stdout>,
    files: u64,
    written: io::Result<()>,
}

impl Output {
    fn new(console: &Console, missing_only: bool, several: bool) -> Self {
        let mut out = io::BufWriter::new(io::stdout());
        let written = if console.json { out.write_all(b"{\"files\":[") } else { Ok(()) };
        Self { console: console.clone(), several, missing_only, out, files: 0, written }
    }

    fn file(&mut self, had: &Had) {
        if self.missing_only && had.standing.is_there() {
            return;
        }
        // A pipe that was closed is no reason to stop halfway.
        if self.written.is_ok() {
            self.written = self.write(had);
        }
        self.files += 1;
    }

    fn write(&mut self, had: &Had) -> io::Result<()> {
        if self.console.json {
            self.out.write_all(if self.files == 0 { b"\n" } else { b",\n" })?;
            Ok(serde_json::to_writer(&mut self.out, had)?)
        } else if self.console.quiet {
            Ok(())
        } else {
            writeln!(self.out, "{}", self.console.labelled(&line(had, self.several)).trim_end())
        }
    }

    fn end(mut self, totals: Option<&Totals>) -> Result<(), Failure> {
        let written = self.written.and_then(|()| {
            if self.console.json {
                let totals = serde_json::to_string(&totals)?;
                writeln!(self.out, "\n],\"totals\":{totals}}}")?;
            } else if let (false, Some(totals)) = (self.console.quiet, totals) {
                let files = counted(totals.files, "file", "files");
                writeln!(self.out, "{files}, {}: {}", bytes(totals.bytes), verdict(totals))?;
            }
            self.out.flush()
        });
        match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::new(Exit::Disk, format!("Cannot write: {error}")))
            }
            _ => Ok(()),
        }
    }
}

fn verdict(totals: &Totals) -> String {
    let skipped = match totals.skipped {
        0 => String::new(),
        skipped => {
            format!("; {} not followed", counted(skipped, "link or special file", "links and special files"))
        }
    };
    if totals.missing == 0 {
        return format!("all in the mirror{skipped}");
    }
    format!("{} in the mirror, {} not{skipped}", totals.there, totals.missing)
}
