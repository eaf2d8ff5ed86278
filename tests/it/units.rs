//! The files for service managers are right, as far as their own programs can tell.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The units of a directory below `contrib/systemd`, with the larder of this build, as instances `config`.
fn units(kind: &str, into: &Path) -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib/systemd").join(kind);
    let mut units = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let text = ["%h/.cargo/bin/larder", "/usr/local/bin/larder"]
            .iter()
            .fold(text, |text, binary| text.replace(binary, env!("CARGO_BIN_EXE_larder")))
            // Nobody made that user here.
            .replace("User=larder", "User=daemon")
            .replace("Group=larder", "Group=daemon");
        let name = path.file_name().unwrap().to_str().unwrap();
        fs::write(into.join(name), &text).unwrap();
        units.push(into.join(name.replace("@.", "@config.")));
    }
    for unit in &units {
        let template = unit.file_name().unwrap().to_str().unwrap().replace("@config.", "@.");
        fs::copy(into.join(template), unit).unwrap();
    }
    units
}

/// What `systemd-analyze` says; `None` where there is none.
fn analyze(arguments: &[&str], units: &[PathBuf]) -> Option<(bool, String)> {
    // The manager of a person wants a place of its own.
    let runtime = tempfile::tempdir().unwrap();
    let done = Command::new("systemd-analyze")
        .env("XDG_RUNTIME_DIR", runtime.path())
        .args(arguments)
        .args(units)
        .output()
        .ok()?;
    let said = [done.stdout, done.stderr].concat();
    Some((done.status.success(), String::from_utf8_lossy(&said).into_owned()))
}

#[test]
fn the_units_of_systemd_are_right() {
    for (kind, manager) in [("user", "--user"), ("system", "--system")] {
        let folder = tempfile::tempdir().unwrap();
        let units = units(kind, folder.path());
        assert!(!units.is_empty());
        let Some((fine, said)) = analyze(&["verify", "--man=no", manager], &units) else {
            println!("skipped: there is no systemd-analyze here");
            return;
        };
        let ours = said.lines().filter(|line| line.contains("larder")).collect::<Vec<_>>().join("\n");
        assert!(fine && ours.is_empty(), "{kind}: {said}");
    }
}

#[test]
fn the_unit_of_the_machine_is_exposed_to_little() {
    let folder = tempfile::tempdir().unwrap();
    let units = units("system", folder.path());
    let threshold = ["security", "--offline=yes", "--no-pager", "--threshold=25"];
    match analyze(&threshold, &units) {
        None => println!("skipped: there is no systemd-analyze here"),
        Some((fine, said)) => assert!(fine, "{said}"),
    }
}
