//! The second factor: the code, and the trust that makes the next sign-in do without one.

use jiff::Timestamp;

use super::{Aim, Effect, Flow, Then};
use crate::icloud::session::answers::{CANNOT_SEND, Factors, Reply, WRONG_CODE};
use crate::icloud::session::book::{OpenLogin, Via};
use crate::icloud::session::error::{Need, SessionError};
use crate::icloud::session::person::{CodePrompt, CodeReply, CodeSource, CodeWay, Notice, Phone, PhoneId};
use crate::icloud::session::requests::Call;

/// How often a code may be entered in one sign-in.
const MOST_CODES: u32 = 3;

/// Digits of a code as long as Apple does not say otherwise.
const DIGITS: usize = 6;

pub(super) struct State {
    digits: usize,
    /// Whether trusted devices can show a code.
    devices: bool,
    /// Trust is asked for along the way, and may be refused.
    quiet_trust: bool,
}

impl Default for State {
    fn default() -> Self {
        Self { digits: DIGITS, devices: true, quiet_trust: false }
    }
}

impl State {
    pub(super) fn is_quiet_trust(&self) -> bool {
        self.quiet_trust
    }
}

impl Flow {
    /// A second factor is wanted. Security keys are looked for before anything is asked of the person.
    pub(super) fn second_factor(&mut self, reply: &Reply, now: Timestamp) -> Effect {
        if let Some(keys) = reply.security_keys() {
            return self.needs(Need::SecurityKey { keys }, now);
        }
        if reply.two_step() {
            return self.needs(Need::TwoStep, now);
        }
        if !self.attended() {
            return self.needs(Need::Code, now);
        }
        self.send(Call::Factors)
    }

    pub(super) fn factors_known(&mut self, reply: &Reply, now: Timestamp) -> Effect {
        if let Some(keys) = reply.security_keys() {
            return self.needs(Need::SecurityKey { keys }, now);
        }
        if reply.two_step() {
            return self.needs(Need::TwoStep, now);
        }
        if reply.codes_locked() {
            return self.fail(SessionError::CodesLocked, now);
        }
        // A 409 with the same body has been seen (openhab-addons #21176).
        if !(reply.ok() || reply.status == 409) {
            return self.code_trouble(reply, now);
        }
        let factors = Factors::read(&reply.body);
        (self.factor.digits, self.factor.devices) = (factors.digits, factors.devices);
        if let Some(open) = &mut self.book.open {
            open.phones = factors.phones;
        }
        let wants_phone = self.way() != CodeWay::Devices;
        if wants_phone || !self.factor.devices { self.pick_phone(now) } else { self.send(Call::Push) }
    }

    /// How the person wants the code.
    fn way(&self) -> CodeWay {
        match self.aim {
            Aim::Login { way, .. } | Aim::RequestCode { way, .. } => way,
            _ => CodeWay::Devices,
        }
    }

    /// A refused push is not the end: the code may come by message.
    pub(super) fn pushed(&mut self, reply: &Reply, now: Timestamp) -> Effect {
        if reply.codes_locked() || reply.status == 423 {
            return self.fail(SessionError::CodesLocked, now);
        }
        if reply.status == 401 {
            return self.fail(SessionError::LoginExpired, now);
        }
        let shown = reply.ok();
        self.set_via(shown.then_some(Via::Devices));
        if !shown && self.phones().is_empty() {
            return self.unexpected(reply, now);
        }
        self.code_on_its_way(now)
    }

    fn pick_phone(&mut self, now: Timestamp) -> Effect {
        match self.phones() {
            [] => self.fail(SessionError::NoWayForACode, now),
            [one] => {
                let one = one.clone();
                self.send_to(&one, self.way() == CodeWay::Call)
            }
            many => Effect::ChoosePhone(many.to_vec()),
        }
    }

    pub(super) fn phone_chosen(&mut self, id: Option<PhoneId>, now: Timestamp) -> Effect {
        match id.map(|id| self.phone(&id)) {
            None => self.fail(SessionError::GaveUp, now),
            Some(None) => self.pick_phone(now),
            Some(Some(phone)) => self.send_to(&phone, self.way() == CodeWay::Call),
        }
    }

    fn send_to(&mut self, phone: &Phone, call: bool) -> Effect {
        let mode = if call || phone.voice_only { "voice" } else { "sms" };
        self.send(Call::Send { id: phone.id.clone(), mode: mode.to_owned() })
    }

    pub(super) fn code_sent(&mut self, reply: &Reply, now: Timestamp) -> Effect {
        let Call::Send { id, mode } = self.sent.clone() else { return self.unexpected(reply, now) };
        if reply.has_code(CANNOT_SEND) {
            let Some(phone) = self.phone(&id) else { return self.unexpected(reply, now) };
            if matches!(self.aim, Aim::Login { .. }) {
                return self.tell(Notice::CannotSend { phone }, Then::AskCode);
            }
            return self.fail(SessionError::CannotSend { number: phone.number }, now);
        }
        if reply.codes_locked() || reply.too_many_sent() || reply.status == 423 {
            return self.fail(SessionError::CodesLocked, now);
        }
        // A 409 although the message goes out (openhab-addons #21176).
        if !(reply.ok() || (reply.status == 409 && reply.code.is_none())) {
            return self.code_trouble(reply, now);
        }
        self.set_via(Some(Via::Phone { id, mode }));
        self.code_on_its_way(now)
    }

    fn code_on_its_way(&mut self, now: Timestamp) -> Effect {
        if matches!(self.aim, Aim::Login { .. }) {
            return self.ask_code();
        }
        if self.open().is_some_and(|open| open.via.is_none()) {
            return self.fail(SessionError::NoWayForACode, now);
        }
        Effect::CodeRequested(self.prompt())
    }

