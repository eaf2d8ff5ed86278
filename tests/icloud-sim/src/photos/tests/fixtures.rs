//! The fixtures of the protocol document: their requests are understood, and the answers have their shape.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::{Value, json};

use super::{NOW, call_in, delta, rich, token};
use crate::photos::{Mutation, NewPhoto, Photos, SharedRole};

/// The folder of the fixtures, when it is there.
fn folder() -> Option<PathBuf> {
    let shared = std::env::var_os("LARDER_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = shared.join("protocol/examples/photos");
    if folder.is_dir() {
        Some(folder)
    } else {
        println!("skipped: no fixtures at {}", folder.display());
        None
    }
}

fn fixture(folder: &std::path::Path, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join(format!("{name}.json"))).unwrap()).unwrap()
}

/// Puts the simulator's own zones, albums, names and tokens in the place of the fixture's.
fn translate(request: &mut Value, words: &BTreeMap<&str, String>) {
    match request {
        Value::String(text) => {
            if let Some(word) = words.get(text.as_str()) {
                text.clone_from(word);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| translate(item, words)),
        Value::Object(members) => members.values_mut().for_each(|member| translate(member, words)),
        _ => {}
    }
}

/// Everything that has a name in an answer: envelope keys, and fields with their types, by record type.
fn shape(answer: &Value, path: &str, found: &mut BTreeSet<String>) {
    match answer {
        Value::Array(items) => items.iter().for_each(|item| shape(item, path, found)),
        Value::Object(members) => {
            let place = match members.get("recordType").and_then(Value::as_str) {
                Some(kind) => format!("{path}<{kind}>"),
                None => path.to_owned(),
            };
            for (key, member) in members {
                let inner = format!("{place}.{key}");
                if key == "type" && member.is_string() {
                    found.insert(format!("{inner}={}", member.as_str().unwrap()));
                } else {
                    found.insert(inner.clone());
                }
                shape(member, &inner, found);
            }
        }
        _ => {}
    }
}

/// What a fixture has and an answer has not.
fn missing(fixture: &Value, answer: &Value) -> Vec<String> {
    let (mut wanted, mut found) = (BTreeSet::new(), BTreeSet::new());
    shape(fixture, "", &mut wanted);
    shape(answer, "", &mut found);
    wanted.difference(&found).cloned().collect()
}

/// The words of the fixtures and what they are called in this library.
fn words(photos: &mut Photos) -> BTreeMap<&'static str, String> {
    let truth = photos.inventory().zones;
    let personal = &truth[0];
    let edited =
        personal.assets.iter().find(|asset| asset.resources.iter().any(|each| each.kind == "resJPEGFull"));
    let live = personal.assets.iter().find(|asset| {
        asset.resources.iter().any(|each| each.kind == "resOriginalVidCompl" && each.downloadable)
    });
    let album = personal.albums.iter().find(|album| album.members.len() == 67).unwrap();
    let folder = personal.albums.iter().find_map(|album| album.parent.clone()).unwrap();
    let (_, database) = call_in(photos, "private", "changes/database", &json!({}));
    BTreeMap::from([
        ("_7c1d0e5fa2b94836b1e0d3c2a4f59687", personal.owner.clone()),
        ("_a90b3344cd5e4f7788990011aabbccdd", truth[1].owner.clone()),
        ("SharedSync-3F6C1B2A-9D47-4E10-8A55-0C7B21E4D9F0", truth[1].name.clone()),
        ("SharedSync-91D0A3C7-2B5E-4F88-9E0A-77C6B5A4D3E2", truth[1].name.clone()),
        ("AQAAAAAAABDBf/////////9dL3ocngtMOKbR8A3K/gEH", token(photos, "PrimarySync")),
        ("AQAAAAAAAAE2f/////////+4HETwqdNOJ5CqXhH+7QII", token(photos, &truth[1].name)),
        ("HwoECJ7guZGSNmr7+86tRQ1N1VOdoHqG6ezh4gXkgM+", database["syncToken"].as_str().unwrap().to_owned()),
        ("961698FA-6495-4BD6-9343-7EBC7931A899", album.record_name.clone()),
        ("44731F5F-12E8-46A7-8CB5-34D868AEB038", folder),
        ("AUB98oNfxbG+3GZwjvop+vvLfZ4u", live.unwrap().master.clone()),
        ("B0E303F3-AF78-4CE5-AB02-221A240B757C", edited.unwrap().record_name.clone()),
    ])
}

