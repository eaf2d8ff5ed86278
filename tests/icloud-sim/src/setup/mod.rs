//! setup: from a session token to a web session and its service map (auth.md 9 to 11).

mod consent;
mod cookies;

pub(crate) use consent::{Consent, OF_DRIVE, OF_PHOTOS, admits};

use crate::answer::Answer;
use crate::apple::Apple;
use crate::clock::{self, DAY_MS};
use crate::config::{Account, AccountKind, DriveService, Region};
use crate::endpoint::SetupCall;
use crate::reply::Reply;
use crate::request::Incoming;
use crate::vault::Worth;
use cookies::Baker;
use serde_json::{Value, json};

/// The document of accountLogin and validate, with the shape of a recorded one.
const ACCOUNT: &str = include_str!("account.json");
/// The name part of `X_APPLE_WEB_KB-…`, a hash of the user.
const ACCOUNT_HASH: &str = "0A1B2C3D4E5F60718293A4B5C6D7";

/// A refusal of setup: status, text and the reason for the log.
struct Refusal(u16, &'static str, String);

/// Answers one SETUP request that came to the host of `region`.
pub(crate) fn answer(
    apple: &mut Apple,
    region: Region,
    call: SetupCall,
    request: &Incoming,
    now_ms: i64,
) -> Answer {
    let outcome = demand(region, call, request).and_then(|()| match call {
        SetupCall::AccountLogin => account_login(apple, region, request, now_ms),
        SetupCall::Validate => validate(apple, region, request, now_ms),
        SetupCall::Logout => logout(apple, request, now_ms),
        SetupCall::WebAccessState | SetupCall::EnableConsent | SetupCall::RequestPcs => {
            consent::answer(apple, region, call, request, now_ms)
        }
    });
    let (reply, note) = match outcome {
        Ok(reply) => (reply, None),
        Err(Refusal(status, text, why)) => {
            (Reply::json(status, &json!({ "success": false, "error": text })), Some(why))
        }
    };
    let reply = reply
        .header("Server", "AppleHttpServer/0123456789ab")
        .header("X-Apple-Request-UUID", uuid::Uuid::new_v4().to_string())
        .header("x-apple-user-partition", apple.account.partition.to_string())
        .header("Access-Control-Allow-Origin", region.home())
        .header("Access-Control-Allow-Credentials", "true")
        .header("Date", clock::http_date(now_ms));
    Answer { note, ..Answer::from(reply) }
}

/// The value of `X-APPLE-WEBAUTH-USER`, without its quotes.
pub(crate) fn user_cookie(account: &Account) -> String {
    format!("v=1:s=1:d={}", account.dsid)
}

/// Why the cookies of a request are no jar that Apple filled; none when they are in order.
pub(crate) fn broken_jar(request: &Incoming) -> Option<String> {
    // A jar that sends a deleted cookie's empty value breaks its session (auth.md 11).
    let (name, _) = request.cookies().into_iter().find(|(_, value)| value.is_empty())?;
    Some(format!("The cookie {name} was sent empty"))
}

fn demand(region: Region, call: SetupCall, request: &Incoming) -> Result<(), Refusal> {
    let home = region.home();
    if !request.is_browser() {
        return Err(Refusal(400, "Bad Request", "User-Agent is not a browser's".to_owned()));
    }
    if request.header("Origin") != Some(home)
        || request.header("Referer").and_then(|referer| referer.strip_suffix('/')) != Some(home)
    {
        return Err(Refusal(403, "Forbidden", "Origin and Referer are not HOME's".to_owned()));
    }
    let media_type = if call == SetupCall::Logout { "text/plain" } else { "application/json" };
    if !request.has_content_type(media_type) {
        return Err(Refusal(415, "Unsupported Media Type", format!("Content-Type is not {media_type}")));
    }
    if let Some(why) = broken_jar(request) {
        return Err(Refusal(421, "Failed to validate the credentials from cookie", why));
    }
    Ok(())
}

fn account_login(
    apple: &mut Apple,
    region: Region,
    request: &Incoming,
    now_ms: i64,
) -> Result<Reply, Refusal> {
    let body = request.json();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let (session_token, trust_token) = (text("dsWebAuthToken"), text("trustToken"));
    if session_token.is_empty() {
        return Err(Refusal(400, "Missing apple_id field", "dsWebAuthToken is missing".to_owned()));
    }
    let verified = match apple.vault.session_token(&session_token, now_ms) {
        Worth::Good(token) if token.home == region.home() => token.verified,
        Worth::Good(_) => return Err(invalid("The session token was asked for from another region's HOME")),
        Worth::NeverIssued => return Err(invalid("The session token was never issued")),
        Worth::Ended => {
            let why = "The session token has ended".to_owned();
            return Err(Refusal(421, "Failed to validate the credentials from cookie", why));
        }
    };
    if region != apple.account.region {
        return Ok(Reply::json(200, &json!({ "domainToUse": apple.account.region.domain_to_use() })));
    }
    let trust_ends = if has_second_factor(&apple.account) {
        apple.vault.trust_ends(&trust_token, now_ms)
    } else {
        Some(now_ms + i64::from(apple.account.trust_days) * DAY_MS)
    };
    let extended = body["extended_login"] == true;
    let days = extended.then_some(apple.account.session_days);
    let user = user_cookie(&apple.account);
    let mut baker = Baker { entropy: &mut apple.entropy, region, now_ms, days, lines: Vec::new() };
    baker.identity(&user, ACCOUNT_HASH);
    let trusted = match trust_ends.filter(|_| verified) {
        None => {
            for name in ["X-APPLE-WEBAUTH-LOGIN", "X-APPLE-WEBAUTH-VALIDATE"] {
                let value = baker.tagged("v=1:t=");
                baker.session(name, &value, name.ends_with("LOGIN"));
            }
            let value = baker.tagged("v=2:t=");
            baker.session("X-APPLE-WEBAUTH-HSA-LOGIN", &value, true);
            let value = baker.entropy.padded();
            baker.lasting("X-APPLE-DS-WEB-SESSION-TOKEN", &value);
            false
        }
        Some(ends_ms) => {
            let value = baker.tagged("");
            baker.until("X-APPLE-WEBAUTH-HSA-TRUST", &value, ends_ms);
            if apple.account.kind == AccountKind::Terms {
                let value = baker.entropy.token();
                baker.session("X-APPLE-WEBAUTH-REPAIR", &value, true);
            } else {
                baker.tombstone("X-APPLE-WEBAUTH-HSA-LOGIN");
                let value = baker.tagged("v=1:t=");
                baker.session("X-APPLE-WEBAUTH-LOGIN", &value, true);
                let cookie = baker.session_proper(apple.account.advanced_protection);
                let session_ends = now_ms + i64::from(apple.account.session_days) * DAY_MS;
                apple.vault.add_web_session(cookie, trust_token, session_ends);
            }
            true
        }
    };
    let lines = baker.lines;
    let reply = Reply::json(200, &document(&apple.account, trusted, extended));
    Ok(lines.into_iter().fold(reply, |reply, line| reply.header("Set-Cookie", line)))
}

fn validate(apple: &mut Apple, region: Region, request: &Incoming, now_ms: i64) -> Result<Reply, Refusal> {
    if request.body.as_ref() != b"null" {
        return Err(Refusal(400, "Bad Request", "The body is not null".to_owned()));
    }
    let cookie = request.cookie("X-APPLE-WEBAUTH-TOKEN").ok_or_else(no_token)?;
    let Worth::Good(session) = apple.vault.web_session(&cookie, now_ms) else {
        return Err(Refusal(421, "Missing X-APPLE-WEBAUTH-TOKEN cookie", "The session has ended".to_owned()));
    };
    let trust_token = session.trust_token.clone();
    let days = Some(apple.account.session_days);
    let mut baker = Baker { entropy: &mut apple.entropy, region, now_ms, days, lines: Vec::new() };
    let cookie = baker.session_proper(apple.account.advanced_protection);
    let lines = baker.lines;
    let ends_ms = now_ms + i64::from(apple.account.session_days) * DAY_MS;
    apple.vault.add_web_session(cookie, trust_token, ends_ms);
    let reply = Reply::json(200, &document(&apple.account, true, true));
    Ok(lines.into_iter().fold(reply, |reply, line| reply.header("Set-Cookie", line)))
}

fn logout(apple: &mut Apple, request: &Incoming, now_ms: i64) -> Result<Reply, Refusal> {
    let body = request.json();
    let trust_browser = body["trustBrowser"].as_bool();
    let (Some(trust_browser), true) = (trust_browser, body["allBrowsers"].is_boolean()) else {
        return Err(Refusal(400, "Bad Request", "trustBrowser or allBrowsers is missing".to_owned()));
    };
    if request.query.get("dsid") != Some(&apple.account.dsid) || !request.query.contains_key("clientId") {
        return Err(Refusal(400, "Bad Request", "dsid or clientId is missing in the query".to_owned()));
    }
    let cookie = request.cookie("X-APPLE-WEBAUTH-TOKEN").ok_or_else(no_token)?;
    if let Worth::Good(session) = apple.vault.web_session(&cookie, now_ms) {
        let trust_token = session.trust_token.clone();
        if !trust_browser {
            apple.vault.forget_trust(&trust_token);
        }
        apple.vault.end_web_session(&cookie);
    }
    Ok(Reply::json(200, &json!({ "success": true })))
}

fn no_token() -> Refusal {
    let text = "Missing X-APPLE-WEBAUTH-TOKEN cookie";
    Refusal(421, text, text.to_owned())
}

fn invalid(why: &str) -> Refusal {
    Refusal(400, "Invalid Session Token", why.to_owned())
}

fn has_second_factor(account: &Account) -> bool {
    account.kind != AccountKind::Repair
}

fn document(account: &Account, trusted: bool, extended: bool) -> Value {
    let text = ACCOUNT
        .replace("APPLE_ID", &account.apple_id)
        .replace("DSID", &account.dsid)
        .replace("pPARTITION-", &format!("p{}-", account.partition))
        .replace("DOMAIN", account.region.domain());
    let mut document: Value = serde_json::from_str(&text).unwrap_or_default();
    let factor = has_second_factor(account);
    document["dsInfo"]["hsaEnabled"] = json!(factor);
    document["dsInfo"]["hsaVersion"] = json!(match account.kind {
        AccountKind::Repair => 0,
        AccountKind::TwoStep => 1,
        _ => 2,
    });
    document["dsInfo"]["isWebAccessAllowed"] = json!(account.kind != AccountKind::WebAccessOff);
    document["dsInfo"]["countryCode"] = json!(match account.region {
        Region::Global => "USA",
        Region::China => "CHN",
    });
    document["hsaTrustedBrowser"] = json!(trusted);
    document["hsaChallengeRequired"] = json!(!trusted);
    document["pcsServiceIdentitiesIncluded"] = json!(trusted);
    document["iCDPEnabled"] = json!(account.advanced_protection);
    document["termsUpdateNeeded"] = json!(account.kind == AccountKind::Terms);
    document["isExtendedLogin"] = json!(extended);
    if let Some(services) = document["webservices"].as_object_mut() {
        for name in ["drivews", "docws"] {
            match account.drive {
                DriveService::Active => {}
                DriveService::Inactive => services[name]["status"] = json!("inactive"),
                DriveService::Absent => {
                    services.remove(name);
                }
            }
        }
    }
    document
}
