//! The drive that a description makes.

use super::super::{Drive, DriveSpec, FileEntry, Place, ROOT, TRASH};
use super::list;
use std::collections::BTreeSet;
use unicode_normalization::UnicodeNormalization as _;

fn spec() -> DriveSpec {
    DriveSpec { files: 300, packages: 30, folders: 40, depth: 4, libraries: 3, ..DriveSpec::default() }
}

#[test]
fn a_description_makes_the_same_drive_each_time_and_another_with_another_seed() {
    let one = Drive::new(&spec()).inventory();
    assert_eq!(one, Drive::new(&spec()).inventory());
    assert_ne!(one, Drive::new(&DriveSpec { seed: 2, ..spec() }).inventory());
}

#[test]
fn it_holds_what_was_asked_for() {
    let inventory = Drive::new(&spec()).inventory();
    assert_eq!(inventory.files.len(), 300);
    assert_eq!(inventory.files.iter().filter(|file| file.package.is_some()).count(), 30);
    assert_eq!(inventory.folders.len(), 40 + 3);
    let deepest = inventory.folders.iter().map(|folder| folder.path.len()).max();
    assert_eq!(deepest, Some(4));
    let in_libraries = inventory.files.iter().filter(|file| matches!(file.place, Place::AppLibrary { .. }));
    assert!(in_libraries.count() > 5);
    let names: BTreeSet<&Vec<String>> = inventory.files.iter().map(|file| &file.path).collect();
    assert_eq!(names.len(), 300, "no two of one name");
    assert!(inventory.files.iter().all(|file| file.downloadable && file.modified_ms < spec().now_ms));
}

#[test]
fn a_large_one_is_made_quickly() {
    let spec = DriveSpec { files: 20_000, folders: 2_000, ..DriveSpec::default() };
    let mut drive = Drive::new(&spec);
    assert_eq!(list(&mut drive, &[ROOT])[0]["fileCount"], 20_000);
}

#[test]
fn the_awkward_one_has_every_trouble_in_it() {
    let mut drive = Drive::new(&DriveSpec { files: 1, awkward: true, ..DriveSpec::default() });
    let inventory = drive.inventory();
    let names: Vec<&str> = inventory.files.iter().map(FileEntry::name).collect();
    for wanted in
        [".gitignore", ".env", "CON.txt", "..", "a/b.txt", "nul\0byte.txt", "archive.tar.xz", "twin.txt"]
    {
        assert!(names.contains(&wanted), "{wanted:?}");
    }
    let nfc: BTreeSet<String> = names.iter().map(|name| name.nfc().collect()).collect();
    assert!(nfc.len() < names.len());
    assert!(names.iter().any(|name| name.len() == 255) && names.iter().any(|name| name.len() > 255));
    let count =
        |wanted: &dyn Fn(&FileEntry) -> bool| inventory.files.iter().filter(|file| wanted(file)).count();
    assert!(count(&|file| file.listed_size.is_none() && file.size == 0) >= 2);
    assert!(count(&|file| file.listed_size.is_none() && file.size > 0) >= 2);
    assert!(count(&|file| file.kind != "FILE") == 3);
    assert!(count(&|file| file.place == Place::SharedByOther) == 3);
    assert!(count(&|file| file.package.as_ref().is_some_and(Vec::is_empty)) == 1);
    assert!(count(&|file| file.kind == "FILE" && !file.downloadable) == 4, "of others, and one that waits");
    let libraries = inventory.folders.iter().filter(|folder| folder.kind == "APP_LIBRARY");
    let mut shown: Vec<&String> = libraries.map(|library| &library.path[0]).collect();
    shown.sort();
    assert_eq!(shown, ["Game", "Notes", "Notes"]);
    assert!(inventory.folders.iter().any(|folder| folder.children == 0));
    assert_eq!(list(&mut drive, &[TRASH])[0]["numberOfItems"], 2);
}