#[test]
fn every_request_is_answered_in_the_shape_of_its_fixture() {
    let Some(folder) = folder() else { return };
    let mut photos = rich();
    let words = words(&mut photos);
    for (call, request, answer) in [
        ("zones/list", "changes_database_request_bootstrap", "zones_list_private"),
        ("changes/database", "changes_database_request_bootstrap", "changes_database_bootstrap"),
        ("changes/database", "changes_database_request", "changes_database_nochange"),
        ("records/query", "check_indexing_state_request", "check_indexing_state_finished"),
        ("internal/records/query/batch", "count_batch_request", "count_batch_response"),
        ("records/query", "all_photos_query_request", "all_photos_page1_with_marker"),
        ("records/query", "all_photos_page2_request", "all_photos_page2_last"),
        ("records/query", "recently_deleted_request", "recently_deleted_response"),
        ("records/query", "albums_query_request", "albums_query_page1"),
        ("records/query", "albums_children_request", "albums_children_response"),
        ("records/query", "album_query_request", "album_query_response"),
        ("records/query", "smart_album_query_request", "all_photos_page3_empty"),
        ("records/query", "probe_request", "all_photos_page3_empty"),
        ("changes/zone", "changes_zone_request", "changes_zone_nochange"),
        ("changes/zone", "changes_zone_request_two_zones", "changes_zone_nochange"),
        ("changes/zone", "changes_zone_request_full_history", "changes_zone_empty_more_coming"),
        ("records/lookup", "records_lookup_request", "records_lookup_response"),
    ] {
        let mut body = fixture(&folder, request);
        translate(&mut body, &words);
        if request.starts_with("albums_query") {
            body["resultsLimit"] = 3.into();
        }
        if request == "probe_request" {
            // The fixture probes the zone of somebody else's library; here it is the account's own.
            body["zoneID"]["ownerRecordName"] = words["_7c1d0e5fa2b94836b1e0d3c2a4f59687"].clone().into();
        }
        let (status, found) = call_in(&mut photos, "private", call, &body);
        assert_eq!(status, 200, "{request}: {found}");
        // Fixture pages are not cut down to the keys that were asked for: ask again for everything.
        body.as_object_mut().unwrap().remove("desiredKeys");
        let (_, found) = call_in(&mut photos, "private", call, &body);
        let lacking: Vec<String> = missing(&fixture(&folder, answer), &found)
            .into_iter()
            .filter(|each| !only_now_and_then(each))
            .collect();
        assert_eq!(lacking, Vec::<String>::new(), "{request}");
    }
}

/// Fields that depend on which photos and albums happen to stand on the page.
fn only_now_and_then(place: &str) -> bool {
    let rare = [
        "isDeleted",
        "dateExpunged",
        "expirationTime",
        "parentId",
        "captionEnc",
        "extendedDescEnc",
        "keywordsEnc",
        "burst",
        "continuationMarker",
        "Alt",
        "albumNameEnc",
        "VidFull",
        "filenameEnc.type=STRING",
        "isKeyAsset",
    ];
    rare.iter().any(|word| place.contains(word))
}

#[test]
fn a_page_by_marker_is_asked_for_as_the_fixture_does() {
    let Some(folder) = folder() else { return };
    let mut photos = rich();
    let mut words = words(&mut photos);
    let mut first = fixture(&folder, "albums_query_request");
    translate(&mut first, &words);
    first["resultsLimit"] = 3.into();
    let (_, page) = call_in(&mut photos, "private", "records/query", &first);
    let marker = page["continuationMarker"].as_str().unwrap().to_owned();
    words.insert("EggZAAAAAAQIGigKJDQ0NzMxRjVGLTEyRTgtNDZBNy04Q0I1LTM0RDg2OEFFQjAzOBAB", marker);
    let mut second = fixture(&folder, "albums_query_page2_request");
    translate(&mut second, &words);
    second.as_object_mut().unwrap().remove("desiredKeys");
    let (status, page) = call_in(&mut photos, "private", "records/query", &second);
    assert_eq!(status, 200);
    let lacking = missing(&fixture(&folder, "albums_query_page2"), &page);
    assert_eq!(lacking, Vec::<String>::new());
}

