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
    /// Children come in another order with each listing.
    pub shuffled: bool,
    /// The zip of a package comes inside gzip (icloud-docker #120).
    pub gzip_packages: bool,
    /// How the zips of packages are written.
    pub zip: ZipManner,
    /// Life of a download URL in seconds.
    pub url_lifetime_s: i64,
}

/// How the zips of packages are written (drive.md 12).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ZipManner {
    /// Names are UTF-8 and the flag that says so is not set.
    pub no_utf8_flag: bool,
    /// Lengths and checksums stand behind the bytes, as one writes who does not know them before.
    pub descriptors: bool,
    /// Names come composed, whatever the package has.
    pub composed: bool,
    /// Entries that no package of the drive has, put behind its own: litter, or an attack.
    pub extras: Vec<ZipExtra>,
}

/// An entry of a zip, word for word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZipExtra {
    /// The whole name, with the directory at the top or without.
    pub name: String,
    /// What it holds; of a symbolic link the place that it leads to.
    pub text: String,
    /// Unix mode with the kind of file: `0o100644`, `0o120777` for a link.
    pub mode: u32,
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
            shuffled: false,
            gzip_packages: false,
            zip: ZipManner::default(),
            url_lifetime_s: 3_600,
        }
    }
}
