//! Lists, counts, albums, look-ups and refusals.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    LIBRARY, NOW, call, call_in, library, list_query, name, names_of, personal, reason, records, rich, walk,
};
use crate::photos::{LibrarySpec, Mutation, NewPhoto, Photos, SharedRole};

#[test]
fn walking_by_rank_reaches_every_visible_photo_once() {
    let mut photos = rich();
    let (found, _) = walk(&mut photos, LIBRARY, &[], "CPLAsset");
    let (hidden, _) = walk(&mut photos, "CPLAssetAndMasterHiddenByAssetDate", &[], "CPLAsset");
    let (deleted, _) = walk(&mut photos, "CPLAssetAndMasterDeletedByExpungedDate", &[], "CPLAsset");
    let truth = photos.inventory().zones.swap_remove(0);
    let of = |wanted: (bool, bool)| -> BTreeSet<String> {
        let assets =
            truth.assets.iter().filter(|asset| (asset.hidden && !asset.deleted, asset.deleted) == wanted);
        assets.map(|asset| asset.record_name.clone()).collect()
    };
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), of((false, false)));
    assert_eq!(hidden.into_iter().collect::<BTreeSet<_>>(), of((true, false)));
    assert_eq!(deleted.into_iter().collect::<BTreeSet<_>>(), of((false, true)));
    assert!(!of((true, false)).is_empty() && !of((false, true)).is_empty());
}

#[test]
fn a_page_holds_200_records_masters_first_and_says_that_more_follow() {
    let mut photos = library(250);
    let answer = call(&mut photos, "records/query", &list_query(LIBRARY, 0, &[]));
    let kinds: Vec<&str> =
        records(&answer).iter().map(|record| record["recordType"].as_str().unwrap()).collect();
    assert_eq!(kinds[..100], ["CPLMaster"; 100]);
    assert_eq!(kinds[100..], ["CPLAsset"; 100]);
    assert!(answer["continuationMarker"].is_string());
    let last = call(&mut photos, "records/query", &list_query(LIBRARY, 200, &[]));
    assert!(last.get("continuationMarker").is_none() && !records(&last).is_empty());
    let past = call(&mut photos, "records/query", &list_query(LIBRARY, 5_000, &[]));
    assert_eq!(records(&past), &[] as &[Value]);
}

#[test]
fn the_newest_photo_has_rank_0_and_descending_walks_towards_it() {
    let mut photos = library(30);
    let date = |record: &Value| record["fields"]["assetDate"]["value"].as_i64().unwrap();
    let answer = call(&mut photos, "records/query", &list_query(LIBRARY, 0, &[]));
    let dates: Vec<i64> =
        records(&answer).iter().filter(|record| record["recordType"] == "CPLAsset").map(date).collect();
    assert!(dates.windows(2).all(|pair| pair[0] >= pair[1]) && dates.len() > 20);

    let mut query = list_query(LIBRARY, 2, &[]);
    query["query"]["filterBy"][1]["fieldValue"]["value"] = "DESCENDING".into();
    let back = call(&mut photos, "records/query", &query);
    let dates_back: Vec<i64> =
        records(&back).iter().filter(|record| record["recordType"] == "CPLAsset").map(date).collect();
    assert_eq!(dates_back, [dates[2], dates[1], dates[0]]);
}

#[test]
fn a_master_of_two_assets_comes_once_a_page() {
    let mut photos = library(0);
    let made = photos.mutate(Mutation::AddPhoto(NewPhoto::default()), NOW).unwrap();
    let asset = made["asset"].as_str().unwrap().to_owned();
    let twin = photos.mutate(Mutation::Duplicate { asset: asset.clone() }, NOW + 1).unwrap();
    assert_eq!(made["master"], twin["master"]);
    let answer = call(&mut photos, "records/query", &list_query(LIBRARY, 0, &[]));
    assert_eq!(names_of(records(&answer), "CPLMaster").count(), 1);
    assert_eq!(names_of(records(&answer), "CPLAsset").count(), 2);
}

