//! Signing in and out with a person.

use super::*;

#[tokio::test]
async fn a_login_by_push_lasts_and_costs_the_next_run_nothing() {
    let world = World::new(AccountKind::TwoFactor).await;
    let mut person = world.person([Say::DeviceCode]);
    let done = world.login(&mut person, LoginOptions::default()).await.unwrap();
    assert!(done.asked_code);
    assert_eq!(person.prompts[0].source, CodeSource::Devices);
    assert_eq!(
        world.asked(),
        asked([
            ("auth.authorize", 1),
            ("auth.init", 1),
            ("auth.complete", 1),
            ("auth.options", 1),
            ("auth.push", 1),
            ("auth.code", 1),
            ("auth.trust", 1),
            ("setup.accountLogin", 1),
        ])
    );
    let mode = std::fs::metadata(world.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    world.pass(19 * 3600);
    let session = world.resume(Passwords::none()).await.unwrap();
    assert_eq!(world.asked(), asked([]), "ready without a request");
    assert_eq!(call(&session).await, 200);
    assert_eq!(world.asked(), asked([("ck.private.changes/database", 1)]));
    assert_eq!(session.dsid().as_deref(), Some("10203040506"));
    let days = session.trust_expires().unwrap().duration_since(Timestamp::now()).as_hours() / 24;
    assert!((29..=30).contains(&days), "{days}");
    assert_eq!(world.store().remembered().unwrap().unwrap().trust_expires, session.trust_expires());

    world.pass(3600);
    world.resume(Passwords::none()).await.unwrap();
    assert_eq!(world.asked(), asked([("setup.validate", 1)]), "older than 20 hours: one question");
    world.resume(Passwords::none()).await.unwrap();
    assert_eq!(world.asked(), asked([]));
}

#[tokio::test]
async fn a_login_by_message() {
    let world = World::new(AccountKind::TwoFactor).await;
    let mut person = world.person([Say::SmsCode]);
    world.login(&mut person, LoginOptions { way: larder::icloud::session::CodeWay::Message }).await.unwrap();
    assert!(matches!(&person.prompts[0].source, CodeSource::Phone(phone) if phone.id == PhoneId::Number(1)));
    let counters = world.control().counters();
    assert_eq!((counters.requests("auth.push"), counters.requests("auth.sms")), (0, 1));

    let world = World::new(AccountKind::SmsOnly).await;
    world.login(&mut world.person([Say::SmsCode]), LoginOptions::default()).await.unwrap();
    assert_eq!(world.control().counters().requests("auth.push"), 0, "nobody to push to");

    let world = World::new(AccountKind::TwoFactor).await;
    let mut person = world.person([Say::Sms(1), Say::SmsCode]);
    world.login(&mut person, LoginOptions::default()).await.unwrap();
    assert_eq!(person.prompts.len(), 2);
}

#[tokio::test]
async fn a_code_is_sent_again_only_when_asked_for() {
    let world = World::new(AccountKind::TwoFactor).await;
    let mut person = world.person([Say::Code("000 000"), Say::Resend, Say::DeviceCode]);
    world.login(&mut person, LoginOptions::default()).await.unwrap();
    assert_eq!(person.notices, [Notice::WrongCode { left: 2 }]);
    assert_eq!(world.control().counters().requests("auth.push"), 2);
}

#[tokio::test]
async fn every_way_of_accepting_a_code_ends_in_a_session() {
    for answer in [
        CodeAnswer::Accepted,
        CodeAnswer::ConflictWithToken,
        CodeAnswer::ConflictWithoutToken,
        CodeAnswer::Repair,
    ] {
        let world = World::new(AccountKind::TwoFactor).await;
        world.control().account(|account| account.code_answer = answer);
        let done = world.login(&mut world.person([Say::DeviceCode]), LoginOptions::default()).await;
        assert!(done.is_ok(), "{answer:?}: {done:?}");
    }
    for answer in [TrustAnswer::WithoutToken, TrustAnswer::Refused] {
        let world = World::new(AccountKind::TwoFactor).await;
        world.control().account(|account| account.trust_answer = answer);
        let done = world.login(&mut world.person([Say::DeviceCode]), LoginOptions::default()).await;
        assert!(matches!(done, Err(SessionError::NotTrusted { .. })), "{answer:?}: {done:?}");
    }
}

#[tokio::test]
async fn a_login_in_two_calls() {
    let world = World::new(AccountKind::TwoFactor).await;
    let mut person = world.person([]);
    let requested = request_code(
        &world.client(),
        &world.store(),
        &account(),
        &world.clock,
        &mut person,
        LoginOptions::default(),
    )
    .await;
    assert!(matches!(requested, Ok(CodeRequest::Sent(prompt)) if prompt.source == CodeSource::Devices));
    let code = world.control().codes().device.unwrap();
    let wrong = if code == "111111" { "222222" } else { "111111" };
    let submit = async |code: &str| {
        submit_code(&world.client(), &world.store(), &account(), &world.clock, &mut world.person([]), code)
            .await
    };
    assert!(matches!(submit(wrong).await, Err(SessionError::WrongCode { tries: 1 })));
    assert!(submit(&code).await.unwrap().asked_code);
    let counters = world.control().counters();
    assert_eq!((counters.requests("auth.complete"), counters.requests("auth.push")), (1, 1));
    assert_eq!(call(&world.resume(Passwords::none()).await.unwrap()).await, 200);
    assert!(matches!(submit(&code).await, Err(SessionError::NoLoginOpen)));
}

#[tokio::test]
async fn ambiguous_handshakes_are_drawn_again() {
    for (place, padding) in [
        (LeadingZero::B, icloud_sim::Padding::Padded),
        (LeadingZero::S, icloud_sim::Padding::Padded),
        (LeadingZero::B, icloud_sim::Padding::Trimmed),
        (LeadingZero::S, icloud_sim::Padding::Trimmed),
    ] {
        let world = World::new(AccountKind::TwoFactor).await;
        world.control().account(|account| {
            account.leading_zero = Some(place);
            account.padding = padding;
        });
        world.login(&mut world.person([Say::DeviceCode]), LoginOptions::default()).await.unwrap();
        let counters = world.control().counters();
        // More than one again when the fresh numbers are ambiguous by themselves.
        assert!(counters.requests("auth.init") >= 2, "{place:?}");
        assert_eq!(counters.requests("auth.complete"), 1, "{place:?}");
    }
}

#[tokio::test]
async fn china_has_hosts_of_its_own() {
    let world = World::new(AccountKind::TwoFactor).await;
    world.control().account(|account| account.region = icloud_sim::Region::China);
    let account = Account::new("you@example.com", Endpoints::china().unwrap());
    let mut person = world.person([Say::DeviceCode]);
    let (client, store) = (world.client(), world.store());
    login(&client, &store, &account, &world.clock, &mut person, LoginOptions::default()).await.unwrap();
    let clock = Arc::new(world.clock.clone());
    let session = Session::resume(client, store, account, Passwords::none(), clock).await.unwrap();
    assert_eq!(call(&session).await, 200);
}

#[tokio::test]
async fn lost_answers_are_asked_for_again() {
    let world = World::new(AccountKind::TwoFactor).await;
    for label in ["auth.init", "setup.accountLogin"] {
        world.control().add_fault(Rule::new(label, Fault::LostAnswer).times(1));
    }
    world.login(&mut world.person([Say::DeviceCode]), LoginOptions::default()).await.unwrap();
    let counters = world.control().counters();
    assert_eq!((counters.requests("auth.complete"), counters.requests("auth.push")), (1, 1));
}

#[tokio::test]
async fn trust_that_is_about_to_end_is_made_new_by_a_login() {
    let world = World::signed_in().await;
    let person = || world.person([Say::DeviceCode]);
    assert!(
        !world.login(&mut person(), LoginOptions::default()).await.unwrap().asked_code,
        "nothing to renew yet"
    );
    world.pass(20 * 86_400);
    let done = world.login(&mut person(), LoginOptions::default()).await.unwrap();
    assert!(done.asked_code);
    let left = done.trust_expires.unwrap().duration_since(world.clock.now());
    assert!(left > SignedDuration::from_hours(29 * 24), "{left:?}");
}

#[tokio::test]
async fn a_logout_leaves_nothing() {
    let world = World::signed_in().await;
    let done = logout(&world.client(), &world.store(), &account()).await.unwrap();
    assert!(done.confirmed);
    assert_eq!(world.asked(), asked([("setup.logout", 1)]));
    assert_eq!(std::fs::read_dir(world.folder.path()).unwrap().count(), 0);
    assert_eq!(world.store().remembered().unwrap(), None);
    assert_eq!(world.resume(Passwords::none()).await.unwrap_err().need(), Some(&Need::SignIn));
}
