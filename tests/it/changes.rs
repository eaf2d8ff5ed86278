//! What the person changes between two runs, what the next run makes of it, and what it costs.

use std::fs;
use std::path::PathBuf;

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{Mutation, NewPhoto, PhotoKind, SharedRole};
use serde_json::json;

use crate::environment::{Ran, TestEnvironment, bytes_below};
use crate::oracle::{self, Photo};
use crate::tree::Tree;

/// A mirror that is up to date.
fn mirrored(shared_library: SharedRole) -> TestEnvironment {
    let library = LibrarySpec { assets: 60, albums: 6, folders: 2, shared_library, ..LibrarySpec::default() };
    let here = TestEnvironment::signed_in(library);
    here.sync().expect(0);
    here
}

/// A run, which costs so many requests for contents, and afterwards the tree holds what it should.
#[track_caller]
fn sync(here: &TestEnvironment, contents: u64) -> Ran {
    here.control().reset_counters();
    let ran = here.sync().expect(0);
    assert_eq!(here.content_requests(), contents);
    assert_eq!(ran.number("fetched"), contents);
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
    ran
}

fn api_requests(here: &TestEnvironment) -> u64 {
    let counters = here.control().counters();
    counters.requests_to("") - counters.requests("content")
}

/// Files in the attic.
fn attic(here: &TestEnvironment) -> Vec<(PathBuf, Vec<u8>)> {
    let dir = here.destination().join(".larder/attic");
    if dir.exists() { bytes_below(&dir) } else { vec![] }
}

fn photo(photos: &[Photo], id: &str) -> usize {
    photos.iter().position(|photo| photo.id == id).unwrap()
}

#[test]
fn a_run_without_changes_costs_one_request_for_each_area() {
    for (shared, areas) in [
        (SharedRole::None, &["ck.private.changes/zone"][..]),
        (SharedRole::Owner, &["ck.private.changes/zone"]),
        (SharedRole::Participant, &["ck.private.changes/zone", "ck.shared.changes/zone"]),
    ] {
        let here = mirrored(shared);
        here.control().reset_counters();
        here.sync().expect(0);
        let asked: Vec<_> =
            here.control().counters().by_label.into_iter().map(|(l, count)| (l, count.requests)).collect();
        let expected: Vec<_> = areas.iter().map(|label| ((*label).to_owned(), 1)).collect();
        assert_eq!(asked, expected, "{shared:?}");
    }
}

#[test]
fn a_new_photo_costs_its_files_and_hardly_more() {
    let here = mirrored(SharedRole::None);
    here.add(NewPhoto::default());
    let ran = sync(&here, 1);
    assert!(api_requests(&here) <= 3, "{:?}", here.control().counters().by_label);
    assert_eq!(ran.json()["libraries"]["Personal"]["added"], 1);
    here.add(NewPhoto { kind: PhotoKind::EditedLive, ..NewPhoto::default() });
    sync(&here, 4);
    assert!(api_requests(&here) <= 3, "{:?}", here.control().counters().by_label);
}

#[test]
fn new_photos_of_a_shared_library_come_too() {
    for shared in [SharedRole::Owner, SharedRole::Participant] {
        let here = mirrored(shared);
        let zone = here.inventory().zones[1].name.clone();
        here.add(NewPhoto { zone: Some(zone), kind: PhotoKind::Live, ..NewPhoto::default() });
        sync(&here, 2);
    }
}

#[test]
fn an_edit_is_fetched_and_the_earlier_edit_goes_to_the_attic() {
    let here = mirrored(SharedRole::None);
    let asset = here.add(NewPhoto { kind: PhotoKind::Heic, ..NewPhoto::default() });
    sync(&here, 1);
    here.change(Mutation::Edit { asset: asset.clone() });
    assert_eq!(sync(&here, 1).number("replaced"), 0);
    assert!(attic(&here).is_empty());

    let photos = oracle::mirror_of(&here.inventory());
    let edited = &photos[photo(&photos, &asset)];
    let path = format!("{}/{}", edited.folder, edited.names("")[1]);
    let old = fs::read(here.destination().join(&path)).unwrap();
    here.change(Mutation::Edit { asset });
    assert_eq!(sync(&here, 1).number("replaced"), 1);
    let attic = attic(&here);
    assert_eq!(attic.len(), 1);
    assert!(attic[0].0.ends_with(&path), "{:?} does not end with {path}", attic[0].0);
    assert!(attic[0].1 == old);
    assert_ne!(fs::read(here.destination().join(&path)).unwrap(), old);
}

