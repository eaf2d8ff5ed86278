//! What cannot be repaired from iCloud: photos that are gone there, files that nobody may read, what is disputed.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{Mutation, PhotoKind};

use super::{attic, flip, found, mirrored, outcomes, photo, small, verify};
use crate::environment::TestEnvironment;
use crate::oracle;
use crate::tree::Tree;

/// A photo that was deleted in iCloud and whose files stay, with its path.
fn kept(here: &TestEnvironment, name: &str) -> std::path::PathBuf {
    here.write_job("\n[removed]\npolicy = \"keep\"");
    let asset = photo(here, PhotoKind::Heic, name);
    here.sync().expect(0);
    here.change(Mutation::Delete { asset });
    here.sync().expect(0);
    here.destination().join("2024/07/14").join(name)
}

#[test]
fn a_photo_that_is_gone_in_icloud_stays_as_it_is_when_nobody_has_it() {
    let here = mirrored(small());
    let file = kept(&here, "A.HEIC");
    let damaged = flip(&file, 50);
    for _ in 0..2 {
        let ran = verify(&here, &["--repair"]).expect(1);
        assert_eq!(outcomes(&ran)["2024/07/14/A.HEIC"], "not_repaired");
        let why = ran.json()["mended"][0]["why"].as_str().unwrap().to_owned();
        assert!(why.contains("deleted in iCloud") && why.contains("stays as it is"), "{why}");
        assert_eq!(fs::read(&file).unwrap(), damaged);
        assert!(attic(&here).is_empty());
    }
    let status = here.larder(&["status", "--json"]).run().expect(0);
    assert_eq!(status.json()["wrong_items"][0]["item"], "2024/07/14/A.HEIC");
    fs::remove_file(&file).unwrap();
    let ran = verify(&here, &["--repair"]).expect(1);
    assert_eq!(outcomes(&ran)["2024/07/14/A.HEIC"], "lost");
    // Told once: there is nothing that could be done about it.
    verify(&here, &["--repair"]).expect(0);
}

#[test]
fn what_icloud_has_no_more_is_copied_from_elsewhere_on_this_disk() {
    let here = mirrored(small());
    let file = kept(&here, "A.HEIC");
    let good = fs::read(&file).unwrap();
    let mtime = fs::metadata(&file).unwrap().mtime();
    let today = jiff::Timestamp::now().to_zoned_datetime(jiff::tz::TimeZone::UTC).date();
    for elsewhere in ["copies/of mine.heic".to_owned(), format!(".larder/attic/{today}/x/y.heic")] {
        let copy = here.destination().join(elsewhere);
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::write(&copy, &good).unwrap();
        // Of the same length, and not it.
        fs::write(copy.with_extension("other"), vec![7; good.len()]).unwrap();
        let damaged = flip(&file, 50);
        here.control().reset_counters();
        let ran = verify(&here, &["--repair"]).expect(0);
        assert_eq!(outcomes(&ran)["2024/07/14/A.HEIC"], "repaired", "{}", ran.stdout);
        assert_eq!(here.content_requests(), 0);
        assert_eq!(fs::read(&file).unwrap(), good);
        assert_eq!(fs::metadata(&file).unwrap().mtime(), mtime);
        assert!(attic(&here).iter().any(|(_, bytes)| *bytes == damaged));
        fs::remove_file(&copy).unwrap();
        verify(&here, &[]).expect(0);
    }
}

#[test]
fn a_duplicate_in_the_mirror_saves_the_download() {
    let here = mirrored(small());
    let asset = photo(&here, PhotoKind::Heic, "A.HEIC");
    here.change(Mutation::Duplicate { asset });
    here.sync().expect(0);
    let before = Tree::read(&here.destination());
    flip(&here.destination().join("2024/07/14/A.HEIC"), 9);
    here.control().reset_counters();
    let ran = verify(&here, &["--repair"]).expect(0);
    assert_eq!((ran.number("repaired"), here.content_requests()), (1, 0), "{}", ran.stdout);
    Tree::read(&here.destination()).must_equal(&before);
}

