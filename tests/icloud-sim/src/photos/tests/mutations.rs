//! The records that each change leaves in a delta (photos.md 6.4).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{LIBRARY, NOW, delta, name, rich, token, walk};
use crate::photos::{Mutation, NewPhoto, PhotoKind, Photos};

/// A library, an ordinary photo in it, and an album that does not hold it.
fn start() -> (Photos, String, String) {
    let mut photos = rich();
    let made =
        photos.mutate(Mutation::AddPhoto(NewPhoto { kind: PhotoKind::Live, ..NewPhoto::default() }), NOW);
    let asset = made.unwrap()["asset"].as_str().unwrap().to_owned();
    let album =
        photos.mutate(Mutation::AddAlbum { name: Some("Bern".to_owned()), parent: None, folder: false }, NOW);
    (photos, asset, album.unwrap()["album"].as_str().unwrap().to_owned())
}

/// Carries out a change and counts what the delta brings, by type; tombstones count as `-`. The zone's totals, which
/// come with everything, are left out.
fn brings(photos: &mut Photos, mutation: Mutation) -> (BTreeMap<String, usize>, Vec<Value>) {
    let before = token(photos, "PrimarySync");
    photos.mutate(mutation, NOW).unwrap();
    let (changes, _, _) = delta(photos, "PrimarySync", Some(&before));
    assert!(changes.iter().any(|record| record["recordType"] == "CPLLibraryInfo"));
    let mut counts = BTreeMap::new();
    for record in changes.iter().filter(|record| record["recordType"] != "CPLLibraryInfo") {
        let kind = if record["deleted"] == true { "-" } else { record["recordType"].as_str().unwrap() };
        *counts.entry(kind.to_owned()).or_insert(0) += 1;
    }
    (counts, changes)
}

fn counts(expected: &[(&str, usize)]) -> BTreeMap<String, usize> {
    expected.iter().map(|(kind, count)| ((*kind).to_owned(), *count)).collect()
}

fn find<'a>(changes: &'a [Value], wanted: &str) -> &'a Value {
    changes.iter().find(|record| name(record) == wanted).unwrap()
}

#[test]
fn each_change_brings_its_records() {
    let (mut photos, asset, album) = start();
    let photo = || asset.clone();
    let in_album = || (album.clone(), asset.clone());
    for (mutation, expected) in [
        (Mutation::AddPhoto(NewPhoto::default()), counts(&[("CPLAsset", 1), ("CPLMaster", 1)])),
        (Mutation::SetFavorite { asset: photo(), on: true }, counts(&[("CPLAsset", 1)])),
        (Mutation::SetHidden { asset: photo(), on: true }, counts(&[("CPLAsset", 1)])),
        (Mutation::SetHidden { asset: photo(), on: false }, counts(&[("CPLAsset", 1)])),
        (
            Mutation::SetDate { asset: photo(), date_ms: Some(1), time_zone_offset: None },
            counts(&[("CPLAsset", 1)]),
        ),
        (Mutation::Edit { asset: photo() }, counts(&[("CPLAsset", 1)])),
        (Mutation::Revert { asset: photo() }, counts(&[("CPLAsset", 1)])),
        (
            Mutation::Rename { asset: photo(), name: Some("Beach.HEIC".to_owned()) },
            counts(&[("CPLMaster", 1)]),
        ),
        (
            Mutation::ReplaceOriginal { asset: photo(), same_master: false },
            counts(&[("CPLAsset", 1), ("CPLMaster", 1), ("-", 1)]),
        ),
        (Mutation::ReplaceOriginal { asset: photo(), same_master: true }, counts(&[("CPLMaster", 1)])),
        (Mutation::ShareInAlbum { asset: photo() }, counts(&[("CPLAsset", 1)])),
        (
            Mutation::AddMember { album: in_album().0, asset: in_album().1 },
            counts(&[("CPLAlbum", 1), ("CPLContainerRelation", 1)]),
        ),
        (
            Mutation::SetKeyAsset { album: in_album().0, asset: in_album().1 },
            counts(&[("CPLAlbum", 1), ("CPLContainerRelation", 1)]),
        ),
        (
            Mutation::RemoveMember { album: in_album().0, asset: in_album().1, soft: true },
            counts(&[("CPLAlbum", 1), ("CPLContainerRelation", 1)]),
        ),
        (
            Mutation::AddMember { album: in_album().0, asset: in_album().1 },
            counts(&[("CPLAlbum", 1), ("CPLContainerRelation", 1)]),
        ),
        (
            Mutation::RemoveMember { album: in_album().0, asset: in_album().1, soft: false },
            counts(&[("CPLAlbum", 1), ("-", 1)]),
        ),
        (
            Mutation::AddMember { album: in_album().0, asset: in_album().1 },
            counts(&[("CPLAlbum", 1), ("CPLContainerRelation", 1)]),
        ),
        (Mutation::RenameAlbum { album: in_album().0, name: None }, counts(&[("CPLAlbum", 1)])),
        (Mutation::Delete { asset: photo() }, counts(&[("CPLAsset", 1), ("CPLMaster", 1)])),
        (Mutation::Restore { asset: photo() }, counts(&[("CPLAsset", 1), ("CPLMaster", 1)])),
        (Mutation::DeleteAlbum { album: in_album().0 }, counts(&[("CPLAlbum", 1)])),
        (Mutation::PurgeAlbum { album: in_album().0 }, counts(&[("-", 2)])),
        (Mutation::Purge { asset: photo() }, counts(&[("-", 2)])),
        (Mutation::AddAndPurge { zone: None }, counts(&[("-", 1)])),
    ] {
        let label = format!("{mutation:?}");
        assert_eq!(brings(&mut photos, mutation).0, expected, "{label}");
    }
}

