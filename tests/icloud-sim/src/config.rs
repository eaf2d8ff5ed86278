//! What a simulator is started with: the account, how Apple treats it, and the library.

use crate::drive::DriveSpec;
use crate::photos::LibrarySpec;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Everything about one simulator; `Config::default()` is a two-factor account with an empty library and an empty drive.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// TCP port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// The account and how it is treated. It can be changed while the simulator runs.
    pub account: Account,
    /// The photo library to generate.
    pub library: LibrarySpec,
    /// The drive to generate.
    pub drive: DriveSpec,
    /// Waiting time before every answer.
    pub latency: Duration,
}

/// One Apple Account, its settings, and the choices where Apple's behaviour varies.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Account {
    /// The account name, in lower case as Apple hashes it.
    pub apple_id: String,
    /// The password. Changing it while running changes the verifier of the next handshake.
    pub password: String,
    /// What happens after a right password.
    pub kind: AccountKind,
    /// How the password is hashed before SRP.
    pub protocol: Protocol,
    /// PBKDF2 rounds; recorded values lie between 20064 and 20403.
    pub iterations: u32,
    /// Which form of leading zero bytes the proofs may have (auth.md 5.4).
    pub padding: Padding,
    /// Makes the SRP values of the next handshakes start with a zero byte (auth.md 5.4).
    pub leading_zero: Option<LeadingZero>,
    /// Wrong passwords until the account is locked.
    pub passwords_allowed: u32,
    /// The code every push shows; drawn anew for each push when absent.
    pub device_code: Option<String>,
    /// The code every message carries; drawn anew for each message when absent.
    pub sms_code: Option<String>,
    /// Phones that can receive a code.
    pub phones: Vec<Phone>,
    /// How a right code is acknowledged.
    pub code_answer: CodeAnswer,
    /// How `2sv/trust` answers after a right code.
    pub trust_answer: TrustAnswer,
    /// Wrong codes until code entry is locked (423) for a day.
    pub codes_allowed: u32,
    /// Codes that may be asked for, pushes and messages together, until 423 with `tooManyCodesSent`.
    pub sends_allowed: u32,
    /// Apple refuses to send messages to the phones (`-28248`, fastlane #28816).
    pub phone_refused: bool,
    /// `GET AUTH` and `PUT verify/phone` answer 409 with their usual body (openhab-addons #21176).
    pub options_conflict: bool,
    /// Where `GET AUTH` puts the phones.
    pub options_form: OptionsForm,
    /// Refusals of AUTH (401, 403) arrive as 200 with the status in `X-Apple-I-Rscd` (auth.md 1.3).
    pub hidden_status: bool,
    /// Days until a trust token ends.
    pub trust_days: u32,
    /// Days until a session token and the web cookies end.
    pub session_days: u32,
    /// Where the account lives.
    pub region: Region,
    /// Partition of the web services, the number in `p61-ckdatabasews`.
    pub partition: u32,
    /// The service refuses ended sessions with 421 in place of 401.
    pub misdirect_ended: bool,
    /// The numeric id of the account.
    pub dsid: String,
    /// Whether Drive is in the service map.
    pub drive: DriveService,
    /// Advanced Data Protection: services want PCS cookies, and those a device's consent (auth.md 12).
    pub advanced_protection: bool,
    /// Minutes until a device's consent ends.
    pub consent_minutes: u32,
    /// Minutes until PCS cookies end, if consent does not end before.
    pub pcs_minutes: u32,
    /// Requests for the cookies of one application that come too early after each consent.
    pub pcs_tries: u32,
}

impl Default for Account {
    fn default() -> Account {
        Account {
            apple_id: "you@example.com".to_owned(),
            password: "correct horse battery".to_owned(),
            kind: AccountKind::TwoFactor,
            protocol: Protocol::S2k,
            iterations: 20_064,
            padding: Padding::Either,
            leading_zero: None,
            passwords_allowed: 5,
            device_code: None,
            sms_code: None,
            phones: vec![Phone::new(1, "+1", "17", "sms"), Phone::new(2, "+33", "42", "voice")],
            code_answer: CodeAnswer::Accepted,
            trust_answer: TrustAnswer::Granted,
            codes_allowed: 5,
            sends_allowed: 10,
            phone_refused: false,
            options_conflict: false,
            options_form: OptionsForm::TopLevel,
            hidden_status: false,
            trust_days: 30,
            session_days: 30,
            region: Region::Global,
            partition: 61,
            misdirect_ended: false,
            dsid: "10203040506".to_owned(),
            drive: DriveService::Active,
            advanced_protection: false,
            consent_minutes: 60,
            pcs_minutes: 60,
            pcs_tries: 1,
        }
    }
}

