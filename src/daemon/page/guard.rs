//! Who may ask what: names of hosts and origins, and what a browser is told about every answer.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use url::Url;

use super::{Page, html};
use crate::config;

/// Refuses requests that a page of somebody else makes in a person's browser, and adds to every answer what keeps it private.
pub(super) async fn guard(State(page): State<Arc<Page>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let foreign = !is_own_host(&page.settings, headers)
        || (request.method() != Method::GET && !is_own_origin(&page.settings, headers));
    let mut response = if foreign { StatusCode::FORBIDDEN.into_response() } else { next.run(request).await };
    let own = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        // Not `no-referrer`: with that, browsers send forms of this very page as from nowhere (`Origin: null`).
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        own.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&html::policy()) {
        own.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Whether a request is meant for this server: by number, as this machine, or by the name that the job file gives it. Another
/// name may be one that somebody else made point here.
fn is_own_host(settings: &config::Page, headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else { return false };
    is_own(settings, &format!("http://{host}"))
}

/// Whether a form was sent from a page of this server. Browsers say so; what is no browser need not.
fn is_own_origin(settings: &config::Page, headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
    if site.is_some_and(|site| !["same-origin", "none"].contains(&site)) {
        return false;
    }
    match headers.get(header::ORIGIN).map(|origin| origin.to_str()) {
        None => true,
        Some(Ok(origin)) => is_own(settings, origin) && is_of_host(settings, headers, origin),
        Some(Err(_)) => false,
    }
}

/// Whether an origin is the host that was asked.
fn is_of_host(settings: &config::Page, headers: &HeaderMap, origin: &str) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let authority = origin.split_once("://").map_or("", |(_, rest)| rest);
    authority == host || (!settings.address.is_empty() && origin == settings.address)
}

fn is_own(settings: &config::Page, address: &str) -> bool {
    let Ok(url) = Url::parse(address) else { return false };
    let name = url.host_str().unwrap_or_default();
    let given = Url::parse(&settings.address).ok().and_then(|given| given.host_str().map(str::to_owned));
    let numeric = name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    numeric || name == "localhost" || given.as_deref() == Some(name)
}

/// Whether the person sits at this machine, and no proxy speaks for somebody else.
pub(super) fn is_at_this_machine(settings: &config::Page, peer: SocketAddr, headers: &HeaderMap) -> bool {
    let proxied =
        ["x-forwarded-for", "forwarded", "x-real-ip"].iter().any(|name| headers.contains_key(*name));
    peer.ip().to_canonical().is_loopback() && !proxied && settings.address.is_empty()
}

/// Whether a password may be typed: it travels encrypted, or not at all.
pub(super) fn may_type_a_password(settings: &config::Page, peer: SocketAddr, headers: &HeaderMap) -> bool {
    settings.address.starts_with("https://") || is_at_this_machine(settings, peer, headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in list {
            headers.insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn only_own_hosts_and_origins_are_served() {
        let settings = config::Page { listen: None, address: "https://larder.example.com".into() };
        for (host, own) in [
            ("127.0.0.1:8578", true),
            ("[::1]:8578", true),
            ("localhost:8578", true),
            ("192.168.1.5:8578", true),
            ("larder.example.com", true),
            ("evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("", false),
        ] {
            assert_eq!(is_own_host(&settings, &headers(&[("host", host)])), own, "{host}");
        }
        for (list, own) in [
            (&[("host", "127.0.0.1:8578")][..], true),
            (&[("host", "127.0.0.1:8578"), ("origin", "http://127.0.0.1:8578")], true),
            (&[("host", "larder.example.com"), ("origin", "https://larder.example.com")], true),
            (&[("host", "127.0.0.1:8578"), ("origin", "http://127.0.0.1:9")], false),
            (&[("host", "127.0.0.1:8578"), ("origin", "null")], false),
            (&[("host", "127.0.0.1:8578"), ("origin", "http://evil.example")], false),
            (&[("host", "127.0.0.1:8578"), ("sec-fetch-site", "cross-site")], false),
        ] {
            assert_eq!(is_own_origin(&settings, &headers(list)), own, "{list:?}");
        }
    }

    #[test]
    fn passwords_are_typed_where_nobody_listens() {
        let (here, there) = ("127.0.0.1:9".parse().unwrap(), "192.168.1.9:9".parse().unwrap());
        let plain = config::Page::default();
        let none = headers(&[]);
        assert!(may_type_a_password(&plain, here, &none));
        assert!(!may_type_a_password(&plain, there, &none));
        assert!(!may_type_a_password(&plain, here, &headers(&[("x-forwarded-for", "1.2.3.4")])));
        let https = config::Page { listen: None, address: "https://larder.example.com".into() };
        assert!(may_type_a_password(&https, there, &none));
    }
}
