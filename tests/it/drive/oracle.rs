//! What must lie in a mirror of Drive, by the simulator's inventory.

use std::collections::{BTreeMap, BTreeSet};

use icloud_sim::drive::{DriveInventory, FileEntry, Place};
use larder::config::NameRules;
use larder::sync::plan::stem_marks;
use larder::tree::name::{legal, split_ext, with_mark, with_suffix};

use crate::tree::Tree;

/// Fails the test unless exactly the files and folders of the inventory lie here, each once and under a right name.
#[track_caller]
pub(crate) fn must_hold(tree: &Tree, inventory: &DriveInventory) {
    let mut wrong = Vec::new();
    let mut claimed = BTreeSet::new();
    // Two folders of one name have one path; what lies in them is in either.
    let mut dirs: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::from([(vec![], vec![String::new()])]);
    for folder in inventory.folders.iter().filter(|folder| is_known(&folder.kind)) {
        let Some(above) = dirs.get(&folder.path[..folder.path.len() - 1]) else { continue };
        // All libraries have one id, in zones of their own.
        let id = if folder.docwsid == "documents" { &folder.drivewsid } else { &folder.docwsid };
        let found = find(above, folder.path.last().unwrap(), id, Form::Folder, |path| {
            tree.dirs.contains_key(path) && !claimed.contains(path)
        });
        match found {
            Some(path) => {
                claimed.insert(path.clone());
                dirs.entry(folder.path.clone()).or_default().push(path);
            }
            None => wrong.push(format!("the folder {:?} is missing", folder.path)),
        }
    }
    for file in inventory.files.iter().filter(|file| is_wanted(file)) {
        let Some(above) = dirs.get(&file.path[..file.path.len() - 1]) else { continue };
        let form = if file.package.is_some() { Form::Zip } else { Form::File };
        let there = |path: &str| tree.files.contains_key(path) && !claimed.contains(path);
        let same = |path: &str| there(path) && Some(&tree.files[path].sha256) == file.sha256.as_ref();
        // In folders of one name there may be files of one name.
        let found = find(above, file.name(), &file.docwsid, form, same);
        let found = found.or_else(|| find(above, file.name(), &file.docwsid, form, there));
        let Some(path) = found else {
            wrong.push(format!("the file {:?} is missing", file.path));
            continue;
        };
        let here = &tree.files[&path];
        if file.sha256.as_ref().is_some_and(|sha256| *sha256 != here.sha256) {
            wrong.push(format!("{path} has other bytes"));
        }
        // Before 1826 nobody had a computer.
        if file.modified_ms > -4_544_208_000_000 && here.mtime_ms != file.modified_ms {
            wrong.push(format!("{path} is of {} and not of {}", here.mtime_ms, file.modified_ms));
        }
        claimed.insert(path);
    }
    // What is listed as empty is made without a request, and comes when a device has uploaded it.
    for file in inventory.files.iter().filter(|file| !file.downloadable && file.listed_size == Some(0)) {
        let Some(above) = dirs.get(&file.path[..file.path.len() - 1]) else { continue };
        let empty = |path: &str| tree.files.get(path).is_some_and(|here| here.sha256 == EMPTY);
        claimed.extend(find(above, file.name(), &file.docwsid, Form::File, empty));
    }
    for path in tree.files.keys().chain(tree.dirs.keys()).filter(|path| !claimed.contains(*path)) {
        wrong.push(format!("{path} should not be there"));
    }
    wrong.sort();
    assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Whether a mirror can have it at all.
pub(crate) fn is_wanted(file: &FileEntry) -> bool {
    // Addresses with these names lead elsewhere; no Mac can make such files.
    file.kind == "FILE"
        && ![".", ".."].contains(&file.name())
        && file.place != Place::SharedByOther
        && file.downloadable
}

fn is_known(kind: &str) -> bool {
    ["FOLDER", "APP_LIBRARY", "APP_CONTAINER"].contains(&kind)
}

/// SHA-256 of nothing.
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#[derive(Clone, Copy, PartialEq)]
enum Form {
    Folder,
    File,
    Zip,
}

/// Path of an item in one of `above`: the name with a mark of its own, or the plain one.
fn find(above: &[String], name: &str, id: &str, form: Form, there: impl Fn(&str) -> bool) -> Option<String> {
    let [_, short, long] = stem_marks(id);
    let mut name = legal(name, NameRules::Posix)
        .unwrap_or_else(|| id.chars().filter(char::is_ascii_hexdigit).take(12).collect());
    if form == Form::Zip {
        name.push_str(".zip");
    }
    let (stem, extension) = if form == Form::Folder { (name.as_str(), "") } else { split_ext(&name) };
    let marked = |mark: &str| with_suffix(&with_mark(stem, mark), "", extension);
    let candidates = [marked(&long), marked(&short), with_suffix(stem, "", extension)];
    let path = |above: &String, name: &String| {
        if above.is_empty() { name.clone() } else { format!("{above}/{name}") }
    };
    let paths = candidates.iter().flat_map(|name| above.iter().map(move |above| path(above, name)));
    paths.into_iter().find(|path| there(path))
}