#[test]
fn what_changes_no_file_costs_no_file() {
    let here = mirrored(SharedRole::None);
    let asset = here.inventory().zones[0].assets.iter().find(|asset| !asset.deleted).unwrap().clone();
    let id = asset.record_name;
    here.change(Mutation::SetFavorite { asset: id.clone(), on: !asset.favorite });
    assert_eq!(sync(&here, 0).json()["libraries"]["Personal"]["changed"], 1);
    here.change(Mutation::SetTitle { asset: id.clone(), title: Some("A title".into()) });
    here.change(Mutation::ShareInAlbum { asset: id });
    here.change(Mutation::AddIgnorable { zone: None, count: 5 });
    here.change(Mutation::AddAndPurge { zone: None });
    sync(&here, 0);
}

#[test]
fn a_second_photo_of_the_same_file_is_a_file_of_its_own() {
    let here = mirrored(SharedRole::None);
    let asset = here.add(NewPhoto { kind: PhotoKind::Live, ..NewPhoto::default() });
    sync(&here, 2);
    here.change(Mutation::Duplicate { asset });
    assert_eq!(sync(&here, 0).number("adopted"), 2, "the second is a copy of the first");
}

#[test]
fn a_second_photo_of_a_file_that_went_bad_is_fetched() {
    let here = mirrored(SharedRole::None);
    let asset = here.add(NewPhoto { kind: PhotoKind::Heic, ..NewPhoto::default() });
    sync(&here, 1);
    let photos = oracle::mirror_of(&here.inventory());
    let first = &photos[photo(&photos, &asset)];
    let path = here.destination().join(&first.folder).join(&first.names("")[0]);
    // As a disk loses a bit: neither length nor time tell of it.
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let good = fs::read(&path).unwrap();
    let mut bad = good.clone();
    bad[good.len() / 2] ^= 1;
    fs::write(&path, &bad).unwrap();
    fs::File::options().append(true).open(&path).unwrap().set_modified(modified).unwrap();
    here.change(Mutation::Duplicate { asset });
    here.control().reset_counters();
    let ran = here.sync().expect(0);
    assert_eq!((ran.number("fetched"), ran.number("adopted")), (1, 0), "{}", ran.stdout);
    assert_eq!(fs::read(&path).unwrap(), bad, "it is for a verification to find");
    fs::write(&path, &good).unwrap();
    fs::File::options().append(true).open(&path).unwrap().set_modified(modified).unwrap();
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
}

#[test]
fn a_photo_that_changes_libraries_is_moved_and_never_fetched() {
    for shared in [SharedRole::Owner, SharedRole::Participant] {
        for soft in [false, true] {
            let here = mirrored(shared);
            let asset = here.add(NewPhoto { kind: PhotoKind::EditedLive, ..NewPhoto::default() });
            sync(&here, 4);
            let there = here.change(Mutation::MoveToShared { asset, soft });
            let ran = sync(&here, 0);
            assert_eq!((ran.number("moved"), attic(&here).len()), (4, 0), "{}", ran.stdout);
            here.control().reset_counters();
            sync(&here, 0);
            assert!(api_requests(&here) <= 2);
            let asset = there["asset"].as_str().unwrap().to_owned();
            here.change(Mutation::MoveToPersonal { asset });
            assert_eq!(sync(&here, 0).number("moved"), 4);
            assert!(attic(&here).is_empty());
        }
    }
}

