//! `larder restore`: what left the mirror comes back, and stays.

mod trouble;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{Mutation, NewPhoto, PhotoKind};
use jiff::Timestamp;

use crate::environment::{Ran, TestEnvironment, bytes_below};
use crate::oracle;
use crate::tree::Tree;

/// 2024-07-14, noon UTC.
const NOON: i64 = 1_720_958_400_000;

fn mirrored() -> TestEnvironment {
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 30, ..LibrarySpec::default() });
    here.sync().expect(0);
    here
}

/// A photo of 2024-07-14.
fn photo(here: &TestEnvironment, kind: PhotoKind, name: &str) -> String {
    let (name, date_ms) = (Some(name.to_owned()), Some(NOON));
    here.add(NewPhoto { kind, name, date_ms, ..NewPhoto::default() })
}

/// Deletes a photo in iCloud and follows.
fn delete(here: &TestEnvironment, asset: &str) {
    here.change(Mutation::Delete { asset: asset.to_owned() });
    here.sync().expect(0);
}

fn restore(here: &TestEnvironment, arguments: &[&str]) -> Ran {
    here.larder(&[&["restore", "--json"], arguments].concat()).run()
}

/// Path and outcome of each file.
fn outcomes(ran: &Ran) -> Vec<(String, String)> {
    let files = ran.json()["files"].as_array().unwrap().clone();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let mut all: Vec<_> = files.iter().map(|file| (text(&file["path"]), text(&file["outcome"]))).collect();
    all.sort();
    all
}

fn outcome(path: &str, outcome: &str) -> (String, String) {
    (path.to_owned(), outcome.to_owned())
}

/// Names in the attic, of directories too.
fn attic(here: &TestEnvironment) -> usize {
    let dir = here.destination().join(".larder/attic");
    if dir.exists() { fs::read_dir(&dir).unwrap().count() } else { 0 }
}

/// Runs that fetch nothing and leave the tree as it is, also when every photo is looked at anew.
#[track_caller]
fn runs_leave_it_alone(here: &TestEnvironment) {
    let before = Tree::read(&here.destination());
    here.control().reset_counters();
    for job in ["", "", "raw = false", ""] {
        here.write_job(job);
        here.sync().expect(0);
        Tree::read(&here.destination()).must_equal(&before);
    }
    here.write_job("\n[removed]\npolicy = \"delete\"\nstop_above = \"0\"");
    here.sync().expect(0);
    here.write_job("");
    Tree::read(&here.destination()).must_equal(&before);
    assert_eq!(here.content_requests(), 0);
}

#[test]
fn a_file_comes_back_as_it_was_and_stays() {
    let here = mirrored();
    let asset = photo(&here, PhotoKind::Live, "A.HEIC");
    here.sync().expect(0);
    let before = Tree::read(&here.destination());
    delete(&here, &asset);
    assert_eq!(attic(&here), 1);
    here.control().reset_counters();
    let foreseen = restore(&here, &["2024/07/14/A.HEIC", "--dry-run"]).expect(0);
    assert_eq!(outcomes(&foreseen), [outcome("2024/07/14/A.HEIC", "would_restore")]);
    assert!(!here.destination().join("2024/07/14/A.HEIC").exists());
    for name in ["A.HEIC", "A.MOV"] {
        // Where nobody answers.
        let ran = here
            .larder(&["restore", &format!("2024/07/14/{name}")])
            .env("LARDER_ENDPOINT", "http://127.0.0.1:9");
        let ran = ran.run().expect(0);
        assert!(ran.stdout.contains(&format!("Restored        2024/07/14/{name}")), "{}", ran.stdout);
    }
    assert_eq!(here.control().counters().requests_to(""), 0);
    Tree::read(&here.destination()).must_equal(&before);
    assert_eq!(attic(&here), 0, "no empty folder is left");
    let history = here.larder(&["history", "--json", "2024/07/14/A.MOV"]).run().expect(0).json();
    assert_eq!(history["events"].as_array().unwrap().last().unwrap()["what"], "restored");
    runs_leave_it_alone(&here);

    let again = restore(&here, &["2024/07/14/A.HEIC"]).expect(1);
    assert!(again.stderr.contains("Nothing of `2024/07/14/A.HEIC` is in the attic"), "{}", again.stderr);
    here.change(Mutation::Restore { asset: asset.clone() });
    here.control().reset_counters();
    here.sync().expect(0);
    assert_eq!(here.content_requests(), 0);
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
    delete(&here, &asset);
    Tree::read(&here.destination()).must_equal(&before);
    let (date_ms, time_zone_offset) = (Some(NOON + 86_400_000), Some(0));
    here.change(Mutation::Restore { asset: asset.clone() });
    here.change(Mutation::SetDate { asset: asset.clone(), date_ms, time_zone_offset });
    here.sync().expect(0);
    assert!(here.destination().join("2024/07/15/A.MOV").exists());
    delete(&here, &asset);
    assert!(here.destination().join("2024/07/15/A.MOV").exists(), "it stays wherever it moved");
}

