//! How albums must be shown beside the library, worked out from the truth about it by the documented rules.

use std::collections::{BTreeMap, BTreeSet};

use icloud_sim::photos::{Inventory, ZoneInventory};

use crate::oracle::{self, Photo};
use crate::tree::{Tree, folded};

/// Where albums are shown.
pub(crate) const TOP: &str = "Albums/";

/// How they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// Second names.
    Hardlink,
    /// Links.
    Symlink,
    /// Files of their own.
    Copy,
    /// Not at all.
    Off,
}

/// An album or folder, by its record and those of the folders above.
type Place = Vec<String>;

/// To which file of which photo each path of the library belongs.
type Owners<'a> = BTreeMap<String, (&'a Photo, usize)>;

/// The albums that each asset is in, as records and names from the top.
pub(crate) fn memberships(inventory: &Inventory) -> BTreeMap<String, Vec<Vec<(String, String)>>> {
    let mut memberships: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for zone in &inventory.zones {
        for album in zone.albums.iter().filter(|album| !album.folder && !album.deleted) {
            let path = path(zone, &album.record_name);
            for member in &album.members {
                memberships.entry(member.clone()).or_default().push(path.clone());
            }
        }
    }
    memberships
}

/// Records and names from the top. A folder that is gone counts for nothing.
fn path(zone: &ZoneInventory, record: &str) -> Vec<(String, String)> {
    let mut path = Vec::new();
    let mut next = Some(record.to_owned());
    while let Some(record) = next.take() {
        let found = zone.albums.iter().find(|album| album.record_name == record && !album.deleted);
        let Some(album) = found else { break };
        let name = album.name.as_deref().and_then(oracle::cleaned).unwrap_or_else(|| record.clone());
        next.clone_from(&album.parent);
        path.push((record, name));
    }
    path.reverse();
    path
}

/// Tells what is wrong with the albums of a mirror. A mark is right where two albums of a folder, or two photos of an
/// album, have the same name, and one of them always has it plain.
///
/// Of photos that are `excused`, whose files somebody took away, entries may be there or not.
pub(crate) fn check(
    tree: &Tree,
    owners: &Owners<'_>,
    excused: &[&Photo],
    view: View,
    wrong: &mut Vec<String>,
) {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    if view != View::Off {
        let mut files: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut photos: BTreeMap<&str, &Photo> = BTreeMap::new();
        for (path, (photo, _)) in owners.iter().filter(|(path, _)| tree.files.contains_key(*path)) {
            files.entry(&photo.id).or_default().push(path);
            photos.insert(&photo.id, photo);
        }
        let visible = || photos.values().filter(|photo| !photo.hidden);
        let all = visible().copied().chain(excused.iter().copied());
        let dirs = directories(tree, all.flat_map(|photo| &photo.albums), wrong);
        for (place, dir) in &dirs {
            let members: Vec<&Photo> = visible()
                .copied()
                .filter(|photo| photo.albums.iter().any(|album| records(album) == *place))
                .collect();
            entries(tree, dir, &members, &files, view, &mut seen, wrong);
            let inside = format!("{dir}/");
            let names = tree.files.keys().filter_map(|path| Some((path, path.strip_prefix(&inside)?)));
            for (path, name) in names {
                // Known by its name or, when the photo was renamed since, by its content.
                let is_of = |photo: &&Photo| {
                    name.starts_with(&photo.stem)
                        || photo.files.iter().any(|file| file.sha256 == tree.files[path].sha256)
                };
                if excused.iter().any(is_of) {
                    seen.insert(path.clone());
                }
            }
        }
    }
    for path in tree.files.keys().filter(|path| path.starts_with(TOP) && !seen.contains(*path)) {
        wrong.push(format!("{path} should not be shown"));
    }
}

fn records(album: &[(String, String)]) -> Place {
    album.iter().map(|(record, _)| record.clone()).collect()
}

