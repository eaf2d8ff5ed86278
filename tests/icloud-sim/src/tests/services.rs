//! The web session: cookies, service map, the gate of the photo database, violations.

use super::browser::{Browser, start};
use super::wire;
use crate::ViolationKind::{Leak, UnknownEndpoint, Write};
use crate::{Account, AccountKind, Loss, Region, Simulator, Violation, ViolationKind};
use serde_json::json;
use std::time::Duration;

const PASSWORD: &str = "correct horse battery";
const DAY: Duration = Duration::from_secs(86_400);

async fn signed_in() -> (Simulator, crate::Control, Browser) {
    let (simulator, control, mut browser) = start(Account::default()).await;
    browser.sign_in(&control).await;
    (simulator, control, browser)
}

#[tokio::test]
async fn an_untrusted_session_has_no_session_cookie() {
    let (_simulator, _, mut browser) = start(Account::default()).await;
    browser.password(PASSWORD).await;
    let answer = browser.account_login().await;
    assert_eq!((answer.status, &answer.json()["hsaTrustedBrowser"]), (200, &json!(false)));
    assert!(!browser.jar.contains_key("X-APPLE-WEBAUTH-TOKEN"));
    assert!(browser.jar.contains_key("X-APPLE-WEBAUTH-HSA-LOGIN"));
    assert_eq!(browser.validate().await.status, 421);
    assert_eq!(browser.database("zones/list", "{}").await.status, 401);
}

#[tokio::test]
async fn a_trusted_session_buries_the_untrusted_ones_cookie() {
    let (_simulator, control, mut browser) = start(Account::default()).await;
    browser.password(PASSWORD).await;
    browser.account_login().await;
    let empty = "X-APPLE-WEBAUTH-HSA-LOGIN=;Expires=Thu, 01-Jan-1970 00:00:01 GMT;Path=/;Domain=.icloud.com;Secure;HttpOnly";
    browser.push().await;
    browser.code(&control.codes().device.unwrap()).await;
    browser.trust().await;
    let answer = browser.account_login().await;
    assert!(answer.set_cookies().contains(&empty));
    assert!(!browser.jar.contains_key("X-APPLE-WEBAUTH-HSA-LOGIN"));
    browser.jar.insert("X-APPLE-WEBAUTH-HSA-LOGIN".to_owned(), ("icloud.com".to_owned(), String::new()));
    assert_eq!(browser.validate().await.status, 421, "a jar that sends the empty value breaks its session");
}

#[tokio::test]
async fn session_tokens_are_told_apart() {
    let (_simulator, control, mut browser) = signed_in().await;
    let good = browser.taken("x-apple-session-token");
    for (token, status, error) in
        [("", 400, "Missing apple_id field"), ("invented", 400, "Invalid Session Token")]
    {
        browser.taken.insert("x-apple-session-token".to_owned(), token.to_owned());
        let answer = browser.account_login().await;
        assert_eq!((answer.status, answer.json()["error"].as_str()), (status, Some(error)));
    }
    browser.taken.insert("x-apple-session-token".to_owned(), good);
    assert_eq!(browser.account_login().await.status, 200);
    control.advance_clock(31 * DAY);
    let answer = browser.account_login().await;
    let ended = "Failed to validate the credentials from cookie";
    assert_eq!((answer.status, answer.json()["error"].as_str()), (421, Some(ended)));
}

#[tokio::test]
async fn validate_refreshes_the_session() {
    let (_simulator, control, mut browser) = signed_in().await;
    for _ in 0..3 {
        control.advance_clock(20 * DAY);
        assert_eq!(browser.validate().await.status, 200);
        assert_eq!(browser.database("zones/list", "{}").await.status, 200);
    }
    control.advance_clock(31 * DAY);
    assert_eq!(browser.validate().await.status, 421);
    assert_eq!(browser.database("zones/list", "{}").await.status, 401);
    assert_eq!(browser.setup("validate", "{}").await.status, 400, "the body is the word null");
}

