//! The web session: validate, accountLogin, and what their bodies say.

use super::*;

#[test]
fn the_cheapest_way_in_comes_first() {
    let Some(good) = example("34") else { return };
    let mut play = Play::new(UNATTENDED, stored());
    assert_eq!(play.start(true), "validate");
    assert_eq!(play.answer(good), "ready false");
    let book = play.flow.book();
    assert_eq!((book.dsid.as_deref(), book.validated_at), (Some("10203040506"), Some(start())));
    assert_eq!(book.services["ckdatabasews"].url, "https://p142-ckdatabasews.icloud.com:443");
    assert!(book.services["ckdatabasews"].active && book.is_fresh(start()));

    let mut play = Play::new(UNATTENDED, stored());
    assert_eq!(play.start(true), "validate");
    assert_eq!(play.answer(example("35").unwrap()), "accountLogin");
    assert_eq!(play.answer(example("31").unwrap()), "password?");
    assert_eq!(play.password(), "authorize/signin");
    assert_eq!(play.answer(example("01").unwrap()), "signin/init");
    assert_eq!(play.answer(example("03").unwrap()), "signin/complete");
    assert_eq!(play.answer(example("05").unwrap()), "accountLogin");
    assert_eq!(play.answer(example("27").unwrap()), "ready false");
    assert!(play.flow.used_password());
}

#[test]
fn without_a_cookie_or_a_token_steps_are_left_out() {
    assert_eq!(Play::new(UNATTENDED, stored()).start(false), "accountLogin");
    assert_eq!(Play::new(UNATTENDED, logged_out()).start(false), "password?");
}

#[test]
fn what_account_login_says_to_a_stored_sign_in() {
    for (number, expected) in [
        ("26", "password?"),
        ("27", "ready false"),
        ("28", "ready false"),
        ("29", "fail Needs(Region { domain: \"iCloud.com.cn\" })"),
        ("30", "fail Needs(Terms)"),
        ("31", "password?"),
        ("32", "password?"),
        ("33", "password?"),
    ] {
        let mut play = Play::new(UNATTENDED, stored());
        play.start(false);
        let Some(answer) = example(number) else { return };
        assert_eq!(play.answer(answer), expected, "example {number}");
    }
}

#[test]
fn what_statuses_of_setup_lead_to() {
    for (status, on_validate, on_login) in [
        (401, "accountLogin", "password?"),
        (403, "accountLogin", "password?"),
        (421, "accountLogin", "password?"),
        (450, "accountLogin", "password?"),
        (500, "accountLogin", "password?"),
        (302, "accountLogin", "fail Needs(Region { domain: \"another region\" })"),
        (200, "accountLogin", "password?"),
        (429, "wait 2", "wait 2"),
        (502, "wait 2", "wait 2"),
        (503, "wait 2", "wait 2"),
    ] {
        let mut play = Play::new(UNATTENDED, stored());
        play.start(true);
        assert_eq!(play.answer(bare(status)), on_validate, "validate {status}");
        let mut play = Play::new(UNATTENDED, stored());
        play.start(false);
        assert_eq!(play.answer(bare(status)), on_login, "accountLogin {status}");
    }
}

#[test]
fn the_body_of_a_200_decides_in_order() {
    let standing = |body: &str, token: bool| {
        let mut play = Play::new(UNATTENDED, stored());
        play.start(false);
        play.answer(reply(200, &[], body, token))
    };
    let body = |info: &str, rest: &str| {
        format!(r#"{{"dsInfo":{{"dsid":"1",{info}"x":0}},"webservices":{{}}{rest}}}"#)
    };
    assert_eq!(standing(&body("", ""), true), "ready false");
    assert_eq!(standing(&body("", ""), false), "password?", "no session cookie");
    assert_eq!(
        standing(r#"{"dsInfo":{"dsid":7},"webservices":{}}"#, true),
        "ready false",
        "a number will do"
    );
    assert_eq!(standing(r#"{"dsInfo":{"dsid":"1"}}"#, true), "password?", "no map");
    assert_eq!(standing(&body("", r#","hasError":true"#), true), "password?");
    assert_eq!(standing(&body("", r#","isRepairNeeded":true"#), true), "fail Needs(Repair)");
    assert_eq!(standing(&body("", r#","hsaChallengeRequired":true"#), true), "password?");
    assert_eq!(standing(&body(r#""hsaVersion":2,"#, r#","hsaTrustedBrowser":false"#), true), "password?");
    assert_eq!(
        standing(&body("", r#","hsaTrustedBrowser":false"#), true),
        "ready false",
        "no second factor at all"
    );
    let two_step = body(r#""hsaVersion":1,"#, r#","hsaChallengeRequired":true"#);
    assert_eq!(standing(&two_step, true), "fail Needs(TwoStep)");
    assert_eq!(standing(&body(r#""isWebAccessAllowed":false,"#, ""), true), "fail Needs(WebAccess)");
    assert_eq!(standing(&body(r#""locked":true,"#, ""), true), "fail Needs(Locked)");
    assert_eq!(standing("<html>", true), "password?");
}

#[test]
fn a_service_that_says_when_is_heard() {
    let told = |seconds: u32| reply(429, &[("Retry-After".to_owned(), seconds.to_string())], "", false);
    let mut play = Play::new(UNATTENDED, stored());
    play.start(true);
    assert_eq!(play.answer(told(7)), "wait 7");
    assert_eq!(play.on(Event::Waited), "validate");
    let until = start() + SignedDuration::from_secs(900);
    assert_eq!(play.answer(told(900)), format!("fail Throttled {{ until: {until:?} }}"));
}

#[test]
fn a_session_uses_the_password_once() {
    let spent = Aim::Unattended { from: Rung::AccountLogin, may_handshake: false };
    let mut play = Play::new(spent, stored());
    assert_eq!(play.start(false), "accountLogin");
    assert_eq!(play.answer(bare(421)), "fail RenewalsUseless { status: 401 }");
}

#[test]
fn old_trust_is_renewed_along_the_way_and_may_fail() {
    for answer in ["25", "none"] {
        let mut book = stored();
        book.trusted_at = Some(start() - SignedDuration::from_hours(15 * 24));
        book.session_token = None;
        let mut play = Play::new(UNATTENDED, book);
        if play.reach_complete().is_none() {
            return;
        }
        assert_eq!(play.answer(example("05").unwrap()), "2sv/trust");
        let fresh = answer == "25";
        let answer = if fresh { example("25").unwrap() } else { bare(403) };
        assert_eq!(play.answer(answer), "accountLogin");
        assert_eq!(play.flow.book().trusted_at == Some(start()), fresh);
    }
}
