//! Where a password comes from when nobody is there to type it.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// The environment variable that may hold the password.
pub const PASSWORD_VARIABLE: &str = "LARDER_PASSWORD";

/// The sources of a password, in the order in which they are asked. Asking again reads the source again, so
/// that a password changed meanwhile is seen.
#[derive(Clone, Default)]
pub struct Passwords(Vec<Source>);

#[derive(Clone)]
enum Source {
    Given(SecretString),
    Environment,
}

impl Passwords {
    /// No source at all: sign-in without a person works only while what is stored works.
    pub fn none() -> Self {
        Self::default()
    }

    /// A password that is at hand.
    pub fn given(password: SecretString) -> Self {
        Self(vec![Source::Given(password)])
    }

    /// The variable `LARDER_PASSWORD`.
    pub fn from_environment() -> Self {
        Self(vec![Source::Environment])
    }

    /// These sources first, then `other`.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The password of the first source that has one. An empty one counts as none.
    pub fn get(&self) -> Option<SecretString> {
        self.get_with(|name| std::env::var(name).ok())
    }

    pub(super) fn get_with(&self, environment: impl Fn(&str) -> Option<String>) -> Option<SecretString> {
        let ask = |source: &Source| match source {
            Source::Given(password) => Some(password.clone()),
            Source::Environment => environment(PASSWORD_VARIABLE).map(SecretString::from),
        };
        self.0.iter().filter_map(ask).find(|password| !password.expose_secret().is_empty())
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Passwords({} sources)", self.0.len())
    }
}
