//! Sign-in: password, second factor, trust, and every refusal on the way.

use super::browser::start;
use crate::{Account, AccountKind, CodeAnswer, LeadingZero, Loss, Padding, Protocol, TrustAnswer};
use serde_json::json;
use std::time::Duration;

const PASSWORD: &str = "correct horse battery";
const DAY: Duration = Duration::from_secs(86_400);

fn of_kind(kind: AccountKind) -> Account {
    Account { kind, ..Account::default() }
}

#[tokio::test]
async fn a_device_code_leads_to_a_trusted_session() {
    for protocol in [Protocol::S2k, Protocol::S2kFo] {
        let (_simulator, control, mut browser) = start(Account { protocol, ..Account::default() }).await;
        assert_eq!(browser.authorize().await.status, 200);
        let federate = json!({ "accountName": "you@example.com", "rememberMe": true });
        let answer = browser.auth("POST", "/federate?isRememberMeEnabled=true", Some(federate)).await;
        assert_eq!(answer.status, 200);
        browser.sign_in(&control).await;
        assert_eq!(browser.validate().await.status, 200);
        assert_eq!(browser.database("zones/list", "{}").await.status, 200);
        let counters = control.counters();
        for (label, requests) in
            [("auth.init", 1), ("auth.push", 1), ("auth.code", 1), ("ck.private.zones/list", 1)]
        {
            assert_eq!(counters.requests(label), requests, "{label}");
        }
        assert_eq!(counters.requests_to("auth."), 7);
        assert_eq!(control.log().last().unwrap().label, "ck.private.zones/list");
    }
}

#[tokio::test]
async fn a_trusted_browser_needs_no_code_until_the_trust_ends() {
    let (_simulator, control, mut browser) = start(Account::default()).await;
    browser.sign_in(&control).await;
    control.advance_clock(29 * DAY);
    browser.taken.remove("scnt");
    assert_eq!(browser.password(PASSWORD).await.status, 200);
    assert_eq!(browser.account_login().await.json()["hsaTrustedBrowser"], true);
    control.advance_clock(2 * DAY);
    let answer = browser.account_login().await;
    assert_eq!(answer.json()["hsaChallengeRequired"], true, "the token lives, the trust does not");
    browser.taken.remove("scnt");
    assert_eq!(browser.password(PASSWORD).await.status, 409);
}

#[tokio::test]
async fn wrong_passwords_are_refused_and_lock_the_account() {
    let (_simulator, control, mut browser) =
        start(Account { passwords_allowed: 2, ..Account::default() }).await;
    for _ in 0..2 {
        let answer = browser.password("incorrect").await;
        assert_eq!((answer.status, answer.header("x-apple-i-ercd")), (401, Some("-20101")));
        assert_eq!(answer.header("x-apple-session-token"), None);
    }
    let answer = browser.password(PASSWORD).await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.json()["serviceErrors"][0]["code"], "-20209");
    control.account(|account| account.kind = AccountKind::TwoFactor);
    assert_eq!(browser.password(PASSWORD).await.status, 409);
}

#[tokio::test]
async fn a_protocol_that_the_client_lacks_is_a_refusal_at_init() {
    let (_simulator, _, mut browser) =
        start(Account { protocol: Protocol::S2kFo, ..Account::default() }).await;
    assert_eq!(browser.init_with(&["s2k"]).await.status, 401);
    assert_eq!(browser.init_with(&["s2k", "s2k_fo"]).await.status, 200);
}

#[tokio::test]
async fn leading_zeros_tell_strict_servers_from_lenient_ones() {
    let account =
        Account { leading_zero: Some(LeadingZero::S), padding: Padding::Padded, ..Account::default() };
    let (_simulator, control, mut browser) = start(account).await;
    assert_eq!(browser.password(PASSWORD).await.status, 401, "this browser hashes the trimmed secret");
    assert_eq!(control.account(|account| account.leading_zero), None, "only the next handshake");
    control.account(|account| {
        account.leading_zero = Some(LeadingZero::S);
        account.padding = Padding::Either;
    });
    assert_eq!(browser.password(PASSWORD).await.status, 409);
}

#[tokio::test]
async fn a_stale_scnt_is_refused() {
    let (_simulator, control, mut browser) = start(Account::default()).await;
    browser.password(PASSWORD).await;
    let mut stale = browser.clone();
    assert_eq!(browser.push().await.status, 202);
    assert_eq!(stale.push().await.status, 401);
    assert_eq!(control.log().last().unwrap().note.as_deref(), Some("scnt is stale"));
    let code = control.codes().device.unwrap();
    assert_eq!(browser.code(&code).await.status, 204, "the sign-in itself goes on");
}

