//! A password from a real keyring on a session bus of the test's own. Skipped where there is no gnome-keyring.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::bus::Bus;
use crate::environment::{Ran, TestEnvironment, bytes_below};
use crate::passwords::{PASSWORD, lapsed};

const KEYS: &str = "password_keyring = \"larder\"";

/// A keyring of its own, with its bus.
struct Keyring {
    bus: Bus,
    daemon: Child,
    home: tempfile::TempDir,
}

impl Keyring {
    /// Open, and empty. `None` where there is none to be had.
    fn open() -> Option<Self> {
        let found = Command::new("secret-tool").arg("--version").output().is_ok()
            && Command::new("gnome-keyring-daemon").arg("--version").output().is_ok();
        let (Some(bus), true) = (Bus::start(), found) else {
            println!("skipped: gnome-keyring, libsecret-tools and dbus are needed");
            return None;
        };
        let home = tempfile::tempdir().unwrap();
        let daemon = Self::daemon(&bus, &home, true);
        let keyring = Self { bus, daemon, home };
        keyring.comes();
        Some(keyring)
    }

    fn daemon(bus: &Bus, home: &tempfile::TempDir, unlock: bool) -> Child {
        let mut command = Self::on(bus, home, "gnome-keyring-daemon");
        command.args(["--foreground", "--components=secrets"]).args(unlock.then_some("--unlock"));
        let mut daemon =
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        daemon.stdin.take().unwrap().write_all(b"opens the keyring").unwrap();
        daemon
    }

    /// A program in the session.
    fn on(bus: &Bus, home: &tempfile::TempDir, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
        for name in ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"] {
            command.env(name, home.path());
        }
        command
    }

    /// Waits until it is on the bus.
    fn comes(&self) {
        let start = Instant::now();
        while !String::from_utf8_lossy(&self.names().stdout).contains("org.freedesktop.secrets") {
            assert!(start.elapsed() < Duration::from_secs(20), "the keyring did not come");
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn names(&self) -> Output {
        let mut command = Self::on(&self.bus, &self.home, "dbus-send");
        command.args(["--session", "--print-reply", "--dest=org.freedesktop.DBus", "/"]);
        command.arg("org.freedesktop.DBus.ListNames").output().unwrap()
    }

    /// Stores a password as `config.example.toml` says.
    fn put(&self, user: &str, password: &str) {
        let mut command = Self::on(&self.bus, &self.home, "secret-tool");
        command
            .args(["store", "--label=larder", "service", "larder", "username", user])
            .stdin(Stdio::piped());
        let mut tool = command.spawn().unwrap();
        tool.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
        assert!(tool.wait().unwrap().success());
    }

    /// The same keyring after a start of the machine: nobody has opened it.
    fn lock(&mut self) {
        self.daemon.kill().unwrap();
        self.daemon.wait().unwrap();
        self.daemon = Self::daemon(&self.bus, &self.home, false);
        self.comes();
    }

    fn signal(&self, name: &str) {
        let pid = self.daemon.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    fn sync(&self, here: &TestEnvironment) -> Ran {
        let larder = here.larder(&["sync", "--once", "-vv"]).env("LARDER_LOG", "trace");
        larder.env("DBUS_SESSION_BUS_ADDRESS", &self.bus.address).run()
    }
}

impl Drop for Keyring {
    fn drop(&mut self) {
        self.daemon.kill().unwrap();
        self.daemon.wait().unwrap();
    }
}

fn apple_id(here: &TestEnvironment) -> String {
    here.control().account(|account| account.apple_id.clone())
}

#[test]
fn the_keyring_has_the_password_and_nobody_else() {
    let Some(keyring) = Keyring::open() else { return };
    let here = lapsed(KEYS);
    let none = keyring.sync(&here).expect(3).stderr;
    assert!(none.contains("`account.password_keyring` gave no password"), "{none}");
    assert!(none.contains("secret-tool store --label=larder service larder username"), "{none}");
    keyring.put("somebody@else.example", "another");
    keyring.put(&apple_id(&here), &format!("{PASSWORD}\n"));
    let ran = keyring.sync(&here).expect(0);
    for text in [&ran.stderr, &ran.stdout] {
        assert!(!text.contains(PASSWORD) && !text.contains("another"), "{text}");
    }
    let places: [PathBuf; 2] = [here.state_dir(), here.path("tmp")];
    for (name, bytes) in places.iter().flat_map(|dir| bytes_below(dir)) {
        let holds = bytes.windows(PASSWORD.len()).any(|part| part == PASSWORD.as_bytes());
        assert!(!holds, "{} holds the password", name.display());
    }
}

#[test]
fn a_keyring_that_is_locked_silent_or_absent_holds_nothing_up() {
    let Some(mut keyring) = Keyring::open() else { return };
    let here = lapsed(KEYS);
    keyring.put(&apple_id(&here), PASSWORD);
    keyring.lock();
    let locked = keyring.sync(&here).expect(3).stderr;
    assert!(locked.contains("unlock it"), "{locked}");
    keyring.signal("-STOP");
    let start = Instant::now();
    let silent = keyring.sync(&here).expect(3).stderr;
    keyring.signal("-CONT");
    assert!(silent.contains("has not answered yet") || silent.contains("did not answer within"), "{silent}");
    assert!(silent.contains("unlock it") && start.elapsed() < Duration::from_secs(60), "{silent}");
    let nowhere =
        here.larder(&["sync", "--once"]).env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");
    let absent = nowhere.run().expect(3).stderr;
    assert!(
        absent.contains("the keyring cannot be asked") && absent.contains("larder service install"),
        "{absent}"
    );
}
