//! Trouble of iCloud, of this disk, and of a person's doing.

use std::fs;

use icloud_sim::drive::{ListedSize, NewItem, PackageFile, ROOT, Signatures};
use icloud_sim::{Fault, Rule};

use super::{DriveEnvironment, furnish};

#[test]
fn a_run_that_is_killed_is_gone_on_with() {
    let here = DriveEnvironment::new();
    here.drive(furnish);
    for _ in 0..12 {
        let running = here.0.larder(&["sync", "--once"]).start();
        std::thread::sleep(std::time::Duration::from_millis(60));
        running.kill();
    }
    here.sync();
    here.must_hold();
}

#[test]
fn what_a_stopped_run_brought_back_and_is_deleted_again_leaves_again() {
    if !larder::failpoint::PRESENT {
        return;
    }
    let here = DriveEnvironment::new();
    here.drive(furnish);
    here.sync();
    let deep = here.drive(|drive| drive.find(&["Documents", "Zoë's trips"]).unwrap());
    let trashed = here.drive(|drive| drive.trash(&deep).unwrap());
    here.sync();
    here.drive(|drive| drive.restore(&trashed).unwrap());
    let stopped = here.0.larder(&["sync", "--once"]).env("LARDER_FAILPOINTS", "move.rename=abort@5").run();
    assert_eq!(stopped.code, None, "{}", stopped.stderr);
    here.drive(|drive| drive.trash(&deep).unwrap());
    here.sync();
    here.must_hold();
    assert_eq!(here.bodies(), 0);
}

#[test]
fn what_a_stopped_run_removed_and_is_restored_comes_back_without_a_fetch() {
    if !larder::failpoint::PRESENT {
        return;
    }
    let here = DriveEnvironment::new();
    here.drive(furnish);
    here.sync();
    let note = here.drive(|drive| drive.find(&["Documents", "Zoë's trips", "note 3.txt"]).unwrap());
    let other = here.drive(|drive| drive.find(&["Documents", "Zoë's trips", "note 4.txt"]).unwrap());
    for item in [&note, &other] {
        here.drive(|drive| drive.trash(item).unwrap());
    }
    let stopped = here.0.larder(&["sync", "--once"]).env("LARDER_FAILPOINTS", "tree.syncdir=abort@2").run();
    assert_eq!(stopped.code, None, "{}", stopped.stderr);
    let attic = crate::environment::bytes_below(&here.destination().join(".larder/attic"));
    assert_eq!(attic.len(), 1, "it was moved there and not recorded");
    for item in [&note, &other] {
        here.drive(|drive| drive.restore(item).unwrap());
    }
    here.sync();
    assert_eq!(here.bodies(), 0);
    here.must_hold();
}

#[test]
fn files_of_a_person_are_left_alone() {
    let here = DriveEnvironment::new();
    here.drive(furnish);
    let theirs = here.destination().join("Documents");
    fs::create_dir(&theirs).unwrap();
    fs::write(theirs.join("large.bin"), "mine").unwrap();
    fs::write(here.destination().join("empty"), "not empty").unwrap();
    here.sync();
    assert_eq!(fs::read_to_string(theirs.join("large.bin")).unwrap(), "mine");
    assert_eq!(fs::read_to_string(here.destination().join("empty")).unwrap(), "not empty");
    let names =
        here.tree().files.into_keys().filter(|path| path.contains("large-") || path.contains("empty-"));
    assert_eq!(names.count(), 2);
    let folder = here.drive(|drive| drive.find(&["Documents"]).unwrap());
    here.drive(|drive| drive.trash(&folder).unwrap());
    here.sync();
    assert_eq!(fs::read_to_string(theirs.join("large.bin")).unwrap(), "mine");
}

#[test]
fn what_was_edited_here_is_set_aside_and_never_lost() {
    let here = DriveEnvironment::new();
    let file = here.drive(|drive| drive.add_file(ROOT, "a.txt", "one").unwrap());
    here.sync();
    fs::write(here.destination().join("a.txt"), "edited here").unwrap();
    here.drive(|drive| drive.edit(&file, "two").unwrap());
    here.sync();
    here.must_hold();
    let attic = crate::environment::bytes_below(&here.destination().join(".larder/attic"));
    assert_eq!(attic.len(), 1);
    assert_eq!(attic[0].1, b"edited here");
}