#[tokio::test]
async fn the_session_id_and_its_cookie_are_demanded_after_the_password() {
    for (name, value) in [("X-Apple-ID-Session-Id", None), ("Cookie", Some("dslang=US-EN"))] {
        let (_simulator, _, mut browser) = start(Account::default()).await;
        browser.password(PASSWORD).await;
        browser.odd(name, value);
        assert_eq!(browser.auth("GET", "", None).await.status, 401, "{name}");
    }
}

#[tokio::test]
async fn headers_of_the_widget_are_demanded() {
    let (_simulator, _, mut browser) = start(Account::default()).await;
    for (name, value, status) in [
        ("X-Apple-Widget-Key", None, 400),
        ("X-Apple-OAuth-Client-Id", Some("other"), 400),
        ("X-Apple-OAuth-State", Some("auth-1"), 400),
        ("X-Apple-OAuth-Redirect-URI", Some("https://www.icloud.com/"), 400),
        ("User-Agent", Some("curl/8"), 400),
        ("Origin", Some("https://www.icloud.com"), 403),
    ] {
        browser.odd(name, value);
        assert_eq!(browser.init().await.status, status, "{name}");
        browser.odd.clear();
        browser.taken.clear();
    }
    assert_eq!(browser.init().await.status, 200);
}

#[tokio::test]
async fn a_code_from_elsewhere_than_home_is_accepted_without_a_token() {
    let (_simulator, control, mut browser) = start(Account::default()).await;
    browser.password(PASSWORD).await;
    browser.push().await;
    let code = control.codes().device.unwrap();
    browser.odd("Origin", Some("https://idmsa.apple.com"));
    let answer = browser.code(&code).await;
    assert_eq!((answer.status, answer.header("x-apple-session-token")), (409, None));
    assert_eq!(answer.json()["securityCode"]["valid"], true);
    browser.odd.clear();
    assert_eq!(browser.trust().await.status, 403);
}

#[tokio::test]
async fn a_new_push_makes_the_old_code_worthless() {
    let (_simulator, control, mut browser) = start(Account::default()).await;
    browser.password(PASSWORD).await;
    browser.push().await;
    let old = control.codes().device.unwrap();
    let new = loop {
        browser.push().await;
        let new = control.codes().device.unwrap();
        if new != old {
            break new;
        }
    };
    let answer = browser.code(&old).await;
    assert_eq!((answer.status, answer.header("x-apple-i-ercd")), (400, Some("-21669")));
    assert_eq!(browser.code(&new).await.status, 204);
}

#[tokio::test]
async fn too_many_wrong_codes_lock_code_entry_for_a_day() {
    let account = Account { device_code: Some("004821".to_owned()), ..Account::default() };
    let (_simulator, control, mut browser) = start(account).await;
    browser.password(PASSWORD).await;
    browser.push().await;
    for _ in 0..4 {
        assert_eq!(browser.code("000000").await.status, 400);
    }
    let answer = browser.code("000000").await;
    assert_eq!(answer.status, 423);
    assert_eq!(answer.json()["securityCode"]["securityCodeLocked"], true);
    assert_eq!(browser.code("004821").await.status, 423, "even the right one");
    assert_eq!(browser.push().await.status, 423);
    control.advance_clock(DAY);
    browser.taken.clear();
    browser.password(PASSWORD).await;
    browser.push().await;
    assert_eq!(browser.code("004821").await.status, 204);
}

#[tokio::test]
async fn messages_and_devices_have_codes_of_their_own() {
    let account = Account {
        device_code: Some("111111".to_owned()),
        sms_code: Some("222222".to_owned()),
        ..Account::default()
    };
    let (_simulator, _, mut browser) = start(account).await;
    browser.password(PASSWORD).await;
    browser.push().await;
    assert_eq!(browser.send_sms(9, "sms").await.status, 400, "there is no such phone");
    assert_eq!(browser.send_sms(1, "sms").await.status, 200);
    assert_eq!(browser.code("222222").await.status, 400);
    assert_eq!(browser.sms_code(1, "sms", "111111").await.status, 400);
    assert_eq!(browser.sms_code(2, "sms", "222222").await.status, 400, "another phone");
    let answer = browser.sms_code(1, "sms", "222222").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["securityCode"]["valid"], true);
    assert_eq!(browser.trust().await.status, 204);
}

