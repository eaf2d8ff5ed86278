//! G1 to G7: file systems that take two names for one, know no hard links or keep times in steps of two seconds.
//!
//! Real ones where the machine can make and mount them: FAT (`mkfs.vfat`), an ext4 whose directories fold case, an XFS that
//! does. The rest is skipped with a message.

use std::fs;
use std::path::Path;

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{NewPhoto, PhotoKind};

use super::mount::Mounted;
use crate::environment::TestEnvironment;
use crate::oracle;
use crate::tree::{Tree, folded, nothing_is_left_in_staging};

/// Two photos of one day whose names differ in case alone, and two whose names differ in form alone (NFC, NFD).
fn twins() -> TestEnvironment {
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 20, albums: 3, ..LibrarySpec::default() });
    let album = here.change(icloud_sim::photos::Mutation::AddAlbum {
        name: Some("Twins".to_owned()),
        parent: None,
        folder: false,
    });
    for name in ["IMG_1.HEIC", "img_1.heic", "Caf\u{e9}.HEIC", "Cafe\u{301}.HEIC", "stra\u{df}e.heic"] {
        here.add(NewPhoto {
            kind: PhotoKind::Heic,
            name: Some(name.to_owned()),
            // An odd second and some milliseconds: no disk with steps of two seconds keeps it.
            date_ms: Some(1_720_958_401_337),
            album: album["album"].as_str().map(str::to_owned),
            ..NewPhoto::default()
        });
    }
    here
}

/// Every content is there, no two names are one to that disk, and a second run has nothing to do.
#[track_caller]
fn sync_twice(here: &TestEnvironment) -> String {
    let first = here.sync().expect(0);
    let photos = oracle::mirror_of(&here.inventory());
    let tree = Tree::read(&here.destination());
    tree.must_hold_nothing_else(&photos);
    let library = tree.library();
    assert_eq!(library.len() as u64, oracle::count(&photos));
    let names: std::collections::BTreeSet<_> = library.iter().map(|path| folded(path)).collect();
    assert_eq!(names.len(), library.len());
    nothing_is_left_in_staging(&here.destination());
    for _ in 0..2 {
        here.control().reset_counters();
        let again = here.sync().expect(0);
        for figure in ["fetched", "moved", "adopted", "replaced", "removed", "failed"] {
            assert_eq!(again.number(figure), 0, "{figure}: {}", again.stdout);
        }
        let views = again.json()["views"].take();
        assert_eq!((&views["made"], &views["removed"]), (&0.into(), &0.into()), "{}", again.stdout);
        assert_eq!(here.content_requests(), 0);
        Tree::read(&here.destination()).must_equal(&tree);
    }
    first.stdout
}

/// As [`sync_twice`], also after the state was lost: everything is recognised by its content.
fn survives(here: &TestEnvironment) {
    here.lose_state();
    here.control().reset_counters();
    here.sync().expect(0);
    assert_eq!(here.content_requests(), 0, "everything is there");
}

#[test]
fn g1_g2_g5_g7_a_fat_disk_holds_twins_albums_and_times_in_steps_of_two_seconds() {
    let here = twins();
    here.write_job("names = \"windows\"\nkeep_free = \"0\"");
    let image = here.path("fat.img");
    let Some(_disk) = Mounted::image(here.destination(), &image, 64, &["mkfs.vfat"], "utf8") else { return };
    let told = sync_twice(&here);
    assert!(told.contains("hard"), "that there are no hard links is said: {told}");
    survives(&here);
}

#[test]
fn g1_g2_a_disk_that_folds_case_and_form_holds_twins() {
    let here = twins();
    here.write_job("keep_free = \"0\"");
    let image = here.path("casefold.img");
    let make = ["mkfs.ext4", "-q", "-O", "casefold", "-E", "encoding=utf8"];
    let Some(_disk) = Mounted::image(here.destination(), &image, 64, &make, "") else { return };
    fs::remove_dir(here.destination().join("lost+found")).unwrap();
    let folds = std::process::Command::new("chattr").arg("+F").arg(here.destination()).status();
    assert!(folds.unwrap().success());
    assert!(is_one(&here.destination(), "caf\u{e9}", "CAFE\u{301}"));
    sync_twice(&here);
    survives(&here);
}

#[test]
fn g1_an_xfs_that_folds_case_holds_twins() {
    let here = twins();
    here.write_job("keep_free = \"0\"");
    let image = here.path("xfs.img");
    let make = ["mkfs.xfs", "-q", "-n", "version=ci"];
    let Some(_disk) = Mounted::image(here.destination(), &image, 400, &make, "") else { return };
    assert!(is_one(&here.destination(), "abc", "ABC"));
    sync_twice(&here);
    survives(&here);
}

#[test]
fn g4_ext4_in_an_image_holds_twins() {
    let here = twins();
    here.write_job("keep_free = \"0\"");
    let image = here.path("ext4.img");
    let Some(_disk) = Mounted::image(here.destination(), &image, 64, &["mkfs.ext4", "-q"], "") else {
        return;
    };
    fs::remove_dir(here.destination().join("lost+found")).unwrap();
    sync_twice(&here);
    survives(&here);
}

/// Whether that directory takes two names for one.
fn is_one(dir: &Path, name: &str, other: &str) -> bool {
    fs::write(dir.join(name), "x").unwrap();
    let one = dir.join(other).exists();
    fs::remove_file(dir.join(name)).unwrap();
    one
}