#[test]
fn an_album_page_holds_66_members_and_the_edges_are_met() {
    let spec = LibrarySpec { assets: 300, albums: 6, seed: 3, ..LibrarySpec::default() };
    let mut photos = Photos::new(&spec);
    let albums = photos.inventory().zones.swap_remove(0).albums;
    let sizes: Vec<usize> = albums.iter().take(5).map(|album| album.members.len()).collect();
    assert_eq!(sizes, [0, 1, 66, 67, 132]);
    for album in &albums[..5] {
        for index in ["CPLContainerRelationLiveByAssetDate", "CPLContainerRelationLiveByPosition"] {
            let parent = [("parentId", album.record_name.as_str())];
            let (found, pages) = walk(&mut photos, index, &parent, "CPLContainerRelation");
            assert_eq!(found.len(), album.members.len());
            assert_eq!(pages, album.members.len().div_ceil(66));
        }
    }
    let first = call(
        &mut photos,
        "records/query",
        &list_query("CPLContainerRelationLiveByAssetDate", 0, &[("parentId", &albums[3].record_name)]),
    );
    assert_eq!(records(&first).len(), 198);
    assert!(first["continuationMarker"].is_string());
}

#[test]
fn albums_are_paged_by_marker_and_folders_by_parent() {
    let spec = LibrarySpec { albums: 430, folders: 5, seed: 1, ..LibrarySpec::default() };
    let mut photos = Photos::new(&spec);
    let truth = photos.inventory().zones.swap_remove(0).albums;
    let mut found = Vec::new();
    let mut parents: Vec<Option<String>> = vec![None];
    let mut longest = 0;
    while let Some(parent) = parents.pop() {
        let filters = parent.iter().map(|parent| {
            json!({ "fieldName": "parentId", "comparator": "EQUALS",
                    "fieldValue": { "type": "STRING", "value": parent } })
        });
        let mut query = json!({
            "query": { "recordType": "CPLAlbumByPositionLive", "filterBy": filters.collect::<Vec<_>>() },
            "zoneID": personal(),
        });
        let mut pages = 0;
        loop {
            let answer = call(&mut photos, "records/query", &query);
            pages += 1;
            for record in records(&answer).iter().filter(|record| !name(record).starts_with("----")) {
                found.push(name(record));
                if record["fields"]["albumType"]["value"] == 3 {
                    parents.push(Some(name(record)));
                }
            }
            match answer.get("continuationMarker") {
                Some(marker) => query["continuationMarker"] = marker.clone(),
                None => break,
            }
        }
        longest = longest.max(pages);
    }
    assert!(longest > 1, "the root level needs more than one page");
    let truth: BTreeSet<String> = truth.into_iter().map(|album| album.record_name).collect();
    assert_eq!(found.len(), truth.len());
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), truth);
}

#[test]
fn counts_tell_the_length_of_lists() {
    let mut photos = rich();
    let album = photos
        .inventory()
        .zones
        .swap_remove(0)
        .albums
        .into_iter()
        .filter(|album| !album.folder)
        .nth(2)
        .unwrap();
    let of_album = format!("CPLContainerRelationNotDeletedByAssetDate:{}", album.record_name);
    let entry = |id: &str| {
        json!({
            "query": { "recordType": "HyperionIndexCountLookup", "filterBy": {
                "fieldName": "indexCountID", "comparator": "IN",
                "fieldValue": { "type": "STRING_LIST", "value": [id] } } },
            "resultsLimit": 1, "zoneWide": true, "zoneID": personal(),
        })
    };
    let ids = [
        ("CPLAssetByAssetDateWithoutHiddenOrDeleted", LIBRARY, vec![], "CPLAsset"),
        ("CPLAssetHiddenByAssetDate", "CPLAssetAndMasterHiddenByAssetDate", vec![], "CPLAsset"),
        (
            "CPLAssetInSmartAlbumByAssetDate:Live",
            "CPLAssetAndMasterInSmartAlbumByAssetDate",
            vec![("smartAlbum", "LIVE")],
            "CPLAsset",
        ),
        (
            of_album.as_str(),
            "CPLContainerRelationLiveByAssetDate",
            vec![("parentId", album.record_name.as_str())],
            "CPLContainerRelation",
        ),
    ];
    let batch: Vec<Value> = ids.iter().map(|(id, ..)| entry(id)).collect();
    let answer = call(&mut photos, "internal/records/query/batch", &json!({ "batch": batch }));
    for (at, (id, index, filters, kind)) in ids.iter().enumerate() {
        let record = &answer["batch"][at]["records"][0];
        assert_eq!(record["recordName"], *id);
        let (found, _) = walk(&mut photos, index, filters, kind);
        assert_eq!(record["fields"]["itemCount"]["value"], found.len());
        assert!(!found.is_empty(), "{id}");
        let alone = call(&mut photos, "records/query", &entry(id));
        assert_eq!(alone["records"][0]["fields"], record["fields"]);
    }
}

