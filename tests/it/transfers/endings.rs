//! Runs that end early, politely, having kept all they have, and sessions that end in the middle of one.

use std::time::Instant;

use icloud_sim::{Fault, Loss, Rule};

use super::{all_is_well, library, status};
use crate::environment::{Ran, TestEnvironment};
use crate::oracle;
use crate::tree::Tree;

const DENIED: &str = r#"{"uuid":"1","serverErrorCode":"ACCESS_DENIED","reason":"private db access disabled for this account"}"#;

fn mirrored() -> TestEnvironment {
    let here = TestEnvironment::signed_in(library(20));
    here.sync().expect(0);
    here.control().reset_counters();
    here
}

/// The hours from now until the time that the message names.
#[track_caller]
fn hours(ran: &Ran) -> f64 {
    let (_, after) = ran.stderr.split_once("Run it again after ").unwrap_or_else(|| panic!("{}", ran.stderr));
    let until: jiff::Timestamp = after.split_whitespace().next().unwrap().parse().unwrap();
    until.duration_since(jiff::Timestamp::now()).as_secs_f64() / 3600.0
}

/// A later run brings what is missing, and hardly anything again.
#[track_caller]
fn the_next_run_completes(here: &TestEnvironment, fetched: u64) {
    let photos = oracle::mirror_of(&here.inventory());
    Tree::read(&here.destination()).must_hold_nothing_else(&photos);
    here.control().clear_faults();
    here.control().reset_counters();
    here.sync().expect(0);
    all_is_well(here);
    // What was on its way at the end.
    let width = 16;
    let again = fetched + here.content_requests();
    assert!(again <= oracle::requests(&photos) + width, "{fetched} and {}", here.content_requests());
}

#[test]
fn a5_a_lock_out_is_not_asked_twice() {
    let here = mirrored();
    for answer in [status(403, &[], DENIED), status(401, &[], DENIED), status(200, &[], DENIED)] {
        here.control().reset_counters();
        here.control().add_fault(Rule::new("ck.", answer));
        let ran = here.sync().expect(5);
        assert_eq!(here.control().counters().requests_to(""), 1, "{:?}", here.control().counters().by_label);
        assert!((5.9..6.1).contains(&hours(&ran)), "{}", ran.stderr);
        here.control().clear_faults();
    }
    // In the middle of a first run: what is in flight is answered, nothing else is asked, not even for files.
    here.start_over(&library(600));
    let rule = Rule::new("ck.private.records/query", status(403, &[], DENIED)).nth(4, 1, None);
    here.control().add_fault(rule);
    let ran = here.sync().expect(5);
    let log = here.control().log();
    let first = log.iter().position(|request| request.status == 403).unwrap();
    let after = log.len() - 1 - first;
    assert!(after <= 32, "{after} of {} requests came after the lock-out", log.len());
    the_next_run_completes(&here, ran.number("fetched"));
}

#[test]
fn a5_a_service_that_asks_for_patience_again_and_again_is_left_alone() {
    let here = mirrored();
    for answer in [
        status(429, &[("Retry-After", "0")], ""),
        status(503, &[("Retry-After", "0")], "<html></html>"),
        status(200, &[], r#"{"serverErrorCode":"THROTTLED","retryAfter":0,"reason":"slow down"}"#),
    ] {
        here.control().reset_counters();
        here.control().add_fault(Rule::new("ck.", answer));
        let ran = here.sync().expect(5);
        assert_eq!(here.control().counters().requests_to(""), 6);
        assert!((0.9..1.1).contains(&hours(&ran)), "{}", ran.stderr);
        here.control().clear_faults();
    }
    // Content hosts, in the middle of a first run.
    here.start_over(&library(300));
    let refuses = status(429, &[("Retry-After", "1")], "");
    here.control().add_fault(Rule::new("content", refuses).nth(100, 1, None));
    let start = Instant::now();
    let ran = here.sync().expect(5);
    assert!(start.elapsed().as_secs() < 40, "the time that it told, six times");
    assert!((0.9..1.1).contains(&hours(&ran)), "{}", ran.stderr);
    assert!(here.content_requests() <= 99 + 16 + 8 + 4 + 2 + 1 + 1, "{}", here.content_requests());
    assert_eq!(ran.number("failed"), 0, "it says nothing about the files: {}", ran.stdout);
    assert!(ran.number("fetched") >= 80, "{}", ran.stdout);
    the_next_run_completes(&here, ran.number("fetched"));
}

#[test]
fn a5_a_long_pause_is_kept() {
    let here = mirrored();
    let start = Instant::now();
    here.control().add_fault(Rule::new("ck.", status(503, &[("Retry-After", "7200")], "")));
    let ran = here.sync().expect(5);
    assert_eq!(here.control().counters().requests_to(""), 1);
    assert!((1.9..2.1).contains(&hours(&ran)), "{}", ran.stderr);
    assert!(start.elapsed().as_secs() < 20);
}

#[test]
fn a5_a_run_that_meets_too_much_trouble_ends_and_keeps_what_it_has() {
    let here = TestEnvironment::signed_in(library(500));
    here.control().add_fault(Rule::new("content", status(500, &[], "")).chance(0.6, 5));
    let ran = here.sync().expect(5);
    assert!(ran.stderr.contains("Too many requests had to be made again"), "{}", ran.stderr);
    assert!((0.2..0.3).contains(&hours(&ran)), "{}", ran.stderr);
    let requests = here.content_requests();
    let fetched = ran.number("fetched");
    assert!(fetched >= 50 && requests <= 200 + fetched / 5 + fetched + 60, "{requests} for {fetched}");
    the_next_run_completes(&here, fetched);
}

#[test]
fn a5_a_session_that_ends_during_a_lookup_is_renewed_once() {
    let here = TestEnvironment::signed_in(library(200));
    here.control().photos(|photos| photos.quirks().url_lifetime_s = 5);
    let expired = Fault::SessionExpired { loss: Loss::Cookies };
    here.control().add_fault(Rule::new("ck.private.records/lookup", expired).nth(2, 1, Some(1)));
    here.sync().expect(0);
    all_is_well(&here);
    let counters = here.control().counters();
    let renewals = (counters.requests("setup.accountLogin"), counters.requests_to("auth."));
    assert_eq!(renewals, (1, 0), "{:?}", counters.by_label);
}

#[test]
fn a5_a_session_that_only_a_person_can_renew_ends_the_run_and_keeps_what_it_has() {
    let here = TestEnvironment::signed_in(library(400));
    here.control().photos(|photos| photos.quirks().url_lifetime_s = 5);
    let expired = Fault::SessionExpired { loss: Loss::Tokens };
    here.control().add_fault(Rule::new("ck.private.records/lookup", expired).nth(8, 1, Some(1)));
    let ran = here.sync().expect(3);
    assert!(ran.stderr.contains("larder login"), "{}", ran.stderr);
    let fetched = ran.number("fetched");
    assert!(fetched > 0, "{}", ran.stdout);
    let counters = here.control().counters();
    assert_eq!(counters.requests_to("auth."), 0, "{:?}", counters.by_label);
    assert!(counters.requests("setup.accountLogin") <= 2, "{:?}", counters.by_label);
    // Nobody is asked again before that.
    here.control().reset_counters();
    here.sync().expect(3);
    assert_eq!(here.control().counters().requests_to(""), 0);
    here.login();
    here.control().photos(|photos| photos.quirks().url_lifetime_s = 3_600);
    the_next_run_completes(&here, fetched);
}
