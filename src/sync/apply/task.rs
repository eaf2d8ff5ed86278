//! One file to bring home.

use jiff::Timestamp;

use super::subject::Document;
use crate::model::{ItemId, hex};
use crate::state::{Lies, PlacedFile};
use crate::sync::plan::Wanted;
use crate::tree::RelPath;

/// One file to bring home.
#[derive(Debug, Clone)]
pub(super) struct Task {
    /// The item that it belongs to.
    pub(super) item: ItemId,
    /// The record whose lookup gives its URL: the master or the asset.
    pub(super) record: String,
    /// The file.
    pub(super) wanted: Wanted,
    /// Where it goes.
    pub(super) path: RelPath,
    /// Where its content lies already, under another name or in the attic.
    pub(super) source: Option<Source>,
    /// Where it goes when the file that lies at `path` turns out to be another one.
    pub(super) or_else: Option<RelPath>,
    /// An older version that lies there, or under another name, and leaves for the attic.
    pub(super) replaces: Option<Source>,
    /// Whether it was there before and is to come again because it was lost.
    pub(super) lost: bool,
    /// For a file of Drive, the version of the content that is meant.
    pub(super) document: Option<Document>,
    /// How much is known of the length of its body.
    pub(super) length: Length,
    /// Modification time to give it.
    pub(super) mtime: Option<Timestamp>,
    /// Whether the file is for the owner alone.
    pub(super) private: bool,
    /// The outermost directory on the way to it that is for the owner alone.
    pub(super) private_dir: Option<RelPath>,
}

/// How much is known of a body's length before it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Length {
    /// It is the size of the resource.
    #[default]
    Exact,
    /// It is that, or that of the answer when it is a document of iWork (rclone #8404).
    IWork,
    /// Nothing: packages are made while they are sent (rclone #9798).
    Open,
}

/// Content on this disk.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// Where it lies.
    pub(super) path: RelPath,
    /// What the ledger knows of it.
    pub(super) file: PlacedFile,
    /// The other photo whose file it is; `None` when it is the item's own.
    pub(super) giver: Option<Giver>,
}

/// A photo that has the same content.
#[derive(Debug, Clone)]
pub(super) struct Giver {
    /// The photo.
    pub(super) item: ItemId,
    /// Whether it keeps its file, so that it is copied; otherwise it is gone from iCloud and gives the file away.
    pub(super) keeps: bool,
}

impl Source {
    /// Whether what lies there is known not to be the file.
    #[must_use]
    pub(super) fn is_altered(&self) -> bool {
        matches!(self.file.lies, Lies::Altered(_))
    }
}

impl Task {
    /// Name of its partial file: the same for the same content of the same file, so that a later run can go on.
    #[must_use]
    pub(super) fn staging_key(&self) -> String {
        use sha2::{Digest as _, Sha256};
        let mut hash = Sha256::new();
        hash.update(self.item.zone.to_le_bytes());
        hash.update(self.item.record.as_bytes());
        hash.update([0, self.wanted.resource.kind as u8]);
        hash.update(self.wanted.resource.checksum.as_bytes());
        hex(&hash.finalize()[..16])
    }
}