#[tokio::test]
async fn the_gate_names_what_is_missing() {
    let (_simulator, control, browser) = signed_in().await;
    let mut without_user = browser.clone();
    without_user.jar.remove("X-APPLE-WEBAUTH-USER");
    let answer = without_user.database("zones/list", "{}").await;
    assert_eq!(
        (answer.status, answer.json()["reason"].as_str()),
        (421, Some("Missing X-APPLE-WEBAUTH-USER cookie"))
    );
    let mut unquoted = browser.clone();
    unquoted.jar.get_mut("X-APPLE-WEBAUTH-TOKEN").unwrap().1.retain(|c| c != '"');
    let answer = unquoted.database("zones/list", "{}").await;
    assert_eq!((answer.status, answer.json()["reason"].as_str()), (401, Some("no auth method found")));
    for (name, value, status) in [("Origin", None, 403), ("Content-Type", Some("application/json"), 400)] {
        let mut odd = browser.clone();
        odd.odd(name, value);
        assert_eq!(odd.database("zones/list", "{}").await.status, status, "{name}");
    }
    control.account(|account| account.kind = AccountKind::WebAccessOff);
    let mut browser = browser;
    let answer = browser.database("zones/list", "{}").await;
    assert_eq!((answer.status, answer.json()["serverErrorCode"].as_str()), (403, Some("ACCESS_DENIED")));
}

#[tokio::test]
async fn a_moved_account_is_found_through_the_service_map() {
    let (_simulator, control, mut browser) = signed_in().await;
    control.account(|account| account.partition = 142);
    assert_eq!(browser.database("zones/list", "{}").await.status, 421);
    let map = browser.account_login().await.json();
    assert_eq!(map["webservices"]["ckdatabasews"]["url"], "https://p142-ckdatabasews.icloud.com:443");
}

#[tokio::test]
async fn lost_sessions_are_refused_as_the_account_says() {
    let (_simulator, control, mut browser) = signed_in().await;
    control.expire_sessions(Loss::Cookies);
    assert_eq!(browser.database("zones/list", "{}").await.status, 401);
    control.account(|account| account.misdirect_ended = true);
    assert_eq!(browser.database("zones/list", "{}").await.status, 421);
    assert_eq!(browser.account_login().await.status, 200);
    assert_eq!(browser.database("zones/list", "{}").await.status, 200);
}

#[tokio::test]
async fn pending_terms_give_a_partial_session() {
    let (_simulator, control, mut browser) =
        start(Account { kind: AccountKind::Terms, ..Account::default() }).await;
    browser.password(PASSWORD).await;
    browser.push().await;
    browser.code(&control.codes().device.unwrap()).await;
    browser.trust().await;
    let answer = browser.account_login().await;
    assert_eq!((answer.status, &answer.json()["termsUpdateNeeded"]), (200, &json!(true)));
    assert!(!browser.jar.contains_key("X-APPLE-WEBAUTH-TOKEN"));
    assert!(browser.jar.contains_key("X-APPLE-WEBAUTH-REPAIR"));
}

#[tokio::test]
async fn an_account_of_another_region_is_sent_there() {
    let (_simulator, control, mut browser) =
        start(Account { region: Region::China, ..Account::default() }).await;
    browser.password(PASSWORD).await;
    browser.push().await;
    browser.code(&control.codes().device.unwrap()).await;
    browser.trust().await;
    let answer = browser.account_login().await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "domainToUse": "iCloud.com.cn" })));
    assert!(answer.set_cookies().is_empty());
    browser.region = ".cn";
    assert_eq!(browser.account_login().await.status, 400, "tokens are per region");
    let mut browser = Browser { region: ".cn", ..Browser::new(&browser.url) };
    browser.authorize().await;
    browser.sign_in(&control).await;
    assert_eq!(browser.jar["X-APPLE-WEBAUTH-TOKEN"].0, "icloud.com.cn");
    assert_eq!(browser.database("zones/list", "{}").await.status, 200);
}

