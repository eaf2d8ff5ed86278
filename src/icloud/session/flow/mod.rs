//! Sign-in as a state machine: events in, effects out. It does no I/O and reads no clock; `driver` does what
//! it asks for and tells it what came of it.
//!
//! ```text
//! web.rs        validate --refused--> accountLogin --refused--> handshake
//! handshake.rs  page -> init -> proof -> complete --409--> factor
//!                                           | 200, 412 repaired          |
//! factor.rs                                 |     factors -> push or SMS -> code -> trust
//!                                           '--------> accountLogin <------------'
//! ```
//!
//! Without a person it ends where a person is needed, writes that down, and asks Apple for no code. When Apple
//! is throttling or down it waits a little and ends; it never goes on to the next way in, which would
//! multiply the load and lengthen the block (kei #206).

mod factor;
mod handshake;
#[cfg(test)]
mod tests;
mod web;

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use super::answers::Reply;
use super::book::{Book, NeedsUser};
use super::error::{Need, SessionError};
use super::person::{CodePrompt, CodeReply, CodeWay, Notice, Phone, PhoneId};
use super::refused::Refused;
use super::requests::Call;
use super::srp::{Challenge, Ephemeral, Proof, SrpError};
use crate::http::HttpError;
use crate::http::retry::{Class, Classify};

/// How often a request is sent again when Apple is throttling or down, or the network broke.
const MOST_RETRIES: u32 = 2;

/// Longest wait inside one sign-in.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// First and longest time for which sign-in is left alone when Apple refuses it as such. Reports speak of
/// minutes to days (icloud_photos_downloader #1062, #1078, #1176).
const BLOCK: (SignedDuration, SignedDuration) =
    (SignedDuration::from_mins(15), SignedDuration::from_hours(12));

/// What a sign-in is to reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Aim {
    /// A session without a person, from this rung on.
    Unattended { from: Rung, may_handshake: bool },
    /// A session with a person. `renew` asks for a new trust although the old one may still hold.
    Login { way: CodeWay, renew: bool },
    /// As `Login`, up to the point where a code is on its way.
    RequestCode { way: CodeWay, renew: bool },
    /// The rest of it.
    SubmitCode { code: CodeText },
}

/// The ways into a session, cheapest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rung {
    Validate,
    AccountLogin,
    Handshake,
}

/// A code as typed; not for logs.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct CodeText(pub(super) String);

impl fmt::Debug for CodeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeText(…)")
    }
}

/// What is to be done next.
#[derive(Debug)]
pub(super) enum Effect {
    /// Send this; then [`Event::Answered`] or [`Event::Unreachable`].
    Send(Call),
    /// Let this time pass; then [`Event::Waited`].
    Wait(Duration),
    /// Get the password; then [`Event::Password`].
    AskPassword,
    /// Draw numbers for a handshake; then [`Event::Drawn`].
    Draw,
    /// Compute the proof; then [`Event::Proved`].
    Prove(Box<Sums>),
    /// Ask for a code; then [`Event::Code`].
    AskCode(CodePrompt),
    /// Ask which phone; then [`Event::Phone`].
    ChoosePhone(Vec<Phone>),
    /// Tell something; then [`Event::Told`].
    Tell(Notice),
    /// There is a session.
    Ready { asked_code: bool },
    /// A code is on its way, and another process will bring it.
    CodeRequested(CodePrompt),
    /// It ends here.
    Fail(SessionError),
}

/// All that a proof is made of.
pub(super) struct Sums {
    pub(super) ephemeral: Ephemeral,
    pub(super) account_name: String,
    pub(super) password: SecretString,
    pub(super) challenge: Challenge,
}

impl fmt::Debug for Sums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sums(…)")
    }
}

/// What came of an effect.
#[derive(Debug)]
pub(super) enum Event {
    Answered(Reply),
    Unreachable(HttpError),
    Waited,
    Password(Option<SecretString>),
    Drawn(Result<Ephemeral, SrpError>),
    Proved(Result<Proof, SrpError>),
    Code(CodeReply),
    Phone(Option<PhoneId>),
    Told,
}

impl fmt::Debug for Ephemeral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ephemeral(…)")
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proof(…)")
    }
}

impl fmt::Debug for CodeReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeReply(…)")
    }
}

