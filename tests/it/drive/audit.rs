//! The audit knows Drive: iCloud, catalog, ledger and disk held against each other.

use std::fs;

use icloud_sim::drive::ROOT;
use serde_json::{Value, json};

use super::commands::{both, larder, mirrored};
use crate::environment::Ran;

/// How often each kind of finding was found.
fn found(ran: &Ran) -> Value {
    ran.json()["found"].clone()
}

#[test]
fn a_mirror_that_is_whole_is_complete_and_costs_its_folders() {
    let here = mirrored();
    let inventory = here.0.control().drive_inventory();
    here.0.control().reset_counters();
    let ran = larder(&here, &["audit"]).expect(0);
    let kinds = &ran.json()["libraries"][0]["kinds"];
    let (files, folders) = (inventory.files.len(), inventory.folders.len());
    assert_eq!(kinds[0], json!({"what": "files", "icloud": null, "catalog": files, "disk": files}));
    assert_eq!(kinds[1], json!({"what": "folders", "icloud": null, "catalog": folders, "disk": folders}));
    assert_eq!(here.listings(), 1);
    let deep = larder(&here, &["audit", "--deep"]).expect(0).json();
    assert_eq!(deep["libraries"][0]["kinds"][0]["icloud"], json!(files));
    assert_eq!(here.bodies(), 0);
}

#[test]
fn what_changed_in_icloud_is_told_until_a_run_has_brought_it() {
    let here = mirrored();
    here.drive(|drive| {
        drive.add_file(ROOT, "new.txt", "new").unwrap();
        let note = drive.find(&["Documents", "Zoë's trips", "note 3.txt"]).unwrap();
        drive.edit(&note, "another text").unwrap();
        let other = drive.find(&["Documents", "Zoë's trips", "note 4.txt"]).unwrap();
        drive.trash(&other).unwrap();
        let folder = drive.find(&["Documents", "Zoë's trips", "Nothing in it"]).unwrap();
        drive.rename(&folder, "Still nothing").unwrap();
    });
    for arguments in [&["audit"][..], &["audit", "--deep"]] {
        let ran = larder(&here, arguments).expect(1);
        assert_eq!(found(&ran), json!({"new": 1, "changed": 2, "gone": 1}), "{arguments:?} {}", ran.stdout);
    }
    here.sync();
    here.must_hold();
    larder(&here, &["audit", "--deep"]).expect(0);
}

#[test]
fn what_is_wrong_on_disk_is_made_good_by_the_next_run() {
    let here = mirrored();
    let documents = here.destination().join("Documents");
    let trips = documents.join("Zoë's trips");
    fs::remove_file(documents.join("large.bin")).unwrap();
    fs::write(trips.join("note 3.txt"), "edited here, and longer than before").unwrap();
    fs::remove_dir(trips.join("Nothing in it")).unwrap();
    fs::write(here.destination().join("mine.txt"), "mine").unwrap();
    let looked = larder(&here, &["audit", "--no-repair"]).expect(1);
    let told = found(&looked);
    assert_eq!(
        (&told["lost"], &told["altered"], &told["foreign"]),
        (&json!(2), &json!(1), &json!(1)),
        "{told}"
    );
    // A run goes by what changed in iCloud, so that it sees none of it.
    assert_eq!((here.sync().number("fetched"), here.bodies()), (0, 0));
    larder(&here, &["audit"]).expect(1);
    here.sync();
    assert_eq!(here.bodies(), 2);
    fs::remove_file(here.destination().join("mine.txt")).unwrap();
    here.must_hold();
    larder(&here, &["audit"]).expect(0);
}

#[test]
fn what_is_left_out_and_what_the_brake_holds_is_told() {
    let here = mirrored();
    here.write_job("exclude = [\"*.bin\"]\n[removed]\nstop_above = \"3\"");
    let trips = here.drive(|drive| drive.find(&["Documents", "Zoë's trips"]).unwrap());
    here.drive(|drive| drive.trash(&trips).unwrap());
    here.0.sync().expect(1);
    let ran = larder(&here, &["audit"]).expect(1);
    let told = found(&ran);
    assert_eq!((&told["held"], &told["extra"]), (&json!(12), &json!(1)), "{told}");
    here.0.larder(&["sync", "--once", "--confirm-removals", "12"]).run().expect(0);
    assert_eq!(found(&larder(&here, &["audit"]).expect(0)), json!({"extra": 1}));
}

#[test]
fn both_parts_are_one_document() {
    let here = both();
    let told = larder(&here, &["audit"]).expect(0).json();
    assert_eq!((&told["complete"], &told["drive"]["complete"]), (&json!(true), &json!(true)), "{told}");
    assert_eq!(told["drive"]["libraries"][0]["name"], "iCloud Drive");
    let csv = here.0.larder(&["audit", "--csv"]).run().expect(0).stdout;
    assert_eq!(csv.matches("level,library").count(), 1, "{csv}");
    let text = here.0.larder(&["audit"]).run().expect(0).stdout;
    assert!(text.contains("iCloud Photos\n") && text.contains("\niCloud Drive\n"), "{text}");
    let only = larder(&here, &["audit", "--only", "drive"]).expect(0).json();
    assert_eq!(only.get("drive"), None);
}

#[test]
fn without_icloud_the_disk_is_looked_at_all_the_same() {
    let here = mirrored();
    fs::remove_file(here.destination().join("Documents/large.bin")).unwrap();
    here.0.control().add_fault(icloud_sim::Rule::new("drive", icloud_sim::Fault::refused(503, "Busy")));
    let ran = larder(&here, &["audit"]).expect(5);
    assert_eq!(found(&ran)["lost"], 1, "{}", ran.stdout);
}
