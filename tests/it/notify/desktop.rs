//! Notifications of a real session bus, shown by a server that the test stands in for.

#![expect(
    clippy::unused_self,
    clippy::used_underscore_binding,
    reason = "the protocol of notifications has them"
)]

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use icloud_sim::{LibrarySpec, Loss};
use zbus::OwnedVariant;

use crate::bus::Bus;
use crate::environment::{Ran, Running, TestEnvironment};

/// A notification as it was asked for.
#[derive(Debug, Clone, PartialEq)]
struct Shown {
    replaces: u32,
    title: String,
    text: String,
    actions: Vec<String>,
    timeout: i32,
}

/// A server of notifications.
struct Server(Arc<Mutex<Vec<Shown>>>);

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Server {
    fn get_capabilities(&self) -> Vec<String> {
        ["body", "actions", "persistence"].map(str::to_owned).to_vec()
    }

    #[expect(clippy::too_many_arguments, reason = "the protocol has them")]
    fn notify(
        &self,
        _app: String,
        replaces: u32,
        _icon: String,
        title: String,
        text: String,
        actions: Vec<String>,
        _hints: HashMap<String, OwnedVariant>,
        timeout: i32,
    ) -> u32 {
        let mut shown = self.0.lock().unwrap();
        shown.push(Shown { replaces, title, text, actions, timeout });
        if replaces > 0 { replaces } else { 40 + u32::try_from(shown.len()).unwrap() }
    }

    fn close_notification(&self, _id: u32) {}

    fn get_server_information(&self) -> (String, String, String, String) {
        ["test", "larder", "1", "1.2"].map(str::to_owned).into()
    }
}

/// Shows what is asked for on that bus.
async fn serve(bus: &Bus, shown: &Arc<Mutex<Vec<Shown>>>) -> zbus::Result<zbus::Connection> {
    zbus::connection::Builder::address(bus.address.as_str())
        .name("org.freedesktop.Notifications")
        .serve_at("/org/freedesktop/Notifications", Server(shown.clone()))
        .build()
        .await
}

#[test]
fn the_desktop_shows_one_notice_of_signing_in_at_a_time() {
    let Some(bus) = Bus::start() else {
        println!("skipped: there is no dbus-daemon here");
        return;
    };
    let shown = Arc::new(Mutex::new(Vec::new()));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _server = runtime.block_on(serve(&bus, &shown)).unwrap();
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 2, ..LibrarySpec::default() });
    let larder = |arguments: &[&str]| -> Ran {
        here.larder(arguments).env("DBUS_SESSION_BUS_ADDRESS", &bus.address).run()
    };
    larder(&["sync", "--once"]).expect(0);
    assert_eq!(*shown.lock().unwrap(), []);
    here.control().expire_sessions(Loss::Trust);
    std::fs::remove_file(here.state_dir().join("session.json")).unwrap();
    larder(&["sync", "--once"]).expect(3);
    larder(&["sync", "--once"]).expect(3);
    let told = shown.lock().unwrap().clone();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].replaces, told[0].timeout), (0, 0), "it stays until somebody looks");
    assert!(told[0].title.contains("new sign-in") && told[0].text.contains("larder login"), "{told:?}");
    let password = here.control().account(|account| account.password.clone());
    let code = crate::environment::CODE;
    here.larder(&["login"])
        .env("DBUS_SESSION_BUS_ADDRESS", &bus.address)
        .stdin(&format!("{password}\n{code}\n"))
        .run()
        .expect(0);
    let told = shown.lock().unwrap().clone();
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[1].replaces, 41, "it takes the place of the one before");
    assert!(told[1].timeout > 0 && told[1].title.contains("Signed in"), "{told:?}");
    larder(&["notify", "--test"]).expect(0);
    assert_eq!(shown.lock().unwrap().len(), 3);
}

