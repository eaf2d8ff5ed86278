//! Knowing a refused password again without keeping it.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::srp::hex;

/// Makes guessing from the stored hash slow; a tenth of a second here, on the rare run after a refusal.
const ROUNDS: u32 = 210_000;

/// A salted, stretched hash of a refused password. Not shown: guessing from it is slow, not impossible.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Refused(String);

impl Refused {
    /// Hashes a password, with a salt of its own.
    pub(super) fn new(password: &SecretString) -> Self {
        Self::with_salt(password, &hex(uuid::Uuid::new_v4().as_bytes()))
    }

    /// Whether this is the hash of that password.
    #[must_use]
    pub fn is(&self, password: &SecretString) -> bool {
        self.0.split_once(':').is_some_and(|(salt, _)| Self::with_salt(password, salt) == *self)
    }

    fn with_salt(password: &SecretString, salt: &str) -> Self {
        let mut key = [0; 32];
        pbkdf2::pbkdf2_hmac::<Sha256>(password.expose_secret().as_bytes(), salt.as_bytes(), ROUNDS, &mut key);
        Self(format!("{salt}:{}", hex(&key)))
    }
}

impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Refused(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again_and_another_is_not() {
        let first = Refused::new(&SecretString::from("one"));
        assert!(first.is(&SecretString::from("one")));
        assert!(!first.is(&SecretString::from("two")));
        assert_ne!(first, Refused::new(&SecretString::from("one")), "salted");
        assert!(!Refused::default().is(&SecretString::from("one")));
        assert!(!format!("{first:?}").contains(&first.0));
    }
}
