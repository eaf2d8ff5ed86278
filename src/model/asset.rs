//! A photo or video of a library: the asset, and the master that holds its original file.

use serde::{Deserialize, Serialize};

use super::{Kind, Resource};

/// `CPLMaster`: the file as imported. Its record name is the checksum of the original, so identical files of
/// one library share a master; several assets may name one master.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Master {
    /// Record name: base64 of Apple's checksum of the original.
    pub record: String,
    /// File name as imported, decoded but otherwise raw; `None` when absent or undecodable.
    pub filename: Option<String>,
    /// `itemType`; may be absent or wrong (`icloud_photos_downloader` #662, kei #90).
    pub item_type: Option<String>,
    /// `dataClassType`: 1 image, 2 video.
    pub data_class: Option<i64>,
    /// Original, alternative, motion: those that have a resource description.
    pub resources: Vec<Resource>,
}

/// `CPLAsset`: the photo as the person sees it. Times are milliseconds since 1970 UTC and may be absurd.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asset {
    /// Record name, an upper-case UUID in every recording.
    pub record: String,
    /// Record name of its master; `None` when `masterRef` is missing.
    pub master: Option<String>,
    /// `assetDate`: capture time, editable by the person.
    pub asset_date: Option<i64>,
    /// `addedDate`: when it came into the library.
    pub added_date: Option<i64>,
    /// `created.timestamp` of the record.
    pub created: Option<i64>,
    /// `timeZoneOffset`: seconds east of UTC at capture.
    pub zone_offset: Option<i32>,
    /// `isFavorite`.
    pub favourite: bool,
    /// `isHidden`.
    pub hidden: bool,
    /// `isDeleted`: it is in Recently Deleted.
    pub deleted: bool,
    /// `isExpunged`.
    pub expunged: bool,
    /// `burstId`.
    pub burst: Option<String>,
    /// `assetSubtype`: 1 panorama, 100 slo-mo, 101 time-lapse.
    pub subtype: i64,
    /// `assetSubtypeV2`: 2 Live Photo, 3 screenshot; 100 and 101 as above.
    pub subtype_v2: i64,
    /// `adjustmentRenderType`: bit 2 portrait, bit 4 long exposure.
    pub render_type: i64,
    /// `adjustmentType`: present when the photo was edited.
    pub adjustment: Option<String>,
    /// `duration` in milliseconds.
    pub duration_ms: i64,
    /// Edited still, edited motion: those that have a resource description.
    pub resources: Vec<Resource>,
}

impl Master {
    /// The resource of that kind.
    #[must_use]
    pub fn resource(&self, kind: Kind) -> Option<&Resource> {
        self.resources.iter().find(|r| r.kind == kind)
    }
}

impl Asset {
    /// The resource of that kind.
    #[must_use]
    pub fn resource(&self, kind: Kind) -> Option<&Resource> {
        self.resources.iter().find(|r| r.kind == kind)
    }

    /// Whether the asset is gone from the library, for now or for good.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.deleted || self.expunged
    }
}
