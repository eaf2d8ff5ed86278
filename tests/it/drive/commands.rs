//! The commands about what is mirrored know Drive: status, verify, history, restore, have.

use std::fs;

use icloud_sim::drive::ROOT;
use serde_json::json;

use super::{DriveEnvironment, furnish};
use crate::environment::{Ran, bytes_below};

pub(super) fn mirrored() -> DriveEnvironment {
    let here = DriveEnvironment::new();
    here.drive(furnish);
    here.sync();
    here
}

/// As [`mirrored`], with a mirror of photos beside it.
pub(super) fn both() -> DriveEnvironment {
    let here = DriveEnvironment::new();
    here.drive(furnish);
    let apple_id = here.0.control().account(|account| account.apple_id.clone());
    let (photos, drive) = (here.0.destination(), here.destination());
    fs::create_dir_all(&photos).unwrap();
    let text = format!(
        "[account]\napple_id = \"{apple_id}\"\n[photos]\ndestination = {photos:?}\nkeep_free = \"0\"\n\
         [drive]\ndestination = {drive:?}\nkeep_free = \"0\"\n"
    );
    fs::write(here.0.job_file(), text).unwrap();
    here.sync();
    here
}

pub(super) fn larder(here: &DriveEnvironment, arguments: &[&str]) -> Ran {
    here.0.larder(&[arguments, &["--json"]].concat()).run()
}

#[test]
fn status_counts_files_and_folders_and_names_both_parts() {
    let here = mirrored();
    let status = larder(&here, &["status"]).expect(0).json();
    let inventory = here.0.control().drive_inventory();
    assert_eq!(status["part"], "drive");
    assert_eq!(status["documents"], json!(inventory.files.len()));
    assert_eq!(status["folders"], json!(inventory.folders.len()));
    assert_eq!((&status["files"], &status["missing"]), (&json!(inventory.files.len()), &json!(0)));
    let deep = here.drive(|drive| drive.find(&["Documents", "Zoë's trips"]).unwrap());
    here.drive(|drive| drive.trash(&deep).unwrap());
    here.sync();
    let later = larder(&here, &["status"]).expect(0).json();
    assert_eq!(later["documents"].as_u64().unwrap() + 12, status["documents"].as_u64().unwrap());
    assert_eq!(later["folders"].as_u64().unwrap() + 2, status["folders"].as_u64().unwrap());

    let here = both();
    let status = larder(&here, &["status"]).expect(0).json();
    assert_eq!((&status["part"], &status["drive"]["part"]), (&json!("photos"), &json!("drive")));
    let text = here.0.larder(&["status"]).run().expect(0).stdout;
    assert!(text.contains("iCloud Photos\n") && text.contains("iCloud Drive\n"), "{text}");
    let only = larder(&here, &["status", "--only", "drive"]).expect(0).json();
    assert_eq!((&only["part"], only.get("drive")), (&json!("drive"), None));
}

#[test]
fn damage_and_losses_are_found_and_fetched_again() {
    let here = mirrored();
    let trips = here.destination().join("Documents/Zoë's trips");
    let good = fs::read(trips.join("note 3.txt")).unwrap();
    let time = fs::metadata(trips.join("note 3.txt")).unwrap().modified().unwrap();
    let bad: Vec<u8> = good.iter().map(|byte| byte ^ 1).collect();
    fs::write(trips.join("note 3.txt"), &bad).unwrap();
    fs::File::options().write(true).open(trips.join("note 3.txt")).unwrap().set_modified(time).unwrap();
    fs::remove_file(trips.join("note 4.txt")).unwrap();
    let found = larder(&here, &["verify"]).expect(1).json();
    assert_eq!(found["part"], "drive");
    assert_eq!((&found["damaged"], &found["missing"]), (&json!(1), &json!(1)), "{found}");
    // Only what was asked for is read.
    let one = larder(&here, &["verify", "Documents/large.bin"]).expect(0).json();
    assert_eq!(one["files"], 1);
    here.0.control().reset_counters();
    let mended = larder(&here, &["verify", "--repair"]).expect(0).json();
    assert_eq!((&mended["repaired"], &mended["not_repaired"]), (&json!(2), &json!(0)), "{mended}");
    assert_eq!(here.bodies(), 2);
    here.must_hold();
    let attic = bytes_below(&here.destination().join(".larder/attic"));
    assert_eq!(attic.into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>(), [bad]);
    assert_eq!(larder(&here, &["verify"]).expect(0).json()["damaged"], 0);
}

#[test]
fn what_went_bad_is_found_at_night_and_fetched_again() {
    let here = mirrored();
    let job = fs::read_to_string(here.0.job_file()).unwrap();
    fs::write(here.0.job_file(), format!("{job}\n[verify]\nnightly = \"1/1\"\n")).unwrap();
    let path = here.destination().join("Documents/large.bin");
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    fs::write(&path, vec![8_u8; 900_000]).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    let ran = here.sync();
    assert_eq!((ran.json()["reread"]["wrong"].clone(), here.bodies()), (json!(1), 1), "{}", ran.stdout);
    here.must_hold();
}