#[test]
fn an_edit_replaces_the_render_and_leaves_the_original() {
    let (mut photos, asset, _) = start();
    let print = |changes: &[Value]| {
        let fields = &find(changes, &asset)["fields"];
        (fields["adjustmentType"]["value"].clone(), fields["resJPEGFullFingerprint"]["value"].clone())
    };
    let (_, first) = brings(&mut photos, Mutation::Edit { asset: asset.clone() });
    let (_, second) = brings(&mut photos, Mutation::Edit { asset: asset.clone() });
    assert_eq!(print(&first).0, "com.apple.photo");
    assert_ne!(print(&first).1, print(&second).1);
    assert!(find(&second, &asset)["fields"]["resVidFullRes"].is_object(), "the clip of a Live Photo");
    let (_, third) = brings(&mut photos, Mutation::Revert { asset: asset.clone() });
    assert_eq!(find(&third, &asset)["fields"]["adjustmentType"]["value"], Value::Null);
}

#[test]
fn a_soft_deletion_says_when_it_ends() {
    let (mut photos, asset, _) = start();
    let (_, changes) = brings(&mut photos, Mutation::Delete { asset: asset.clone() });
    let record = find(&changes, &asset);
    let purged = NOW + 30 * 86_400_000;
    assert_eq!(record["fields"]["isDeleted"]["value"], 1);
    assert_eq!(record["fields"]["dateExpunged"]["value"], purged);
    assert_eq!(record["expirationTime"], purged / 1000 + 10 * 86_400);
    assert_eq!(record["deleted"], false);
    let (found, _) = walk(&mut photos, "CPLAssetAndMasterDeletedByExpungedDate", &[], "CPLAsset");
    assert_eq!(found[0], asset, "the most recently deleted comes first");
    let (_, changes) = brings(&mut photos, Mutation::Restore { asset: asset.clone() });
    assert_eq!(find(&changes, &asset)["fields"]["isDeleted"]["value"], Value::Null);
    assert!(find(&changes, &asset).get("expirationTime").is_none());
}

