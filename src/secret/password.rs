//! Where a password comes from when nobody is there to type it.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::{ExposeSecret, SecretString};

use super::keyring::Keyring;
use super::source::{self, PASSWORD_VARIABLE};

/// Where the service manager puts the credentials of its services.
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

/// The sources of a password, in the order in which they are asked. Asking again reads the source again, so
/// that a password changed meanwhile is seen.
#[derive(Clone, Default)]
pub struct Passwords {
    sources: Vec<Source>,
    /// Why a source failed, the last time.
    trouble: Arc<Mutex<Option<String>>>,
}

#[derive(Clone)]
enum Source {
    Given(SecretString),
    Environment,
    File(PathBuf),
    Command(Vec<String>),
    Credential(String),
    Keyring(Keyring),
}

impl Passwords {
    /// No source at all: sign-in without a person works only while what is stored works.
    pub fn none() -> Self {
        Self::default()
    }

    /// A password that is at hand.
    pub fn given(password: SecretString) -> Self {
        Self::of(Source::Given(password))
    }

    /// The variable `LARDER_PASSWORD`.
    pub fn from_environment() -> Self {
        Self::of(Source::Environment)
    }

    /// The first line of a file.
    pub fn file(path: PathBuf) -> Self {
        Self::of(Source::File(path))
    }

    /// The first line that a program writes.
    pub fn command(command: Vec<String>) -> Self {
        Self::of(Source::Command(command))
    }

    /// A credential of the service manager (systemd's `LoadCredential=`), by its name.
    pub fn credential(name: String) -> Self {
        Self::of(Source::Credential(name))
    }

    /// The entry of the keyring of this service and this account. Where larder was built without it, that fails.
    pub fn keyring(service: String, account: SecretString) -> Self {
        Self::of(Source::Keyring(Keyring::new(service, account)))
    }

    /// These sources first, then `other`.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        self.sources.extend(other.sources);
        self
    }

    /// The password of the first source that has one. An empty one counts as none, and so does a source that fails, of which
    /// [`Passwords::trouble`] tells. May take as long as a program does.
    pub fn get(&self) -> Option<SecretString> {
        self.get_with(|name| std::env::var(name).ok())
    }

    /// Why a source that should have a password failed when it was last asked.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn of(source: Source) -> Self {
        Self { sources: vec![source], trouble: Arc::default() }
    }

    fn told(&self, key: &str, read: Result<SecretString, String>) -> Option<SecretString> {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        *trouble = read.as_ref().err().map(|why| format!("`account.{key}` gave no password: {why}"));
        read.ok()
    }

    pub(super) fn get_with(&self, environment: impl Fn(&str) -> Option<String>) -> Option<SecretString> {
        let ask = |source: &Source| match source {
            Source::Given(password) => Some(password.clone()),
            Source::Environment => environment(PASSWORD_VARIABLE).map(SecretString::from),
            Source::File(path) => self.told("password_file", source::file(path)),
            Source::Command(command) => self.told("password_command", source::command(command)),
            Source::Credential(name) => {
                let directory = environment(CREDENTIALS_DIRECTORY).map(PathBuf::from);
                self.told("password_credential", source::credential(directory, name))
            }
            Source::Keyring(keyring) => self.told("password_keyring", keyring.password()),
        };
        self.sources.iter().filter_map(ask).find(|password| !password.expose_secret().is_empty())
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Passwords({} sources)", self.sources.len())
    }
}
