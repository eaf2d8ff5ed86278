//! How far a run is, on the page and for machines, while it is at work and no longer.

use std::cell::RefCell;
use std::fs;
use std::time::Duration;

use icloud_sim::drive::DriveSpec;
use icloud_sim::photos::NewPhoto;
use icloud_sim::{Config, Fault, LibrarySpec, Rule};

use super::{Daemon, settled, until, waiting_for};
use crate::environment::{CODE, TestEnvironment};

/// What the browser asks for again by itself, and when.
fn refresh(body: &str) -> Option<&str> {
    let (_, rest) = body.split_once("<meta http-equiv=\"refresh\" content=\"")?;
    rest.split('"').next()
}

fn with_drive() -> TestEnvironment {
    let library = LibrarySpec { assets: 6, ..LibrarySpec::default() };
    let drive = DriveSpec { files: 6, folders: 2, ..DriveSpec::default() };
    let here = TestEnvironment::new(Config { library, drive, ..Config::default() });
    fs::create_dir(here.path("drive")).unwrap();
    here.login();
    here.sync().expect(0);
    here
}

/// Signs in by the page, with what a browser sends, up to the last page.
fn sign_in(daemon: &Daemon) -> String {
    let link = daemon.link();
    let first = daemon.get(&link).expect(200);
    assert_eq!(refresh(&first.body), None, "what is typed must not go away");
    let (csrf, password) = (first.field("csrf"), "correct+horse+battery");
    let code = daemon.post(&link, &format!("csrf={csrf}&way=devices&password={password}")).expect(200);
    assert_eq!(refresh(&code.body), None, "what is typed must not go away");
    let standing = daemon.get("/").body;
    assert!(standing.contains("Somebody is signing in") && refresh(&standing) == Some("3"), "{standing}");
    daemon.post(&link, &format!("csrf={csrf}&way=finish&code={CODE}")).expect(200).body
}

#[test]
fn after_a_sign_in_the_missed_run_is_followed_to_its_end() {
    let here = with_drive();
    let drive = here.path("drive");
    let daemon = waiting_for(here, &format!("[drive]\ndestination = {drive:?}\nkeep_free = \"0\""));
    let before = daemon.get("/").expect(200).body;
    assert_eq!(refresh(&before), None, "nothing is going on");
    let control = daemon.here.control();
    for at in 0..4 {
        daemon.here.add(NewPhoto { name: Some(format!("SECRET_{at}.JPG")), ..NewPhoto::default() });
    }
    control.add_fault(Rule::new("content", Fault::Delay { ms: 1_500 }));

    let done = sign_in(&daemon);
    assert!(done.contains("You are signed in"), "{done}");
    assert_eq!(refresh(&done), Some("3;url=/"), "on to how the mirror stands");

    let shown = RefCell::new(daemon.get("/").expect(200).body);
    let look = |what: &str| {
        let body = daemon.get("/").expect(200).body;
        assert!(!body.contains("SECRET"), "names of files: {body}");
        assert!(!body.contains("wants a new sign-in"), "{body}");
        let found = body.contains(what);
        *shown.borrow_mut() = body;
        found
    };
    until("the photos", || look("0 of 4 files"));
    let body = shown.borrow();
    assert!(body.contains("<b>iCloud Photos</b>") && body.contains("<progress"), "{body}");
    assert_eq!(refresh(&body), Some("3"));
    drop(body);
    let metrics = daemon.get("/metrics").expect(200).body;
    assert!(metrics.contains("larder_running{job_file=\"config\"} 1\n"), "{metrics}");
    assert!(metrics.contains("larder_run_files{job_file=\"config\",part=\"photos\"} 4\n"), "{metrics}");
    until("the files of Drive", || look("<b>iCloud Drive</b>") && shown.borrow().contains("<progress"));
    assert!(shown.borrow().contains(" items"), "{}", shown.borrow());

    until("the end", || look("next run"));
    assert_eq!(refresh(&shown.borrow()), None, "nothing is going on any more");
    assert!(!shown.borrow().contains("<progress") && shown.borrow().contains("10 photos and videos"));
    let metrics = daemon.get("/metrics").expect(200).body;
    assert!(metrics.contains("larder_running{job_file=\"config\"} 0\n"), "{metrics}");
    assert!(!metrics.contains("larder_run_files"), "{metrics}");
    daemon.stop();
}

#[test]
fn between_a_sign_in_and_its_run_nobody_is_asked_to_sign_in() {
    let daemon = waiting_for(settled(), "");
    // So that the run, when it begins, is seen.
    daemon.here.control().add_fault(Rule::new("ck.", Fault::Delay { ms: 1_000 }));
    sign_in(&daemon);
    // The job looks for the new session every five seconds.
    let body = daemon.get("/").expect(200).body;
    let begins = ["begins in a moment", "A run begins", "<b>iCloud Photos</b>"];
    assert!(begins.iter().any(|words| body.contains(words)), "{body}");
    assert!(!body.contains("wants a new sign-in") && refresh(&body) == Some("3"), "{body}");
    until("the run", || {
        std::thread::sleep(Duration::from_millis(10));
        daemon.get("/").body.contains("<b>iCloud Photos</b>")
    });
    until("its end", || daemon.get("/").body.contains("next run"));
    daemon.stop();
}
