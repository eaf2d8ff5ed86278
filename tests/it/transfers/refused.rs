//! Every refusal, once, of every kind of service: the right thing is done, and no more of it than needed.

use icloud_sim::{Fault, Loss};

use super::{add, all_is_well, empty, library, status, sync_with};
use crate::environment::TestEnvironment;

const AUTHENTICATION_FAILED: &str =
    r#"{"uuid":"1","serverErrorCode":"AUTHENTICATION_FAILED","reason":"no auth"}"#;

/// A date in a moment, as HTTP writes it.
fn soon() -> String {
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(2);
    soon.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// What a refusal of CloudKit leads to.
struct Refusal {
    answer: Fault,
    /// Exit code.
    code: i32,
    /// Renewals of the session by the stored sign-in.
    renewals: u64,
    /// Requests of the refused kind that it costs, the refused one included; the rest of the run is not counted.
    requests: u64,
}

fn refusals() -> Vec<Refusal> {
    let refusal = |answer, code, renewals, requests| Refusal { answer, code, renewals, requests };
    vec![
        refusal(status(401, &[], AUTHENTICATION_FAILED), 0, 1, 2),
        refusal(status(403, &[], ""), 0, 1, 2),
        refusal(status(404, &[], ""), 5, 0, 1),
        refusal(status(410, &[], ""), 5, 0, 1),
        // A fresh connection is all that it takes.
        refusal(status(421, &[], "{}"), 0, 0, 2),
        refusal(status(423, &[], "{}"), 0, 1, 2),
        refusal(status(429, &[("Retry-After", "1")], ""), 0, 0, 2),
        refusal(status(429, &[("Retry-After", &soon())], ""), 0, 0, 2),
        refusal(status(500, &[], "<html>oops</html>"), 0, 0, 2),
        refusal(status(502, &[("Retry-After", "0")], ""), 0, 0, 2),
        refusal(status(503, &[("Retry-After", "0")], "<html></html>"), 0, 0, 2),
        refusal(status(200, &[], AUTHENTICATION_FAILED), 0, 1, 2),
        refusal(status(200, &[], r#"{"serverErrorCode":"RETRY_LATER","retryAfter":1}"#), 0, 0, 2),
        refusal(status(200, &[], r#"{"serverErrorCode":"ACCESS_DENIED","reason":"no"}"#), 5, 0, 1),
        refusal(status(200, &[], "<html></html>"), 0, 0, 2),
    ]
}

/// Each refusal, once, after `prepare` has seen to it that this call is needed. `usual` is how often it is without trouble.
fn each(here: &TestEnvironment, call: &str, usual: u64, prepare: impl Fn(&TestEnvironment)) {
    for Refusal { answer, code, renewals, requests } in refusals() {
        prepare(here);
        let ran = sync_with(here, call, std::slice::from_ref(&answer), code);
        let counters = here.control().counters();
        let seen = counters.requests(call);
        assert!(seen >= requests && seen < requests + usual, "{call} {answer:?}: {seen}");
        assert_eq!(counters.requests("setup.accountLogin"), renewals, "{call} {answer:?}");
        assert_eq!(counters.requests_to("auth."), 0, "{call} {answer:?}");
        if code != 0 {
            assert!(ran.json()["error"].is_string(), "{}", ran.stdout);
            here.sync().expect(0);
        }
        all_is_well(here);
    }
}

#[test]
fn a5_refusals_of_changes() {
    each(&empty(), "ck.private.changes/zone", 1, |here| add(here, 500));
}

#[test]
fn a5_refusals_of_lists() {
    let here = TestEnvironment::signed_in(library(12));
    here.sync().expect(0);
    here.lose_state();
    here.control().reset_counters();
    here.sync().expect(0);
    let usual = here.control().counters().requests("ck.private.records/query");
    each(&here, "ck.private.records/query", usual, TestEnvironment::lose_state);
}

#[test]
fn a5_refusals_of_lookups() {
    let here = empty();
    // No URL of a page is good for long enough.
    here.control().photos(|photos| photos.quirks().url_lifetime_s = 5);
    each(&here, "ck.private.records/lookup", 1, |here| add(here, 500));
}

#[test]
fn a5_refusals_of_content_hosts() {
    let here = empty();
    let retry_after = |seconds| [("Retry-After", seconds)];
    for (answer, lookups) in [
        (status(401, &[], ""), 1),
        (status(403, &[], ""), 1),
        (status(404, &[], ""), 1),
        (status(410, &[], ""), 1),
        (status(421, &[], ""), 1),
        (status(423, &[], ""), 1),
        (status(429, &retry_after("1"), ""), 0),
        (status(429, &retry_after(&soon()), ""), 0),
        (status(500, &[], ""), 0),
        (status(502, &[], "<html></html>"), 0),
        (status(503, &[], ""), 0),
        (status(503, &retry_after("1"), ""), 0),
        (status(504, &[], ""), 0),
        (status(200, &[], AUTHENTICATION_FAILED), 0),
    ] {
        add(&here, 500);
        sync_with(&here, "content", std::slice::from_ref(&answer), 0);
        let counters = here.control().counters();
        assert_eq!(counters.requests("content"), 2, "{answer:?}");
        assert_eq!(counters.requests("ck.private.records/lookup"), lookups, "{answer:?}");
        assert_eq!(counters.requests_to("auth.") + counters.requests_to("setup."), 0, "{answer:?}");
    }
    all_is_well(&here);
    // One fresh URL, and no more: it is not the URL.
    add(&here, 500);
    let gone = || status(404, &[], "");
    sync_with(&here, "content", &[gone(), gone(), gone()], 1);
    let counters = here.control().counters();
    assert_eq!((counters.requests("content"), counters.requests("ck.private.records/lookup")), (2, 1));
    here.sync().expect(0);
    all_is_well(&here);
}

#[test]
fn a5_refusals_of_the_stored_sign_in() {
    let after = |seconds| [("Retry-After", seconds)];
    for (answer, code) in [
        (status(401, &[], ""), 3),
        (status(403, &[], ""), 3),
        (status(404, &[], ""), 3),
        (status(421, &[], ""), 3),
        (status(429, &after("3600"), ""), 5),
        (status(503, &after("3600"), "<html></html>"), 5),
    ] {
        // Sign-ins are counted on disk, so each has its own.
        let here = empty();
        add(&here, 500);
        here.control().expire_sessions(Loss::Cookies);
        let ran = sync_with(&here, "setup.accountLogin", std::slice::from_ref(&answer), code);
        let counters = here.control().counters();
        assert!(counters.requests("setup.accountLogin") <= 2, "{answer:?}: {:?}", counters.by_label);
        assert_eq!(counters.requests_to("auth."), 0, "{answer:?}: no sign-in, no code, no mail");
        assert!(counters.requests_to("ck.") <= 3, "{answer:?}: {:?}", counters.by_label);
        if code != 0 {
            assert!(ran.stderr.contains("error: "), "{}", ran.stderr);
            here.login();
            here.sync().expect(0);
        }
        all_is_well(&here);
    }
}
