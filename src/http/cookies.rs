//! Cookies, kept by the rules that Apple's sign-in needs.
//!
//! * A cookie for `.icloud.com` stays one across restarts: one client's jar came back as a cookie of
//!   `setup.icloud.com` alone, and the database hosts answered 401 after every restart (kei #217).
//! * Session cookies are kept too (kei #129): `X-APPLE-WEBAUTH-VALIDATE` is one.
//! * An empty value deletes, as does an expiry in the past: Apple tombstones `X-APPLE-WEBAUTH-HSA-LOGIN` that
//!   way, and sending the empty value breaks the session (rclone).
//! * Surrounding double quotes are part of the value.
//! * Nothing is kept for, or sent to, a host outside Apple's domains.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cookie_store::{Cookie, CookieExpiration, CookieStore};
use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderValue, SET_COOKIE};
use serde::{Deserialize, Serialize};
use url::Url;

use super::route;

/// Find My's cookie lives four hours and is of no use to larder; a stale one only does harm.
const DROPPED_ON_LOAD: &str = "X-APPLE-WEBAUTH-FMIP";

/// Longest line that is read as a cookie, and most cookies that are kept: several times what Apple sets. Without an end they
/// would grow the session file, and with it every request.
const LONGEST: usize = 8 << 10;
const MOST: usize = 200;

/// The cookies of one account. Clones share them.
#[derive(Clone, Default)]
pub struct Jar(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    store: CookieStore,
    changes: u64,
}

/// Cookies on their way to or from a file. Shows how many there are and nothing else.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SavedCookies(Vec<Cookie<'static>>);

impl Jar {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The `Cookie` header for a request to a logical address.
    pub(super) fn header(&self, url: &Url) -> Option<HeaderValue> {
        if !url.host_str().is_some_and(route::is_api_host) {
            return None;
        }
        let kept = self.kept();
        let pairs: Vec<String> =
            kept.store.get_request_values(url).map(|(name, value)| format!("{name}={value}")).collect();
        let mut header = HeaderValue::from_str(&pairs.join("; ")).ok().filter(|header| !header.is_empty())?;
        header.set_sensitive(true);
        Some(header)
    }

    /// Takes over the `Set-Cookie` headers of an answer from a logical address.
    pub(super) fn take(&self, url: &Url, headers: &HeaderMap) {
        if !url.host_str().is_some_and(route::is_api_host) {
            return;
        }
        let mut kept = self.kept();
        for line in headers.get_all(SET_COOKIE) {
            if line.len() > LONGEST {
                tracing::debug!(bytes = line.len(), "a cookie was refused: it is too long");
                continue;
            }
            match line.to_str().map(|line| Cookie::parse(with_readable_expiry(line), url)) {
                Ok(Ok(cookie)) => kept.set(cookie, url),
                Ok(Err(error)) => tracing::debug!(%error, "a cookie was refused"),
                Err(_) => tracing::debug!("a cookie that is not text was refused"),
            }
        }
    }

    /// Whether a live cookie of this name is there.
    pub fn has(&self, name: &str) -> bool {
        self.kept().store.iter_unexpired().any(|cookie| cookie.name() == name)
    }

    /// The latest expiry among live cookies whose name begins with `prefix`.
    pub fn expiry(&self, prefix: &str) -> Option<Timestamp> {
        let kept = self.kept();
        let live = kept.store.iter_unexpired().filter(|cookie| cookie.name().starts_with(prefix));
        live.filter_map(|cookie| match cookie.expires {
            CookieExpiration::AtUtc(at) => Timestamp::from_second(at.unix_timestamp()).ok(),
            CookieExpiration::SessionEnd => None,
        })
        .max()
    }

    /// Grows with every change, so that an unchanged jar need not be written again.
    pub fn changes(&self) -> u64 {
        self.kept().changes
    }

    /// What is to be written to a file: all live cookies, those of the session included.
    pub fn save(&self) -> SavedCookies {
        let mut cookies: Vec<_> = self.kept().store.iter_unexpired().cloned().collect();
        cookies.sort_by(|a, b| (a.name(), a.domain()).cmp(&(b.name(), b.domain())));
        SavedCookies(cookies)
    }

    /// Puts what was read from a file in place of everything.
    pub fn load(&self, saved: SavedCookies) {
        let wanted = saved.0.into_iter().filter(|cookie| cookie.name() != DROPPED_ON_LOAD);
        let loaded = CookieStore::from_cookies(wanted.map(Ok::<_, std::convert::Infallible>), false);
        let mut kept = self.kept();
        kept.store = loaded.unwrap_or_default();
        kept.changes += 1;
    }