#[test]
fn a_folder_or_all_that_left_since_a_time_comes_back() {
    let here = mirrored();
    let assets = ["A.HEIC", "B.HEIC", "C.HEIC"].map(|name| photo(&here, PhotoKind::Edited, name));
    let other = here.add(NewPhoto { date_ms: Some(NOON - 86_400_000), ..NewPhoto::default() });
    here.sync().expect(0);
    let before = Tree::read(&here.destination());
    delete(&here, &other);
    std::thread::sleep(Duration::from_millis(5));
    let then = Timestamp::now().to_string();
    let since = ["--since", then.as_str()];
    assert!(outcomes(&restore(&here, &since).expect(0)).is_empty());
    // With the state lost, only the day is known on which something left.
    for way in
        [&since[..], &["2024/07/14", since[0], since[1]], &["2024/07/14"], &["2024/07/14", "2024/07/14/"]]
    {
        for asset in &assets {
            here.change(Mutation::Delete { asset: asset.clone() });
        }
        here.sync().expect(0);
        let ran = restore(&here, way);
        assert_eq!(ran.json()["totals"]["restored"], 6, "{}", ran.stdout);
        // A pinned file never leaves again, so that the next way begins with a new state.
        here.lose_state();
        for asset in &assets {
            here.change(Mutation::Restore { asset: asset.clone() });
        }
        here.sync().expect(0);
    }
    restore(&here, &["2024/07/13"]).expect(0);
    Tree::read(&here.destination()).must_equal(&before);
    assert_eq!(attic(&here), 0);
}

#[test]
fn the_rendition_of_an_edit_that_was_taken_back_stays_when_a_person_wants_it() {
    let here = mirrored();
    let asset = photo(&here, PhotoKind::Heic, "A.HEIC");
    here.change(Mutation::Edit { asset: asset.clone() });
    here.sync().expect(0);
    let path = "2024/07/14/A-edited.JPG";
    let edited = fs::read(here.destination().join(path)).unwrap();
    here.change(Mutation::Revert { asset: asset.clone() });
    assert_eq!(here.sync().expect(0).number("removed"), 1);
    let last = |here: &TestEnvironment| {
        let history = here.larder(&["history", "--json", path]).run().expect(0).json();
        let event = history["events"].as_array().unwrap().last().unwrap().clone();
        format!("{} {}", event["what"].as_str().unwrap(), event["why"].as_str().unwrap())
    };
    assert_eq!(last(&here), "left reverted");
    restore(&here, &[path]).expect(0);
    assert_eq!(last(&here), "restored asked");
    runs_leave_it_alone(&here);
    here.change(Mutation::Edit { asset });
    here.sync().expect(0);
    assert_ne!(fs::read(here.destination().join(path)).unwrap(), edited);
    assert_eq!(last(&here), "changed edited");
}

