//! What a zone holds, as compact as a million of each allows; the JSON of records is made from it on demand.

use super::body::{Body, Checksum};
use super::noise;
use super::uti::{Prefix, Uti};

/// One downloadable file of a record.
#[derive(Debug, Clone)]
pub(super) struct Resource {
    pub(super) prefix: Prefix,
    pub(super) uti: Uti,
    pub(super) body: Body,
    /// What is published; it can differ from the body's own checksum.
    pub(super) checksum: Checksum,
    pub(super) width: u16,
    pub(super) height: u16,
    pub(super) presence: Presence,
}

/// How much of a resource the record shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// All of it.
    Whole,
    /// The phone has not finished the upload: no `downloadURL`.
    Pending,
    /// Neither type nor size nor fingerprint: only `…Res`.
    Undescribed,
    /// The upload has not begun: no field of it at all.
    Awaited,
}

impl Resource {
    pub(super) fn new(prefix: Prefix, uti: Uti, seed: u64, len: u64, (width, height): (u16, u16)) -> Self {
        let body = Body::new(noise::pair(seed, prefix as u64), len, uti.head());
        Self { prefix, uti, body, checksum: body.checksum(), width, height, presence: Presence::Whole }
    }

    pub(super) fn downloadable(&self) -> bool {
        matches!(self.presence, Presence::Whole | Presence::Undescribed)
    }
}

/// How a file name is written in `filenameEnc`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FileName {
    /// The field is absent.
    Absent,
    /// The field is there, its value is null.
    Null,
    /// `ENCRYPTED_BYTES`: base64 of these bytes, which need not be UTF-8.
    Bytes(Box<[u8]>),
    /// Anything else.
    Odd(Box<OddName>),
}

/// A file name in a form that is rarely met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OddName {
    /// The field's value.
    pub(super) value: String,
    /// The field's type.
    pub(super) kind: &'static str,
    /// The name that is meant, if any.
    pub(super) meaning: Option<String>,
}

impl FileName {
    pub(super) fn text(text: &str) -> Self {
        Self::Bytes(text.as_bytes().into())
    }

    pub(super) fn odd(value: &str, kind: &'static str, meaning: Option<&str>) -> Self {
        Self::Odd(Box::new(OddName { value: value.to_owned(), kind, meaning: meaning.map(str::to_owned) }))
    }

    /// The name as the person gave it, when the field can be read.
    pub(super) fn meaning(&self) -> Option<String> {
        match self {
            Self::Absent | Self::Null => None,
            Self::Bytes(bytes) => std::str::from_utf8(bytes).ok().map(str::to_owned),
            Self::Odd(odd) => odd.meaning.clone(),
        }
    }
}

/// What `itemType` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ItemType {
    /// The type of the original.
    True,
    /// The field is absent.
    Absent,
    /// The field is there, its value is null.
    Null,
    /// Some other type.
    Wrong(Uti),
}

/// Where a record stands in the history of its zone.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stamp {
    /// The zone's counter at the last write; 0 once the record is purged.
    pub(super) tag: u64,
    /// Time of the last write, milliseconds.
    pub(super) modified: i64,
}

/// A file as it was imported: `CPLMaster`.
#[derive(Debug, Clone)]
pub(super) struct Master {
    /// Record name: the published checksum of the original when it was imported.
    pub(super) name: Checksum,
    pub(super) original: Resource,
    /// Alternative, motion, sidecar.
    pub(super) more: Vec<Resource>,
    pub(super) file_name: FileName,
    pub(super) item_type: ItemType,
    pub(super) created: i64,
    pub(super) stamp: Stamp,
    /// Assets that use it, soft-deleted ones included.
    pub(super) uses: u32,
    pub(super) bin: Bin,
}

impl Master {
    pub(super) fn has(&self, prefix: Prefix) -> bool {
        self.more.iter().any(|resource| resource.prefix == prefix)
    }

    /// The original and the others.
    pub(super) fn resources(&self) -> impl Iterator<Item = &Resource> {
        std::iter::once(&self.original).chain(&self.more)
    }
}

