//! iCloud Drive, cut off and failing at every step, as photos are.

use std::fs;

use icloud_sim::Config;
use icloud_sim::drive::{Drive, PackageFile, ROOT, Signatures};

use super::aborts::{cut_off, three, two};
use super::can_fail;
use super::errors::{fail, trials};
use super::stage::{CONNECTIONS, Disk, Stage};
use crate::drive::furnish;
use crate::environment::TestEnvironment;

impl Stage {
    /// The first run of a job that mirrors Drive.
    pub(super) fn drive_first(disk: Disk) -> Self {
        Self::of(drive(), "first run of Drive", disk, &["sync", "--once", "--json"], "")
    }

    /// One after many changes: edits, new names, moved folders, swapped names, deletions, new files.
    pub(super) fn drive_second(disk: Disk) -> Self {
        let here = drive();
        here.sync().expect(0);
        here.control().drive(change);
        Self::of(here, "second run of Drive", disk, &["sync", "--once", "--json"], "")
    }
}

fn drive() -> TestEnvironment {
    let here = TestEnvironment::new(Config::default());
    let apple_id = here.control().account(|account| account.apple_id.clone());
    let text = format!(
        "[account]\napple_id = \"{apple_id}\"\n[drive]\ndestination = {:?}\nkeep_free = \"0\"\n\
         [network]\nconnections = {CONNECTIONS}\n",
        here.destination()
    );
    fs::write(here.job_file(), text).unwrap();
    here.login();
    here.control().drive(|drive| {
        drive.quirks().signatures = Signatures::Salted;
        furnish(drive);
    });
    here
}

fn change(drive: &mut Drive) {
    let documents = drive.find(&["Documents"]).unwrap();
    let trips = drive.find(&["Documents", "Zoë's trips"]).unwrap();
    let note = |drive: &Drive, n: usize| {
        drive.find(&["Documents", "Zoë's trips", &format!("note {n}.txt")]).unwrap()
    };
    let [one, two, three, four, five, six] = [1, 2, 3, 4, 5, 6].map(|n| note(drive, n));
    drive.edit(&one, "edited").unwrap();
    drive.rename(&two, "renamed.txt").unwrap();
    drive.swap_names(&three, &four).unwrap();
    drive.trash(&five).unwrap();
    drive.move_to(&six, ROOT).unwrap();
    let large = drive.find(&["Documents", "large.bin"]).unwrap();
    drive.edit(&large, vec![9_u8; 800_000]).unwrap();
    drive.rename(&trips, "Trips").unwrap();
    let archive = drive.add_folder(ROOT, "Archive").unwrap();
    drive.move_to(&documents, &archive).unwrap();
    let nothing = drive.find(&["Archive", "Documents", "Trips", "Nothing in it"]).unwrap();
    drive.trash(&nothing).unwrap();
    let flat = drive.find(&["Pages", "Flat.pages"]).unwrap();
    drive.edit(&flat, vec![PackageFile::new("Index.xml", "<flat/>")]).unwrap();
    let pages = drive.find(&["Pages"]).unwrap();
    drive.rename(&pages, "Seiten").unwrap();
    drive.add_file(ROOT, "new.txt", "new").unwrap();
    let package = vec![PackageFile::new("Index.xml", "<y/>")];
    drive.add_file(&archive, "Talk.key", package).unwrap();
}

/// Points that a run of Drive alone, or a run of it in its own way, has to do with.
fn of_drive(point: &str) -> bool {
    [
        "place.",
        "replace.",
        "move.",
        "attic.",
        "staging.",
        "tree.mkdir",
        "tree.rmdir",
        "tree.syncdir",
        "state.commit",
    ]
    .iter()
    .any(|name| point.starts_with(name))
}

#[test]
fn b1_a_run_of_drive_that_is_cut_off_goes_on() {
    if can_fail() {
        cut_off(&Stage::drive_first(Disk::Able), of_drive, two);
        cut_off(&Stage::drive_second(Disk::Able), of_drive, three);
    }
}

#[test]
fn c1_c2_a_run_of_drive_whose_disk_fails_once_goes_on_later() {
    if !can_fail() {
        return;
    }
    let stage = Stage::drive_second(Disk::Able);
    for (point, error, nth) in trials(&stage, of_drive, false) {
        fail(&stage, &point, error, nth);
    }
}

#[test]
fn a_file_of_drive_whose_move_failed_half_way_leaves_its_old_place() {
    if !can_fail() {
        return;
    }
    let stage = Stage::drive_second(Disk::Split);
    for nth in [13, 14, 15, 16, 17] {
        fail(&stage, "beside.forget", "EMFILE", nth);
    }
}

#[test]
fn b1_a_file_of_drive_that_is_moved_by_copying_and_edited_leaves_no_copy() {
    if can_fail() {
        let stage = Stage::drive_second(Disk::Split);
        for nth in 22..=28 {
            stage.run(&format!("beside.forget=abort@{nth}"));
            stage.must_recover();
        }
    }
}