#[test]
fn what_a_person_brought_back_is_not_given_to_another_photo() {
    let here = mirrored();
    let asset = photo(&here, PhotoKind::Heic, "A.HEIC");
    here.sync().expect(0);
    let path = here.destination().join("2024/07/14/A.HEIC");
    let twin = here.change(Mutation::Duplicate { asset: asset.clone() });
    here.change(Mutation::SetDate {
        asset: twin["asset"].as_str().unwrap().to_owned(),
        date_ms: Some(NOON + 86_400_000),
        time_zone_offset: Some(0),
    });
    here.change(Mutation::Delete { asset: twin["asset"].as_str().unwrap().to_owned() });
    delete(&here, &asset);
    restore(&here, &["2024/07/14/A.HEIC"]).expect(0);
    here.change(Mutation::Restore { asset: twin["asset"].as_str().unwrap().to_owned() });
    here.control().reset_counters();
    assert_eq!(here.sync().expect(0).number("adopted"), 1);
    assert_eq!(here.content_requests(), 0);
    assert!(path.exists(), "it was copied, not moved");
    assert_eq!(fs::read(path).unwrap(), fs::read(here.destination().join("2024/07/15/A.HEIC")).unwrap());
}

#[test]
fn what_is_there_is_never_overwritten() {
    let here = mirrored();
    let assets = ["A.HEIC", "B.HEIC", "C.HEIC"].map(|name| photo(&here, PhotoKind::Heic, name));
    here.sync().expect(0);
    for asset in &assets {
        here.change(Mutation::Delete { asset: asset.clone() });
    }
    here.sync().expect(0);
    let day = here.destination().join("2024/07/14");
    fs::create_dir_all(day.join("C.HEIC")).unwrap();
    fs::write(day.join("B.HEIC"), "foreign").unwrap();
    fs::write(day.join("C.HEIC/inside"), "foreign").unwrap();
    let expected = [
        outcome("2024/07/14/A.HEIC", "restored"),
        outcome("2024/07/14/B.HEIC", "taken"),
        outcome("2024/07/14/C.HEIC", "taken"),
    ];
    let ran = restore(&here, &["2024/07/14"]).expect(1);
    assert_eq!(outcomes(&ran), expected);
    assert_eq!(fs::read(day.join("B.HEIC")).unwrap(), b"foreign");
    assert_eq!(fs::read(day.join("C.HEIC/inside")).unwrap(), b"foreign");
    assert_eq!(bytes_below(&here.destination().join(".larder/attic")).len(), 2);
    let text = here.larder(&["restore", "2024/07/14"]).run().expect(1).stdout;
    assert!(text.contains("Taken           2024/07/14/B.HEIC: something is there already"), "{text}");
    runs_leave_it_alone(&here);

    // Undeleted in iCloud, it gets another name beside what is there.
    here.change(Mutation::Restore { asset: assets[1].clone() });
    here.control().reset_counters();
    here.sync().expect(0);
    assert_eq!(here.content_requests(), 0);
    assert_eq!(fs::read(day.join("B.HEIC")).unwrap(), b"foreign");
    let marked = fs::read_dir(&day).unwrap().filter(|entry| {
        let name = entry.as_ref().unwrap().file_name().into_string().unwrap();
        name.starts_with("B-")
    });
    assert_eq!(marked.count(), 1);
}

#[test]
fn a_hidden_photo_comes_back_hidden() {
    for lost in [false, true] {
        let here = TestEnvironment::signed_in(LibrarySpec::default());
        let asset = photo(&here, PhotoKind::Heic, "A.HEIC");
        here.change(Mutation::SetHidden { asset: asset.clone(), on: true });
        here.sync().expect(0);
        let before = Tree::read(&here.destination());
        assert!(before.files.contains_key("Hidden/2024/07/14/A.HEIC"));
        delete(&here, &asset);
        assert!(!here.destination().join("Hidden").exists());
        if lost {
            here.lose_state();
        }
        let to = here.path("copies");
        restore(&here, &["Hidden", "--to", to.to_str().unwrap()]).expect(0);
        restore(&here, &["Hidden/2024/07/14"]).expect(0);
        Tree::read(&here.destination()).must_equal(&before);
        for top in [here.destination(), to] {
            let mode = |path: &str| fs::metadata(top.join(path)).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode("Hidden/2024/07/14/A.HEIC"), mode("Hidden")), (0o600, 0o700));
        }
    }
}