    pub(super) fn ask_code(&mut self) -> Effect {
        Effect::AskCode(self.prompt())
    }

    fn prompt(&self) -> CodePrompt {
        let source = match self.open().and_then(|open| open.via.as_ref()) {
            Some(Via::Devices) => CodeSource::Devices,
            Some(Via::Phone { id, .. }) => self.phone(id).map_or(CodeSource::Nowhere, CodeSource::Phone),
            None => CodeSource::Nowhere,
        };
        CodePrompt { source, digits: self.factor.digits, phones: self.phones().to_vec() }
    }

    pub(super) fn code(&mut self, reply: CodeReply, now: Timestamp) -> Effect {
        match reply {
            CodeReply::GiveUp => self.fail(SessionError::GaveUp, now),
            CodeReply::Code(typed) => match digits(&typed, self.factor.digits) {
                Some(code) => self.submit(code, now),
                None => self.tell(Notice::NotACode { digits: self.factor.digits }, Then::AskCode),
            },
            CodeReply::SendSms(id) => self.send_again(&id, false),
            CodeReply::Call(id) => self.send_again(&id, true),
            CodeReply::Resend => match self.open().and_then(|open| open.via.clone()) {
                Some(Via::Phone { id, mode }) => self.send_again(&id, mode == "voice"),
                Some(Via::Devices) | None if self.factor.devices => self.send(Call::Push),
                Some(Via::Devices) | None => self.pick_phone(now),
            },
        }
    }

    fn send_again(&mut self, id: &PhoneId, call: bool) -> Effect {
        match self.phone(id) {
            Some(phone) => self.send_to(&phone, call),
            None => self.ask_code(),
        }
    }

    /// The second process brings the code.
    pub(super) fn submit_first(&mut self, typed: &str, now: Timestamp) -> Effect {
        if !self.open().is_some_and(|open| open.waits_for_code(now)) {
            return Effect::Fail(SessionError::NoLoginOpen);
        }
        match digits(typed, DIGITS) {
            Some(code) => self.submit(code, now),
            None => Effect::Fail(SessionError::NotACode { digits: DIGITS }),
        }
    }

    fn submit(&mut self, code: String, now: Timestamp) -> Effect {
        // A code from a phone is not valid for the devices' call, nor the other way round.
        match self.open().map(|open| open.via.clone()) {
            Some(Some(Via::Phone { id, mode })) => self.send(Call::PhoneCode { id, mode, code }),
            Some(_) => self.send(Call::DeviceCode { code }),
            None => self.fail(SessionError::NoLoginOpen, now),
        }
    }

    pub(super) fn code_answered(&mut self, reply: &Reply, now: Timestamp) -> Effect {
        if reply.codes_locked() || reply.status == 423 {
            return self.fail(SessionError::CodesLocked, now);
        }
        if reply.has_code(WRONG_CODE) {
            return self.wrong_code(now);
        }
        let vouched = reply.code_valid() || reply.taken.session_token.is_some();
        match reply.status {
            200..300 if reply.code.is_none() => {}
            // Since June 2026 a right code may be answered so (rclone #9488, kei #596).
            409 if vouched => {}
            412 if vouched => {
                self.asked_code = true;
                return self.send(Call::Repair);
            }
            _ => return self.code_trouble(reply, now),
        }
        self.asked_code = true;
        self.ask_for_trust(false)
    }

    fn wrong_code(&mut self, now: Timestamp) -> Effect {
        let tries = self.book.open.as_mut().map_or(MOST_CODES, |open| {
            open.wrong_codes += 1;
            open.wrong_codes
        });
        if tries >= MOST_CODES {
            return self.fail(SessionError::WrongCode { tries }, now);
        }
        if matches!(self.aim, Aim::Login { .. }) {
            return self.tell(Notice::WrongCode { left: MOST_CODES - tries }, Then::AskCode);
        }
        // The sign-in stays open: the next call may bring the right one.
        Effect::Fail(SessionError::WrongCode { tries })
    }

    fn code_trouble(&mut self, reply: &Reply, now: Timestamp) -> Effect {
        if reply.status == 401 {
            self.fail(SessionError::LoginExpired, now)
        } else {
            self.unexpected(reply, now)
        }
    }

    pub(super) fn ask_for_trust(&mut self, quiet: bool) -> Effect {
        self.factor.quiet_trust = quiet;
        self.send(Call::Trust)
    }

    pub(super) fn trusted(&mut self, reply: &Reply, now: Timestamp) -> Effect {
        // Without a fresh token `accountLogin` would fail in a way that says nothing.
        let trusted = reply.ok() && reply.taken.session_token.is_some();
        if trusted || self.factor.quiet_trust {
            return self.claim_fresh(now);
        }
        self.fail(SessionError::NotTrusted { status: reply.status }, now)
    }

    fn open(&self) -> Option<&OpenLogin> {
        self.book.open.as_ref()
    }

    fn phones(&self) -> &[Phone] {
        self.open().map_or(&[], |open| open.phones.as_slice())
    }

    fn phone(&self, id: &PhoneId) -> Option<Phone> {
        self.phones().iter().find(|phone| phone.id == *id).cloned()
    }

    fn set_via(&mut self, via: Option<Via>) {
        if let Some(open) = &mut self.book.open {
            open.via = via;
        }
    }
}

/// The code in what was typed; text, because leading zeros count.
fn digits(typed: &str, wanted: usize) -> Option<String> {
    let code: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    (code.len() == wanted && code.bytes().all(|byte| byte.is_ascii_digit())).then_some(code)
}