/// What happens after a right password (auth.md 4.4, 9.1 and 14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum AccountKind {
    /// Two-factor authentication with trusted devices: 409, then a code.
    TwoFactor,
    /// Two-factor authentication without any trusted device: codes come to a phone.
    SmsOnly,
    /// No second factor: 412, then `repair/complete`.
    Repair,
    /// Locked for security reasons: 403 `-20209`.
    Locked,
    /// Hardware security keys: 409 with `fsaChallenge` and `keyNames`; no code exists.
    SecurityKey,
    /// The old two-step verification: 409 `hsa`.
    TwoStep,
    /// The password is an app-specific one: 401 `-20283`.
    AppPassword,
    /// New terms wait: accountLogin gives a partial session.
    Terms,
    /// "Access iCloud Data on the Web" is off.
    WebAccessOff,
    /// Sign-in is throttled: 503 with a page.
    Throttled,
}

/// How the password is hashed before PBKDF2 (auth.md 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// 32 raw bytes of SHA-256.
    S2k,
    /// 64 characters of lower-case hex.
    S2kFo,
}

impl Protocol {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Protocol::S2k => "s2k",
            Protocol::S2kFo => "s2k_fo",
        }
    }
}

/// Which bytes of A, B and S a proof may hash when they start with a zero byte (auth.md 5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Padding {
    /// Padded and trimmed forms are both right.
    Either,
    /// Only all 256 bytes.
    Padded,
    /// Only the bytes from the first that is not zero.
    Trimmed,
}

/// Which value the server makes start with a zero byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeadingZero {
    /// The server's public value, in the next handshake alone.
    B,
    /// The shared secret, in the next handshake alone.
    S,
}

/// How a right code is acknowledged (auth.md 7.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum CodeAnswer {
    /// 204 for a device code, 200 for a message's code.
    Accepted,
    /// 409 with `valid: true` and a session token (rclone #9488, kei #596).
    ConflictWithToken,
    /// 409 with `valid: true` and no session token (rclone #9730).
    ConflictWithoutToken,
    /// 412 with `valid: true`: a repair comes first (icloud_photos_downloader #1026).
    Repair,
}

/// How `2sv/trust` answers (auth.md 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum TrustAnswer {
    /// 204 with trust and session token.
    Granted,
    /// 204 without either.
    WithoutToken,
    /// 403.
    Refused,
}

/// Where `GET AUTH` puts the phone numbers (auth.md 7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum OptionsForm {
    /// `trustedPhoneNumbers` at the top of the document.
    TopLevel,
    /// Inside `phoneNumberVerification`.
    Nested,
    /// Only `trustedPhoneNumber`, at the top.
    Singular,
    /// A page with `boot_args`, whatever `Accept` says.
    Html,
}

/// What the service map says of Drive (drive.md 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum DriveService {
    /// Both services are active.
    Active,
    /// Both are there and not active.
    Inactive,
    /// Neither is there: Drive was never turned on.
    Absent,
}

/// Where an account lives; each has hosts of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Region {
    /// `icloud.com`.
    Global,
    /// `icloud.com.cn`.
    China,
}

impl Region {
    /// HOME of auth.md 1: Origin of every call and redirect URI.
    pub fn home(self) -> &'static str {
        match self {
            Region::Global => "https://www.icloud.com",
            Region::China => "https://www.icloud.com.cn",
        }
    }

    /// Domain of the web services and of their cookies, without a leading dot.
    pub fn domain(self) -> &'static str {
        match self {
            Region::Global => "icloud.com",
            Region::China => "icloud.com.cn",
        }
    }

    /// The region as `domainToUse` spells it.
    pub fn domain_to_use(self) -> &'static str {
        match self {
            Region::Global => "iCloud.com",
            Region::China => "iCloud.com.cn",
        }
    }
}

/// A phone number that can receive codes, as far as Apple shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phone {
    /// Its id in requests.
    pub id: u64,
    /// The number with dial code, all but the last digits as bullets.
    pub number: String,
    /// The last two digits.
    pub last_digits: String,
    /// `sms` or `voice`.
    pub mode: String,
}

impl Phone {
    /// A phone with a masked number.
    pub fn new(id: u64, dial_code: &str, last_digits: &str, mode: &str) -> Phone {
        Phone {
            id,
            number: format!("{dial_code} (•••) •••-••{last_digits}"),
            last_digits: last_digits.to_owned(),
            mode: mode.to_owned(),
        }
    }
}
