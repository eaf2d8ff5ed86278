//! C3 and C5: a destination that is unmounted, swapped or read-only is refused, and nothing is written elsewhere.

use std::fs;

use icloud_sim::LibrarySpec;
use icloud_sim::photos::NewPhoto;

use super::mount::Mounted;
use crate::environment::{TestEnvironment, bytes_below};
use crate::oracle;
use crate::tree::Tree;

fn library() -> TestEnvironment {
    TestEnvironment::signed_in(LibrarySpec { assets: 30, albums: 3, ..LibrarySpec::default() })
}

/// What needs no disk that can be written to.
#[track_caller]
fn looking_still_works(here: &TestEnvironment, dry_run: i32) {
    here.larder(&["status"]).run().expect(0);
    here.larder(&["ls"]).run().expect(0);
    here.larder(&["sync", "--once", "--dry-run"]).run().expect(dry_run);
}

#[test]
fn c3_an_unmounted_destination_is_refused_and_nothing_is_written_below_its_mount_point() {
    let here = library();
    here.write_job("keep_free = \"0\"");
    let Some(disk) = Mounted::memory(here.destination(), 20_000) else { return };
    here.sync().expect(0);
    here.add(NewPhoto::default());
    drop(disk);
    for _ in 0..2 {
        let ran = here.sync().expect(6);
        assert!(ran.stderr.contains("is not the disk that larder knows"), "{}", ran.stderr);
        assert_eq!(bytes_below(&here.destination()), []);
        assert_eq!(fs::read_dir(here.destination()).unwrap().count(), 0);
    }
    looking_still_works(&here, 6);
    fs::remove_dir(here.destination()).unwrap();
    assert!(here.sync().expect(6).stderr.contains("does not exist"));
    assert!(!here.destination().exists());
}

#[test]
fn c3_another_disk_at_the_same_place_is_refused_and_stays_as_it_is() {
    let here = library();
    here.write_job("keep_free = \"0\"");
    let Some(first) = Mounted::memory(here.destination(), 20_000) else { return };
    here.sync().expect(0);
    let photos = oracle::mirror_of(&here.inventory());
    {
        // Over the first one, which stays mounted below.
        let Some(_other) = Mounted::memory(here.destination(), 20_000) else { return };
        fs::create_dir(here.destination().join(".larder")).unwrap();
        let marker = "id = \"00000000-0000-4000-8000-000000000000\"\n";
        fs::write(here.destination().join(".larder/mirror.toml"), marker).unwrap();
        here.add(NewPhoto::default());
        let ran = here.sync().expect(6);
        assert!(ran.stderr.contains("it holds mirror 00000000"), "{}", ran.stderr);
        assert_eq!(bytes_below(&here.destination()).len(), 1, "the marker alone");
        looking_still_works(&here, 6);
    }
    Tree::read(&here.destination()).must_hold(&photos);
    here.sync().expect(0);
    drop(first);
}

#[test]
fn c3_a_destination_that_goes_away_during_a_run_ends_it_and_nothing_is_written_below() {
    let here = library();
    here.write_job("keep_free = \"0\"\n[network]\nconnections = 2");
    let Some(disk) = Mounted::memory(here.destination(), 20_000) else { return };
    here.control().set_latency(std::time::Duration::from_millis(40));
    let run = here.larder(&["sync", "--once", "--json"]).start();
    while !here.destination().join(".larder/mirror.toml").exists() {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    // Lazily, as a pulled disk: what is open stays open, the path leads to the mount point.
    drop(disk);
    let _ended = run.wait();
    assert_eq!(bytes_below(&here.destination()), [], "nothing may be written below the mount point");
    here.sync().expect(6);
    assert_eq!(bytes_below(&here.destination()), []);
}

#[test]
fn c5_a_read_only_destination_ends_a_run_before_it_asks_icloud_and_can_be_looked_at() {
    let here = library();
    here.write_job("keep_free = \"0\"");
    let Some(disk) = Mounted::memory(here.destination(), 20_000) else { return };
    here.sync().expect(0);
    here.add(NewPhoto::default());
    let before = Tree::read(&here.destination());
    disk.remount("ro");
    here.control().reset_counters();
    let ran = here.sync().expect(6);
    assert!(ran.stderr.contains("read-only") && ran.stderr.contains("remount it writable"), "{}", ran.stderr);
    assert_eq!(here.content_requests(), 0);
    looking_still_works(&here, 0);
    let foreseen = here.larder(&["sync", "--once", "--dry-run", "--json"]).run().expect(0);
    assert_eq!(foreseen.number("to_fetch"), 1);
    Tree::read(&here.destination()).must_equal(&before);
    disk.remount("rw");
    here.sync().expect(0);
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
}
