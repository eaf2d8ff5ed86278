//! Sessions that end while they are used.

use super::*;

#[tokio::test]
async fn a_session_that_ends_in_mid_run_is_renewed_in_silence() {
    let world = World::signed_in().await;
    let session = world.resume(Passwords::none()).await.unwrap();
    world.control().expire_sessions(Loss::Cookies);
    assert_eq!(call(&session).await, 200);
    assert_eq!(world.asked(), asked([("ck.private.changes/database", 2), ("setup.accountLogin", 1)]));

    world.control().account(|account| account.misdirect_ended = true);
    world.control().expire_sessions(Loss::Cookies);
    assert_eq!(call(&session).await, 200);
    assert_eq!(
        world.asked(),
        asked([("ck.private.changes/database", 3), ("setup.accountLogin", 1)]),
        "a 421 is tried on a fresh connection first"
    );
}

#[tokio::test]
async fn many_workers_are_served_by_one_renewal() {
    let world = World::signed_in().await;
    let session = world.resume(Passwords::none()).await.unwrap();
    world.control().expire_sessions(Loss::Cookies);
    let calls = (0..8).map(|_| {
        let session = session.clone();
        tokio::spawn(async move { call(&session).await })
    });
    for task in calls.collect::<Vec<_>>() {
        assert_eq!(task.await.unwrap(), 200);
    }
    assert_eq!(world.control().counters().requests("setup.accountLogin"), 1);
}

#[tokio::test]
async fn when_the_stored_sign_in_is_gone_the_password_helps_without_a_code() {
    let world = World::signed_in().await;
    let session = world.resume(known()).await.unwrap();
    world.control().expire_sessions(Loss::Tokens);
    assert_eq!(call(&session).await, 200);
    let counters = world.control().counters();
    assert_eq!((counters.requests("auth.complete"), counters.requests("auth.push")), (1, 0));

    // Once a session; a service that keeps refusing does not lead to another.
    world.pass(60);
    world.control().expire_sessions(Loss::Tokens);
    world.asked();
    let refused = session.call(Service::CloudKit, PATH, Bytes::new()).await.unwrap_err();
    assert!(matches!(refused, SessionError::RenewalsUseless { .. }), "{refused}");
    assert_eq!(world.control().counters().requests("auth.complete"), 0);
}

#[tokio::test]
async fn when_nothing_stored_works_the_person_is_needed_and_said_once() {
    let world = World::signed_in().await;
    let session = world.resume(Passwords::none()).await.unwrap();
    world.control().expire_sessions(Loss::Tokens);
    let refused = session.call(Service::CloudKit, PATH, Bytes::new()).await.unwrap_err();
    assert_eq!(refused.need(), Some(&Need::SignIn));
    world.asked();
    assert_eq!(world.resume(Passwords::none()).await.unwrap_err().need(), Some(&Need::SignIn));
    assert_eq!(world.asked(), asked([]));
    assert!(world.resume(known()).await.is_ok(), "a password has come");

    let world = World::signed_in().await;
    let session = world.resume(known()).await.unwrap();
    world.control().expire_sessions(Loss::Trust);
    let refused = session.call(Service::CloudKit, PATH, Bytes::new()).await.unwrap_err();
    assert_eq!(refused.need(), Some(&Need::Code));
    assert_eq!(world.control().counters().requests("auth.push"), 0);
    world.pass(60);
    world.login(&mut world.person([Say::DeviceCode]), LoginOptions::default()).await.unwrap();
    assert!(world.resume(Passwords::none()).await.is_ok(), "the person has acted");
}

#[tokio::test]
async fn a_moved_partition_is_followed() {
    let world = World::signed_in().await;
    let session = world.resume(Passwords::none()).await.unwrap();
    world.control().account(|account| account.partition = 99);
    assert_eq!(call(&session).await, 200);
    assert_eq!(call(&session).await, 200);
    assert_eq!(world.asked(), asked([("ck.private.changes/database", 4), ("setup.accountLogin", 1)]));
}

#[tokio::test]
async fn a_service_that_refuses_every_session_is_left_alone() {
    let world = World::signed_in().await;
    let session = world.resume(known()).await.unwrap();
    let refusal = Fault::Status { status: 450, headers: vec![], body: "{}".to_owned() };
    world.control().add_fault(Rule::new("ck.", refusal));
    let refused = session.call(Service::CloudKit, PATH, Bytes::new()).await.unwrap_err();
    assert!(matches!(refused, SessionError::RenewalsUseless { status: 450 }), "{refused}");
    let counters = world.control().counters();
    assert_eq!(
        (
            counters.requests_to("ck."),
            counters.requests("setup.accountLogin"),
            counters.requests("auth.complete")
        ),
        (3, 2, 1)
    );
    world.asked();
    session.call(Service::CloudKit, PATH, Bytes::new()).await.unwrap_err();
    assert_eq!(world.asked(), asked([("ck.private.changes/database", 1)]));
}

