//! The proof of the password: SRP-6a as Apple has it (RFC 5054 group of 2048 bits, SHA-256, no user name in
//! x, the password hashed and stretched first).

#[cfg(test)]
mod tests;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha2::{Digest, Sha256};
use srp::groups::G2048;
use srp::{ClientG2048, Generate, Group};
use zeroize::Zeroizing;

/// Bytes of the group's prime, and so of A, B and S.
const WIDTH: usize = 256;

/// Iteration counts that are believed. Apple uses about 20 000; a hostile count could hang us.
const ITERATIONS: std::ops::RangeInclusive<u32> = 1_000..=1_000_000;

/// Why there is no proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SrpError {
    /// The challenge lacks something or is not readable.
    #[error("The sign-in challenge has no usable `{member}`")]
    Challenge {
        /// The member of the answer.
        member: &'static str,
    },
    /// A way of hashing passwords that larder does not know.
    #[error(
        "The sign-in challenge asks for the unknown password hash `{protocol}`; larder must learn it first"
    )]
    Protocol {
        /// What Apple called it.
        protocol: String,
    },
    /// An iteration count out of all proportion.
    #[error("The sign-in challenge asks for {iterations} iterations, which is not believable")]
    Iterations {
        /// What was asked for.
        iterations: u64,
    },
    /// A number begins with a zero byte, and clients disagree on hashing those: draw again.
    #[error("The sign-in numbers came out ambiguous")]
    Ambiguous,
    /// The system gives no random numbers.
    #[error("The operating system gives no random numbers")]
    Random,
}

/// Our secret for one handshake and its public half.
#[derive(Clone)]
pub(super) struct Ephemeral {
    secret: Zeroizing<[u8; 32]>,
    public: Vec<u8>,
}

impl Ephemeral {
    /// Draws a fresh secret whose public half has no leading zero byte (one draw in 172 has one).
    pub(super) fn draw() -> Result<Self, SrpError> {
        loop {
            let secret = <[u8; 32]>::try_generate().map_err(|_| SrpError::Random)?;
            if let Some(ephemeral) = Self::from_secret(secret) {
                return Ok(ephemeral);
            }
        }
    }

    /// `None` when the public half has a leading zero byte.
    pub(super) fn from_secret(secret: [u8; 32]) -> Option<Self> {
        let public = client().compute_public_ephemeral(&secret);
        (public.len() == WIDTH).then(|| Self { secret: Zeroizing::new(secret), public })
    }

    /// A, as it travels.
    pub(super) fn public(&self) -> String {
        BASE64_STANDARD.encode(&self.public)
    }
}

/// How the password is fed to PBKDF2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    /// `s2k`: the 32 bytes of its SHA-256.
    Raw,
    /// `s2k_fo`: the 64 hex digits of its SHA-256.
    Hex,
}

/// Apple's half of a handshake, from the answer to `signin/init`.
#[derive(Clone)]
pub(super) struct Challenge {
    salt: Vec<u8>,
    b_public: Vec<u8>,
    iterations: u32,
    protocol: Protocol,
    /// Opaque; goes back as it came.
    pub(super) c: Value,
}

impl Challenge {
    /// Reads the answer to `signin/init`.
    pub(super) fn parse(body: &Value) -> Result<Self, SrpError> {
        let binary = |member: &'static str| {
            let text = body.get(member).and_then(Value::as_str);
            text.and_then(|text| BASE64_STANDARD.decode(text).ok()).ok_or(SrpError::Challenge { member })
        };
        let protocol = match body.get("protocol").and_then(Value::as_str) {
            Some("s2k") => Protocol::Raw,
            Some("s2k_fo") => Protocol::Hex,
            Some(other) => return Err(SrpError::Protocol { protocol: other.chars().take(32).collect() }),
            None => return Err(SrpError::Challenge { member: "protocol" }),
        };
        let told = body.get("iteration").and_then(Value::as_u64);
        let told = told.ok_or(SrpError::Challenge { member: "iteration" })?;
        let iterations = u32::try_from(told).ok().filter(|count| ITERATIONS.contains(count));
        Ok(Self {
            salt: binary("salt")?,
            b_public: binary("b")?,
            iterations: iterations.ok_or(SrpError::Iterations { iterations: told })?,
            protocol,
            c: body.get("c").cloned().ok_or(SrpError::Challenge { member: "c" })?,
        })
    }
}

/// What shows Apple that we know the password.
#[derive(Clone)]
pub(super) struct Proof {
    /// M1, as it travels.
    pub(super) m1: String,
    /// M2, as it travels. Apple wants both from the client.
    pub(super) m2: String,
}

/// Computes the proof. Takes some ten milliseconds of one core; wants a thread of its own.
///
/// `account_name` must be in lower case: the server hashes it that way.
pub(super) fn prove(
    ephemeral: &Ephemeral,
    account_name: &str,
    password: &SecretString,
    challenge: &Challenge,
) -> Result<Proof, SrpError> {
    let b_public = &challenge.b_public;
    if b_public.len() > WIDTH {
        return Err(SrpError::Challenge { member: "b" });
    }
    // A shorter B is one with leading zeros, cut off.
    if b_public.len() < WIDTH || b_public[0] == 0 {
        return Err(SrpError::Ambiguous);
    }
    // Of equal length, so comparing bytes compares numbers. Zero is caught by the crate.
    if b_public.as_slice() >= &*G2048::generator().params().modulus().to_be_bytes() {
        return Err(SrpError::Challenge { member: "b" });
    }
    let key = stretch(password, challenge);
    let reply = client()
        .process_reply(&*ephemeral.secret, account_name.as_bytes(), &*key, &challenge.salt, b_public)
        .map_err(|_| SrpError::Challenge { member: "b" })?;
    if reply.key().len() != WIDTH {
        return Err(SrpError::Ambiguous);
    }
    let session_key = Sha256::digest(reply.key());
    let m2 =
        Sha256::new().chain_update(&ephemeral.public).chain_update(reply.proof()).chain_update(session_key);
    Ok(Proof { m1: BASE64_STANDARD.encode(reply.proof()), m2: BASE64_STANDARD.encode(m2.finalize()) })
}

fn client() -> ClientG2048<Sha256> {
    // False: the user name stays out of x.
    ClientG2048::new_with_options(false)
}

/// The password as SRP wants it. No Unicode normalisation: no client applies any.
fn stretch(password: &SecretString, challenge: &Challenge) -> Zeroizing<[u8; 32]> {
    let digest = Zeroizing::new(<[u8; 32]>::from(Sha256::digest(password.expose_secret().as_bytes())));
    let input = match challenge.protocol {
        Protocol::Raw => Zeroizing::new(digest.to_vec()),
        Protocol::Hex => Zeroizing::new(hex(&*digest).into_bytes()),
    };
    let mut key = Zeroizing::new([0; 32]);
    pbkdf2::pbkdf2_hmac::<Sha256>(&input, &challenge.salt, challenge.iterations, &mut *key);
    key
}

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}
