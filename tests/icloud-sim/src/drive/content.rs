//! What a file is made of: plain bytes, a package, or nothing yet.

use crate::body::hex;
use crate::file_bytes::FileBytes;
use crate::noise;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The content of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// Bytes: `data_token`.
    Plain(FileBytes),
    /// A directory that is shown as one file: `package_token`.
    Package(Vec<PackageFile>),
    /// The device that made it has not uploaded it yet: neither token (rclone #8415).
    Pending,
}

/// One entry of a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageFile {
    /// Path below the package, with `/`.
    pub path: String,
    /// None for a directory.
    pub bytes: Option<FileBytes>,
}

impl PackageFile {
    /// A file of a package.
    pub fn new(path: &str, bytes: impl Into<Vec<u8>>) -> PackageFile {
        PackageFile { path: path.to_owned(), bytes: Some(FileBytes::from(bytes.into())) }
    }

    /// A directory of a package; only empty ones need to be named.
    pub fn directory(path: &str) -> PackageFile {
        PackageFile { path: path.to_owned(), bytes: None }
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Content {
        Content::from(text.as_bytes())
    }
}

impl From<String> for Content {
    fn from(text: String) -> Content {
        Content::from(text.into_bytes())
    }
}

impl From<&[u8]> for Content {
    fn from(bytes: &[u8]) -> Content {
        Content::from(bytes.to_vec())
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Content {
        Content::Plain(FileBytes::from(bytes))
    }
}

impl From<FileBytes> for Content {
    fn from(bytes: FileBytes) -> Content {
        Content::Plain(bytes)
    }
}

impl From<Vec<PackageFile>> for Content {
    fn from(files: Vec<PackageFile>) -> Content {
        Content::Package(files)
    }
}

impl Content {
    /// Bytes of quota.
    pub(super) fn len(&self) -> u64 {
        match self {
            Content::Plain(bytes) => bytes.len(),
            Content::Package(files) => {
                files.iter().filter_map(|file| file.bytes.as_ref()).map(FileBytes::len).sum()
            }
            Content::Pending => 0,
        }
    }

    /// The `size` of a listing, where it is as usual.
    pub(super) fn listed_len(&self) -> u64 {
        match self {
            // Neither the zip's nor the sum of its files (rclone #9798, icloud-docker #525).
            Content::Package(files) => self.len() + 4_096 * (files.len() as u64 + 1) + 37,
            _ => self.len(),
        }
    }

    /// The 20 bytes of the content's signature: photos' formula, or one that nobody knows.
    pub(super) fn signature(&self, salted: bool, secret: u64) -> [u8; 20] {
        match self {
            Content::Plain(bytes) if salted => bytes.salted_sha1(),
            _ => {
                let digest = Sha256::digest(format!("{secret}:{}", self.identity()));
                std::array::from_fn(|at| digest[at])
            }
        }
    }

    /// A text that is the same for the same content.
    fn identity(&self) -> String {
        match self {
            Content::Plain(bytes) => bytes.sha256(),
            Content::Package(files) => {
                let lines = files.iter().map(|file| {
                    let sum = file.bytes.as_ref().map(FileBytes::sha256).unwrap_or_default();
                    format!("{}\0{sum}\0", file.path)
                });
                hex(&Sha256::digest(lines.collect::<String>()))
            }
            Content::Pending => String::new(),
        }
    }

    /// The key that the content is said to be wrapped with; no client needs it.
    pub(super) fn wrapping_key(&self) -> [u8; 16] {
        noise::bytes(noise::pair(self.len(), noise::of_text("wrapping key")))
    }
}