/// What comes after a wait or after telling something.
#[derive(Debug, Clone)]
enum Then {
    Resend,
    Handshake,
    AskPassword,
    AskCode,
}

/// One sign-in.
pub(super) struct Flow {
    aim: Aim,
    book: Book,
    /// The request whose answer is awaited.
    sent: Call,
    retries: u32,
    then: Then,
    /// Whether the password was accepted in this sign-in.
    handshaken: bool,
    proof_sent: bool,
    asked_code: bool,
    handshake: handshake::State,
    factor: factor::State,
}

impl Flow {
    pub(super) fn new(aim: Aim, book: Book) -> Self {
        Self {
            aim,
            book,
            sent: Call::Validate,
            retries: 0,
            then: Then::Resend,
            handshaken: false,
            proof_sent: false,
            asked_code: false,
            handshake: handshake::State::default(),
            factor: factor::State::default(),
        }
    }

    /// What is to be remembered, at any point.
    pub(super) fn book(&self) -> &Book {
        &self.book
    }

    /// The book, at the end.
    pub(super) fn into_book(self) -> Book {
        self.book
    }

    /// Whether the password was sent to Apple.
    pub(super) fn used_password(&self) -> bool {
        self.proof_sent
    }

    /// Notes which password was refused, as a hash, next to the fact that one was.
    pub(super) fn note_refused(&mut self, hash: Refused) {
        if let Some(NeedsUser { why: Need::Password { refused }, .. }) = &mut self.book.needs_user {
            *refused = hash;
        }
    }

    /// Begins. `web_token` tells whether the session cookie is in the jar.
    pub(super) fn start(&mut self, web_token: bool, now: Timestamp) -> Effect {
        match self.aim.clone() {
            Aim::Unattended { from, .. } => {
                if let Some(until) = self.book.retry_after.filter(|until| *until > now) {
                    return Effect::Fail(SessionError::Throttled { until });
                }
                match from {
                    Rung::Validate if web_token => self.send(Call::Validate),
                    Rung::Validate | Rung::AccountLogin => self.claim(now),
                    Rung::Handshake => self.begin_handshake(now),
                }
            }
            Aim::Login { .. } | Aim::RequestCode { .. } => Effect::AskPassword,
            Aim::SubmitCode { code } => self.submit_first(&code.0, now),
        }
    }

    /// Goes on after an effect.
    pub(super) fn on(&mut self, event: Event, now: Timestamp) -> Effect {
        match event {
            Event::Answered(reply) => self.answered(&reply, now),
            Event::Unreachable(error) => self.unreachable(error),
            Event::Waited | Event::Told => match self.then.clone() {
                Then::Resend => Effect::Send(self.sent.clone()),
                Then::Handshake => self.begin_handshake(now),
                Then::AskPassword => Effect::AskPassword,
                Then::AskCode => self.ask_code(),
            },
            Event::Password(password) => self.password(password, now),
            Event::Drawn(drawn) => self.drawn(drawn, now),
            Event::Proved(proved) => self.proved(proved, now),
            Event::Code(reply) => self.code(reply, now),
            Event::Phone(id) => self.phone_chosen(id, now),
        }
    }

    fn answered(&mut self, reply: &Reply, now: Timestamp) -> Effect {
        if self.sent.is_auth()
            && let Some(open) = &mut self.book.open
        {
            reply.taken.write_to(open);
        }
        if let Some(effect) = self.out_of_service(reply, now) {
            return effect;
        }
        match self.sent.clone() {
            Call::Validate => self.validated(reply, now),
            Call::AccountLogin => self.claimed(reply, now),
            Call::Page => Effect::Draw,
            Call::Init { .. } => self.challenged(reply, now),
            Call::Complete { .. } => self.completed(reply, now),
            Call::Repair => self.repaired(reply, now),
            Call::Factors => self.factors_known(reply, now),
            Call::Push => self.pushed(reply, now),
            Call::Send { .. } => self.code_sent(reply, now),
            Call::DeviceCode { .. } | Call::PhoneCode { .. } => self.code_answered(reply, now),
            Call::Trust => self.trusted(reply, now),
            // Sent outside of a flow.
            Call::Logout | Call::WebAccess | Call::AskConsent | Call::TakeKeys { .. } => {
                self.unexpected(reply, now)
            }
        }
    }

