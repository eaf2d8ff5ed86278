//! The requests of the sign-in.
//!
//! Origin and referer are the sign-in service's own up to the password, and the web site's afterwards: code and
//! trust calls are checked against the OAuth redirect (icloud-photos-sync PR #1104). The same calls refuse
//! headers that a browser would not send, so the optional attributes header stays away from them.

use std::fmt;

use bytes::Bytes;
use serde_json::{Value, json};
use url::Url;

use super::book::{Book, OpenLogin, Token};
use super::endpoints::{BUILD_NUMBER, Endpoints, MASTERING_NUMBER, WIDGET_KEY};
use super::person::PhoneId;
use super::srp::Proof;
use crate::http::{Method, Request};

/// One request of the sign-in.
#[derive(Clone)]
pub(super) enum Call {
    /// The sign-in page, for its first cookies and counter.
    Page,
    /// Our half of the handshake.
    Init { a: String },
    /// The proof of the password; with the trust token, unless a new trust is wanted.
    Complete { proof: Proof, c: Value, trusted: bool },
    /// Says yes to whatever notice holds up the account.
    Repair,
    /// What can be used as second factor.
    Factors,
    /// Shows a code on the trusted devices. Voids the one shown before.
    Push,
    /// Sends a code to a phone.
    Send { id: PhoneId, mode: String },
    /// The code that the devices showed.
    DeviceCode { code: String },
    /// The code that was sent to a phone.
    PhoneCode { id: PhoneId, mode: String, code: String },
    /// Asks to be trusted from now on.
    Trust,
    /// Turns a sign-in into a web session.
    AccountLogin,
    /// Asks whether the web session still holds.
    Validate,
    /// Ends the web session.
    Logout,
    /// Asks whether the account may be read over the web, and whether a device has to agree.
    WebAccess,
    /// Has the devices ask the person to agree.
    AskConsent,
    /// Asks for the keys that a device handed out for an application. `by_person` as browsers say it of a click.
    TakeKeys { app: &'static str, by_person: bool },
}

impl Call {
    /// A name for messages.
    pub(super) fn step(&self) -> &'static str {
        match self {
            Self::Page => "authorize/signin",
            Self::Init { .. } => "signin/init",
            Self::Complete { .. } => "signin/complete",
            Self::Repair => "repair/complete",
            Self::Factors => "auth",
            Self::Push => "verify/trusteddevice",
            Self::Send { .. } => "verify/phone",
            Self::DeviceCode { .. } => "verify/trusteddevice/securitycode",
            Self::PhoneCode { .. } => "verify/phone/securitycode",
            Self::Trust => "2sv/trust",
            Self::AccountLogin => "accountLogin",
            Self::Validate => "validate",
            Self::Logout => "logout",
            Self::WebAccess => "requestWebAccessState",
            Self::AskConsent => "enableDeviceConsentForPCS",
            Self::TakeKeys { .. } => "requestPCS",
        }
    }

    /// Whether it goes to the sign-in service.
    pub(super) fn is_auth(&self) -> bool {
        !matches!(
            self,
            Self::AccountLogin
                | Self::Validate
                | Self::Logout
                | Self::WebAccess
                | Self::AskConsent
                | Self::TakeKeys { .. }
        )
    }

    /// Whether sending it twice does no more than sending it once, so that a lost answer may be asked for
    /// again.
    pub(super) fn is_repeatable(&self) -> bool {
        matches!(self, Self::Page | Self::Init { .. } | Self::Factors | Self::AccountLogin | Self::Validate)
    }

    /// The request, built anew for every try because the counter changes with every answer.
    pub(super) fn request(&self, book: &Book, endpoints: &Endpoints) -> Request {
        match self {
            Self::Page => page(book, endpoints),
            _ if self.is_auth() => self.auth(book, endpoints),
            _ => self.setup(book, endpoints),
        }
    }