/// What a run tells of albums, by their path, zeros left out.
#[track_caller]
fn albums(here: &TestEnvironment, contents: u64) -> serde_json::Value {
    let mut albums = sync(here, contents).json()["albums"].take();
    for (_, change) in albums.as_object_mut().unwrap() {
        change.as_object_mut().unwrap().retain(|_, fact| *fact != 0 && !fact.is_null());
    }
    albums
}

#[test]
fn changes_of_albums_are_named_with_their_reasons() {
    let here = mirrored(SharedRole::None);
    let make = |name: &str, parent: Option<String>, folder| {
        let album = here.change(Mutation::AddAlbum { name: Some(name.into()), parent, folder });
        album["album"].as_str().unwrap().to_owned()
    };
    let folder = make("Travel", None, true);
    let album = make("Lisbon", Some(folder.clone()), false);
    let asset =
        here.add(NewPhoto { album: Some(album.clone()), kind: PhotoKind::Heic, ..NewPhoto::default() });
    assert_eq!(
        albums(&here, 1),
        json!({"Travel": {"what": "new"}, "Travel/Lisbon": {"what": "new", "added": 1}})
    );
    here.change(Mutation::Edit { asset: asset.clone() });
    let second = here.add(NewPhoto { album: Some(album.clone()), ..NewPhoto::default() });
    assert_eq!(albums(&here, 2), json!({"Travel/Lisbon": {"added": 1, "edited": 1}}));
    here.change(Mutation::SetFavorite { asset: asset.clone(), on: true });
    here.change(Mutation::Delete { asset: second.clone() });
    let text = here.larder(&["sync", "--once"]).run().expect(0).stdout;
    assert!(text.contains("Travel/Lisbon: 1 changed, 1 deleted"), "{text}");
    here.change(Mutation::RenameAlbum { album: album.clone(), name: Some("Porto".into()) });
    here.change(Mutation::RemoveMember { album: album.clone(), asset: asset.clone(), soft: true });
    let told = json!({"Travel/Porto": {"what": "renamed from `Lisbon`", "removed": 1}});
    assert_eq!(albums(&here, 0), told);
    here.change(Mutation::MoveAlbum { album: album.clone(), parent: None });
    here.change(Mutation::AddMember { album: album.clone(), asset: asset.clone() });
    assert_eq!(albums(&here, 0), json!({"Porto": {"what": "moved", "added": 1}}));
    here.change(Mutation::RemoveMember { album: album.clone(), asset, soft: false });
    here.change(Mutation::RenameAlbum { album: folder, name: Some("Trips".into()) });
    let text = here.larder(&["sync", "--once"]).run().expect(0).stdout;
    assert!(text.contains("Porto: 1 removed") && text.contains("Trips: renamed from `Travel`"), "{text}");
    here.change(Mutation::DeleteAlbum { album: album.clone() });
    assert_eq!(albums(&here, 0), json!({"Porto": {"what": "deleted"}}));
    here.change(Mutation::PurgeAlbum { album });
    assert_eq!(albums(&here, 0), json!({}));
}

#[test]
fn an_upload_that_is_finished_later_comes_later() {
    for silent in [false, true] {
        let here = mirrored(SharedRole::None);
        let asset = here.add(NewPhoto { kind: PhotoKind::Live, pending: true, ..NewPhoto::default() });
        here.control().reset_counters();
        let ran = here.sync().expect(0);
        assert!(ran.number("waiting") > 0, "{}", ran.stdout);
        assert_eq!(ran.number("waiting") + ran.number("fetched"), 2, "silent: {silent}");
        here.change(Mutation::FinishUpload { asset, silent });
        let left = 2 - ran.number("fetched");
        sync(&here, left);
    }
}

#[test]
fn an_edit_of_a_photo_whose_upload_is_awaited_comes_with_the_next_run() {
    let here = mirrored(SharedRole::None);
    let asset = here.add(NewPhoto { pending: true, ..NewPhoto::default() });
    here.sync().expect(0);
    here.change(Mutation::Edit { asset });
    assert_eq!(sync(&here, 1).number("waiting"), 1);
}