#[test]
fn the_version_of_a_time_is_copied_elsewhere() {
    let here = mirrored();
    let asset = photo(&here, PhotoKind::Heic, "A.HEIC");
    let path = "2024/07/14/A-edited.JPG";
    let (mut times, mut versions) = (vec![Timestamp::now().to_string()], vec![]);
    for _ in 0..3 {
        std::thread::sleep(Duration::from_millis(5));
        here.change(Mutation::Edit { asset: asset.clone() });
        here.sync().expect(0);
        std::thread::sleep(Duration::from_millis(5));
        times.push(Timestamp::now().to_string());
        versions.push(fs::read(here.destination().join(path)).unwrap());
    }
    let mtime = fs::metadata(here.destination().join(path)).unwrap().modified().unwrap();
    let before = bytes_below(&here.destination());
    for (number, time) in times.iter().enumerate() {
        let to = here.path(&format!("copies/{number}"));
        let arguments = [path, "--at", time, "--to", to.to_str().unwrap()];
        // Before the first edit there was none; the last one is in its place.
        if number == 0 || number == 3 {
            let ran = restore(&here, &arguments).expect(1);
            assert!(ran.stderr.contains("that was there at that time"), "{}", ran.stderr);
            assert!(!to.join("A-edited.JPG").exists());
            continue;
        }
        restore(&here, &[&arguments[..], &["--dry-run"]].concat()).expect(0);
        assert!(!to.exists());
        restore(&here, &arguments).expect(0);
        let copy = to.join("A-edited.JPG");
        assert_eq!(fs::read(&copy).unwrap(), versions[number - 1]);
        assert_eq!(fs::metadata(&copy).unwrap().modified().unwrap(), mtime);
        let again = restore(&here, &arguments).expect(1);
        assert_eq!(outcomes(&again), [outcome(path, "taken")]);
        restore(&here, &["2024/07", "--at", time, "--to", to.to_str().unwrap()]).expect(0);
        assert_eq!(fs::read(to.join("07/14/A-edited.JPG")).unwrap(), versions[number - 1]);
    }
    assert_eq!(bytes_below(&here.destination()).len(), before.len(), "the attic stays as it is");
    let own = here.destination().join(".larder/x");
    restore(&here, &[path, "--to", own.to_str().unwrap()]).expect(2);
    assert!(!own.exists());
    // In its place there is a newer one.
    let ran = restore(&here, &[path, "--at", &times[1]]).expect(1);
    assert_eq!(outcomes(&ran), [outcome(path, "taken")]);

    delete(&here, &asset);
    restore(&here, &[path, "--at", &times[1]]).expect(0);
    assert_eq!(fs::read(here.destination().join(path)).unwrap(), versions[0]);
    runs_leave_it_alone(&here);
    here.change(Mutation::Restore { asset });
    here.control().reset_counters();
    here.sync().expect(0);
    assert_eq!(here.content_requests(), 0);
    assert_eq!(fs::read(here.destination().join(path)).unwrap(), versions[0], "it is the person's");
    let all = bytes_below(&here.destination().join("2024/07/14"));
    assert!(all.iter().any(|(_, bytes)| *bytes == versions[2]), "the present edit lies beside it");
}

#[test]
fn a_file_that_was_set_aside_comes_back_as_the_persons_own() {
    let here = mirrored();
    let asset = photo(&here, PhotoKind::Heic, "A.HEIC");
    here.sync().expect(0);
    let file = here.destination().join("2024/07/14/A.HEIC");
    fs::write(&file, "mine").unwrap();
    delete(&here, &asset);
    assert!(!file.exists());
    restore(&here, &["2024/07/14/A.HEIC"]).expect(0);
    runs_leave_it_alone(&here);
    here.change(Mutation::Restore { asset });
    here.sync().expect(0);
    assert_eq!(fs::read(&file).unwrap(), b"mine");
    let sha256 = &oracle::mirror_of(&here.inventory()).pop().unwrap().files[0].sha256;
    let tree = Tree::read(&here.destination());
    let beside = tree.files.iter().find(|(_, found)| found.sha256 == *sha256).unwrap().0;
    assert!(beside.starts_with("2024/07/14/A-"), "{beside}");
}
