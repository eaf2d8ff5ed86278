//! Real answers of iCloud, as other projects recorded them: every photo page is decoded and compared with what
//! the recording says and with what its index promises.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::PathBuf;

use larder::icloud::cloudkit::Record;
use larder::icloud::photos::{Decoded, decode, extension, shows_video};
use larder::model::{Asset, Checksum, Kind, Master, Resource};
use serde_json::Value;

/// The folder of recordings; `None`, with a message, where it is not at hand.
fn recordings() -> Option<PathBuf> {
    let shared = std::env::var_os("LARDER_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let folder = shared.join("recorded");
    if folder.exists() {
        return Some(folder);
    }
    eprintln!("skipped: the recordings are not beside the checkout");
    None
}

fn text(name: &str) -> Option<String> {
    let bytes = std::fs::read(recordings()?.join(name)).unwrap();
    let mut text = String::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
    } else {
        text = String::from_utf8(bytes).unwrap();
    }
    Some(text)
}

/// The bodies of a recording, line by line; null where the exchange was given elsewhere.
fn bodies(name: &str) -> Option<Vec<Value>> {
    let lines = text(name)?;
    let body = |line: &str| serde_json::from_str::<Value>(line).unwrap()["body"].take();
    Some(lines.lines().map(body).collect())
}