    fn send(&mut self, call: Call) -> Effect {
        self.retries = 0;
        self.proof_sent |= matches!(call, Call::Complete { .. });
        self.sent = call.clone();
        Effect::Send(call)
    }

    fn pause(&mut self, wait: Duration, then: Then) -> Effect {
        self.then = then;
        Effect::Wait(wait)
    }

    fn tell(&mut self, notice: Notice, then: Then) -> Effect {
        self.then = then;
        Effect::Tell(notice)
    }

    /// Throttled or down: the same request again after a wait, at most twice; then the end. `None` when the
    /// answer is one to be read.
    fn out_of_service(&mut self, reply: &Reply, now: Timestamp) -> Option<Effect> {
        // SETUP answers 500 to dead sessions too, and then the next way in is the answer.
        let means_session = reply.status == 500 && !self.sent.is_auth() && !self.handshaken;
        if means_session || !(reply.status == 429 || reply.status >= 500) {
            return None;
        }
        // What only might have worked may be left out.
        if self.is_optional() && self.retries >= MOST_RETRIES {
            return None;
        }
        let wait = reply.retry_after.unwrap_or_else(|| Duration::from_secs(2 << self.retries.min(4)));
        if self.retries < MOST_RETRIES && wait <= LONGEST_WAIT {
            self.retries += 1;
            return Some(self.pause(wait, Then::Resend));
        }
        let told = reply.retry_after.and_then(|told| SignedDuration::try_from(told).ok());
        let refuses_sign_in = self.sent.is_auth() && matches!(reply.status, 429 | 503);
        if refuses_sign_in || told.is_some() {
            let doubled = BLOCK.0.saturating_mul(1 << self.book.refusals.min(6)).min(BLOCK.1);
            let span = if refuses_sign_in {
                doubled.max(told.unwrap_or_default())
            } else {
                told.unwrap_or_default()
            };
            let until = now.saturating_add(span).unwrap_or(now);
            self.book.retry_after = Some(until);
            self.book.refusals += u32::from(refuses_sign_in);
            return Some(self.fail(SessionError::Throttled { until }, now));
        }
        let (step, retry_after) = (self.sent.step(), reply.retry_after);
        Some(self.fail(SessionError::Unavailable { step, status: reply.status, retry_after }, now))
    }

    /// Whether the sign-in goes on without a good answer to what was sent.
    fn is_optional(&self) -> bool {
        match self.sent {
            Call::Page | Call::Push => true,
            Call::Trust => self.factor.is_quiet_trust(),
            _ => false,
        }
    }

    fn unreachable(&mut self, error: HttpError) -> Effect {
        let sent_nothing = matches!(error, HttpError::Connect { .. });
        let again = error.class() == Class::Transient && (sent_nothing || self.sent.is_repeatable());
        if again && self.retries < MOST_RETRIES {
            self.retries += 1;
            return self.pause(Duration::from_secs(1 << self.retries), Then::Resend);
        }
        let error = error.into();
        self.close(&error);
        Effect::Fail(error)
    }

    fn attended(&self) -> bool {
        !matches!(self.aim, Aim::Unattended { .. })
    }

    /// Ends. Without a person, what the person must do is written down, so that later runs refuse at once.
    fn fail(&mut self, error: SessionError, now: Timestamp) -> Effect {
        self.close(&error);
        // Where Apple keeps the account is true for whoever asks.
        let holds = |need: &&Need| !self.attended() || matches!(need, Need::Region { .. });
        if let Some(need) = error.need().filter(holds) {
            self.book.needs_user = Some(NeedsUser { why: need.clone(), since: now });
            self.book.validated_at = None;
        }
        Effect::Fail(error)
    }

    /// Forgets the handshake; not when a code could still finish it after the trouble has passed.
    fn close(&mut self, error: &SessionError) {
        let passing = matches!(error, SessionError::Http(_) | SessionError::Unavailable { .. });
        if !(passing && matches!(self.aim, Aim::SubmitCode { .. })) {
            self.book.open = None;
        }
    }

    fn needs(&mut self, need: Need, now: Timestamp) -> Effect {
        self.fail(need.into(), now)
    }

    fn unexpected(&mut self, reply: &Reply, now: Timestamp) -> Effect {
        let (step, status, code) = (self.sent.step(), reply.status, reply.code.clone());
        self.fail(SessionError::Unexpected { step, status, code }, now)
    }
}
