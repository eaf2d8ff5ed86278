//! Why there is no session, and what the person can do about it.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::refused::Refused;
use super::srp::SrpError;
use crate::http::HttpError;
use crate::http::retry::{Class, Classify};
use crate::secret::SecretFileError;

/// What kind of trouble a [`SessionError`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// A person has to sign in or to change something about the account.
    SignIn,
    /// The job file does not fit the account.
    Configuration,
    /// iCloud cannot be reached or refuses service for now.
    Service,
    /// This machine: the session file.
    Local,
}

/// Something that only the person can settle. Kept in the session file, so that runs without a person refuse
/// at once instead of asking Apple again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "need", rename_all = "snake_case")]
pub enum Need {
    /// Nothing stored works and there is no password to sign in with.
    #[error("Not signed in: run `larder login`")]
    SignIn,
    /// A second factor.
    #[error("Apple wants a verification code: run `larder login`")]
    Code,
    /// Apple refused the password. Which one is remembered as a salted, stretched hash, so that another one
    /// may be tried.
    #[error(
        "Apple refused the password; it is not tried again. Check it at icloud.com and run `larder login`. App-specific \
         passwords do not work, and a very old password may have to be changed once before this kind of sign-in takes it"
    )]
    Password {
        /// The hash.
        refused: Refused,
    },
    /// An app-specific password was used.
    #[error(
        "This is an app-specific password; run `larder login` with the password of the Apple Account itself"
    )]
    AppPassword,
    /// The account is locked.
    #[error("Apple has locked this account: unlock it at iforgot.apple.com, then run `larder login`")]
    Locked,
    /// The account is protected by hardware keys or passkeys.
    #[error(
        "This account uses security keys ({}), which leave no code to enter. larder can use it only when the keys are \
         removed: Settings > your name > Sign-In & Security > Security Keys",
        keys.join(", ")
    )]
    SecurityKey {
        /// Names of the keys.
        keys: Vec<String>,
    },
    /// The account has the old two-step verification.
    #[error(
        "This account uses the old two-step verification: turn on two-factor authentication, then run `larder login`"
    )]
    TwoStep,
    /// New terms are waiting.
    #[error("Apple has new terms: sign in at icloud.com, accept them, then run `larder login`")]
    Terms,
    /// The account wants some other attention.
    #[error(
        "Apple wants something settled first: sign in at icloud.com once and answer what it asks, then run `larder login`"
    )]
    Repair,
    /// Web access is off.
    #[error(
        "This account does not let its data be read over the web: turn on Settings > your name > iCloud > Access iCloud \
         Data on the Web, then run `larder login`"
    )]
    WebAccess,
    /// Services want keys that only a device can hand out.
    #[error(
        "This account has Advanced Data Protection, so a device of yours has to agree that larder reads it, for about an \
         hour each time: run `larder login` with a device at hand"
    )]
    DeviceConsent,
    /// The account lives in another region.
    #[error(
        "Apple keeps this account at `{domain}`, and this job signs in elsewhere: leave `region` of `[account]` at \"auto\" and \
         run `larder login`"
    )]
    Region {
        /// What Apple named, such as `iCloud.com.cn`.
        domain: String,
    },
}

