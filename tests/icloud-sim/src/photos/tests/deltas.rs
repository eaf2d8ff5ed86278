//! The laws of counters, tokens and deltas.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{NOW, call, delta, library, name, personal, reason, records, rich, token};
use crate::photos::{Mutation, NewPhoto, Photos};

/// The state of a zone as a client has it after reading deltas: living records by name.
type Replica = BTreeMap<String, Value>;

fn apply(replica: &mut Replica, changes: Vec<Value>) {
    for record in changes {
        if record["deleted"] == true {
            replica.remove(&name(&record));
        } else {
            replica.insert(name(&record), without_urls(record));
        }
    }
}

/// URLs differ from answer to answer.
fn without_urls(mut record: Value) -> Value {
    for field in record["fields"].as_object_mut().into_iter().flat_map(|fields| fields.values_mut()) {
        if let Some(value) = field["value"].as_object_mut() {
            value.remove("downloadURL");
        }
    }
    record
}

fn history(photos: &mut Photos, zone: &str) -> (Replica, String) {
    let (changes, token, _) = delta(photos, zone, None);
    let mut replica = Replica::new();
    apply(&mut replica, changes);
    (replica, token)
}

#[test]
fn the_whole_history_begins_empty_and_holds_everything_once() {
    let mut photos = rich();
    let (changes, last, pages) = delta(&mut photos, "PrimarySync", None);
    assert_eq!((records(&pages[0]).len(), &pages[0]["moreComing"]), (0, &json!(true)));
    let names: BTreeSet<String> = changes.iter().map(name).collect();
    assert_eq!(names.len(), changes.len(), "each record once");
    assert_eq!(last, token(&mut photos, "PrimarySync"));
    let truth = photos.inventory().zones.swap_remove(0);
    for asset in &truth.assets {
        assert!(names.contains(&asset.record_name) && names.contains(&asset.master));
    }
    for album in &truth.albums {
        for member in &album.members {
            assert!(names.contains(&format!("{member}-IN-{}", album.record_name)));
        }
    }
    assert!(changes.iter().any(|record| record["deleted"] == true), "tombstones");
    assert!(changes.iter().any(|record| record["recordType"] == "CPLLibraryInfo"));
    assert!(pages.iter().all(|page| records(page).len() <= 200));
}

#[test]
fn any_page_size_gives_the_same_records() {
    let mut photos = library(90);
    let all: BTreeSet<String> = history(&mut photos, "PrimarySync").0.into_keys().collect();
    for limit in [1, 7, 200, 5_000] {
        let (mut found, mut token) = (BTreeSet::new(), None);
        loop {
            let entry = json!({ "zoneID": personal(), "syncToken": token, "resultsLimit": limit });
            let page = call(&mut photos, "changes/zone", &json!({ "zones": [entry] }))["zones"][0].clone();
            assert!(records(&page).len() <= limit);
            found.extend(records(&page).iter().filter(|record| record["deleted"] != true).map(name));
            token = page["syncToken"].as_str().map(str::to_owned);
            if page["moreComing"] == false {
                break;
            }
        }
        assert_eq!(found, all);
    }
}

#[test]
fn tokens_are_idempotent_and_belong_to_their_zone() {
    let mut photos = rich();
    let now = token(&mut photos, "PrimarySync");
    let ask = |zone: &str, token: &Value| json!({ "zones": [{ "zoneID": { "zoneName": zone }, "syncToken": token }] });
    let first = call(&mut photos, "changes/zone", &ask("PrimarySync", &json!(now)));
    assert_eq!(first["zones"][0]["records"], json!([]));
    assert_eq!(first["zones"][0]["moreComing"], false);
    assert_eq!(first, call(&mut photos, "changes/zone", &ask("PrimarySync", &json!(now))));

    let shared = photos.inventory().zones[1].name.clone();
    let mut error = |zone: &str, token: &str| {
        let answer = call(&mut photos, "changes/zone", &ask(zone, &json!(token)));
        let entry = &answer["zones"][0];
        assert_eq!(entry["zoneID"], json!({ "zoneName": zone }));
        format!("{} {}", entry["serverErrorCode"].as_str().unwrap(), entry["reason"].as_str().unwrap())
    };
    assert_eq!(error(&shared, &now), "ZONE_NOT_FOUND Zone does not exist");
    assert_eq!(error("PrimarySync", "rubbish"), "BAD_REQUEST Unknown sync continuation type");
    assert_eq!(error("PrimarySync", &now[..30]), "BAD_REQUEST Invalid continuation format");
    assert_eq!(error("SharedSync", &now), "ZONE_NOT_FOUND Zone does not exist");
    let caught_up = call(&mut photos, "changes/zone", &ask("PrimarySync", &json!("")));
    assert_eq!(caught_up["zones"][0]["records"], json!([]));
    assert_eq!(caught_up["zones"][0]["syncToken"], now.as_str());
}

#[test]
fn a_reset_zone_refuses_its_old_tokens() {
    let mut photos = library(5);
    let old = token(&mut photos, "PrimarySync");
    photos.mutate(Mutation::ResetZone { zone: None }, NOW).unwrap();
    let body = json!({ "zones": [{ "zoneID": personal(), "syncToken": old }] });
    let answer = call(&mut photos, "changes/zone", &body);
    assert_eq!(answer["zones"][0]["serverErrorCode"], "BAD_REQUEST");
    let (replica, _) = history(&mut photos, "PrimarySync");
    assert!(replica.len() > 10);
}