#[tokio::test]
async fn a_passing_refusal_does_not_lock_out_those_who_keep_no_password() {
    let world = World::signed_in().await;
    let session = world.resume(Passwords::none()).await.unwrap();
    let refusal = Fault::Status { status: 450, headers: vec![], body: "{}".to_owned() };
    world.control().add_fault(Rule::new("ck.", refusal));
    let refused = session.call(Service::CloudKit, PATH, Bytes::new()).await.unwrap_err();
    assert!(matches!(refused, SessionError::RenewalsUseless { status: 450 }), "{refused}");
    world.control().clear_faults();
    let next_run = world.resume(Passwords::none()).await.unwrap();
    assert_eq!(call(&next_run).await, 200);
    assert_eq!(world.control().counters().requests("auth.complete"), 0);
}

#[tokio::test]
async fn missing_keys_of_a_service_are_renewed_once_and_then_named() {
    for protected in [true, false] {
        let world = World::signed_in().await;
        let session = world.resume(known()).await.unwrap();
        let refusal = Fault::Status { status: 423, headers: vec![], body: "{}".to_owned() };
        world.control().add_fault(Rule::new("ck.", refusal));
        world.control().account(|account| account.advanced_protection = protected);
        let refused = session.call(Service::CloudKit, PATH, Bytes::new()).await.unwrap_err();
        if protected {
            assert_eq!(refused.need(), Some(&Need::DeviceConsent));
        } else {
            assert!(matches!(refused, SessionError::RenewalsUseless { status: 423 }), "{refused}");
        }
        let access = ("setup.requestWebAccessState", 1);
        let ck = ("ck.private.changes/database", 2);
        assert_eq!(world.asked(), asked([ck, ("setup.accountLogin", 1), access]));
        // Nobody asked for it.
        assert_eq!(world.control().consent_prompts(), 0);
        let again = session.call(Service::CloudKit, PATH, Bytes::new()).await.unwrap_err();
        assert_eq!((again.need(), world.asked().is_empty()), (refused.need(), protected));
    }
}

#[tokio::test]
async fn a_refusal_in_words_or_without_a_reason_is_renewed_too_and_costs_the_password_once_at_the_most() {
    let failed = r#"{"uuid":"1","serverErrorCode":"AUTHENTICATION_FAILED","reason":"no"}"#;
    for (status, body) in [
        (403, ""),
        (403, "<html>Forbidden</html>"),
        (200, failed),
        (500, r#"{"error":"Invalid global session"}"#),
    ] {
        let world = World::signed_in().await;
        let session = world.resume(known()).await.unwrap();
        let refusal = || Fault::Status { status, headers: vec![], body: body.to_owned() };
        world.control().add_fault(Rule::new("ck.", refusal()).times(1));
        assert_eq!(call(&session).await, 200);
        let counters = world.control().counters();
        assert_eq!(counters.requests("setup.accountLogin"), 1, "{status} {body}");
        world.control().add_fault(Rule::new("ck.", refusal()));
        let refused = session.call(Service::CloudKit, PATH, Bytes::new()).await.unwrap_err();
        assert!(matches!(refused, SessionError::RenewalsUseless { .. }), "{refused}");
        let counters = world.control().counters();
        let handshakes = u64::from(status != 403);
        assert_eq!(counters.requests("auth.complete"), handshakes, "{status} {body}");
        assert!(counters.requests("ck.private.changes/database") <= 5, "{:?}", counters.by_label);
    }
}

#[tokio::test]
async fn other_answers_are_given_back_as_they_are() {
    let world = World::signed_in().await;
    let session = world.resume(Passwords::none()).await.unwrap();
    for status in [400, 403, 404, 500] {
        let body = if status == 403 { r#"{"serverErrorCode":"ACCESS_DENIED"}"# } else { "" };
        let answer = Fault::Status { status, headers: vec![], body: body.to_owned() };
        world.control().add_fault(Rule::new("ck.", answer).times(1));
        assert_eq!(call(&session).await, status);
        world.control().clear_faults();
    }
    let wait = Fault::Status {
        status: 503,
        headers: vec![("Retry-After".to_owned(), "1".to_owned())],
        body: String::new(),
    };
    world.control().add_fault(Rule::new("ck.", wait).times(1));
    assert_eq!(call(&session).await, 503);
    assert_eq!(session.pacer(Service::CloudKit).width(), 8, "half as many at once");
    let start = std::time::Instant::now();
    assert_eq!(call(&session).await, 200);
    assert!(start.elapsed() > std::time::Duration::from_millis(900), "everybody waits");
}