/// All records of a body, in whichever of its lists.
fn records(body: &Value) -> Vec<&Value> {
    match body {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| match value {
                Value::Array(items) if name == "records" => items.iter().collect(),
                other => records(other),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(records).collect(),
        _ => Vec::new(),
    }
}

fn decoded(record: &Value) -> Decoded {
    decode(serde_json::from_str::<Record>(&record.to_string()).unwrap())
}

/// The masters of a recorded photo page, in order.
fn masters(name: &str) -> Option<Vec<(Master, Vec<Kind>)>> {
    let bodies = bodies(name)?;
    let page =
        bodies.iter().find(|body| records(body).iter().any(|r| r["recordType"] == "CPLMaster")).unwrap();
    let masters = records(page).into_iter().filter_map(|record| match decoded(record) {
        Decoded::Master { master, urls, broken } => {
            assert!(broken.is_empty());
            Some((master, urls.into_iter().map(|(kind, _)| kind).collect()))
        }
        _ => None,
    });
    Some(masters.collect())
}

fn names(name: &str) -> Option<Vec<Option<String>>> {
    Some(masters(name)?.into_iter().map(|(master, _)| master.filename).collect())
}

fn string(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// Compares resources with the raw fields; gives their number.
fn compare_resources(raw: &Value, resources: &[Resource], urls: usize, on_master: bool) -> usize {
    let fields = &raw["fields"];
    let mut present = 0;
    let mut downloadable = 0;
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_on_master() == on_master) {
        let prefix = kind.field_prefix().unwrap();
        let value = &fields[format!("{prefix}Res")]["value"];
        let resource = resources.iter().find(|resource| resource.kind == kind);
        assert_eq!(value.is_object(), resource.is_some(), "{prefix} of {}", raw["recordName"]);
        let Some(resource) = resource else { continue };
        present += 1;
        downloadable += usize::from(value["downloadURL"].is_string());
        assert_eq!(resource.checksum, Checksum::parse(value["fileChecksum"].as_str().unwrap()));
        assert_eq!(Some(resource.size), value["size"].as_u64());
        assert_eq!(resource.uti, string(&fields[format!("{prefix}FileType")]["value"]));
        assert_eq!(resource.width.map(u64::from), fields[format!("{prefix}Width")]["value"].as_u64());
        assert_eq!(resource.height.map(u64::from), fields[format!("{prefix}Height")]["value"].as_u64());
    }
    assert_eq!((resources.len(), urls), (present, downloadable));
    present
}

fn compare_master(raw: &Value, master: &Master, urls: usize) {
    assert_eq!(raw["recordName"], master.record.as_str());
    assert_eq!(raw["fields"]["dataClassType"]["value"].as_i64(), master.data_class);
    assert_eq!(string(&raw["fields"]["itemType"]["value"]), master.item_type);
    compare_resources(raw, &master.resources, urls, true);
}

fn compare_asset(raw: &Value, asset: &Asset, urls: usize) {
    let field = |name: &str| &raw["fields"][name]["value"];
    assert_eq!(raw["recordName"], asset.record.as_str());
    assert_eq!(string(&field("masterRef")["recordName"]), asset.master);
    assert_eq!(field("assetDate").as_i64(), asset.asset_date);
    assert_eq!(field("addedDate").as_i64(), asset.added_date);
    assert_eq!(raw["created"]["timestamp"].as_i64(), asset.created);
    assert_eq!(field("timeZoneOffset").as_i64(), asset.zone_offset.map(i64::from));
    assert_eq!(field("duration").as_i64().unwrap_or(0), asset.duration_ms);
    assert_eq!(field("assetSubtypeV2").as_i64().unwrap_or(0), asset.subtype_v2);
    assert_eq!(field("adjustmentRenderType").as_i64().unwrap_or(0), asset.render_type);
    assert_eq!(string(field("adjustmentType")), asset.adjustment);
    for (name, flag) in [
        ("isFavorite", asset.favourite),
        ("isHidden", asset.hidden),
        ("isDeleted", asset.deleted),
        ("isExpunged", asset.expunged),
    ] {
        assert_eq!(field(name) == 1, flag, "{name} of {}", asset.record);
    }
    compare_resources(raw, &asset.resources, urls, false);
}

/// Decodes a record and compares it with itself; gives the type that it was understood as.
fn compare(raw: &Value) -> &'static str {
    match decoded(raw) {
        Decoded::Master { master, urls, broken } => {
            assert!(broken.is_empty(), "{broken:?}");
            compare_master(raw, &master, urls.len());
            "CPLMaster"
        }
        Decoded::Asset { asset, urls, broken } => {
            assert!(broken.is_empty(), "{broken:?}");
            compare_asset(raw, &asset, urls.len());
            "CPLAsset"
        }
        Decoded::Album(album) => {
            assert_eq!(raw["recordName"], album.record.as_str());
            "CPLAlbum"
        }
        Decoded::Member(member) => {
            let field = |name: &str| string(&raw["fields"][name]["value"]);
            assert_eq!((Some(member.asset), Some(member.album)), (field("itemId"), field("containerId")));
            "CPLContainerRelation"
        }
        Decoded::Gone { .. } => "tombstone",
        Decoded::Ignored { record_type } => {
            assert_eq!(raw["recordType"], record_type.as_str());
            match record_type.as_str() {
                "CPLAlbum" => "root folder",
                other => panic!("{other} in a photo page"),
            }
        }
        Decoded::Broken { why, .. } => panic!("{why}: {raw}"),
    }
}

#[test]
fn every_recorded_page_is_decoded_as_its_index_describes() {
    let Some(index) = text("index.json") else { return };
    let index: Value = serde_json::from_str(&index).unwrap();
    let (mut pages, mut total) = (0, 0);
    for file in index["files"].as_array().unwrap() {
        let name = file["file"].as_str().unwrap();
        let Some(promised) = file["records"].as_object().filter(|records| !records.is_empty()) else {
            continue;
        };
        let bodies = bodies(name).unwrap();
        let mut found = BTreeMap::<&str, u64>::new();
        for body in &bodies {
            for raw in records(body) {
                let known = ["CheckIndexingState", "IndexCountResult"];
                let service = known.into_iter().find(|service| raw["recordType"] == *service);
                *found.entry(service.unwrap_or_else(|| compare(raw))).or_default() += 1;
            }
        }
        let roots = found.remove("root folder").unwrap_or(0);
        if roots > 0 {
            *found.entry("CPLAlbum").or_default() += roots;
        }
        let promised: BTreeMap<&str, u64> =
            promised.iter().map(|(name, count)| (name.as_str(), count.as_u64().unwrap())).collect();
        assert_eq!(found, promised, "{name}");
        total += found.get("CPLAsset").unwrap_or(&0);
        for line in file["photo_pages_on_lines"].as_array().unwrap() {
            let body = &bodies[usize::try_from(line.as_u64().unwrap()).unwrap() - 1];
            compare_page(name, body);
            pages += 1;
        }
    }
    assert_eq!(pages, 15, "recorded photo pages");
    assert_eq!(total, 101 + 100 + 101 + 16 + 10 * 12);
}

