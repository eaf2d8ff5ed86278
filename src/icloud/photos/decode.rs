//! Turning records into the words of the model.

use super::name::{file_name, text};
use super::resource::{BrokenResource, Urls, resources};
use crate::icloud::cloudkit::{Fault, Fields, Record};
use crate::model::{Album, AlbumKind, Asset, Master, Member};

/// A record, understood.
#[derive(Debug)]
pub enum Decoded {
    /// A file as imported.
    Master {
        /// Its facts.
        master: Master,
        /// Where its resources can be downloaded now.
        urls: Urls,
        /// Resources that it names without describing them.
        broken: Vec<BrokenResource>,
    },
    /// A photo of the library.
    Asset {
        /// Its facts.
        asset: Asset,
        /// Where its resources can be downloaded now.
        urls: Urls,
        /// Resources that it names without describing them.
        broken: Vec<BrokenResource>,
    },
    /// An album or folder.
    Album(Album),
    /// An asset is, or is no longer, in an album.
    Member(Member),
    /// A tombstone: the record is purged. No type is given: the name may be that of an asset, a master, an album
    /// or a membership (then [`member_of`] tells which), or of something never seen.
    Gone {
        /// Record name.
        record: String,
    },
    /// A record that larder has no use for.
    Ignored {
        /// Its type; empty when it has none.
        record_type: String,
    },
    /// A record that cannot be used.
    Broken {
        /// Record name; empty when it has none.
        record: String,
        /// Why.
        why: String,
    },
}

/// Root folders come in album lists and are no albums.
const ROOTS: [&str; 2] = ["----Root-Folder----", "----Project-Root-Folder----"];

/// Understands a record. Never fails: what cannot be understood is said to be broken.
#[must_use]
pub fn decode(record: Record) -> Decoded {
    let Record { name, record_type, deleted, created, fields, fault, .. } = record;
    if let Some(fault) = fault.filter(Fault::is_error) {
        let why = format!("iCloud answered {} for it ({})", fault.code, fault.reason);
        return Decoded::Broken { record: name.unwrap_or_default(), why };
    }
    let record_type = record_type.unwrap_or_default();
    let Some(record) = name.filter(|name| !name.is_empty()) else {
        return Decoded::Broken { record: String::new(), why: format!("A `{record_type}` has no name") };
    };
    if deleted {
        return Decoded::Gone { record };
    }
    match record_type.as_str() {
        "CPLMaster" => master(record, &fields),
        "CPLAsset" => asset(record, created, &fields),
        "CPLAlbum" if ROOTS.contains(&record.as_str()) => Decoded::Ignored { record_type },
        "CPLAlbum" => Decoded::Album(album(record, &fields)),
        "CPLContainerRelation" => member(record, &fields),
        _ => Decoded::Ignored { record_type },
    }
}

/// Asset and album of a membership's record name, `<asset>-IN-<album>`. Relations in changes may have no fields,
/// and their tombstones have nothing but the name (rclone reads it the same way).
#[must_use]
pub fn member_of(record: &str) -> Option<(&str, &str)> {
    record.split_once("-IN-").filter(|(asset, album)| !asset.is_empty() && !album.is_empty())
}

fn master(record: String, fields: &Fields) -> Decoded {
    let found = resources(fields, true);
    let master = Master {
        record,
        filename: file_name(fields.get("filenameEnc")),
        item_type: owned(fields, "itemType"),
        data_class: fields.integer("dataClassType"),
        resources: found.described,
    };
    Decoded::Master { master, urls: found.urls, broken: found.broken }
}

fn asset(record: String, created: Option<i64>, fields: &Fields) -> Decoded {
    let found = resources(fields, false);
    let asset = Asset {
        record,
        master: reference(fields, "masterRef"),
        asset_date: fields.integer("assetDate"),
        added_date: fields.integer("addedDate"),
        created,
        zone_offset: fields.integer("timeZoneOffset").and_then(|seconds| i32::try_from(seconds).ok()),
        favourite: fields.is_on("isFavorite"),
        hidden: fields.is_on("isHidden"),
        deleted: fields.is_on("isDeleted"),
        expunged: fields.is_on("isExpunged"),
        burst: owned(fields, "burstId"),
        subtype: fields.integer("assetSubtype").unwrap_or_default(),
        subtype_v2: fields.integer("assetSubtypeV2").unwrap_or_default(),
        render_type: fields.integer("adjustmentRenderType").unwrap_or_default(),
        adjustment: owned(fields, "adjustmentType"),
        duration_ms: fields.integer("duration").unwrap_or_default(),
        resources: found.described,
    };
    Decoded::Asset { asset, urls: found.urls, broken: found.broken }
}

