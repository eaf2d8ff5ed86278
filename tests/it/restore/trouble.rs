//! Restoring when something is lost, damaged, in the way or cut off.

use std::fs;
use std::time::Duration;

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{Mutation, PhotoKind};

use super::{attic, delete, mirrored, outcome, outcomes, photo, restore, runs_leave_it_alone};
use crate::environment::{TestEnvironment, bytes_below};
use crate::oracle;
use crate::tree::Tree;

#[test]
fn with_the_state_lost_the_attic_itself_tells_what_left() {
    let here = mirrored();
    let assets = ["A.HEIC", "B.HEIC"].map(|name| photo(&here, PhotoKind::Live, name));
    here.change(Mutation::Edit { asset: assets[0].clone() });
    here.sync().expect(0);
    here.change(Mutation::Edit { asset: assets[0].clone() });
    here.sync().expect(0);
    let before = Tree::read(&here.destination());
    delete(&here, &assets[1]);
    here.lose_state();
    let ran = restore(&here, &["2024/07/14/B.HEIC", "2024/07/14/B.MOV"]).expect(0);
    assert_eq!(ran.json()["totals"]["restored"], 2);
    Tree::read(&here.destination()).must_equal(&before);
    here.sync().expect(0);
    runs_leave_it_alone(&here);
    // The earlier edit of photo and video was replaced, it did not leave.
    let ran = restore(&here, &["2024/07"]).expect(1);
    assert!(outcomes(&ran).is_empty());
    assert_eq!(ran.json()["totals"]["earlier"], 2);
    assert!(ran.stderr.contains("only earlier versions"), "{}", ran.stderr);
    here.change(Mutation::Restore { asset: assets[1].clone() });
    here.control().reset_counters();
    here.sync().expect(0);
    assert_eq!(here.content_requests(), 0);
    Tree::read(&here.destination()).must_equal(&before);
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
}

#[test]
fn a_copy_that_went_bad_is_named() {
    let here = mirrored();
    let asset = photo(&here, PhotoKind::Heic, "A.HEIC");
    here.sync().expect(0);
    delete(&here, &asset);
    let (file, mut bytes) = bytes_below(&here.destination().join(".larder/attic")).remove(0);
    bytes[7] ^= 1;
    fs::write(file, bytes).unwrap();
    let to = here.path("copies");
    let ran = restore(&here, &["2024/07/14", "--to", to.to_str().unwrap()]).expect(1);
    assert_eq!(outcomes(&ran), [outcome("2024/07/14/A.HEIC", "altered")]);
    assert!(to.join("14/A.HEIC").exists());
}

#[test]
fn an_attic_that_expired_or_was_emptied_by_hand_is_no_trouble() {
    let here = mirrored();
    let assets = ["A.HEIC", "B.HEIC", "C.HEIC"].map(|name| photo(&here, PhotoKind::Heic, name));
    here.sync().expect(0);
    let before = Tree::read(&here.destination());
    for asset in &assets {
        delete(&here, asset);
    }
    let shelves = here.destination().join(".larder/attic");
    let today = fs::read_dir(&shelves).unwrap().next().unwrap().unwrap().path();
    // A day that somebody renamed is still a day.
    fs::rename(&today, shelves.join("2026-01-02")).unwrap();
    restore(&here, &["2024/07/14/A.HEIC"]).expect(0);
    fs::remove_file(shelves.join("2026-01-02/2024/07/14/B.HEIC")).unwrap();
    fs::rename(shelves.join("2026-01-02"), shelves.join("2020-01-02")).unwrap();
    here.sync().expect(0);
    assert_eq!(attic(&here), 0, "it expired");
    let ran = restore(&here, &["2024/07/14/B.HEIC", "2024/07/14/C.HEIC"]).expect(1);
    assert_eq!(ran.stderr.matches("is in the attic").count(), 2, "{}", ran.stderr);
    assert!(outcomes(&restore(&here, &["--since", "1d"]).expect(0)).is_empty());
    let text = here.larder(&["history", "2024/07/14/C.HEIC"]).run().expect(0).stdout;
    assert!(text.contains("no longer in the attic"), "{text}");
    for asset in assets {
        here.change(Mutation::Restore { asset });
    }
    here.control().reset_counters();
    here.sync().expect(0);
    assert_eq!(here.content_requests(), 2);
    Tree::read(&here.destination()).must_equal(&before);
}

