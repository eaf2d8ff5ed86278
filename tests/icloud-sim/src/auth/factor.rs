//! The second factor: what can be used, pushes, messages, codes (auth.md 7).

use super::desk::{SignIn, Stage};
use super::shape::{self, Flags};
use super::{AuthTime, Refusal, demand, signin};
use crate::apple::Apple;
use crate::clock::{DAY_MS, MINUTE_MS};
use crate::config::{AccountKind, CodeAnswer, OptionsForm};
use crate::reply::Reply;
use crate::request::Incoming;
use serde_json::{Value, json};

/// Minutes until a code ends (auth.md 15: "minutes").
const CODE_MINUTES: i64 = 10;

/// The codes that are out, and how often they were missed.
#[derive(Debug, Default)]
pub(crate) struct Codes {
    device: Option<Code>,
    message: Option<(u64, String, Code)>,
    sent: u32,
    wrong: u32,
    locked_until_ms: i64,
}

#[derive(Debug, Clone)]
struct Code {
    digits: String,
    ends_ms: i64,
}

impl Codes {
    /// The code the trusted devices show, as long as it is good.
    pub(crate) fn on_devices(&self, now_ms: i64) -> Option<String> {
        self.device.as_ref().filter(|code| now_ms < code.ends_ms).map(|code| code.digits.clone())
    }

    /// The code of the last message, as long as it is good.
    pub(crate) fn in_message(&self, now_ms: i64) -> Option<String> {
        self.message
            .as_ref()
            .filter(|(_, _, code)| now_ms < code.ends_ms)
            .map(|(_, _, code)| code.digits.clone())
    }

    fn flags(&self, time: AuthTime, sends_allowed: u32) -> Flags {
        let locked = time.now_ms < self.locked_until_ms;
        Flags { too_many_sent: self.sent >= sends_allowed, too_many_tried: locked, locked }
    }

    /// Counts one more code; false when the quota is used up.
    fn may_send(&mut self, sends_allowed: u32) -> bool {
        let may = self.sent < sends_allowed;
        self.sent += u32::from(may);
        may
    }
}

/// `GET AUTH`: what can be used.
pub(super) fn options(
    apple: &mut Apple,
    sign_in: &mut SignIn,
    request: &Incoming,
    time: AuthTime,
) -> Result<Reply, Refusal> {
    begin(sign_in, request)?;
    let account = &apple.account;
    let flags = apple.codes.flags(time, account.sends_allowed);
    let status = if account.options_conflict { 409 } else { 200 };
    if account.kind == AccountKind::SecurityKey {
        let mut document = shape::options(account, flags);
        let keys = shape::security_key(&apple.entropy.token()[..43]);
        document["fsaChallenge"] = keys["fsaChallenge"].clone();
        document["keyNames"] = keys["keyNames"].clone();
        return Ok(Reply::json(status, &document));
    }
    let wants_page = request.header("Accept").is_some_and(|accept| accept.starts_with("text/html"));
    if wants_page || account.options_form == OptionsForm::Html {
        return Ok(Reply::html(status, &shape::options_page(account, flags)));
    }
    Ok(Reply::json(status, &shape::options(account, flags)))
}

/// `PUT verify/trusteddevice/securitycode`: shows a new code on the trusted devices; the old one is worth nothing.
pub(super) fn push(
    apple: &mut Apple,
    sign_in: &mut SignIn,
    request: &Incoming,
    time: AuthTime,
) -> Result<Reply, Refusal> {
    begin(sign_in, request)?;
    if !request.body.is_empty() {
        return Err(Refusal::malformed(400, "The body is not empty"));
    }
    if shape::trusted_devices(&apple.account) == 0 || apple.account.kind == AccountKind::SecurityKey {
        let document = shape::device_verification(&apple.account, Flags::default());
        return Err(refused(412, &document, "There is no trusted device"));
    }
    quota(apple, time)?;
    let digits = apple.account.device_code.clone().unwrap_or_else(|| apple.entropy.code());
    apple.codes.device = Some(Code { digits, ends_ms: time.now_ms + CODE_MINUTES * MINUTE_MS });
    Ok(Reply::json(202, &shape::device_verification(&apple.account, Flags::default())))
}

