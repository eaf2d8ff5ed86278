//! What a mirror must hold, worked out from the truth about a library by the documented rules, without asking
//! larder: which files a photo has, in which folder they lie, and what they are called.

use std::collections::BTreeSet;

use icloud_sim::photos::{AssetEntry, Inventory, ResourceEntry};
use jiff::{Timestamp, tz};
use unicode_normalization::UnicodeNormalization as _;

use crate::album_oracle;

/// A photo of the mirror.
#[derive(Debug)]
pub(crate) struct Photo {
    /// Record name.
    pub(crate) id: String,
    /// Folder below the destination.
    pub(crate) folder: String,
    /// What its files' names begin with, unless another photo was first.
    pub(crate) stem: String,
    /// Modification time of its files, milliseconds since 1970.
    pub(crate) mtime_ms: Option<i64>,
    /// Hidden.
    pub(crate) hidden: bool,
    /// Files that can be fetched.
    pub(crate) files: Vec<Expected>,
    /// Files that a phone has not finished uploading.
    pub(crate) waiting: u64,
    /// Albums that it is in, each as its record and name and those of the folders above, from the top.
    pub(crate) albums: Vec<Vec<(String, String)>>,
}

/// A file of a photo.
#[derive(Debug)]
pub(crate) struct Expected {
    /// Prefix of its fields in the record: `resOriginal`.
    pub(crate) kind: String,
    /// What follows the stem: `-edited`.
    pub(crate) suffix: &'static str,
    /// Extension without the dot.
    pub(crate) extension: String,
    /// Length in bytes.
    pub(crate) size: u64,
    /// SHA-256 of what iCloud serves.
    pub(crate) sha256: String,
    /// The same for files of one content of one sort: those of photos on one master.
    pub(crate) content: (String, String, String),
    /// Whether the published checksum is of the form that can be checked.
    pub(crate) provable: bool,
    /// Whether the bytes are what the published checksum says.
    pub(crate) matches: bool,
}

impl Photo {
    /// Names of its files when the stem carries this mark.
    pub(crate) fn names(&self, mark: &str) -> Vec<String> {
        let mut stem = self.stem.clone();
        if !mark.is_empty() {
            // Room for the mark and for what companions add.
            while stem.len() + mark.len() > 215 {
                stem.pop();
            }
            stem.push_str(mark);
        }
        self.files.iter().map(|file| name_of(&stem, file.suffix, &file.extension)).collect()
    }

    /// The marks that a photo's stem may carry, the plain one first.
    pub(crate) fn marks(&self) -> [String; 3] {
        let hex: String = self.id.chars().filter(char::is_ascii_hexdigit).collect();
        [String::new(), format!("-{}", &hex[..8]), format!("-{hex}")]
    }
}

/// All photos that a mirror of everything must hold.
pub(crate) fn mirror_of(inventory: &Inventory) -> Vec<Photo> {
    let mut photos = Vec::new();
    let mut albums = album_oracle::memberships(inventory);
    for zone in &inventory.zones {
        let shared = zone.name.starts_with("SharedSync-");
        for asset in zone.assets.iter().filter(|asset| !asset.deleted) {
            let albums = albums.remove(&asset.record_name).unwrap_or_default();
            photos.push(Photo { albums, ..photo(asset, shared) });
        }
    }
    photos
}

/// Files that can be fetched.
pub(crate) fn files(photos: &[Photo]) -> impl Iterator<Item = &Expected> {
    photos.iter().flat_map(|photo| &photo.files)
}

/// Their number.
pub(crate) fn count(photos: &[Photo]) -> u64 {
    files(photos).count() as u64
}

/// Those that must be fetched: each content once, for a second photo of the same file is a copy of the first.
fn fetched(photos: &[Photo]) -> impl Iterator<Item = &Expected> {
    let mut seen = BTreeSet::new();
    files(photos).filter(move |file| file.size == 0 || seen.insert(&file.content))
}