#[test]
fn a_master_that_another_photo_needs_is_neither_marked_nor_purged() {
    let (mut photos, asset, _) = start();
    let twin = photos.mutate(Mutation::Duplicate { asset: asset.clone() }, NOW).unwrap();
    let twin = twin["asset"].as_str().unwrap().to_owned();
    assert_eq!(brings(&mut photos, Mutation::Delete { asset: asset.clone() }).0, counts(&[("CPLAsset", 1)]));
    assert_eq!(brings(&mut photos, Mutation::Purge { asset }).0, counts(&[("-", 1)]));
    assert_eq!(brings(&mut photos, Mutation::Purge { asset: twin }).0, counts(&[("-", 2)]));
}

#[test]
fn the_same_file_again_comes_back_to_the_same_master() {
    let mut photos = super::library(0);
    let new = || Mutation::AddPhoto(NewPhoto { size: Some(0), ..NewPhoto::default() });
    let one = photos.mutate(new(), NOW).unwrap();
    let other = photos.mutate(new(), NOW).unwrap();
    assert_eq!(one["master"], other["master"]);
    for made in [&one, &other] {
        photos.mutate(Mutation::Purge { asset: made["asset"].as_str().unwrap().to_owned() }, NOW).unwrap();
    }
    let before = token(&mut photos, "PrimarySync");
    let again = photos.mutate(new(), NOW).unwrap();
    assert_eq!(again["master"], one["master"]);
    let (changes, _, _) = delta(&mut photos, "PrimarySync", Some(&before));
    assert_eq!(changes.iter().filter(|record| record["recordName"] == one["master"]).count(), 1);
    assert!(changes.iter().all(|record| record["deleted"] != true), "its tombstone is gone");
}

#[test]
fn a_photo_moves_to_the_shared_library_and_back() {
    for soft in [true, false] {
        let (mut photos, asset, album) = start();
        photos.mutate(Mutation::AddMember { album: album.clone(), asset: asset.clone() }, NOW).unwrap();
        let shared = photos.inventory().zones[1].name.clone();
        let (here, there) = (token(&mut photos, "PrimarySync"), token(&mut photos, &shared));
        let master = photos.inventory().zones[0].assets.last().unwrap().master.clone();
        let moved = photos.mutate(Mutation::MoveToShared { asset: asset.clone(), soft }, NOW).unwrap();
        assert_eq!(moved["master"], master.as_str(), "content keeps its name");
        let new = moved["asset"].as_str().unwrap().to_owned();
        assert_ne!(new, asset);
        let (changes, _, _) = delta(&mut photos, &shared, Some(&there));
        assert!(find(&changes, &new)["fields"]["contributors"].is_object());
        let (changes, _, _) = delta(&mut photos, "PrimarySync", Some(&here));
        assert_eq!(find(&changes, &asset)["deleted"], !soft);
        assert_eq!(find(&changes, &format!("{asset}-IN-{album}"))["deleted"], true);
        assert_eq!(find(&changes, &format!("{new}-IN-{album}"))["deleted"], false);

        let there = token(&mut photos, &shared);
        photos.mutate(Mutation::MoveToPersonal { asset: new.clone() }, NOW).unwrap();
        let (changes, _, _) = delta(&mut photos, &shared, Some(&there));
        let fields = &find(&changes, &new)["fields"];
        assert_eq!((&fields["isDeleted"]["value"], &fields["trashReason"]["value"]), (&json!(1), &json!(0)));
    }
}

#[test]
fn a_replaced_original_has_another_checksum_and_usually_another_master() {
    for same_master in [false, true] {
        let (mut photos, asset, _) = start();
        let entry = |photos: &Photos| {
            let zone = photos.inventory().zones.swap_remove(0);
            zone.assets.into_iter().find(|entry| entry.record_name == asset).unwrap()
        };
        let twin = photos.mutate(Mutation::Duplicate { asset: asset.clone() }, NOW).unwrap();
        let before = entry(&photos);
        let token_before = token(&mut photos, "PrimarySync");
        photos.mutate(Mutation::ReplaceOriginal { asset: asset.clone(), same_master }, NOW).unwrap();
        let after = entry(&photos);
        assert_ne!(before.resources[0].file_checksum, after.resources[0].file_checksum);
        assert_eq!(before.resources[1], after.resources[1], "its film is the same");
        assert!(after.resources[0].matches);
        assert_eq!(before.master == after.master, same_master);
        assert_eq!(after.master == after.resources[0].file_checksum, !same_master);
        let (changes, _, _) = delta(&mut photos, "PrimarySync", Some(&token_before));
        assert!(changes.iter().all(|record| record["deleted"] != true), "the twin needs the old master");
        photos.mutate(Mutation::Purge { asset: twin["asset"].as_str().unwrap().to_owned() }, NOW).unwrap();
        assert_eq!(entry(&photos), after);
    }
}