#[test]
fn one_asset_can_be_picked_out_of_a_list() {
    let mut photos = library(20);
    let (found, _) = walk(&mut photos, LIBRARY, &[], "CPLAsset");
    let answer = call(&mut photos, "records/query", &list_query(LIBRARY, 0, &[("recordName", &found[5])]));
    assert_eq!(records(&answer).len(), 2);
    assert_eq!(name(&records(&answer)[1]), found[5]);
}

#[test]
fn a_lookup_answers_records_and_says_what_is_not_there() {
    let mut photos = library(10);
    let truth = photos.inventory().zones.swap_remove(0).assets;
    let unknown = "AQAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let ask = |names: &[&str]| {
        let named: Vec<Value> = names.iter().map(|name| json!({ "recordName": name })).collect();
        json!({ "records": named, "zoneID": personal(), "desiredKeys": ["resOriginalRes"] })
    };
    let names = [truth[0].master.as_str(), truth[1].record_name.as_str(), unknown];
    let answer = call(&mut photos, "records/lookup", &ask(&names));
    let by_name =
        |wanted: &str| records(&answer).iter().find(|record| record["recordName"] == wanted).unwrap();
    assert!(by_name(names[0])["fields"]["resOriginalRes"]["value"]["downloadURL"].is_string());
    assert_eq!(by_name(names[1])["recordType"], "CPLAsset");
    assert_eq!(by_name(unknown)["serverErrorCode"], "NOT_FOUND");
    assert!(by_name(unknown).get("fields").is_none());
    assert!(answer["syncToken"].is_string());

    let many = vec![unknown; 201];
    let refused = reason(&mut photos, "records/lookup", &ask(&many));
    assert_eq!(refused, (400, "array 'records' length is greater than max size".to_owned()));
}

#[test]
fn what_apple_refuses_is_refused() {
    let mut photos = Photos::new(&LibrarySpec {
        shared_library: SharedRole::Participant,
        assets: 20,
        ..LibrarySpec::default()
    });
    let mut query = list_query("CPLMaster", 0, &[]);
    let refused = |photos: &mut Photos, body: &Value| reason(photos, "records/query", body);
    assert_eq!(refused(&mut photos, &query), (400, "Type is not marked indexable: CPLMaster".to_owned()));
    assert_eq!(refused(&mut photos, &list_query(LIBRARY, 0, &[("masterRef", "A")])).0, 400);
    assert_eq!(refused(&mut photos, &list_query("CPLContainerRelationLiveByAssetDate", 0, &[])).0, 400);
    query = list_query(LIBRARY, 0, &[]);
    query["zoneID"]["zoneName"] = "SharedSync".into();
    assert_eq!(refused(&mut photos, &query), (404, "Zone does not exist".to_owned()));
    query["zoneID"] = json!({ "zoneName": "PrimarySync", "ownerRecordName": "_somebody" });
    assert_eq!(refused(&mut photos, &query).0, 404);
    query["zoneID"] = json!({ "zoneName": "PrimarySync", "ownerRecordName": "_defaultOwner" });
    assert_eq!(refused(&mut photos, &query).0, 200);
    assert_eq!(reason(&mut photos, "records/modify", &json!({})).0, 403);
    assert_eq!(reason(&mut photos, "records/other", &json!({})).0, 404);
    assert!(Photos::is_write("records/modify") && !Photos::is_write("records/query"));

    let zones = call_in(&mut photos, "shared", "zones/list", &json!({})).1;
    let id = zones["zones"][0]["zoneID"].clone();
    let mut query = list_query(LIBRARY, 0, &[]);
    query["zoneID"] = id.clone();
    assert_eq!(call_in(&mut photos, "shared", "records/query", &query).0, 200);
    assert_eq!(call_in(&mut photos, "private", "records/query", &query).0, 404);
    query["zoneID"] = json!({ "zoneName": id["zoneName"] });
    assert_eq!(
        call_in(&mut photos, "shared", "records/query", &query).0,
        404,
        "the whole identity is needed"
    );
    let albums = json!({ "query": { "recordType": "CPLAlbumByPositionLive" }, "zoneID": id });
    let (status, answer) = call_in(&mut photos, "shared", "records/query", &albums);
    assert_eq!((status, &answer["reason"]), (400, &json!("Index has invalid data")));
}

#[test]
fn a_sync_token_comes_only_when_asked_for() {
    let mut photos = library(3);
    let body = list_query(LIBRARY, 0, &[]).to_string();
    let reply =
        photos.call("private", "records/query", &std::collections::HashMap::new(), body.as_bytes(), NOW);
    let answer: Value = serde_json::from_slice(&reply.body).unwrap();
    assert!(answer.get("syncToken").is_none());
}
