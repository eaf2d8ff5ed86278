//! `larder doctor` says what is in order, what is not, and what to do.

use std::fs;

use icloud_sim::{LibrarySpec, Loss};
use serde_json::Value;

use crate::environment::{Ran, TestEnvironment};
use crate::tree::Tree;

fn settled() -> TestEnvironment {
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 4, ..LibrarySpec::default() });
    here.sync().expect(0);
    here
}

fn doctor(here: &TestEnvironment, code: i32) -> Ran {
    here.larder(&["doctor", "--json"]).run().expect(code)
}

/// The verdict about one thing.
#[track_caller]
fn verdict(ran: &Ran, what: &str) -> String {
    let json = ran.json();
    let looks = json["looks"].as_array().unwrap();
    let look = looks.iter().find(|look| look["what"].as_str().unwrap().starts_with(what)).unwrap();
    look["verdict"].as_str().unwrap().to_owned()
}

#[test]
fn where_all_is_well_only_what_nobody_set_up_is_warned_of() {
    let here = settled();
    let before = Tree::read(&here.destination());
    here.control().reset_counters();
    let ran = doctor(&here, 0);
    for what in ["Job file", "State", "Sign-in", "Destination", "Last run", "iCloud", "Clock"] {
        assert_eq!(verdict(&ran, what), "ok", "{what} {}", ran.stdout);
    }
    for what in ["Notices", "Daemon"] {
        assert_eq!(verdict(&ran, what), "warning", "{what} {}", ran.stdout);
    }
    assert_eq!(here.control().counters().requests_to("auth."), 0);
    Tree::read(&here.destination()).must_equal(&before);
    let looks = ran.json()["looks"].as_array().unwrap().clone();
    assert!(looks.iter().filter(|look| look["verdict"] != "ok").all(|look| look["advice"] != Value::Null));
    let text = here.larder(&["doctor"]).run().expect(0).stdout;
    assert!(text.contains("ok      Job file: ") && text.contains("what to do: "), "{text}");
}

#[test]
fn what_is_wrong_is_named_with_the_exit_code_of_a_run() {
    let here = settled();
    here.control().expire_sessions(Loss::Trust);
    fs::remove_file(here.state_dir().join("session.json")).unwrap();
    let ran = doctor(&here, 3);
    assert_eq!(verdict(&ran, "Sign-in"), "wrong");
    fs::rename(here.destination(), here.path("unmounted")).unwrap();
    let ran = doctor(&here, 6);
    assert_eq!(verdict(&ran, "Destination"), "wrong");
    let ran = here.larder(&["doctor", "--json"]).env("LARDER_ENDPOINT", "http://127.0.0.1:1").run();
    assert_eq!(verdict(&ran, "iCloud"), "wrong");
    fs::write(here.job_file(), "[account]\n").unwrap();
    let ran = doctor(&here, 2);
    assert_eq!(verdict(&ran, "Job file"), "wrong");
}

#[test]
fn a_page_whose_links_lead_nowhere_is_warned_of() {
    let here = settled();
    for (page, expected) in [
        ("listen = \"0.0.0.0:8578\"", "warning"),
        ("listen = \"0.0.0.0:8578\"\naddress = \"http://192.168.1.5:8578\"", "ok"),
    ] {
        here.write_job(&format!("[page]\n{page}"));
        assert_eq!(verdict(&doctor(&here, 0), "Page"), expected);
    }
}

#[test]
fn a_new_job_is_told_what_comes_next() {
    let here = TestEnvironment::new(icloud_sim::Config::default());
    let ran = doctor(&here, 3);
    assert_eq!((verdict(&ran, "Sign-in"), verdict(&ran, "Last run")), ("wrong".into(), "warning".into()));
}