#[test]
fn a_damaged_file_that_is_gone_from_icloud_is_told_and_not_fetched() {
    let here = mirrored();
    let file = here.drive(|drive| drive.find(&["Documents", "large.bin"]).unwrap());
    let job = fs::read_to_string(here.0.job_file()).unwrap();
    fs::write(here.0.job_file(), format!("{job}\n[removed]\npolicy = \"keep\"\n")).unwrap();
    here.drive(|drive| drive.trash(&file).unwrap());
    here.sync();
    let path = here.destination().join("Documents/large.bin");
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    fs::write(&path, vec![8_u8; 900_000]).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    let report = larder(&here, &["verify", "--repair"]).expect(1).json();
    assert_eq!((&report["damaged"], &report["not_repaired"]), (&json!(1), &json!(1)), "{report}");
    assert!(report["mended"][0]["why"].as_str().unwrap().contains("deleted in iCloud"), "{report}");
}

#[test]
fn history_tells_of_files_of_drive() {
    let here = both();
    let note = here.drive(|drive| drive.find(&["Documents", "Zoë's trips", "note 3.txt"]).unwrap());
    here.drive(|drive| drive.rename(&note, "renamed.txt").unwrap());
    here.sync();
    let path = here.destination().join("Documents/Zoë's trips/renamed.txt");
    let told = larder(&here, &["history", path.to_str().unwrap()]).expect(0).json();
    let words: Vec<_> =
        told["events"].as_array().unwrap().iter().map(|event| event["what"].clone()).collect();
    assert_eq!(words, ["came", "moved"]);
    assert_eq!(told["events"][1]["part"], "drive");
    let all = larder(&here, &["history", "--only", "drive"]).expect(0).json();
    assert!(all["events"].as_array().unwrap().iter().all(|event| event["part"] == "drive"));
    // The path alone does not tell which mirror is meant, unless it lies in one of them.
    let ran = larder(&here, &["history", "nowhere.txt"]).expect(2);
    assert!(ran.stderr.contains("--only drive"), "{}", ran.stderr);
    larder(&here, &["history", "Documents/large.bin"]).expect(0);
}

#[test]
fn what_left_is_brought_back_and_stays() {
    let here = mirrored();
    let before = here.tree();
    let deep = here.drive(|drive| drive.find(&["Documents", "Zoë's trips"]).unwrap());
    let large = here.drive(|drive| drive.find(&["Documents", "large.bin"]).unwrap());
    here.drive(|drive| drive.trash(&deep).unwrap());
    here.drive(|drive| drive.trash(&large).unwrap());
    here.sync();
    let back = larder(&here, &["restore", "Documents/Zoë's trips"]).expect(0).json();
    assert_eq!(back["totals"]["restored"], 12, "{back}");
    here.sync();
    let one = here.destination().join("Documents/Zoë's trips/note 7.txt");
    assert!(one.exists(), "what a person brought back stays");
    // Somebody else has the name by now.
    let documents = here.drive(|drive| drive.find(&["Documents"]).unwrap());
    here.drive(|drive| drive.add_file(&documents, "large.bin", "another").unwrap());
    here.sync();
    let taken = larder(&here, &["restore", "Documents/large.bin"]).expect(1).json();
    assert_eq!(taken["files"][0]["outcome"], "taken", "{taken}");
    let copies = here.0.path("copies");
    let copies = copies.to_str().unwrap();
    larder(&here, &["restore", "Documents/large.bin", "--to", copies]).expect(0);
    assert_eq!(fs::read(here.0.path("copies/large.bin")).unwrap(), vec![7_u8; 900_000]);
    // In iCloud again, and deleted again.
    here.drive(|drive| drive.restore(&deep).unwrap());
    here.sync();
    assert_eq!(here.bodies(), 0);
    let same = here.tree().files.iter().filter(|(path, file)| before.files.get(*path) == Some(*file)).count();
    assert_eq!(same, before.files.len() - 1);
}

#[test]
fn a_folder_is_held_against_both_mirrors() {
    let here = both();
    let folder = here.0.path("card");
    fs::create_dir(&folder).unwrap();
    fs::copy(here.destination().join("Documents/large.bin"), folder.join("a.bin")).unwrap();
    fs::write(folder.join("b.txt"), "nobody has it").unwrap();
    let had = larder(&here, &["have", folder.to_str().unwrap()]).expect(1).json();
    assert_eq!((&had["totals"]["there"], &had["totals"]["missing"]), (&json!(1), &json!(1)), "{had}");
    let files = had["files"].as_array().unwrap();
    let one = files.iter().find(|file| file["path"] == "a.bin").unwrap();
    assert_eq!((&one["mirror"], &one["part"]), (&json!("Documents/large.bin"), &json!("drive")));
    let text = here.0.larder(&["have", folder.to_str().unwrap()]).run().expect(1).stdout;
    assert!(text.contains("a.bin is Documents/large.bin of drive"), "{text}");
}

#[test]
fn a_part_that_was_never_mirrored_is_left_out_beside_another() {
    let here = both();
    fs::remove_file(here.0.state_dir().join("drive.redb")).unwrap();
    for command in [&["status"][..], &["verify"], &["history"]] {
        let told = larder(&here, command).expect(0).json();
        assert_eq!(told.get("drive"), None, "{told}");
    }
    let ran = larder(&here, &["status", "--only", "drive"]);
    assert!(ran.code != Some(0) && ran.stderr.contains("Nothing has been mirrored yet"), "{}", ran.stderr);
    here.drive(|drive| drive.add_file(ROOT, "new.txt", "new").unwrap());
    here.sync();
}
