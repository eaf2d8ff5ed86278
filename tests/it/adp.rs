//! Accounts with Advanced Data Protection: a device of the person has to agree, for an hour each time.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use icloud_sim::drive::Signatures;
use icloud_sim::photos::NewPhoto;
use icloud_sim::{Account, AccountKind, Config, Control, Fault, LibrarySpec, Rule};

use crate::drive::oracle::is_wanted;
use crate::drive::{DriveEnvironment, furnish};
use crate::environment::{CODE, Invocation, Ran, TestEnvironment};
use crate::oracle;
use crate::page::{Daemon, until};
use crate::tree::Tree;

/// A job with both parts.
fn protected(account: Account) -> DriveEnvironment {
    let account = Account { advanced_protection: true, device_code: Some(CODE.to_owned()), ..account };
    let library = LibrarySpec { assets: 6, ..LibrarySpec::default() };
    let here = DriveEnvironment(TestEnvironment::new(Config { account, library, ..Config::default() }));
    here.drive(|drive| drive.quirks().signatures = Signatures::Salted);
    here.drive(furnish);
    for dir in [here.destination(), here.0.state_dir()] {
        fs::create_dir_all(dir).unwrap();
    }
    here.0.write_job(&format!(
        "keep_free = \"0\"\n[drive]\ndestination = {:?}\nkeep_free = \"0\"",
        here.destination()
    ));
    fs::write(here.0.path("clock"), "0").unwrap();
    here
}

/// larder, whose clock a test moves, and which looks again after a moment.
fn larder(here: &DriveEnvironment, arguments: &[&str]) -> Invocation {
    here.0.larder(arguments).env("LARDER_CLOCK", here.0.path("clock"))
}

fn sync(here: &DriveEnvironment) -> Ran {
    larder(here, &["sync", "--once", "--json"]).run()
}

fn typed(here: &DriveEnvironment) -> String {
    let password = here.0.control().account(|account| account.password.clone());
    format!("{password}\n{CODE}\n")
}

/// Somebody with a phone, who agrees whenever it asks.
struct Agreeing {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<u64>>,
}

impl Agreeing {
    fn at(control: Control) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = thread::spawn(move || {
            let mut agreed = 0;
            while !stopped.load(Ordering::Relaxed) {
                agreed += u64::from(control.grant_consent());
                thread::sleep(Duration::from_millis(20));
            }
            agreed
        });
        Self { stop, thread: Some(thread) }
    }

    /// How often they did.
    fn stop(mut self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap()
    }
}

fn login(here: &DriveEnvironment, typed: &str) -> Ran {
    let agreeing = Agreeing::at(here.0.control());
    let ran = larder(here, &["login"]).stdin(typed).run().expect(0);
    assert_eq!(agreeing.stop(), 1);
    ran
}

#[track_caller]
fn must_hold(here: &DriveEnvironment) {
    here.must_hold();
    Tree::read(&here.0.destination()).must_hold(&oracle::mirror_of(&here.0.inventory()));
}

/// larder's clock is so much ahead from now on.
fn put_clock(here: &TestEnvironment, minutes: u32) {
    // In one step: larder must not read half of it.
    fs::write(here.path("clock.new"), (minutes * 60).to_string()).unwrap();
    fs::rename(here.path("clock.new"), here.path("clock")).unwrap();
}

/// An hour of consent is over at Apple.
fn an_hour_passes(here: &DriveEnvironment) {
    here.0.control().advance_clock(Duration::from_secs(61 * 60));
}

#[test]
fn a_login_has_the_devices_ask_and_no_run_does() {
    let here = protected(Account::default());
    let told = login(&here, &typed(&here));
    for word in ["Advanced Data Protection", "Signed in", "A device agreed: larder may read until "] {
        assert!(told.stderr.contains(word), "{}", told.stderr);
    }
    sync(&here).expect(0);
    must_hold(&here);
    an_hour_passes(&here);
    here.0.control().reset_counters();
    let ran = sync(&here).expect(3);
    assert!(ran.stderr.contains("a device of yours has to agree"), "{}", ran.stderr);
    assert!(ran.json()["error"].is_string() && ran.json()["drive"]["error"].is_string(), "{}", ran.stdout);
    let asked = here.0.control().counters().requests_to("");
    // Until a person was there, nothing more is asked at all.
    for _ in 0..3 {
        sync(&here).expect(3);
    }
    assert_eq!((here.0.control().counters().requests_to(""), here.0.control().consent_prompts()), (asked, 1));
    let doctor = larder(&here, &["doctor"]).run().expect(3);
    assert!(doctor.stdout.contains("a device of yours has to agree"), "{}", doctor.stdout);
    // Of a session that is good, the person needs to type nothing.
    login(&here, "");
    let counters = here.0.control().counters();
    assert_eq!((counters.requests("auth.complete"), counters.requests("auth.push")), (0, 0));
    here.drive(|drive| drop(drive.add_file(icloud_sim::drive::ROOT, "new.txt", "new").unwrap()));
    sync(&here).expect(0);
    must_hold(&here);
}