#[test]
fn what_the_job_file_leaves_out_is_told_and_left() {
    let here = mirrored(small());
    photo(&here, PhotoKind::Mov, "A.MOV");
    here.sync().expect(0);
    here.write_job("videos = false");
    here.sync().expect(0);
    let file = here.destination().join("2024/07/14/A.MOV");
    let damaged = flip(&file, 50);
    let ran = verify(&here, &["2024/07/14", "--repair"]).expect(1);
    assert!(ran.stdout.contains("the job file leaves its photo out (`videos`)"), "{}", ran.stdout);
    assert_eq!(fs::read(&file).unwrap(), damaged);
    here.write_job("");
    verify(&here, &["2024/07/14", "--repair"]).expect(0);
    assert_ne!(fs::read(&file).unwrap(), damaged);
}

#[test]
fn what_is_disputed_is_tried_again_without_churn() {
    let here = mirrored(LibrarySpec { disputed: true, ..small() });
    let photos = oracle::mirror_of(&here.inventory());
    assert_eq!(oracle::disputed(&photos), 1);
    let before = Tree::read(&here.destination());
    let ran = verify(&here, &[]).expect(0);
    assert_eq!(ran.number("disputed"), 1);
    assert_eq!(here.control().counters().requests_to(""), 0);
    let ran = verify(&here, &["--repair"]).expect(0);
    assert_eq!(here.content_requests(), 2, "twice, as the first time");
    assert_eq!(outcomes(&ran).into_values().collect::<Vec<_>>(), ["disputed"]);
    Tree::read(&here.destination()).must_equal(&before);
    assert!(attic(&here).is_empty(), "the same bytes replace nothing");
    here.control().reset_counters();
    here.sync().expect(0);
    assert_eq!(here.content_requests(), 0);
}

#[test]
fn a_file_that_nobody_may_read_is_named_and_the_others_are_read() {
    let here = mirrored(small());
    photo(&here, PhotoKind::Heic, "A.HEIC");
    here.sync().expect(0);
    let file = here.destination().join("2024/07/14/A.HEIC");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&file).is_ok() {
        println!("skipped: root reads everything");
        return;
    }
    let ran = verify(&here, &[]).expect(1);
    assert_eq!(found(&ran)["2024/07/14/A.HEIC"], "unreadable");
    assert_eq!(ran.number("files"), Tree::read(&here.destination()).files.len() as u64);
    verify(&here, &["--repair"]).expect(0);
    assert!(fs::read(&file).is_ok());
}

#[test]
fn a_disk_that_is_not_there_has_no_missing_files() {
    let here = mirrored(small());
    fs::rename(here.destination(), here.path("elsewhere")).unwrap();
    fs::create_dir(here.destination()).unwrap();
    let ran = verify(&here, &["--repair"]).expect(6);
    assert!(ran.stderr.contains("is not the disk that larder knows"), "{}", ran.stderr);
    assert_eq!(here.larder(&["status", "--json"]).run().expect(0).number("wrong"), 0);
    assert_eq!(fs::read_dir(here.destination()).unwrap().count(), 0);
}

#[test]
fn the_album_entries_of_a_repaired_file_show_the_new_one() {
    let here = TestEnvironment::signed_in(small());
    let album = here.change(Mutation::AddAlbum { name: Some("Porto".into()), parent: None, folder: false });
    let asset = photo(&here, PhotoKind::Heic, "A.HEIC");
    let album = album["album"].as_str().unwrap().to_owned();
    here.change(Mutation::AddMember { album, asset });
    here.write_job("[photos.albums]\nview = \"hardlink\"");
    here.sync().expect(0);
    let file = here.destination().join("2024/07/14/A.HEIC");
    let entry = here.destination().join("Albums/Porto/A.HEIC");
    let good = fs::read(&file).unwrap();
    assert_eq!(fs::metadata(&entry).unwrap().ino(), fs::metadata(&file).unwrap().ino());
    flip(&file, 33);
    let ran = verify(&here, &["--repair"]).expect(0);
    assert_eq!((ran.number("repaired"), ran.number("foreign")), (1, 0), "{}", ran.stdout);
    assert_eq!(fs::read(&file).unwrap(), good);
    assert_eq!(fs::metadata(&entry).unwrap().ino(), fs::metadata(&file).unwrap().ino());
    assert_eq!(fs::metadata(&entry).unwrap().nlink(), 2);
}
