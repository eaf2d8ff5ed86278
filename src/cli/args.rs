//! What was typed. Help comes from here.

use std::path::PathBuf;

use clap::{ArgAction, Parser, Subcommand, ValueEnum};

use crate::config::env_vars::LARDER_CONFIG;
use crate::model::Part;

/// Keeps a complete, verified copy of an iCloud account's photos and files on a disk that you own. It only ever reads from
/// iCloud.
#[derive(Debug, Parser)]
#[command(name = "larder", version, propagate_version = true, max_term_width = 100)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What goes with every command.
    #[command(flatten)]
    pub global: Global,
}

/// What goes with every command.
#[derive(Debug, Clone, Parser)]
pub struct Global {
    /// The job file [default: config.toml in larder's configuration directory]. The daemon takes several, and directories of them
    #[arg(long, short, global = true, env = LARDER_CONFIG, value_name = "FILE")]
    pub config: Vec<PathBuf>,
    /// Tell more; twice for details
    #[arg(long, short, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Tell nothing but errors
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// One JSON document on standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// Colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: When,
    /// How log lines look
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// In a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a job file by asking, sign in, and see what the first run would do
    Init(Init),
    /// Sign in, or renew the trust of this computer
    Login(Login),
    /// End the session and forget what was stored
    Logout,
    /// Bring the mirror up to date
    Sync(Sync),
    /// Is everything here? What iCloud says, what larder remembers, what is on disk: every difference, with its reason
    Audit(Audit),
    /// Read the mirror again and prove every file: what was damaged, lost or changed on this disk
    Verify(Verify),
    /// Which files of a folder, such as a memory card, are in the mirror already, by content
    Have(Have),
    /// How the mirror stands: last run, what is missing, sizes
    Status(StatusOf),
    /// What iCloud holds, as last seen: libraries, albums, photos, folders, files
    Ls(Ls),
    /// What came to the mirror, changed, moved, left and returned, when and why; the newest last
    History(HistoryOf),
    /// Bring back from the attic what left the mirror: a file, a folder, or all that left since a time
    Restore(Restore),
    /// Is everything in order for runs that nobody watches? Each thing with what to do about it; nothing is changed
    Doctor,
    /// The daemon as a service of yours: systemd on Linux, launchd on a Mac
    Service(Service),
    /// Try every way of telling that a person is needed
    Notify(NotifyTest),
    /// Completions for a shell, on standard output
    Completions(Completions),
    /// The manual page, of larder or of one of its commands
    Man(Man),
    /// See larder at work on a simulated iCloud: no account needed
    #[cfg(feature = "demo")]
    Demo(Demo),
}

/// `larder init`.
#[derive(Debug, Parser)]
pub struct Init {
    /// Only write the job file
    #[arg(long)]
    pub no_login: bool,
}

/// `larder login`.
#[derive(Debug, Parser)]
pub struct Login {
    /// Get the code by text message instead of on a trusted device
    #[arg(long)]
    pub sms: bool,
    /// Only have a code sent; finish later with --code
    #[arg(long, conflicts_with = "code")]
    pub request_code: bool,
    /// Finish with the code that was sent
    #[arg(long, value_name = "CODE")]
    pub code: Option<String>,
}

/// `larder sync`.
#[derive(Debug, Parser)]
pub struct Sync {
    /// One run, then exit [default: run on the job file's schedule until stopped]
    #[arg(long)]
    pub once: bool,
    /// Tell the daemon of this job to run now
    #[arg(long, conflicts_with_all = ["once", "dry_run", "confirm_removals", "accept_destination", "only"])]
    pub now: bool,
    /// Show what a run would do, touch nothing
    #[arg(long, requires = "once")]
    pub dry_run: bool,
    /// Let up to N files leave the mirror, whatever the brake says
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, requires = "once")]
    pub confirm_removals: u64,
    /// The destination is a new or emptied disk, and that is meant
    #[arg(long, requires = "once")]
    pub accept_destination: bool,
    /// Only this half of what the job file names
    #[arg(long, value_name = "PART")]
    pub only: Option<What>,
}

/// `larder service`.
#[derive(Debug, Parser)]
pub struct Service {
    /// What to do with it
    #[command(subcommand)]
    pub act: ServiceAct,
}

/// What to do with the service.
#[derive(Debug, Subcommand)]
pub enum ServiceAct {
    /// Start it, now and after every restart; the same again after larder or the job file moved
    Install {
        /// Only show what would be written
        #[arg(long)]
        print: bool,
    },
    /// Stop it and remove it; the mirror and its state stay
    Uninstall,
    /// Whether it runs; exits with 1 where it does not
    Status,
}

/// `larder audit`.
#[derive(Debug, Parser)]
pub struct Audit {
    /// Compare every record of iCloud, which takes about one request for each two hundred records
    #[arg(long)]
    pub deep: bool,
    /// Only look: note nothing for the next run to make good, and take no lock
    #[arg(long)]
    pub no_repair: bool,
    /// One row for each difference on standard output, comma-separated
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    /// Only this half of what the job file names
    #[arg(long, value_name = "PART")]
    pub only: Option<What>,
}

