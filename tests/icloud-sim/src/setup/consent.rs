//! Advanced Data Protection: consent of a device, and the PCS cookies it is good for (auth.md 12; fixtures 28, 36 to 43).

use super::cookies::Baker;
use super::{Refusal, no_token};
use crate::apple::Apple;
use crate::clock::MINUTE_MS;
use crate::config::{Account, AccountKind, Region};
use crate::endpoint::SetupCall;
use crate::reply::Reply;
use crate::request::Incoming;
use crate::vault::Worth;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How long a device shows the question. No document says; clients give up after five minutes.
const PROMPT_MS: i64 = 5 * MINUTE_MS;
/// What a browser sends in the query of these calls.
const QUERY: [&str; 3] = ["clientBuildNumber", "clientMasteringNumber", "clientId"];

/// Cookies without which Drive answers 423.
pub(crate) const OF_DRIVE: [&str; 1] = ["X-APPLE-WEBAUTH-PCS-Documents"];
/// Cookies without which the photo database answers 423.
pub(crate) const OF_PHOTOS: [&str; 2] = ["X-APPLE-WEBAUTH-PCS-Photos", "X-APPLE-WEBAUTH-PCS-Sharing"];

/// What the devices have been asked and what they said.
#[derive(Debug, Default)]
pub(crate) struct Consent {
    /// Questions put to devices so far.
    pub(crate) prompts: u64,
    /// Until when devices show the question.
    shown_until_ms: i64,
    /// Until when the answer is yes; 0 without one.
    given_until_ms: i64,
    /// The last question was answered with no.
    denied: bool,
    /// Requests for cookies since consent, by application.
    tries: BTreeMap<String, u32>,
    /// Name, value with its quotes, and end of every cookie handed out.
    cookies: Vec<(String, String, i64)>,
}

impl Consent {
    /// The person says yes; false when no device shows a question.
    pub(crate) fn grant(&mut self, account: &Account, now_ms: i64) -> bool {
        let shown = self.answer(now_ms);
        if shown {
            self.given_until_ms = now_ms + i64::from(account.consent_minutes) * MINUTE_MS;
            self.tries.clear();
        }
        shown
    }

    /// The person says no; false when no device shows a question.
    pub(crate) fn deny(&mut self, now_ms: i64) -> bool {
        let shown = self.answer(now_ms);
        self.denied |= shown;
        shown
    }

    /// Consent stands no more. Cookies handed out stay good until they end.
    pub(crate) fn withdraw(&mut self) {
        self.given_until_ms = 0;
    }

    fn answer(&mut self, now_ms: i64) -> bool {
        let shown = self.shown(now_ms);
        self.shown_until_ms = 0;
        shown
    }

    fn shown(&self, now_ms: i64) -> bool {
        now_ms < self.shown_until_ms
    }

    fn given(&self, now_ms: i64) -> bool {
        now_ms < self.given_until_ms
    }

    fn ask(&mut self, now_ms: i64) {
        self.prompts += 1;
        self.shown_until_ms = now_ms + PROMPT_MS;
        self.denied = false;
    }

    /// Whether a request carries all of these cookies as they were handed out, and none has ended.
    fn covers(&self, names: &[&str], request: &Incoming, now_ms: i64) -> bool {
        let living = |name: &str, value: &str| {
            let mut known = self.cookies.iter();
            known.any(|(known, good, ends_ms)| known == name && good == value && now_ms < *ends_ms)
        };
        names.iter().all(|name| request.cookie(name).is_some_and(|value| living(name, &value)))
    }
}

/// Whether a service lets a request through that should carry these cookies.
pub(crate) fn admits(apple: &Apple, names: &[&str], request: &Incoming, now_ms: i64) -> bool {
    !apple.account.advanced_protection || apple.consent.covers(names, request, now_ms)
}

