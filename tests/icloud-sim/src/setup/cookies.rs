//! The cookies of the web session (auth.md 11; fixtures 26, 27, 30 and 34).

use crate::clock::{self, DAY_MS};
use crate::config::Region;
use crate::entropy::Entropy;

/// PCS cookies of an account without Advanced Data Protection.
const PCS: [&str; 8] = ["Documents", "Photos", "Cloudkit", "Safari", "Mail", "Notes", "News", "Sharing"];

/// Writes `Set-Cookie` lines for one answer.
pub(super) struct Baker<'a> {
    pub(super) entropy: &'a mut Entropy,
    pub(super) region: Region,
    pub(super) now_ms: i64,
    /// Days of the long-lived cookies; none makes them end with the browser (`extended_login` was false).
    pub(super) days: Option<u32>,
    pub(super) lines: Vec<String>,
}

impl Baker<'_> {
    /// A cookie without an end, `HttpOnly` or not.
    pub(super) fn session(&mut self, name: &str, value: &str, http_only: bool) {
        let line = format!("{name}=\"{value}\";Path=/;Domain=.{};Secure", self.region.domain());
        self.lines.push(if http_only { format!("{line};HttpOnly") } else { line });
    }

    /// A cookie that lives as long as the session.
    pub(super) fn lasting(&mut self, name: &str, value: &str) {
        match self.days {
            Some(days) => self.until(name, value, self.now_ms + i64::from(days) * DAY_MS),
            None => self.session(name, value, true),
        }
    }

    /// A cookie with an end.
    pub(super) fn until(&mut self, name: &str, value: &str, ends_ms: i64) {
        let expires = clock::cookie_date(ends_ms);
        let domain = self.region.domain();
        self.lines
            .push(format!("{name}=\"{value}\";Expires={expires};Path=/;Domain=.{domain};Secure;HttpOnly"));
    }

    /// Deletes a cookie.
    pub(super) fn tombstone(&mut self, name: &str) {
        self.lines.push(format!(
            "{name}=;Expires=Thu, 01-Jan-1970 00:00:01 GMT;Path=/;Domain=.{};Secure;HttpOnly",
            self.region.domain()
        ));
    }

    /// What every accountLogin sets: the browser and the user.
    pub(super) fn identity(&mut self, user: &str, account_hash: &str) {
        let client = self.entropy.hex::<1>();
        self.session("X-APPLE-UNIQUE-CLIENT-ID", &format!("{client}=="), false);
        self.lasting("X-APPLE-WEBAUTH-USER", user);
        let kb = self.tagged("v=1:t=");
        match self.days {
            Some(_) => self.until(&format!("X_APPLE_WEB_KB-{account_hash}"), &kb, self.now_ms + 60 * DAY_MS),
            None => self.session(&format!("X_APPLE_WEB_KB-{account_hash}"), &kb, true),
        }
    }

    /// What a session in use is refreshed with; gives back the value of `X-APPLE-WEBAUTH-TOKEN`, quotes included.
    ///
    /// An account with Advanced Data Protection gets no PCS cookies here (fixture 28).
    pub(super) fn session_proper(&mut self, protected: bool) -> String {
        let validate = self.tagged("v=1:t=");
        self.session("X-APPLE-WEBAUTH-VALIDATE", &validate, false);
        let token = self.tagged("v=2:t=");
        self.lasting("X-APPLE-WEBAUTH-TOKEN", &token);
        let ds = self.entropy.padded();
        self.lasting("X-APPLE-DS-WEB-SESSION-TOKEN", &ds);
        for service in PCS.iter().filter(|_| !protected) {
            let value = self.entropy.padded();
            self.lasting(&format!("X-APPLE-WEBAUTH-PCS-{service}"), &value);
        }
        format!("\"{token}\"")
    }

    /// A random value as Apple's cookies have them: a prefix, a client tag, tildes at the end.
    pub(super) fn tagged(&mut self, prefix: &str) -> String {
        format!("{prefix}EQ==BST_{}~~", self.entropy.token())
    }
}
