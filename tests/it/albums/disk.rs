//! What else lies where albums are shown, what people do to entries, and runs that end in the middle.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use icloud_sim::photos::Mutation;
use icloud_sim::{Fault, LibrarySpec, Rule};

use super::{acts, album, empty, photo, settle, shown, sync};
use crate::environment::{TestEnvironment, bytes_below};
use crate::oracle;
use crate::tree::{Tree, nothing_is_left_in_staging};

fn entry(here: &TestEnvironment, path: &str) -> std::path::PathBuf {
    here.destination().join("Albums").join(path)
}

fn attic(here: &TestEnvironment) -> Vec<Vec<u8>> {
    let dir = here.destination().join(".larder/attic");
    if dir.exists() { bytes_below(&dir).into_iter().map(|(_, bytes)| bytes).collect() } else { vec![] }
}

#[test]
fn foreign_files_keep_their_places() {
    let here = empty();
    let trip = album(&here, "Trip");
    let other = album(&here, "Other");
    photo(&here, &trip, "IMG_1.HEIC");
    photo(&here, &other, "IMG_2.HEIC");
    fs::create_dir_all(entry(&here, "Trip")).unwrap();
    fs::write(entry(&here, "Trip/IMG_1.HEIC"), "mine").unwrap();
    fs::write(entry(&here, "Other"), "mine too").unwrap();
    here.sync().expect(0);
    let found = shown(&here);
    assert_eq!(found.len(), 4, "{found:?}");
    assert_eq!(fs::read(entry(&here, "Trip/IMG_1.HEIC")).unwrap(), b"mine");
    assert_eq!(fs::read(entry(&here, "Other")).unwrap(), b"mine too");
    assert!(found.iter().any(|path| path.starts_with("Trip/IMG_1-")), "{found:?}");
    assert!(
        found.iter().any(|path| path.starts_with("Other-") && path.ends_with("/IMG_2.HEIC")),
        "{found:?}"
    );
    // Files of others move with no album, and their directory stays.
    here.change(Mutation::RenameAlbum { album: trip, name: Some("Journey".into()) });
    here.sync().expect(0);
    assert_eq!(fs::read(entry(&here, "Trip/IMG_1.HEIC")).unwrap(), b"mine");
    // A name once given stays.
    assert!(shown(&here).iter().any(|path| path.starts_with("Journey/IMG_1-")), "{:?}", shown(&here));
}

#[test]
fn a_link_in_place_of_a_directory_is_not_followed() {
    let here = empty();
    let trip = album(&here, "Trip");
    photo(&here, &trip, "IMG_1.HEIC");
    fs::create_dir(here.path("elsewhere")).unwrap();
    symlink(here.path("elsewhere"), here.destination().join("Albums")).unwrap();
    let ran = here.sync().expect(1);
    assert_eq!(ran.number("fetched"), 1);
    let why = ran.json()["views"]["failed_items"][0]["why"].as_str().unwrap().to_owned();
    assert!(why.contains("symbolic link"), "{why}");
    assert_eq!(fs::read_dir(here.path("elsewhere")).unwrap().count(), 0);
    fs::remove_file(here.destination().join("Albums")).unwrap();
    settle(&here);
    // And one that takes the place of an album later.
    fs::rename(entry(&here, "Trip"), here.path("elsewhere/Trip")).unwrap();
    symlink(here.path("elsewhere/Trip"), entry(&here, "Trip")).unwrap();
    photo(&here, &trip, "IMG_2.HEIC");
    here.sync().expect(1);
    assert_eq!(fs::read_dir(here.path("elsewhere/Trip")).unwrap().count(), 1);
    fs::remove_file(entry(&here, "Trip")).unwrap();
    here.change(Mutation::RenameAlbum { album: trip, name: Some("Journey".into()) });
    settle(&here);
}

#[test]
fn an_entry_that_somebody_removed_comes_back_when_its_album_is_touched() {
    let here = empty();
    let trip = album(&here, "Trip");
    let one = photo(&here, &trip, "IMG_1.HEIC");
    photo(&here, &trip, "IMG_2.HEIC");
    sync(&here);
    fs::remove_file(entry(&here, "Trip/IMG_1.HEIC")).unwrap();
    here.change(Mutation::RemoveMember { album: trip.clone(), asset: one.clone(), soft: false });
    assert_eq!(acts(&settle(&here)), [0, 0, 0]);
    here.change(Mutation::AddMember { album: trip.clone(), asset: one.clone() });
    settle(&here);
    fs::remove_dir_all(entry(&here, "Trip")).unwrap();
    here.change(Mutation::RenameAlbum { album: trip, name: Some("Journey".into()) });
    assert_eq!(acts(&settle(&here)), [2, 0, 0]);
}

#[test]
fn an_entry_that_somebody_changed_is_set_aside() {
    for view in ["hardlink", "copy", "symlink"] {
        let here = empty();
        here.write_job(&format!("albums = {{ view = \"{view}\" }}"));
        let trip = album(&here, "Trip");
        let asset = photo(&here, &trip, "IMG_1.HEIC");
        here.sync().expect(0);
        let path = entry(&here, "Trip/IMG_1.HEIC");
        fs::remove_file(&path).unwrap();
        fs::write(&path, "my own work").unwrap();
        here.change(Mutation::RemoveMember { album: trip, asset, soft: false });
        let ran = here.sync().expect(0);
        assert_eq!(ran.json()["set_aside"], serde_json::json!(["Albums/Trip/IMG_1.HEIC"]), "{view}");
        assert_eq!(attic(&here), [b"my own work".to_vec()], "{view}");
        assert!(!here.destination().join("Albums").exists());
    }
}

