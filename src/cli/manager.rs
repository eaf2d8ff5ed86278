//! Service managers: systemd's of a person, and launchd's.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::{Exit, Failure};
use crate::config::paths::Places;

/// The service manager of this system.
pub(super) struct Manager {
    /// The running larder.
    larder: PathBuf,
    places: Places,
    /// launchd, in place of systemd.
    launchd: bool,
}

/// The service of one job file.
pub(super) struct Unit {
    /// As the manager calls it.
    pub(super) name: String,
    /// The job file, absolute.
    pub(super) job: PathBuf,
    /// Where it is written down.
    pub(super) file: PathBuf,
    /// What is written there.
    pub(super) text: String,
}

impl Unit {
    /// What tells larder's own from others.
    pub(super) const MARK: &str =
        "Written by `larder service install`; `larder service uninstall` removes it.";
}

/// The units of `contrib/` are the ones that are installed.
const SYSTEMD: &str = include_str!("../../contrib/systemd/user/larder@.service");
const LAUNCHD: &str = include_str!("../../contrib/launchd/larder.plist");

impl Manager {
    pub(super) fn of_this_system() -> Result<Self, Failure> {
        let larder = std::env::current_exe()
            .map_err(|error| Failure::new(Exit::Disk, format!("Cannot tell where larder is: {error}")))?;
        Ok(Self { larder, places: Places::from_env()?, launchd: cfg!(target_os = "macos") })
    }

    /// The service of a job file, installed or not.
    pub(super) fn unit(&self, job: &Path) -> Result<Unit, Failure> {
        let job = std::path::absolute(job)
            .map_err(|error| Failure::new(Exit::Usage, format!("`{}`: {error}", job.display())))?;
        let stem = job.file_stem().and_then(|stem| stem.to_str()).unwrap_or("job");
        // What names of units may be made of.
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
        let job_name: String = stem.chars().map(plain).collect();
        let (Some(larder), Some(path)) = (self.larder.to_str(), job.to_str()) else {
            return Err(Failure::new(Exit::Usage, format!("`{}` is no name for a service", job.display())));
        };
        let name =
            if self.launchd { format!("larder.{job_name}") } else { format!("larder-{job_name}.service") };
        let (file, text) = if self.launchd {
            (
                self.places.home().join(format!("Library/LaunchAgents/{name}.plist")),
                launchd(&name, larder, path, self),
            )
        } else {
            (self.places.config_home().join("systemd/user").join(&name), systemd(stem, larder, path))
        };
        Ok(Unit { name, job, file, text })
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

    /// What the manager says of it, and whether it runs.
    pub(super) fn state(&self, unit: &Unit) -> Result<(String, bool), Failure> {
        if self.launchd {
            let running = run("launchctl", &["print", &target(&unit.name)])?.status.success();
            return Ok((if running { "active" } else { "inactive" }.to_owned(), running));
        }
        let said = run("systemctl", &["--user", "is-active", &unit.name])?;
        let state = String::from_utf8_lossy(&said.stdout).trim().to_owned();
        let state = if state.is_empty() { complaint(&said) } else { state };
        // A daemon that is reading its job file again is at work.
        let running = ["active", "reloading", "activating"].contains(&state.as_str());
        Ok((state, running))
    }

    /// What to do where services of a person end when the person logs out.
    pub(super) fn ends_with_the_login(&self) -> Option<String> {
        let said =
            run("loginctl", &["show-user", "--property=Linger", "--value"]).ok().filter(|_| !self.launchd)?;
        (String::from_utf8_lossy(&said.stdout).trim() == "no").then(|| {
            "It runs while you are logged in. `loginctl enable-linger` has it run at all times".to_owned()
        })
    }
}

fn systemd(name: &str, larder: &str, job: &str) -> String {
    let quoted = |text: &str| {
        let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
        format!("\"{text}\"")
    };
    let text = SYSTEMD
        .replace("%h/.cargo/bin/larder", &quoted(larder))
        .replace("%h/.config/larder/%i.toml", &quoted(job))
        .replace("%i", &name.replace('%', "%%"));
    // Its head says how to install it by hand.
    let body = text.find("[Unit]").map_or(text.as_str(), |at| &text[at..]);
    format!("# {}\n\n{body}", Unit::MARK)
}

fn launchd(name: &str, larder: &str, job: &str, manager: &Manager) -> String {
    let plain = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let log = manager.places.home().join(format!("Library/Logs/{name}.log")).display().to_string();
    let (start, end) = (LAUNCHD.find("<!--"), LAUNCHD.find("-->"));
    let comment = start.zip(end).map_or("", |(start, end)| &LAUNCHD[start..end + 3]);
    LAUNCHD
        .replace(comment, &format!("<!-- {} -->", Unit::MARK))
        .replace("<string>larder</string>", &format!("<string>{}</string>", plain(name)))
        .replace("/Users/YOU/.cargo/bin/larder", &plain(larder))
        .replace(
            "<string>sync</string>",
            &format!(
                "<string>sync</string>\n        <string>--config</string>\n        <string>{}</string>",
                plain(job)
            ),
        )
        .replace("/Users/YOU/Library/Logs/larder.log", &plain(&log))
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
        let hint = "without systemd or launchd, see `contrib/` for OpenRC and containers, or let cron run `larder sync --once`";
        Failure { hint: Some(hint.to_owned()), ..Failure::new(Exit::Usage, message) }
    })
}

fn must(program: &str, arguments: &[&str]) -> Result<(), Failure> {
    let said = run(program, arguments)?;
    if said.status.success() {
        return Ok(());
    }
    let message = format!("`{program} {}` failed: {}", arguments.join(" "), complaint(&said));
    let hint = format!(
        "look with `{program}` whether the service manager of your login runs; nothing else was changed"
    );
    Err(Failure { hint: Some(hint), ..Failure::new(Exit::Usage, message) })
}

fn complaint(said: &Output) -> String {
    let text = String::from_utf8_lossy(&said.stderr).trim().to_owned();
    if text.is_empty() { said.status.to_string() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_as_each_manager_reads_them() {
        let unit = systemd("my job", "/opt/50% off/larder", "/home/you/a \"b\" $c.toml");
        assert!(
            unit.contains(r#"ExecStart="/opt/50%% off/larder" sync --config "/home/you/a \"b\" $$c.toml""#),
            "{unit}"
        );
        assert!(
            !unit.contains("%h") && !unit.contains("%i") && unit.starts_with(&format!("# {}", Unit::MARK))
        );
        let places = Places::from_lookup(|name| (name == "HOME").then(|| "/Users/you".into())).unwrap();
        let manager = Manager { larder: "/l".into(), places, launchd: true };
        let unit = manager.unit(Path::new("/Users/you/R&D.toml")).unwrap();
        assert_eq!(unit.name, "larder.R_D");
        assert!(unit.text.contains("<string>/Users/you/R&amp;D.toml</string>"), "{}", unit.text);
        assert!(!unit.text.contains("YOU") && unit.text.contains(Unit::MARK));
        let parsed = unit.text.matches("<string>").count();
        assert_eq!(parsed, unit.text.matches("</string>").count());
    }
}
