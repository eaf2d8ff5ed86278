//! idmsa: the password, the second factor and trust (auth.md 4, 7 and 8).
//!
//! Every request is checked in the same order: its headers (`demand`), the sign-in it belongs to (`desk`), then
//! the call itself. Every answer but a front end's page carries a new `scnt`, and the old one is worth nothing.

mod demand;
mod desk;
mod factor;
mod shape;
mod signin;
mod srp;

pub(crate) use demand::AuthTime;
pub(crate) use desk::Desk;
pub(crate) use factor::Codes;

use crate::answer::Answer;
use crate::apple::Apple;
use crate::config::AccountKind;
use crate::endpoint::AuthCall;
use crate::reply::Reply;
use crate::request::Incoming;
use desk::{SignIn, Stage};
use serde_json::json;

/// A refusal: what is answered and the reason for the log.
#[derive(Debug)]
pub(crate) struct Refusal {
    reply: Reply,
    why: String,
}

impl Refusal {
    fn new(status: u16, code: &str, why: impl Into<String>) -> Refusal {
        let why = why.into();
        let message = shape::service_error(code).unwrap_or(&why).to_owned();
        let error = json!({ "code": code, "message": message, "suppressDismissal": false });
        let reply = Reply::json(status, &json!({ "serviceErrors": [error] }))
            .header("X-Apple-I-Rscd", status.to_string())
            .header("X-Apple-I-Ercd", code);
        Refusal { reply, why }
    }

    /// A request that no browser would send: no code is published for these.
    fn malformed(status: u16, why: impl Into<String>) -> Refusal {
        let why = why.into();
        Refusal { reply: Reply::json(status, &json!({ "serviceErrors": [], "hasError": true })), why }
    }
}

/// Answers one AUTH request.
pub(crate) fn answer(apple: &mut Apple, call: AuthCall, request: &Incoming, now_ms: i64) -> Answer {
    if matches!(call, AuthCall::Init | AuthCall::Complete) && apple.account.kind == AccountKind::Throttled {
        // The front end answers, not the sign-in service: no `scnt` (icloud_photos_downloader #1062).
        return Answer::noted(Reply::html(503, shape::THROTTLED_PAGE).header("Server", "Apple"), "throttled");
    }
    let time = AuthTime { now_ms };
    let (sign_in, outcome) = match take_sign_in(apple, call, request, time) {
        Ok(mut sign_in) => {
            let outcome = run(apple, &mut sign_in, call, request, time);
            (sign_in, outcome)
        }
        Err(refusal) => (SignIn::new(&mut apple.entropy, "", now_ms), Err(refusal)),
    };
    let (reply, note) = match outcome {
        Ok(reply) => (reply, None),
        Err(Refusal { reply, why }) => (reply, Some(why)),
    };
    let reply = hide_status(apple, reply);
    let scnt = apple.desk.put_back(sign_in, &mut apple.entropy);
    let reply = reply
        .header("Server", "Apple")
        .header("X-Apple-I-Request-ID", uuid::Uuid::new_v4().to_string())
        .header("scnt", scnt)
        .header("Cache-Control", "no-cache, no-store");
    Answer { note, ..Answer::from(reply) }
}

fn take_sign_in(
    apple: &mut Apple,
    call: AuthCall,
    request: &Incoming,
    time: AuthTime,
) -> Result<SignIn, Refusal> {
    let frame = demand::headers(call, request)?;
    let sign_in = apple.desk.take(call, request, &frame, &mut apple.entropy, time)?;
    Ok(sign_in)
}

fn run(
    apple: &mut Apple,
    sign_in: &mut SignIn,
    call: AuthCall,
    request: &Incoming,
    time: AuthTime,
) -> Result<Reply, Refusal> {
    match call {
        AuthCall::Authorize => Ok(signin::authorize(sign_in, request)),
        AuthCall::Federate => signin::federate(request),
        AuthCall::Init => signin::init(apple, sign_in, request),
        AuthCall::Complete => signin::complete(apple, sign_in, request, time),
        AuthCall::Repair => signin::repair(apple, sign_in, request, time),
        AuthCall::Options => factor::options(apple, sign_in, request, time),
        AuthCall::Push => factor::push(apple, sign_in, request, time),
        AuthCall::Code => factor::device_code(apple, sign_in, request, time),
        AuthCall::Sms => factor::send_message(apple, sign_in, request, time),
        AuthCall::SmsCode => factor::message_code(apple, sign_in, request, time),
        AuthCall::Trust => trust(apple, sign_in, request, time),
    }
}

/// `GET 2sv/trust` (auth.md 8).
fn trust(
    apple: &mut Apple,
    sign_in: &mut SignIn,
    request: &Incoming,
    time: AuthTime,
) -> Result<Reply, Refusal> {
    use crate::config::TrustAnswer;
    demand::from_home(request).map_err(|why| Refusal::malformed(403, why))?;
    match sign_in.stage {
        Stage::Verified => {}
        Stage::Trusted => return Err(Refusal::malformed(409, "2sv/trust twice in a row")),
        _ => return Err(Refusal::malformed(403, "2sv/trust without a second factor")),
    }
    let reply = Reply::empty(204).header("Content-Type", "application/json;charset=UTF-8");
    match apple.account.trust_answer {
        TrustAnswer::Refused => return Err(Refusal::malformed(403, "set to refuse trust")),
        TrustAnswer::WithoutToken => return Ok(reply),
        TrustAnswer::Granted => {}
    }
    sign_in.stage = Stage::Trusted;
    let token = format!("HSARMTKNSRVX{}SRVX", apple.entropy.token());
    let days = i64::from(apple.account.trust_days);
    apple.vault.add_trust_token(token.clone(), time.now_ms + days * crate::clock::DAY_MS);
    let domain = demand::auth_domain(request);
    let des = format!(
        "DES{}={}; Max-Age=2592000; Domain=idmsa.{domain}; Path=/; Secure; HttpOnly",
        apple.entropy.hex::<16>(),
        apple.entropy.padded()
    );
    let mut reply = signin::with_tokens(apple, sign_in, reply, true, time)
        .header("X-Apple-TwoSV-Trust-Token", token)
        .header("Set-Cookie", des);
    for cookie in shape::site_cookies(domain) {
        reply = reply.header("Set-Cookie", cookie);
    }
    Ok(reply)
}

/// A refusal in the guise of a success (auth.md 1.3), when the account is set so.
fn hide_status(apple: &Apple, mut reply: Reply) -> Reply {
    if apple.account.hidden_status && matches!(reply.status, 401 | 403) {
        reply.headers.retain(|(name, _)| name != "X-Apple-I-Rscd");
        reply = reply.clone().header("X-Apple-I-Rscd", reply.status.to_string());
        reply.status = 200;
    }
    reply
}
