//! What Apple's sign-in answers say. Everything is optional and of uncertain type here, so bodies are read
//! member by member.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::Value;

use super::book::{OpenLogin, ServiceEntry, Token};
use super::error::Need;
use super::person::{Phone, PhoneId};
use crate::http::{Answer, HeaderMap};

/// Wrong verification code.
pub(super) const WRONG_CODE: &str = "-21669";
/// The account is locked.
pub(super) const LOCKED: &str = "-20209";
/// An app-specific password was used.
pub(super) const APP_PASSWORD: &str = "-20283";
/// No code can be sent to that phone now.
pub(super) const CANNOT_SEND: &str = "-28248";

/// An answer, taken apart.
pub(super) struct Reply {
    /// The status that counts: a 200 may carry the real one in a header.
    pub(super) status: u16,
    /// Headers that the sign-in carries on.
    pub(super) taken: Taken,
    /// Apple's error code, from header or body.
    pub(super) code: Option<String>,
    /// The body; `Null` when it is not JSON.
    pub(super) body: Value,
    pub(super) retry_after: Option<Duration>,
    /// Whether the cookie that makes a session is in the jar now.
    pub(super) web_token: bool,
}

/// Headers to take over from every answer of the sign-in service, whatever its status.
#[derive(Default)]
pub(super) struct Taken {
    scnt: Option<Token>,
    session_id: Option<Token>,
    auth_attributes: Option<Token>,
    pub(super) session_token: Option<Token>,
    pub(super) trust_token: Option<Token>,
    account_country: Option<String>,
}

impl Taken {
    fn from(headers: &HeaderMap) -> Self {
        let text = |name: &str| {
            headers.get(name).and_then(|value| value.to_str().ok()).filter(|text| !text.is_empty())
        };
        let token = |name: &str| text(name).map(Token::new);
        Self {
            scnt: token("scnt"),
            session_id: token("x-apple-id-session-id"),
            auth_attributes: token("x-apple-auth-attributes"),
            session_token: token("x-apple-session-token"),
            trust_token: token("x-apple-twosv-trust-token"),
            account_country: text("x-apple-id-account-country").map(str::to_owned),
        }
    }

    /// Writes what is there over what was there.
    pub(super) fn write_to(&self, open: &mut OpenLogin) {
        let put = |place: &mut Option<Token>, new: &Option<Token>| {
            if new.is_some() {
                place.clone_from(new);
            }
        };
        put(&mut open.scnt, &self.scnt);
        put(&mut open.session_id, &self.session_id);
        put(&mut open.auth_attributes, &self.auth_attributes);
        put(&mut open.session_token, &self.session_token);
        put(&mut open.trust_token, &self.trust_token);
        if self.account_country.is_some() {
            open.account_country.clone_from(&self.account_country);
        }
    }
}

impl Reply {
    pub(super) fn new(answer: &Answer, headers: &HeaderMap, web_token: bool) -> Self {
        let body = json(&answer.body);
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let real = header("x-apple-i-rscd").and_then(|text| text.trim().parse::<u16>().ok());
        // Sign-in answers 200 with the truth in this header (kei, icloudpd); other values are noise.
        let status = match (answer.status, real) {
            (200, Some(real @ (401 | 403))) => real,
            (status, _) => status,
        };
        let code = header("x-apple-i-ercd").filter(|code| code.starts_with('-')).map(str::to_owned);
        let code = code.or_else(|| error_code(&body));
        let (taken, retry_after) = (Taken::from(headers), answer.retry_after);
        Self { status, taken, code, body, retry_after, web_token }
    }

    pub(super) fn ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(super) fn has_code(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// Whether the body says that the code was right, whatever the status says.
    pub(super) fn code_valid(&self) -> bool {
        member(&self.body, &["securityCode", "valid"]).and_then(Value::as_bool) == Some(true)
    }

    /// Whether the body says that codes are locked.
    pub(super) fn codes_locked(&self) -> bool {
        ["securityCodeLocked", "tooManyCodesValidated", "securityCodeCooldown"]
            .iter()
            .any(|flag| self.flag(flag))
    }

    /// Whether the body says that too many codes were sent.
    pub(super) fn too_many_sent(&self) -> bool {
        self.flag("tooManyCodesSent")
    }

    fn flag(&self, name: &str) -> bool {
        let here = |place: Option<&Value>| {
            place.and_then(|place| member(place, &["securityCode", name])).and_then(Value::as_bool)
                == Some(true)
        };
        here(Some(&self.body)) || here(self.body.get("phoneNumberVerification"))
    }

    /// The names of security keys, when the account has any. No code can be entered then (kei #221).
    pub(super) fn security_keys(&self) -> Option<Vec<String>> {
        let names = self.body.get("keyNames").and_then(Value::as_array);
        let names: Vec<String> =
            names.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        let challenged = self.body.get("fsaChallenge").is_some_and(|challenge| !challenge.is_null());
        (challenged || !names.is_empty())
            .then(|| if names.is_empty() { vec!["no names given".to_owned()] } else { names })
    }

    /// Whether the account has the old two-step verification.
    pub(super) fn two_step(&self) -> bool {
        let kind = ["authType", "auth_type", "authenticationType"]
            .iter()
            .find_map(|name| self.body.get(*name)?.as_str());
        matches!(kind, Some("hsa" | "hsa1"))
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("code", &self.code)
            .finish_non_exhaustive()
    }
}

/// What can be used for the second factor.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Factors {
    pub(super) phones: Vec<Phone>,
    pub(super) devices: bool,
    pub(super) digits: usize,
}

