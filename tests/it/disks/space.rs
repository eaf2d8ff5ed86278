//! C1 on real disks: what does not fit is not begun, what fills up all the same ends well, and room that comes is used.

use std::fs;

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{Mutation, NewPhoto, PhotoKind};

use super::mount::Mounted;
use crate::environment::{TestEnvironment, bytes_below};
use crate::oracle;
use crate::tree::{Tree, nothing_is_left_in_staging};

const KIB: u64 = 1024;

/// Photos of these sizes, the first one the newest.
fn library(here: &TestEnvironment, sizes: &[u64]) -> Vec<String> {
    let photo = |(number, size): (usize, &u64)| {
        here.add(NewPhoto {
            kind: PhotoKind::Heic,
            name: Some(format!("IMG_{number}.HEIC")),
            date_ms: Some(1_720_958_400_000 - 86_400_000 * i64::try_from(number).unwrap()),
            size: Some(*size),
            ..NewPhoto::default()
        })
    };
    sizes.iter().enumerate().map(photo).collect()
}

#[test]
fn c1_what_does_not_fit_is_not_begun_and_the_rest_comes() {
    let here = TestEnvironment::signed_in(LibrarySpec::default());
    let Some(small) = Mounted::memory(here.destination(), 4 * KIB) else { return };
    library(&here, &[900 * KIB, 100 * KIB, 3_000 * KIB, 100 * KIB, 900 * KIB, 50 * KIB]);
    here.write_job("keep_free = \"1MB\"");
    let ran = here.sync().expect(6);
    assert_eq!(
        (ran.number("fetched"), ran.number("no_room"), ran.number("failed")),
        (5, 1, 0),
        "{}",
        ran.stdout
    );
    let message = &ran.stderr;
    for word in ["mirror", "1 file(s)", "MB", "keep_free"] {
        assert!(message.contains(word), "no `{word}` in {message}");
    }
    let photos = oracle::mirror_of(&here.inventory());
    Tree::read(&here.destination()).must_hold_nothing_else(&photos);
    nothing_is_left_in_staging(&here.destination());
    let before = here.content_requests();
    // A night later nothing has changed: it is told again, and nothing of it is asked for.
    assert_eq!(here.sync().expect(6).number("no_room"), 1);
    assert_eq!(here.content_requests(), before);

    small.remount("size=8m");
    assert_eq!(here.sync().expect(0).number("fetched"), 1);
    Tree::read(&here.destination()).must_hold(&photos);
}

#[test]
fn c1_a_dry_run_tells_what_would_be_missing() {
    let here = TestEnvironment::signed_in(LibrarySpec::default());
    let Some(_small) = Mounted::memory(here.destination(), 4 * KIB) else { return };
    library(&here, &[3_000 * KIB, 3_000 * KIB]);
    here.write_job("keep_free = \"0\"");
    let ran = here.larder(&["sync", "--once", "--dry-run", "--json"]).run().expect(0);
    let missing = ran.number("no_room_bytes");
    assert!((1_900 * KIB..2_100 * KIB).contains(&missing), "{missing}");
    assert_eq!(fs::read_dir(here.destination()).unwrap().count(), 0);
}

#[test]
fn c1_a_disk_that_others_fill_meanwhile_ends_the_run_and_gets_its_partial_files_back() {
    let here = TestEnvironment::signed_in(LibrarySpec::default());
    let Some(small) = Mounted::memory(here.destination(), 6 * KIB) else { return };
    library(&here, &[900 * KIB; 6]);
    here.write_job("keep_free = \"0\"\n[network]\nconnections = 2");
    here.control().set_latency(std::time::Duration::from_millis(120));
    let run = here.larder(&["sync", "--once", "--json"]).start();
    // When the first files are here there was room for all.
    while fs::read_dir(here.destination()).unwrap().count() < 2 {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let filler = small.fill();
    let ran = run.wait().expect(6);
    assert!(ran.stderr.contains("full") && ran.stderr.contains("free some space"), "{}", ran.stderr);
    nothing_is_left_in_staging(&here.destination());
    fs::remove_file(filler).unwrap();
    let photos = oracle::mirror_of(&here.inventory());
    here.sync().expect(0);
    Tree::read(&here.destination()).must_hold(&photos);
}

#[test]
fn c1_a_state_on_a_full_disk_ends_the_run_and_goes_on_later() {
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 60, ..LibrarySpec::default() });
    let session = fs::read(here.state_dir().join("session.json")).unwrap();
    let Some(small) = Mounted::memory(here.state_dir(), 96) else { return };
    fs::write(here.state_dir().join("session.json"), session).unwrap();
    let ran = here.sync().expect(6);
    assert!(ran.stderr.contains("No space") || ran.stderr.contains("full"), "{}", ran.stderr);
    small.remount("size=40m");
    here.sync().expect(0);
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
    let filler = small.fill();
    here.add(NewPhoto::default());
    let code = here.sync().code;
    assert!(code == Some(0) || code == Some(6), "{code:?}");
    fs::remove_file(filler).unwrap();
    here.sync().expect(0);
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
}

#[test]
fn e5_the_attic_on_a_full_disk_keeps_what_leaves() {
    let here = TestEnvironment::signed_in(LibrarySpec::default());
    let Some(small) = Mounted::memory(here.destination(), 4 * KIB) else { return };
    let assets = library(&here, &[300 * KIB; 4]);
    here.write_job("keep_free = \"1MB\"");
    here.sync().expect(0);
    let before = bytes_below(&here.destination());
    let filler = small.fill();
    here.change(Mutation::Delete { asset: assets[0].clone() });
    here.change(Mutation::Edit { asset: assets[1].clone() });
    let ran = here.sync().expect(6);
    let attic = here.destination().join(".larder/attic");
    let kept = |bytes: &Vec<u8>| bytes_below(&here.destination()).iter().any(|(_, other)| other == bytes);
    assert!(before.iter().all(|(_, bytes)| kept(bytes)), "{}", ran.stdout);
    fs::remove_file(filler).unwrap();
    here.sync().expect(0);
    assert_eq!(bytes_below(&attic).len(), 1);
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
}
