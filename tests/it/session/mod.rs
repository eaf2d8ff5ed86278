//! Signing in, staying signed in and signing out, against a simulated iCloud over real HTTP.

mod login;
mod privacy;
mod renewal;
mod unattended;

use std::collections::VecDeque;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use icloud_sim::{
    AccountKind, CodeAnswer, Config, Control, Fault, LeadingZero, Loss, Rule, Simulator, TrustAnswer,
};
use jiff::{SignedDuration, Timestamp};
use larder::clock::{Clock, ManualClock};
use larder::http::{Client, Settings};
use larder::icloud::session::{
    Account, CodePrompt, CodeReply, CodeRequest, CodeSource, Endpoints, LoginDone, LoginOptions, Need,
    Notice, Person, Phone, PhoneId, Service, Session, SessionError, Store, USER_AGENT, login, logout,
    request_code, submit_code,
};
use larder::secret::Passwords;
use secrecy::SecretString;

const PASSWORD: &str = "correct horse battery";
const PATH: &str = "/database/1/com.apple.photos.cloud/production/private/changes/database?remapEnums=true";

/// A simulated iCloud and a place to keep a session of it.
struct World {
    simulator: Simulator,
    folder: tempfile::TempDir,
    clock: ManualClock,
}

impl World {
    async fn new(kind: AccountKind) -> Self {
        let simulator = Simulator::start(Config::default()).await.unwrap();
        simulator.control().account(|account| account.kind = kind);
        Self { simulator, folder: tempfile::tempdir().unwrap(), clock: ManualClock::new(Timestamp::now()) }
    }

    /// One that is signed in to already, its counters at zero.
    async fn signed_in() -> Self {
        let world = Self::new(AccountKind::TwoFactor).await;
        world.login(&mut world.person([Say::DeviceCode]), LoginOptions::default()).await.unwrap();
        world.pass(60);
        world.control().reset_counters();
        world
    }

    fn control(&self) -> Control {
        self.simulator.control()
    }

    /// A client as a fresh process has it.
    fn client(&self) -> Client {
        let endpoint = Some(self.simulator.url().parse().unwrap());
        Client::new(&Settings { endpoint, user_agent: USER_AGENT.to_owned() }).unwrap()
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("session.json")
    }

    fn store(&self) -> Store {
        Store::new(&self.file())
    }

    /// Lets time pass here and at Apple.
    fn pass(&self, seconds: u32) {
        self.clock.advance(SignedDuration::from_secs(seconds.into()));
        self.control().advance_clock(std::time::Duration::from_secs(seconds.into()));
    }

    fn person(&self, says: impl IntoIterator<Item = Say>) -> Script {
        Script {
            passwords: VecDeque::from([PASSWORD.to_owned()]),
            says: says.into_iter().collect(),
            control: self.control(),
            notices: Vec::new(),
            prompts: Vec::new(),
        }
    }

    async fn login(&self, person: &mut Script, options: LoginOptions) -> Result<LoginDone, SessionError> {
        login(&self.client(), &self.store(), &account(), &self.clock, person, options).await
    }

    async fn resume(&self, passwords: Passwords) -> Result<Session, SessionError> {
        let clock = Arc::new(self.clock.clone());
        Session::resume(self.client(), self.store(), account(), passwords, clock).await
    }

    /// How often each endpoint was asked since the last time, in a fixed order of names. One handshake in 80 is
    /// drawn again because its numbers came out ambiguous, so any number of `auth.init` counts as one.
    fn asked(&self) -> Vec<(String, u64)> {
        let counters = self.control().counters();
        self.control().reset_counters();
        let counted = counters.by_label.into_iter().map(|(label, count)| {
            let n = if label == "auth.init" { count.requests.min(1) } else { count.requests };
            (label, n)
        });
        counted.filter(|(_, n)| *n > 0).collect()
    }
}

fn account() -> Account {
    Account::new("You@Example.com", Endpoints::global().unwrap())
}

fn known() -> Passwords {
    Passwords::given(SecretString::from(PASSWORD))
}

fn asked<const N: usize>(expected: [(&str, u64); N]) -> Vec<(String, u64)> {
    let mut expected: Vec<_> = expected.iter().map(|(label, n)| ((*label).to_owned(), *n)).collect();
    expected.sort();
    expected
}

/// What the person says when asked for a code.
#[derive(Clone)]
enum Say {
    DeviceCode,
    SmsCode,
    Code(&'static str),
    Sms(i64),
    Resend,
}

/// A person who follows a script.
struct Script {
    passwords: VecDeque<String>,
    says: VecDeque<Say>,
    control: Control,
    notices: Vec<Notice>,
    prompts: Vec<CodePrompt>,
}

impl Person for Script {
    async fn password(&mut self) -> Option<SecretString> {
        let next = if self.passwords.len() > 1 {
            self.passwords.pop_front()
        } else {
            self.passwords.front().cloned()
        };
        next.map(SecretString::from)
    }

    async fn code(&mut self, prompt: &CodePrompt) -> CodeReply {
        self.prompts.push(prompt.clone());
        let codes = self.control.codes();
        match self.says.pop_front() {
            None => CodeReply::GiveUp,
            Some(Say::DeviceCode) => CodeReply::Code(codes.device.expect("a device shows a code")),
            Some(Say::SmsCode) => CodeReply::Code(codes.sms.expect("a message came")),
            Some(Say::Code(code)) => CodeReply::Code(code.to_owned()),
            Some(Say::Sms(id)) => CodeReply::SendSms(PhoneId::Number(id)),
            Some(Say::Resend) => CodeReply::Resend,
        }
    }

    async fn choose_phone(&mut self, phones: &[Phone]) -> Option<PhoneId> {
        phones.first().map(|phone| phone.id.clone())
    }

    fn tell(&mut self, notice: &Notice) {
        self.notices.push(notice.clone());
    }
}

async fn call(session: &Session) -> u16 {
    session.call(Service::CloudKit, PATH, Bytes::from_static(b"{}")).await.unwrap().status
}
