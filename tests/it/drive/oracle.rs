//! What must lie in a mirror of Drive, by the simulator's inventory.

use std::collections::{BTreeMap, BTreeSet};

use icloud_sim::drive::{DriveInventory, FileEntry, Place};
use larder::config::NameRules;
use larder::tree::name::{legal, split_ext};

use crate::tree::Tree;

/// Fails the test unless exactly the files and folders of the inventory lie here, each once and under a right name.
#[track_caller]
pub(crate) fn must_hold(tree: &Tree, inventory: &DriveInventory) {
    let mut wrong = Vec::new();
    let mut claimed = BTreeSet::new();
    let mut dirs: BTreeMap<Vec<String>, String> = BTreeMap::from([(vec![], String::new())]);
    // Two folders of one name lie in one list under one key; the inventory tells them apart by their ids alone.
    for folder in inventory.folders.iter().filter(|folder| folder.kind != "ALIAS_FOLDER") {
        let Some(above) = dirs.get(&folder.path[..folder.path.len() - 1]) else { continue };
        let found = find(above, folder.path.last().unwrap(), &folder.docwsid, false, |path| {
            tree.dirs.contains_key(path) && !claimed.contains(path)
        });
        match found {
            Some(path) => {
                claimed.insert(path.clone());
                dirs.entry(folder.path.clone()).or_insert(path);
            }
            None => wrong.push(format!("the folder {:?} is missing", folder.path)),
        }
    }
    for file in inventory.files.iter().filter(|file| is_wanted(file)) {
        let Some(above) = dirs.get(&file.path[..file.path.len() - 1]) else { continue };
        let zip = file.package.is_some();
        let found = find(above, file.name(), &file.docwsid, zip, |path| {
            tree.files.contains_key(path) && !claimed.contains(path)
        });
        let Some(path) = found else {
            wrong.push(format!("the file {:?} is missing", file.path));
            continue;
        };
        let here = &tree.files[&path];
        if file.sha256.as_ref().is_some_and(|sha256| *sha256 != here.sha256) {
            wrong.push(format!("{path} has other bytes"));
        }
        if here.mtime_ms != file.modified_ms {
            wrong.push(format!("{path} is of {} and not of {}", here.mtime_ms, file.modified_ms));
        }
        claimed.insert(path);
    }
    for path in tree.files.keys().chain(tree.dirs.keys()).filter(|path| !claimed.contains(*path)) {
        wrong.push(format!("{path} should not be there"));
    }
    wrong.sort();
    assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Whether a mirror can have it at all.
pub(crate) fn is_wanted(file: &FileEntry) -> bool {
    file.kind == "FILE" && file.place != Place::SharedByOther && file.downloadable
}

/// Path of an item in `above`: the name with a mark of its own, or the plain one.
fn find(above: &str, name: &str, id: &str, zip: bool, there: impl Fn(&str) -> bool) -> Option<String> {
    // That of an app library is no UUID.
    let digits: String = id.chars().filter(char::is_ascii_hexdigit).collect();
    let short = digits.get(..8).unwrap_or(&digits);
    let mut name = legal(name, NameRules::Posix).unwrap_or_else(|| digits[..12].to_owned());
    if zip {
        name.push_str(".zip");
    }
    let (stem, extension) = split_ext(&name);
    let dot = if extension.is_empty() { "" } else { "." };
    let marked = |mark: &str| [format!("{stem}-{mark}{dot}{extension}"), format!("{name}-{mark}")];
    let candidates = marked(&digits).into_iter().chain(marked(short)).chain([name.clone()]);
    let path = |name: String| if above.is_empty() { name } else { format!("{above}/{name}") };
    candidates.map(path).find(|path| there(path))
}