#[test]
fn the_database_tells_which_zones_changed() {
    let mut photos = rich();
    let names = |answer: &Value| -> Vec<String> {
        let zones = answer["zones"].as_array().unwrap();
        zones.iter().map(|zone| zone["zoneID"]["zoneName"].as_str().unwrap().to_owned()).collect()
    };
    let all = call(&mut photos, "changes/database", &json!({}));
    let shared = names(&all)[1].clone();
    assert!(names(&all).len() == 5 && shared.starts_with("SharedSync-"));
    let since = json!({ "syncToken": all["syncToken"] });
    assert!(names(&call(&mut photos, "changes/database", &since)).is_empty());
    photos.mutate(Mutation::AddIgnorable { zone: None, count: 1 }, NOW).unwrap();
    assert_eq!(names(&call(&mut photos, "changes/database", &since)), ["PrimarySync"]);
    photos.mutate(Mutation::RemoveZone { zone: shared.clone() }, NOW).unwrap();
    let answer = call(&mut photos, "changes/database", &since);
    let gone = answer["zones"].as_array().unwrap().iter().find(|zone| zone["deleted"] == true).unwrap();
    assert_eq!(gone["zoneID"]["zoneName"], shared.as_str());
    let zone_token = token(&mut photos, "PrimarySync");
    assert_eq!(reason(&mut photos, "changes/database", &json!({ "syncToken": zone_token })).0, 400);
    let body = json!({ "zones": [{ "zoneID": personal(), "syncToken": all["syncToken"] }] });
    assert_eq!(call(&mut photos, "changes/zone", &body)["zones"][0]["serverErrorCode"], "BAD_REQUEST");
}

#[test]
fn a_record_that_changes_twice_comes_once_in_its_last_state() {
    let mut photos = library(3);
    let start = token(&mut photos, "PrimarySync");
    let asset = photos.inventory().zones[0].assets[0].record_name.clone();
    photos.mutate(Mutation::SetFavorite { asset: asset.clone(), on: true }, NOW).unwrap();
    photos.mutate(Mutation::SetFavorite { asset: asset.clone(), on: false }, NOW).unwrap();
    photos.mutate(Mutation::SetTitle { asset, title: Some("Sunset".to_owned()) }, NOW).unwrap();
    let (changes, _, _) = delta(&mut photos, "PrimarySync", Some(&start));
    let assets: Vec<&Value> = changes.iter().filter(|record| record["recordType"] == "CPLAsset").collect();
    assert_eq!(assets.len(), 1);
    assert_eq!(assets[0]["fields"]["isFavorite"]["value"], 0);
    assert_eq!(assets[0]["fields"]["captionEnc"]["value"], "U3Vuc2V0");
}

/// One random change of a library.
fn mutation() -> impl Strategy<Value = (u8, prop::sample::Index, prop::sample::Index)> {
    (0_u8..16, any::<prop::sample::Index>(), any::<prop::sample::Index>())
}

fn change(photos: &mut Photos, (which, one, other): (u8, prop::sample::Index, prop::sample::Index)) {
    let zone = photos.inventory().zones.swap_remove(0);
    let pick = |at: prop::sample::Index| zone.assets.get(at.index(zone.assets.len().max(1)));
    let asset = pick(one).map_or_else(String::new, |asset| asset.record_name.clone());
    let albums: Vec<&str> = zone.albums.iter().map(|album| album.record_name.as_str()).collect();
    let album =
        albums.get(other.index(albums.len().max(1))).map_or_else(String::new, |album| (*album).to_owned());
    let mutation = match which {
        0 => Mutation::AddPhoto(NewPhoto { album: Some(album), ..NewPhoto::default() }),
        1 => Mutation::Duplicate { asset },
        2 => Mutation::Edit { asset },
        3 => Mutation::Revert { asset },
        4 => Mutation::SetFavorite { asset, on: true },
        5 => Mutation::SetHidden { asset, on: true },
        6 => Mutation::Delete { asset },
        7 => Mutation::Restore { asset },
        8 => Mutation::Purge { asset },
        9 => Mutation::AddAlbum { name: Some("New".to_owned()), parent: None, folder: false },
        10 => Mutation::DeleteAlbum { album },
        11 => Mutation::PurgeAlbum { album },
        12 => Mutation::AddMember { album, asset },
        13 => Mutation::RemoveMember { album, asset, soft: other.index(2) == 0 },
        14 => Mutation::SetKeyAsset { album, asset },
        _ => Mutation::AddAndPurge { zone: None },
    };
    // A change that makes no sense is refused; the library must then be as it was.
    let before = token(photos, "PrimarySync");
    if photos.mutate(mutation, NOW).is_err() {
        assert_eq!(token(photos, "PrimarySync"), before);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn deltas_read_at_any_time_end_in_the_same_state(
        steps in prop::collection::vec((mutation(), any::<bool>()), 1..60)
    ) {
        let spec = crate::photos::LibrarySpec { assets: 12, albums: 3, seed: 5, ..Default::default() };
        let mut photos = Photos::new(&spec);
        let (mut replica, mut token) = history(&mut photos, "PrimarySync");
        for (step, read) in steps {
            change(&mut photos, step);
            if read {
                let (changes, next, _) = delta(&mut photos, "PrimarySync", Some(&token));
                apply(&mut replica, changes);
                token = next;
            }
        }
        let (changes, _, _) = delta(&mut photos, "PrimarySync", Some(&token));
        apply(&mut replica, changes);
        prop_assert_eq!(replica, history(&mut photos, "PrimarySync").0);
    }
}
