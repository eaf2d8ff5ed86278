//! Downloads: every file that a record offers, and what becomes of its URL.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{NOW, delta, fetch, library, rich};
use crate::photos::ResourceEntry;
use crate::photos::body::checksum_of;

/// Every resource of a record, by prefix.
fn resources(record: &Value) -> BTreeMap<String, Value> {
    let fields = record["fields"].as_object().unwrap();
    fields
        .iter()
        .filter(|(_, field)| field["type"] == "ASSETID" && field["value"].is_object())
        .map(|(name, field)| (name.strip_suffix("Res").unwrap().to_owned(), field["value"].clone()))
        .collect()
}

#[test]
fn every_file_is_what_the_inventory_says() {
    let mut photos = rich();
    let truth = photos.inventory();
    for zone in &truth.zones {
        let (changes, _, _) = delta(&mut photos, &zone.name, None);
        let records: BTreeMap<&str, &Value> = changes
            .iter()
            .filter(|record| record.get("fields").is_some())
            .map(|record| (record["recordName"].as_str().unwrap(), record))
            .collect();
        for asset in &zone.assets {
            let mut offered = resources(records[asset.master.as_str()]);
            offered.extend(
                resources(records[asset.record_name.as_str()])
                    .into_iter()
                    .filter(|(kind, _)| kind == "resJPEGFull" || kind == "resVidFull"),
            );
            for entry in &asset.resources {
                check(&photos, offered.get(&entry.kind), entry);
            }
        }
    }
}

fn check(photos: &crate::photos::Photos, offered: Option<&Value>, entry: &ResourceEntry) {
    let Some(value) = offered else {
        assert!(!entry.downloadable, "{entry:?}");
        return;
    };
    assert_eq!(value["size"], entry.size);
    assert_eq!(value["fileChecksum"], entry.file_checksum.as_str());
    assert_eq!(value.get("downloadURL").is_some(), entry.downloadable);
    if let Some(url) = value["downloadURL"].as_str() {
        let bytes = fetch(photos, url, NOW).unwrap();
        assert_eq!(bytes.len() as u64, entry.size);
        assert_eq!(STANDARD.encode(checksum_of(&bytes)) == entry.file_checksum, entry.matches);
        assert_eq!(sha256(&bytes), entry.sha256);
    }
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    crate::photos::body::hex(&sha2::Sha256::digest(bytes))
}

#[test]
fn previews_can_be_fetched_and_match_their_checksums() {
    let mut photos = library(30);
    let (changes, _, _) = delta(&mut photos, "PrimarySync", None);
    let mut seen = 0;
    for record in changes.iter().filter(|record| record["recordType"] == "CPLMaster") {
        for (kind, value) in
            resources(record).into_iter().filter(|(kind, _)| !kind.starts_with("resOriginal"))
        {
            let bytes = fetch(&photos, value["downloadURL"].as_str().unwrap(), NOW).unwrap();
            assert_eq!(value["fileChecksum"], STANDARD.encode(checksum_of(&bytes)), "{kind}");
            seen += 1;
        }
    }
    assert!(seen > 50);
}

#[test]
fn a_url_lives_an_hour_or_as_long_as_it_is_told() {
    let mut photos = library(1);
    let url = |photos: &mut crate::photos::Photos| {
        let (changes, _, _) = delta(photos, "PrimarySync", None);
        let master = changes.iter().find(|record| record["recordType"] == "CPLMaster").unwrap();
        master["fields"]["resOriginalRes"]["value"]["downloadURL"].as_str().unwrap().to_owned()
    };
    let hour = url(&mut photos);
    assert!(hour.contains(&format!("&e={}&", NOW / 1000 + 3_600)));
    assert!(fetch(&photos, &hour, NOW + 3_599_000).is_ok());
    assert_eq!(fetch(&photos, &hour, NOW + 3_600_000), Err(410));
    photos.quirks().url_lifetime_s = 5;
    let short = url(&mut photos);
    assert_eq!(fetch(&photos, &short, NOW + 5_000), Err(410));
}
