//! Which fields are asked for. Every name costs bytes on every page, so only what is read is named here.
//!
//! Names that a record does not have are simply not returned, so one list serves masters and assets.

use crate::model::Kind;

/// Facts of `CPLMaster` and `CPLAsset`, resources apart.
const FACTS: [&str; 17] = [
    "masterRef",
    "filenameEnc",
    "itemType",
    "dataClassType",
    "assetDate",
    "addedDate",
    "timeZoneOffset",
    "isFavorite",
    "isHidden",
    "isDeleted",
    "isExpunged",
    "duration",
    "assetSubtype",
    "assetSubtypeV2",
    "burstId",
    "adjustmentType",
    "adjustmentRenderType",
];

/// What follows the prefix of a resource in the names of its fields. The fingerprint stands in for a checksum
/// that the resource itself does not give.
pub(super) const RESOURCE_FIELDS: [&str; 5] = ["Res", "FileType", FINGERPRINT, "Width", "Height"];

/// What follows the prefix of a resource in the name of the field that has its checksum.
pub(super) const FINGERPRINT: &str = "Fingerprint";

/// For album lists.
pub(super) const ALBUM: [&str; 4] = ["albumNameEnc", "albumType", "parentId", "isDeleted"];

/// For the members of an album: the file facts are known from the library's list.
pub(super) const MEMBER: [&str; 4] = ["itemId", "containerId", "position", "isDeleted"];

/// For lists of photos.
pub(super) fn photo() -> Vec<String> {
    let facts = FACTS.iter().map(|&name| name.to_owned());
    let resources = prefixes().flat_map(|prefix| RESOURCE_FIELDS.map(|suffix| format!("{prefix}{suffix}")));
    facts.chain(resources).collect()
}

/// For changes and lookups, which bring every type of record.
pub(super) fn everything() -> Vec<String> {
    with_albums(photo())
}

/// For changes in outline: no field for which the server would have to make a download address.
pub(super) fn outline() -> Vec<String> {
    let facts = FACTS.iter().map(|&name| name.to_owned());
    let prints = prefixes().map(|prefix| format!("{prefix}{FINGERPRINT}"));
    with_albums(facts.chain(prints).collect())
}

/// What the fields of a photo's resources begin with.
fn prefixes() -> impl Iterator<Item = &'static str> {
    Kind::ALL.into_iter().filter_map(Kind::field_prefix)
}

fn with_albums(mut names: Vec<String>) -> Vec<String> {
    for name in ALBUM.iter().chain(&MEMBER) {
        if !names.iter().any(|known| known == name) {
            names.push((*name).to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_name_is_asked_for_twice() {
        let names = everything();
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
        assert_eq!(names.len(), 17 + 25 + 6);
        let outline = outline();
        assert_eq!(outline.iter().collect::<HashSet<_>>().len(), 17 + 5 + 6);
        assert!(outline.iter().all(|name| names.contains(name) && !name.ends_with("Res")));
    }
}