/// A page as a whole: each asset's master is there, and a master's name is its checksum.
fn compare_page(file: &str, body: &Value) {
    let mut masters = BTreeMap::new();
    let mut assets = Vec::new();
    for record in records(body).into_iter().map(decoded) {
        match record {
            Decoded::Master { master, .. } => drop(masters.insert(master.record.clone(), master)),
            Decoded::Asset { asset, .. } => assets.push(asset),
            other => panic!("{file}: {other:?}"),
        }
    }
    assert_eq!(masters.len(), assets.len(), "{file}");
    for asset in &assets {
        let master = &masters[asset.master.as_ref().unwrap()];
        let original = master.resource(Kind::Original).unwrap();
        // Edited recordings need not keep the checksum.
        if !file.starts_with("variant") {
            assert_eq!(original.checksum, Checksum::parse(&master.record), "{file}");
            assert!(original.checksum.provable().is_some());
            assert!(extension(original.uti.as_deref().unwrap()).is_some(), "{:?}", original.uti);
            assert_eq!(shows_video(master), master.data_class == Some(2), "{file}: {:?}", master.filename);
            let live = asset.subtype_v2 == 2;
            assert_eq!(master.resource(Kind::Motion).is_some(), live, "{file}: {:?}", master.filename);
        }
        assert_eq!(asset.is_gone(), file.starts_with("deleted"), "{file}");
    }
}

#[test]
fn names_in_other_scripts_unsafe_undecodable_or_missing_are_read_or_left_out() {
    let Some(chinese) = names("variant_name_chinese.jsonl.gz") else { return };
    assert_eq!(chinese[0].as_deref(), Some("IMG_中文_7409.JPG"));
    let unsafe_name = names("variant_name_unsafe.jsonl.gz").unwrap().remove(0).unwrap();
    assert_eq!(unsafe_name, "i/n v:a\0l*i?d\\p<a>t\"h|.JPG");
    let not_utf8 = names("variant_name_not_utf8.jsonl.gz").unwrap();
    assert_eq!(not_utf8.iter().filter(|name| name.is_none()).count(), 1);
    assert_eq!(not_utf8[0], None);
    let missing = names("variant_name_missing.jsonl.gz").unwrap();
    let places: Vec<usize> = (0..missing.len()).filter(|&place| missing[place].is_none()).collect();
    assert_eq!(places, [0, 2, 3]);
    let same = masters("variant_same_name.jsonl.gz").unwrap();
    assert_eq!(same[0].0.filename, same[1].0.filename);
    assert_ne!(same[0].0.record, same[1].0.record);
}

#[test]
fn a_type_without_value_leaves_the_photo_as_it_is() {
    let Some(masters) = masters("variant_item_type_value_missing.jsonl.gz") else { return };
    let (first, _) = &masters[0];
    assert_eq!(first.item_type, None);
    assert_eq!((first.filename.as_deref(), shows_video(first)), (Some("IMG_7409.JPG"), false));
    assert!(masters[1..].iter().all(|(master, _)| master.item_type.is_some()));
}

#[test]
fn raw_originals_and_their_alternatives_are_read() {
    let Some(raw) = masters("variant_raw.jsonl.gz") else { return };
    let original = raw[0].0.resource(Kind::Original).unwrap();
    assert_eq!(original.uti.as_deref().and_then(extension), Some("DNG"));
    assert!(!shows_video(&raw[0].0));
    let pair = masters("variant_raw_alt.jsonl.gz").unwrap();
    let original = pair[0].0.resource(Kind::Original).unwrap();
    let alternative = pair[0].0.resource(Kind::Alternative).unwrap();
    assert_eq!(original.uti.as_deref().and_then(extension), Some("CR2"));
    assert_eq!(alternative.uti.as_deref().and_then(extension), Some("JPG"));
    assert!(pair[1..].iter().all(|(master, _)| master.resource(Kind::Alternative).is_none()));
}

