//! The files that belong to a photo, and what a file is for its item.

use serde::{Deserialize, Serialize};

use super::Checksum;

/// What a file is for the item that it belongs to. The discriminants are stored: never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Kind {
    /// `resOriginal` of the master: the file as imported.
    Original = 0,
    /// `resOriginalAlt` of the master: the other half of a RAW+JPEG pair.
    Alternative = 1,
    /// `resOriginalVidCompl` of the master: the video of a Live Photo.
    Motion = 2,
    /// `resJPEGFull` of the asset: the rendered edit (JPEG or HEIC in spite of its name).
    EditedStill = 3,
    /// `resVidFull` of the asset: the rendered edit of a video or of a Live Photo's video.
    EditedMotion = 4,
    /// A file of Drive, in whichever form it lies on disk: a package is one as well.
    File = 5,
    /// A folder of Drive: the directory itself.
    Folder = 6,
}

impl Kind {
    /// Every kind of a photo's files, in the order in which they are named and fetched.
    pub const ALL: [Self; 5] =
        [Self::Original, Self::Alternative, Self::Motion, Self::EditedStill, Self::EditedMotion];

    /// Prefix of the CloudKit fields that describe it, for example `resOriginal` in `resOriginalRes`; `None` for what no
    /// record of a photo describes.
    #[must_use]
    pub fn field_prefix(self) -> Option<&'static str> {
        Some(match self {
            Self::Original => "resOriginal",
            Self::Alternative => "resOriginalAlt",
            Self::Motion => "resOriginalVidCompl",
            Self::EditedStill => "resJPEGFull",
            Self::EditedMotion => "resVidFull",
            Self::File | Self::Folder => return None,
        })
    }

    /// Whether the resource hangs on the `CPLMaster`. Otherwise it hangs on the `CPLAsset`, or belongs to no photo.
    #[must_use]
    pub fn is_on_master(self) -> bool {
        matches!(self, Self::Original | Self::Alternative | Self::Motion)
    }

    /// A word for people and for `--json`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Alternative => "alternative",
            Self::Motion => "motion",
            Self::EditedStill => "edited",
            Self::EditedMotion => "edited-motion",
            Self::File => "file",
            Self::Folder => "folder",
        }
    }
}

/// One downloadable file of a photo, as a record describes it. Signed URLs are not part of it: they expire and
/// are secrets, so they never reach the state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// What it is for the photo.
    pub kind: Kind,
    /// Apple's `fileChecksum` (equal to the fingerprint in every recorded case).
    pub checksum: Checksum,
    /// Exact length of the download in bytes.
    pub size: u64,
    /// Pixels, when told.
    pub width: Option<u32>,
    /// Pixels, when told.
    pub height: Option<u32>,
    /// Uniform type identifier, for example `public.heic`.
    pub uti: Option<String>,
}
