//! The password: `authorize/signin`, `federate`, `signin/init`, `signin/complete`, `repair/complete` (auth.md 4).

use super::desk::{SignIn, Stage};
use super::srp::{Verifier, WIDTH};
use super::{AuthTime, Refusal, demand, shape};
use crate::apple::Apple;
use crate::clock::DAY_MS;
use crate::config::{Account, AccountKind, Region};
use crate::reply::Reply;
use crate::request::Incoming;
use crate::vault::SessionToken;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// `GET authorize/signin`: a page, and the first `scnt`.
pub(super) fn authorize(sign_in: &mut SignIn, request: &Incoming) -> Reply {
    let mut reply = Reply::html(200, "<!DOCTYPE html><html><head><title>Sign In</title></head></html>")
        .header("X-Apple-Auth-Attributes", &sign_in.attributes);
    for cookie in shape::site_cookies(demand::auth_domain(request)) {
        reply = reply.header("Set-Cookie", cookie);
    }
    reply
}

/// `POST federate`: no account of ours is managed by an organisation.
pub(super) fn federate(request: &Incoming) -> Result<Reply, Refusal> {
    let body = request.json();
    if !body["accountName"].is_string() || !body["rememberMe"].is_boolean() {
        return Err(Refusal::malformed(400, "accountName or rememberMe is missing"));
    }
    Ok(Reply::json(200, &json!({ "federated": false })))
}

