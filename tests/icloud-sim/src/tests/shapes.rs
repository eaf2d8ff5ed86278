//! Answers have the members and headers of the reference's examples.

use super::browser::{Browser, start};
use super::wire::Received;
use crate::{Account, AccountKind, CodeAnswer, OptionsForm};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;

const PASSWORD: &str = "correct horse battery";

/// The response of `protocol/examples/auth/NAME.json`; none, with a message, where the examples are absent.
fn example(name: &str) -> Option<Value> {
    let shared = std::env::var_os("LARDER_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let path = shared.join("protocol/examples/auth").join(format!("{name}.json"));
    let Ok(bytes) = std::fs::read(&path) else {
        eprintln!("skipped: {} is absent", path.display());
        return None;
    };
    Some(serde_json::from_slice::<Value>(&bytes).unwrap()["response"].take())
}

/// Every path to a member, lists reduced to one element; what a service map's entries hold is left out.
fn paths(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let path = format!("{at}/{name}");
                paths(member, &path, found);
                found.insert(path);
            }
        }
        Value::Array(elements) => {
            for element in elements {
                paths(element, &format!("{at}[]"), found);
            }
        }
        _ => {}
    }
}

fn members(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    paths(value, "", &mut found);
    found
}

/// Names of cookies, with the random parts of two of them left out.
fn cookie_names<'a>(lines: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    lines
        .map(|line| line.split('=').next().unwrap())
        .map(|name| match name {
            name if name.starts_with("DES") => "DES".to_owned(),
            name if name.starts_with("X_APPLE_WEB_KB-") => "X_APPLE_WEB_KB".to_owned(),
            name => name.to_owned(),
        })
        .collect()
}

fn attributes(line: &str) -> BTreeSet<String> {
    line.split(';').skip(1).map(|part| part.trim().split('=').next().unwrap().to_owned()).collect()
}

