//! `larder status`: how the mirror stands, also while a run writes.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::daemon::last_start;
use crate::cli::args::{Global, StatusOf, What};
use crate::cli::job::{Loaded, load};
use crate::cli::{Console, Exit, Failure};
use crate::clock;
use crate::daemon::{is_present, schedule};
use crate::report::{self, Parts, titled};

pub(super) fn status(global: &Global, console: &Console, args: &StatusOf) -> Result<Exit, Failure> {
    let loaded = load(global)?.only(args.only.map(What::part))?;
    let trust_ends = loaded.store.remembered()?.and_then(|remembered| remembered.trust_expires);
    let mut told = Vec::new();
    for (part, reader) in loaded.readers()? {
        told.push(report::status(&reader.view()?, part, trust_ends)?);
    }
    let daemon = daemon(&loaded)?;
    if console.json {
        console.out_json(&Told { status: Parts::new(&told), daemon: daemon.as_ref() })?;
    } else {
        let next = daemon.as_ref().map_or(String::new(), |daemon| {
            let at = daemon.next_run.to_zoned_datetime(TimeZone::system());
            format!(
                "{:<16}{}, by the daemon (process {})\n",
                "Next run",
                at.strftime("%a %d %b %H:%M"),
                daemon.pid
            )
        });
        let now = clock::now();
        let texts: Vec<_> = told.iter().map(|status| (status.part, status.text(now))).collect();
        console.out(&console.labelled(&format!("{}{next}", titled(&texts))));
    }
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    status: Parts<'a, report::Status>,
    /// The daemon that tends the job, if one does.
    daemon: Option<&'a Daemon>,
}

#[derive(Serialize)]
struct Daemon {
    /// Its process.
    pid: u32,
    /// When it runs next, by the job file.
    next_run: Timestamp,
}

fn daemon(loaded: &Loaded) -> Result<Option<Daemon>, Failure> {
    let job = &loaded.job;
    let pid = is_present(&job.state_dir)
        .map_err(|error| Failure::new(Exit::Disk, format!("Cannot look for the daemon: {error}")))?;
    let Some(pid) = pid else { return Ok(None) };
    let now = clock::now();
    let next_run = schedule::due(&job.schedule, &job.name, last_start(loaded), now).max(now);
    Ok(Some(Daemon { pid, next_run }))
}