#[tokio::test]
async fn logout_ends_the_session_and_the_trust() {
    for (trust_browser, status) in [(true, 200), (false, 409)] {
        let (_simulator, _, mut browser) = signed_in().await;
        let body = json!({ "trustBrowser": trust_browser, "allBrowsers": false }).to_string();
        assert_eq!(browser.setup("logout", &body).await.status, 400, "dsid is missing");
        let answer = browser.setup("logout?dsid=10203040506&clientId=1", &body).await;
        assert_eq!(answer.json(), json!({ "success": true }));
        assert_eq!(browser.validate().await.status, 421);
        browser.taken.remove("scnt");
        assert_eq!(browser.password(PASSWORD).await.status, status);
    }
}

#[tokio::test]
async fn what_no_client_may_do_is_counted() {
    let (_simulator, control, mut browser) = signed_in().await;
    assert_eq!(browser.database("records/modify", "{}").await.status, 403);
    assert_eq!(browser.database("records/changes", "{}").await.status, 404);
    assert_eq!(
        wire::send(&browser.url, "GET", "/www.icloud.com/nowhere", &[], b"").await.unwrap().status,
        404
    );
    let mut leaky = browser.clone();
    leaky.jar.values_mut().for_each(|(domain, _)| *domain = "icloud-content.com".to_owned());
    leaky.request("GET", "/cvws.icloud-content.com/B/x", vec![], "").await;
    leaky.jar.values_mut().for_each(|(domain, _)| *domain = "apple.com".to_owned());
    leaky.authorize().await;
    let kinds: Vec<ViolationKind> =
        control.take_violations().iter().map(|violation| violation.kind).collect();
    assert_eq!(kinds, [Write, UnknownEndpoint, UnknownEndpoint, Leak, Leak]);
    assert_eq!(control.violations(), []);
}

#[tokio::test]
async fn a_violation_fails_the_test_that_drops_the_simulator() {
    let (simulator, control, browser) = start(Account::default()).await;
    wire::send(&browser.url, "DELETE", "/setup.icloud.com/setup/ws/1/validate", &[], b"").await.unwrap();
    let expected = Violation {
        kind: ViolationKind::UnknownEndpoint,
        detail: "DELETE setup.icloud.com/setup/ws/1/validate".to_owned(),
    };
    assert_eq!(control.violations(), [expected]);
    let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(simulator)));
    assert!(dropped.is_err());
}

#[tokio::test]
async fn a_stopped_simulator_serves_nobody() {
    let (simulator, _, mut browser) = start(Account::default()).await;
    browser.init().await;
    simulator.stop();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(wire::send(&browser.url, "GET", "/control/counters", &[], b"").await.is_err());
}

#[tokio::test]
async fn the_control_url_steers_the_simulator() {
    let (_simulator, control, mut browser) = start(Account::default()).await;
    let url = browser.url.clone();
    let call = async |method: &str, path: &str, body: &str| {
        let answer =
            wire::send(&url, method, &format!("/control/{path}"), &[], body.as_bytes()).await.unwrap();
        (answer.status, answer.json())
    };
    browser.password(PASSWORD).await;
    browser.push().await;
    assert_eq!(call("GET", "codes", "").await.1["device"].as_str(), control.codes().device.as_deref());
    assert_eq!(call("GET", "counters", "").await.1["auth.push"]["requests"], 1);
    assert_eq!(call("PATCH", "account", r#"{"kind":"locked"}"#).await.0, 200);
    assert_eq!(control.account(|account| account.kind), AccountKind::Locked);
    assert_eq!(call("PATCH", "account", r#"{"knid":"locked"}"#).await.0, 400);
    assert_eq!(call("POST", "faults", r#"{"on":"auth.","what":"html"}"#).await.0, 200);
    assert_eq!(browser.init().await.status, 200);
    assert_eq!(call("DELETE", "faults", "").await.0, 200);
    let before = control.now_ms();
    assert_eq!(call("POST", "clock", r#"{"advance_ms":86400000}"#).await.0, 200);
    assert!(control.now_ms() - before >= 86_400_000);
    assert_eq!(call("DELETE", "counters", "").await.0, 200);
    assert_eq!(control.counters().requests_to(""), 0);
    assert_eq!(call("GET", "nothing", "").await.0, 404);
    assert_eq!(call("GET", "photos/inventory", "").await.0, 200);
}
