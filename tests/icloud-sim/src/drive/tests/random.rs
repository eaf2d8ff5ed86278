//! Changes by lot.

use super::super::{Drive, DriveSpec};
use super::list;
use std::collections::BTreeSet;

fn start() -> Drive {
    Drive::new(&DriveSpec { files: 40, packages: 5, folders: 10, libraries: 2, ..DriveSpec::default() })
}

#[test]
fn the_same_lots_make_the_same_drive() {
    let (mut one, mut other) = (start(), start());
    for seed in 0..300 {
        assert_eq!(one.happen(seed), other.happen(seed));
    }
    assert_eq!(one.inventory(), other.inventory());
}

#[test]
fn everything_happens_and_the_drive_stays_whole() {
    let mut drive = start();
    let mut actions = BTreeSet::new();
    for seed in 0..1_000 {
        let change = serde_json::to_value(drive.happen(seed)).unwrap();
        actions.insert(change["action"].as_str().unwrap().to_owned());
    }
    let all = ["add", "edit", "move_to", "open", "purge", "rename", "restore", "swap_names", "trash"];
    assert_eq!(actions.iter().map(String::as_str).collect::<Vec<_>>(), all);
    let inventory = drive.inventory();
    let ids: BTreeSet<&str> = inventory.files.iter().map(|file| file.drivewsid.as_str()).collect();
    assert_eq!(ids.len(), inventory.files.len());
    let folders: Vec<&str> = inventory.folders.iter().map(|folder| folder.drivewsid.as_str()).collect();
    for (answer, entry) in list(&mut drive, &folders[..folders.len().min(100)]).iter().zip(&inventory.folders)
    {
        assert_eq!(answer["status"], "OK");
        assert_eq!(answer["numberOfItems"], entry.children);
        let below = inventory.files.iter().filter(|file| file.path.starts_with(&entry.path));
        // Folders of one name count for each other's files.
        let twins = inventory.folders.iter().filter(|other| other.path == entry.path).count();
        if twins == 1 && entry.path.len() == 1 && entry.kind == "FOLDER" {
            assert_eq!(answer["fileCount"], below.count(), "{:?}", entry.path);
        }
    }
}