/// Whether a record lies in Recently Deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Bin {
    /// Never was.
    #[default]
    Never,
    /// Since this time, milliseconds.
    Since(i64),
    /// Was, and came back: the flags are there and null.
    Restored,
}

impl Bin {
    pub(super) fn holds(self) -> bool {
        matches!(self, Self::Since(_))
    }
}

/// What sort of photo an asset is, as far as its own record says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Live,
    Screenshot,
    Panorama,
    Slomo,
    Timelapse,
    Portrait,
    LongExposure,
    /// The key frame of a burst.
    Burst,
}

/// A photo of the library: `CPLAsset`.
#[derive(Debug, Clone)]
pub(super) struct Asset {
    pub(super) name: [u8; 16],
    pub(super) master: u32,
    /// Capture time in milliseconds; may be absent or absurd.
    pub(super) date: Option<i64>,
    /// Seconds east of UTC at capture.
    pub(super) offset: Option<i32>,
    pub(super) added: i64,
    pub(super) stamp: Stamp,
    pub(super) bin: Bin,
    pub(super) style: Style,
    pub(super) favorite: bool,
    pub(super) hidden: bool,
    pub(super) extra: Option<Box<Extra>>,
}

/// What only few assets have.
#[derive(Debug, Clone, Default)]
pub(super) struct Extra {
    /// Rendered results of the current edit.
    pub(super) edit: Option<Edit>,
    /// An edit was reverted: its fields are there and null.
    pub(super) reverted: bool,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) keywords: bool,
    pub(super) burst: Option<[u8; 16]>,
    /// `trashReason`: true = deleted, in a shared library for everyone; false = moved to another library.
    pub(super) trashed_for_all: Option<bool>,
    /// Put in a shared album: `lastSharedDate` and `shareCount`.
    pub(super) shared_date: Option<i64>,
}

/// An edit of a photo.
#[derive(Debug, Clone)]
pub(super) struct Edit {
    pub(super) kind: &'static str,
    /// None when the edit has no render (slo-mo).
    pub(super) renders: Vec<Resource>,
}

impl Asset {
    pub(super) fn edit(&self) -> Option<&Edit> {
        self.extra.as_ref().and_then(|extra| extra.edit.as_ref())
    }

    pub(super) fn extra_mut(&mut self) -> &mut Extra {
        self.extra.get_or_insert_default()
    }

    /// `created.timestamp`, milliseconds.
    pub(super) fn created(&self) -> i64 {
        self.added + 20_000
    }

    pub(super) fn record_name(&self) -> String {
        noise::uuid_text(self.name)
    }
}

/// The `albumType` of an album.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AlbumKind {
    Album = 0,
    Folder = 3,
    /// Made on a Mac from conditions (timlaing); over the web it has no members.
    Smart = 6,
}

/// An album or a folder: `CPLAlbum`.
#[derive(Debug, Clone)]
pub(super) struct Album {
    pub(super) name: String,
    pub(super) title: Option<String>,
    pub(super) kind: AlbumKind,
    pub(super) parent: Option<String>,
    pub(super) position: i64,
    pub(super) created: i64,
    pub(super) stamp: Stamp,
    pub(super) bin: Bin,
    /// Relations, removed ones included.
    pub(super) members: Vec<u32>,
}

/// A photo's membership in an album: `CPLContainerRelation`.
#[derive(Debug, Clone)]
pub(super) struct Relation {
    /// The asset; it can live in another zone (kei PR #474).
    pub(super) asset: [u8; 16],
    pub(super) album: u32,
    pub(super) position: i64,
    pub(super) cover: bool,
    /// Removed, but not yet purged.
    pub(super) removed: bool,
    pub(super) stamp: Stamp,
}

/// A record that is of no use to a mirror.
#[derive(Debug, Clone)]
pub(super) struct Other {
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) stamp: Stamp,
}

/// The trace of a purged record.
#[derive(Debug, Clone)]
pub(super) struct Tombstone {
    pub(super) name: String,
    pub(super) stamp: Stamp,
}

impl Album {
    pub(super) fn is_folder(&self) -> bool {
        self.kind == AlbumKind::Folder
    }
}