#[test]
fn a_restore_that_was_killed_is_finished_by_the_next() {
    const KILLS: u64 = 6;
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 400, ..LibrarySpec::default() });
    here.sync().expect(0);
    let before = Tree::read(&here.destination());
    let assets: Vec<_> =
        here.inventory().zones[0].assets.iter().filter(|asset| !asset.deleted).cloned().collect();
    for asset in &assets {
        here.change(Mutation::Delete { asset: asset.record_name.clone() });
    }
    here.larder(&["sync", "--once", "--confirm-removals", "9999"]).run().expect(0);
    let (mut delay, mut ended) = (7_u64, 0);
    for _ in 0..KILLS {
        let mut run = here.larder(&["restore", "--since", "1d"]).start();
        delay = delay.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_millis(20 + (delay >> 33) % 60));
        ended += u64::from(run.has_ended());
        run.kill();
        let now = Tree::read(&here.destination());
        assert!(now.files.iter().all(|(path, found)| before.files.get(path) == Some(found)));
    }
    assert!(ended < KILLS, "every restore ended before it was killed");
    restore(&here, &["--since", "1d"]).expect(0);
    Tree::read(&here.destination()).must_equal(&before);
    assert_eq!(attic(&here), 0);
    runs_leave_it_alone(&here);
    for asset in &assets {
        here.change(Mutation::Restore { asset: asset.record_name.clone() });
    }
    here.control().reset_counters();
    here.sync().expect(0);
    assert_eq!(here.content_requests(), 0, "all of it is in the ledger");
    Tree::read(&here.destination()).must_equal(&before);
}

#[test]
fn a_restore_that_was_killed_and_never_finished_is_adopted() {
    let here = mirrored();
    let asset = photo(&here, PhotoKind::Live, "A.HEIC");
    here.sync().expect(0);
    let before = Tree::read(&here.destination());
    delete(&here, &asset);
    // As a crash between moving and recording leaves it.
    let shelves = here.destination().join(".larder/attic");
    let today = fs::read_dir(&shelves).unwrap().next().unwrap().unwrap().path();
    fs::create_dir_all(here.destination().join("2024/07/14")).unwrap();
    for name in ["A.HEIC", "A.MOV"] {
        let place = format!("2024/07/14/{name}");
        fs::rename(today.join(&place), here.destination().join(&place)).unwrap();
    }
    runs_leave_it_alone(&here);
    here.change(Mutation::Restore { asset });
    here.control().reset_counters();
    here.sync().expect(0);
    assert_eq!(here.content_requests(), 0);
    Tree::read(&here.destination()).must_equal(&before);
}

#[test]
fn a_restore_waits_for_no_run_and_needs_its_mirror() {
    let here = mirrored();
    here.control().set_latency(Duration::from_millis(300));
    photo(&here, PhotoKind::Heic, "A.HEIC");
    let run = here.larder(&["sync", "--once"]).start();
    std::thread::sleep(Duration::from_millis(150));
    restore(&here, &["--since", "1d"]).expect(4);
    run.wait().expect(0);
    let ran = restore(&here, &[".larder/attic/2024-07-01/a/b.jpg"]).expect(2);
    assert!(ran.stderr.contains("`a/b.jpg`"), "{}", ran.stderr);
    restore(&here, &[]).expect(2);
    restore(&here, &["a", "--at", "1d", "--since", "1d"]).expect(2);
    // An unmounted disk looks like an empty directory.
    fs::rename(here.destination(), here.path("unmounted")).unwrap();
    fs::create_dir(here.destination()).unwrap();
    restore(&here, &["a"]).expect(6);
    here.lose_state();
    restore(&here, &["a"]).expect(6);
    assert_eq!(fs::read_dir(here.destination()).unwrap().count(), 0);
}