#[test]
fn nobody_agrees() {
    let here = protected(Account::default());
    let mut running = larder(&here, &["login"]).stdin(&typed(&here)).start();
    until("the question", || here.0.control().consent_prompts() == 1);
    assert!(here.0.control().deny_consent());
    let mut minutes = 0;
    until("the end of the question", || {
        minutes += 1;
        put_clock(&here.0, minutes);
        running.has_ended()
    });
    let ran = running.wait().expect(3);
    assert!(ran.stderr.contains("Signed in") && ran.stderr.contains("within 5 minutes"), "{}", ran.stderr);
    here.0.control().reset_counters();
    sync(&here).expect(3);
    assert_eq!(here.0.control().counters().requests_to(""), 0, "it is known that nobody agreed");
    assert_eq!(here.0.control().consent_prompts(), 1);
    login(&here, "");
    sync(&here).expect(0);
    must_hold(&here);
}

#[test]
fn while_consent_stands_a_run_gets_new_keys_by_itself() {
    let here = protected(Account { consent_minutes: 600, pcs_tries: 2, ..Account::default() });
    login(&here, &typed(&here));
    for _ in 0..3 {
        sync(&here).expect(0);
        an_hour_passes(&here);
        here.drive(|drive| drop(drive.add_file(icloud_sim::drive::ROOT, "new.txt", "new")));
    }
    sync(&here).expect(0);
    must_hold(&here);
    assert_eq!(here.0.control().consent_prompts(), 1);
}

#[test]
fn consent_that_ends_in_mid_run_costs_no_file_twice() {
    let here = protected(Account::default());
    login(&here, &typed(&here));
    let control = here.0.control();
    let hurry = thread::spawn(move || {
        while control.counters().requests("drive.content") < 5 {
            thread::sleep(Duration::from_millis(1));
        }
        control.advance_clock(Duration::from_secs(61 * 60));
    });
    let first = sync(&here).expect(3);
    hurry.join().unwrap();
    login(&here, "");
    let second = sync(&here).expect(0);
    must_hold(&here);
    let fetched = |ran: &Ran| ran.json()["drive"]["fetched"].as_u64().unwrap();
    let inventory = here.0.control().drive_inventory();
    let files = inventory.files.iter().filter(|file| is_wanted(file)).count() as u64;
    assert!(fetched(&first) >= 5, "{}", first.stdout);
    assert_eq!(fetched(&first) + fetched(&second), files);
}

#[test]
fn what_looks_like_it_and_is_not() {
    // Web access is off, which cannot be settled by a device.
    let here = protected(Account::default());
    login(&here, &typed(&here));
    here.0.control().account(|account| account.kind = AccountKind::WebAccessOff);
    an_hour_passes(&here);
    let ran = sync(&here).expect(3);
    assert!(ran.stderr.contains("Access iCloud Data on the Web"), "{}", ran.stderr);
    let ran = larder(&here, &["login"]).stdin(&typed(&here)).run().expect(3);
    assert!(ran.stderr.contains("Access iCloud Data on the Web"), "{}", ran.stderr);
    assert_eq!(here.0.control().consent_prompts(), 1);
    // Terms that wait, with which Apple denies the session of a moment ago.
    let here = protected(Account::default());
    let body = r#"{"success":false,"error":"Missing X-APPLE-WEBAUTH-TOKEN cookie"}"#.to_owned();
    let fault = Fault::Status { status: 500, headers: vec![], body };
    here.0.control().add_fault(Rule::new("setup.requestPCS", fault));
    let agreeing = Agreeing::at(here.0.control());
    let ran = larder(&here, &["login"]).stdin(&typed(&here)).run().expect(3);
    agreeing.stop();
    assert!(ran.stderr.contains("sign in at icloud.com once"), "{}", ran.stderr);
    // Apple's words for a trouble that nobody knows are passed on.
    here.0.control().clear_faults();
    let body = r#"{"status":"failure","message":"The moon is full."}"#.to_owned();
    let fault = Fault::Status { status: 200, headers: vec![], body };
    here.0.control().add_fault(Rule::new("setup.requestPCS", fault));
    let ran = larder(&here, &["login"]).stdin(&typed(&here)).run().expect(5);
    assert!(ran.stderr.contains("The moon is full."), "{}", ran.stderr);
}