/// Their number.
pub(crate) fn fetches(photos: &[Photo]) -> u64 {
    fetched(photos).count() as u64
}

/// Requests for contents that bringing them home takes when nothing goes wrong: one a content, none for an empty one,
/// two for a disputed one.
pub(crate) fn requests(photos: &[Photo]) -> u64 {
    fetched(photos).filter(|file| file.size > 0).count() as u64 + disputed(photos)
}

/// Their bytes.
pub(crate) fn bytes(photos: &[Photo]) -> u64 {
    files(photos).map(|file| file.size).sum()
}

/// The bytes that are fetched.
pub(crate) fn fetched_bytes(photos: &[Photo]) -> u64 {
    fetched(photos).map(|file| file.size).sum()
}

/// Files whose checksum nobody can check.
pub(crate) fn not_provable(photos: &[Photo]) -> u64 {
    files(photos).filter(|file| !file.provable).count() as u64
}

/// Files that are not what their checksum says.
pub(crate) fn disputed(photos: &[Photo]) -> u64 {
    files(photos).filter(|file| file.provable && !file.matches).count() as u64
}

/// Files that a phone has not finished uploading.
pub(crate) fn waiting(photos: &[Photo]) -> u64 {
    photos.iter().map(|photo| photo.waiting).sum()
}