#[test]
fn deltas_have_the_shapes_of_their_fixtures() {
    let Some(folder) = folder() else { return };
    let mut photos = rich();
    let shared = photos.inventory().zones[1].clone();
    let start = token(&mut photos, "PrimarySync");
    let assets: Vec<String> =
        photos.inventory().zones[0].assets.iter().skip(150).map(|asset| asset.record_name.clone()).collect();
    let asset = |at: usize| assets[at].clone();
    let album =
        photos.inventory().zones[0].albums.iter().find(|album| !album.folder).unwrap().record_name.clone();
    let changes = [
        Mutation::AddPhoto(NewPhoto { kind: crate::photos::PhotoKind::Live, ..NewPhoto::default() }),
        Mutation::AddMember { album: album.clone(), asset: asset(0) },
        Mutation::SetFavorite { asset: asset(1), on: true },
        Mutation::Edit { asset: asset(2) },
        Mutation::AddMember { album: album.clone(), asset: asset(5) },
        Mutation::RemoveMember { album: album.clone(), asset: asset(5), soft: false },
        Mutation::AddAndPurge { zone: None },
        Mutation::AddIgnorable { zone: None, count: 12 },
        Mutation::Delete { asset: asset(7) },
        Mutation::Restore { asset: asset(7) },
        Mutation::Delete { asset: asset(8) },
        Mutation::DeleteAlbum { album },
        Mutation::Delete { asset: shared.assets[20].record_name.clone() },
    ];
    for change in changes {
        photos.mutate(change, NOW).unwrap();
    }
    let (records, _, pages) = delta(&mut photos, "PrimarySync", Some(&start));
    let mut answer = json!({ "zones": pages });
    answer["zones"][0]["records"] = records.into();
    for name in ["changes_zone_few_changes", "changes_zone_flags", "changes_zone_page_split_2"] {
        let mut lacking = missing(&fixture(&folder, name), &answer);
        // A reason of deletion belongs to shared libraries; here it stood in the personal one.
        lacking.retain(|each| !each.contains("trashReason") && !only_now_and_then(each));
        assert_eq!(lacking, Vec::<String>::new(), "{name}");
    }
    let (records, _, mut pages) = delta(&mut photos, &shared.name, None);
    pages[0]["records"] = records.into();
    let lacking = missing(&fixture(&folder, "changes_zone_shared"), &json!({ "zones": [pages[0]] }));
    assert_eq!(lacking, Vec::<String>::new());
}

#[test]
fn refusals_are_those_of_the_fixtures() {
    let Some(folder) = folder() else { return };
    let mut photos = crate::photos::Photos::new(&crate::photos::LibrarySpec {
        shared_library: SharedRole::Owner,
        ..Default::default()
    });
    let shared = photos.inventory().zones[1].name.clone();
    let nothing = json!({ "zoneName": "SharedSync" });
    let many = vec![json!({ "recordName": "A" }); 201];
    let cases = [
        (
            "zone_not_found",
            "records/query",
            json!({ "query": { "recordType": "CheckIndexingState" }, "zoneID": nothing }),
        ),
        (
            "bad_request_not_indexable",
            "records/query",
            json!({ "query": { "recordType": "CPLMaster" }, "zoneID": super::personal() }),
        ),
        (
            "bad_request_index_invalid",
            "records/query",
            json!({ "query": { "recordType": "CPLAlbumByPositionLive" }, "zoneID": { "zoneName": shared } }),
        ),
        (
            "bad_request_too_many_records",
            "records/lookup",
            json!({ "records": many, "zoneID": super::personal() }),
        ),
    ];
    for (name, call, body) in cases {
        let mut wanted = fixture(&folder, &format!("errors/{name}"));
        let (status, mut found) = call_in(&mut photos, "private", call, &body);
        assert_eq!(wanted["status"], status, "{name}");
        found["uuid"] = wanted["body"]["uuid"].take();
        wanted["body"]["uuid"] = found["uuid"].clone();
        assert_eq!(wanted["body"], found, "{name}");
    }
    let body = json!({ "zones": [
        { "zoneID": super::personal(), "syncToken": "rubbish" },
        { "zoneID": super::personal(), "syncToken": "AQAAAAAAABDBf" },
        { "zoneID": nothing },
    ] });
    let (_, answer) = call_in(&mut photos, "private", "changes/zone", &body);
    for (at, name, entry) in [
        (0, "changes_zone_bad_token", 0),
        (1, "changes_zone_truncated_token", 0),
        (2, "changes_zone_one_zone_missing", 1),
    ] {
        assert_eq!(answer["zones"][at], fixture(&folder, name)["zones"][entry], "{name}");
    }
}
