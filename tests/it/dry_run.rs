//! A dry run foresees what the next run does, and touches nothing.

use std::fs;

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{Mutation, NewPhoto, PhotoKind, SharedRole};

use crate::environment::{TestEnvironment, bytes_below};
use crate::oracle;

/// Runs dry, then for real, and compares.
#[track_caller]
fn foresees(here: &TestEnvironment) {
    let everything = || {
        let mut all = bytes_below(&here.path(""));
        all.retain(|(path, _)| !path.ends_with("session.json"));
        all
    };
    let before = everything();
    here.control().reset_counters();
    let dry = here.larder(&["sync", "--once", "--dry-run", "--json"]).run().expect(0);
    assert_eq!(here.content_requests(), 0);
    let names =
        |all: &[(std::path::PathBuf, _)]| all.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
    let after = everything();
    assert_eq!(names(&after), names(&before), "no file came or went");
    assert!(after == before, "some file changed");
    assert_eq!(fs::read_dir(here.path("tmp")).unwrap().count(), 0, "nothing is left of it");

    let real = here.sync().expect(0);
    assert_eq!(dry.number("to_fetch"), real.number("fetched"));
    assert_eq!(dry.number("to_fetch_bytes"), real.number("fetched_bytes"));
    assert_eq!((dry.number("fetched"), real.number("to_fetch")), (0, 0));
}

#[test]
fn a_dry_run_foresees_the_first_run_and_touches_nothing() {
    let here = TestEnvironment::signed_in(LibrarySpec {
        assets: 250,
        albums: 5,
        shared_library: SharedRole::Participant,
        ..LibrarySpec::default()
    });
    foresees(&here);
    foresees(&here);
}

#[test]
fn a_dry_run_foresees_changes_and_touches_nothing() {
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 30, ..LibrarySpec::default() });
    let first = here.add(NewPhoto { kind: PhotoKind::Live, ..NewPhoto::default() });
    here.sync().expect(0);
    here.change(Mutation::Edit { asset: first.clone() });
    here.add(NewPhoto { kind: PhotoKind::JpegWithRaw, ..NewPhoto::default() });
    foresees(&here);
    here.change(Mutation::Edit { asset: first });
    foresees(&here);
    let text = here.larder(&["sync", "--once", "--dry-run"]).run().expect(0).stdout;
    assert!(text.starts_with("Up to date "), "{text}");
    assert!(oracle::count(&oracle::mirror_of(&here.inventory())) > 30);
}
