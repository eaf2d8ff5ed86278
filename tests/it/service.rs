//! The daemon as a service of the person: what is written, and what the service manager is asked.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use icloud_sim::LibrarySpec;

use crate::environment::{Ran, TestEnvironment};

/// A person with a service manager that writes down what it is asked.
struct Machine {
    here: TestEnvironment,
}

/// Answers as `$HOME/shown` says, and fails what `$HOME/failing` names.
const SYSTEMCTL: &str = r#"#!/bin/sh
echo "systemctl $*" >> "$HOME/asked"
case "$*" in *show*) cat "$HOME/shown" 2>/dev/null ;; esac
if grep -qw -- "$2" "$HOME/failing" 2>/dev/null; then echo "no medium found" >&2; exit 1; fi
"#;

const LOGINCTL: &str = "#!/bin/sh\necho \"loginctl $*\" >> \"$HOME/asked\"\necho no\n";

impl Machine {
    fn new() -> Self {
        let here = TestEnvironment::signed_in(LibrarySpec::default());
        let bin = here.path("bin");
        fs::create_dir(&bin).unwrap();
        for (name, script) in [("systemctl", SYSTEMCTL), ("loginctl", LOGINCTL)] {
            fs::write(bin.join(name), script).unwrap();
            fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self { here }
    }

    fn service(&self, arguments: &[&str]) -> Ran {
        let path = format!("{}:/usr/bin:/bin", self.here.path("bin").display());
        self.here.larder(&[&["service"], arguments].concat()).env("PATH", path).run()
    }

    fn unit(&self) -> PathBuf {
        self.here.path("config/systemd/user/larder-config.service")
    }

    fn asked(&self) -> Vec<String> {
        let text = fs::read_to_string(self.here.path("asked")).unwrap_or_default();
        let _none = fs::remove_file(self.here.path("asked"));
        let short = |line: &str| line.replace("--user ", "").replace("larder-config.service", "UNIT");
        text.lines().map(short).collect()
    }

    fn shows(&self, active: &str, sub: &str) {
        let text = format!(
            "ActiveState={active}\nSubState={sub}\nUnitFileState=enabled\nStateChangeTimestamp=Fri 2026-11-27 03:00:00 UTC\n"
        );
        fs::write(self.here.path("shown"), text).unwrap();
    }

    fn failing(&self, what: &str) {
        fs::write(self.here.path("failing"), what).unwrap();
    }
}

const START: [&str; 3] = ["systemctl daemon-reload", "systemctl enable UNIT", "systemctl restart UNIT"];

#[test]
#[cfg(target_os = "linux")]
fn a_service_is_installed_shown_and_removed() {
    let here = Machine::new();
    let shown = here.service(&["install", "--print"]).expect(0).stdout;
    assert!(here.service(&["status"]).expect(1).stdout.contains("not installed; `larder service install`"));
    assert!(!here.unit().exists() && here.asked().is_empty());
    for _ in 0..2 {
        let ran = here.service(&["install"]).expect(0);
        assert!(ran.stderr.contains("loginctl enable-linger"), "{}", ran.stderr);
        let asked = here.asked();
        assert_eq!(asked[..3], START);
        assert_eq!(asked[3..], ["loginctl show-user --property=Linger --value"]);
    }
    let text = fs::read_to_string(here.unit()).unwrap();
    assert!(shown.ends_with(&text), "{shown}");
    let job = here.here.job_file();
    assert!(text.contains(&format!("sync --config \"{}\"", job.display())), "{text}");
    // It hears of no variable of this shell.
    assert!(text.contains(&format!("XDG_STATE_HOME={}", here.here.path("state").display())), "{text}");
    here.shows("active", "running");
    let told = here.service(&["status"]).expect(0).stdout;
    assert!(
        told.starts_with(
            "larder-config.service: active (running) since Fri 2026-11-27 03:00:00 UTC, enabled\n"
        ),
        "{told}"
    );
    assert!(told.contains(here.unit().to_str().unwrap()), "{told}");
    let json = here.service(&["status", "--json"]).expect(0).json();
    for flag in ["running", "installed", "enabled"] {
        assert_eq!(json["services"][0][flag], true, "{json}");
    }
    here.shows("activating", "auto-restart");
    assert!(here.service(&["status"]).expect(1).stdout.contains("auto-restart"));
    here.asked();
    here.service(&["uninstall"]).expect(0);
    assert!(!here.unit().exists());
    assert_eq!(here.asked(), ["systemctl disable --now UNIT", "systemctl daemon-reload"]);
    assert!(here.service(&["uninstall"]).expect(0).stderr.contains("not installed"));
}

#[test]
#[cfg(target_os = "linux")]
fn units_of_others_are_left_alone_and_broken_jobs_are_no_services() {
    let here = Machine::new();
    here.service(&["install"]).expect(0);
    here.asked();
    let edited = fs::read_to_string(here.unit()).unwrap().replace("Nice=10", "Nice=19");
    for theirs in ["[Unit]\n", &edited] {
        fs::write(here.unit(), theirs).unwrap();
        for act in ["install", "uninstall"] {
            let ran = here.service(&[act]).expect(2);
            assert!(ran.stderr.contains("was not touched"), "{}", ran.stderr);
            assert_eq!(fs::read_to_string(here.unit()).unwrap(), theirs);
        }
    }
    fs::remove_file(here.unit()).unwrap();
    fs::write(here.here.job_file(), "[account]\n").unwrap();
    here.service(&["install"]).expect(2);
    assert!(!here.unit().exists() && here.asked().is_empty());
    here.here.write_job("");
    let without = here.here.larder(&["service", "install"]).env("PATH", "/nonexistent").run().expect(2);
    assert!(without.stderr.contains("cron") && !here.unit().exists(), "{}", without.stderr);
}

#[test]
#[cfg(target_os = "linux")]
fn a_service_that_cannot_be_started_leaves_all_as_it_was() {
    let here = Machine::new();
    for step in ["daemon-reload", "enable", "restart"] {
        here.failing(step);
        let ran = here.service(&["install"]).expect(2);
        assert!(ran.stderr.contains("no medium found") && ran.stderr.contains("cron"), "{}", ran.stderr);
        assert!(!here.unit().exists(), "{step}");
        let asked = here.asked();
        assert_eq!(
            asked[asked.len() - 2..],
            ["systemctl disable --now UNIT", "systemctl daemon-reload"],
            "{step}"
        );
    }
    here.failing("");
    here.service(&["install"]).expect(0);
    let before = fs::read_to_string(here.unit()).unwrap();
    here.asked();
    // The same job with another state directory: another text, which does not start.
    here.failing("restart");
    let path = format!("{}:/usr/bin:/bin", here.here.path("bin").display());
    let other =
        here.here.larder(&["service", "install"]).env("PATH", path).env("XDG_STATE_HOME", "/elsewhere");
    let ran = other.run().expect(2);
    assert!(ran.stderr.contains("Not all is as it was"), "the old one does not start either: {}", ran.stderr);
    assert_eq!(fs::read_to_string(here.unit()).unwrap(), before);
    let asked = here.asked();
    assert_eq!((&asked[..3], &asked[3..]), (&START.map(String::from)[..], &START.map(String::from)[..]));
}

#[test]
#[cfg(target_os = "linux")]
fn several_job_files_are_several_services() {
    let here = Machine::new();
    let dir = here.here.path("jobs");
    fs::create_dir(&dir).unwrap();
    for (name, state) in [("one.toml", "one"), ("two.toml", "two")] {
        let job = fs::read_to_string(here.here.job_file()).unwrap();
        fs::write(dir.join(name), format!("state_dir = {:?}\n{job}", here.here.path(state))).unwrap();
    }
    here.service(&["install", "--config", dir.to_str().unwrap()]).expect(0);
    let units = || {
        let mut names: Vec<_> = fs::read_dir(here.unit().parent().unwrap())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(units().len(), 2);
    assert!(units()[0].starts_with("larder-one-") && units()[1].starts_with("larder-two-"), "{:?}", units());
    let one = dir.join("one.toml");
    here.service(&["uninstall", "--config", one.to_str().unwrap()]).expect(0);
    assert!(units()[0].starts_with("larder-two-") && units().len() == 1);
}

#[test]
fn the_unit_that_is_written_is_right() {
    let here = Machine::new();
    here.service(&["install"]).expect(0);
    let runtime = tempfile::tempdir().unwrap();
    let verify = Command::new("systemd-analyze")
        .env("XDG_RUNTIME_DIR", runtime.path())
        .args(["verify", "--man=no", "--user"])
        .arg(here.unit())
        .output();
    let Ok(said) = verify else {
        println!("skipped: there is no systemd-analyze here");
        return;
    };
    let text = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.status.success() && !text.contains("larder"), "{text}");
}
