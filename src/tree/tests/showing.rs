//! Showing a file under a further path.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};

use super::{Destination, Mounted, rel};
use crate::tree::{Finish, TreeError};

/// A destination with one file.
fn one() -> Destination {
    let here = Destination::new();
    here.place("photo", "2024/IMG_1.HEIC").unwrap();
    here
}

#[test]
fn what_the_file_system_can_do_is_found_out_and_leaves_nothing() {
    let here = Destination::new();
    let abilities = here.root.abilities().unwrap();
    assert!(abilities.hardlink && abilities.symlink, "{abilities:?}");
    assert_eq!(here.root.abilities().unwrap(), abilities);
    assert!(here.incoming().is_empty());
}

#[test]
fn a_second_name_is_the_same_file() {
    let here = one();
    assert!(here.root.link(&rel("2024/IMG_1.HEIC"), &rel("Albums/Japan/IMG_1.HEIC")).unwrap());
    let facts = |path: &str| fs::metadata(here.path(path)).unwrap();
    assert_eq!(facts("2024/IMG_1.HEIC").ino(), facts("Albums/Japan/IMG_1.HEIC").ino());
    assert_eq!(facts("2024/IMG_1.HEIC").nlink(), 2);
}

#[test]
fn a_link_holds_its_target_and_can_be_removed() {
    let here = one();
    let path = rel("Albums/Japan/IMG_1.HEIC");
    assert!(here.root.symlink("../../2024/IMG_1.HEIC", &path).unwrap());
    assert_eq!(here.read("Albums/Japan/IMG_1.HEIC"), "photo");
    assert_eq!(here.root.link_target(&path).unwrap().as_deref(), Some("../../2024/IMG_1.HEIC"));
    assert_eq!(here.root.link_target(&rel("2024/IMG_1.HEIC")).unwrap(), None);
    assert_eq!(here.root.link_target(&rel("nowhere/x")).unwrap(), None);
    here.root.remove(&path).unwrap();
    assert_eq!(here.read("2024/IMG_1.HEIC"), "photo");
}

#[test]
fn a_copy_is_a_file_of_its_own_with_the_same_time() {
    let here = Destination::new();
    let mtime = Some("2019-05-06T07:08:09Z".parse().unwrap());
    here.root.place(here.staged("ab", "photo"), &rel("a"), Finish { mtime, ..Finish::default() }).unwrap();
    assert!(here.root.duplicate(&rel("a"), &rel("Albums/X/a"), false).unwrap());
    let facts = |path: &str| fs::metadata(here.path(path)).unwrap();
    assert_ne!(facts("a").ino(), facts("Albums/X/a").ino());
    assert_eq!(
        (here.read("Albums/X/a").as_str(), facts("a").mtime()),
        ("photo", facts("Albums/X/a").mtime())
    );
    assert!(here.incoming().is_empty());
    let can = here.root.abilities().unwrap().reflink;
    assert_eq!(here.root.duplicate(&rel("a"), &rel("Albums/X/b"), true).unwrap(), can);
    assert_eq!(here.path("Albums/X/b").exists(), can);
    assert!(here.incoming().is_empty());
}

#[test]
fn nothing_is_replaced_and_no_link_is_shown() {
    let here = one();
    fs::create_dir_all(here.path("Albums")).unwrap();
    fs::write(here.path("Albums/mine"), "mine").unwrap();
    let (from, to) = (rel("2024/IMG_1.HEIC"), rel("Albums/mine"));
    for result in
        [here.root.link(&from, &to), here.root.symlink("x", &to), here.root.duplicate(&from, &to, false)]
    {
        assert!(matches!(result, Err(TreeError::AlreadyThere { .. })), "{result:?}");
    }
    assert_eq!(here.read("Albums/mine"), "mine");
    assert!(here.incoming().is_empty());
    symlink("IMG_1.HEIC", here.path("2024/link")).unwrap();
    let result = here.root.link(&rel("2024/link"), &rel("Albums/link"));
    assert!(matches!(result, Err(TreeError::Link { .. })), "{result:?}");
    assert!(here.root.link(&from, &rel(".larder/x")).is_err());
}

#[test]
fn between_two_file_systems_there_are_no_second_names() {
    let here = one();
    fs::create_dir(here.path("Albums")).unwrap();
    let path = here.path("Albums");
    let Some(_mounted) = Mounted::at(&path, "size=1m") else { return };
    let (from, to) = (rel("2024/IMG_1.HEIC"), rel("Albums/X/IMG_1.HEIC"));
    assert!(!here.root.link(&from, &to).unwrap());
    assert!(here.root.duplicate(&from, &to, false).unwrap());
    assert_eq!(here.read("Albums/X/IMG_1.HEIC"), "photo");
    assert!(here.incoming().is_empty());
}

#[test]
fn what_larder_wrote_itself_is_renewed_without_an_attic() {
    let here = Destination::new();
    let date = jiff::civil::date(2024, 1, 2);
    for text in ["one", "two"] {
        here.root.renew(here.staged("ab", text), &rel("Albums/X.m3u8"), date, Finish::default()).unwrap();
        assert_eq!(here.read("Albums/X.m3u8"), text);
    }
    assert!(here.incoming().is_empty() && !here.path(".larder/attic").exists());
}
