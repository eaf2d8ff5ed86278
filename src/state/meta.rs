//! Facts about the state as a whole.

use redb::ReadableTable as _;

use super::StateError;
use super::tables::{Batch, Tables};

/// A fact about the state as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetaKey {
    /// Version of the tables: a number.
    Format,
    /// SHA-256 of the Apple ID that this state belongs to.
    Account,
    /// Identity of the photo mirror's destination.
    Mirror,
    /// Fingerprint of the parts of the job file that decide which files a photo has and how they are named.
    Policy,
    /// Permissions that new files and directories of the mirror get, as the job file has them.
    Modes,
    /// Fingerprint of what the job file says about album views; empty when there are none.
    Views,
    /// When zones were last discovered: seconds since 1970.
    ZonesChecked,
    /// The crawl of Drive that is under way.
    Crawl,
    /// When the last complete full crawl of Drive ended: seconds since 1970.
    FullCrawl,
    /// The next number for a dirty mark.
    NextMark,
    /// How far the mirror was read again, and when.
    Rereads,
    /// What a verification that is not at its end has found so far, as JSON; empty when there is none.
    VerifyPass,
    /// What the last verification of the whole mirror found, as JSON.
    VerifyLast,
}

impl MetaKey {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Account => "account",
            Self::Mirror => "photos.mirror",
            Self::Policy => "photos.policy",
            Self::Modes => "photos.modes",
            Self::Views => "views",
            Self::ZonesChecked => "zones.checked",
            Self::Crawl => "crawl",
            Self::FullCrawl => "crawl.full",
            Self::NextMark => "marks.next",
            Self::Rereads => "verify.read",
            Self::VerifyPass => "verify.pass",
            Self::VerifyLast => "verify.last",
        }
    }
}

/// The fact as text, if known.
pub fn text(tables: &impl Tables, key: MetaKey) -> Result<Option<String>, StateError> {
    let row = tables.meta().get(key.name())?;
    row.map(|row| {
        String::from_utf8(row.value().to_vec())
            .map_err(|error| StateError::Row { table: "meta", why: format!("{}: {error}", key.name()) })
    })
    .transpose()
}

/// The fact as a number, if known.
pub fn number(tables: &impl Tables, key: MetaKey) -> Result<Option<u64>, StateError> {
    let row = tables.meta().get(key.name())?;
    row.map(|row| {
        let bytes = row.value().try_into();
        bytes
            .map(u64::from_le_bytes)
            .map_err(|_| StateError::Row { table: "meta", why: format!("{}: not a number", key.name()) })
    })
    .transpose()
}

impl Batch<'_> {
    pub(super) fn meta_number(&self, key: MetaKey) -> Result<Option<u64>, StateError> {
        number(self, key)
    }

    /// Remembers a number.
    pub fn set_meta_number(&mut self, key: MetaKey, value: u64) -> Result<(), StateError> {
        self.meta.insert(key.name(), value.to_le_bytes().as_slice())?;
        Ok(())
    }

    /// Remembers a text.
    pub fn set_meta_text(&mut self, key: MetaKey, value: &str) -> Result<(), StateError> {
        self.meta.insert(key.name(), value.as_bytes())?;
        Ok(())
    }
}