    /// Forgets everything.
    pub fn clear(&self) {
        let mut kept = self.kept();
        kept.store.clear();
        kept.changes += 1;
    }
}

/// `Expires=Tue,16-Jan-2024 …`, which Apple has sent from `validate`, gets the blank after the comma that the
/// parser needs; without it the cookie would seem to have no end.
fn with_readable_expiry(line: &str) -> String {
    let readable = |(i, part): (usize, &str)| {
        let is_expiry =
            i > 0 && part.trim_start().get(..8).is_some_and(|name| name.eq_ignore_ascii_case("expires="));
        if is_expiry { part.replace(", ", ",").replace(',', ", ") } else { part.to_owned() }
    };
    line.split(';').enumerate().map(readable).collect::<Vec<_>>().join(";")
}

impl Kept {
    fn set(&mut self, cookie: Cookie<'static>, url: &Url) {
        let known = |known: &Cookie<'_>| known.name() == cookie.name();
        if self.store.iter_any().count() >= MOST && !self.store.iter_any().any(known) {
            tracing::debug!("a cookie was refused: there are too many");
            return;
        }
        let domain = String::from(&cookie.domain);
        if !route::is_api_host(&domain) {
            tracing::debug!(name = cookie.name(), "a cookie for a foreign domain was refused");
            return;
        }
        let path = String::from(&cookie.path);
        let name = cookie.name().to_owned();
        let old = self.store.get_any(&domain, &path, &name);
        if cookie.value().trim_matches('"').is_empty() || cookie.is_expired() {
            if self.store.remove(&domain, &path, &name).is_some() {
                self.changes += 1;
            }
            return;
        }
        if old.is_some_and(|old| old.value() == cookie.value() && old.expires == cookie.expires) {
            return;
        }
        match self.store.insert(cookie, url) {
            Ok(_) => self.changes += 1,
            Err(error) => tracing::debug!(name, %error, "a cookie was refused"),
        }
    }
}

impl fmt::Debug for Jar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Jar({} cookies)", self.kept().store.iter_unexpired().count())
    }
}

