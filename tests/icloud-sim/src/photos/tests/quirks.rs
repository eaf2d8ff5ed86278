//! The switches for irregular behaviour.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    LIBRARY, NOW, call, delta, library, list_query, name, names_of, personal, records, rich, token, walk,
};
use crate::photos::{Hole, Mutation, Quirks};

#[test]
fn short_pages_holes_and_repeats_hide_no_photo() {
    let mut photos = library(450);
    let (all, pages) = walk(&mut photos, LIBRARY, &[], "CPLAsset");
    photos.quirks().short_pages = Some(30);
    let (short, more_pages) = walk(&mut photos, LIBRARY, &[], "CPLAsset");
    assert_eq!(short, all);
    assert!(more_pages > pages * 2);
    photos.quirks().short_pages = None;
    photos.quirks().hole = Some(Hole { rank: 200, ranks: 300 });
    let hole = call(&mut photos, "records/query", &list_query(LIBRARY, 200, &[]));
    assert!(records(&hole).is_empty());
    assert_eq!(walk(&mut photos, LIBRARY, &[], "CPLAsset").0, all);
    photos.quirks().hole = None;
    photos.quirks().repeated_assets = true;
    assert_eq!(walk(&mut photos, LIBRARY, &[], "CPLAsset").0, all);
    let second = call(&mut photos, "records/query", &list_query(LIBRARY, 100, &[]));
    assert_eq!(names_of(records(&second), "CPLAsset").next().unwrap(), all[99]);
}

#[test]
fn lists_can_end_early() {
    let mut photos = rich();
    let (all, _) = walk(&mut photos, LIBRARY, &[], "CPLAsset");
    for items in [0, all.len() / 2] {
        photos.quirks().lists_end_after = Some(items);
        assert_eq!(walk(&mut photos, LIBRARY, &[], "CPLAsset").0, all[..items]);
    }
    photos.quirks().lists_end_after = Some(0);
    let albums = json!({ "query": { "recordType": "CPLAlbumByPositionLive" }, "zoneID": personal() });
    assert!(records(&call(&mut photos, "records/query", &albums)).is_empty());
}

#[test]
fn zones_can_be_left_out_and_can_be_closed() {
    let mut photos = library(3);
    let listed = |photos: &mut _, name| {
        let answer = call(photos, name, &json!({}));
        answer["zones"].as_array().unwrap().len()
    };
    assert_eq!((listed(&mut photos, "zones/list"), listed(&mut photos, "changes/database")), (1, 1));
    let since = token(&mut photos, "PrimarySync");
    photos.quirks().unlisted_zones = vec!["PrimarySync".to_owned()];
    assert_eq!((listed(&mut photos, "zones/list"), listed(&mut photos, "changes/database")), (0, 0));
    assert!(delta(&mut photos, "PrimarySync", Some(&since)).0.is_empty(), "it answers all the same");
    photos.quirks().closed_zones = vec!["PrimarySync".to_owned()];
    let ask = json!({ "zones": [{ "zoneID": personal(), "syncToken": since }] });
    let answer = call(&mut photos, "changes/zone", &ask);
    assert_eq!(answer["zones"][0]["serverErrorCode"], "ZONE_NOT_FOUND");
}

#[test]
fn pages_can_lack_masters_and_markers() {
    let mut photos = library(250);
    photos.quirks().pages_without_masters = true;
    photos.quirks().no_marker = true;
    let page = |photos: &mut _, rank| call(photos, "records/query", &list_query(LIBRARY, rank, &[]));
    let with = page(&mut photos, 0);
    let without = page(&mut photos, 100);
    assert_eq!(names_of(records(&with), "CPLMaster").count(), 100);
    assert_eq!(names_of(records(&without), "CPLMaster").count(), 0);
    assert_eq!(names_of(records(&without), "CPLAsset").count(), 100);
    assert!(with.get("continuationMarker").is_none());
}

