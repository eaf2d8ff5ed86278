//! Albums on disk, beside the library: what they show, and how they follow.

mod disk;
mod forms;
mod lists;
mod smart;

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{Mutation, NewPhoto, PhotoKind, SharedRole};

use crate::album_oracle::View;
use crate::environment::{Ran, TestEnvironment};
use crate::oracle;
use crate::tree::Tree;

/// 2024-07-14, noon UTC.
const NOON: i64 = 1_720_958_400_000;
const DAY: i64 = 86_400_000;

/// A library without albums.
fn empty() -> TestEnvironment {
    TestEnvironment::signed_in(LibrarySpec::default())
}

fn make(here: &TestEnvironment, name: &str, parent: Option<&str>, folder: bool) -> String {
    let (name, parent) = (Some(name.to_owned()), parent.map(str::to_owned));
    here.change(Mutation::AddAlbum { name, parent, folder })["album"].as_str().unwrap().to_owned()
}

fn album(here: &TestEnvironment, name: &str) -> String {
    make(here, name, None, false)
}

/// A new photo of that name in an album.
fn photo(here: &TestEnvironment, album: &str, name: &str) -> String {
    here.add(NewPhoto {
        album: Some(album.to_owned()),
        name: Some(name.to_owned()),
        date_ms: Some(NOON),
        ..NewPhoto::default()
    })
}

/// A run, after which library and albums are what iCloud holds.
#[track_caller]
fn sync_as(here: &TestEnvironment, view: View) -> Ran {
    let ran = here.sync().expect(0);
    Tree::read(&here.destination()).must_hold_with(&oracle::mirror_of(&here.inventory()), view);
    ran
}

#[track_caller]
fn sync(here: &TestEnvironment) -> Ran {
    sync_as(here, View::Hardlink)
}

/// A run for which nothing is fetched.
#[track_caller]
fn settle(here: &TestEnvironment) -> Ran {
    here.control().reset_counters();
    let ran = sync(here);
    assert_eq!(here.content_requests(), 0);
    ran
}

/// Entries made, moved and removed.
#[track_caller]
fn acts(ran: &Ran) -> [u64; 3] {
    let views = &ran.json()["views"];
    ["made", "moved", "removed"].map(|key| views[key].as_u64().unwrap())
}

/// Paths below the directory of albums.
fn shown(here: &TestEnvironment) -> Vec<String> {
    let tree = Tree::read(&here.destination());
    tree.files.keys().filter_map(|path| path.strip_prefix("Albums/").map(str::to_owned)).collect()
}

#[test]
fn albums_keep_their_folders_and_follow_renames_and_moves() {
    let here = empty();
    let travel = make(&here, "Travel", None, true);
    let asia = make(&here, "Asia", Some(&travel), true);
    let japan = make(&here, "Japan", Some(&asia), false);
    make(&here, "Empty", Some(&travel), false);
    photo(&here, &japan, "IMG_1.HEIC");
    photo(&here, &japan, "IMG_2.HEIC");
    assert_eq!(acts(&sync(&here)), [2, 0, 0]);
    assert_eq!(shown(&here), ["Travel/Asia/Japan/IMG_1.HEIC", "Travel/Asia/Japan/IMG_2.HEIC"]);

    here.change(Mutation::RenameAlbum { album: travel.clone(), name: Some("Journeys".into()) });
    assert_eq!(acts(&settle(&here)), [0, 2, 0]);
    here.change(Mutation::MoveAlbum { album: japan.clone(), parent: None });
    assert_eq!(acts(&settle(&here)), [0, 2, 0]);
    assert_eq!(shown(&here), ["Japan/IMG_1.HEIC", "Japan/IMG_2.HEIC"]);
    here.change(Mutation::RenameAlbum { album: japan.clone(), name: None });
    assert_eq!(acts(&settle(&here)), [0, 2, 0]);
    here.change(Mutation::RenameAlbum { album: japan.clone(), name: Some("JAPAN".into()) });
    settle(&here);
    here.change(Mutation::RenameAlbum { album: japan.clone(), name: Some("Japan".into()) });
    settle(&here);
    here.change(Mutation::MoveAlbum { album: japan, parent: Some(travel.clone()) });
    settle(&here);
    here.change(Mutation::DeleteAlbum { album: travel });
    assert_eq!(acts(&settle(&here)), [0, 2, 0]);
    assert_eq!(shown(&here), ["Japan/IMG_1.HEIC", "Japan/IMG_2.HEIC"]);
}

