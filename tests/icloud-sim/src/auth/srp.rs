//! Apple's side of SRP-6a (auth.md 5 and 6): real arithmetic, both ways of hashing the password.

use crate::config::{LeadingZero, Padding, Protocol};
use crate::entropy::Entropy;
use sha2::{Digest, Sha256};
use srp::{ClientG2048, ServerG2048};

/// Bytes of a number modulo N.
pub(crate) const WIDTH: usize = 256;

/// H(N) xor H(pad(g)), a constant of the group (auth.md 5.1).
const GROUP: [u8; 32] = [
    0xa2, 0xb8, 0x0e, 0xe3, 0xd9, 0x57, 0xed, 0xe6, 0xb0, 0x72, 0xf7, 0x6f, 0x67, 0x41, 0x5f, 0x3d, 0x1a,
    0x71, 0x58, 0xbb, 0x8f, 0x0e, 0x76, 0x5e, 0x34, 0xd8, 0x78, 0x44, 0x03, 0x1a, 0xcc, 0x9c,
];

/// What Apple keeps in place of the password.
#[derive(Debug, Clone)]
pub(crate) struct Verifier {
    account: String,
    salt: Vec<u8>,
    /// v = g^x mod N.
    v: Vec<u8>,
}

/// A handshake between `signin/init` and `signin/complete`.
#[derive(Debug, Clone)]
pub(crate) struct Handshake {
    verifier: Verifier,
    client_public: Vec<u8>,
    secret: Vec<u8>,
    /// B, padded to 256 bytes.
    pub(crate) public: Vec<u8>,
}

impl Verifier {
    pub(crate) fn new(
        account: &str,
        password: &str,
        salt: &[u8],
        iterations: u32,
        protocol: Protocol,
    ) -> Verifier {
        let hashed = Sha256::digest(password.as_bytes());
        let input = match protocol {
            Protocol::S2k => hashed.to_vec(),
            Protocol::S2kFo => {
                hashed.iter().fold(String::new(), |hex, b| format!("{hex}{b:02x}")).into_bytes()
            }
        };
        let key: [u8; 32] = pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(&input, salt, iterations);
        let v =
            ClientG2048::<Sha256>::new_with_options(false).compute_verifier(account.as_bytes(), &key, salt);
        Verifier { account: account.to_owned(), salt: salt.to_vec(), v }
    }

    pub(crate) fn salt(&self) -> &[u8] {
        &self.salt
    }

    /// Starts a handshake; none when A is not a number that a client may send.
    pub(crate) fn handshake(
        &self,
        client_public: &[u8],
        zero: Option<LeadingZero>,
        entropy: &mut Entropy,
    ) -> Option<Handshake> {
        if client_public.is_empty() || client_public.len() > WIDTH {
            return None;
        }
        loop {
            let handshake = self.with_secret(client_public, &entropy.bytes::<32>());
            let secret = handshake.shared_secret()?;
            let found = match zero {
                None => true,
                Some(LeadingZero::B) => handshake.public[0] == 0,
                Some(LeadingZero::S) => secret.len() < WIDTH,
            };
            if found {
                return Some(handshake);
            }
        }
    }

    fn with_secret(&self, client_public: &[u8], secret: &[u8]) -> Handshake {
        let public = ServerG2048::<Sha256>::new().compute_public_ephemeral(secret, &self.v);
        Handshake {
            verifier: self.clone(),
            client_public: trimmed(client_public).to_vec(),
            secret: secret.to_vec(),
            public: padded(&public),
        }
    }
}

impl Handshake {
    /// Whether both proofs are right in a form that `padding` allows.
    pub(crate) fn proven(&self, m1: &[u8], m2: &[u8], padding: Padding) -> bool {
        let Some(secret) = self.shared_secret() else { return false };
        let forms: &[bool] = match padding {
            Padding::Either => &[false, true],
            Padding::Padded => &[true],
            Padding::Trimmed => &[false],
        };
        let of = |padded_form: bool, bytes: &[u8]| {
            if padded_form { padded(bytes) } else { trimmed(bytes).to_vec() }
        };
        // Clients mix the forms: the `srp` crate trims A and S and hashes B as it came.
        forms.iter().any(|&pad_a| {
            forms.iter().any(|&pad_b| {
                forms.iter().any(|&pad_s| {
                    let (a, b) = (of(pad_a, &self.client_public), of(pad_b, &self.public));
                    let key = Sha256::digest(of(pad_s, &secret));
                    let proof = self.proof(&a, &b, &key);
                    m1 == proof && m2 == Sha256::digest([&a, &proof[..], &key[..]].concat()).as_slice()
                })
            })
        })
    }

    fn proof(&self, a: &[u8], b: &[u8], key: &[u8]) -> Vec<u8> {
        let account = Sha256::digest(self.verifier.account.as_bytes());
        Sha256::digest([&GROUP, &account[..], &self.verifier.salt, a, b, key].concat()).to_vec()
    }

    /// S without leading zeros; none when A is a multiple of N.
    fn shared_secret(&self) -> Option<Vec<u8>> {
        let Verifier { account, salt, v } = &self.verifier;
        ServerG2048::<Sha256>::new()
            .process_reply(account.as_bytes(), salt, &self.secret, v, &self.client_public)
            .ok()
            .map(|proven| proven.key().to_vec())
    }
}

fn trimmed(bytes: &[u8]) -> &[u8] {
    &bytes[bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len())..]
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    let bytes = trimmed(bytes);
    let mut wide = vec![0; WIDTH.saturating_sub(bytes.len())];
    wide.extend_from_slice(bytes);
    wide
}

#[cfg(test)]
mod tests;
