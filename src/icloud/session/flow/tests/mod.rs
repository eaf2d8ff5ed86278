//! Sign-ins played through by hand, and tables of what each answer leads to.

mod factor;
mod handshake;
mod web;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use super::*;
use crate::icloud::session::book::Token;
use crate::icloud::session::person::CodeSource;
use crate::icloud::session::tests::{bare, example, recorded, reply};

/// A sign-in under way, with the answers to what it asks for.
struct Play {
    flow: Flow,
    now: Timestamp,
}

fn start() -> Timestamp {
    "2026-05-14T09:00:00Z".parse().unwrap()
}

fn stored() -> Book {
    let mut book = Book::new("you@example.com");
    book.session_token = Some(Token::new("stored-session"));
    book.trust_token = Some(Token::new("stored-trust"));
    book.trusted_at = Some(start());
    book
}

const UNATTENDED: Aim = Aim::Unattended { from: Rung::Validate, may_handshake: true };
const LOGIN: Aim = Aim::Login { way: CodeWay::Devices, renew: false };

impl Play {
    fn new(aim: Aim, book: Book) -> Self {
        Self { flow: Flow::new(aim, book), now: start() }
    }

    /// What it wants first, in words.
    fn start(&mut self, web_token: bool) -> String {
        let effect = self.flow.start(web_token, self.now);
        self.carry_on(effect)
    }

    fn on(&mut self, event: Event) -> String {
        let effect = self.flow.on(event, self.now);
        self.carry_on(effect)
    }

    fn answer(&mut self, reply: Reply) -> String {
        self.on(Event::Answered(reply))
    }

    /// Does the sums of a handshake without being asked, and puts the rest into words.
    fn carry_on(&mut self, effect: Effect) -> String {
        match effect {
            Effect::Draw => self.on(Event::Drawn(Ephemeral::draw())),
            Effect::Prove(_) => self.on(Event::Proved(Ok(proof()))),
            Effect::Send(call) => call.step().to_owned(),
            Effect::Wait(time) => format!("wait {}", time.as_secs()),
            Effect::AskPassword => "password?".to_owned(),
            Effect::AskCode(prompt) => format!("code? {}", source(&prompt)),
            Effect::ChoosePhone(phones) => format!("phone? {}", phones.len()),
            Effect::Tell(notice) => format!("{notice:?}"),
            Effect::Ready { asked_code } => format!("ready {asked_code}"),
            Effect::CodeRequested(prompt) => format!("requested {}", source(&prompt)),
            Effect::Fail(error) => format!("fail {error:?}"),
        }
    }

    fn password(&mut self) -> String {
        self.on(Event::Password(Some(SecretString::from("correct horse battery"))))
    }

    /// Plays up to the answer to `signin/complete`.
    fn reach_complete(&mut self) -> Option<()> {
        assert_eq!(self.start(false), "password?");
        assert_eq!(self.password(), "authorize/signin");
        assert_eq!(self.answer(example("01")?), "signin/init");
        assert_eq!(self.answer(example("03")?), "signin/complete");
        Some(())
    }

    /// Plays up to the question for a code that the devices show.
    fn reach_code(&mut self) -> Option<()> {
        self.reach_complete()?;
        assert_eq!(self.answer(example("04")?), "auth");
        assert_eq!(self.answer(example("12")?), "verify/trusteddevice");
        assert_eq!(self.answer(example("15")?), "code? devices");
        Some(())
    }

    fn code(&mut self, code: &str) -> String {
        self.on(Event::Code(CodeReply::Code(code.to_owned())))
    }
}

fn proof() -> Proof {
    Proof { m1: String::new(), m2: String::new() }
}

fn source(prompt: &CodePrompt) -> &'static str {
    match prompt.source {
        CodeSource::Devices => "devices",
        CodeSource::Phone(_) => "phone",
        CodeSource::Nowhere => "nowhere",
    }
}

fn logged_out() -> Book {
    Book::new("you@example.com")
}