    fn auth(&self, book: &Book, endpoints: &Endpoints) -> Request {
        let (method, path, body) = self.auth_parts(book);
        let mut url = below(&endpoints.auth, path);
        let mut origin = endpoints.home_origin();
        if matches!(self, Self::Init { .. } | Self::Complete { .. }) {
            origin = endpoints.auth_origin();
        }
        if matches!(self, Self::Complete { .. }) {
            url.set_query(Some("isRememberMeEnabled=true"));
        }
        let frame = book.frame_tag();
        let open = book.open.as_ref();
        let mut headers = vec![
            ("accept", "application/json".to_owned()),
            ("content-type", "application/json".to_owned()),
            ("x-apple-widget-key", WIDGET_KEY.to_owned()),
            ("x-apple-oauth-client-id", WIDGET_KEY.to_owned()),
            ("x-apple-oauth-client-type", "firstPartyAuth".to_owned()),
            ("x-apple-oauth-redirect-uri", endpoints.home_origin()),
            ("x-apple-oauth-require-grant-code", "true".to_owned()),
            ("x-apple-oauth-response-mode", "web_message".to_owned()),
            ("x-apple-oauth-response-type", "code".to_owned()),
            ("x-apple-oauth-state", frame.clone()),
            ("x-apple-frame-id", frame),
            ("referer", format!("{origin}/")),
            ("origin", origin),
        ];
        let mut carry = |name, token: fn(&OpenLogin) -> Option<&Token>| {
            headers.extend(open.and_then(token).map(|token| (name, token.expose().to_owned())));
        };
        carry("scnt", |open| open.scnt.as_ref());
        carry("x-apple-id-session-id", |open| open.session_id.as_ref());
        if matches!(self, Self::Init { .. } | Self::Complete { .. }) {
            carry("x-apple-auth-attributes", |open| open.auth_attributes.as_ref());
        }
        let request = with_headers(Request::new(method.clone(), url), &headers);
        if method == Method::GET { request } else { request.body(body) }
    }

    fn auth_parts(&self, book: &Book) -> (Method, &'static str, Bytes) {
        let name = &book.account_name;
        match self {
            Self::Init { a } => {
                let body = json!({"a": a, "accountName": name, "protocols": ["s2k", "s2k_fo"]});
                (Method::POST, "signin/init", bytes(&body))
            }
            Self::Complete { proof, c, trusted } => {
                let tokens: Vec<&str> =
                    book.trust_token.as_ref().filter(|_| *trusted).map(Token::expose).into_iter().collect();
                let body = json!({
                    "accountName": name, "c": c, "m1": proof.m1, "m2": proof.m2,
                    "rememberMe": true, "trustTokens": tokens,
                });
                (Method::POST, "signin/complete", bytes(&body))
            }
            Self::Repair => (Method::POST, "repair/complete", Bytes::from_static(b"{}")),
            Self::Push => (Method::PUT, "verify/trusteddevice/securitycode", Bytes::new()),
            Self::Send { id, mode } => {
                let body = json!({"phoneNumber": {"id": id}, "mode": mode});
                (Method::PUT, "verify/phone", bytes(&body))
            }
            Self::DeviceCode { code } => {
                let body = json!({"securityCode": {"code": code}});
                (Method::POST, "verify/trusteddevice/securitycode", bytes(&body))
            }
            Self::PhoneCode { id, mode, code } => {
                let body = json!({"phoneNumber": {"id": id}, "securityCode": {"code": code}, "mode": mode});
                (Method::POST, "verify/phone/securitycode", bytes(&body))
            }
            Self::Trust => (Method::GET, "2sv/trust", Bytes::new()),
            _ => (Method::GET, "", Bytes::new()),
        }
    }

    fn setup(&self, book: &Book, endpoints: &Endpoints) -> Request {
        let text =
            |token: &Option<Token>| token.as_ref().map_or(String::new(), |token| token.expose().to_owned());
        let json_type = "application/json";
        let (path, media, body) = match self {
            Self::AccountLogin => {
                let body = json!({
                    "accountCountryCode": book.account_country, "dsWebAuthToken": text(&book.session_token),
                    "extended_login": true, "trustToken": text(&book.trust_token),
                });
                ("accountLogin", json_type, bytes(&body))
            }
            Self::Logout => {
                let body = json!({"trustBrowser": false, "allBrowsers": false});
                ("logout", "text/plain;charset=UTF-8", bytes(&body))
            }
            Self::WebAccess | Self::AskConsent => (self.step(), json_type, Bytes::new()),
            Self::TakeKeys { app, by_person } => {
                let body = json!({"appName": app, "derivedFromUserAction": by_person});
                (self.step(), json_type, bytes(&body))
            }
            _ => ("validate", json_type, Bytes::from_static(b"null")),
        };
        let mut url = below(&endpoints.setup, path);
        add_client_query(&mut url, book);
        with_headers(Request::new(Method::POST, url), &site_headers(endpoints, media)).body(body)
    }
}

