//! Another file system mounted below the destination: renaming is impossible, copying stands in.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use super::super::{Access, Finish, TreeError};
use super::{Destination, Mounted, names, rel};

/// Runs `test` with a destination whose `far` is another file system.
fn across(test: impl FnOnce(&Destination)) {
    let destination = Destination::new();
    let far = destination.path("far");
    fs::create_dir(&far).unwrap();
    let Some(_mounted) = Mounted::at(&far, "size=1m") else { return };
    test(&destination);
}

#[test]
fn a_file_is_placed_on_another_file_system_and_nothing_is_left() {
    across(|destination| {
        let finish = Finish { mtime: Some("2020-01-02T03:04:05Z".parse().unwrap()), ..Finish::default() };
        let staging = destination.staged("ab", "content");
        let placed = destination.root.place(staging, &rel("far/2024/a.jpg"), finish).unwrap();
        assert_eq!(destination.read("far/2024/a.jpg"), "content");
        assert_eq!(placed.facts.mtime_ns, 1_577_934_245_000_000_000);
        assert_ne!(placed.facts.dev, fs::metadata(destination.temp.path()).unwrap().dev());
        assert_eq!(names(&destination.path("far/2024")), ["a.jpg"]);
        assert_eq!(destination.incoming(), [""; 0]);

        let error = destination.place("other", "far/2024/a.jpg").unwrap_err();
        assert!(matches!(error, TreeError::AlreadyThere { .. }), "{error:?}");
        assert_eq!(names(&destination.path("far/2024")), ["a.jpg"]);
        assert_eq!(destination.incoming(), ["ab.part"]);
    });
}

#[test]
fn the_old_version_comes_to_the_attic_by_a_copy() {
    across(|destination| {
        destination.place("old", "far/a.jpg").unwrap();
        let staging = destination.staged("cd", "new");
        let date = "2026-11-23".parse().unwrap();
        let replaced = destination.root.replace(staging, &rel("far/a.jpg"), date, Finish::default()).unwrap();
        assert_eq!(destination.read("far/a.jpg"), "new");
        assert_eq!(destination.read(replaced.attic.unwrap().as_str()), "old");
        assert_eq!(names(&destination.path("far")), ["a.jpg"]);
        assert_eq!(destination.incoming(), [""; 0]);

        let attic = destination.root.retire(&rel("far/a.jpg"), date).unwrap();
        assert_eq!(destination.read(attic.as_str()), "new");
        assert_eq!(names(&destination.path("far")), [""; 0]);
    });
}

#[test]
fn a_file_is_relocated_from_one_file_system_to_the_other_and_back() {
    across(|destination| {
        let finish = Finish { mtime: Some("2020-01-02T03:04:05.6Z".parse().unwrap()), ..Finish::default() };
        let near = rel("a.jpg");
        let placed = destination.root.place(destination.staged("ab", "content"), &near, finish).unwrap();
        for (from, to) in [(near.clone(), rel("far/x/a.jpg")), (rel("far/x/a.jpg"), near)] {
            let facts = destination.root.relocate(&from, &to, Access::Shared).unwrap();
            assert_eq!(facts.mtime_ns, placed.facts.mtime_ns);
            assert_eq!(destination.read(to.as_str()), "content");
            assert!(!destination.path(from.as_str()).exists());
            assert_eq!(destination.incoming(), [""; 0]);
        }
        assert_eq!(names(&destination.path("far/x")), [""; 0]);
    });
}

#[test]
fn a_copy_that_a_crash_left_beside_its_target_is_swept() {
    across(|destination| {
        fs::create_dir(destination.path("far/2024")).unwrap();
        fs::write(destination.path("far/2024/.larder-ab.part"), "half").unwrap();
        fs::write(destination.path(".larder/incoming/ab.beside"), "far/2024").unwrap();
        destination.staged("ab", "whole");
        destination.root.sweep_incoming(|_| true).unwrap();
        assert_eq!(names(&destination.path("far/2024")), [""; 0]);
        assert_eq!(destination.incoming(), ["ab.part"]);
    });
}

#[test]
fn a_full_file_system_below_leaves_no_half_copy() {
    across(|destination| {
        let error = destination.place(&"x".repeat(2_000_000), "far/a.jpg").unwrap_err();
        assert!(matches!(error, TreeError::NoSpace { .. }), "{error:?}");
        assert_eq!(names(&destination.path("far")), [""; 0]);
        assert_eq!(destination.incoming(), ["ab.part"]);
    });
}
