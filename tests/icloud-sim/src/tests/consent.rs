//! Advanced Data Protection over HTTP: who is asked, who may say what, and for how long it is good.

use super::browser::{Browser, start};
use super::wire::Received;
use crate::drive::ROOT;
use crate::{Account, AccountKind, Control, Simulator};
use serde_json::json;
use std::time::Duration;

const QUERY: &str = "clientBuildNumber=1&clientMasteringNumber=1&clientId=1&dsid=10203040506";
const MINUTE: Duration = Duration::from_secs(60);

async fn protected(account: Account) -> (Simulator, Control, Browser) {
    let account = Account { advanced_protection: true, ..account };
    let (simulator, control, mut browser) = start(account).await;
    browser.sign_in(&control).await;
    (simulator, control, browser)
}

async fn call(browser: &mut Browser, name: &str) -> Received {
    browser.setup(&format!("{name}?{QUERY}"), "").await
}

async fn pcs(browser: &mut Browser, app: &str) -> Received {
    let body = json!({ "appName": app, "derivedFromUserAction": true }).to_string();
    browser.setup(&format!("requestPCS?{QUERY}"), &body).await
}

async fn drive(browser: &mut Browser) -> u16 {
    let body = json!([{ "drivewsid": ROOT, "partialData": false }]).to_string();
    browser.drive("POST", "drivews", "retrieveItemDetailsInFolders", &body).await.status
}

async fn photos(browser: &mut Browser) -> Received {
    browser.database("zones/list", "{}").await
}

#[tokio::test]
async fn an_account_without_protection_has_only_web_access() {
    let (_simulator, control, mut browser) = start(Account::default()).await;
    browser.sign_in(&control).await;
    let state = call(&mut browser, "requestWebAccessState").await.json();
    assert_eq!(state, json!({ "dsid": 10_203_040_506_u64, "isWebAccessAllowed": true }));
    assert_eq!((drive(&mut browser).await, photos(&mut browser).await.status), (200, 200));
    assert_eq!(control.consent_prompts(), 0);
}

#[tokio::test]
async fn each_service_wants_cookies_of_its_own_and_only_while_they_live() {
    let (_simulator, control, mut browser) = protected(Account::default()).await;
    assert_eq!(drive(&mut browser).await, 423);
    let refused = photos(&mut browser).await;
    assert_eq!(
        (refused.status, &refused.json()["reason"]),
        (423, &json!("Missing PCS cookies from the request"))
    );
    assert!(!control.grant_consent(), "nobody asked");
    let sent = call(&mut browser, "enableDeviceConsentForPCS").await.json();
    assert_eq!(sent["isDeviceConsentNotificationSent"], true);
    assert_eq!(call(&mut browser, "requestWebAccessState").await.json()["isDeviceConsentedForPCS"], false);
    assert!(control.grant_consent());
    let state = call(&mut browser, "requestWebAccessState").await.json();
    assert_eq!(state["isDeviceConsentedForPCS"], true);
    assert!(state["deviceConsentForPCSExpiry"].as_i64().unwrap() > control.now_ms() + 59 * 60_000);
    let waiting = pcs(&mut browser, "iclouddrive").await.json();
    assert_eq!(waiting["message"], "Requested the device to upload cookies.");
    assert_eq!(pcs(&mut browser, "iclouddrive").await.json()["message"], "Cookies attached.");
    assert_eq!((drive(&mut browser).await, photos(&mut browser).await.status), (200, 423));
    assert_eq!(pcs(&mut browser, "iclouddrive").await.json()["message"], "Cookies already present.");
    pcs(&mut browser, "photos").await;
    assert_eq!(pcs(&mut browser, "photos").await.json()["status"], "success");
    assert_eq!(photos(&mut browser).await.status, 200);
    let kept = browser.jar.remove("X-APPLE-WEBAUTH-PCS-Sharing").unwrap();
    assert_eq!(photos(&mut browser).await.status, 423);
    browser.jar.insert("X-APPLE-WEBAUTH-PCS-Sharing".to_owned(), (kept.0, "\"made up\"".to_owned()));
    assert_eq!(photos(&mut browser).await.status, 423);
    control.advance_clock(61 * MINUTE);
    assert_eq!(drive(&mut browser).await, 423);
    assert_eq!(control.consent_prompts(), 1);
}

#[tokio::test]
async fn cookies_are_renewed_without_a_question_while_consent_stands() {
    let account = Account { consent_minutes: 600, pcs_tries: 0, ..Account::default() };
    let (_simulator, control, mut browser) = protected(account).await;
    call(&mut browser, "enableDeviceConsentForPCS").await;
    assert!(control.grant_consent());
    assert_eq!(pcs(&mut browser, "iclouddrive").await.json()["status"], "success");
    control.advance_clock(61 * MINUTE);
    assert_eq!(drive(&mut browser).await, 423);
    assert_eq!(pcs(&mut browser, "iclouddrive").await.json()["message"], "Cookies attached.");
    assert_eq!((drive(&mut browser).await, control.consent_prompts()), (200, 1));
    control.withdraw_consent();
    assert_eq!(drive(&mut browser).await, 200);
    control.advance_clock(61 * MINUTE);
    assert_eq!(drive(&mut browser).await, 423);
}

#[tokio::test]
async fn asking_for_cookies_without_consent_asks_the_devices_once() {
    let (_simulator, control, mut browser) = protected(Account::default()).await;
    for _ in 0..2 {
        let answer = pcs(&mut browser, "photos").await.json();
        assert_eq!(answer["message"], "Requested a new device arming to upload cookies.");
    }
    assert_eq!(control.consent_prompts(), 1);
    assert!(control.deny_consent() && !control.grant_consent());
    assert_eq!(pcs(&mut browser, "photos").await.json()["message"], "The device denied the request.");
    call(&mut browser, "enableDeviceConsentForPCS").await;
    control.advance_clock(6 * MINUTE);
    assert!(!control.grant_consent(), "the question is gone from the devices");
}

#[tokio::test]
async fn the_calls_are_strict_and_web_access_comes_first() {
    let (_simulator, control, mut browser) = protected(Account::default()).await;
    assert_eq!(browser.setup("requestWebAccessState", "").await.status, 400);
    assert_eq!(browser.setup(&format!("requestWebAccessState?{QUERY}"), "null").await.status, 400);
    assert_eq!(browser.setup(&format!("requestPCS?{QUERY}"), r#"{"appName":"photos"}"#).await.status, 400);
    assert_eq!(pcs(&mut browser, "com.apple.photos").await.status, 400);
    control.account(|account| account.kind = AccountKind::WebAccessOff);
    let state = call(&mut browser, "requestWebAccessState").await.json();
    assert_eq!(state["isWebAccessAllowed"], false);
    let sent = call(&mut browser, "enableDeviceConsentForPCS").await.json();
    assert_eq!((&sent["isDeviceConsentNotificationSent"], control.consent_prompts()), (&json!(false), 0));
    assert_eq!(pcs(&mut browser, "photos").await.status, 500);
    control.account(|account| account.kind = AccountKind::TwoFactor);
    browser.jar.remove("X-APPLE-WEBAUTH-TOKEN");
    assert_eq!(call(&mut browser, "requestWebAccessState").await.status, 421);
    assert_eq!(pcs(&mut browser, "photos").await.json()["error"], "Missing X-APPLE-WEBAUTH-TOKEN cookie");
}