fn photo(asset: &AssetEntry, shared: bool) -> Photo {
    let name = asset.file_name.as_deref().map(unescaped).and_then(|name| cleaned(&name));
    let (stem, named) = match name.as_deref().map(split) {
        // Cut once for the original; the companions share what is left.
        Some((stem, extension)) => {
            let whole = name_of(stem, "", extension);
            (
                whole[..whole.len() - extension.len()].trim_end_matches('.').to_owned(),
                Some(extension.to_owned()),
            )
        }
        None => (asset.record_name.chars().filter(char::is_ascii_hexdigit).take(12).collect(), None),
    };
    let original = asset.resources.iter().find(|each| each.kind == "resOriginal").unwrap();
    let extension = named
        .filter(|extension| !extension.is_empty())
        .unwrap_or_else(|| extension_of(&original.uti).unwrap_or("bin").to_owned());
    let is_video = ["com.apple.quicktime-movie", "public.mpeg-4"].contains(&original.uti.as_str());
    let wanted: Vec<(&ResourceEntry, &'static str, String)> = asset
        .resources
        .iter()
        .filter_map(|resource| {
            let own = extension_of(&resource.uti);
            let (suffix, extension) = match resource.kind.as_str() {
                "resOriginal" => ("", extension.clone()),
                "resOriginalAlt" if own.unwrap().eq_ignore_ascii_case(&extension) => {
                    ("-alt", own.unwrap().to_owned())
                }
                "resOriginalAlt" => ("", own.unwrap().to_owned()),
                "resOriginalVidCompl" if !is_video => ("", "MOV".to_owned()),
                "resJPEGFull" => ("-edited", own.unwrap().to_owned()),
                "resVidFull" => ("-edited", "MOV".to_owned()),
                _ => return None,
            };
            Some((resource, suffix, extension))
        })
        .collect();
    let date = [asset.asset_date, Some(asset.added_date), Some(asset.created)]
        .into_iter()
        .flatten()
        .find(|ms| (1826..2200).contains(&year(*ms)));
    let mut folder = String::new();
    for (on, name) in [(shared, "Shared Library/"), (asset.hidden, "Hidden/")] {
        folder.push_str(if on { name } else { "" });
    }
    folder.push_str(&date.map_or("undated".to_owned(), |ms| day(ms, asset.time_zone_offset)));
    let waiting = wanted.iter().filter(|(resource, ..)| !resource.downloadable).count() as u64;
    let files = wanted
        .into_iter()
        .filter(|(resource, ..)| resource.downloadable)
        .map(|(resource, suffix, extension)| Expected {
            kind: resource.kind.clone(),
            suffix,
            extension,
            size: resource.size,
            sha256: resource.sha256.clone(),
            content: (asset.master.clone(), resource.kind.clone(), resource.file_checksum.clone()),
            // 21 bytes, the first of them 1: 28 characters that begin so.
            provable: resource.file_checksum.len() == 28
                && [
                    "AQ", "AR", "AS", "AT", "AU", "AV", "AW", "AX", "AY", "AZ", "Aa", "Ab", "Ac", "Ad", "Ae",
                    "Af",
                ]
                .iter()
                .any(|start| resource.file_checksum.starts_with(start)),
            matches: resource.matches,
        })
        .collect();
    Photo {
        id: asset.record_name.clone(),
        folder,
        stem,
        mtime_ms: date,
        hidden: asset.hidden,
        files,
        waiting,
        albums: vec![],
    }
}

/// The year of a time in milliseconds, UTC; 0 for times that no calendar has.
fn year(ms: i64) -> i16 {
    Timestamp::from_millisecond(ms).map_or(0, |at| at.to_zoned_datetime(tz::TimeZone::UTC).year())
}

/// `YYYY/MM/DD` by the wall clock where the photo was taken; by UTC when that is not told or absurd.
fn day(ms: i64, offset: Option<i32>) -> String {
    let offset = offset.filter(|seconds| seconds.unsigned_abs() < 26 * 3600).unwrap_or(0);
    let local = Timestamp::from_millisecond(ms + i64::from(offset) * 1000).unwrap();
    local.to_zoned_datetime(tz::TimeZone::UTC).strftime("%Y/%m/%d").to_string()
}

/// A name with its percent escapes undone, if all of them are escapes and the result is text.
fn unescaped(name: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = name;
    while let Some(at) = rest.find('%') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let Some(Ok(byte)) = rest.get(at + 1..at + 3).map(|digits| u8::from_str_radix(digits, 16)) else {
            return name.to_owned();
        };
        bytes.push(byte);
        rest = &rest[at + 3..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).unwrap_or_else(|_| name.to_owned())
}

/// A name as a disk takes it; none when nothing is left that could be read.
pub(crate) fn cleaned(name: &str) -> Option<String> {
    let name: String = name.nfc().collect();
    let bad = |c: char| c == '/' || c == '\\' || c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
    if name.chars().all(|c| bad(c) || c == '.' || c.is_whitespace()) {
        return None;
    }
    let name: String = name.chars().map(|c| if bad(c) { '_' } else { c }).collect();
    Some(name.trim_end_matches(|c: char| c == '.' || c.is_whitespace()).to_owned())
}

/// Stem and extension.
fn split(name: &str) -> (&str, &str) {
    let plausible = |extension: &str| {
        (1..=16).contains(&extension.len()) && extension.chars().all(|c| c.is_ascii_alphanumeric())
    };
    match name.rfind('.') {
        Some(at) if at > 0 && plausible(&name[at + 1..]) => (&name[..at], &name[at + 1..]),
        _ => (name, ""),
    }
}

/// A name of at most 255 bytes: it is the stem that is cut.
fn name_of(stem: &str, suffix: &str, extension: &str) -> String {
    let dot = if extension.is_empty() { "" } else { "." };
    let tail = format!("{suffix}{dot}{extension}");
    let mut stem = stem.to_owned();
    while stem.len() + tail.len() > 255 {
        stem.pop();
    }
    stem + &tail
}

/// Extensions of the types that the simulator serves.
fn extension_of(uti: &str) -> Option<&'static str> {
    Some(match uti {
        "public.jpeg" => "JPG",
        "public.heic" => "HEIC",
        "public.png" => "PNG",
        "com.compuserve.gif" => "GIF",
        "org.webmproject.webp" => "WEBP",
        "com.adobe.raw-image" => "DNG",
        "com.canon.cr2-raw-image" => "CR2",
        "com.sony.arw-raw-image" => "ARW",
        "com.apple.quicktime-movie" => "MOV",
        "public.mpeg-4" => "MP4",
        _ => return None,
    })
}