impl Factors {
    /// Reads the answer to `GET AUTH`: the list of phones stands at the top or inside
    /// `phoneNumberVerification`; sometimes only one phone is named.
    pub(super) fn read(body: &Value) -> Self {
        let nested = body.get("phoneNumberVerification").unwrap_or(body);
        let list = |place: &Value| -> Vec<Phone> {
            let many = place.get("trustedPhoneNumbers").and_then(Value::as_array);
            many.into_iter().flatten().filter_map(phone).collect()
        };
        let mut phones = list(body);
        if phones.is_empty() {
            phones = list(nested);
        }
        if phones.is_empty() {
            let one = body.get("trustedPhoneNumber").or_else(|| nested.get("trustedPhoneNumber"));
            phones = one.and_then(phone).into_iter().collect();
        }
        let says = |name: &str, value: bool| {
            [body, nested].iter().any(|place| place.get(name).and_then(Value::as_bool) == Some(value))
        };
        let devices = !says("noTrustedDevices", true) && !says("hasTrustedDevices", false);
        let digits =
            [body, nested].iter().find_map(|place| member(place, &["securityCode", "length"])?.as_u64());
        let digits =
            digits.and_then(|digits| usize::try_from(digits).ok()).filter(|digits| (4..=10).contains(digits));
        Self { phones, devices, digits: digits.unwrap_or(6) }
    }
}

fn phone(value: &Value) -> Option<Phone> {
    let id = match value.get("id")? {
        Value::Number(number) => PhoneId::Number(number.as_i64()?),
        Value::String(text) => PhoneId::Text(text.clone()),
        _ => return None,
    };
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let number =
        text("numberWithDialCode").or_else(|| text("obfuscatedNumber")).or_else(|| text("lastTwoDigits"));
    Some(Phone {
        id,
        number: number.unwrap_or("a phone").to_owned(),
        voice_only: text("pushMode") == Some("voice"),
    })
}

/// What `accountLogin` or `validate` says about the account.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// A session.
    Ready { dsid: String, services: BTreeMap<String, ServiceEntry> },
    /// A second factor is needed.
    Untrusted,
    /// Only the person can help.
    Needs(Need),
    /// No session, and no reason that we know.
    Broken,
}

impl Standing {
    /// Reads an answer of status 200, in the order of checks that keeps one trouble from hiding another.
    pub(super) fn read(reply: &Reply) -> Self {
        let body = &reply.body;
        let is = |name: &str, value: bool| body.get(name).and_then(Value::as_bool) == Some(value);
        if let Some(need) = other_region(body) {
            return Self::Needs(need);
        }
        let info = body.get("dsInfo").filter(|info| info.is_object());
        let services = body.get("webservices").and_then(Value::as_object);
        let failed = is("hasError", true) || is("success", false) || reply.code.is_some();
        let (Some(info), Some(services), false) = (info, services, failed) else { return Self::Broken };
        let info_is = |name: &str, value: bool| info.get(name).and_then(Value::as_bool) == Some(value);
        let version = info.get("hsaVersion").and_then(Value::as_u64).unwrap_or(0);
        if is("termsUpdateNeeded", true) {
            return Self::Needs(Need::Terms);
        }
        if is("isRepairNeeded", true) {
            return Self::Needs(Need::Repair);
        }
        // Either alone counts; an account without any second factor is never a trusted browser.
        if is("hsaChallengeRequired", true) || (is("hsaTrustedBrowser", false) && version > 0) {
            return if version == 1 { Self::Needs(Need::TwoStep) } else { Self::Untrusted };
        }
        if info_is("isWebAccessAllowed", false) {
            return Self::Needs(Need::WebAccess);
        }
        if info_is("locked", true) {
            return Self::Needs(Need::Locked);
        }
        let dsid = match info.get("dsid") {
            Some(Value::String(text)) if !text.is_empty() => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => return Self::Broken,
        };
        // Whatever the body says: without this cookie every service refuses.
        if !reply.web_token {
            return Self::Broken;
        }
        Self::Ready { dsid, services: services.iter().filter_map(service).collect() }
    }
}

/// The region that Apple sends us to, in an answer of any status.
pub(super) fn other_region(body: &Value) -> Option<Need> {
    let domain = body.get("domainToUse")?.as_str()?;
    Some(Need::Region { domain: domain.chars().take(64).collect() })
}

fn service((name, entry): (&String, &Value)) -> Option<(String, ServiceEntry)> {
    let url = entry.get("url")?.as_str()?.to_owned();
    let active = entry.get("status").and_then(Value::as_str) == Some("active");
    Some((name.clone(), ServiceEntry { url, active }))
}

/// The first error code of a body. Both spellings occur; codes are text.
fn error_code(body: &Value) -> Option<String> {
    let errors = body.get("service_errors").or_else(|| body.get("serviceErrors"))?.as_array()?;
    match errors.first()?.get("code")? {
        Value::String(code) => Some(code.clone()),
        Value::Number(code) => Some(code.to_string()),
        _ => None,
    }
}

fn member<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, name| value.get(name))
}

/// A body as JSON, by content and not by type: JSON has come as `text/html`. A sign-in page holds what we want
/// as its boot arguments.
fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).ok().or_else(|| boot_args(body)).unwrap_or(Value::Null)
}

fn boot_args(body: &[u8]) -> Option<Value> {
    let page = std::str::from_utf8(body).ok()?;
    let script = page.split_once("class=\"boot_args\">")?.1.split_once("</script>")?.0;
    let arguments: Value = serde_json::from_str(script.trim()).ok()?;
    let factors = arguments.get("direct")?.get("twoSV")?;
    // Moved in March 2026 (icloud_photos_downloader PR #1325).
    let place =
        factors.get("bridgeInitiateData").filter(|data| data.get("phoneNumberVerification").is_some());
    Some(place.unwrap_or(factors).clone())
}
