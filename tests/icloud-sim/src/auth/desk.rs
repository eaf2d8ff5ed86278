//! The sign-ins under way, each known by the `scnt` it was last given.

use super::srp::Handshake;
use super::{AuthTime, Refusal, demand};
use crate::clock::MINUTE_MS;
use crate::endpoint::AuthCall;
use crate::entropy::Entropy;
use crate::request::Incoming;
use std::collections::HashMap;

/// Minutes a sign-in may take; users report sessions that die after 10 to 30 (auth.md 7.3).
const LIFE_MINUTES: i64 = 30;

/// Sign-ins by `scnt`.
#[derive(Debug, Default)]
pub(crate) struct Desk(HashMap<String, SignIn>);

/// One sign-in, from the first AUTH request to trust.
#[derive(Debug)]
pub(crate) struct SignIn {
    pub(super) frame: String,
    pub(super) home: String,
    pub(super) attributes: String,
    pub(super) handshake: Option<(Handshake, String)>,
    /// `X-Apple-ID-Session-Id`, once the password was right.
    pub(super) session_id: Option<String>,
    pub(super) stage: Stage,
    started_ms: i64,
}

/// How far a sign-in has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The password has not been proven.
    Password,
    /// A code is needed.
    Code,
    /// `repair/complete` is needed; a second factor was passed before, or the account has none.
    Repair {
        /// It was passed.
        second_factor: bool,
    },
    /// Everything was passed; `2sv/trust` may follow.
    Verified,
    /// `2sv/trust` has been called.
    Trusted,
    /// Signed in to an account that trusts no browser.
    Finished,
}

impl SignIn {
    pub(super) fn new(entropy: &mut Entropy, frame: &str, now_ms: i64) -> SignIn {
        SignIn {
            frame: frame.to_owned(),
            home: String::new(),
            attributes: entropy.token(),
            handshake: None,
            session_id: None,
            stage: Stage::Password,
            started_ms: now_ms,
        }
    }
}

impl Desk {
    /// Finds the sign-in a request belongs to. Its `scnt` is used up by that.
    pub(super) fn take(
        &mut self,
        call: AuthCall,
        request: &Incoming,
        frame: &str,
        entropy: &mut Entropy,
        time: AuthTime,
    ) -> Result<SignIn, Refusal> {
        self.0.retain(|_, sign_in| time.now_ms - sign_in.started_ms < LIFE_MINUTES * MINUTE_MS);
        let home = demand::home(request).unwrap_or_default();
        let begins = matches!(call, AuthCall::Authorize | AuthCall::Federate | AuthCall::Init);
        let Some(scnt) = request.header("scnt") else {
            if begins {
                return Ok(SignIn { home: home.to_owned(), ..SignIn::new(entropy, frame, time.now_ms) });
            }
            return Err(stale("scnt is missing"));
        };
        let sign_in = self.0.remove(scnt).ok_or_else(|| stale("scnt is stale"))?;
        // The answer to a refused request opened a new sign-in that has no frame yet.
        let fresh = sign_in.frame.is_empty();
        let sign_in = if fresh {
            SignIn { frame: frame.to_owned(), home: home.to_owned(), ..sign_in }
        } else {
            sign_in
        };
        if sign_in.frame != frame || sign_in.home != home {
            return Err(stale("The frame tag or redirect URI is not the one this sign-in began with"));
        }
        if !begins && call != AuthCall::Complete {
            in_session(&sign_in, request).map_err(stale)?;
        }
        Ok(sign_in)
    }

    /// Keeps a sign-in under a new `scnt`.
    pub(super) fn put_back(&mut self, sign_in: SignIn, entropy: &mut Entropy) -> String {
        let scnt = entropy.token();
        self.0.insert(scnt.clone(), sign_in);
        scnt
    }
}

/// What a browser carries once the password was right; or else why a request has no part in the session.
fn in_session(sign_in: &SignIn, request: &Incoming) -> Result<(), &'static str> {
    let Some(id) = &sign_in.session_id else {
        return Err("The password has not been proven in this sign-in");
    };
    if request.header("X-Apple-ID-Session-Id") != Some(id) {
        return Err("X-Apple-ID-Session-Id is missing or another");
    }
    if request.cookie("aasp").as_ref() != Some(id) {
        return Err("The aasp cookie is missing or another");
    }
    Ok(())
}

fn stale(why: &str) -> Refusal {
    Refusal::new(401, "-20101", why)
}