/// `POST verify/trusteddevice/securitycode`.
pub(super) fn device_code(
    apple: &mut Apple,
    sign_in: &mut SignIn,
    request: &Incoming,
    time: AuthTime,
) -> Result<Reply, Refusal> {
    let given = request.json()["securityCode"]["code"].as_str().map(str::to_owned);
    let right = apple.codes.on_devices(time.now_ms);
    let document = shape::device_verification(&apple.account, Flags::default());
    let accepted = judge(apple, sign_in, request, time, (given, right), &document)?;
    apple.codes.device = None;
    let mut document = document;
    if let Some(code) = document["securityCode"].as_object_mut() {
        code.remove("length");
    }
    Ok(acknowledge(apple, sign_in, &accepted, document, true, time))
}

/// `PUT verify/phone`: sends a message or calls.
pub(super) fn send_message(
    apple: &mut Apple,
    sign_in: &mut SignIn,
    request: &Incoming,
    time: AuthTime,
) -> Result<Reply, Refusal> {
    begin(sign_in, request)?;
    let body = request.json();
    let mode = body["mode"].as_str().filter(|mode| matches!(*mode, "sms" | "voice"));
    let mode = mode.ok_or_else(|| Refusal::malformed(400, "mode is neither sms nor voice"))?.to_owned();
    let id = body["phoneNumber"]["id"].as_u64();
    let Some(phone) = apple.account.phones.iter().find(|phone| Some(phone.id) == id).cloned() else {
        return Err(Refusal::malformed(400, "phoneNumber.id is unknown"));
    };
    if apple.account.phone_refused {
        let document = json!({
            "phoneNumber": shape::phone(&phone),
            "securityCode": shape::flags(Flags::default()),
            "mode": mode,
            "type": "verification",
            "authenticationType": "hsa2",
            "serviceErrors": shape::verification_error("-28248", "Verification Failed"),
        });
        let reply = Reply::json(412, &document).header("X-Apple-I-Ercd", "-28248");
        return Err(Refusal { reply, why: "set to refuse messages".to_owned() });
    }
    quota(apple, time)?;
    let digits = apple.account.sms_code.clone().unwrap_or_else(|| apple.entropy.code());
    let code = Code { digits, ends_ms: time.now_ms + CODE_MINUTES * MINUTE_MS };
    apple.codes.message = Some((phone.id, mode.clone(), code));
    let mut document = shape::phone_verification(&apple.account, Flags::default());
    document["phoneNumber"] = shape::phone(&phone);
    document["trustedPhoneNumber"] = shape::phone(&phone);
    document["mode"] = json!(mode);
    document["type"] = json!("verification");
    let status = if apple.account.options_conflict { 409 } else { 200 };
    Ok(Reply::json(status, &document))
}

/// `POST verify/phone/securitycode`.
pub(super) fn message_code(
    apple: &mut Apple,
    sign_in: &mut SignIn,
    request: &Incoming,
    time: AuthTime,
) -> Result<Reply, Refusal> {
    let body = request.json();
    let given = body["securityCode"]["code"].as_str().map(str::to_owned);
    let same_phone = |(id, mode, _): &(u64, String, Code)| {
        body["phoneNumber"]["id"].as_u64() == Some(*id) && body["mode"] == mode.as_str()
    };
    let asked = apple.codes.message.as_ref().is_some_and(same_phone);
    let right = apple.codes.in_message(time.now_ms).filter(|_| asked);
    let document = shape::phone_verification(&apple.account, Flags::default());
    let accepted = judge(apple, sign_in, request, time, (given, right), &document)?;
    apple.codes.message = None;
    Ok(acknowledge(apple, sign_in, &accepted, document, false, time))
}

/// A code that was right.
struct Accepted {
    digits: String,
    /// The request came from HOME; from elsewhere Apple says yes and gives no session token (rclone #9730).
    from_home: bool,
}

