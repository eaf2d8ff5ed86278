//! The tokens Apple has given out, and until when each is good.

use crate::fault::Loss;
use std::collections::HashMap;

/// Every token of the account.
#[derive(Debug, Default)]
pub(crate) struct Vault {
    session_tokens: HashMap<String, SessionToken>,
    trust_tokens: HashMap<String, i64>,
    web_sessions: HashMap<String, WebSession>,
}

/// A `dsWebAuthToken`.
#[derive(Debug, Clone)]
pub(crate) struct SessionToken {
    /// The second factor was passed, or the account has none.
    pub(crate) verified: bool,
    /// HOME it was asked for from: tokens are per region (auth.md 9.1).
    pub(crate) home: String,
    pub(crate) ends_ms: i64,
}

/// A session that `X-APPLE-WEBAUTH-TOKEN` stands for.
#[derive(Debug, Clone)]
pub(crate) struct WebSession {
    pub(crate) trust_token: String,
    ends_ms: i64,
}

/// What a presented token is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Worth<T> {
    Good(T),
    Ended,
    NeverIssued,
}

impl Vault {
    pub(crate) fn add_session_token(&mut self, token: String, entry: SessionToken) {
        self.session_tokens.insert(token, entry);
    }

    pub(crate) fn session_token(&self, token: &str, now_ms: i64) -> Worth<&SessionToken> {
        match self.session_tokens.get(token) {
            Some(entry) if now_ms < entry.ends_ms => Worth::Good(entry),
            Some(_) => Worth::Ended,
            None => Worth::NeverIssued,
        }
    }

    pub(crate) fn add_trust_token(&mut self, token: String, ends_ms: i64) {
        self.trust_tokens.insert(token, ends_ms);
    }

    /// When a trust token ends, if it has not yet.
    pub(crate) fn trust_ends(&self, token: &str, now_ms: i64) -> Option<i64> {
        self.trust_tokens.get(token).copied().filter(|ends| now_ms < *ends)
    }

    pub(crate) fn forget_trust(&mut self, token: &str) {
        self.trust_tokens.remove(token);
    }

    pub(crate) fn add_web_session(&mut self, cookie: String, trust_token: String, ends_ms: i64) {
        self.web_sessions.insert(cookie, WebSession { trust_token, ends_ms });
    }

    pub(crate) fn web_session(&self, cookie: &str, now_ms: i64) -> Worth<&WebSession> {
        match self.web_sessions.get(cookie) {
            Some(entry) if now_ms < entry.ends_ms => Worth::Good(entry),
            Some(_) => Worth::Ended,
            None => Worth::NeverIssued,
        }
    }

    pub(crate) fn end_web_session(&mut self, cookie: &str) {
        if let Some(entry) = self.web_sessions.get_mut(cookie) {
            entry.ends_ms = i64::MIN;
        }
    }

    /// Ends what a client holds. Ended tokens stay known: they are told from tokens never issued.
    pub(crate) fn lose(&mut self, loss: Loss) {
        self.web_sessions.values_mut().for_each(|entry| entry.ends_ms = i64::MIN);
        if loss >= Loss::Tokens {
            self.session_tokens.values_mut().for_each(|entry| entry.ends_ms = i64::MIN);
        }
        if loss >= Loss::Trust {
            self.trust_tokens.clear();
        }
    }
}
