//! Apple's content checksum, and hashing while bytes stream by.
//!
//! `fileChecksum` is base64 of 21 bytes: `01`, then SHA-1 over a fixed salt of 51 bytes and the content. The
//! rule was derived from recordings of `icloud_photos_downloader` and agrees with rustpush's MMCS code.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

/// The salt that precedes the content: two names, each ended by a zero byte.
const SALT: &[u8; 51] = b"com.apple.XattrObjectSalt\0com.apple.DataObjectSalt\0";

/// Bytes as lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ok = write!(text, "{byte:02x}");
        text
    })
}

/// A checksum as Apple publishes it: opaque bytes, of which only one form can be proven.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Checksum(#[serde(with = "bytes_as_seq")] Vec<u8>);

impl Checksum {
    /// Reads the base64 text of a record (standard or URL-safe alphabet, with or without padding). Text that
    /// is no base64 is kept byte for byte: it can still be compared, never proven.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let bare = text.trim_end_matches('=');
        let bytes = STANDARD_NO_PAD.decode(bare).or_else(|_| URL_SAFE_NO_PAD.decode(bare));
        Self(bytes.unwrap_or_else(|_| text.as_bytes().to_vec()))
    }

    /// The salted SHA-1 that proves the content, when the checksum is of the form known (21 bytes, first `01`).
    #[must_use]
    pub fn provable(&self) -> Option<[u8; 20]> {
        match self.0.split_first() {
            Some((1, rest)) => rest.try_into().ok(),
            _ => None,
        }
    }

    /// The checksum of content whose salted SHA-1 is `digest`.
    #[must_use]
    pub fn from_salted_sha1(digest: &[u8; 20]) -> Self {
        let mut bytes = Vec::with_capacity(21);
        bytes.push(1);
        bytes.extend_from_slice(digest);
        Self(bytes)
    }

    /// The raw bytes, first byte included.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(&self.0))
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Checksum({self})")
    }
}

/// What hashing a whole content gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// Length in bytes.
    pub size: u64,
    /// Apple's checksum of the content.
    pub apple: Checksum,
    /// SHA-256, when it was asked for.
    pub sha256: Option<[u8; 32]>,
}

/// Hashes content as it streams by: Apple's checksum always, SHA-256 on request.
#[derive(Clone)]
pub struct ContentHasher {
    size: u64,
    apple: Sha1,
    sha256: Option<Sha256>,
}

impl ContentHasher {
    /// A hasher that has seen nothing. SHA-256 doubles the cost: ask for it only where nothing else can stand
    /// for the content.
    #[must_use]
    pub fn new(with_sha256: bool) -> Self {
        Self { size: 0, apple: Sha1::new_with_prefix(SALT), sha256: with_sha256.then(Sha256::new) }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.apple.update(bytes);
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(bytes);
        }
    }

    /// Bytes seen so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The result.
    #[must_use]
    pub fn finish(self) -> Digest {
        Digest {
            size: self.size,
            apple: Checksum::from_salted_sha1(&self.apple.finalize().into()),
            sha256: self.sha256.map(|hash| hash.finalize().into()),
        }
    }
}

/// Checksums are stored as a length and bytes.
mod bytes_as_seq {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        bytes.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        Vec::deserialize(from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checksum_of(content: &[u8]) -> String {
        let mut hasher = ContentHasher::new(false);
        hasher.update(content);
        hasher.finish().apple.to_string()
    }

    #[test]
    fn the_four_known_vectors_hold() {
        assert_eq!(checksum_of(b""), "AW2cWT2PxzWixMKuuNMTHJ8CJ3sH");
        assert_eq!(checksum_of(b"larder"), "AUiMCTZkS9Jhdoh3BH0Od/eQj8YW");
        assert_eq!(checksum_of(&[0, 0, 0]), "ARXTdmAOx0QUBEC00fZBMZ/qepql");
        let line = "larder-fixture:A02/resOriginal\n".repeat(100);
        assert_eq!(checksum_of(&line.as_bytes()[..2500]), "Acd+aKRKMA8+KK0zbYVZARLjBJ/e");
    }

    #[test]
    fn only_21_bytes_that_begin_with_01_can_be_proven() {
        assert!(Checksum::parse("AW2cWT2PxzWixMKuuNMTHJ8CJ3sH").provable().is_some());
        assert!(Checksum::parse("gW2cWT2PxzWixMKuuNMTHJ8CJ3sH").provable().is_none());
        assert!(Checksum::parse("AW2cWT2PxzWixMKuuNMTHJ8C").provable().is_none());
        assert!(Checksum::parse("").provable().is_none());
        assert!(Checksum::parse("not base64!").provable().is_none());
    }

    #[test]
    fn both_alphabets_name_the_same_checksum() {
        assert_eq!(
            Checksum::parse("Acd-aKRKMA8-KK0zbYVZARLjBJ_e"),
            Checksum::parse("Acd+aKRKMA8+KK0zbYVZARLjBJ/e")
        );
    }

    #[test]
    fn hashing_in_pieces_equals_hashing_at_once() {
        let mut pieces = ContentHasher::new(true);
        pieces.update(b"lar");
        pieces.update(b"");
        pieces.update(b"der");
        let mut whole = ContentHasher::new(true);
        whole.update(b"larder");
        assert_eq!(pieces.finish(), whole.finish());
    }
}
