//! Where Apple's side varies, or is not known to stay as it is: switches for tests.

use serde::{Deserialize, Serialize};

/// Switches of Drive. They change answers, never what the drive holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DriveQuirks {
    /// How far a change moves the etags of the folders above it (drive.md 8.2).
    pub carry: Carry,
    /// How content signatures are made.
    pub signatures: Signatures,
    /// Folders in one listing request; one more is answered with 400.
    pub max_folders: usize,
    /// Ids in one `download/batch`; one more is answered with 400.
    pub max_batch: usize,
    /// Shares of one's own too list as empty when `shareID` is not sent.
    pub own_shares_need_id: bool,
    /// Folders below a share of somebody else can be listed when `shareID` is sent.
    pub others_subfolders_list: bool,
    /// What an id that has no URL leaves in the answer of `download/batch`: nothing, or an error.
    pub batch_drops_failures: bool,
    /// `download/batch` answers in the opposite order.
    pub batch_reversed: bool,
    /// `drivewsid`s of files that docws answers 500 for (icloud-docker #198).
    pub failing: Vec<String>,
    /// Neither token for any file: nothing can be downloaded.
    pub no_tokens: bool,
    /// `retrieveItemDetails` answers `[{"items": […]}]` in place of the bare items.
    pub nested_details: bool,
    /// The zip of a package comes inside gzip (icloud-docker #120).
    pub gzip_packages: bool,
    /// Life of a download URL in seconds.
    pub url_lifetime_s: i64,
}

/// Which changes move the etags of all folders above.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carry {
    /// None: a folder's etag tells of the folder alone.
    None,
    /// Those that change the totals of a folder, the number of its files and their bytes; nothing else.
    #[default]
    ContentOnly,
    /// Every one.
    All,
}

/// How content signatures are made; their length and marker byte are always as recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signatures {
    /// By no rule that a client could know: good for equality alone.
    #[default]
    Opaque,
    /// By the rule of photo originals (photos.md 9.4); packages stay opaque.
    Salted,
}

impl Default for DriveQuirks {
    fn default() -> DriveQuirks {
        DriveQuirks {
            carry: Carry::default(),
            signatures: Signatures::default(),
            max_folders: 100,
            max_batch: 100,
            own_shares_need_id: false,
            others_subfolders_list: false,
            batch_drops_failures: false,
            batch_reversed: false,
            failing: Vec::new(),
            no_tokens: false,
            nested_details: false,
            gzip_packages: false,
            url_lifetime_s: 3_600,
        }
    }
}