fn judge(
    apple: &mut Apple,
    sign_in: &SignIn,
    request: &Incoming,
    time: AuthTime,
    (given, right): (Option<String>, Option<String>),
    document: &Value,
) -> Result<Accepted, Refusal> {
    if sign_in.stage != Stage::Code {
        return Err(Refusal::malformed(412, "No code is needed"));
    }
    let digits = given.ok_or_else(|| Refusal::malformed(400, "securityCode.code is not a string"))?;
    let flags = apple.codes.flags(time, apple.account.sends_allowed);
    if flags.locked {
        return Err(locked(document, flags));
    }
    if right.as_ref() == Some(&digits) {
        apple.codes.wrong = 0;
        apple.codes.sent = 0;
        return Ok(Accepted { digits, from_home: demand::from_home(request).is_ok() });
    }
    apple.codes.wrong += 1;
    if apple.codes.wrong >= apple.account.codes_allowed {
        apple.codes.wrong = 0;
        apple.codes.locked_until_ms = time.now_ms + DAY_MS;
        return Err(locked(document, apple.codes.flags(time, apple.account.sends_allowed)));
    }
    let errors = json!({
        "service_errors": shape::verification_error("-21669", "Incorrect Verification Code"),
        "hasError": true,
    });
    let reply = Reply::json(400, &errors).header("X-Apple-I-Ercd", "-21669");
    Err(Refusal { reply, why: "The code is wrong".to_owned() })
}

fn locked(document: &Value, flags: Flags) -> Refusal {
    let mut document = document.clone();
    document["securityCode"] = shape::flags(flags);
    document["service_errors"] = shape::verification_error("-21669", "Incorrect Verification Code");
    document["hasError"] = json!(true);
    refused(423, &document, "Code entry is locked")
}

fn acknowledge(
    apple: &mut Apple,
    sign_in: &mut SignIn,
    accepted: &Accepted,
    mut document: Value,
    device: bool,
    time: AuthTime,
) -> Reply {
    document["securityCode"]["code"] = json!(accepted.digits);
    document["securityCode"]["valid"] = json!(true);
    let session_id = sign_in.session_id.clone().unwrap_or_default();
    if !accepted.from_home {
        return Reply::json(409, &document).header("X-Apple-ID-Session-Id", session_id);
    }
    let answer = apple.account.code_answer;
    sign_in.stage = match answer {
        CodeAnswer::Repair => Stage::Repair { second_factor: true },
        _ => Stage::Verified,
    };
    sign_in.attributes = apple.entropy.token();
    match answer {
        CodeAnswer::Accepted if device => {
            let reply = Reply::empty(204).header("Content-Type", "application/json;charset=UTF-8");
            signin::with_tokens(apple, sign_in, reply, true, time)
        }
        CodeAnswer::Accepted => {
            let reply = signin::with_tokens(apple, sign_in, Reply::json(200, &document), true, time);
            reply.header("X-Apple-OAuth-Grant-Code", apple.entropy.token())
        }
        CodeAnswer::ConflictWithToken => {
            signin::with_tokens(apple, sign_in, Reply::json(409, &document), true, time)
                .header("X-Apple-Edp", "true")
        }
        CodeAnswer::ConflictWithoutToken => {
            Reply::json(409, &document).header("X-Apple-ID-Session-Id", session_id)
        }
        CodeAnswer::Repair => Reply::json(412, &document).header("X-Apple-ID-Session-Id", session_id),
    }
}

/// What every call before a code demands.
fn begin(sign_in: &SignIn, request: &Incoming) -> Result<(), Refusal> {
    demand::from_home(request).map_err(|why| Refusal::malformed(403, why))?;
    match sign_in.stage {
        Stage::Code => Ok(()),
        _ => Err(Refusal::malformed(412, "No second factor is needed")),
    }
}

fn quota(apple: &mut Apple, time: AuthTime) -> Result<(), Refusal> {
    let flags = apple.codes.flags(time, apple.account.sends_allowed);
    if !flags.locked && apple.codes.may_send(apple.account.sends_allowed) {
        return Ok(());
    }
    let mut document = shape::device_verification(&apple.account, flags);
    document["hasError"] = json!(true);
    Err(refused(423, &document, "Too many codes were asked for"))
}

fn refused(status: u16, document: &Value, why: &str) -> Refusal {
    Refusal { reply: Reply::json(status, document), why: why.to_owned() }
}