#[test]
fn a_new_file_name_is_that_of_every_photo_of_the_master() {
    let (mut photos, asset, _) = start();
    photos.mutate(Mutation::Duplicate { asset: asset.clone() }, NOW).unwrap();
    let named = |photos: &Photos, name: Option<&str>| {
        let zone = photos.inventory().zones.swap_remove(0);
        zone.assets.iter().rev().take(2).filter(|entry| entry.file_name.as_deref() == name).count()
    };
    photos
        .mutate(Mutation::Rename { asset: asset.clone(), name: Some("Beach.HEIC".to_owned()) }, NOW)
        .unwrap();
    assert_eq!(named(&photos, Some("Beach.HEIC")), 2);
    photos.mutate(Mutation::Rename { asset, name: None }, NOW).unwrap();
    assert_eq!(named(&photos, None), 2);
}

#[test]
fn what_is_purged_does_not_come_back() {
    let (mut photos, asset, _) = start();
    photos.mutate(Mutation::Delete { asset: asset.clone() }, NOW).unwrap();
    photos.mutate(Mutation::Purge { asset: asset.clone() }, NOW).unwrap();
    assert!(photos.mutate(Mutation::Restore { asset }, NOW).is_err());
}

#[test]
fn a_folder_goes_with_everything_in_it() {
    let mut photos = super::library(0);
    let mut add = |name: &str, parent: Option<&String>, folder| {
        let album = Mutation::AddAlbum { name: Some(name.to_owned()), parent: parent.cloned(), folder };
        photos.mutate(album, NOW).unwrap()["album"].as_str().unwrap().to_owned()
    };
    let outer = add("Outer", None, true);
    let inner = add("Inner", Some(&outer), true);
    let deep = add("Deep", Some(&inner), false);
    let other = add("Other", None, false);
    assert!(photos.mutate(Mutation::DeleteFolder { folder: other.clone() }, NOW).is_err());
    let (found, changes) = brings(&mut photos, Mutation::DeleteFolder { folder: outer.clone() });
    assert_eq!(found, counts(&[("CPLAlbum", 3)]));
    for name in [&outer, &inner, &deep] {
        assert_eq!(find(&changes, name)["fields"]["isDeleted"]["value"], 1);
    }
    let deleted = |name: &String| {
        let zone = photos.inventory().zones.swap_remove(0);
        zone.albums.into_iter().find(|album| album.record_name == *name).unwrap().deleted
    };
    assert!(deleted(&deep) && !deleted(&other));
}

#[test]
fn a_migrated_library_is_another_zone_with_the_same_photos() {
    let mut photos = super::library(5);
    let before = token(&mut photos, "PrimarySync");
    let assets = photos.inventory().zones[0].assets.clone();
    assert_eq!(photos.mutate(Mutation::MigrateZone, NOW).unwrap()["zone"], "PrimarySync1");
    assert_eq!(photos.inventory().zones[0].assets, assets);
    let ask = |zone: &str| json!({ "zones": [{ "zoneID": { "zoneName": zone }, "syncToken": before }] });
    let old = super::call(&mut photos, "changes/zone", &ask("PrimarySync"));
    assert_eq!(old["zones"][0]["serverErrorCode"], "ZONE_NOT_FOUND");
    let new = super::call(&mut photos, "changes/zone", &ask("PrimarySync1"));
    assert_eq!(new["zones"][0]["serverErrorCode"], "ZONE_NOT_FOUND", "the old token is of another zone");
    let list = super::call(&mut photos, "zones/list", &json!({}));
    let deleted = |name: &str| {
        let zones = list["zones"].as_array().unwrap();
        zones.iter().find(|zone| zone["zoneID"]["zoneName"] == name).unwrap()["deleted"].clone()
    };
    assert_eq!((deleted("PrimarySync"), deleted("PrimarySync1")), (json!(true), json!(false)));
    photos.mutate(Mutation::AddPhoto(NewPhoto::default()), NOW).unwrap();
    assert_eq!(photos.inventory().zones[0].assets.len(), 6);
}