/// Answers one of the three calls.
pub(super) fn answer(
    apple: &mut Apple,
    region: Region,
    call: SetupCall,
    request: &Incoming,
    now_ms: i64,
) -> Result<Reply, Refusal> {
    if let Some(name) = QUERY.into_iter().find(|name| !request.query.contains_key(*name)) {
        return Err(Refusal(400, "Bad Request", format!("{name} is missing in the query")));
    }
    if request.query.get("dsid") != Some(&apple.account.dsid) {
        return Err(Refusal(400, "Bad Request", "dsid is missing in the query".to_owned()));
    }
    if call != SetupCall::RequestPcs && !request.body.is_empty() {
        return Err(Refusal(400, "Bad Request", "The body is not empty".to_owned()));
    }
    let session = request.cookie("X-APPLE-WEBAUTH-TOKEN");
    let good = session.is_some_and(|token| matches!(apple.vault.web_session(&token, now_ms), Worth::Good(_)));
    let web_access = apple.account.kind != AccountKind::WebAccessOff;
    match call {
        // Said of accounts with new terms or without web access, too (rclone #9658, PR #9919).
        SetupCall::RequestPcs if !good || !web_access => {
            let text = "Missing X-APPLE-WEBAUTH-TOKEN cookie";
            Err(Refusal(500, text, "No session that could have PCS cookies".to_owned()))
        }
        _ if !good => Err(no_token()),
        SetupCall::RequestPcs => request_pcs(apple, region, request, now_ms),
        SetupCall::EnableConsent => {
            let sent = apple.account.advanced_protection && web_access;
            if sent {
                apple.consent.ask(now_ms);
            }
            let mut state = state(apple, now_ms);
            state["isDeviceConsentNotificationSent"] = json!(sent);
            Ok(Reply::json(200, &state))
        }
        _ => {
            let mut state = state(apple, now_ms);
            state["dsid"] = json!(apple.account.dsid.parse::<u64>().unwrap_or_default());
            Ok(Reply::json(200, &state))
        }
    }
}

/// What all three say of the account.
fn state(apple: &Apple, now_ms: i64) -> Value {
    let allowed = apple.account.kind != AccountKind::WebAccessOff;
    if !apple.account.advanced_protection {
        return json!({ "isWebAccessAllowed": allowed });
    }
    let given = apple.consent.given(now_ms);
    json!({
        "isWebAccessAllowed": allowed,
        "isDeviceConsentedForPCS": given,
        "isICDRSDisabled": true,
        "deviceConsentForPCSExpiry": if given { apple.consent.given_until_ms } else { 0 },
    })
}

fn request_pcs(apple: &mut Apple, region: Region, request: &Incoming, now_ms: i64) -> Result<Reply, Refusal> {
    let body = request.json();
    let names: &[&str] = match body["appName"].as_str() {
        Some("iclouddrive") => &OF_DRIVE,
        Some("photos") => &OF_PHOTOS,
        _ => return Err(Refusal(400, "Bad Request", "appName is unknown".to_owned())),
    };
    if !body["derivedFromUserAction"].is_boolean() {
        return Err(Refusal(400, "Bad Request", "derivedFromUserAction is missing".to_owned()));
    }
    let said = |apple: &Apple, status: &str, message: &str| {
        let mut state = state(apple, now_ms);
        state["status"] = json!(status);
        state["message"] = json!(message);
        Reply::json(200, &state)
    };
    if admits(apple, names, request, now_ms) {
        return Ok(said(apple, "success", "Cookies already present."));
    }
    if apple.consent.denied {
        // No document gives the words.
        return Ok(said(apple, "failure", "The device denied the request."));
    }
    if !apple.consent.given(now_ms) {
        if !apple.consent.shown(now_ms) {
            // Clients that skip the other two calls work (rclone), so this alone asks the devices.
            apple.consent.ask(now_ms);
        }
        return Ok(said(apple, "failure", "Requested a new device arming to upload cookies."));
    }
    let tries = apple.consent.tries.entry(names[0].to_owned()).or_default();
    if *tries < apple.account.pcs_tries {
        *tries += 1;
        return Ok(said(apple, "failure", "Requested the device to upload cookies."));
    }
    let ends_ms = now_ms + i64::from(apple.account.pcs_minutes) * MINUTE_MS;
    let ends_ms = ends_ms.min(apple.consent.given_until_ms);
    let mut baker = Baker { entropy: &mut apple.entropy, region, now_ms, days: None, lines: Vec::new() };
    for name in names {
        let value = baker.entropy.padded();
        baker.until(name, &value, ends_ms);
        apple.consent.cookies.push(((*name).to_owned(), format!("\"{value}\""), ends_ms));
    }
    let lines = baker.lines;
    let reply = said(apple, "success", "Cookies attached.");
    Ok(lines.into_iter().fold(reply, |reply, line| reply.header("Set-Cookie", line)))
}