#[test]
fn a_click_on_sign_in_opens_the_page_and_the_missed_run_follows() {
    let Some(bus) = Bus::start() else {
        println!("skipped: there is no dbus-daemon here");
        return;
    };
    let shown = Arc::new(Mutex::new(Vec::new()));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(serve(&bus, &shown)).unwrap();
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 2, ..LibrarySpec::default() });
    let Needy { daemon, opened, page } = needy(&here, &bus);
    until(|| !shown.lock().unwrap().is_empty());
    let actions = ["default", "Sign in", "sign-in", "Sign in", "later", "Later"];
    assert_eq!(shown.lock().unwrap()[0].actions, actions);
    // Whoever shows notices tells of the click; larder begins to listen when it was shown.
    until(|| {
        let click = (41_u32, "sign-in");
        let (path, name) = ("/org/freedesktop/Notifications", "org.freedesktop.Notifications");
        runtime.block_on(server.emit_signal(None::<&str>, path, name, "ActionInvoked", &click)).unwrap();
        opened.exists()
    });
    let link = std::fs::read_to_string(&opened).unwrap();
    assert!(link.starts_with(&page), "{link}");
    sign_in(&here, &bus);
    let told = shown.lock().unwrap().clone();
    assert_eq!((told.len(), told[1].replaces), (2, 41), "{told:?}");
    ends_after_the_missed_run(&here, daemon);
}

/// A daemon that needs a person.
pub(super) struct Needy {
    pub(super) daemon: Running,
    /// Where the person's browser writes down what it is to open.
    pub(super) opened: PathBuf,
    /// What links to sign in by begin with.
    pub(super) page: String,
}

pub(super) fn needy(here: &TestEnvironment, bus: &Bus) -> Needy {
    let (programs, opened) = (here.path("programs"), here.path("opened"));
    std::fs::create_dir(&programs).unwrap();
    let browser = programs.join("xdg-open");
    std::fs::write(
        &browser,
        format!("#!/bin/sh\nprintf '%s' \"$1\" > {opened:?}.new\nmv {opened:?}.new {opened:?}\n"),
    )
    .unwrap();
    std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o755)).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    here.write_job(&format!("\n[page]\nlisten = \"127.0.0.1:{port}\""));
    std::fs::remove_file(here.state_dir().join("session.json")).unwrap();
    here.control().expire_sessions(Loss::Trust);
    let daemon = here
        .larder(&["sync"])
        .env("DBUS_SESSION_BUS_ADDRESS", &bus.address)
        .env("PATH", format!("{}:/usr/bin:/bin", programs.display()))
        .start();
    Needy { daemon, opened, page: format!("http://127.0.0.1:{port}/sign-in/") }
}

/// What the page does is tested with it; here a sign-in elsewhere stands in for it.
pub(super) fn sign_in(here: &TestEnvironment, bus: &Bus) {
    let (password, code) =
        (here.control().account(|account| account.password.clone()), crate::environment::CODE);
    until(|| {
        let login = here.larder(&["login"]).env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
        login.stdin(&format!("{password}\n{code}\n")).run().code == Some(0)
    });
}

pub(super) fn ends_after_the_missed_run(here: &TestEnvironment, daemon: Running) {
    until(|| std::fs::read_dir(here.destination()).is_ok_and(|entries| entries.count() > 1));
    let pid = daemon.pid().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    daemon.wait().expect(0);
}

#[track_caller]
pub(super) fn until(mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(60), "it did not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn without_a_desktop_nothing_is_lost_and_the_test_says_so() {
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 2, ..LibrarySpec::default() });
    std::fs::remove_file(here.state_dir().join("session.json")).unwrap();
    let ran = here.sync().expect(3);
    assert!(!ran.stderr.contains("notice"), "{}", ran.stderr);
    let ran = here.larder(&["notify", "--test"]).run().expect(1);
    assert!(ran.stderr.contains("no desktop session"), "{}", ran.stderr);
}