impl fmt::Debug for SavedCookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SavedCookies({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETUP: &str = "https://setup.icloud.com/setup/ws/1/accountLogin";
    const DATABASE: &str = "https://p142-ckdatabasews.icloud.com:443/database/1/x";

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn take(jar: &Jar, from: &str, lines: &[&str]) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(SET_COOKIE, line.parse().unwrap());
        }
        jar.take(&url(from), &headers);
    }

    fn sent(jar: &Jar, to: &str) -> Vec<String> {
        let header = jar.header(&url(to)).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        let mut pairs: Vec<String> =
            header.split("; ").filter(|p| !p.is_empty()).map(str::to_owned).collect();
        pairs.sort();
        pairs
    }

    fn restarted(jar: &Jar) -> Jar {
        let text = serde_json::to_string(&jar.save()).unwrap();
        let again = Jar::default();
        again.load(serde_json::from_str(&text).unwrap());
        again
    }

    #[test]
    fn quotes_and_odd_characters_come_back_as_they_were() {
        let jar = Jar::default();
        take(
            &jar,
            SETUP,
            &[
                "X-APPLE-WEBAUTH-TOKEN=\"v=2:t=EQ==BST_EXAMPLEtoken~~\";Expires=Sat, 13-Jun-2099 09:00:00 GMT;Path=/;Domain=.icloud.com;Secure;HttpOnly",
            ],
        );
        let expected = ["X-APPLE-WEBAUTH-TOKEN=\"v=2:t=EQ==BST_EXAMPLEtoken~~\""];
        assert_eq!(sent(&jar, SETUP), expected);
        assert_eq!(sent(&restarted(&jar), DATABASE), expected);
    }

    #[test]
    fn the_domain_and_session_cookies_survive_a_restart() {
        let jar = Jar::default();
        take(&jar, SETUP, &["X-APPLE-WEBAUTH-VALIDATE=\"v=1:t=a\";Path=/;Domain=.icloud.com;Secure"]);
        take(
            &jar,
            "https://idmsa.apple.com/appleauth/auth/signin/complete",
            &[
                "aasp=5B0E; Domain=idmsa.apple.com; Path=/; Secure; HttpOnly",
                "acn01=EXAMPLEacn01=; Max-Age=15552000; Domain=apple.com; Path=/; Secure; HttpOnly",
                "host=only; Path=/; Secure",
            ],
        );
        let jar = restarted(&restarted(&jar));
        assert_eq!(sent(&jar, DATABASE), ["X-APPLE-WEBAUTH-VALIDATE=\"v=1:t=a\""]);
        assert_eq!(
            sent(&jar, "https://idmsa.apple.com/x"),
            ["aasp=5B0E", "acn01=EXAMPLEacn01=", "host=only"]
        );
        assert_eq!(sent(&jar, "https://appleid.apple.com/x"), ["acn01=EXAMPLEacn01="]);
    }

    #[test]
    fn a_tombstone_deletes() {
        for tombstone in [
            "X-APPLE-WEBAUTH-HSA-LOGIN=;Expires=Thu, 01-Jan-1970 00:00:01 GMT;Path=/;Domain=.icloud.com;Secure;HttpOnly",
            "X-APPLE-WEBAUTH-HSA-LOGIN=;Path=/;Domain=.icloud.com;Secure;HttpOnly",
            "X-APPLE-WEBAUTH-HSA-LOGIN=\"\";Path=/;Domain=.icloud.com;Secure;HttpOnly",
            "X-APPLE-WEBAUTH-HSA-LOGIN=x;Expires=Thu, 01-Jan-1970 00:00:01 GMT;Path=/;Domain=.icloud.com;Secure;HttpOnly",
            "X-APPLE-WEBAUTH-HSA-LOGIN=x;Max-Age=0;Path=/;Domain=.icloud.com;Secure;HttpOnly",
        ] {
            let jar = Jar::default();
            take(
                &jar,
                SETUP,
                &["X-APPLE-WEBAUTH-HSA-LOGIN=\"v=2\";Path=/;Domain=.icloud.com;Secure;HttpOnly"],
            );
            assert!(jar.has("X-APPLE-WEBAUTH-HSA-LOGIN"));
            take(&jar, SETUP, &[tombstone]);
            assert!(!jar.has("X-APPLE-WEBAUTH-HSA-LOGIN"), "{tombstone}");
            assert!(sent(&jar, SETUP).is_empty());
        }
    }

    #[test]
    fn cookies_stay_with_apple() {
        let jar = Jar::default();
        take(&jar, "https://evil.example/", &["a=1; Path=/"]);
        take(
            &jar,
            SETUP,
            &["b=1; Path=/; Domain=com", "c=1; Path=/; Domain=.apple.com", "d=1; Path=/; Domain=.icloud.com"],
        );
        assert_eq!(sent(&jar, SETUP), ["d=1"]);
        for other in [
            "https://cvws.icloud-content.com/B/x",
            "https://icloud.com.evil.example/",
            "https://a.cdn-apple.com/",
        ] {
            assert!(sent(&jar, other).is_empty(), "{other}");
        }
    }

    #[test]
    fn find_my_is_dropped_on_load() {
        let jar = Jar::default();
        take(&jar, SETUP, &["X-APPLE-WEBAUTH-FMIP=x;Path=/;Domain=.icloud.com;Secure"]);
        assert!(jar.has("X-APPLE-WEBAUTH-FMIP"));
        assert!(!restarted(&jar).has("X-APPLE-WEBAUTH-FMIP"));
    }

    #[test]
    fn the_same_cookie_again_is_no_change() {
        let jar = Jar::default();
        let line = "X-APPLE-WEBAUTH-USER=\"v=1\";Expires=Sat, 13-Jun-2099 09:00:00 GMT;Path=/;Domain=.icloud.com;Secure";
        take(&jar, SETUP, &[line]);
        let before = jar.changes();
        take(&jar, SETUP, &[line]);
        assert_eq!(jar.changes(), before);
        take(&jar, SETUP, &[&line.replace("v=1", "v=2")]);
        assert_eq!(jar.changes(), before + 1);
    }

    #[test]
    fn the_end_of_trust_is_read_by_prefix() {
        let jar = Jar::default();
        take(
            &jar,
            SETUP,
            &[
                "X-APPLE-WEBAUTH-HSA-TRUST=\"a\";Expires=Sat, 13-Jun-2099 09:00:00 GMT;Path=/;Domain=.icloud.com;Secure",
                "X-APPLE-WEBAUTH-HSA-TRUST-0a1b=\"a\";Expires=Sun,14-Jun-2099 09:00:00 GMT;Path=/;Domain=.icloud.com;Secure",
            ],
        );
        assert_eq!(jar.expiry("X-APPLE-WEBAUTH-HSA-TRUST"), Some("2099-06-14T09:00:00Z".parse().unwrap()));
        assert_eq!(jar.expiry("X-APPLE-WEBAUTH-TOKEN"), None);
    }

    #[test]
    fn nothing_is_shown() {
        let jar = Jar::default();
        take(&jar, SETUP, &["a=canary;Path=/;Domain=.icloud.com;Secure"]);
        let shown = format!("{jar:?} {:?} {:?}", jar.save(), jar.header(&url(SETUP)));
        assert!(!shown.contains("canary"), "{shown}");
    }
}