#[test]
fn recorded_sign_ins_end_as_they_did() {
    let Some(first) = recorded("auth_2fa_valid.jsonl", 1) else { return };
    let to_init = |aim: Aim| {
        let mut play = Play::new(aim, logged_out());
        play.start(false);
        play.password();
        assert_eq!(play.answer(bare(200)), "signin/init");
        play
    };
    let line = |file: &str, line: usize| recorded(file, line).unwrap();

    let mut play = to_init(LOGIN);
    assert_eq!(play.answer(first), "signin/complete");
    let file = "auth_2fa_valid.jsonl";
    assert_eq!(play.answer(line(file, 2)), "accountLogin", "a 200, although a code is needed");
    assert_eq!(play.answer(line(file, 4)), "auth");
    assert_eq!(play.answer(line(file, 3)), "verify/trusteddevice", "the page holds the factors");
    assert_eq!(play.answer(bare(202)), "code? devices");
    play.code("654321");
    assert_eq!(play.answer(line("auth_2fa_invalid.jsonl", 5)), "WrongCode { left: 2 }");
    play.on(Event::Told);
    play.code("654321");
    assert_eq!(play.answer(line(file, 5)), "2sv/trust");
    assert_eq!(play.answer(line(file, 6)), "accountLogin");
    assert_eq!(play.answer(line(file, 7)), "ready true");

    let mut play = to_init(UNATTENDED);
    play.answer(line("auth_failed.jsonl", 1));
    assert_eq!(play.answer(line("auth_failed.jsonl", 2)), "fail Needs(Password { refused: Refused(…) })");
    assert_eq!(line("auth_failed.jsonl", 3).status, 401, "hidden in a 200");
    assert_eq!(line("auth_html_403.jsonl", 1).status, 403, "hidden in a 200");

    let mut play = to_init(UNATTENDED);
    play.answer(line("auth_non_2fa.jsonl", 1));
    assert_eq!(play.answer(line("auth_non_2fa.jsonl", 2)), "repair/complete");
    assert_eq!(play.answer(line("auth_non_2fa.jsonl", 3)), "accountLogin");
    // The recording was edited: its cookies are those of a session that still needs a code.
    let mut last = line("auth_non_2fa.jsonl", 4);
    assert!(!last.web_token);
    last.web_token = true;
    assert_eq!(play.answer(last), "ready false");

    let mut play = to_init(LOGIN);
    play.answer(line("auth_2sa_valid.jsonl", 1));
    play.answer(line("auth_2sa_valid.jsonl", 2));
    assert_eq!(play.answer(line("auth_2sa_valid.jsonl", 3)), "fail Needs(TwoStep)");

    let mut play = to_init(UNATTENDED);
    assert_eq!(play.answer(line("auth_503.jsonl", 1)), "wait 2");

    let mut play = Play::new(UNATTENDED, stored());
    play.start(true);
    assert_eq!(play.answer(line("auth_validate_ok.jsonl", 1)), "ready false");
    let mut play = Play::new(UNATTENDED, stored());
    play.start(true);
    assert_eq!(play.answer(line("auth_2sa_send_failed.jsonl", 1)), "accountLogin");
}

#[test]
fn nothing_secret_is_shown() {
    let canary = "canary";
    let mut book = Book::new(canary);
    book.session_token = Some(Token::new(canary));
    book.trust_token = Some(Token::new(canary));
    let shown = format!(
        "{book:?} {:?} {:?} {:?} {:?} {:?}",
        Effect::Send(Call::DeviceCode { code: canary.to_owned() }),
        Event::Password(Some(SecretString::from(canary))),
        Event::Code(CodeReply::Code(canary.to_owned())),
        Aim::SubmitCode { code: CodeText(canary.to_owned()) },
        Event::Answered(reply(200, &[("scnt".to_owned(), canary.to_owned())], canary, true)),
    );
    assert!(!shown.contains(canary), "{shown}");
    let waited = Effect::Wait(Duration::from_secs(1));
    assert_eq!(format!("{waited:?}"), "Wait(1s)");
}
