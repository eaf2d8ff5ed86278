//! The bytes of a file: given as they are, or made when they are read.

use crate::body::{self, Body, Head};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The content of one file; copies are cheap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Spelled", into = "Spelled")]
pub enum FileBytes {
    /// Kept in memory.
    Given(Bytes),
    /// Noise that is made when it is read.
    Made(Body),
}

/// How they are written in JSON.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Spelled {
    Text(String),
    Base64(String),
    Noise { seed: u64, len: u64 },
}

impl TryFrom<Spelled> for FileBytes {
    type Error = String;

    fn try_from(spelled: Spelled) -> Result<FileBytes, String> {
        Ok(match spelled {
            Spelled::Text(text) => FileBytes::from(text.into_bytes()),
            Spelled::Base64(text) => {
                FileBytes::from(STANDARD.decode(text).map_err(|error| error.to_string())?)
            }
            Spelled::Noise { seed, len } => FileBytes::noise(seed, len),
        })
    }
}

impl From<FileBytes> for Spelled {
    fn from(bytes: FileBytes) -> Spelled {
        match bytes {
            FileBytes::Given(bytes) => Spelled::Base64(STANDARD.encode(bytes)),
            FileBytes::Made(body) => Spelled::Noise { seed: body.seed, len: body.len },
        }
    }
}

impl From<Vec<u8>> for FileBytes {
    fn from(bytes: Vec<u8>) -> FileBytes {
        FileBytes::Given(Bytes::from(bytes))
    }
}

impl From<Body> for FileBytes {
    fn from(body: Body) -> FileBytes {
        FileBytes::Made(body)
    }
}

impl FileBytes {
    /// `len` bytes of noise; two seeds make different bytes when there are at least 48 of them.
    pub fn noise(seed: u64, len: u64) -> FileBytes {
        FileBytes::Made(Body::new(seed, len, Head::None))
    }

    /// Length in bytes.
    pub fn len(&self) -> u64 {
        match self {
            FileBytes::Given(bytes) => bytes.len() as u64,
            FileBytes::Made(body) => body.len(),
        }
    }

    /// True of a file of 0 bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes the bytes from `offset` on into `buf` and returns how many there were.
    pub fn read_at(&self, offset: u64, buf: &mut [u8]) -> usize {
        match self {
            FileBytes::Given(bytes) => {
                let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                let count = buf.len().min(bytes.len() - start);
                buf[..count].copy_from_slice(&bytes[start..start + count]);
                count
            }
            FileBytes::Made(body) => body.read_at(offset, buf),
        }
    }

    /// All of it, in memory.
    pub fn to_bytes(&self) -> Bytes {
        match self {
            FileBytes::Given(bytes) => bytes.clone(),
            FileBytes::Made(body) => {
                let mut whole = vec![0; usize::try_from(body.len()).unwrap_or(0)];
                body.read_at(0, &mut whole);
                Bytes::from(whole)
            }
        }
    }

    /// SHA-256, as 64 hexadecimal digits.
    pub fn sha256(&self) -> String {
        match self {
            FileBytes::Given(bytes) => body::hex(&Sha256::digest(bytes)),
            FileBytes::Made(body) => body.sha256(),
        }
    }

    /// Other bytes of the same length.
    pub(crate) fn other(self) -> FileBytes {
        match self {
            FileBytes::Given(bytes) => FileBytes::from(bytes.iter().map(|byte| !byte).collect::<Vec<u8>>()),
            FileBytes::Made(body) => FileBytes::Made(body.other()),
        }
    }

    /// The salted SHA-1 by which photo originals are known (photos.md 9.4), without its marker byte.
    pub(crate) fn salted_sha1(&self) -> [u8; 20] {
        let checksum = match self {
            FileBytes::Given(bytes) => body::checksum_of(bytes),
            FileBytes::Made(body) => body.checksum(),
        };
        std::array::from_fn(|at| checksum[at + 1])
    }
}
