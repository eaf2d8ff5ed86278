//! What is asked: lists, counts, lookups and changes as request bodies.

use serde_json::{Value, json};

use super::keys;
use super::smart::SmartAlbum;
use crate::model::ZoneId;

/// Most records that the server puts on a page, whatever is asked (rclone, kei).
pub(super) const PAGE: usize = 200;

/// A list that the server keeps.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum List {
    /// The library, without hidden photos and without Recently Deleted.
    Library,
    /// Hidden photos, which no other list has.
    Hidden,
    /// Recently Deleted.
    Deleted,
    /// Photos of bursts.
    Bursts,
    /// A smart album, of the photos that are neither hidden nor deleted.
    Smart(SmartAlbum),
    /// The members of an album, by its record name.
    Album(String),
}

impl List {
    /// Items on a full page: a photo is two records, a membership comes with its photo and is three.
    pub(super) fn stride(&self) -> u64 {
        match self {
            Self::Album(_) => 66,
            _ => 100,
        }
    }

    /// Name of the index that lists it.
    fn index(&self) -> &'static str {
        match self {
            Self::Library => "CPLAssetAndMasterByAssetDateWithoutHiddenOrDeleted",
            Self::Hidden => "CPLAssetAndMasterHiddenByAssetDate",
            Self::Deleted => "CPLAssetAndMasterDeletedByExpungedDate",
            Self::Bursts => "CPLBurstStackAssetAndMasterByAssetDate",
            Self::Smart(_) => "CPLAssetAndMasterInSmartAlbumByAssetDate",
            Self::Album(_) => "CPLContainerRelationLiveByAssetDate",
        }
    }

    /// Name of the index that counts it.
    pub(super) fn count_id(&self) -> String {
        match self {
            Self::Library => "CPLAssetByAssetDateWithoutHiddenOrDeleted".to_owned(),
            Self::Hidden => "CPLAssetHiddenByAssetDate".to_owned(),
            Self::Deleted => "CPLAssetDeletedByExpungedDate".to_owned(),
            Self::Bursts => "CPLAssetBurstStackAssetByAssetDate".to_owned(),
            Self::Smart(smart) => format!("CPLAssetInSmartAlbumByAssetDate:{}", smart.suffix()),
            Self::Album(album) => format!("CPLContainerRelationNotDeletedByAssetDate:{album}"),
        }
    }
}

/// Name, owner and type exactly as listed: zones in the shared area are found by nothing less.
fn zone_id(zone: &ZoneId) -> Value {
    let mut id = json!({ "zoneName": zone.name });
    if let Some(owner) = &zone.owner {
        id["ownerRecordName"] = json!(owner);
    }
    if let Some(zone_type) = &zone.zone_type {
        id["zoneType"] = json!(zone_type);
    }
    id
}

fn equals(field: &str, field_type: &str, value: impl Into<Value>) -> Value {
    let value: Value = value.into();
    json!({ "fieldName": field, "comparator": "EQUALS", "fieldValue": { "type": field_type, "value": value } })
}

/// A page of a list, newest first.
pub(super) fn page(zone: &ZoneId, list: &List, start_rank: u64) -> Value {
    let mut filters =
        vec![equals("startRank", "INT64", start_rank), equals("direction", "STRING", "ASCENDING")];
    let mut keys = json!(keys::photo());
    match list {
        List::Album(album) => {
            filters.push(equals("parentId", "STRING", album.as_str()));
            keys = json!(keys::MEMBER);
        }
        List::Smart(smart) => filters.push(equals("smartAlbum", "STRING", smart.suffix().to_uppercase())),
        _ => {}
    }
    json!({
        "query": { "recordType": list.index(), "filterBy": filters },
        "resultsLimit": PAGE,
        "desiredKeys": keys,
        "zoneID": zone_id(zone),
    })
}

/// A page of the albums within a folder, or at root level; `marker` is what the page before ended with.
pub(super) fn albums(zone: &ZoneId, parent: Option<&str>, marker: Option<&str>) -> Value {
    let mut body = json!({
        "query": { "recordType": "CPLAlbumByPositionLive" },
        "resultsLimit": PAGE,
        "desiredKeys": keys::ALBUM,
        "zoneID": zone_id(zone),
    });
    if let Some(parent) = parent {
        body["query"]["filterBy"] = json!([equals("parentId", "STRING", parent)]);
    }
    if let Some(marker) = marker {
        body["continuationMarker"] = json!(marker);
    }
    body
}

/// Whether the server has indexed the zone.
pub(super) fn indexing(zone: &ZoneId) -> Value {
    json!({ "query": { "recordType": "CheckIndexingState" }, "zoneID": zone_id(zone) })
}

/// How many items lists have.
pub(super) fn counts(asked: &[(ZoneId, List)]) -> Value {
    let queries: Vec<Value> = asked
        .iter()
        .map(|(zone, list)| {
            json!({
                "query": {
                    "recordType": "HyperionIndexCountLookup",
                    "filterBy": {
                        "fieldName": "indexCountID",
                        "comparator": "IN",
                        "fieldValue": { "type": "STRING_LIST", "value": [list.count_id()] },
                    },
                },
                "resultsLimit": 1,
                "zoneWide": true,
                "zoneID": zone_id(zone),
            })
        })
        .collect();
    json!({ "batch": queries })
}

/// Queried by name.
pub(super) fn lookup(zone: &ZoneId, names: &[String]) -> Value {
    let records: Vec<Value> = names.iter().map(|name| json!({ "recordName": name })).collect();
    json!({ "records": records, "desiredKeys": keys::everything(), "zoneID": zone_id(zone) })
}

/// What changed in zones since their tokens; from the beginning where there is none. An empty token would mean
/// "caught up" to the server, so it is never sent.
pub(super) fn changes(zones: &[(ZoneId, Option<String>)]) -> Value {
    changes_with(&keys::everything(), zones)
}

/// As [`changes`], with the fields of an outline.
pub(super) fn outlines(zones: &[(ZoneId, Option<String>)]) -> Value {
    changes_with(&keys::outline(), zones)
}

fn changes_with(keys: &[String], zones: &[(ZoneId, Option<String>)]) -> Value {
    let zones: Vec<Value> = zones
        .iter()
        .map(|(zone, token)| {
            let mut entry = json!({ "zoneID": zone_id(zone), "resultsLimit": PAGE, "desiredKeys": keys });
            if let Some(token) = token.as_deref().filter(|token| !token.is_empty()) {
                entry["syncToken"] = json!(token);
            }
            entry
        })
        .collect();
    json!({ "zones": zones })
}

/// All zones of an area, or those after `token`.
pub(super) fn zones(token: Option<&str>) -> Value {
    token.map_or_else(|| json!({}), |token| json!({ "syncToken": token }))
}