fn same_shape(name: &str, answer: &Received) {
    let Some(example) = example(name) else { return };
    assert_eq!(json!(answer.status), example["status"], "{name}");
    assert_eq!(members(&answer.json()), members(&example["json"]), "{name}");
    for (header, value) in example["headers"].as_object().unwrap() {
        let got = answer.header(header).unwrap_or_else(|| panic!("{name} lacks {header}"));
        if matches!(
            header.as_str(),
            "X-Apple-I-Rscd" | "X-Apple-I-Ercd" | "Location" | "X-Apple-ID-Account-Country"
        ) {
            assert_eq!(got, value, "{name} {header}");
        }
    }
    let lines: Vec<&str> =
        example["set_cookie"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if lines.is_empty() {
        return;
    }
    assert_eq!(cookie_names(answer.set_cookies().into_iter()), cookie_names(lines.iter().copied()), "{name}");
    for line in lines {
        let cookie = line.split('=').next().unwrap();
        let ours = answer.set_cookies().into_iter().find(|ours| ours.split('=').next() == Some(cookie));
        if let Some(ours) = ours {
            assert_eq!(attributes(ours), attributes(line), "{name} {cookie}");
        }
    }
}

async fn at_code(account: Account) -> (crate::Simulator, crate::Control, Browser) {
    let (simulator, control, mut browser) = start(account).await;
    browser.password(PASSWORD).await;
    (simulator, control, browser)
}

#[tokio::test]
async fn signing_in_has_the_shapes_of_the_examples() {
    let (_simulator, control, mut browser) = start(Account::default()).await;
    same_shape("01-authorize-signin-200", &browser.authorize().await);
    let federate = json!({ "accountName": "you@example.com", "rememberMe": true });
    same_shape(
        "02-federate-200",
        &browser.auth("POST", "/federate?isRememberMeEnabled=true", Some(federate)).await,
    );
    same_shape("03-signin-init-200", &browser.init().await);
    same_shape("08-signin-complete-401-wrong-password", &browser.password("incorrect").await);
    same_shape("04-signin-complete-409-hsa2", &browser.password(PASSWORD).await);
    same_shape("26-accountLogin-200-untrusted", &browser.account_login().await);
    same_shape("12-auth-options-json-top-level", &browser.auth("GET", "", None).await);
    same_shape("15-push-request-202", &browser.push().await);
    let wrong = if control.codes().device.as_deref() == Some("000000") { "111111" } else { "000000" };
    same_shape("20-securitycode-400-wrong", &browser.code(wrong).await);
    same_shape("22-phone-request-200", &browser.send_sms(1, "sms").await);
    same_shape("24-phone-securitycode-200", &browser.sms_code(1, "sms", &control.codes().sms.unwrap()).await);
    same_shape("25-trust-204", &browser.trust().await);
    same_shape("27-accountLogin-200-trusted", &browser.account_login().await);
    let validated = browser.validate().await;
    let Some(recorded) = example("34-validate-200") else { return };
    assert_eq!(members(&validated.json()), members(&recorded["json"]));
    let recorded = recorded["set_cookie"].as_array().unwrap().iter().filter_map(Value::as_str);
    // The recording refreshes four PCS cookies, the simulator all it has set.
    assert!(cookie_names(validated.set_cookies().into_iter()).is_superset(&cookie_names(recorded)));
    browser.taken.remove("scnt");
    same_shape("05-signin-complete-200-trusted", &browser.password(PASSWORD).await);
    let body = json!({ "trustBrowser": true, "allBrowsers": false }).to_string();
    same_shape("44-logout-200", &browser.setup("logout?dsid=10203040506&clientId=1", &body).await);
    same_shape("35-validate-421", &browser.validate().await);
    browser.taken.insert("x-apple-session-token".to_owned(), "stale".to_owned());
    same_shape("32-accountLogin-400-invalid-session-token", &browser.account_login().await);
    browser.taken.remove("x-apple-session-token");
    same_shape("33-accountLogin-missing-apple-id", &browser.account_login().await);
}

#[tokio::test]
async fn consent_has_the_shapes_of_the_examples() {
    let query = "clientBuildNumber=1&clientMasteringNumber=1&clientId=1&dsid=10203040506";
    let (state, pcs) = (format!("requestWebAccessState?{query}"), format!("requestPCS?{query}"));
    let app = |name: &str| json!({ "appName": name, "derivedFromUserAction": true }).to_string();
    let (_simulator, control, mut browser) = start(Account::default()).await;
    browser.sign_in(&control).await;
    same_shape("36-requestWebAccessState-plain", &browser.setup(&state, "").await);
    let account = Account { advanced_protection: true, ..Account::default() };
    let (_simulator, control, mut browser) = start(account).await;
    browser.sign_in(&control).await;
    same_shape("28-accountLogin-200-adp", &browser.account_login().await);
    same_shape("37-requestWebAccessState-adp-no-consent", &browser.setup(&state, "").await);
    same_shape("39-requestPCS-failure-arming", &browser.setup(&pcs, &app("iclouddrive")).await);
    let sent = browser.setup(&format!("enableDeviceConsentForPCS?{query}"), "").await;
    same_shape("38-enableDeviceConsentForPCS", &sent);
    assert!(control.grant_consent());
    same_shape("40-requestPCS-failure-waiting", &browser.setup(&pcs, &app("iclouddrive")).await);
    same_shape("41-requestPCS-success-drive", &browser.setup(&pcs, &app("iclouddrive")).await);
    browser.setup(&pcs, &app("photos")).await;
    same_shape("42-requestPCS-success-photos", &browser.setup(&pcs, &app("photos")).await);
    browser.jar.remove("X-APPLE-WEBAUTH-TOKEN");
    same_shape("43-requestPCS-500-no-token", &browser.setup(&pcs, &app("iclouddrive")).await);
}

#[tokio::test]
async fn codes_have_the_shapes_of_the_examples() {
    for (code_answer, name) in [
        (CodeAnswer::Accepted, "16-securitycode-204"),
        (CodeAnswer::ConflictWithToken, "17-securitycode-409-accepted-with-token"),
        (CodeAnswer::ConflictWithoutToken, "18-securitycode-409-accepted-without-token"),
        (CodeAnswer::Repair, "19-securitycode-412-accepted"),
    ] {
        let (_simulator, control, mut browser) = at_code(Account { code_answer, ..Account::default() }).await;
        browser.push().await;
        same_shape(name, &browser.code(&control.codes().device.unwrap()).await);
    }
    let account = Account { codes_allowed: 1, device_code: Some("004821".to_owned()), ..Account::default() };
    let (_simulator, _, mut browser) = at_code(account).await;
    browser.push().await;
    same_shape("21-securitycode-locked", &browser.code("000000").await);
    let (_simulator, _, mut browser) = at_code(Account { phone_refused: true, ..Account::default() }).await;
    same_shape("23-phone-request-cannot-send", &browser.send_sms(1, "sms").await);
}

#[tokio::test]
async fn account_kinds_have_the_shapes_of_the_examples() {
    for (kind, name) in [
        (AccountKind::Repair, "06-signin-complete-412-repair"),
        (AccountKind::Locked, "09-signin-complete-403-locked"),
        (AccountKind::SecurityKey, "10-signin-complete-409-security-key"),
    ] {
        let (_simulator, _, mut browser) = start(Account { kind, ..Account::default() }).await;
        same_shape(name, &browser.password(PASSWORD).await);
        if kind == AccountKind::Repair {
            same_shape(
                "07-repair-complete-200",
                &browser.auth("POST", "/repair/complete", Some(json!({}))).await,
            );
        }
    }
    let (_simulator, _, mut browser) =
        start(Account { kind: AccountKind::Throttled, ..Account::default() }).await;
    same_shape("11-signin-503-throttled", &browser.init().await);
}

#[tokio::test]
async fn partial_sessions_have_the_shapes_of_the_examples() {
    let (_simulator, control, mut browser) = start(Account::default()).await;
    browser.sign_in(&control).await;
    control.account(|account| account.kind = AccountKind::Terms);
    same_shape("30-accountLogin-200-terms", &browser.account_login().await);
    control.account(|account| account.region = crate::Region::China);
    same_shape("29-accountLogin-200-domainToUse", &browser.account_login().await);
    control.expire_sessions(crate::Loss::Tokens);
    same_shape("31-accountLogin-421-expired", &browser.account_login().await);
}

#[tokio::test]
async fn the_gate_has_the_shapes_of_the_examples() {
    let (_simulator, control, mut browser) = start(Account::default()).await;
    same_shape("46-ckdatabasews-421-missing-cookie", &browser.database("records/query", "{}").await);
    browser.sign_in(&control).await;
    control.expire_sessions(crate::Loss::Cookies);
    same_shape("45-ckdatabasews-401-no-auth-method", &browser.database("zones/list", "{}").await);
    control.account(|account| account.kind = AccountKind::WebAccessOff);
    browser.account_login().await;
    same_shape("47-ckdatabasews-403-access-denied", &browser.database("records/query", "{}").await);
}

#[tokio::test]
async fn phones_can_be_listed_in_other_places() {
    let (_simulator, control, mut browser) = at_code(Account::default()).await;
    control.account(|account| account.options_form = OptionsForm::Nested);
    same_shape("13-auth-options-json-nested", &browser.auth("GET", "", None).await);
    control.account(|account| account.options_form = OptionsForm::Singular);
    let answer = browser.auth("GET", "", None).await.json();
    assert_eq!(
        (&answer["trustedPhoneNumbers"], &answer["trustedPhoneNumber"]["id"]),
        (&Value::Null, &json!(1))
    );
    control.account(|account| {
        account.options_form = OptionsForm::Html;
        account.options_conflict = true;
    });
    let answer = browser.auth("GET", "", None).await;
    assert_eq!(answer.status, 409);
    let page = String::from_utf8(answer.body).unwrap();
    let start = page.find("class=\"boot_args\">").unwrap() + "class=\"boot_args\">".len();
    let boot_args: Value = serde_json::from_str(&page[start..page.find("</script>").unwrap()]).unwrap();
    let Some(example) = example("14-auth-options-html-boot-args") else { return };
    assert_eq!(members(&boot_args), members(&example["boot_args"]));
}