#[test]
fn counts_and_the_indexing_state_can_be_wrong() {
    let mut photos = library(10);
    photos.quirks().count_off_by = -100;
    photos.quirks().indexing_running = true;
    let count = json!({
        "query": { "recordType": "HyperionIndexCountLookup", "filterBy": {
            "fieldName": "indexCountID", "comparator": "IN",
            "fieldValue": { "type": "STRING_LIST", "value": ["CPLAssetByAssetDateWithoutHiddenOrDeleted"] } } },
        "zoneID": personal(),
    });
    let answer = call(&mut photos, "records/query", &count);
    assert_eq!(answer["records"][0]["fields"]["itemCount"]["value"], 0);
    let state = json!({ "query": { "recordType": "CheckIndexingState" }, "zoneID": personal() });
    let answer = call(&mut photos, "records/query", &state);
    assert_eq!(answer["records"][0]["fields"]["state"]["value"], "RUNNING");
}

#[test]
fn empty_pages_come_before_the_records_of_a_change() {
    let mut photos = library(5);
    photos.quirks().empty_delta_pages = 70;
    let before = token(&mut photos, "PrimarySync");
    photos.mutate(Mutation::AddIgnorable { zone: None, count: 1 }, NOW).unwrap();
    let (changes, _, pages) = delta(&mut photos, "PrimarySync", Some(&before));
    assert_eq!(pages.len(), 71);
    assert_eq!(changes.len(), 2, "the record and the totals");
}

#[test]
fn a_stuck_delta_never_moves() {
    let mut photos = library(5);
    let before = token(&mut photos, "PrimarySync");
    photos.quirks().stuck_delta = true;
    let body = json!({ "zones": [{ "zoneID": personal(), "syncToken": before }] });
    let page = call(&mut photos, "changes/zone", &body)["zones"][0].clone();
    assert_eq!((&page["moreComing"], &page["syncToken"]), (&json!(true), &json!(before)));
}

#[test]
fn relations_and_tombstones_can_be_bare_and_come_first() {
    let mut photos = rich();
    photos.quirks().bare_relations = true;
    photos.quirks().bare_tombstones = true;
    photos.quirks().relations_first = true;
    let (changes, _, pages) = delta(&mut photos, "PrimarySync", None);
    let relations: Vec<&Value> =
        changes.iter().filter(|record| record["recordType"] == "CPLContainerRelation").collect();
    assert!(!relations.is_empty() && relations.iter().all(|record| record["fields"] == json!({})));
    let tombstones: Vec<&Value> = changes.iter().filter(|record| record["deleted"] == true).collect();
    assert!(!tombstones.is_empty());
    assert!(tombstones.iter().all(|record| record.get("recordChangeTag").is_none()));
    let order = |record: &Value| match record["recordType"].as_str() {
        Some("CPLContainerRelation") => 0,
        Some("CPLAsset") => 1,
        Some("CPLMaster") => 2,
        _ => 3,
    };
    for page in pages {
        let order: Vec<i32> = records(&page).iter().map(order).collect();
        assert!(order.is_sorted());
    }
    let names: BTreeSet<String> = changes.iter().map(name).collect();
    assert_eq!(names.len(), changes.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_pages_are_like_a_patient_client_sees_everything(
        count in 0_usize..320,
        short_pages in prop::option::of(1_usize..120),
        hole in prop::option::of((0_usize..4, 1_usize..5)),
        repeated_assets: bool,
        pages_without_masters: bool,
    ) {
        let mut photos = library(count);
        let all = walk(&mut photos, LIBRARY, &[], "CPLAsset").0;
        *photos.quirks() = Quirks {
            short_pages,
            hole: hole.map(|(rank, ranks)| Hole { rank: rank * 100, ranks: ranks * 100 }),
            repeated_assets,
            pages_without_masters,
            ..Quirks::default()
        };
        prop_assert_eq!(walk(&mut photos, LIBRARY, &[], "CPLAsset").0, all);
    }
}