// Codes and proofs are secrets.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({})", self.step())
    }
}

/// A call of a service: `base` is its address from the service map, `path` may carry a query.
pub(super) fn service_request(
    base: &str,
    path: &str,
    body: Option<Bytes>,
    book: &Book,
    endpoints: &Endpoints,
) -> Option<Request> {
    let base = Url::parse(base).ok()?;
    let mut url = base.join(path).ok()?;
    // A path must never lead to another host.
    if url.origin() != base.origin() {
        return None;
    }
    add_client_query(&mut url, book);
    let headers = site_headers(endpoints, "text/plain");
    Some(match body {
        Some(body) => with_headers(Request::new(Method::POST, url), &headers).body(body),
        None => with_headers(Request::new(Method::GET, url), &headers),
    })
}

fn page(book: &Book, endpoints: &Endpoints) -> Request {
    let frame = book.frame_tag();
    let home = endpoints.home_origin();
    let mut url = below(&endpoints.auth, "authorize/signin");
    url.query_pairs_mut().extend_pairs([
        ("frame_id", frame.as_str()),
        ("language", "en_US"),
        ("skVersion", "7"),
        ("iframeId", frame.as_str()),
        ("client_id", WIDGET_KEY),
        ("redirect_uri", home.as_str()),
        ("response_type", "code"),
        ("response_mode", "web_message"),
        ("state", frame.as_str()),
        ("authVersion", "latest"),
    ]);
    with_headers(Request::new(Method::GET, url), &[("accept", "*/*".to_owned())])
}

fn site_headers(endpoints: &Endpoints, media: &str) -> [(&'static str, String); 4] {
    let origin = endpoints.home_origin();
    [
        ("accept", "*/*".to_owned()),
        ("content-type", media.to_owned()),
        ("referer", format!("{origin}/")),
        ("origin", origin),
    ]
}

fn add_client_query(url: &mut Url, book: &Book) {
    let mut query = url.query_pairs_mut();
    query.append_pair("clientBuildNumber", BUILD_NUMBER);
    query.append_pair("clientMasteringNumber", MASTERING_NUMBER);
    query.append_pair("clientId", &book.client_id.to_string());
    if let Some(dsid) = &book.dsid {
        query.append_pair("dsid", dsid);
    }
}

fn with_headers(request: Request, headers: &[(&'static str, String)]) -> Request {
    headers.iter().fold(request, |request, (name, value)| request.header(name, value))
}

/// `base` with `path` below it.
fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    if !path.is_empty() {
        url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    }
    url
}

fn bytes(body: &Value) -> Bytes {
    Bytes::from(body.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_call_stays_with_its_service() {
        let (mut book, endpoints) = (Book::new("you@example.com"), Endpoints::global().unwrap());
        book.dsid = Some("1".to_owned());
        let base = "https://p61-ckdatabasews.icloud.com:443";
        let made = |path: &str| service_request(base, path, Some(Bytes::new()), &book, &endpoints);
        let url = made("/database/1/x?remapEnums=true").unwrap().url().to_string();
        let client = book.client_id;
        assert_eq!(
            url,
            format!(
                "https://p61-ckdatabasews.icloud.com/database/1/x?remapEnums=true&clientBuildNumber=2534Project66\
                 &clientMasteringNumber=2534B22&clientId={client}&dsid=1"
            )
        );
        for elsewhere in
            ["//evil.example/x", "https://evil.example/x", "http://p61-ckdatabasews.icloud.com/x"]
        {
            assert!(made(elsewhere).is_none(), "{elsewhere}");
        }
    }

    #[test]
    fn the_page_is_asked_for_as_browsers_do() {
        let (book, endpoints) = (Book::new("you@example.com"), Endpoints::global().unwrap());
        let url = Call::Page.request(&book, &endpoints).url().to_string();
        assert!(
            url.starts_with("https://idmsa.apple.com/appleauth/auth/authorize/signin?frame_id=auth-"),
            "{url}"
        );
        assert!(url.contains("&redirect_uri=https%3A%2F%2Fwww.icloud.com&"), "{url}");
    }
}
