//! Where a run without a person ends, and that it ends there quietly.

use super::*;

#[tokio::test]
async fn an_account_without_second_factor_is_repaired() {
    let world = World::new(AccountKind::Repair).await;
    let done = world.login(&mut world.person([]), LoginOptions::default()).await.unwrap();
    assert!(!done.asked_code);
    assert_eq!(world.control().counters().requests("auth.repair"), 1);
    assert_eq!(call(&world.resume(Passwords::none()).await.unwrap()).await, 200);

    let world = World::new(AccountKind::Repair).await;
    assert!(world.resume(known()).await.is_ok(), "needs no person at all");
}

#[tokio::test]
async fn accounts_that_cannot_be_used_are_told_apart_before_a_code_is_asked_for() {
    for (kind, expected) in [
        (AccountKind::Locked, Need::Locked),
        (AccountKind::AppPassword, Need::AppPassword),
        (AccountKind::TwoStep, Need::TwoStep),
    ] {
        let world = World::new(kind).await;
        let refused = world.resume(known()).await.unwrap_err();
        assert_eq!(refused.need(), Some(&expected), "{refused}");
        let seen = world.asked();
        assert!(!seen.iter().any(|(label, _)| label == "auth.push" || label == "auth.sms"), "{seen:?}");
        let again = world.resume(known()).await.unwrap_err();
        assert_eq!(again.need(), Some(&expected));
        assert_eq!(world.asked(), asked([]), "{expected:?}: Apple is not asked a second time");
    }
    let world = World::new(AccountKind::SecurityKey).await;
    let refused = world.login(&mut world.person([]), LoginOptions::default()).await.unwrap_err();
    assert!(matches!(refused.need(), Some(Need::SecurityKey { keys }) if !keys.is_empty()), "{refused}");
    assert_eq!(world.control().counters().requests("auth.push"), 0);
}

#[tokio::test]
async fn terms_and_web_access_are_for_the_person() {
    for (kind, expected) in [(AccountKind::Terms, Need::Terms), (AccountKind::WebAccessOff, Need::WebAccess)]
    {
        let world = World::new(kind).await;
        let refused =
            world.login(&mut world.person([Say::DeviceCode]), LoginOptions::default()).await.unwrap_err();
        assert_eq!(refused.need(), Some(&expected));
        world.pass(60);
        world.asked();
        let refused = world.resume(known()).await.unwrap_err();
        assert_eq!(refused.need(), Some(&expected));
        world.asked();
        world.resume(known()).await.unwrap_err();
        assert_eq!(world.asked(), asked([]));
        // The person has acted.
        world.control().account(|account| account.kind = AccountKind::TwoFactor);
        world.login(&mut world.person([Say::DeviceCode]), LoginOptions::default()).await.unwrap();
        assert!(world.resume(Passwords::none()).await.is_ok());
    }
}

#[tokio::test]
async fn another_region_is_named() {
    let world = World::new(AccountKind::TwoFactor).await;
    world.control().account(|account| account.region = icloud_sim::Region::China);
    let refused =
        world.login(&mut world.person([Say::DeviceCode]), LoginOptions::default()).await.unwrap_err();
    assert_eq!(refused.need(), Some(&Need::Region { domain: "iCloud.com.cn".to_owned() }));
}

#[tokio::test]
async fn a_wrong_password_is_never_tried_twice() {
    let world = World::new(AccountKind::TwoFactor).await;
    let mut person = world.person([]);
    person.passwords = VecDeque::from(["wrong".to_owned()]);
    let refused = world.login(&mut person, LoginOptions::default()).await.unwrap_err();
    assert!(matches!(refused.need(), Some(Need::Password { .. })), "{refused}");
    assert_eq!(person.notices, [Notice::WrongPassword]);
    assert_eq!(world.control().counters().requests("auth.complete"), 1);
    world.pass(60);
    world.asked();

    let wrong = || Passwords::given(SecretString::from("wrong"));
    let refused = world.resume(wrong()).await.unwrap_err();
    assert!(matches!(refused.need(), Some(Need::Password { .. })));
    assert_eq!(world.control().counters().requests("auth.complete"), 1);
    world.pass(60);
    world.asked();
    let refused = world.resume(wrong()).await.unwrap_err();
    assert!(matches!(refused.need(), Some(Need::Password { .. })));
    assert_eq!(world.asked(), asked([]), "in later runs neither");
    let stored = std::fs::read_to_string(world.file()).unwrap();
    assert!(!stored.contains("wrong\""), "{stored}");

    let refused = world.resume(known()).await.unwrap_err();
    assert_eq!(refused.need(), Some(&Need::Code), "another one is tried: it is right");
}

#[tokio::test]
async fn without_a_person_no_code_is_asked_for() {
    let world = World::new(AccountKind::TwoFactor).await;
    let refused = world.resume(known()).await.unwrap_err();
    assert_eq!(refused.need(), Some(&Need::Code));
    let counters = world.control().counters();
    assert_eq!(
        (counters.requests("auth.complete"), counters.requests("auth.push"), counters.requests("auth.sms")),
        (1, 0, 0)
    );
    world.pass(86_400);
    world.asked();
    let refused = world.resume(known()).await.unwrap_err();
    assert_eq!(refused.need(), Some(&Need::Code));
    assert_eq!(world.asked(), asked([]), "told once, then quietly");

    let world = World::new(AccountKind::TwoFactor).await;
    let refused = world.resume(Passwords::none()).await.unwrap_err();
    assert_eq!(refused.need(), Some(&Need::SignIn));
    assert_eq!(world.asked(), asked([]));
}

#[tokio::test]
async fn a_throttled_sign_in_is_left_alone_for_a_while() {
    let world = World::new(AccountKind::TwoFactor).await;
    let page = Fault::Status {
        status: 503,
        headers: vec![("Retry-After".to_owned(), "0".to_owned())],
        body: "<html>".to_owned(),
    };
    world.control().add_fault(Rule::new("auth.init", page));
    let refused = world.resume(known()).await.unwrap_err();
    let SessionError::Throttled { until } = refused else { panic!("{refused}") };
    assert!(until.duration_since(world.clock.now()) >= SignedDuration::from_mins(14));
    assert_eq!(world.control().counters().requests("auth.init"), 3);
    world.asked();
    assert!(matches!(world.resume(known()).await, Err(SessionError::Throttled { .. })));
    assert_eq!(world.asked(), asked([]));
}

#[tokio::test]
async fn a_session_file_of_another_account_is_not_touched() {
    let world = World::signed_in().await;
    let other = Account::new("other@example.com", Endpoints::global().unwrap());
    let clock = Arc::new(world.clock.clone());
    let refused = Session::resume(world.client(), world.store(), other, known(), clock).await.unwrap_err();
    assert!(matches!(refused, SessionError::OtherAccount { .. }), "{refused}");
    std::fs::write(world.file(), "{ \"canary\": 1").unwrap();
    let refused = world.resume(known()).await.unwrap_err();
    assert!(
        matches!(refused, SessionError::BadFile { .. }) && !refused.to_string().contains("canary"),
        "{refused}"
    );
}