#[test]
fn deleted_albums_leave_and_take_no_photo_along() {
    let here = empty();
    let (first, second) = (album(&here, "First"), album(&here, "Second"));
    for name in ["IMG_1.HEIC", "IMG_2.HEIC"] {
        let asset = photo(&here, &first, name);
        here.change(Mutation::AddMember { album: second.clone(), asset });
    }
    sync(&here);
    here.change(Mutation::DeleteAlbum { album: first.clone() });
    assert_eq!(acts(&settle(&here)), [0, 0, 2]);
    here.change(Mutation::PurgeAlbum { album: first });
    assert_eq!(acts(&settle(&here)), [0, 0, 0]);
    here.change(Mutation::PurgeAlbum { album: second });
    settle(&here);
    assert!(!here.destination().join("Albums").exists());
}

#[test]
fn names_are_swapped_within_one_run() {
    let here = empty();
    let folder = make(&here, "Folder", None, true);
    let albums = ["one", "two", "three"].map(|name| make(&here, name, Some(&folder), false));
    for album in &albums {
        photo(&here, album, "IMG_1.HEIC");
        photo(&here, album, "IMG_2.HEIC");
    }
    sync(&here);
    for (album, name) in albums.iter().zip(["two", "three", "one"]) {
        here.change(Mutation::RenameAlbum { album: album.clone(), name: Some(name.into()) });
    }
    settle(&here);
    // And across folders: one moves away, another takes its place.
    here.change(Mutation::MoveAlbum { album: albums[0].clone(), parent: None });
    here.change(Mutation::RenameAlbum { album: albums[1].clone(), name: Some("two".into()) });
    settle(&here);
    assert_eq!(
        shown(&here)
            .iter()
            .filter(|path| path.starts_with("two/") || path.starts_with("Folder/two/"))
            .count(),
        4
    );
}

#[test]
fn the_first_of_one_name_keeps_it() {
    let here = empty();
    let first = album(&here, "Summer");
    photo(&here, &first, "IMG_1.HEIC");
    sync(&here);
    for name in ["Summer", "SUMMER", "summer "] {
        let other = album(&here, name);
        photo(&here, &other, "IMG_1.HEIC");
        photo(&here, &first, "IMG_1.HEIC");
    }
    sync(&here);
    assert!(shown(&here).contains(&"Summer/IMG_1.HEIC".to_owned()));
    let ino = |tree: &Tree| tree.inodes["Albums/Summer/IMG_1.HEIC"];
    let before = Tree::read(&here.destination());
    for at in 0..3 {
        here.add(NewPhoto {
            album: Some(first.clone()),
            name: Some("IMG_1.HEIC".into()),
            date_ms: Some(NOON - (at + 1) * DAY),
            kind: PhotoKind::Live,
            ..NewPhoto::default()
        });
    }
    sync(&here);
    assert_eq!(ino(&Tree::read(&here.destination())), ino(&before));
    here.lose_state();
    let before = Tree::read(&here.destination());
    assert_eq!(acts(&settle(&here)), [0, 0, 0]);
    let after = Tree::read(&here.destination());
    after.must_equal(&before);
    assert_eq!(after.inodes, before.inodes);
}

#[test]
fn entries_follow_their_photos() {
    let here = empty();
    let trip = album(&here, "Trip");
    let one = photo(&here, &trip, "IMG_1.HEIC");
    let live = here.add(NewPhoto { album: Some(trip.clone()), kind: PhotoKind::Live, ..NewPhoto::default() });
    assert_eq!(acts(&sync(&here)), [3, 0, 0]);

    here.change(Mutation::RemoveMember { album: trip.clone(), asset: one.clone(), soft: true });
    assert_eq!(acts(&settle(&here)), [0, 0, 1]);
    here.change(Mutation::AddMember { album: trip.clone(), asset: one.clone() });
    assert_eq!(acts(&settle(&here)), [1, 0, 0]);
    here.change(Mutation::RemoveMember { album: trip.clone(), asset: one.clone(), soft: false });
    settle(&here);
    here.change(Mutation::AddMember { album: trip, asset: one.clone() });
    settle(&here);

    here.change(Mutation::SetHidden { asset: live.clone(), on: true });
    assert_eq!(acts(&settle(&here)), [0, 0, 2]);
    here.change(Mutation::SetHidden { asset: live.clone(), on: false });
    assert_eq!(acts(&settle(&here)), [2, 0, 0]);

    here.change(Mutation::SetDate { asset: one.clone(), date_ms: Some(NOON - DAY), time_zone_offset: None });
    assert_eq!(acts(&settle(&here)), [0, 0, 0], "another name of a file follows it by itself");

    here.change(Mutation::Edit { asset: one.clone() });
    assert_eq!(acts(&sync(&here)), [1, 0, 0]);
    here.change(Mutation::Edit { asset: one.clone() });
    assert_eq!(acts(&sync(&here)), [1, 0, 1]);

    here.change(Mutation::Delete { asset: one.clone() });
    assert_eq!(acts(&settle(&here)), [0, 0, 2]);
    here.change(Mutation::Restore { asset: one.clone() });
    assert_eq!(acts(&settle(&here)), [2, 0, 0]);
    here.change(Mutation::Purge { asset: one });
    assert_eq!(acts(&settle(&here)), [0, 0, 2]);
}

