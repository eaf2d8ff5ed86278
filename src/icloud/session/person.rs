//! The person who signs in, as far as the protocol needs one.

use std::fmt;
use std::future::Future;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// Apple's number for a trusted phone. Mostly an integer; clients are told to be ready for text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PhoneId {
    /// The usual form.
    Number(i64),
    /// The other form.
    Text(String),
}

impl fmt::Display for PhoneId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// A trusted phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phone {
    /// For asking to be sent a code.
    pub id: PhoneId,
    /// For people: the number with most digits hidden.
    pub number: String,
    /// Whether it takes calls alone, no messages.
    pub voice_only: bool,
}

/// Where the code that is asked for can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeSource {
    /// On the person's trusted devices.
    Devices,
    /// In a message to, or a call of, this phone.
    Phone(Phone),
    /// Nowhere yet: Apple did not take the request to show one. Another way may work.
    Nowhere,
}

/// How a code comes to the person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CodeWay {
    /// Shown on the trusted devices; by message where there are none.
    #[default]
    Devices,
    /// By text message.
    Message,
    /// Read out in a phone call.
    Call,
}

/// What the person is asked when a code is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodePrompt {
    /// Where the code is.
    pub source: CodeSource,
    /// How many digits it has.
    pub digits: usize,
    /// Phones that a code can be sent to instead.
    pub phones: Vec<Phone>,
}

/// What the person answers.
#[derive(Clone)]
pub enum CodeReply {
    /// The code as typed; blanks and dashes do not matter.
    Code(String),
    /// Send one in a message to this phone.
    SendSms(PhoneId),
    /// Call this phone and read it out.
    Call(PhoneId),
    /// Send it again the same way. The code shown before is void then.
    Resend,
    /// No code will come.
    GiveUp,
}

/// Something worth telling during a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Apple refused the password; it is asked for again.
    WrongPassword,
    /// Apple refused the code; it is asked for again.
    WrongCode {
        /// How often it may still be entered.
        left: u32,
    },
    /// What was typed is no code, and was not sent.
    NotACode {
        /// How many digits it has.
        digits: usize,
    },
    /// Apple does not send codes to this phone at present.
    CannotSend {
        /// The phone.
        phone: Phone,
    },
    /// The person's devices ask whether iCloud's data may be read on the web, and are waited for.
    AgreeOnDevice,
}

/// Somebody who can be asked.
pub trait Person: Send {
    /// The password, or `None` when there is none to be had.
    fn password(&mut self) -> impl Future<Output = Option<SecretString>> + Send;

    /// The code, or another wish.
    fn code(&mut self, prompt: &CodePrompt) -> impl Future<Output = CodeReply> + Send;

    /// Which of several phones a code is to be sent to; `None` to stop.
    fn choose_phone(&mut self, phones: &[Phone]) -> impl Future<Output = Option<PhoneId>> + Send;

    /// Something to show.
    fn tell(&mut self, notice: &Notice);
}