/// `POST signin/init`: the public values of the handshake.
pub(super) fn init(apple: &mut Apple, sign_in: &mut SignIn, request: &Incoming) -> Result<Reply, Refusal> {
    let body = request.json();
    let client_public = decoded(&body["a"]).ok_or_else(|| Refusal::malformed(400, "a is not base64"))?;
    known_account(&apple.account, &body)?;
    let protocol = apple.account.protocol;
    let offered = body["protocols"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !offered.iter().any(|name| name == protocol.name()) {
        // What clients without s2k_fo met (icloud_photos_downloader #975).
        return Err(Refusal::new(401, "-20101", format!("protocols lacks {}", protocol.name())));
    }
    let salt = apple.entropy.bytes::<16>();
    let zero = apple.account.leading_zero.take();
    let Account { apple_id, password, iterations, .. } = &apple.account;
    let verifier = Verifier::new(apple_id, password, &salt, *iterations, protocol);
    let handshake = verifier
        .handshake(&client_public, zero, &mut apple.entropy)
        .ok_or_else(|| Refusal::malformed(400, "a is no public value"))?;
    let ticket = format!("d-123-{}:MSA", uuid::Uuid::new_v4());
    let reply = Reply::json(
        200,
        &json!({
            "iteration": iterations,
            "salt": STANDARD.encode(verifier.salt()),
            "protocol": protocol.name(),
            "version": 1,
            "b": STANDARD.encode(&handshake.public),
            "c": ticket,
        }),
    );
    sign_in.handshake = Some((handshake, ticket));
    sign_in.stage = Stage::Password;
    sign_in.session_id = None;
    Ok(reply)
}

/// `POST signin/complete`: the proof.
pub(super) fn complete(
    apple: &mut Apple,
    sign_in: &mut SignIn,
    request: &Incoming,
    time: AuthTime,
) -> Result<Reply, Refusal> {
    let body = request.json();
    let (handshake, ticket) =
        sign_in.handshake.take().ok_or_else(|| Refusal::new(401, "-20101", "No handshake was begun"))?;
    let (m1, m2) = decoded(&body["m1"])
        .zip(decoded(&body["m2"]))
        .ok_or_else(|| Refusal::malformed(400, "m1 or m2 is not base64"))?;
    let trust_tokens =
        body["trustTokens"].as_array().ok_or_else(|| Refusal::malformed(400, "trustTokens is not a list"))?;
    if !body["rememberMe"].is_boolean() {
        return Err(Refusal::malformed(400, "rememberMe is missing"));
    }
    if body["c"] != ticket {
        return Err(Refusal::malformed(400, "c is not the one of signin/init"));
    }
    known_account(&apple.account, &body)?;
    if apple.account.kind == AccountKind::Locked {
        return Err(Refusal::new(403, "-20209", "The account is locked"));
    }
    if !handshake.proven(&m1, &m2, apple.account.padding) {
        return Err(wrong_password(apple));
    }
    if apple.account.kind == AccountKind::AppPassword {
        return Err(Refusal::new(401, "-20283", "An app-specific password"));
    }
    apple.wrong_passwords = 0;
    sign_in.session_id = Some(apple.entropy.session_id());
    sign_in.attributes = apple.entropy.token();
    let trusted = trust_tokens
        .iter()
        .filter_map(Value::as_str)
        .any(|token| apple.vault.trust_ends(token, time.now_ms).is_some());
    let (status, stage, document) = match apple.account.kind {
        AccountKind::SecurityKey => (409, Stage::Code, shape::security_key(&apple.entropy.token()[..43])),
        AccountKind::TwoStep => (409, Stage::Code, json!({ "authType": "hsa" })),
        AccountKind::Repair => (412, Stage::Repair { second_factor: false }, json!({ "authType": "sa" })),
        _ if trusted => (200, Stage::Verified, json!({ "authType": "hsa2" })),
        _ => (409, Stage::Code, json!({ "authType": "hsa2" })),
    };
    sign_in.stage = stage;
    let mut reply = Reply::json(status, &document).header("Location", "/auth");
    if status == 412 {
        reply = reply.header("X-Apple-Repair-Session-Token", apple.entropy.token());
    } else {
        reply = reply.header("X-Apple-I-Rscd", status.to_string());
    }
    reply = with_tokens(apple, sign_in, reply, stage == Stage::Verified, time)
        .header("X-Apple-TwoSV-Trust-Eligible", "true");
    let domain = demand::auth_domain(request);
    for cookie in shape::site_cookies(domain) {
        reply = reply.header("Set-Cookie", cookie);
    }
    let session_id = sign_in.session_id.clone().unwrap_or_default();
    let aasp = format!("aasp={session_id}; Domain=idmsa.{domain}; Path=/; Secure; HttpOnly");
    let acn = format!(
        "acn01={}; Max-Age=15552000; Domain={domain}; Path=/; Secure; HttpOnly",
        apple.entropy.padded()
    );
    Ok(reply.header("Set-Cookie", aasp).header("Set-Cookie", acn))
}

/// `POST repair/complete` after a 412.
pub(super) fn repair(
    apple: &mut Apple,
    sign_in: &mut SignIn,
    request: &Incoming,
    time: AuthTime,
) -> Result<Reply, Refusal> {
    demand::from_home(request).map_err(|why| Refusal::malformed(403, why))?;
    if request.json() != json!({}) {
        return Err(Refusal::malformed(400, "The body is not {}"));
    }
    let Stage::Repair { second_factor } = sign_in.stage else {
        return Err(Refusal::malformed(412, "Nothing to repair"));
    };
    sign_in.stage = if second_factor { Stage::Verified } else { Stage::Finished };
    let reply = Reply::empty(200)
        .header("Content-Type", "application/json;charset=UTF-8")
        .header("Location", "/auth");
    let reply = with_tokens(apple, sign_in, reply, true, time);
    Ok(reply.header("X-Apple-TwoSV-Trust-Eligible", "true"))
}

/// Adds what answers carry once the password was right: session id, attributes, country and a new session token.
pub(super) fn with_tokens(
    apple: &mut Apple,
    sign_in: &SignIn,
    reply: Reply,
    verified: bool,
    time: AuthTime,
) -> Reply {
    let token = apple.entropy.token();
    let ends_ms = time.now_ms + i64::from(apple.account.session_days) * DAY_MS;
    let entry = SessionToken { verified, home: sign_in.home.clone(), ends_ms };
    apple.vault.add_session_token(token.clone(), entry);
    let mut reply = reply
        .header("X-Apple-ID-Session-Id", sign_in.session_id.clone().unwrap_or_default())
        .header("X-Apple-Auth-Attributes", &sign_in.attributes)
        .header("X-Apple-Session-Token", token)
        .header("X-Apple-ID-Account-Country", country(&apple.account));
    if verified && matches!(sign_in.stage, Stage::Verified | Stage::Trusted) && reply.status != 200 {
        reply = reply.header("X-Apple-OAuth-Grant-Code", apple.entropy.token());
    }
    reply
}

fn country(account: &Account) -> &'static str {
    match account.region {
        Region::Global => "USA",
        Region::China => "CHN",
    }
}

fn wrong_password(apple: &mut Apple) -> Refusal {
    apple.wrong_passwords += 1;
    if apple.wrong_passwords >= apple.account.passwords_allowed {
        // The proof that fills the measure is answered as wrong; the next one meets the lock.
        apple.account.kind = AccountKind::Locked;
    }
    Refusal::new(401, "-20101", "The proof is wrong")
}

fn known_account(account: &Account, body: &Value) -> Result<(), Refusal> {
    match body["accountName"].as_str() {
        None => Err(Refusal::malformed(400, "accountName is missing")),
        Some(name) if name.eq_ignore_ascii_case(&account.apple_id) => Ok(()),
        Some(_) => Err(Refusal::new(401, "-20101", "The account is unknown")),
    }
}

fn decoded(value: &Value) -> Option<Vec<u8>> {
    STANDARD.decode(value.as_str()?).ok().filter(|bytes| !bytes.is_empty() && bytes.len() <= WIDTH)
}
