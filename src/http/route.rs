//! Where requests may go, and the way they travel.
//!
//! Every address is logical: `https://HOST/PATH`. With an endpoint set (a simulator on loopback) it travels as
//! `ENDPOINT/HOST/PATH`; host checks, cookies and redirects always work on the logical address.

use url::{Host, Url};

use super::error::HttpError;

/// Domains whose hosts get API calls and cookies.
const API_DOMAINS: [&str; 4] = ["icloud.com", "apple.com", "icloud.com.cn", "apple.com.cn"];

/// Domains whose hosts hand out bodies.
const CONTENT_DOMAINS: [&str; 3] = ["icloud-content.com", "icloud-content.com.cn", "cdn-apple.com"];

/// Whether `host` is one of `domains` or below one.
fn within(host: &str, domains: &[&str]) -> bool {
    domains
        .iter()
        .any(|domain| host.strip_suffix(domain).is_some_and(|front| front.is_empty() || front.ends_with('.')))
}

/// Whether cookies may be kept for `host` (lower case).
pub(super) fn is_api_host(host: &str) -> bool {
    within(host, &API_DOMAINS)
}

/// The host of a logical API address, or why it may not be asked.
pub(super) fn api_host(url: &Url) -> Result<&str, HttpError> {
    checked(url, is_api_host)
}

/// Where packages of Drive are made into one body, at a host of its own that nobody has written down.
const PACKAGES: &str = "/packageDownload";

/// Domains that such a host may be below, beside those of bodies.
const PACKAGE_DOMAINS: [&str; 2] = ["icloud.com", "icloud.com.cn"];

/// The host of a logical content address, or why it may not be asked. The bare domains are no content hosts.
pub(super) fn content_host(url: &Url) -> Result<&str, HttpError> {
    checked(url, |host| {
        let gives = |domains: &[&str]| within(host, domains) && !domains.contains(&host);
        gives(&CONTENT_DOMAINS) || (url.path().ends_with(PACKAGES) && gives(&PACKAGE_DOMAINS))
    })
}

fn checked(url: &Url, allowed: impl Fn(&str) -> bool) -> Result<&str, HttpError> {
    let host = url.host_str().unwrap_or_default();
    let plain = url.username().is_empty() && url.password().is_none();
    if url.scheme() == "https" && plain && allowed(host) {
        Ok(host)
    } else {
        Err(HttpError::Refused { host: host.to_owned() })
    }
}

/// The way requests travel.
#[derive(Debug, Clone)]
pub(super) enum Route {
    /// To the host itself.
    Direct,
    /// Everything to one place on loopback; the text has no trailing slash.
    Through { base: String, https: bool },
}

impl Route {
    /// Checks the endpoint setting: http or https, loopback only, so that a stray variable can never send a
    /// session to a stranger.
    pub(super) fn new(endpoint: Option<&Url>) -> Result<Self, HttpError> {
        let Some(endpoint) = endpoint else { return Ok(Self::Direct) };
        let https = match endpoint.scheme() {
            "http" => false,
            "https" => true,
            _ => return Err(HttpError::Endpoint { why: "it must be http or https" }),
        };
        let loopback = match endpoint.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        if !loopback {
            return Err(HttpError::Endpoint {
                why: "only loopback addresses such as `http://127.0.0.1:8080` are allowed",
            });
        }
        if endpoint.query().is_some() || endpoint.fragment().is_some() || !endpoint.username().is_empty() {
            return Err(HttpError::Endpoint { why: "it must be an address without user, query or fragment" });
        }
        Ok(Self::Through { base: endpoint.as_str().trim_end_matches('/').to_owned(), https })
    }

    /// The address that is put on the wire for a logical one.
    pub(super) fn wire(&self, logical: &Url) -> Result<Url, HttpError> {
        let Self::Through { base, .. } = self else { return Ok(logical.clone()) };
        let host = logical.host_str().unwrap_or_default();
        let port = logical.port().map(|port| format!(":{port}")).unwrap_or_default();
        let query = logical.query().map(|query| format!("?{query}")).unwrap_or_default();
        let text = format!("{base}/{host}{port}{}{query}", logical.path());
        Url::parse(&text)
            .map_err(|error| HttpError::Request { host: host.to_owned(), why: error.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn api_calls_go_to_apple_over_https_only() {
        for good in [
            "https://setup.icloud.com/a",
            "https://p61-ckdatabasews.icloud.com:443/b",
            "https://idmsa.apple.com.cn/",
        ] {
            assert!(api_host(&url(good)).is_ok(), "{good}");
        }
        for bad in [
            "http://setup.icloud.com/",
            "https://evil-icloud.com/",
            "https://icloud.com.evil.example/",
            "https://setup.icloud.com.evil.example/",
            "https://you@setup.icloud.com/",
            "https://cvws.icloud-content.com/",
            "https://127.0.0.1/",
        ] {
            assert!(api_host(&url(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn bodies_come_from_content_hosts_only() {
        for good in [
            "https://cvws.icloud-content.com/B/x",
            "https://cvws-h2.icloud-content.com.cn/",
            "https://a.cdn-apple.com/",
            "https://p142-content.icloud.com:443/packageDownload?o=1",
        ] {
            assert!(content_host(&url(good)).is_ok(), "{good}");
        }
        for bad in [
            "https://www.icloud.com/",
            "https://icloud.com/packageDownload",
            "https://evil.example/packageDownload",
            "http://cvws.icloud-content.com/",
            "https://xicloud-content.com/",
            "https://icloud-content.com/",
        ] {
            assert!(content_host(&url(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_endpoint_must_be_on_loopback() {
        for good in ["http://127.0.0.1:8080", "https://[::1]:4/", "http://localhost:1/x"] {
            assert!(Route::new(Some(&url(good))).is_ok(), "{good}");
        }
        for bad in [
            "http://192.168.1.1:80",
            "https://example.com",
            "ftp://127.0.0.1",
            "http://127.0.0.1?x=1",
            "http://localhost.example/",
        ] {
            assert!(Route::new(Some(&url(bad))).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_logical_address_travels_below_the_endpoint() {
        let route = Route::new(Some(&url("http://127.0.0.1:8080/"))).unwrap();
        for (logical, wire) in [
            (
                "https://setup.icloud.com/setup/ws/1/validate?a=b%20c",
                "http://127.0.0.1:8080/setup.icloud.com/setup/ws/1/validate?a=b%20c",
            ),
            (
                "https://p61-ckdatabasews.icloud.com:443/x",
                "http://127.0.0.1:8080/p61-ckdatabasews.icloud.com/x",
            ),
            ("https://p61-docws.icloud.com:8443/x", "http://127.0.0.1:8080/p61-docws.icloud.com:8443/x"),
        ] {
            assert_eq!(route.wire(&url(logical)).unwrap().as_str(), wire);
        }
        assert_eq!(
            Route::Direct.wire(&url("https://a.icloud.com/x")).unwrap().as_str(),
            "https://a.icloud.com/x"
        );
    }
}
