//! The password, and what keeps it from being tried too often.

use super::*;

#[test]
fn what_complete_says_without_a_person() {
    for (number, expected) in [
        ("04", "fail Needs(Code)"),
        ("05", "accountLogin"),
        ("06", "repair/complete"),
        ("08", "fail Needs(Password { refused: Refused(…) })"),
        ("09", "fail Needs(Locked)"),
        ("10", "fail Needs(SecurityKey { keys: [\"Blue key\"] })"),
        ("11", "wait 2"),
    ] {
        let mut play = Play::new(UNATTENDED, logged_out());
        if play.reach_complete().is_none() {
            return;
        }
        assert_eq!(play.answer(example(number).unwrap()), expected, "example {number}");
        if expected.starts_with("fail") {
            assert!(play.flow.book().needs_user.is_some() && play.flow.book().open.is_none(), "{number}");
        }
    }
    for (status, code, expected) in [
        (401, "-20283", "fail Needs(AppPassword)"),
        (403, "", "fail Refused { status: 403 }"),
        (400, "", "fail Unexpected { step: \"signin/complete\", status: 400, code: None }"),
    ] {
        let mut play = Play::new(UNATTENDED, logged_out());
        if play.reach_complete().is_none() {
            return;
        }
        let headers = [("X-Apple-I-Ercd".to_owned(), code.to_owned())];
        assert_eq!(play.answer(reply(status, &headers, "", false)), expected);
    }
}

#[test]
fn a_wrong_password_is_asked_for_again_by_people_only() {
    let mut play = Play::new(LOGIN, logged_out());
    if play.reach_complete().is_none() {
        return;
    }
    assert_eq!(play.answer(example("08").unwrap()), "WrongPassword");
    assert_eq!(play.on(Event::Told), "password?");
    assert_eq!(play.password(), "wait 8", "handshakes keep their distance");
    play.now += SignedDuration::from_secs(8);
    assert_eq!(play.on(Event::Waited), "authorize/signin");
    play.answer(example("01").unwrap());
    play.answer(example("03").unwrap());
    assert_eq!(play.answer(example("05").unwrap()), "accountLogin");
}

#[test]
fn failing_with_a_person_leaves_the_stored_session_alone() {
    let mut play = Play::new(LOGIN, stored());
    if play.reach_complete().is_none() {
        return;
    }
    assert_eq!(play.answer(example("04").unwrap()), "auth");
    play.answer(example("12").unwrap());
    play.answer(example("15").unwrap());
    play.on(Event::Code(CodeReply::GiveUp));
    let book = play.flow.book();
    assert_eq!(book.session_token, stored().session_token);
    assert_eq!(book.trust_token, stored().trust_token);
}

#[test]
fn throttling_ends_the_sign_in_for_longer_each_time() {
    let mut book = logged_out();
    for minutes in [15, 30, 60, 120, 240, 480, 720, 720] {
        book.budget = crate::icloud::session::budget::Budget::default();
        book.retry_after = None;
        let mut play = Play::new(UNATTENDED, book);
        play.start(false);
        play.password();
        play.answer(bare(200));
        for wait in [2, 4] {
            assert_eq!(play.answer(bare(503)), format!("wait {wait}"));
            assert_eq!(play.on(Event::Waited), "signin/init");
        }
        let until = start() + SignedDuration::from_mins(minutes);
        assert_eq!(play.answer(bare(503)), format!("fail Throttled {{ until: {until:?} }}"));
        book = play.flow.into_book();
        let refused = Play::new(UNATTENDED, book.clone()).start(true);
        assert_eq!(refused, format!("fail Throttled {{ until: {until:?} }}"), "not a request more");
    }
}

#[test]
fn a_broken_line_is_tried_again_where_that_does_no_harm() {
    let cut =
        || Event::Unreachable(HttpError::Cut { host: "idmsa.apple.com".to_owned(), why: "reset".to_owned() });
    let connect =
        || Event::Unreachable(HttpError::Connect { host: "idmsa.apple.com".to_owned(), why: "x".to_owned() });
    let mut play = Play::new(UNATTENDED, stored());
    play.start(true);
    assert_eq!(play.on(cut()), "wait 2");
    assert_eq!(play.on(Event::Waited), "validate");
    assert_eq!(play.on(cut()), "wait 4");
    assert_eq!(play.on(Event::Waited), "validate");
    assert!(play.on(cut()).starts_with("fail Http(Cut"));

    let mut play = Play::new(LOGIN, logged_out());
    if play.reach_complete().is_none() {
        return;
    }
    assert_eq!(play.on(connect()), "wait 2", "nothing was sent");
    assert_eq!(play.on(Event::Waited), "signin/complete");
    assert!(play.on(cut()).starts_with("fail Http(Cut"), "Apple may have counted it");
}

#[test]
fn ambiguous_numbers_are_drawn_again_three_times_at_most() {
    let mut play = Play::new(UNATTENDED, logged_out());
    play.start(false);
    play.password();
    let Some(page) = example("01") else { return };
    assert_eq!(play.answer(page), "signin/init");
    let ambiguous = || Event::Proved(Err(SrpError::Ambiguous));
    for _ in 0..2 {
        let effect = play.flow.on(Event::Answered(example("03").unwrap()), play.now);
        assert!(matches!(effect, Effect::Prove(_)));
        assert_eq!(play.on(ambiguous()), "signin/init", "no proof was sent, so no password is at risk");
    }
    play.flow.on(Event::Answered(example("03").unwrap()), play.now);
    assert_eq!(play.on(ambiguous()), "fail Srp(Ambiguous)");
    assert!(!play.flow.used_password());
}

#[test]
fn a_401_before_the_proof_is_no_wrong_password() {
    let mut play = Play::new(UNATTENDED, logged_out());
    play.start(false);
    play.password();
    play.answer(bare(200));
    assert_eq!(play.answer(bare(401)), "authorize/signin", "once more from the page");
    play.answer(bare(200));
    assert_eq!(play.answer(bare(401)), "fail UnknownAccount");
    assert!(play.flow.book().needs_user.is_none());
}

#[test]
fn a_hostile_challenge_is_refused() {
    for (body, expected) in [
        (
            r#"{"iteration":20000000,"salt":"AA==","protocol":"s2k","b":"AA==","c":"x"}"#,
            "Iterations { iterations: 20000000 }",
        ),
        (
            r#"{"iteration":1,"salt":"AA==","protocol":"s2k","b":"AA==","c":"x"}"#,
            "Iterations { iterations: 1 }",
        ),
        (
            r#"{"iteration":20000,"salt":"AA==","protocol":"plain","b":"AA==","c":"x"}"#,
            "Protocol { protocol: \"plain\" }",
        ),
        (
            r#"{"iteration":20000,"salt":"!","protocol":"s2k","b":"AA==","c":"x"}"#,
            "Challenge { member: \"salt\" }",
        ),
        ("<html>", "Challenge { member: \"protocol\" }"),
    ] {
        let mut play = Play::new(UNATTENDED, logged_out());
        play.start(false);
        play.password();
        play.answer(bare(200));
        assert_eq!(play.answer(reply(200, &[], body, false)), format!("fail Srp({expected})"));
    }
}

#[test]
fn the_budget_of_handshakes_holds() {
    let mut book = logged_out();
    for _ in 0..5 {
        book.budget.spend(start());
    }
    let mut play = Play::new(LOGIN, book);
    play.now += SignedDuration::from_mins(10);
    play.start(false);
    let until = start() + SignedDuration::from_hours(1);
    assert_eq!(play.password(), format!("fail BudgetSpent {{ until: {until:?} }}"));
}