#[test]
fn a_disk_of_drive_that_is_not_there_leaves_photos_alone() {
    let here = DriveEnvironment::new();
    let apple_id = here.0.control().account(|account| account.apple_id.clone());
    let text = format!(
        "[account]\napple_id = \"{apple_id}\"\n[photos]\ndestination = {:?}\n[drive]\ndestination = {:?}\n",
        here.0.destination(),
        here.0.path("not there")
    );
    fs::write(here.0.job_file(), text).unwrap();
    let ran = here.0.sync().expect(6);
    assert_eq!(ran.json()["complete"], true, "{}", ran.stdout);
    assert!(ran.stderr.contains("not there"), "{}", ran.stderr);
}

#[test]
fn an_account_whose_keys_a_device_must_hand_out_is_asked_once() {
    let here = DriveEnvironment::new();
    here.drive(furnish);
    here.0.control().account(|account| account.advanced_protection = true);
    let asked = || here.0.control().counters().requests_to("drive.");
    let ran = here.0.sync().expect(3);
    assert!(ran.stderr.contains("Advanced Data Protection"), "{}", ran.stderr);
    let once = asked();
    assert!(once > 0);
    for _ in 0..2 {
        let ran = here.0.sync().expect(3);
        assert!(ran.stderr.contains("Advanced Data Protection"), "{}", ran.stderr);
        assert_eq!(asked(), once);
    }
    // Who signs in has changed something, perhaps.
    here.0.control().account(|account| account.advanced_protection = false);
    here.0.login();
    here.sync();
    here.must_hold();
}

#[test]
fn a_package_whose_connection_breaks_is_not_taken_for_whole() {
    let here = DriveEnvironment::new();
    here.drive(|drive| {
        let package =
            vec![PackageFile::new("Index.xml", "<x/>"), PackageFile::new("Data/a.bin", vec![7_u8; 60_000])];
        drive.add_file(ROOT, "Letter.pages", package).unwrap();
    });
    let rule = Rule::new("drive.package", Fault::Truncate { at: 60 });
    here.0.control().add_fault(rule.times(1));
    let ran = here.sync();
    assert_eq!((ran.number("fetched"), here.bodies()), (1, 2), "{}", ran.stdout);
    here.must_hold();
}

#[test]
fn a_file_that_somebody_put_under_a_name_that_was_chosen_is_not_taken_for_what_was_to_come() {
    let here = DriveEnvironment::new();
    here.drive(|drive| drive.add_file(ROOT, "note.txt", "from iCloud").unwrap());
    here.0.control().add_fault(Rule::new("drive.content", Fault::Gone));
    here.0.sync().expect(1);
    here.0.control().clear_faults();
    // The ledger has the name, and the run could have placed the file and not recorded it.
    let theirs = here.destination().join("note.txt");
    assert!(!theirs.exists());
    fs::write(&theirs, "of a person").unwrap();
    let ran = here.sync();
    assert_eq!((ran.number("fetched"), ran.number("adopted")), (1, 0), "{}", ran.stdout);
    assert_eq!(fs::read_to_string(&theirs).unwrap(), "of a person");
    let tree = here.tree();
    let other = tree.files.keys().find(|path| path.starts_with("note-")).unwrap();
    assert_eq!(fs::read_to_string(here.destination().join(other)).unwrap(), "from iCloud");
}

#[test]
fn a_body_of_unknown_length_that_is_cut_off_is_fetched_again() {
    let here = DriveEnvironment::new();
    here.drive(|drive| {
        // Nobody can check these, and that is known after some.
        drive.quirks().signatures = Signatures::Opaque;
        for n in 0..30 {
            drive.add_file(ROOT, &format!("{n}.txt"), format!("text {n}").as_bytes()).unwrap();
        }
    });
    here.sync();
    let text = "all of it ".repeat(9_000);
    let zip = format!("PK\u{3}\u{4}{text}");
    for item in [
        NewItem::file("absent.txt", text.as_bytes()).listed(ListedSize::Absent),
        NewItem::file("edited.numbers", zip.as_bytes()),
    ] {
        here.drive(|drive| drive.add(ROOT, item).unwrap());
        here.0.control().add_fault(Rule::new("drive.content", Fault::Truncate { at: 40_000 }).times(1));
        here.sync();
        here.must_hold();
        assert_eq!(here.bodies(), 2);
    }
}