#[test]
fn what_was_undone_and_is_removed_by_now_is_not_looked_for() {
    let here = mirrored(SharedRole::None);
    let asset = here.add(NewPhoto { pending: true, ..NewPhoto::default() });
    here.sync().expect(0);
    here.change(Mutation::Purge { asset });
    sync(&here, 0);
    assert_eq!(api_requests(&here), 1, "{:?}", here.control().counters().by_label);
}

#[test]
fn a_lost_history_is_listed_again_and_nothing_is_fetched_twice() {
    let here = mirrored(SharedRole::None);
    here.change(Mutation::ResetZone { zone: None });
    here.add(NewPhoto::default());
    sync(&here, 1);
    sync(&here, 0);
}

#[test]
fn an_edit_that_is_taken_back_leaves_for_the_attic_and_the_original_stays() {
    let here = mirrored(SharedRole::None);
    let asset = here.add(NewPhoto { kind: PhotoKind::EditedLive, ..NewPhoto::default() });
    sync(&here, 4);
    here.change(Mutation::Revert { asset: asset.clone() });
    // The date moves it at the same time: the rendition leaves all the same.
    here.change(Mutation::SetDate {
        asset: asset.clone(),
        date_ms: Some(1_400_000_000_000),
        time_zone_offset: None,
    });
    let ran = sync(&here, 0);
    assert_eq!((ran.number("moved"), ran.number("removed"), attic(&here).len()), (2, 2, 2), "{}", ran.stdout);
    here.change(Mutation::Edit { asset });
    assert_eq!(sync(&here, 2).number("failed"), 0);
}

#[test]
fn what_was_deleted_while_the_history_was_lost_leaves_through_the_brake() {
    let here = mirrored(SharedRole::None);
    let album = here.change(Mutation::AddAlbum { name: Some("Lisbon".into()), parent: None, folder: false });
    let album = album["album"].as_str().unwrap().to_owned();
    let add = |album: Option<&String>| here.add(NewPhoto { album: album.cloned(), ..NewPhoto::default() });
    let [purged, deleted, hidden, left] = [None, None, None, Some(&album)].map(add);
    sync(&here, 4);
    here.change(Mutation::Purge { asset: purged });
    here.change(Mutation::Delete { asset: deleted });
    here.change(Mutation::SetHidden { asset: hidden, on: true });
    here.change(Mutation::RemoveMember { album, asset: left, soft: false });
    here.change(Mutation::ResetZone { zone: None });
    let ran = sync(&here, 0);
    assert_eq!((ran.number("removed"), ran.number("moved")), (2, 1), "{}", ran.stdout);
    let ls = here.larder(&["ls", "--json"]).run().expect(0).json();
    let albums = ls["libraries"][0]["albums"].as_array().unwrap();
    let lisbon = albums.iter().find(|album| album["path"] == "Lisbon").unwrap();
    assert_eq!(lisbon["photos"], 0);

    for asset in here.inventory().zones[0].assets.iter().filter(|asset| !asset.deleted).take(30) {
        here.change(Mutation::Purge { asset: asset.record_name.clone() });
    }
    here.change(Mutation::ResetZone { zone: None });
    let before = Tree::read(&here.destination());
    let ran = here.sync().expect(1);
    assert!(ran.number("held") >= 30, "{}", ran.stdout);
    Tree::read(&here.destination()).must_equal(&before);
}

#[test]
fn a_library_that_apple_moved_is_the_same_library() {
    let here = mirrored(SharedRole::Owner);
    let before = Tree::read(&here.destination());
    here.change(Mutation::MigrateZone);
    let ran = sync(&here, 0);
    assert_eq!(
        (ran.number("moved"), ran.number("adopted"), ran.number("removed")),
        (0, 0, 0),
        "{}",
        ran.stdout
    );
    Tree::read(&here.destination()).must_equal(&before);
    here.control().reset_counters();
    here.add(NewPhoto::default());
    let ran = sync(&here, 1);
    assert_eq!(ran.json()["warnings"], json!([]));
    assert!(api_requests(&here) <= 3, "{:?}", here.control().counters().by_label);
}
