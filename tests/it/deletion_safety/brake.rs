//! E2 and E3: how much may leave at once, and that it is the right files that leave.

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{Mutation, NewPhoto, PhotoKind};

use super::{delete, in_attic, living, mirrored};
use crate::environment::TestEnvironment;
use crate::oracle;
use crate::tree::Tree;

/// 2024-07-14, noon UTC.
const NOON: i64 = 1_720_958_400_000;

/// A mirror of so many photos of one file each.
fn single_files(count: usize) -> TestEnvironment {
    let here = TestEnvironment::signed_in(LibrarySpec::default());
    for number in 0..count {
        here.add(NewPhoto {
            kind: PhotoKind::Jpeg,
            name: Some(format!("IMG_{number:04}.JPG")),
            date_ms: Some(NOON),
            size: Some(100),
            ..NewPhoto::default()
        });
    }
    here.sync().expect(0);
    here
}

/// Deletes so many photos; they leave, or they are held.
#[track_caller]
fn leave(here: &TestEnvironment, count: usize, held: bool) {
    let before = (Tree::read(&here.destination()), in_attic(here));
    delete(here, living(here).into_iter().take(count));
    let ran = here.sync().expect(i32::from(held));
    let (gone, kept) = (ran.number("removed"), ran.number("held"));
    if held {
        assert_eq!((gone, kept), (0, count as u64));
        Tree::read(&here.destination()).must_equal(&before.0);
        assert_eq!(in_attic(here), before.1);
    } else {
        assert_eq!((gone, kept), (count as u64, 0));
        Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
        assert_eq!(in_attic(here), before.1 + count);
    }
}

#[test]
fn e2_twenty_files_may_leave_and_twenty_one_may_not() {
    let here = single_files(60);
    leave(&here, 20, false);
    leave(&here, 21, true);
    // More that is deleted while they are held is held with them; what is restored no longer counts.
    let deleted = here.inventory().zones.swap_remove(0).assets.into_iter().filter(|asset| asset.deleted);
    let back = deleted.map(|asset| asset.record_name).nth(20).unwrap();
    here.change(Mutation::Restore { asset: back });
    let ran = here.sync().expect(0);
    assert_eq!((ran.number("removed"), ran.number("held")), (20, 0));
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
}

#[test]
fn e2_a_tenth_of_a_larger_library_may_leave() {
    let here = single_files(400);
    leave(&here, 40, false);
    leave(&here, 37, true);
}

#[test]
fn e2_the_brake_counts_files_that_leave_and_not_those_that_move() {
    let here = single_files(60);
    for asset in living(&here) {
        here.change(Mutation::SetDate { asset, date_ms: Some(0), time_zone_offset: None });
    }
    let ran = here.sync().expect(0);
    assert_eq!((ran.number("moved"), ran.number("held")), (60, 0));
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
}

#[test]
fn e3_a_living_photo_keeps_its_file_when_its_namesake_is_deleted() {
    for first in [true, false] {
        for purged in [false, true] {
            let here = mirrored(LibrarySpec { assets: 30, ..LibrarySpec::default() });
            let twin = || NewPhoto {
                kind: PhotoKind::Live,
                name: Some("IMG_0001.HEIC".into()),
                date_ms: Some(NOON),
                ..NewPhoto::default()
            };
            let mut twins = vec![here.add(twin())];
            here.sync().expect(0);
            twins.push(here.add(twin()));
            here.sync().expect(0);
            let before = Tree::read(&here.destination());
            let asset = twins[usize::from(!first)].clone();
            here.change(if purged { Mutation::Purge { asset } } else { Mutation::Delete { asset } });
            // A third of that name comes in the same night.
            here.add(twin());
            assert_eq!(here.sync().expect(0).number("removed"), 2);
            let after = Tree::read(&here.destination());
            let kept =
                before.files.iter().filter(|(path, file)| after.files.get(*path) == Some(file)).count();
            assert_eq!(kept, before.files.len() - 2, "first: {first}");
            let photos = oracle::mirror_of(&here.inventory());
            assert_eq!(after.files.len() as u64, oracle::count(&photos));
            after.must_hold_nothing_else(&photos);
        }
    }
}

#[test]
fn e3_a_living_photo_keeps_its_file_when_its_double_is_deleted() {
    for original in [true, false] {
        let here = mirrored(LibrarySpec { assets: 30, ..LibrarySpec::default() });
        let one = here.add(NewPhoto { date_ms: Some(NOON), ..NewPhoto::default() });
        here.sync().expect(0);
        let made = here.change(Mutation::Duplicate { asset: one.clone() });
        let other = made["asset"].as_str().unwrap().to_owned();
        here.sync().expect(0);
        here.change(Mutation::Purge { asset: if original { one } else { other } });
        here.control().reset_counters();
        assert_eq!(here.sync().expect(0).number("removed"), 1);
        assert_eq!((here.content_requests(), in_attic(&here)), (0, 1));
        let photos = oracle::mirror_of(&here.inventory());
        let tree = Tree::read(&here.destination());
        assert_eq!(tree.files.len() as u64, oracle::count(&photos));
        tree.must_hold_nothing_else(&photos);
    }
}

#[test]
fn e4_what_the_job_file_leaves_out_stays() {
    let library = LibrarySpec {
        assets: 200,
        awkward: true,
        shared_library: icloud_sim::photos::SharedRole::Owner,
        ..LibrarySpec::default()
    };
    let here = mirrored(library);
    let before = Tree::read(&here.destination());
    for narrower in [
        "videos = false",
        "stills = false",
        "hidden = false",
        "screenshots = false",
        "bursts = false",
        "raw = false",
        "edited = false",
        "originals = false",
        "live_photos = \"photo\"",
        "live_photos = \"video\"",
        "from = \"2100-01-01\"",
        "until = \"1900-01-01\"",
        "libraries = [\"shared\"]",
        "libraries = [\"personal\"]",
    ] {
        here.write_job(narrower);
        let ran = here.sync().expect(0);
        assert_eq!((ran.number("removed"), ran.number("held")), (0, 0), "{narrower}");
        assert_eq!(in_attic(&here), 0, "{narrower}");
        Tree::read(&here.destination()).must_equal(&before);
    }
    here.write_job("");
    here.control().reset_counters();
    here.sync().expect(0);
    assert_eq!(here.content_requests(), 0, "what was left out is still known");
    Tree::read(&here.destination()).must_equal(&before);
}
