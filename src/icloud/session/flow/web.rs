//! The web session: does it hold, and if not, the sign-in that is stored or fresh made into one.

use jiff::Timestamp;

use super::{Effect, Flow};
use crate::icloud::session::answers::{Reply, Standing, other_region};
use crate::icloud::session::error::{Need, SessionError};
use crate::icloud::session::requests::Call;

impl Flow {
    pub(super) fn validated(&mut self, reply: &Reply, now: Timestamp) -> Effect {
        if reply.status != 200 {
            // It is strict: it refuses sessions that `accountLogin` renews.
            return self.claim(now);
        }
        match Standing::read(reply) {
            Standing::Needs(need) => self.needs(need, now),
            ready @ Standing::Ready { .. } => self.ready(ready, now),
            Standing::Untrusted | Standing::Broken => self.claim(now),
        }
    }

    /// Asks for a web session with the stored sign-in; without one that would only say `Missing apple_id
    /// field` (icloudpy #15).
    pub(super) fn claim(&mut self, now: Timestamp) -> Effect {
        if self.book.session_token.is_some() {
            self.send(Call::AccountLogin)
        } else {
            self.begin_handshake(now)
        }
    }

    /// Makes the handshake's tokens the stored ones and asks for a web session with them.
    pub(super) fn claim_fresh(&mut self, now: Timestamp) -> Effect {
        self.handshaken = true;
        if let Some(open) = &self.book.open {
            self.book.session_token.clone_from(&open.session_token);
            if open.account_country.is_some() {
                self.book.account_country.clone_from(&open.account_country);
            }
            if open.trust_token.is_some() {
                self.book.trust_token.clone_from(&open.trust_token);
                self.book.trusted_at = Some(now);
            }
        }
        self.send(Call::AccountLogin)
    }

    pub(super) fn claimed(&mut self, reply: &Reply, now: Timestamp) -> Effect {
        match (reply.status, Standing::read(reply)) {
            (200, Standing::Needs(need)) => self.needs(need, now),
            (200, ready @ Standing::Ready { .. }) => self.ready(ready, now),
            (200, Standing::Untrusted) if self.handshaken => self.untrusted(reply, now),
            (200, Standing::Untrusted) => self.begin_handshake(now),
            (200, Standing::Broken) if self.handshaken => self.unexpected(reply, now),
            (302, _) => {
                let region = Need::Region { domain: "another region".to_owned() };
                self.needs(other_region(&reply.body).unwrap_or(region), now)
            }
            (200 | 400 | 401 | 403 | 404 | 421 | 450 | 500, _) if !self.handshaken => {
                self.begin_handshake(now)
            }
            _ => self.unexpected(reply, now),
        }
    }

    /// The password was right, but the session is not trusted. Recordings of 2023 have it so: `complete` says
    /// 200 and the need for a code shows here.
    fn untrusted(&mut self, reply: &Reply, now: Timestamp) -> Effect {
        if self.asked_code {
            return self.fail(SessionError::NotTrusted { status: reply.status }, now);
        }
        // Whatever trust there was, Apple does not honour it.
        self.book.trust_token = None;
        self.book.trusted_at = None;
        if self.attended() { self.send(Call::Factors) } else { self.needs(Need::Code, now) }
    }

    fn ready(&mut self, standing: Standing, now: Timestamp) -> Effect {
        if let Standing::Ready { dsid, services } = standing {
            self.book.dsid = Some(dsid);
            self.book.services = services;
        }
        self.book.validated_at = Some(now);
        self.book.needs_user = None;
        self.book.retry_after = None;
        self.book.refusals = 0;
        self.book.open = None;
        Effect::Ready { asked_code: self.asked_code }
    }
}