#[test]
fn photos_of_shared_libraries_are_shown_in_albums_of_the_personal_one() {
    for shared_library in [SharedRole::Owner, SharedRole::Participant] {
        let library = LibrarySpec { assets: 30, albums: 4, shared_library, ..LibrarySpec::default() };
        let here = TestEnvironment::signed_in(library);
        let (trip, zone) = (album(&here, "Trip"), here.inventory().zones[1].name.clone());
        let asset = here.add(NewPhoto { zone: Some(zone), ..NewPhoto::default() });
        here.change(Mutation::AddMember { album: trip.clone(), asset: asset.clone() });
        sync(&here);
        assert_eq!(shown(&here).iter().filter(|path| path.starts_with("Trip/")).count(), 1);
        here.change(Mutation::Edit { asset: asset.clone() });
        assert_eq!(acts(&sync(&here)), [1, 0, 0]);
        here.change(Mutation::Delete { asset });
        assert_eq!(acts(&settle(&here)), [0, 0, 2]);
    }
}

#[test]
fn a_night_without_changes_does_nothing() {
    let here = TestEnvironment::signed_in(LibrarySpec {
        assets: 60,
        albums: 8,
        folders: 2,
        ..LibrarySpec::default()
    });
    sync(&here);
    let before = Tree::read(&here.destination());
    let ran = settle(&here);
    assert_eq!((acts(&ran), ran.number("calls")), ([0, 0, 0], 1));
    let after = Tree::read(&here.destination());
    after.must_equal(&before);
    assert_eq!(after.inodes, before.inodes);
    let text = here.larder(&["sync", "--once"]).run().expect(0).stdout;
    assert!(text.starts_with("Up to date "), "{text}");
    let status = here.larder(&["status"]).run().expect(0).stdout;
    assert!(status.contains(&format!("Albums          {} entries", shown(&here).len())), "{status}");
}

#[test]
fn a_dry_run_tells_what_would_be_shown() {
    let here = TestEnvironment::signed_in(LibrarySpec {
        assets: 40,
        albums: 6,
        folders: 1,
        ..LibrarySpec::default()
    });
    let foresee = |here: &TestEnvironment| {
        let before = Tree::read(&here.destination());
        let ran = here.larder(&["sync", "--once", "--dry-run", "--json"]).run().expect(0);
        let after = Tree::read(&here.destination());
        after.must_equal(&before);
        assert_eq!(after.inodes, before.inodes);
        ["to_make", "to_move", "to_remove"].map(|key| ran.json()["views"][key].as_u64().unwrap())
    };
    let foreseen = foresee(&here);
    assert!(foreseen[0] > 40, "{foreseen:?}");
    assert_eq!(acts(&sync(&here)), foreseen);
    let trip = album(&here, "Trip");
    let asset =
        here.add(NewPhoto { kind: PhotoKind::Live, album: Some(trip.clone()), ..NewPhoto::default() });
    let foreseen = foresee(&here);
    assert_eq!((foreseen, acts(&sync(&here))), ([2, 0, 0], [2, 0, 0]));
    here.change(Mutation::RenameAlbum { album: trip, name: Some("Journey".into()) });
    here.change(Mutation::Edit { asset });
    let foreseen = foresee(&here);
    assert_eq!((foreseen, acts(&sync(&here))), ([2, 2, 0], [2, 2, 0]));
    here.write_job("albums = { view = \"off\" }");
    let foreseen = foresee(&here);
    assert_eq!(acts(&sync_as(&here, View::Off)), foreseen);
    assert_eq!(shown(&here).len(), 0);
}
