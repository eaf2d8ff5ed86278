//! Tests of the photo world as a whole, through its calls.

mod content;
mod deltas;
mod fixtures;
mod generator;
mod lists;
mod mutations;
mod quirks;

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use super::{ContentReply, LibrarySpec, Photos, SharedRole};

/// The time at which the tests happen, milliseconds.
const NOW: i64 = 1_767_225_700_000;
const LIBRARY: &str = "CPLAssetAndMasterByAssetDateWithoutHiddenOrDeleted";

fn library(assets: usize) -> Photos {
    Photos::new(&LibrarySpec { assets, seed: 7, ..LibrarySpec::default() })
}

/// A library with everything in it.
fn rich() -> Photos {
    Photos::new(&LibrarySpec {
        assets: 400,
        albums: 25,
        folders: 6,
        seed: 11,
        awkward: true,
        shared_library: SharedRole::Owner,
        disputed: true,
        ..LibrarySpec::default()
    })
}

/// Calls with a sync token asked for; answers status and body.
fn call_in(photos: &mut Photos, area: &str, call: &str, body: &Value) -> (u16, Value) {
    let query = HashMap::from([("getCurrentSyncToken".to_owned(), "true".to_owned())]);
    let reply = photos.call(area, call, &query, body.to_string().as_bytes(), NOW);
    (reply.status, serde_json::from_slice(&reply.body).unwrap())
}

fn call(photos: &mut Photos, name: &str, body: &Value) -> Value {
    let (status, answer) = call_in(photos, "private", name, body);
    assert_eq!(status, 200, "{answer}");
    answer
}

fn reason(photos: &mut Photos, name: &str, body: &Value) -> (u16, String) {
    let (status, answer) = call_in(photos, "private", name, body);
    (status, answer["reason"].as_str().unwrap_or_default().to_owned())
}

fn personal() -> Value {
    json!({ "zoneName": "PrimarySync" })
}

/// A query for a photo list.
fn list_query(index: &str, rank: usize, more: &[(&str, &str)]) -> Value {
    let mut filters = vec![
        json!({ "fieldName": "startRank", "comparator": "EQUALS",
                "fieldValue": { "type": "INT64", "value": rank } }),
        json!({ "fieldName": "direction", "comparator": "EQUALS",
                "fieldValue": { "type": "STRING", "value": "ASCENDING" } }),
    ];
    filters.extend(more.iter().map(|(name, value)| {
        json!({ "fieldName": name, "comparator": "EQUALS", "fieldValue": { "type": "STRING", "value": value } })
    }));
    json!({
        "query": { "recordType": index, "filterBy": filters },
        "resultsLimit": 200,
        "desiredKeys": ["masterRef", "itemId", "assetDate"],
        "zoneID": personal(),
    })
}

fn records(answer: &Value) -> &[Value] {
    answer["records"].as_array().unwrap()
}

fn names_of<'a>(records: &'a [Value], kind: &'a str) -> impl Iterator<Item = String> + 'a {
    records.iter().filter(move |record| record["recordType"] == kind).map(name)
}

fn name(record: &Value) -> String {
    record["recordName"].as_str().unwrap().to_owned()
}

/// Walks a list by rank as photos.md 3.5 recommends; answers the items in order and the number of pages.
fn walk(photos: &mut Photos, index: &str, more: &[(&str, &str)], kind: &str) -> (Vec<String>, usize) {
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    let (mut rank, mut empties, mut pages) = (0, 0, 0);
    while empties < 6 && pages < 10_000 {
        let answer = call(photos, "records/query", &list_query(index, rank, more));
        pages += 1;
        let items: Vec<String> = names_of(records(&answer), kind).collect();
        if items.is_empty() {
            empties += 1;
            rank += if kind == "CPLAsset" { 100 } else { 66 };
            continue;
        }
        empties = 0;
        rank += items.len();
        found.extend(items.into_iter().filter(|item| seen.insert(item.clone())));
    }
    (found, pages - empties)
}

/// Reads a delta to its end; answers the records, the last token and the pages.
fn delta(photos: &mut Photos, zone: &str, token: Option<&str>) -> (Vec<Value>, String, Vec<Value>) {
    let (mut found, mut pages) = (Vec::new(), Vec::new());
    let mut token = token.map(str::to_owned);
    loop {
        let mut entry = json!({ "zoneID": { "zoneName": zone }, "resultsLimit": 200 });
        if let Some(token) = &token {
            entry["syncToken"] = token.as_str().into();
        }
        let answer = call(photos, "changes/zone", &json!({ "zones": [entry] }));
        let page = answer["zones"][0].clone();
        let next = page["syncToken"].as_str().unwrap_or_else(|| panic!("{page}")).to_owned();
        found.extend(records(&page).iter().cloned());
        let more = page["moreComing"] == true;
        assert!(!more || token.as_ref() != Some(&next), "a token that stands still");
        pages.push(page);
        token = Some(next.clone());
        if !more {
            return (found, next, pages);
        }
    }
}

/// The current token of a zone.
fn token(photos: &mut Photos, zone: &str) -> String {
    let body = json!({ "query": { "recordType": "CheckIndexingState" }, "zoneID": { "zoneName": zone } });
    call(photos, "records/query", &body)["syncToken"].as_str().unwrap().to_owned()
}

/// Fetches a URL.
fn fetch(photos: &Photos, url: &str, now_ms: i64) -> Result<Vec<u8>, u16> {
    let path = url.strip_prefix("https://cvws.icloud-content.com").unwrap();
    match photos.content(&path.replace("${f}", "$%7Bf%7D"), now_ms) {
        ContentReply::Body { body, .. } => {
            let mut bytes = vec![0; usize::try_from(body.len()).unwrap()];
            body.read_at(0, &mut bytes);
            Ok(bytes)
        }
        ContentReply::Refused { reply } => Err(reply.status),
    }
}
