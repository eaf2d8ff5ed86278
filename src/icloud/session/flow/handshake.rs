//! The password: page, init, proof, complete, and the repair that some accounts want.

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use super::{Aim, Effect, Flow, Sums, Then};
use crate::icloud::session::answers::{APP_PASSWORD, LOCKED, Reply};
use crate::icloud::session::book::OpenLogin;
use crate::icloud::session::budget::Leave;
use crate::icloud::session::error::{Need, SessionError};
use crate::icloud::session::person::Notice;
use crate::icloud::session::refused::Refused;
use crate::icloud::session::requests::Call;
use crate::icloud::session::srp::{Challenge, Ephemeral, Proof, SrpError};

/// How often a handshake whose numbers are ambiguous is drawn anew.
const MOST_DRAWS: u32 = 3;

/// How often a person may be asked for the password.
const MOST_PASSWORDS: u32 = 3;

/// Trust older than this is renewed along the way, when a sign-in needed no code.
const AGEING_TRUST: SignedDuration = SignedDuration::from_hours(14 * 24);

#[derive(Default)]
pub(super) struct State {
    password: Option<SecretString>,
    passwords_asked: u32,
    ephemeral: Option<Ephemeral>,
    challenge: Option<Challenge>,
    draws: u32,
    restarted: bool,
}

impl Flow {
    /// Begins a handshake, once the password is there and the budget allows it.
    pub(super) fn begin_handshake(&mut self, now: Timestamp) -> Effect {
        if let Aim::Unattended { may_handshake, .. } = self.aim {
            // A person is about to enter a code for a sign-in of their own; a second one would void it.
            if self.book.open.as_ref().is_some_and(|open| open.waits_for_code(now)) {
                return Effect::Fail(Need::Code.into());
            }
            if !may_handshake {
                return Effect::Fail(SessionError::RenewalsUseless { status: 401 });
            }
        }
        if self.handshake.password.is_none() {
            return Effect::AskPassword;
        }
        match self.book.budget.ask(now) {
            Leave::Granted => {}
            Leave::In(wait) => return self.pause(wait, Then::Handshake),
            Leave::NotBefore(until) => return self.fail(SessionError::BudgetSpent { until }, now),
        }
        self.book.budget.spend(now);
        self.handshake.draws = 0;
        self.open_page(now)
    }

    fn open_page(&mut self, now: Timestamp) -> Effect {
        self.book.open = Some(OpenLogin::new(now));
        self.send(Call::Page)
    }

    pub(super) fn password(&mut self, password: Option<SecretString>, now: Timestamp) -> Effect {
        match password {
            None if self.attended() => self.fail(SessionError::GaveUp, now),
            None => self.needs(Need::SignIn, now),
            Some(password) => {
                self.handshake.password = Some(password);
                self.handshake.passwords_asked += 1;
                self.begin_handshake(now)
            }
        }
    }

    pub(super) fn drawn(&mut self, drawn: Result<Ephemeral, SrpError>, now: Timestamp) -> Effect {
        match drawn {
            Ok(ephemeral) => {
                let a = ephemeral.public();
                self.handshake.ephemeral = Some(ephemeral);
                self.send(Call::Init { a })
            }
            Err(error) => self.fail(error.into(), now),
        }
    }

    pub(super) fn challenged(&mut self, reply: &Reply, now: Timestamp) -> Effect {
        // A 409 with a challenge has been taken as success (kei).
        if reply.ok() || (reply.status == 409 && reply.body.get("salt").is_some()) {
            return match Challenge::parse(&reply.body) {
                Ok(challenge) => {
                    self.handshake.challenge = Some(challenge);
                    self.sums(now)
                }
                Err(error) => self.fail(error.into(), now),
            };
        }
        match reply.status {
            _ if reply.has_code(LOCKED) => self.needs(Need::Locked, now),
            // No proof has been sent, so this says nothing about the password: stale context or unknown name.
            401 if !self.handshake.restarted => {
                self.handshake.restarted = true;
                self.open_page(now)
            }
            401 => self.fail(SessionError::UnknownAccount, now),
            403 => self.fail(SessionError::Refused { status: 403 }, now),
            _ => self.unexpected(reply, now),
        }
    }

    fn sums(&mut self, now: Timestamp) -> Effect {
        let State {
            password: Some(password), ephemeral: Some(ephemeral), challenge: Some(challenge), ..
        } = &self.handshake
        else {
            return self.fail(SessionError::Interrupted, now);
        };
        Effect::Prove(Box::new(Sums {
            ephemeral: ephemeral.clone(),
            account_name: self.book.account_name.clone(),
            password: password.clone(),
            challenge: challenge.clone(),
        }))
    }

    pub(super) fn proved(&mut self, proved: Result<Proof, SrpError>, now: Timestamp) -> Effect {
        match proved {
            Ok(proof) => {
                let c = self.handshake.challenge.take().map(|challenge| challenge.c).unwrap_or_default();
                let renew =
                    matches!(self.aim, Aim::Login { renew: true, .. } | Aim::RequestCode { renew: true, .. });
                self.send(Call::Complete { proof, c, trusted: !renew })
            }
            Err(SrpError::Ambiguous) if self.handshake.draws + 1 < MOST_DRAWS => {
                self.handshake.draws += 1;
                Effect::Draw
            }
            Err(error) => self.fail(error.into(), now),
        }
    }

    pub(super) fn completed(&mut self, reply: &Reply, now: Timestamp) -> Effect {
        match reply.status {
            200 => self.accepted(now),
            409 => self.second_factor(reply, now),
            412 => self.send(Call::Repair),
            _ if reply.has_code(LOCKED) => self.needs(Need::Locked, now),
            _ if reply.has_code(APP_PASSWORD) => self.refused(Need::AppPassword, now),
            401 => self.refused(Need::Password { refused: Refused::default() }, now),
            // Too many attempts, or rotated routing cookies: not a wrong password.
            403 => self.fail(SessionError::Refused { status: 403 }, now),
            _ => self.unexpected(reply, now),
        }
    }

    fn refused(&mut self, need: Need, now: Timestamp) -> Effect {
        self.handshake.password = None;
        let ask_again =
            matches!(self.aim, Aim::Login { .. }) && self.handshake.passwords_asked < MOST_PASSWORDS;
        if ask_again { self.tell(Notice::WrongPassword, Then::AskPassword) } else { self.needs(need, now) }
    }

    /// The password was right and no code is wanted.
    fn accepted(&mut self, now: Timestamp) -> Effect {
        let age = self.book.trusted_at.map(|at| now.duration_since(at));
        if self.book.trust_token.is_some() && age.is_some_and(|age| age > AGEING_TRUST) {
            // The handshake's numbers are fresh, so a new trust may be had without a code (icloud-docker PR
            // #530). Nothing is lost when it is not.
            return self.ask_for_trust(true);
        }
        self.claim_fresh(now)
    }

    /// Apple wanted a notice waved through first.
    pub(super) fn repaired(&mut self, reply: &Reply, now: Timestamp) -> Effect {
        if !reply.ok() {
            return self.needs(Need::Repair, now);
        }
        if self.asked_code { self.ask_for_trust(false) } else { self.claim_fresh(now) }
    }
}