#[test]
fn a_link_of_somebodys_own_stays() {
    let here = empty();
    here.write_job("albums = { view = \"symlink\" }");
    let trip = album(&here, "Trip");
    let asset = photo(&here, &trip, "IMG_1.HEIC");
    here.sync().expect(0);
    let path = entry(&here, "Trip/IMG_1.HEIC");
    fs::remove_file(&path).unwrap();
    symlink(here.job_file(), &path).unwrap();
    here.change(Mutation::RemoveMember { album: trip, asset, soft: false });
    let ran = here.sync().expect(0);
    assert_eq!(fs::read_link(&path).unwrap(), here.job_file());
    assert!(
        ran.json()["warnings"][0].as_str().unwrap().contains("is not what larder made"),
        "{}",
        ran.stdout
    );
}

#[test]
fn the_last_name_of_a_photo_is_never_removed() {
    let here = empty();
    let trip = album(&here, "Trip");
    let asset = photo(&here, &trip, "IMG_1.HEIC");
    sync(&here);
    let file = here.destination().join("2024/07/14/IMG_1.HEIC");
    let bytes = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    // Touched, and it cannot be fetched again: what the album has goes to the attic.
    here.control().add_fault(Rule::new("content", Fault::Gone));
    here.change(Mutation::SetFavorite { asset, on: true });
    here.sync().expect(1);
    assert_eq!(attic(&here), std::slice::from_ref(&bytes));
    here.control().clear_faults();
    here.sync().expect(0);
    assert_eq!(fs::read(&file).unwrap(), bytes);
    assert_eq!(fs::read(entry(&here, "Trip/IMG_1.HEIC")).unwrap(), bytes);
}

#[test]
fn deleting_for_good_leaves_no_copy_in_an_album() {
    let here = empty();
    here.write_job("\n[removed]\npolicy = \"delete\"");
    let trip = album(&here, "Trip");
    let asset = photo(&here, &trip, "IMG_1.HEIC");
    photo(&here, &trip, "IMG_2.HEIC");
    sync(&here);
    here.change(Mutation::Delete { asset });
    assert_eq!(acts(&settle(&here)), [0, 0, 1]);
    assert!(attic(&here).is_empty());
}

#[test]
fn another_disk_gets_its_albums() {
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 30, albums: 5, ..LibrarySpec::default() });
    sync(&here);
    fs::rename(here.destination(), here.path("old")).unwrap();
    fs::create_dir(here.destination()).unwrap();
    here.larder(&["sync", "--once", "--accept-destination"]).run().expect(0);
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
}

#[test]
fn a_form_that_a_killed_run_made_and_did_not_note_is_still_larders() {
    for (first, cut, point) in [("symlink", "copy", "view.copy"), ("copy", "symlink", "view.symlink")] {
        for last in ["hardlink", "symlink", "copy"] {
            let here = empty();
            let trip = album(&here, "Trip");
            photo(&here, &trip, "IMG_1.HEIC");
            photo(&here, &trip, "IMG_2.HEIC");
            here.write_job(&format!("albums = {{ view = \"{first}\" }}"));
            here.sync().expect(0);
            here.write_job(&format!("albums = {{ view = \"{cut}\" }}"));
            here.larder(&["sync", "--once"]).env("LARDER_FAILPOINTS", format!("{point}=abort@2")).run();
            here.write_job(&format!("albums = {{ view = \"{last}\" }}"));
            let ran = here.sync().expect(0);
            assert!(attic(&here).is_empty(), "{first}, {cut}, {last}: {:?}", ran.json());
            assert_eq!(ran.json()["warnings"].as_array().map_or(0, Vec::len), 0, "{:?}", ran.json());
            assert_eq!(shown(&here), ["Trip/IMG_1.HEIC", "Trip/IMG_2.HEIC"]);
        }
    }
}

#[test]
fn runs_that_were_killed_leave_no_trace_in_albums() {
    let here = TestEnvironment::signed_in(LibrarySpec {
        assets: 300,
        albums: 30,
        folders: 5,
        awkward: true,
        ..LibrarySpec::default()
    });
    here.write_job("albums = { view = \"off\" }");
    here.sync().expect(0);
    let mut delay = 11_u64;
    let mut ended = 0;
    for step in 0..12 {
        // From nothing to hard links to links to copies, never to an end.
        let view = ["hardlink", "symlink", "copy"][step % 3];
        here.write_job(&format!("albums = {{ view = \"{view}\" }}"));
        let mut run = here.larder(&["sync", "--once"]).start();
        delay = delay.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_millis(15 + (delay >> 33) % 150));
        ended += u64::from(run.has_ended());
        run.kill();
        Tree::read(&here.destination()).must_hold_nothing_else(&oracle::mirror_of(&here.inventory()));
    }
    assert!(ended < 10, "{ended} runs ended before they were killed");
    here.write_job("");
    settle(&here);
    nothing_is_left_in_staging(&here.destination());
    assert!(attic(&here).is_empty());
    let albums = here.inventory().zones[0].albums.clone();
    for (at, album) in albums.iter().filter(|album| !album.deleted).enumerate() {
        let name = Some(format!("Renamed {at}"));
        here.change(Mutation::RenameAlbum { album: album.record_name.clone(), name });
    }
    for _ in 0..6 {
        let run = here.larder(&["sync", "--once"]).start();
        delay = delay.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_millis(15 + (delay >> 33) % 100));
        run.kill();
    }
    settle(&here);
    assert!(attic(&here).is_empty());
}
