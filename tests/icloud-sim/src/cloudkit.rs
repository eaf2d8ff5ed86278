//! The gate before the photo database: partition, session, form of the call (photos.md 1 and 11, auth.md 13).

use crate::answer::Answer;
use crate::apple::Apple;
use crate::config::{AccountKind, Region};
use crate::photos::Photos;
use crate::reply::Reply;
use crate::request::Incoming;
use crate::setup;
use crate::vault::Worth;
use serde_json::json;

/// A refusal at the gate.
pub(crate) struct Refusal {
    status: u16,
    code: &'static str,
    reason: &'static str,
    why: String,
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Answer {
        Answer::noted(error(refusal.status, refusal.code, refusal.reason), refusal.why)
    }
}

/// Lets a call through to the database, or says how it is refused.
pub(crate) fn admit(
    apple: &Apple,
    (region, partition): (Region, u32),
    call: &str,
    request: &Incoming,
    now_ms: i64,
) -> Result<(), Refusal> {
    let refuse = |status, code, reason, why: &str| Err(Refusal { status, code, reason, why: why.to_owned() });
    let account = &apple.account;
    let no_user = "Missing X-APPLE-WEBAUTH-USER cookie";
    if (region, partition) != (account.region, account.partition) {
        return refuse(421, "AUTHENTICATION_FAILED", no_user, "The account lives in another partition");
    }
    if let Some(why) = setup::broken_jar(request) {
        return refuse(421, "AUTHENTICATION_FAILED", no_user, &why);
    }
    let user = format!("\"{}\"", setup::user_cookie(account));
    if request.cookie("X-APPLE-WEBAUTH-USER") != Some(user) {
        return refuse(421, "AUTHENTICATION_FAILED", no_user, no_user);
    }
    let no_method = "no auth method found";
    let Some(token) = request.cookie("X-APPLE-WEBAUTH-TOKEN") else {
        return refuse(401, "AUTHENTICATION_FAILED", no_method, "Missing X-APPLE-WEBAUTH-TOKEN cookie");
    };
    match apple.vault.web_session(&token, now_ms) {
        Worth::Good(_) => {}
        Worth::Ended if account.misdirect_ended => {
            return refuse(421, "AUTHENTICATION_FAILED", no_user, "The session has ended");
        }
        Worth::Ended => return refuse(401, "AUTHENTICATION_FAILED", no_method, "The session has ended"),
        Worth::NeverIssued => {
            return refuse(401, "AUTHENTICATION_FAILED", no_method, "X-APPLE-WEBAUTH-TOKEN was never issued");
        }
    }
    let home = region.home();
    if request.header("Origin") != Some(home) {
        return refuse(403, "ACCESS_DENIED", "Origin is not allowed", "Origin is not HOME");
    }
    if !request.has_content_type("text/plain") {
        return refuse(400, "BAD_REQUEST", "Unexpected Content-Type", "Content-Type is not text/plain");
    }
    if account.kind == AccountKind::WebAccessOff {
        let reason = "private db access disabled for this account";
        return refuse(403, "ACCESS_DENIED", reason, "Web access is off");
    }
    if !setup::admits(apple, &setup::OF_PHOTOS, request, now_ms) {
        // Only the reason is known, from drivews; no document gives the code.
        let reason = "Missing PCS cookies from the request";
        return refuse(423, "AUTHENTICATION_FAILED", reason, "No device has consented");
    }
    if Photos::is_write(call) {
        return refuse(403, "ACCESS_DENIED", "Operation not permitted", "A writing call");
    }
    Ok(())
}

/// The headers of the service's answers.
pub(crate) fn dressed(reply: Reply, apple: &Apple, now_ms: i64) -> Reply {
    reply
        .header("Server", "AppleHttpServer/0123456789ab")
        .header("X-Apple-Request-UUID", uuid::Uuid::new_v4().to_string())
        .header("x-apple-user-partition", apple.account.partition.to_string())
        .header("Access-Control-Allow-Origin", apple.account.region.home())
        .header("Access-Control-Allow-Credentials", "true")
        .header("Date", crate::clock::http_date(now_ms))
}

fn error(status: u16, code: &str, reason: &str) -> Reply {
    let uuid = uuid::Uuid::new_v4().to_string();
    Reply::json(status, &json!({ "uuid": uuid, "serverErrorCode": code, "reason": reason }))
}
