//! What is known about a session: everything that outlives the process, cookies aside.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use super::app::App;
use super::budget::Budget;
use super::endpoints::Region;
use super::error::Need;
use super::person::{Phone, PhoneId};

/// How long a stored service map is used without asking whether the session still holds.
const FRESH: SignedDuration = SignedDuration::from_hours(20);

/// How long trust lasts when no cookie tells (docker-icloudpd #524: 30 days since March 2024).
const TRUST: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A code that was asked for is waited for this long; Apple's sign-in session dies in 10 to 30 minutes.
const LOGIN_LIFE: SignedDuration = SignedDuration::from_mins(15);

/// A bearer secret: never shown, wiped when dropped.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Token(String);

impl Token {
    pub(super) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// One entry of the service map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ServiceEntry {
    /// Base address with the account's partition, such as `https://p142-ckdatabasews.icloud.com:443`.
    pub(super) url: String,
    /// `active` when the service is set up on the account.
    pub(super) active: bool,
}

/// Why the person must act, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeedsUser {
    /// What is needed.
    pub why: Need,
    /// When this was first seen.
    pub since: Timestamp,
}

/// How a code is on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Via {
    /// Shown on trusted devices.
    Devices,
    /// To a phone.
    Phone {
        id: PhoneId,
        /// `sms` or `voice`.
        mode: String,
    },
}

/// A handshake that is under way, across processes when a code is waited for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OpenLogin {
    pub(super) since: Timestamp,
    pub(super) scnt: Option<Token>,
    pub(super) session_id: Option<Token>,
    pub(super) auth_attributes: Option<Token>,
    pub(super) session_token: Option<Token>,
    pub(super) trust_token: Option<Token>,
    pub(super) account_country: Option<String>,
    pub(super) phones: Vec<Phone>,
    pub(super) via: Option<Via>,
    pub(super) wrong_codes: u32,
}

/// How long a service whose keys are missing is not asked again without a person.
const ASK_AGAIN: SignedDuration = SignedDuration::from_hours(7 * 24);

impl OpenLogin {
    pub(super) fn new(since: Timestamp) -> Self {
        Self {
            since,
            scnt: None,
            session_id: None,
            auth_attributes: None,
            session_token: None,
            trust_token: None,
            account_country: None,
            phones: Vec::new(),
            via: None,
            wrong_codes: 0,
        }
    }

    /// Whether a code was asked for a short while ago.
    pub(super) fn waits_for_code(&self, now: Timestamp) -> bool {
        self.via.is_some() && now.duration_since(self.since) < LOGIN_LIFE
    }
}

/// The session of one account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Book {
    pub(super) account_name: String,
    /// The web site that it is of: tokens of another region are worth nothing. `None` in files of older larders, which knew
    /// the global one alone.
    #[serde(default)]
    pub(super) home: Option<String>,
    /// Made once, then used for ever: Apple sees one browser.
    pub(super) client_id: uuid::Uuid,
    pub(super) session_token: Option<Token>,
    pub(super) trust_token: Option<Token>,
    pub(super) account_country: Option<String>,
    pub(super) dsid: Option<String>,
    pub(super) services: BTreeMap<String, ServiceEntry>,
    pub(super) validated_at: Option<Timestamp>,
    pub(super) trusted_at: Option<Timestamp>,
    pub(super) needs_user: Option<NeedsUser>,
    /// Applications whose keys only a device hands out that was not asked, by Apple's name, and since when. A sign-in by a
    /// person forgets it.
    #[serde(default)]
    pub(super) without_consent: BTreeMap<String, Timestamp>,
    /// Apple asked to be left alone until then.
    pub(super) retry_after: Option<Timestamp>,
    /// How often in a row it did, for the next wait.
    pub(super) refusals: u32,
    pub(super) budget: Budget,
    pub(super) open: Option<OpenLogin>,
}

impl Book {
    /// A book in which nothing is written yet.
    pub(super) fn new(account_name: &str) -> Self {
        Self {
            account_name: account_name.to_owned(),
            home: None,
            client_id: uuid::Uuid::new_v4(),
            session_token: None,
            trust_token: None,
            account_country: None,
            dsid: None,
            services: BTreeMap::new(),
            validated_at: None,
            trusted_at: None,
            needs_user: None,
            without_consent: BTreeMap::new(),
            retry_after: None,
            refusals: 0,
            budget: Budget::default(),
            open: None,
        }
    }

    /// The tag that must stay the same from the first page to the trust call. Other clients use the client id
    /// for it as well (icloudpd, kei), so it needs no memory of its own.
    pub(super) fn frame_tag(&self) -> String {
        format!("auth-{}", self.client_id)
    }

    /// Whether services may be asked with what is stored, without asking first.
    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        let age = self.validated_at.map(|at| now.duration_since(at));
        // A clock that was set back makes the age negative, which is no freshness.
        age.is_some_and(|age| !age.is_negative() && age < FRESH)
            && self.dsid.is_some()
            && !self.services.is_empty()
    }

    /// Whether keys were missing a short while ago that only a device hands out.
    pub(super) fn wants_consent(&self, app: App, now: Timestamp) -> bool {
        let age = self.without_consent.get(app.name()).map(|at| now.duration_since(*at));
        age.is_some_and(|age| !age.is_negative() && age < ASK_AGAIN)
    }

    /// Where Apple keeps the account: as it said when it refused a sign-in elsewhere, or where the session is of.
    pub(super) fn region(&self) -> Region {
        if let Some(NeedsUser { why: Need::Region { domain }, .. }) = &self.needs_user {
            return Region::of(domain);
        }
        self.home.as_deref().map_or(Region::Global, Region::of)
    }

    /// When trust ends as far as the book knows.
    pub(super) fn trust_end(&self) -> Option<Timestamp> {
        self.trusted_at?.checked_add(TRUST).ok()
    }
}

// Nothing of it is for logs: half of it are tokens, and the account name is the Apple ID.
impl fmt::Debug for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Book").field("validated_at", &self.validated_at).finish_non_exhaustive()
    }
}

impl fmt::Debug for OpenLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenLogin").field("since", &self.since).finish_non_exhaustive()
    }
}
