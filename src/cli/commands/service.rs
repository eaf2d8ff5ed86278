//! `larder service`: the daemon as a service of the person, at the service manager of this system.

use std::path::Path;

use serde::Serialize;

use crate::cli::args::{Global, Service, ServiceAct};
use crate::cli::job::{job_files, load_file};
use crate::cli::service::{Condition, Manager, Unit, Whose};
use crate::cli::{Console, Exit, Failure};

pub(super) fn service(global: &Global, console: &Console, service: &Service) -> Result<Exit, Failure> {
    let manager = Manager::of_this_system()?;
    let units = job_files(global)?.iter().map(|file| manager.unit(file)).collect::<Result<Vec<_>, _>>()?;
    match &service.act {
        ServiceAct::Install { print } => install(console, &manager, &units, *print),
        ServiceAct::Uninstall => uninstall(console, &manager, &units),
        ServiceAct::Status => status(console, &manager, &units),
    }
}

fn install(console: &Console, manager: &Manager, units: &[Unit], print: bool) -> Result<Exit, Failure> {
    for unit in units {
        // A service that cannot start is no service.
        load_file(&unit.job)?;
    }
    if print {
        for unit in units {
            console.out(&format!("# {}\n{}", unit.file.display(), unit.text));
        }
        return Ok(Exit::Done);
    }
    for unit in units {
        let before = ours(unit)?;
        write(&unit.file, &unit.text)?;
        if let Err(failure) = manager.start(unit) {
            put_back(console, manager, unit, before);
            return Err(failure);
        }
        console.tell(&format!("`{}` runs, and will after a restart: {}", unit.name, unit.file.display()));
    }
    if let Some(hint) = manager.ends_with_the_login() {
        console.warning(&hint);
    }
    Ok(Exit::Done)
}

/// After a start that failed: what does not run is not installed, and what ran before is as it was. The failure is told in any
/// case.
fn put_back(console: &Console, manager: &Manager, unit: &Unit, before: Option<String>) {
    let done = if let Some(text) = before {
        write(&unit.file, &text).and_then(|()| manager.start(unit))
    } else {
        // Perhaps it was enabled, and perhaps it was not even that.
        let _as_may_be = manager.stop(unit);
        remove(&unit.file).and_then(|()| manager.forget())
    };
    if let Err(failure) = done {
        console.warning(&format!("Not all is as it was before: {}", failure.message));
    }
}

fn uninstall(console: &Console, manager: &Manager, units: &[Unit]) -> Result<Exit, Failure> {
    for unit in units {
        if ours(unit)?.is_none() {
            console.tell(&format!("`{}` is not installed", unit.name));
            continue;
        }
        manager.stop(unit)?;
        remove(&unit.file)?;
        manager.forget()?;
        console.tell(&format!("`{}` is stopped and removed; the mirror and its state stay", unit.name));
    }
    Ok(Exit::Done)
}

/// How a service stands, for programs.
#[derive(Debug, Serialize)]
struct Standing<'a> {
    name: &'a str,
    file: &'a Path,
    installed: bool,
    #[serde(flatten)]
    state: Condition,
}

fn status(console: &Console, manager: &Manager, units: &[Unit]) -> Result<Exit, Failure> {
    let mut all = Vec::new();
    for unit in units {
        let installed = unit.file.exists();
        // Of what is not there, nobody need be asked.
        let state = if installed { manager.state(unit)? } else { Condition::default() };
        all.push(Standing { name: &unit.name, file: &unit.file, installed, state });
    }
    if console.json {
        console.out_json(&serde_json::json!({ "services": all }))?;
    } else {
        for one in &all {
            console.out(&one.text());
        }
    }
    Ok(if all.iter().all(|one| one.state.running) { Exit::Done } else { Exit::SomeFailed })
}

impl Standing<'_> {
    fn text(&self) -> String {
        if !self.installed {
            return format!("{}: not installed; `larder service install` installs it\n", self.name);
        }
        let since = self.state.since.as_ref().map_or_else(String::new, |since| format!(" since {since}"));
        let enabled = if self.state.enabled { "enabled" } else { "not enabled: a restart ends it" };
        format!("{}: {}{since}, {enabled}\n{}\n", self.name, self.state.state, self.file.display())
    }
}

/// The text of a unit that larder wrote; `None` when there is no unit. One that somebody else wrote or edited is not touched.
fn ours(unit: &Unit) -> Result<Option<String>, Failure> {
    match unit.whose().map_err(|error| cannot("read", &unit.file, &error))? {
        Whose::Nobodys => Ok(None),
        Whose::Larders { text } => Ok(Some(text)),
        Whose::Somebodys => {
            let message = format!(
                "`{}` is not as `larder service install` writes it, and was not touched",
                unit.file.display()
            );
            let hint = "move it away first, when it is to be replaced".to_owned();
            Err(Failure { hint: Some(hint), ..Failure::new(Exit::Usage, message) })
        }
    }
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    let dir = file.parent().unwrap_or(file);
    std::fs::create_dir_all(dir).map_err(|error| cannot("create", dir, &error))?;
    std::fs::write(file, text).map_err(|error| cannot("write", file, &error))
}

fn remove(file: &Path) -> Result<(), Failure> {
    std::fs::remove_file(file).map_err(|error| cannot("remove", file, &error))
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Exit::Disk, format!("Cannot {what} `{}`: {error}", path.display()))
}
