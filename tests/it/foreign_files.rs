//! What lies in the mirror and is not larder's: files of other people, links that lead elsewhere.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{NewPhoto, PhotoKind};

use crate::environment::TestEnvironment;
use crate::oracle;
use crate::tree::Tree;

/// 2024-07-14, noon UTC.
const NOON: i64 = 1_720_958_400_000;
const DAY: i64 = 86_400_000;

/// Two photos, `IMG_1.JPG` of 2024-07-14 and `IMG_2.JPG` of the day after.
fn two_photos() -> TestEnvironment {
    let here = TestEnvironment::signed_in(LibrarySpec::default());
    for (name, date) in [("IMG_1.JPG", NOON), ("IMG_2.JPG", NOON + DAY)] {
        here.add(NewPhoto {
            kind: PhotoKind::Jpeg,
            name: Some(name.into()),
            date_ms: Some(date),
            ..NewPhoto::default()
        });
    }
    fs::create_dir(here.path("elsewhere")).unwrap();
    here
}

#[test]
fn a_folder_that_is_a_link_is_not_followed() {
    let here = two_photos();
    fs::create_dir_all(here.destination().join("2024/07")).unwrap();
    symlink(here.path("elsewhere"), here.destination().join("2024/07/14")).unwrap();
    let ran = here.sync().expect(1);
    assert_eq!((ran.number("failed"), ran.number("fetched")), (1, 1));
    let why = ran.json()["failed_items"][0]["why"].as_str().unwrap().to_owned();
    assert!(why.contains("2024/07/14") && why.contains("symbolic link"), "{why}");
    assert_eq!(fs::read_dir(here.path("elsewhere")).unwrap().count(), 0);
    assert!(here.destination().join("2024/07/15/IMG_2.JPG").exists());

    fs::remove_file(here.destination().join("2024/07/14")).unwrap();
    here.sync().expect(0);
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
}

#[test]
fn a_folder_that_became_a_link_is_not_followed() {
    let here = two_photos();
    here.sync().expect(0);
    let day = here.destination().join("2024/07/14");
    fs::rename(&day, here.path("elsewhere/14")).unwrap();
    symlink(here.path("elsewhere/14"), &day).unwrap();
    here.add(NewPhoto { name: Some("IMG_3.JPG".into()), date_ms: Some(NOON), ..NewPhoto::default() });
    let ran = here.sync().expect(1);
    assert_eq!((ran.number("failed"), ran.number("fetched")), (1, 0));
    let names: Vec<_> =
        fs::read_dir(here.path("elsewhere/14")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["IMG_1.JPG"]);
}

#[test]
fn a_link_in_place_of_a_file_is_neither_followed_nor_replaced() {
    let here = two_photos();
    let target = here.path("elsewhere/precious.txt");
    fs::write(&target, "precious").unwrap();
    fs::create_dir_all(here.destination().join("2024/07/14")).unwrap();
    let link = here.destination().join("2024/07/14/IMG_1.JPG");
    symlink(&target, &link).unwrap();
    here.sync().expect(0);
    assert_eq!(fs::read_link(&link).unwrap(), target);
    assert_eq!(fs::read(&target).unwrap(), b"precious");
    fs::remove_file(&link).unwrap();
    let tree = Tree::read(&here.destination());
    assert_eq!(tree.files.len(), 2, "the photo has another name: {:?}", tree.files.keys());
}

#[test]
fn a_foreign_file_keeps_its_name_and_the_photo_gets_another() {
    let here = two_photos();
    fs::create_dir_all(here.destination().join("2024/07/14")).unwrap();
    let foreign = here.destination().join("2024/07/14/img_1.jpg");
    fs::write(&foreign, "not larder's").unwrap();
    fs::write(here.destination().join("2024/07/14/IMG_1.JPG"), "nor this").unwrap();
    here.sync().expect(0);
    here.sync().expect(0);
    assert_eq!(fs::read(&foreign).unwrap(), b"not larder's");
    assert_eq!(fs::read(here.destination().join("2024/07/14/IMG_1.JPG")).unwrap(), b"nor this");
    let tree = Tree::read(&here.destination());
    assert_eq!(tree.files.len(), 4, "{:?}", tree.files.keys());
    let sha256 = &oracle::mirror_of(&here.inventory())[0].files[0].sha256;
    let photo = tree.files.iter().find(|(_, found)| found.sha256 == *sha256).unwrap().0;
    assert!(photo.starts_with("2024/07/14/IMG_1-") && photo.len() == "2024/07/14/IMG_1-0A1B2C3D.JPG".len());
}

#[test]
fn a_foreign_file_of_the_very_size_keeps_its_name_although_no_checksum_tells_it_apart() {
    let here =
        TestEnvironment::signed_in(LibrarySpec { assets: 60, awkward: true, ..LibrarySpec::default() });
    let photos = oracle::mirror_of(&here.inventory());
    let mut foreign = Vec::new();
    for photo in photos.iter().filter(|photo| photo.files.iter().any(|file| !file.provable)) {
        let dir = here.destination().join(&photo.folder);
        fs::create_dir_all(&dir).unwrap();
        let path = dir.join(&photo.names("")[0]);
        fs::write(&path, vec![b'x'; photo.files[0].size.try_into().unwrap()]).unwrap();
        foreign.push(path);
    }
    assert_eq!(foreign.len(), 2);
    here.sync().expect(0);
    for path in foreign {
        assert!(fs::read(&path).unwrap().iter().all(|byte| *byte == b'x'), "{}", path.display());
        fs::remove_file(path).unwrap();
    }
    let found = Tree::read(&here.destination());
    let whole: Vec<&str> = found.files.values().map(|file| file.sha256.as_str()).collect();
    for file in oracle::files(&photos) {
        assert!(whole.contains(&file.sha256.as_str()), "{file:?} is missing");
    }
    assert_eq!(whole.len() as u64, oracle::count(&photos));
}

#[test]
fn a_file_that_somebody_puts_there_while_its_photo_comes_keeps_its_name() {
    let here = two_photos();
    here.control().set_latency(Duration::from_millis(300));
    let run = here.larder(&["sync", "--once", "--json"]).start();
    while here.content_requests() == 0 {
        std::thread::sleep(Duration::from_millis(2));
    }
    // The name was free when it was chosen.
    let theirs = here.destination().join("2024/07/14/IMG_1.JPG");
    fs::create_dir_all(theirs.parent().unwrap()).unwrap();
    fs::write(&theirs, "theirs").unwrap();
    here.control().set_latency(Duration::ZERO);
    let ran = run.wait().expect(1);
    assert_eq!((ran.number("failed"), ran.number("fetched")), (1, 1), "{}", ran.stdout);
    let ran = here.sync().expect(0);
    assert_eq!(fs::read_to_string(&theirs).unwrap(), "theirs");
    let mut tree = Tree::read(&here.destination());
    assert_eq!((ran.number("fetched") + ran.number("adopted"), tree.files.len()), (1, 3), "{}", ran.stdout);
    tree.files.remove("2024/07/14/IMG_1.JPG");
    let photo = tree.files.keys().find(|path| path.starts_with("2024/07/14/IMG_1-")).cloned();
    assert!(photo.is_some(), "{:?}", tree.files.keys());
}
