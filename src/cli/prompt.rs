//! Asking the person: in a terminal with hidden password, otherwise line by line from standard input.

use std::io::{self, BufRead as _, IsTerminal as _};

use secrecy::SecretString;

use super::Console;
use crate::icloud::session::{CodePrompt, CodeReply, CodeSource, Notice, Person, Phone, PhoneId, Refused};
use crate::secret::Passwords;

/// The person at the terminal, or whoever feeds standard input.
pub(super) struct Prompt {
    console: Console,
    terminal: bool,
    /// Tried before asking.
    passwords: Passwords,
    /// The password that Apple refused, which is not sent again.
    refused: Option<Refused>,
    asked_password: bool,
}

impl Prompt {
    pub(super) fn new(console: &Console, passwords: Passwords, refused: Option<Refused>) -> Self {
        let terminal = io::stdin().is_terminal() && console.interactive;
        Self { console: console.clone(), terminal, passwords, refused, asked_password: false }
    }

    /// A line from standard input, without its end; `None` at the end of input.
    pub(super) async fn line(&self, question: &str) -> Option<String> {
        if self.terminal {
            self.console.error_line(question);
        }
        read(|| {
            let mut line = String::new();
            match io::stdin().lock().read_line(&mut line) {
                Ok(0) | Err(_) => None,
                Ok(_) => Some(line.trim().to_owned()),
            }
        })
        .await
    }

    fn offer(&self, prompt: &CodePrompt) {
        match &prompt.source {
            CodeSource::Devices => self.console.tell("A code is shown on your trusted devices."),
            CodeSource::Phone(phone) if phone.voice_only => {
                self.console.tell(&format!("Apple calls {} and reads out a code.", phone.number));
            }
            CodeSource::Phone(phone) => self.console.tell(&format!("Apple sent a code to {}.", phone.number)),
            CodeSource::Nowhere => self.console.tell("Apple did not show a code anywhere."),
        }
    }
}

impl Person for Prompt {
    async fn password(&mut self) -> Option<SecretString> {
        if !self.asked_password
            && let Some(password) = self.passwords.get()
        {
            self.asked_password = true;
            if !self.refused.as_ref().is_some_and(|refused| refused.is(&password)) {
                return Some(password);
            }
            self.console.tell(
                "The password that larder was given is the one that Apple refused; it is not sent again.",
            );
        }
        self.asked_password = true;
        if self.terminal {
            let asked = read(|| rpassword::prompt_password("Password of your Apple Account: ").ok()).await;
            return asked.filter(|text| !text.is_empty()).map(SecretString::from);
        }
        self.line("").await.filter(|text| !text.is_empty()).map(SecretString::from)
    }

    async fn code(&mut self, prompt: &CodePrompt) -> CodeReply {
        self.offer(prompt);
        let phones = prompt.phones.len();
        let sms = if phones > 0 { ", `sms` to get it by text message, `call` for a phone call" } else { "" };
        let question = format!("Code of {} digits (`again` for a new one{sms}):", prompt.digits);
        let Some(answer) = self.line(&question).await else { return CodeReply::GiveUp };
        match answer.to_lowercase().as_str() {
            "" => CodeReply::GiveUp,
            "again" => CodeReply::Resend,
            word @ ("sms" | "call") => match self.choose_phone(&prompt.phones).await {
                Some(id) if word == "sms" => CodeReply::SendSms(id),
                Some(id) => CodeReply::Call(id),
                None => CodeReply::GiveUp,
            },
            _ => CodeReply::Code(answer),
        }
    }

    async fn choose_phone(&mut self, phones: &[Phone]) -> Option<PhoneId> {
        if let [only] = phones {
            return Some(only.id.clone());
        }
        for (n, phone) in phones.iter().enumerate() {
            self.console.tell(&format!("  {}  {}", n + 1, phone.number));
        }
        let answer = self.line("Which phone (its number in this list)?").await?;
        let chosen = answer.parse::<usize>().ok().and_then(|n| phones.get(n.checked_sub(1)?));
        chosen.map(|phone| phone.id.clone())
    }

    fn tell(&mut self, notice: &Notice) {
        let line = match notice {
            Notice::WrongPassword => "Apple refused this password.".to_owned(),
            Notice::WrongCode { left: 1 } => "This code is wrong. One more try.".to_owned(),
            Notice::WrongCode { left } => format!("This code is wrong. {left} more tries."),
            Notice::NotACode { digits } => format!("A code has {digits} digits; this was not sent."),
            Notice::AgreeOnDevice => {
                "This account has Advanced Data Protection: your devices ask now whether its data may be read on the web. \
                 Agree on one of them; larder waits for 5 minutes."
                    .to_owned()
            }
            Notice::CannotSend { phone } => format!("Apple sends no codes to {} at present.", phone.number),
        };
        self.console.tell(&line);
    }
}

/// Reads from the terminal on a thread of its own.
async fn read<T: Send + 'static>(work: impl FnOnce() -> Option<T> + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok().flatten()
}