#[test]
fn accounts_without_it_are_asked_once_at_login_and_a_login_outlives_trouble_there() {
    let here = DriveEnvironment::new();
    here.0.control().add_fault(Rule::new("setup.requestWebAccessState", Fault::refused(500, "Internal")));
    let ran = larder(&here, &["login", "--json"]).stdin(&typed(&here)).run().expect(0);
    assert_eq!(ran.json()["advanced_data_protection"], false, "{}", ran.stdout);
    assert!(ran.stderr.contains("cannot be told now"), "{}", ran.stderr);
    here.sync();
    assert_eq!(here.0.control().counters().requests_to("setup.requestWebAccessState"), 0);
}

/// A daemon with a page, whose person is needed on a device.
pub(crate) fn waiting() -> Daemon {
    let library = LibrarySpec { assets: 6, ..LibrarySpec::default() };
    let account = Account { advanced_protection: true, ..Account::default() };
    let here = TestEnvironment::new(Config { account, library, ..Config::default() });
    fs::write(here.path("clock"), "0").unwrap();
    let agreeing = Agreeing::at(here.control());
    let password = here.control().account(|account| account.password.clone());
    let clock = here.path("clock");
    let login = here.larder(&["login"]).env("LARDER_CLOCK", &clock).stdin(&format!("{password}\n{CODE}\n"));
    login.run().expect(0);
    agreeing.stop();
    here.sync().expect(0);
    here.control().reset_counters();
    here.add(NewPhoto::default());
    here.control().advance_clock(Duration::from_secs(61 * 60));
    let daemon = Daemon::start(here, "");
    until("a daemon that can be asked", || daemon.here.larder(&["sync", "--now"]).run().code == Some(0));
    until("the refusal", || daemon.get("/healthz").body.contains("needs you"));
    daemon
}

#[test]
fn a_person_agrees_by_way_of_the_page_and_the_missed_run_follows() {
    let daemon = waiting();
    let control = daemon.here.control();
    assert!(daemon.get("/").body.contains("a device of yours has to agree"));
    let link = daemon.link();
    let first = daemon.get(&link).expect(200);
    assert!(
        first.body.contains("Ask my devices") && !first.body.contains("type=\"password\""),
        "{}",
        first.body
    );
    assert_eq!(control.consent_prompts(), 1, "nothing is asked before the person wants it");
    let ask = format!("csrf={}&way=devices", first.field("csrf"));
    let to = daemon.post(&link, &ask).expect(303);
    assert!(to.head.contains(&link), "{}", to.head);
    let waits = daemon.get(&link).expect(200);
    assert!(
        waits.body.contains("http-equiv=\"refresh\"") && waits.body.contains("Agree on one"),
        "{}",
        waits.body
    );
    assert_eq!(control.consent_prompts(), 2);
    // One time nobody agrees, and the page says so and has the devices ask again.
    assert!(control.deny_consent());
    let mut minutes = 0;
    until("that nobody agreed", || {
        minutes += 1;
        put_clock(&daemon.here, minutes);
        daemon.get(&link).body.contains("no device of yours agreed")
    });
    let again = daemon.get(&link).expect(200);
    assert!(again.body.contains("ask again") && !again.body.contains("larder login"), "{}", again.body);
    daemon.post(&link, &ask).expect(303);
    let agreeing = Agreeing::at(control.clone());
    until("the end", || daemon.get(&link).body.contains("You are signed in"));
    assert_eq!((agreeing.stop(), control.consent_prompts()), (1, 3));
    daemon.get(&link).expect(410);
    let wanted = oracle::count(&oracle::mirror_of(&daemon.here.inventory()));
    until("the missed run", || Tree::read(&daemon.here.destination()).library().len() as u64 == wanted);
    until("rest", || daemon.get("/healthz").body.trim() == "config: ok");
    assert_eq!(control.counters().requests_to("auth."), 0, "no code was asked for");
    daemon.stop();
}
