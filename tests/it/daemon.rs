//! `larder sync` without `--once`: the daemon, as a process of its own.

use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::{Duration, Instant};
use std::{fs, thread};

use icloud_sim::photos::NewPhoto;
use icloud_sim::{Config, LibrarySpec, Loss};

use crate::environment::{Running, TestEnvironment};
use crate::tree::Tree;

const PATIENCE: Duration = Duration::from_secs(60);

fn settled() -> TestEnvironment {
    TestEnvironment::signed_in(LibrarySpec { assets: 20, ..LibrarySpec::default() })
}

#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "{what} did not come");
        thread::sleep(Duration::from_millis(25));
    }
}

fn signal(running: &Running, name: &str) {
    let pid = running.pid().to_string();
    assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
}

/// Files in the mirror, albums aside.
fn files(here: &TestEnvironment) -> usize {
    Tree::read(&here.destination()).files.keys().filter(|path| !path.starts_with("Albums")).count()
}

/// Waits until the daemon waits for the next run.
fn rests(here: &TestEnvironment, files_then: usize) {
    until("the end of a run", || {
        files(here) == files_then && here.larder(&["status"]).run().code == Some(0) && {
            // Whoever gets the lock knows that no run is at work.
            here.larder(&["audit", "--quiet"]).run().code == Some(0)
        }
    });
}

#[test]
fn the_first_run_is_at_once_and_others_when_they_are_asked_for() {
    let here = settled();
    assert_eq!(here.larder(&["sync", "--now"]).run().code, Some(2), "there is no daemon yet");
    let expected = crate::oracle::count(&crate::oracle::mirror_of(&here.inventory()));
    let daemon = here.larder(&["sync"]).start();
    rests(&here, usize::try_from(expected).unwrap());
    let first = files(&here);

    here.add(NewPhoto::default());
    here.larder(&["sync", "--now"]).run().expect(0);
    until("the new photo", || files(&here) > first);
    let second = files(&here);
    here.add(NewPhoto::default());
    signal(&daemon, "-USR1");
    until("the newer photo", || files(&here) > second);

    let refused = here.larder(&["sync"]).run();
    assert_eq!(refused.code, Some(4), "{}", refused.stderr);
    signal(&daemon, "-TERM");
    let ended = daemon.wait();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("next run "), "{}", ended.stderr);
    assert_eq!(here.larder(&["sync", "--now"]).run().code, Some(2));
}

#[test]
fn a_daemon_that_is_told_to_stop_ends_its_run_and_the_next_goes_on() {
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 300, ..LibrarySpec::default() });
    here.control().set_latency(Duration::from_millis(30));
    let daemon = here.larder(&["sync"]).start();
    until("a file", || files(&here) > 5);
    let start = Instant::now();
    signal(&daemon, "-TERM");
    let ended = daemon.wait();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(start.elapsed() < Duration::from_secs(10));
    here.control().set_latency(Duration::ZERO);
    let photos = crate::oracle::mirror_of(&here.inventory());
    let daemon = here.larder(&["sync"]).start();
    until("all of them", || files(&here) == usize::try_from(crate::oracle::count(&photos)).unwrap());
    daemon.kill();
    here.sync().expect(0);
    Tree::read(&here.destination()).must_hold(&photos);
}

#[test]
fn a_job_file_is_read_again_and_a_broken_one_changes_nothing() {
    let here = settled();
    let daemon = here.larder(&["sync"]).start();
    until("a file", || files(&here) > 10);
    fs::write(here.job_file(), "[account]\napple_id = 7\n").unwrap();
    signal(&daemon, "-HUP");
    thread::sleep(Duration::from_millis(300));
    here.write_job("screenshots = false");
    signal(&daemon, "-HUP");
    thread::sleep(Duration::from_millis(300));
    signal(&daemon, "-TERM");
    let ended = daemon.wait();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let told = ended.stderr.matches("goes on as before").count();
    assert_eq!(told, 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("`account.apple_id` must be a text"), "{}", ended.stderr);
}

#[test]
fn one_job_in_trouble_leaves_the_others_alone() {
    let here = settled();
    let good = fs::read_to_string(here.job_file()).unwrap();
    let jobs = here.path("jobs");
    fs::create_dir(&jobs).unwrap();
    let state = here.state_dir();
    fs::write(jobs.join("one.toml"), format!("state_dir = {state:?}\n{good}")).unwrap();
    // Nobody signed in to this one, and its disk is not there.
    let other = good.replace(&format!("{:?}", here.destination()), "\"/nonexistent/mirror\"");
    fs::write(jobs.join("two.toml"), other).unwrap();
    fs::write(jobs.join("three.toml"), "nonsense").unwrap();
    let daemon = here.larder(&["sync", "--config", jobs.to_str().unwrap()]).start();
    until("a file", || files(&here) > 10);
    signal(&daemon, "-TERM");
    let ended = daemon.wait();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("/nonexistent/mirror") && ended.stderr.contains("three.toml"),
        "{}",
        ended.stderr
    );
    assert_eq!(here.larder(&["status", "-c", "a", "-c", "b"]).run().code, Some(2));
}

#[test]
fn a_sign_in_in_another_terminal_is_noticed_and_nobody_is_asked_before() {
    let here = settled();
    here.sync().expect(0);
    let before = files(&here);
    here.add(NewPhoto::default());
    here.control().expire_sessions(Loss::Trust);
    here.control().reset_counters();
    let daemon = here.larder(&["sync"]).start();
    until("a daemon that can be asked", || here.larder(&["sync", "--now"]).run().code == Some(0));
    until("the refusal", || {
        here.control().counters().requests_to("auth.") + here.control().counters().requests_to("setup.") > 0
    });
    thread::sleep(Duration::from_millis(500));
    let pushes =
        || here.control().counters().requests("auth.push") + here.control().counters().requests("auth.sms");
    assert_eq!(pushes(), 0, "no code without a person");
    assert_eq!(files(&here), before);
    let password = here.control().account(|account| account.password.clone());
    here.larder(&["login"]).stdin(&format!("{password}\n{}\n", crate::environment::CODE)).run().expect(0);
    until("the missed run", || files(&here) > before);
    signal(&daemon, "-TERM");
    let ended = daemon.wait();
    assert!(ended.stderr.contains("waits for a sign-in"), "{}", ended.stderr);
}

#[test]
fn the_service_manager_hears_of_it() {
    let here = TestEnvironment::new(Config::default());
    let path = here.path("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let daemon = here.larder(&["sync"]).env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "400000").start();
    let mut heard = String::new();
    let mut hear = |word: &str| {
        let mut buffer = [0; 4096];
        while !heard.contains(word) {
            let n = socket.recv(&mut buffer).unwrap_or_else(|_| panic!("{word} was not heard in {heard}"));
            heard.push_str(std::str::from_utf8(&buffer[..n]).unwrap());
        }
    };
    hear("READY=1");
    hear("STATUS=config: waits for a sign-in");
    hear("WATCHDOG=1");
    signal(&daemon, "-HUP");
    hear("RELOADING=1\nMONOTONIC_USEC=");
    signal(&daemon, "-TERM");
    hear("STOPPING=1");
    assert_eq!(daemon.wait().code, Some(0));
}