#[tokio::test]
async fn codes_are_acknowledged_in_four_ways() {
    for (code_answer, status, token) in [
        (CodeAnswer::Accepted, 204, true),
        (CodeAnswer::ConflictWithToken, 409, true),
        (CodeAnswer::ConflictWithoutToken, 409, false),
        (CodeAnswer::Repair, 412, false),
    ] {
        let (_simulator, control, mut browser) = start(Account { code_answer, ..Account::default() }).await;
        browser.password(PASSWORD).await;
        browser.push().await;
        let answer = browser.code(&control.codes().device.unwrap()).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("x-apple-session-token").is_some(), token, "{code_answer:?}");
        if code_answer == CodeAnswer::Repair {
            assert_eq!(browser.trust().await.status, 403, "the repair comes first");
            assert_eq!(browser.auth("POST", "/repair/complete", Some(json!({}))).await.status, 200);
        }
        let answer = browser.trust().await;
        assert_eq!(answer.status, 204);
        assert!(answer.set_cookies().iter().any(|line| line.starts_with("DES")));
        assert_eq!(browser.account_login().await.json()["hsaTrustedBrowser"], true);
        assert_eq!(browser.trust().await.status, 409, "not twice in a row");
    }
}

#[tokio::test]
async fn trust_can_be_withheld() {
    for (trust_answer, status) in [(TrustAnswer::WithoutToken, 204), (TrustAnswer::Refused, 403)] {
        let (_simulator, control, mut browser) = start(Account { trust_answer, ..Account::default() }).await;
        browser.password(PASSWORD).await;
        browser.push().await;
        browser.code(&control.codes().device.unwrap()).await;
        let answer = browser.trust().await;
        assert_eq!((answer.status, answer.header("x-apple-twosv-trust-token")), (status, None));
        assert_eq!(browser.account_login().await.json()["hsaTrustedBrowser"], false);
    }
}

#[tokio::test]
async fn accounts_without_a_second_factor_are_repaired() {
    let (_simulator, _, mut browser) = start(of_kind(AccountKind::Repair)).await;
    let answer = browser.password(PASSWORD).await;
    assert_eq!((answer.status, answer.json()["authType"].as_str()), (412, Some("sa")));
    assert_eq!(browser.account_login().await.json()["hsaTrustedBrowser"], false, "not before the repair");
    assert_eq!(browser.auth("POST", "/repair/complete", Some(json!({}))).await.status, 200);
    let answer = browser.account_login().await.json();
    assert_eq!(
        (&answer["hsaChallengeRequired"], &answer["dsInfo"]["hsaVersion"]),
        (&json!(false), &json!(0))
    );
    assert_eq!(browser.database("zones/list", "{}").await.status, 200);
}

#[tokio::test]
async fn unsupported_accounts_show_their_signs() {
    let (_simulator, _, mut browser) = start(of_kind(AccountKind::SecurityKey)).await;
    let answer = browser.password(PASSWORD).await;
    assert_eq!((answer.status, answer.json()["keyNames"][0].as_str()), (409, Some("Blue key")));
    assert!(browser.auth("GET", "", None).await.json()["fsaChallenge"].is_object());

    let (_simulator, _, mut browser) = start(of_kind(AccountKind::TwoStep)).await;
    assert_eq!(browser.password(PASSWORD).await.json()["authType"], "hsa");

    let (_simulator, _, mut browser) = start(of_kind(AccountKind::AppPassword)).await;
    let answer = browser.password(PASSWORD).await;
    assert_eq!((answer.status, answer.header("x-apple-i-ercd")), (401, Some("-20283")));

    let (_simulator, _, mut browser) = start(of_kind(AccountKind::SmsOnly)).await;
    browser.password(PASSWORD).await;
    assert_eq!(browser.auth("GET", "", None).await.json()["noTrustedDevices"], true);
    assert_eq!(browser.push().await.status, 412);
    assert_eq!(browser.send_sms(2, "voice").await.status, 200);
}

#[tokio::test]
async fn throttled_sign_ins_meet_a_page() {
    let (_simulator, _, mut browser) = start(of_kind(AccountKind::Throttled)).await;
    let answer = browser.init().await;
    assert_eq!((answer.status, answer.header("scnt")), (503, None));
    assert!(answer.header("content-type").unwrap().starts_with("text/html"));
}

#[tokio::test]
async fn refusals_can_hide_behind_200() {
    let (_simulator, _, mut browser) = start(Account { hidden_status: true, ..Account::default() }).await;
    let answer = browser.password("incorrect").await;
    assert_eq!((answer.status, answer.header("x-apple-i-rscd")), (200, Some("401")));
}

#[tokio::test]
async fn a_sign_in_dies_after_half_an_hour() {
    let (_simulator, control, mut browser) = start(Account::default()).await;
    browser.password(PASSWORD).await;
    control.advance_clock(Duration::from_secs(31 * 60));
    assert_eq!(browser.push().await.status, 401);
}

#[tokio::test]
async fn lost_trust_brings_the_code_back() {
    let (_simulator, control, mut browser) = start(Account::default()).await;
    browser.sign_in(&control).await;
    control.expire_sessions(Loss::Trust);
    assert_eq!(browser.account_login().await.status, 421);
    browser.taken.remove("scnt");
    assert_eq!(browser.password(PASSWORD).await.status, 409);
}