#[test]
fn a_resource_without_address_is_known_and_has_no_address() {
    let Some(masters) = masters("variant_no_download_url.jsonl.gz") else { return };
    for (place, (master, urls)) in masters.iter().enumerate() {
        assert!(master.resource(Kind::Original).is_some());
        assert_eq!(urls.contains(&Kind::Original), place != 1, "master {place}");
    }
}

#[test]
fn recorded_albums_have_names_and_roots_have_none() {
    let Some(bodies) = bodies("albums_2019.jsonl") else { return };
    let raw: Vec<&Value> =
        bodies.iter().flat_map(records).filter(|r| r["recordType"] == "CPLAlbum").collect();
    let albums: Vec<_> = raw
        .iter()
        .filter_map(|record| match decoded(record) {
            Decoded::Album(album) => Some(album),
            _ => None,
        })
        .collect();
    let roots = raw.iter().filter(|r| r["recordName"].as_str().unwrap().starts_with("----")).count();
    assert_eq!((raw.len(), albums.len() + roots), (17, 17));
    assert!(roots > 0 && albums.iter().all(|album| album.name.is_some() && album.parent.is_none()));
    let name = |found: fn(&str) -> bool| albums.iter().any(|a| a.name.as_deref().is_some_and(found));
    assert!(name(|name| name.contains('/')) && name(|name| !name.is_ascii()));
}

#[test]
fn an_edited_video_is_found_on_its_asset() {
    let Some(bodies) = bodies("listing_2021_heic.jsonl.gz") else { return };
    let edited: Vec<Asset> = bodies
        .iter()
        .flat_map(records)
        .filter_map(|record| match decoded(record) {
            Decoded::Asset { asset, .. } if asset.resource(Kind::EditedMotion).is_some() => Some(asset),
            _ => None,
        })
        .collect();
    assert_eq!(edited.len(), 1);
    let motion = edited[0].resource(Kind::EditedMotion).unwrap();
    assert_eq!(motion.checksum, Checksum::parse("AXL178LlhIxrJS5mBnLQUPDRG4gZ"));
    assert_eq!((motion.width, motion.height), (Some(1920), Some(1080)));
}

#[test]
fn an_album_page_of_three_record_types_is_decoded() {
    let Some(bodies) = text("photos_albums_icloudpy.json.gz") else { return };
    let bodies: Value = serde_json::from_str(&bodies).unwrap();
    let mut found = BTreeMap::<&str, u64>::new();
    for raw in records(&bodies) {
        let service =
            ["CheckIndexingState", "IndexCountResult"].into_iter().find(|s| raw["recordType"] == *s);
        *found.entry(service.unwrap_or_else(|| compare(raw))).or_default() += 1;
    }
    let counts = ["CPLMaster", "CPLAsset", "CPLContainerRelation", "CPLAlbum", "root folder"];
    assert_eq!(counts.map(|record_type| found[record_type]), [9, 9, 7, 4, 2]);
}

#[test]
fn shapes_of_the_web_client_of_2026_are_survived() {
    let Some(shapes) = text("photos_shapes_pyicloud.json") else { return };
    let shapes: Value = serde_json::from_str(&shapes).unwrap();
    let mut gone = 0;
    let mut without_checksum = 0;
    for raw in records(&shapes) {
        match decoded(raw) {
            Decoded::Gone { .. } => gone += 1,
            Decoded::Master { master, broken, .. } => {
                without_checksum += broken.len();
                let described = raw["fields"]["resOriginalRes"]["value"]["fileChecksum"].is_string();
                assert_eq!(master.resource(Kind::Original).is_some(), described);
                assert!(master.filename.is_some() || raw["fields"]["filenameEnc"].is_null());
            }
            _ => {}
        }
    }
    assert!(gone > 0 && without_checksum > 0);
}
