//! What a person does, and how it shows in tags and ids.

use super::super::{Carry, Drive, ROOT};
use super::{drive, item, list};
use serde_json::{Value, json};

/// root, A, B in A, and a file in B.
struct Deep {
    drive: Drive,
    a: String,
    b: String,
    file: String,
}

fn deep(carry: Carry) -> Deep {
    let mut drive = drive();
    drive.quirks().carry = carry;
    let a = drive.add_folder(ROOT, "A").unwrap();
    let b = drive.add_folder(&a, "B").unwrap();
    let file = drive.add_file(&b, "x.txt", "abc").unwrap();
    Deep { drive, a, b, file }
}

impl Deep {
    /// Tags of the root, A and B.
    fn tags(&mut self) -> Vec<Value> {
        let Deep { drive, a, b, .. } = self;
        list(drive, &[ROOT, a, b]).iter().map(|folder| folder["etag"].clone()).collect()
    }

    fn etag(&mut self) -> String {
        item(&mut self.drive, &self.b, &self.file)["etag"].as_str().unwrap().to_owned()
    }
}

#[test]
fn content_moves_both_halves_of_an_etag_and_all_else_the_first() {
    let mut here = deep(Carry::None);
    let halves = |etag: String| {
        let (a, b) = etag.split_once("::").unwrap();
        (a.to_owned(), b.to_owned())
    };
    let first = halves(here.etag());
    here.drive.edit(&here.file, "abd").unwrap();
    let edited = halves(here.etag());
    assert!(edited.0 != first.0 && edited.1 != first.1);
    here.drive.open(&here.file).unwrap();
    let opened = halves(here.etag());
    here.drive.rename(&here.file, "y.txt").unwrap();
    let renamed = halves(here.etag());
    assert!(opened.0 != edited.0 && renamed.0 != opened.0);
    assert!(opened.1 == edited.1 && renamed.1 == edited.1);
}

#[test]
fn the_carry_says_which_changes_move_the_folders_above() {
    for (carry, by_edit, by_same_size, by_rename) in [
        (Carry::None, false, false, false),
        (Carry::ContentOnly, true, false, false),
        (Carry::All, true, true, true),
    ] {
        let mut here = deep(carry);
        let mut moved = |change: fn(&mut Drive, &str)| {
            let before = here.tags();
            change(&mut here.drive, &here.file);
            let after = here.tags();
            let moved: Vec<bool> = before.iter().zip(&after).map(|(one, other)| one != other).collect();
            assert!(moved.iter().all(|moves| *moves == moved[0]), "{carry:?}: {moved:?}");
            moved[0]
        };
        let edit = moved(|drive, file| drop(drive.edit(file, "longer").unwrap()));
        let same_size = moved(|drive, file| drop(drive.edit(file, "LONGER").unwrap()));
        let rename = moved(|drive, file| drop(drive.rename(file, "y.txt").unwrap()));
        assert_eq!((edit, same_size, rename), (by_edit, by_same_size, by_rename), "{carry:?}");
    }
}

#[test]
fn a_move_keeps_the_id_within_a_zone_and_makes_new_ones_between_zones() {
    let mut here = deep(Carry::All);
    let library = here.drive.add_library("com.apple.Pages", "Pages").unwrap();
    assert_eq!(here.drive.move_to(&here.file, ROOT).unwrap(), here.file);
    assert_eq!(here.drive.move_to(&here.file, &here.b).unwrap(), here.file);
    assert!(here.drive.move_to(&here.a, &here.b).is_err(), "into itself");
    let moved = here.drive.move_to(&here.a, &library).unwrap();
    assert!(moved.starts_with("FOLDER::com.apple.Pages::"));
    assert_ne!(moved.rsplit("::").next(), here.a.rsplit("::").next());
    let gone = list(&mut here.drive, &[&here.a, &here.b]);
    assert!(gone.iter().all(|answer| answer["status"] == "ID_INVALID"));
    let inventory = here.drive.inventory();
    assert_eq!(inventory.files.len(), 1);
    assert_eq!(inventory.files[0].path, ["Pages", "A", "B", "x.txt"]);
}

#[test]
fn totals_follow_every_change() {
    let mut here = deep(Carry::ContentOnly);
    let totals = |here: &mut Deep| {
        let Deep { drive, a, b, .. } = here;
        let answers = list(drive, &[ROOT, a, b]);
        answers.iter().map(|folder| (folder["fileCount"].clone(), folder["assetQuota"].clone())).collect()
    };
    let expect = |files: [u64; 3], bytes: [u64; 3]| -> Vec<(Value, Value)> {
        files.iter().zip(bytes).map(|(files, bytes)| (json!(files), json!(bytes))).collect()
    };
    let now: Vec<(Value, Value)> = totals(&mut here);
    assert_eq!(now, expect([1, 1, 1], [3, 3, 3]));
    here.drive.edit(&here.file, "ab").unwrap();
    here.drive.move_to(&here.file, &here.a).unwrap();
    let now: Vec<(Value, Value)> = totals(&mut here);
    assert_eq!(now, expect([1, 1, 0], [2, 2, 0]));
    here.drive.trash(&here.file).unwrap();
    let now: Vec<(Value, Value)> = totals(&mut here);
    assert_eq!(now, expect([0, 0, 0], [0, 0, 0]));
    here.drive.restore(&here.file).unwrap();
    let now: Vec<(Value, Value)> = totals(&mut here);
    assert_eq!(now, expect([1, 1, 0], [2, 2, 0]));
}

#[test]
fn the_inventory_names_files_and_empty_folders_by_their_places() {
    let mut here = deep(Carry::All);
    here.drive.add_folder(&here.a, "Empty").unwrap();
    let inventory = here.drive.inventory();
    let folders: Vec<String> = inventory.folders.iter().map(|folder| folder.path.join("/")).collect();
    assert_eq!(folders, ["A", "A/B", "A/Empty"]);
    let file = &inventory.files[0];
    assert_eq!((file.name(), file.size, file.path.join("/")), ("x.txt", 3, "A/B/x.txt".to_owned()));
    assert_eq!(
        file.sha256.as_deref(),
        Some("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    );
}