/// Why a session cannot be had or used.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The person has to act.
    #[error(transparent)]
    Needs(#[from] Need),
    /// The person stopped.
    #[error("Sign-in was given up; nothing has changed")]
    GaveUp,
    /// The code was refused too often.
    #[error("Apple refused the code{}; run `larder login` for a new one", times(*tries))]
    WrongCode {
        /// How often.
        tries: u32,
    },
    /// What was given is no code.
    #[error("A code has {digits} digits")]
    NotACode {
        /// How many.
        digits: usize,
    },
    /// Apple takes no codes for now.
    #[error(
        "Apple takes no codes from this account for now, after too many: wait some hours, at most a day, then run `larder login`"
    )]
    CodesLocked,
    /// No way to get a code.
    #[error(
        "Apple names no trusted device and no phone that a code could be sent to; check Sign-In & Security in your Apple Account"
    )]
    NoWayForACode,
    /// Apple does not send codes to that phone.
    #[error("Apple does not send codes to {number} at present; try another phone or wait some hours")]
    CannotSend {
        /// The number, mostly hidden.
        number: String,
    },
    /// The code was right, but no trust came of it.
    #[error(
        "Apple took the code but does not trust this machine ({status}); wait some minutes and run `larder login` again"
    )]
    NotTrusted {
        /// HTTP status.
        status: u16,
    },
    /// The sign-in took too long.
    #[error("The sign-in has expired; run `larder login` again")]
    LoginExpired,
    /// There is no sign-in that a code could finish.
    #[error("No sign-in is waiting for a code; begin with `larder login --request-code`")]
    NoLoginOpen,
    /// Apple neither took nor refused the password.
    #[error(
        "Apple refuses to talk about this account for now ({status}); this says nothing about the password. Try again later"
    )]
    Refused {
        /// HTTP status.
        status: u16,
    },
    /// Apple does not know the name.
    #[error("Apple does not begin a sign-in for this account: check `apple_id` in the job file")]
    UnknownAccount,
    /// Too many handshakes.
    #[error("Too many sign-ins in a short time; larder stops before Apple does. Not before {until}")]
    BudgetSpent {
        /// When there may be another one.
        until: Timestamp,
    },
    /// Apple asked to be left alone.
    #[error("Apple refuses sign-ins from here for now; not before {until}")]
    Throttled {
        /// When to come back.
        until: Timestamp,
    },
    /// A step does not work for now.
    #[error("iCloud does not answer `{step}` properly for now ({status})")]
    Unavailable {
        /// The step.
        step: &'static str,
        /// HTTP status.
        status: u16,
        /// What it said about coming back.
        retry_after: Option<Duration>,
    },
    /// An answer that larder does not understand.
    #[error("Apple answered `{step}` in a way that larder does not know ({status}{}); an update may help", code.as_ref().map(|code| format!(", {code}")).unwrap_or_default())]
    Unexpected {
        /// The step.
        step: &'static str,
        /// HTTP status.
        status: u16,
        /// Apple's error code.
        code: Option<String>,
    },
    /// The service is not set up on the account.
    #[error("This account has no `{service}`: finish setting up iCloud at icloud.com")]
    ServiceOff {
        /// Apple's name for it.
        service: &'static str,
    },
    /// Fresh sessions are refused as well.
    #[error(
        "iCloud refuses every session it hands out ({status}); try again later, and run `larder login` if it stays so"
    )]
    RenewalsUseless {
        /// HTTP status of the last refusal.
        status: u16,
    },
    /// Apple hands out no keys of an account with Advanced Data Protection.
    #[error(
        "Apple does not hand out the keys of this account ({why}): run `larder login` again in a few minutes"
    )]
    NoKeys {
        /// What it said.
        why: String,
    },
    /// The proof could not be computed.
    #[error(transparent)]
    Srp(#[from] SrpError),
    /// The network.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The session file.
    #[error(transparent)]
    File(#[from] SecretFileError),
    /// The session file is not one.
    #[error("`{path}` is not a session file ({why}); remove it and run `larder login`")]
    BadFile {
        /// The file.
        path: String,
        /// What is wrong with it, without its content.
        why: String,
    },
    /// The session file belongs to somebody else.
    #[error(
        "`{path}` holds the session of another account: run `larder logout` there first, or give this job a state of its own"
    )]
    OtherAccount {
        /// The file.
        path: String,
    },
    /// Computing stopped half-way; the process is ending.
    #[error("Sign-in was interrupted")]
    Interrupted,
}

fn times(tries: u32) -> String {
    if tries == 1 { String::new() } else { format!(" {tries} times") }
}

impl SessionError {
    /// The kind of trouble, for exit codes.
    pub fn trouble(&self) -> Trouble {
        match self {
            Self::Needs(Need::Region { .. }) | Self::UnknownAccount | Self::OtherAccount { .. } => {
                Trouble::Configuration
            }
            Self::Needs(_)
            | Self::GaveUp
            | Self::WrongCode { .. }
            | Self::NotACode { .. }
            | Self::CodesLocked
            | Self::NoWayForACode
            | Self::CannotSend { .. }
            | Self::NotTrusted { .. }
            | Self::LoginExpired
            | Self::NoLoginOpen
            | Self::ServiceOff { .. } => Trouble::SignIn,
            Self::Http(HttpError::Endpoint { .. }) => Trouble::Configuration,
            Self::Http(HttpError::Setup { .. })
            | Self::File(_)
            | Self::BadFile { .. }
            | Self::Interrupted => Trouble::Local,
            Self::Refused { .. }
            | Self::BudgetSpent { .. }
            | Self::Throttled { .. }
            | Self::Unavailable { .. }
            | Self::Unexpected { .. }
            | Self::RenewalsUseless { .. }
            | Self::NoKeys { .. }
            | Self::Srp(_)
            | Self::Http(_) => Trouble::Service,
        }
    }

    /// Whether an answer came that is larger than any larder takes in.
    pub fn is_too_large(&self) -> bool {
        matches!(self, Self::Http(HttpError::TooLarge { .. }))
    }

    /// What the person must do, when that is the trouble.
    pub fn need(&self) -> Option<&Need> {
        match self {
            Self::Needs(need) => Some(need),
            _ => None,
        }
    }
}

impl Classify for SessionError {
    fn class(&self) -> Class {
        match self {
            Self::Http(error) => error.class(),
            // Everything else has had its retries here, or is not worth one.
            _ => Class::Permanent,
        }
    }
}