#[test]
fn an_upload_can_finish_with_and_without_a_change() {
    for silent in [true, false] {
        let mut photos = super::library(0);
        let made = photos
            .mutate(Mutation::AddPhoto(NewPhoto { pending: true, ..NewPhoto::default() }), NOW)
            .unwrap();
        let asset = made["asset"].as_str().unwrap().to_owned();
        let downloadable = |photos: &Photos| photos.inventory().zones[0].assets[0].resources[0].downloadable;
        assert!(!downloadable(&photos));
        let before = token(&mut photos, "PrimarySync");
        photos.mutate(Mutation::FinishUpload { asset: asset.clone(), silent }, NOW).unwrap();
        assert!(downloadable(&photos));
        assert_eq!(delta(&mut photos, "PrimarySync", Some(&before)).0.is_empty(), silent);
        assert!(photos.mutate(Mutation::FinishUpload { asset, silent }, NOW).is_err());
    }
}

#[test]
fn a_change_that_makes_no_sense_changes_nothing() {
    let (mut photos, asset, album) = start();
    let before = (photos.inventory(), token(&mut photos, "PrimarySync"));
    for mutation in [
        Mutation::Delete { asset: "nobody".to_owned() },
        Mutation::Restore { asset: asset.clone() },
        Mutation::RemoveMember { album: album.clone(), asset: asset.clone(), soft: true },
        Mutation::AddMember { album: "nothing".to_owned(), asset },
        Mutation::MoveAlbum { album: album.clone(), parent: Some(album) },
        Mutation::RemoveZone { zone: "SharedSync".to_owned() },
    ] {
        assert!(photos.mutate(mutation, NOW).is_err());
    }
    assert_eq!((photos.inventory(), token(&mut photos, "PrimarySync")), before);
}

#[test]
fn a_new_photo_is_at_once_in_lists_albums_and_inventory() {
    let (mut photos, _, album) = start();
    let new = NewPhoto {
        name: Some("IMG_9999.HEIC".to_owned()),
        date_ms: Some(NOW + 1),
        size: Some(5_000),
        album: Some(album.clone()),
        ..NewPhoto::default()
    };
    let made = photos.mutate(Mutation::AddPhoto(new), NOW).unwrap();
    let asset = made["asset"].as_str().unwrap();
    assert_eq!(walk(&mut photos, LIBRARY, &[], "CPLAsset").0[1], asset, "only the year 2743924 is newer");
    let truth = photos.inventory().zones.swap_remove(0);
    let entry = truth.assets.iter().find(|entry| entry.record_name == asset).unwrap();
    assert_eq!(entry.file_name.as_deref(), Some("IMG_9999.HEIC"));
    assert_eq!(entry.resources[0].size, 5_000);
    assert_eq!(entry.albums[0].record_name, album);
    assert_eq!(entry.albums[0].path, [Some("Bern".to_owned())]);
}

#[test]
fn mutations_can_be_written_as_json() {
    let text = json!({ "action": "add_photo", "name": "a.jpg", "kind": "jpeg" });
    let mutation: Mutation = serde_json::from_value(text).unwrap();
    let expected = NewPhoto { name: Some("a.jpg".to_owned()), kind: PhotoKind::Jpeg, ..NewPhoto::default() };
    assert_eq!(mutation, Mutation::AddPhoto(expected));
    assert!(serde_json::from_value::<Mutation>(json!({ "action": "burn" })).is_err());
}
