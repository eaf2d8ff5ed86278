//! Service managers: systemd's of a person, and launchd's.

mod unit;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde::Serialize;

use super::{Exit, Failure};
use crate::config::paths::Places;
pub(super) use unit::{Unit, Whose};

/// The service manager of this system.
pub(super) struct Manager {
    /// The running larder.
    larder: PathBuf,
    places: Places,
    /// launchd, in place of systemd.
    launchd: bool,
}

/// How a service stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Condition {
    /// What the manager says, such as `active (running)`.
    pub(super) state: String,
    /// Whether it is at work.
    pub(super) running: bool,
    /// Whether it will be after a restart of the machine.
    pub(super) enabled: bool,
    /// Since when it is in this state, in the manager's words.
    pub(super) since: Option<String>,
}

impl Manager {
    pub(super) fn of_this_system() -> Result<Self, Failure> {
        let larder = std::env::current_exe()
            .map_err(|error| Failure::new(Exit::Disk, format!("Cannot tell where larder is: {error}")))?;
        Ok(Self { larder, places: Places::from_env()?, launchd: cfg!(target_os = "macos") })
    }

    /// The service of a job file, installed or not.
    pub(super) fn unit(&self, job: &Path) -> Result<Unit, Failure> {
        if self.launchd {
            Unit::launchd(job, &self.larder, &self.places)
        } else {
            Unit::systemd(job, &self.larder, &self.places)
        }
    }

    /// Starts it, now and after every restart. A new text of one that runs takes effect.
    pub(super) fn start(&self, unit: &Unit) -> Result<(), Failure> {
        if self.launchd {
            // It may not be there yet.
            let _absent = run("launchctl", &["bootout", &target(&unit.name)])?;
            let file = unit.file.display().to_string();
            return must("launchctl", &["bootstrap", &domain(), &file]);
        }
        must("systemctl", &["--user", "daemon-reload"])?;
        must("systemctl", &["--user", "enable", &unit.name])?;
        must("systemctl", &["--user", "restart", &unit.name])
    }

    /// Stops it, now and for good.
    pub(super) fn stop(&self, unit: &Unit) -> Result<(), Failure> {
        if self.launchd {
            return run("launchctl", &["bootout", &target(&unit.name)]).map(drop);
        }
        must("systemctl", &["--user", "disable", "--now", &unit.name])
    }

    /// After its file is gone.
    pub(super) fn forget(&self) -> Result<(), Failure> {
        if self.launchd { Ok(()) } else { must("systemctl", &["--user", "daemon-reload"]) }
    }

    /// How it stands.
    pub(super) fn state(&self, unit: &Unit) -> Result<Condition, Failure> {
        if self.launchd {
            let running = run("launchctl", &["print", &target(&unit.name)])?.status.success();
            let state = if running { "active" } else { "inactive" }.to_owned();
            return Ok(Condition { state, running, enabled: unit.file.exists(), since: None });
        }
        let wanted = "--property=ActiveState,SubState,UnitFileState,StateChangeTimestamp";
        let said = run("systemctl", &["--user", "show", &unit.name, wanted])?;
        if !said.status.success() {
            return Err(failed("systemctl", &["--user", "show"], &said));
        }
        Ok(Condition::read(&String::from_utf8_lossy(&said.stdout)))
    }

    /// What to do where services of a person end when the person logs out.
    pub(super) fn ends_with_the_login(&self) -> Option<String> {
        let asked = run("loginctl", &["show-user", "--property=Linger", "--value"]);
        let said = asked.ok().filter(|_| !self.launchd)?;
        (String::from_utf8_lossy(&said.stdout).trim() == "no").then(|| {
            "It runs while you are logged in. `loginctl enable-linger` has it run at all times".to_owned()
        })
    }
}

impl Condition {
    /// What `systemctl show` wrote.
    fn read(text: &str) -> Self {
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            line.filter(|value| !value.is_empty())
        };
        let (active, sub) =
            (value("ActiveState").unwrap_or("unknown"), value("SubState").unwrap_or("unknown"));
        Self {
            state: format!("{active} ({sub})"),
            // One that ended by itself and waits to be started again is `activating`, and at no work.
            running: ["active", "reloading"].contains(&active)
                || (active == "activating" && !sub.starts_with("auto-restart")),
            enabled: value("UnitFileState") == Some("enabled"),
            since: value("StateChangeTimestamp").map(str::to_owned),
        }
    }
}

/// The part of launchd that is this person's.
fn domain() -> String {
    format!("gui/{}", rustix::process::getuid().as_raw())
}

fn target(name: &str) -> String {
    format!("{}/{name}", domain())
}

fn run(program: &str, arguments: &[&str]) -> Result<Output, Failure> {
    Command::new(program).args(arguments).output().map_err(|error| {
        let message = format!("The service manager of this system cannot be asked: `{program}`: {error}");
        Failure { hint: Some(ELSEWHERE.to_owned()), ..Failure::new(Exit::Usage, message) }
    })
}

fn must(program: &str, arguments: &[&str]) -> Result<(), Failure> {
    let said = run(program, arguments)?;
    if said.status.success() { Ok(()) } else { Err(failed(program, arguments, &said)) }
}

/// What to do where there is no service manager, or none that answers.
const ELSEWHERE: &str = "look whether systemd (or launchd) runs for your login; without one, see `contrib/` for OpenRC and \
                         containers, or let cron run `larder sync --once`";

fn failed(program: &str, arguments: &[&str], said: &Output) -> Failure {
    let text = String::from_utf8_lossy(&said.stderr).trim().to_owned();
    let why = if text.is_empty() { said.status.to_string() } else { text };
    let message = format!("`{program} {}` failed: {why}", arguments.join(" "));
    Failure { hint: Some(ELSEWHERE.to_owned()), ..Failure::new(Exit::Usage, message) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_ends_again_and_again_does_not_run() {
        let state =
            |active: &str, sub: &str| Condition::read(&format!("ActiveState={active}\nSubState={sub}\n"));
        for (active, sub, running) in [
            ("active", "running", true),
            ("reloading", "reload", true),
            ("activating", "start", true),
            ("activating", "auto-restart", false),
            ("activating", "auto-restart-queued", false),
            ("failed", "failed", false),
            ("inactive", "dead", false),
        ] {
            assert_eq!(state(active, sub).running, running, "{active} {sub}");
        }
        let told = Condition::read(
            "UnitFileState=enabled\nStateChangeTimestamp=Fri 2026-11-27\nActiveState=active\nSubState=running",
        );
        assert_eq!((told.enabled, told.since.as_deref()), (true, Some("Fri 2026-11-27")));
        assert_eq!(state("active", "running").since, None);
    }
}
