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

impl Machine {
    fn new() -> Self {
        let here = TestEnvironment::signed_in(LibrarySpec::default());
        let bin = here.path("bin");
        fs::create_dir(&bin).unwrap();
        for (name, answer) in [
            (
                "systemctl",
                "case \"$*\" in *is-active*) cat \"$HOME/active\" 2>/dev/null || { echo inactive; exit 3; };; esac",
            ),
            ("loginctl", "echo no"),
        ] {
            let script = format!("#!/bin/sh\necho \"{name} $*\" >> \"$HOME/asked\"\n{answer}\n");
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
        text.lines().map(str::to_owned).collect()
    }
}

#[test]
fn a_service_is_installed_shown_and_removed() {
    if cfg!(target_os = "macos") {
        return;
    }
    let here = Machine::new();
    let shown = here.service(&["install", "--print"]).expect(0).stdout;
    assert!(!here.unit().exists() && here.asked().is_empty());
    assert!(here.service(&["status"]).expect(1).stdout.contains("inactive; `larder service install`"));
    here.asked();
    for _ in 0..2 {
        let ran = here.service(&["install"]).expect(0);
        assert!(ran.stderr.contains("loginctl enable-linger"), "{}", ran.stderr);
        assert_eq!(
            here.asked(),
            [
                "systemctl --user daemon-reload",
                "systemctl --user enable larder-config.service",
                "systemctl --user restart larder-config.service",
                "loginctl show-user --property=Linger --value"
            ]
        );
    }
    let text = fs::read_to_string(here.unit()).unwrap();
    assert!(shown.ends_with(&text), "{shown}");
    let job = here.here.job_file();
    assert!(text.contains(&format!("sync --config \"{}\"", job.display())), "{text}");
    fs::write(here.here.path("active"), "active\n").unwrap();
    assert_eq!(here.service(&["status"]).expect(0).stdout, "larder-config.service: active\n");
    let json = here.service(&["status", "--json"]).expect(0).json();
    assert_eq!(
        (&json["services"][0]["running"], &json["services"][0]["installed"]),
        (&true.into(), &true.into())
    );
    here.asked();
    here.service(&["uninstall"]).expect(0);
    assert!(!here.unit().exists());
    assert_eq!(
        here.asked(),
        ["systemctl --user disable --now larder-config.service", "systemctl --user daemon-reload"]
    );
    assert!(here.service(&["uninstall"]).expect(0).stderr.contains("not installed"));
}

#[test]
fn units_of_others_are_left_alone_and_broken_jobs_are_no_services() {
    if cfg!(target_os = "macos") {
        return;
    }
    let here = Machine::new();
    fs::create_dir_all(here.unit().parent().unwrap()).unwrap();
    fs::write(here.unit(), "[Unit]\n").unwrap();
    for act in ["install", "uninstall"] {
        let ran = here.service(&[act]).expect(2);
        assert!(ran.stderr.contains("was not touched"), "{}", ran.stderr);
        assert_eq!(fs::read_to_string(here.unit()).unwrap(), "[Unit]\n");
    }
    fs::remove_file(here.unit()).unwrap();
    fs::write(here.here.job_file(), "[account]\n").unwrap();
    here.service(&["install"]).expect(2);
    assert!(!here.unit().exists() && here.asked().is_empty());
    here.here.write_job("");
    let broken = here.here.path("bin/systemctl");
    fs::write(&broken, "#!/bin/sh\necho No medium found >&2\nexit 1\n").unwrap();
    let ran = here.service(&["install"]).expect(2);
    assert!(ran.stderr.contains("No medium found") && !here.unit().exists(), "{}", ran.stderr);
    let without = here.here.larder(&["service", "install"]).env("PATH", "/nonexistent").run().expect(2);
    assert!(without.stderr.contains("cron"), "{}", without.stderr);
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