/// The directory of every album and folder that is needed.
fn directories<'a>(
    tree: &Tree,
    albums: impl Iterator<Item = &'a Vec<(String, String)>>,
    wrong: &mut Vec<String>,
) -> BTreeMap<Place, String> {
    // Folder to the albums in it, by record.
    let mut children: BTreeMap<Place, BTreeMap<String, String>> = BTreeMap::new();
    for album in albums {
        for (depth, (record, name)) in album.iter().enumerate() {
            let above = records(&album[..depth]);
            children.entry(above).or_default().insert(record.clone(), name.clone());
        }
    }
    let mut dirs: BTreeMap<Place, String> = BTreeMap::from([(vec![], "Albums".to_owned())]);
    // Shorter places come before those that begin with them.
    for (above, siblings) in &children {
        let dir = dirs[above].clone();
        let mut taken = BTreeSet::new();
        for (record, name) in siblings {
            let [_, short, long] = marks(record);
            let marked = [short, long].map(|mark| format!("{dir}/{}", with_mark(name, &mark)));
            let own = marked.into_iter().find(|dir| tree.dirs.contains_key(dir));
            let alike = siblings.values().filter(|other| folded(other) == folded(name)).count();
            if own.is_some() && alike == 1 {
                wrong.push(format!("{dir}/{name} has a mark without need"));
            }
            let own = own.unwrap_or_else(|| format!("{dir}/{name}"));
            if !taken.insert(folded(&own)) {
                wrong.push(format!("{own} is of two albums"));
            }
            dirs.insert([&above[..], std::slice::from_ref(record)].concat(), own);
        }
        let plain = |name: &String| taken.contains(&folded(&format!("{dir}/{name}")));
        wrong.extend(
            siblings.values().filter(|name| !plain(name)).map(|name| format!("nobody is {dir}/{name}")),
        );
    }
    dirs
}

/// Checks the entries of one album.
fn entries(
    tree: &Tree,
    dir: &str,
    members: &[&Photo],
    files: &BTreeMap<&str, Vec<&str>>,
    view: View,
    seen: &mut BTreeSet<String>,
    wrong: &mut Vec<String>,
) {
    let mut taken: BTreeMap<String, &str> = BTreeMap::new();
    let mut marked = Vec::new();
    for photo in members {
        let names = |mark: &str| -> Vec<(&str, String)> {
            let sources = files[photo.id.as_str()].iter().copied();
            sources
                .map(|source| (source, format!("{dir}/{}", marked_name(source, &photo.stem, mark))))
                .collect()
        };
        let there = |names: &Vec<(&str, String)>| names.iter().all(|(_, path)| tree.files.contains_key(path));
        let own = photo.marks()[1..].iter().map(|mark| names(mark)).find(there);
        if own.is_some() {
            marked.push((photo.id.as_str(), names("")));
        }
        for (source, path) in own.unwrap_or_else(|| names("")) {
            if !tree.files.contains_key(&path) {
                wrong.push(format!("{path} is missing (photo {})", photo.id));
                continue;
            }
            if let Some(other) = taken.insert(folded(&path), &photo.id) {
                wrong.push(format!("{path} is of two photos, {other} and {}", photo.id));
            }
            if let Some(what) = fault(tree, source, &path, view) {
                wrong.push(format!("{path} does not show {source}: {what}"));
            }
            seen.insert(path);
        }
    }
    for (id, plain) in marked {
        let needed = plain.iter().any(|(_, path)| taken.get(&folded(path)).is_some_and(|owner| *owner != id));
        if !needed {
            wrong.push(format!("{} has a mark without need", plain[0].1));
        }
    }
}

/// Why a path does not show a file of the library.
fn fault(tree: &Tree, source: &str, path: &str, view: View) -> Option<String> {
    let link = tree.links.get(path);
    let same = tree.inodes[source] == tree.inodes[path];
    let right = match view {
        View::Hardlink => same && link.is_none(),
        View::Symlink => link == Some(&format!("{}{source}", "../".repeat(path.matches('/').count()))),
        View::Copy => !same && link.is_none() && tree.files[source] == tree.files[path],
        View::Off => false,
    };
    (!right).then(|| format!("link {link:?}, same file: {same}, {:?}", tree.files[path]))
}

/// The name of a file of the library, with a mark behind its stem.
fn marked_name(source: &str, stem: &str, mark: &str) -> String {
    let name = source.rsplit('/').next().unwrap();
    if mark.is_empty() {
        return name.to_owned();
    }
    // The library may have marked it already: the stem on disk ends where companions begin to differ.
    let (stem, rest) = match name.strip_prefix(stem) {
        Some(rest) => {
            let own = rest.strip_prefix('-').and_then(|rest| rest.get(..8));
            match own.filter(|own| mark.starts_with(&format!("-{own}"))) {
                Some(own) => (format!("{stem}-{own}"), rest[9..].to_owned()),
                None => (stem.to_owned(), rest.to_owned()),
            }
        }
        None => (name.to_owned(), String::new()),
    };
    with_mark(&stem, mark) + &rest
}

fn with_mark(name: &str, mark: &str) -> String {
    let mut name = name.to_owned();
    while name.len() + mark.len() > 215 {
        name.pop();
    }
    name + mark
}

/// What the name of an album may carry, the plain form first.
fn marks(record: &str) -> [String; 3] {
    let hex: String = record.chars().filter(char::is_ascii_hexdigit).collect();
    [String::new(), format!("-{}", &hex[..8]), format!("-{hex}")]
}