fn album(record: String, fields: &Fields) -> Album {
    Album {
        record,
        name: text(fields.get("albumNameEnc")),
        parent: owned(fields, "parentId").filter(|parent| !ROOTS.contains(&parent.as_str())),
        kind: match fields.integer("albumType") {
            Some(3) => AlbumKind::Folder,
            Some(6) => AlbumKind::Smart,
            _ => AlbumKind::Album,
        },
        deleted: fields.is_on("isDeleted"),
    }
}

fn member(record: String, fields: &Fields) -> Decoded {
    let named = member_of(&record);
    let asset = fields.text("itemId").or(named.map(|(asset, _)| asset));
    let album = fields.text("containerId").or(named.map(|(_, album)| album));
    let (Some(asset), Some(album)) = (asset, album) else {
        let why = "A membership tells neither its photo nor its album".to_owned();
        return Decoded::Broken { record, why };
    };
    Decoded::Member(Member {
        album: album.to_owned(),
        asset: asset.to_owned(),
        position: fields.integer("position").unwrap_or_default(),
        deleted: fields.is_on("isDeleted"),
    })
}

fn owned(fields: &Fields, name: &str) -> Option<String> {
    fields.text(name).map(str::to_owned)
}

fn reference(fields: &Fields, name: &str) -> Option<String> {
    let target = fields.value(name).object()?.record_name.text()?;
    (!target.is_empty()).then(|| target.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::icloud::cloudkit::any_json;

    fn of(json: &str) -> Decoded {
        decode(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn a_membership_without_fields_is_read_from_its_name() {
        let Decoded::Member(member) = of(r#"{"recordName":"A-IN-B","recordType":"CPLContainerRelation"}"#)
        else {
            panic!("no member");
        };
        assert_eq!((member.asset.as_str(), member.album.as_str(), member.deleted), ("A", "B", false));
        let nameless =
            r#"{"recordName":"X","recordType":"CPLContainerRelation","fields":{"itemId":{"value":""}}}"#;
        assert!(matches!(of(nameless), Decoded::Broken { record, .. } if record == "X"));
    }

    #[test]
    fn root_folders_are_no_albums_and_no_parents() {
        let root = r#"{"recordName":"----Root-Folder----","recordType":"CPLAlbum"}"#;
        assert!(matches!(of(root), Decoded::Ignored { .. }));
        let album = r#"{"recordName":"A","recordType":"CPLAlbum","fields":{"albumType":{"value":9},
                        "parentId":{"value":"----Project-Root-Folder----","type":"STRING"}}}"#;
        let Decoded::Album(album) = of(album) else { panic!("no album") };
        assert_eq!((album.parent, album.name, album.kind), (None, None, AlbumKind::Album));
    }

    #[test]
    fn tombstones_errors_and_strangers_are_told_apart() {
        for gone in [
            r#"{"recordName":"X","deleted":true,"recordType":null}"#,
            r#"{"recordName":"X","deleted":true}"#,
            r#"{"recordName":"X","deleted":true,"recordType":"CPLAsset"}"#,
        ] {
            assert!(matches!(of(gone), Decoded::Gone { record } if record == "X"), "{gone}");
        }
        let error = of(r#"{"recordName":"X","serverErrorCode":"NOT_FOUND","reason":"Record not found"}"#);
        assert!(
            matches!(error, Decoded::Broken { record, why } if record == "X" && why.contains("NOT_FOUND"))
        );
        assert!(matches!(of(r#"{"recordName":"X","recordType":"CPLNew"}"#), Decoded::Ignored { .. }));
        assert!(matches!(of("[]"), Decoded::Broken { .. }));
    }

    #[test]
    fn numbers_out_of_range_are_dropped_and_the_photo_stays() {
        let Decoded::Asset { asset, .. } = of(r#"{"recordName":"X","recordType":"CPLAsset","fields":{
            "timeZoneOffset":{"value":99999999999},"assetDate":{"value":86532000000000000},
            "masterRef":{"value":{"recordName":""}},"adjustmentType":{"value":null,"type":"STRING"}}}"#)
        else {
            panic!("no asset");
        };
        assert_eq!((asset.zone_offset, asset.asset_date), (None, Some(86_532_000_000_000_000)));
        assert_eq!((asset.master, asset.adjustment), (None, None));
    }

    proptest! {
        #[test]
        fn no_json_makes_decoding_panic(json in any_json()) {
            let _ = of(&json.to_string());
        }
    }
}
