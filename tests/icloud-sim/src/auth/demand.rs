//! The headers an AUTH request must carry (auth.md 1.1).

use super::Refusal;
use crate::config::Region;
use crate::endpoint::AuthCall;
use crate::request::Incoming;

/// The public widget key of icloud.com (auth.md 1).
pub(crate) const WIDGET_KEY: &str = "d39ba9916b7251055b22c7f910e2ea796ee65e98b2ddecea8f5dde8d9d1a815d";

/// Headers that a browser does not send on `verify/*` and `2sv/trust`; captured traffic shows that they are
/// refused there (icloud-photos-sync PR #1104).
const FOREIGN: [&str; 4] = [
    "X-Requested-With",
    "X-Apple-Mandate-Security-Upgrade",
    "X-Apple-I-Require-UE",
    "X-Apple-I-FD-Client-Info",
];

/// The time a request is answered at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AuthTime {
    pub(crate) now_ms: i64,
}

/// Checks what every call demands and gives back its frame tag.
pub(super) fn headers(call: AuthCall, request: &Incoming) -> Result<String, Refusal> {
    if !request.is_browser() {
        return Err(Refusal::malformed(400, "User-Agent is not a browser's"));
    }
    if call == AuthCall::Authorize {
        return authorize_query(request);
    }
    for (name, expected) in [
        ("X-Apple-Widget-Key", WIDGET_KEY),
        ("X-Apple-OAuth-Client-Id", WIDGET_KEY),
        ("X-Apple-OAuth-Client-Type", "firstPartyAuth"),
        ("X-Apple-OAuth-Require-Grant-Code", "true"),
        ("X-Apple-OAuth-Response-Mode", "web_message"),
        ("X-Apple-OAuth-Response-Type", "code"),
    ] {
        if request.header(name) != Some(expected) {
            return Err(Refusal::malformed(400, format!("{name} is not {expected}")));
        }
    }
    home(request).ok_or_else(|| Refusal::malformed(400, "X-Apple-OAuth-Redirect-URI is not HOME"))?;
    if !request.body.is_empty() && !request.has_content_type("application/json") {
        return Err(Refusal::malformed(415, "Content-Type is not application/json"));
    }
    let signing_in = matches!(call, AuthCall::Federate | AuthCall::Init | AuthCall::Complete);
    let root = format!("https://{}", request.host);
    if signing_in && !comes_from(request, &root) {
        return Err(Refusal::malformed(403, "Origin and Referer are not the auth root's"));
    }
    let frame = request.header("X-Apple-OAuth-State").unwrap_or_default();
    let frame_id = request.header("X-Apple-Frame-Id").unwrap_or(frame);
    if !is_frame_tag(frame) || frame != frame_id {
        return Err(Refusal::malformed(400, "X-Apple-OAuth-State is not a frame tag"));
    }
    Ok(frame.to_owned())
}

/// HOME as this request names it.
pub(super) fn home(request: &Incoming) -> Option<&'static str> {
    let named = match request.query.get("redirect_uri") {
        Some(named) if request.path.ends_with("/authorize/signin") => Some(named.as_str()),
        _ => request.header("X-Apple-OAuth-Redirect-URI"),
    };
    [Region::Global, Region::China].into_iter().map(Region::home).find(|home| Some(*home) == named)
}

/// Whether a call after `signin/complete` comes from HOME, as a browser's would; or else why not.
pub(super) fn from_home(request: &Incoming) -> Result<(), String> {
    if !home(request).is_some_and(|home| comes_from(request, home)) {
        return Err("Origin and Referer are not HOME's".to_owned());
    }
    match FOREIGN.iter().find(|name| request.headers.contains_key(**name)) {
        Some(name) => Err(format!("{name} is not sent by browsers")),
        None => Ok(()),
    }
}

/// `apple.com` or `apple.com.cn`, the domain of the cookies.
pub(super) fn auth_domain(request: &Incoming) -> &'static str {
    if request.host == "idmsa.apple.com.cn" { "apple.com.cn" } else { "apple.com" }
}

fn comes_from(request: &Incoming, origin: &str) -> bool {
    request.header("Origin") == Some(origin)
        && request.header("Referer").and_then(|referer| referer.strip_suffix('/')) == Some(origin)
}

fn authorize_query(request: &Incoming) -> Result<String, Refusal> {
    let of = |name: &str| request.query.get(name).map(String::as_str).unwrap_or_default();
    for (name, expected) in
        [("client_id", WIDGET_KEY), ("response_type", "code"), ("response_mode", "web_message")]
    {
        if of(name) != expected {
            return Err(Refusal::malformed(400, format!("The query's {name} is not {expected}")));
        }
    }
    if home(request).is_none() {
        return Err(Refusal::malformed(400, "The query's redirect_uri is not HOME"));
    }
    let frame = of("state");
    if !is_frame_tag(frame) || of("frame_id") != frame || of("iframeId") != frame {
        return Err(Refusal::malformed(
            400,
            "The query's state, frame_id and iframeId are not one frame tag",
        ));
    }
    Ok(frame.to_owned())
}

fn is_frame_tag(text: &str) -> bool {
    text.strip_prefix("auth-").is_some_and(|id| uuid::Uuid::parse_str(id).is_ok() && id.to_lowercase() == id)
}
