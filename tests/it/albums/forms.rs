//! Every way of showing albums, and changing between them.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{Mutation, NewPhoto, PhotoKind};

use super::{DAY, NOON, acts, album, empty, photo, settle, shown, sync_as};
use crate::album_oracle::View;
use crate::environment::TestEnvironment;
use crate::oracle;
use crate::tree::{Tree, nothing_is_left_in_staging};

fn library() -> TestEnvironment {
    let here = TestEnvironment::signed_in(LibrarySpec {
        assets: 40,
        albums: 22,
        folders: 3,
        awkward: true,
        ..LibrarySpec::default()
    });
    here.change(Mutation::AddAlbum { name: Some("Empty".into()), parent: None, folder: false });
    here
}

fn job(here: &TestEnvironment, view: &str) {
    here.write_job(&format!("albums = {{ view = \"{view}\" }}"));
}

#[test]
fn every_form_shows_the_same_and_can_be_changed_into_every_other() {
    let here = library();
    let forms =
        [("symlink", View::Symlink), ("copy", View::Copy), ("hardlink", View::Hardlink), ("off", View::Off)];
    // Every step from one to another, both ways.
    let order = [0, 1, 2, 3, 1, 0, 2, 1, 3, 2, 0, 3];
    for (step, at) in order.into_iter().enumerate() {
        let (word, view) = forms[at];
        job(&here, word);
        here.control().reset_counters();
        sync_as(&here, view);
        assert!(step == 0 || here.content_requests() == 0, "{word}");
        nothing_is_left_in_staging(&here.destination());
        if step < forms.len() {
            assert_eq!(acts(&here.sync().expect(0)), [0, 0, 0], "{word}");
        }
    }
    assert!(!here.destination().join(".larder/attic").exists(), "links are no photos");
}

#[test]
fn what_the_disk_cannot_do_is_said_once_and_replaced() {
    let here = library();
    job(&here, "reflink");
    let ran = here.sync().expect(0);
    let can = ran.json()["warnings"].as_array().unwrap().is_empty();
    let view = if can { View::Copy } else { View::Hardlink };
    Tree::read(&here.destination()).must_hold_with(&oracle::mirror_of(&here.inventory()), view);
    let warnings = here.sync().expect(0).json()["warnings"].as_array().unwrap().len();
    assert_eq!(warnings, 0, "a run that makes nothing says nothing");
    assert!(
        can || ran.stdout.contains("no reflinks, so albums are shown as hardlinks instead"),
        "{}",
        ran.stdout
    );
}

#[test]
fn links_and_copies_follow_dates_edits_and_renames() {
    for (word, view) in [("symlink", View::Symlink), ("copy", View::Copy)] {
        let here = empty();
        job(&here, word);
        let trip = album(&here, "Trip");
        let asset = photo(&here, &trip, "IMG_1.HEIC");
        here.add(NewPhoto { album: Some(trip.clone()), kind: PhotoKind::Live, ..NewPhoto::default() });
        assert_eq!(acts(&sync_as(&here, view)), [3, 0, 0]);
        for date in [NOON + 60_000, NOON - DAY] {
            here.change(Mutation::SetDate {
                asset: asset.clone(),
                date_ms: Some(date),
                time_zone_offset: None,
            });
            sync_as(&here, view);
        }
        here.change(Mutation::Edit { asset: asset.clone() });
        sync_as(&here, view);
        here.change(Mutation::Edit { asset: asset.clone() });
        sync_as(&here, view);
        here.change(Mutation::RenameAlbum { album: trip, name: Some("Journey".into()) });
        sync_as(&here, view);
        here.lose_state();
        here.control().reset_counters();
        assert_eq!(acts(&sync_as(&here, view)), [0, 0, 0], "{word}");
        assert_eq!(here.content_requests(), 0);
        here.change(Mutation::Purge { asset });
        assert_eq!(acts(&sync_as(&here, view)), [0, 0, 2], "{word}");
    }
}

#[test]
fn a_renamed_album_of_copies_is_moved_not_copied() {
    let here = empty();
    job(&here, "copy");
    let trip = album(&here, "Trip");
    photo(&here, &trip, "IMG_1.HEIC");
    sync_as(&here, View::Copy);
    let ino = |name: &str| fs::metadata(here.destination().join("Albums").join(name)).unwrap().ino();
    let before = ino("Trip/IMG_1.HEIC");
    here.change(Mutation::RenameAlbum { album: trip, name: Some("Journey".into()) });
    assert_eq!(acts(&sync_as(&here, View::Copy)), [0, 1, 0]);
    assert_eq!(ino("Journey/IMG_1.HEIC"), before);
}

#[test]
fn the_job_file_says_which_albums_are_shown_and_where() {
    let here = empty();
    let travel = super::make(&here, "Travel", None, true);
    for name in ["Japan", "Peru"] {
        let album = super::make(&here, name, Some(&travel), false);
        photo(&here, &album, &format!("{name}.HEIC"));
    }
    let garden = album(&here, "Garden");
    photo(&here, &garden, "garden.HEIC");
    settle_after(&here, "", &["Garden/garden.HEIC", "Travel/Japan/Japan.HEIC", "Travel/Peru/Peru.HEIC"]);
    settle_after(&here, "include = [\"Travel/*\"]", &["Travel/Japan/Japan.HEIC", "Travel/Peru/Peru.HEIC"]);
    settle_after(&here, "exclude = [\"Travel/J*\"]", &["Garden/garden.HEIC", "Travel/Peru/Peru.HEIC"]);
    settle_after(&here, "include = []", &[]);
    here.write_job("albums = { path = \"By album/all/{album}/{name}\" }");
    here.sync().expect(0);
    assert!(here.destination().join("By album/all/Travel/Peru/Peru.HEIC").exists());
    assert!(!here.destination().join("Albums").exists());
    here.write_job("");
    settle(&here);
    assert!(!here.destination().join("By album").exists());
}

/// A run with other albums asked for, for which nothing is fetched.
#[track_caller]
fn settle_after(here: &TestEnvironment, keys: &str, expected: &[&str]) {
    here.write_job(&format!("[photos.albums]\n{keys}"));
    here.sync().expect(0);
    here.control().reset_counters();
    assert_eq!(shown(here), expected, "{keys}");
    assert_eq!(acts(&here.sync().expect(0)), [0, 0, 0]);
    assert_eq!(here.content_requests(), 0);
}

#[test]
fn what_the_job_file_leaves_out_is_in_no_album() {
    let here = empty();
    let trip = album(&here, "Trip");
    photo(&here, &trip, "IMG_1.HEIC");
    here.add(NewPhoto { album: Some(trip), kind: PhotoKind::Mov, ..NewPhoto::default() });
    super::sync(&here);
    assert_eq!(shown(&here).len(), 2);
    here.write_job("videos = false");
    assert_eq!(acts(&here.sync().expect(0)), [0, 0, 1]);
    assert_eq!(shown(&here), ["Trip/IMG_1.HEIC"]);
    here.write_job("");
    assert_eq!(acts(&settle(&here)), [1, 0, 0]);
}