/// `larder verify`.
#[derive(Debug, Parser)]
pub struct Verify {
    /// Files or folders of the mirror [default: all of it]
    #[arg(value_name = "PATH", conflicts_with = "since")]
    pub paths: Vec<PathBuf>,
    /// Put right what is wrong: fetch it again from iCloud, or copy it from elsewhere on this disk; what lay there goes to
    /// the attic
    #[arg(long)]
    pub repair: bool,
    /// Read only what was not read since then: a date, a time, or a span back from now such as `30d`
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Read a random share of the files, such as `5%`
    #[arg(long, value_name = "SHARE", value_parser = share, conflicts_with = "since")]
    pub sample: Option<u64>,
    /// Begin anew instead of going on where the last one was interrupted
    #[arg(long)]
    pub restart: bool,
    /// Only this half of what the job file names
    #[arg(long, value_name = "PART")]
    pub only: Option<What>,
}

/// A share such as `5%`, as files of ten thousand.
fn share(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no share such as `5%` or `0.5%`");
    let percent: f64 = text.strip_suffix('%').and_then(|text| text.parse().ok()).ok_or_else(wrong)?;
    if !(0.01..=100.0).contains(&percent) {
        return Err(format!("{}, of at least 0.01% and at most 100%", wrong()));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 10,000")]
    Ok((percent * 100.0).round() as u64)
}

/// `larder have`.
#[derive(Debug, Parser)]
pub struct Have {
    /// The folder
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Name only what is not in the mirror
    #[arg(long)]
    pub missing_only: bool,
    /// Only this half of what the job file names
    #[arg(long, value_name = "PART")]
    pub only: Option<What>,
}

/// `larder status`.
#[derive(Debug, Parser)]
pub struct StatusOf {
    /// Only this half of what the job file names
    #[arg(long, value_name = "PART")]
    pub only: Option<What>,
}

/// `larder ls`.
#[derive(Debug, Parser)]
pub struct Ls {
    /// What to list
    #[arg(default_value = "photos")]
    pub what: What,
    /// A library or an album, such as `Personal` or `Travel/Japan`; a folder or a file of Drive
    pub path: Option<String>,
}

/// `larder history`.
#[derive(Debug, Parser)]
pub struct HistoryOf {
    /// A file or folder of the mirror, by its present or any earlier path
    #[arg(value_name = "PATH")]
    pub path: Option<PathBuf>,
    /// From then on: a date, a time, or a span back from now such as `3d`
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Until then; a date means the end of that day
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Only the newest N, of photos and of Drive each
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    /// Only this half of what the job file names
    #[arg(long, value_name = "PART")]
    pub only: Option<What>,
}

/// `larder restore`.
#[derive(Debug, Parser)]
pub struct Restore {
    /// Files or folders, by the paths that they had in the mirror
    #[arg(value_name = "PATH", required_unless_present = "since")]
    pub paths: Vec<PathBuf>,
    /// The versions that were there at that time: a date, a time, or a span back from now such as `3d`
    #[arg(long, value_name = "TIME", conflicts_with = "since")]
    pub at: Option<String>,
    /// All that left since then
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Put copies there and leave the attic as it is
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// Show what would come back, touch nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Only this half of what the job file names
    #[arg(long, value_name = "PART")]
    pub only: Option<What>,
}

/// `larder notify`.
#[derive(Debug, Parser)]
pub struct NotifyTest {
    /// Send a notice in every way that the job file names
    #[arg(long, required = true)]
    pub test: bool,
}

/// `larder completions`.
#[derive(Debug, Parser)]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// `larder man`.
#[derive(Debug, Parser)]
pub struct Man {
    /// A command, such as `sync`
    #[arg(value_name = "COMMAND", conflicts_with = "dir")]
    pub command: Vec<String>,
    /// Write the pages of all commands into this directory
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// What can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Photos and videos.
    Photos,
    /// Files of iCloud Drive.
    Drive,
}

impl What {
    /// The part of a job that it is.
    #[must_use]
    pub fn part(self) -> Part {
        match self {
            Self::Photos => Part::Photos,
            Self::Drive => Part::Drive,
        }
    }
}

/// `larder demo`.
#[cfg(feature = "demo")]
#[derive(Debug, Parser)]
pub struct Demo {
    /// Where to put the demonstration's mirror
    #[arg(default_value = "larder-demo", value_name = "DIR")]
    pub dir: PathBuf,
    /// Photos in the simulated library
    #[arg(long, default_value_t = 300, value_name = "N", value_parser = clap::value_parser!(u32).range(20..=5000))]
    pub assets: u32,
    /// Keep the simulated iCloud running and show how to try larder on it by hand
    #[arg(long)]
    pub serve: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn shares_are_read() {
        assert_eq!(share("5%"), Ok(500));
        assert_eq!(share("0.01%"), Ok(1));
        assert_eq!(share("100%"), Ok(10_000));
        for wrong in ["5", "0%", "101%", "-1%", "NaN%", "x%"] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }
}
