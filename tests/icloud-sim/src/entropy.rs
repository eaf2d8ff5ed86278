//! Tokens, codes and secrets that nobody can guess, not even a second simulator.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rand::rngs::StdRng;
use rand::{Rng, RngCore, SeedableRng};

/// A generator seeded by the operating system.
#[derive(Debug)]
pub(crate) struct Entropy(StdRng);

impl Entropy {
    pub(crate) fn new() -> Entropy {
        let mut seed = [0; 32];
        let (low, high) = seed.split_at_mut(16);
        low.copy_from_slice(uuid::Uuid::new_v4().as_bytes());
        high.copy_from_slice(uuid::Uuid::new_v4().as_bytes());
        Entropy(StdRng::from_seed(seed))
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// 48 random bytes in URL-safe base64: the look of Apple's tokens.
    pub(crate) fn token(&mut self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes::<48>())
    }

    /// 24 random bytes in base64 that ends with `=`, as some cookie values do.
    pub(crate) fn padded(&mut self) -> String {
        STANDARD.encode(self.bytes::<25>())
    }

    /// 40 upper-case hexadecimal digits, the look of a session id.
    pub(crate) fn session_id(&mut self) -> String {
        self.hex::<20>().to_uppercase()
    }

    /// Lower-case hexadecimal digits of `N` bytes.
    pub(crate) fn hex<const N: usize>(&mut self) -> String {
        self.bytes::<N>().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
    }

    /// Six digits, leading zeros kept.
    pub(crate) fn code(&mut self) -> String {
        format!("{:06}", self.0.random_range(0..1_000_000))
    }
}
