//! What changed in iCloud is changed on disk.

use icloud_sim::drive::{Carry, PackageFile, ROOT};

use super::{DriveEnvironment, furnish};

fn settled() -> DriveEnvironment {
    let here = DriveEnvironment::new();
    here.drive(furnish);
    here.sync();
    here
}

#[test]
fn renames_and_moves_of_files_and_folders_fetch_nothing() {
    for carry in [Carry::None, Carry::ContentOnly, Carry::All] {
        let here = settled();
        here.drive(|drive| {
            drive.quirks().carry = carry;
            let deep = drive.find(&["Documents", "Zoë's trips"]).unwrap();
            let note = drive.find(&["Documents", "Zoë's trips", "note 3.txt"]).unwrap();
            drive.rename(&note, "renamed.md").unwrap();
            let other = drive.find(&["Documents", "Zoë's trips", "note 4.txt"]).unwrap();
            drive.move_to(&other, ROOT).unwrap();
            drive.rename(&deep, "Travels").unwrap();
            drive.move_to(&deep, ROOT).unwrap();
        });
        let ran = here.sync();
        assert_eq!((here.bodies(), ran.number("moved")), (0, 12), "{}", ran.stdout);
        here.must_hold();
        assert_eq!(here.sync().number("moved"), 0);
    }
}

#[test]
fn an_edit_is_fetched_and_the_earlier_version_is_in_the_attic() {
    let here = settled();
    here.drive(|drive| {
        let note = drive.find(&["Documents", "Zoë's trips", "note 3.txt"]).unwrap();
        drive.edit(&note, "another text").unwrap();
        let opened = drive.find(&["Documents", "Zoë's trips", "note 5.txt"]).unwrap();
        drive.open(&opened).unwrap();
    });
    let ran = here.sync();
    assert_eq!((here.bodies(), ran.number("replaced")), (1, 1), "{}", ran.stdout);
    here.must_hold();
    let attic = crate::environment::bytes_below(&here.destination().join(".larder/attic"));
    assert_eq!(attic.len(), 1);
    assert!(attic[0].1.starts_with(b"note 3 note 3"));
}

#[test]
fn what_is_deleted_leaves_for_the_attic_and_comes_back_from_there() {
    let here = settled();
    let deep = here.drive(|drive| {
        let deep = drive.find(&["Documents", "Zoë's trips"]).unwrap();
        drive.trash(&deep).unwrap()
    });
    let ran = here.sync();
    assert_eq!((ran.number("removed"), here.bodies()), (12, 0), "{}", ran.stdout);
    here.must_hold();
    here.drive(|drive| drive.restore(&deep).unwrap());
    let ran = here.sync();
    assert_eq!((ran.number("moved"), here.bodies()), (12, 0), "{}", ran.stdout);
    here.must_hold();
}

#[test]
fn the_brake_holds_a_deletion_of_much() {
    let here = DriveEnvironment::new();
    let folder = here.drive(|drive| {
        let folder = drive.add_folder(ROOT, "Much").unwrap();
        for n in 0..40 {
            drive.add_file(&folder, &format!("{n}"), format!("{n}").as_bytes()).unwrap();
        }
        folder
    });
    here.sync();
    let before = here.tree();
    here.drive(|drive| drive.trash(&folder).unwrap());
    let ran = here.0.sync().expect(1);
    assert_eq!(ran.number("held"), 40, "{}", ran.stdout);
    here.tree().must_equal(&before);
    here.0.larder(&["sync", "--once", "--confirm-removals", "40"]).run().expect(0);
    here.must_hold();
}

#[test]
fn programs_that_save_by_writing_a_new_file_keep_its_name() {
    let here = settled();
    here.drive(|drive| {
        let note = drive.find(&["Documents", "Zoë's trips", "note 3.txt"]).unwrap();
        drive.trash(&note).unwrap();
        let deep = drive.find(&["Documents", "Zoë's trips"]).unwrap();
        drive.add_file(&deep, "note 3.txt", "saved anew").unwrap();
    });
    let ran = here.sync();
    assert_eq!((here.bodies(), ran.number("removed")), (1, 1), "{}", ran.stdout);
    here.must_hold();
    assert!(here.tree().files.contains_key("Documents/Zoë's trips/note 3.txt"));
}

#[test]
fn files_that_swap_their_names_or_pass_them_on_end_with_plain_names() {
    let here = settled();
    here.drive(|drive| {
        let trips = |name: &str| ["Documents".to_owned(), "Zoë's trips".to_owned(), name.to_owned()];
        let note = |drive: &icloud_sim::drive::Drive, n: usize| {
            let path = trips(&format!("note {n}.txt"));
            drive.find(&path.iter().map(String::as_str).collect::<Vec<_>>()).unwrap()
        };
        let ids: Vec<String> = (0..6).map(|n| note(drive, n)).collect();
        // 0 and 1 swap, 2 to 4 go round, 5 takes the name of one that is deleted.
        for (at, to) in [(0, "x"), (1, "note 0.txt"), (0, "note 1.txt")] {
            drive.rename(&ids[at], to).unwrap();
        }
        for (at, to) in [(2, "x"), (3, "note 2.txt"), (4, "note 3.txt"), (2, "note 4.txt")] {
            drive.rename(&ids[at], to).unwrap();
        }
        let gone = note(drive, 7);
        drive.trash(&gone).unwrap();
        drive.rename(&ids[5], "note 7.txt").unwrap();
    });
    here.sync();
    assert_eq!(here.bodies(), 0);
    here.must_hold();
    let names: Vec<String> = here.tree().files.into_keys().filter(|path| path.contains("note ")).collect();
    assert!(names.iter().all(|name| !name.contains('-')), "{names:?}");
    assert_eq!(here.sync().number("moved"), 0);
}

#[test]
fn a_package_becomes_a_flat_file_and_the_other_way_round() {
    let here = settled();
    here.drive(|drive| {
        let letter = drive.find(&["Pages", "Letter.pages"]).unwrap();
        drive.edit(&letter, "PK\u{3}\u{4}now flat").unwrap();
        let flat = drive.find(&["Pages", "Flat.pages"]).unwrap();
        drive.edit(&flat, vec![PackageFile::new("Index.xml", "<y/>")]).unwrap();
    });
    here.sync();
    here.must_hold();
    assert_eq!(here.sync().number("fetched"), 0);
}

#[test]
fn a_file_that_moves_to_another_zone_leaves_and_comes() {
    let here = settled();
    here.drive(|drive| {
        let pages = drive.find(&["Pages"]).unwrap();
        let empty = drive.find(&["Documents", "large.bin"]).unwrap();
        drive.move_to(&empty, &pages).unwrap();
    });
    let ran = here.sync();
    assert_eq!((ran.number("removed"), ran.number("fetched")), (1, 1), "{}", ran.stdout);
    here.must_hold();
}

#[test]
fn a_library_with_another_language_is_renamed() {
    let here = settled();
    here.drive(|drive| {
        let pages = drive.find(&["Pages"]).unwrap();
        drive.rename(&pages, "Seiten").unwrap();
    });
    let ran = here.sync();
    assert_eq!((ran.number("moved"), here.bodies()), (2, 0), "{}", ran.stdout);
    here.must_hold();
}
