//! `larder service`: the daemon as a service of the person, at the service manager of this system.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::args::{Global, Service, ServiceAct};
use crate::cli::job::{job_files, load_file};
use crate::cli::manager::{Manager, Unit};
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
        let was_there = must_be_ours(&unit.file)?;
        write(unit)?;
        if let Err(failure) = manager.start(unit) {
            // What does not run is not installed.
            if !was_there && let Err(error) = std::fs::remove_file(&unit.file) {
                console.warning(&format!("`{}` could not be removed again: {error}", unit.file.display()));
            }
            return Err(failure);
        }
        console.tell(&format!("`{}` runs, and will after a restart: {}", unit.name, unit.file.display()));
    }
    if let Some(hint) = manager.ends_with_the_login() {
        console.warning(&hint);
    }
    Ok(Exit::Done)
}

fn uninstall(console: &Console, manager: &Manager, units: &[Unit]) -> Result<Exit, Failure> {
    for unit in units {
        if !must_be_ours(&unit.file)? {
            console.tell(&format!("`{}` is not installed", unit.name));
            continue;
        }
        manager.stop(unit)?;
        std::fs::remove_file(&unit.file).map_err(|error| cannot("remove", &unit.file, &error))?;
        manager.forget()?;
        console.tell(&format!("`{}` is stopped and removed; the mirror and its state stay", unit.name));
    }
    Ok(Exit::Done)
}

/// How a service stands.
#[derive(Debug, Serialize)]
struct Standing<'a> {
    name: &'a str,
    file: &'a Path,
    installed: bool,
    /// What the manager says, such as `active`.
    state: String,
    running: bool,
}

fn status(console: &Console, manager: &Manager, units: &[Unit]) -> Result<Exit, Failure> {
    let mut all = Vec::new();
    for unit in units {
        let (state, running) = manager.state(unit)?;
        all.push(Standing {
            name: &unit.name,
            file: &unit.file,
            installed: unit.file.exists(),
            state,
            running,
        });
    }
    if console.json {
        console.out_json(&serde_json::json!({ "services": all }))?;
    } else {
        for one in &all {
            let installed = if one.installed { "" } else { "; `larder service install` installs it" };
            console.out(&format!("{}: {}{installed}\n", one.name, one.state));
        }
    }
    Ok(if all.iter().all(|one| one.installed && one.running) { Exit::Done } else { Exit::SomeFailed })
}

/// Whether there is a unit. One that somebody else wrote or changed is not touched.
fn must_be_ours(file: &Path) -> Result<bool, Failure> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(cannot("read", file, &error)),
    };
    if text.contains(Unit::MARK) {
        return Ok(true);
    }
    let message = format!("`{}` is not of `larder service install`, and was not touched", file.display());
    Err(Failure { hint: Some("move it away first".to_owned()), ..Failure::new(Exit::Usage, message) })
}

fn write(unit: &Unit) -> Result<(), Failure> {
    let dir: PathBuf = unit.file.parent().map(Path::to_owned).unwrap_or_default();
    std::fs::create_dir_all(&dir).map_err(|error| cannot("create", &dir, &error))?;
    std::fs::write(&unit.file, &unit.text).map_err(|error| cannot("write", &unit.file, &error))
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Exit::Disk, format!("Cannot {what} `{}`: {error}", path.display()))
}
