//! Names of albums and of entries.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use proptest::prelude::*;

use crate::model::{Album, AlbumKind, ItemId};
use crate::sync::plan::{AlbumTree, Named, Naming, Site, entry_name, relative};
use crate::tree::name::{NameRules, fold};

const NAMING: Naming = Naming { rules: NameRules::Posix, lists: false };

type Names = BTreeMap<ItemId, Named>;

fn id(record: &str) -> ItemId {
    ItemId { zone: 0, record: record.into() }
}

fn album(record: &str, name: &str, parent: Option<&str>) -> Album {
    let kind = AlbumKind::Album;
    Album {
        record: record.into(),
        name: Some(name.into()),
        parent: parent.map(str::to_owned),
        kind,
        deleted: false,
    }
}

fn tree(albums: impl IntoIterator<Item = Album>) -> AlbumTree {
    let mut tree = AlbumTree::default();
    tree.add(0, albums);
    tree
}

fn assign(tree: &AlbumTree, wanted: &[&str], known: &Names, on_disk: &[&str]) -> Names {
    let wanted = wanted.iter().map(|record| id(record)).collect();
    let look =
        |path: &str| Ok::<_, Infallible>(if on_disk.contains(&path) { Site::Used } else { Site::Free });
    let Ok(names) = tree.assign("Albums", NAMING, &wanted, known, look);
    names
}

fn dirs(names: &Names) -> Vec<&str> {
    names.values().map(|named| named.dir.as_str()).collect()
}

#[test]
fn folders_are_directories_and_only_those_that_are_needed() {
    let tree = tree([
        album("A", "Travel", None),
        album("B", "Japan", Some("A")),
        album("C", "Empty", Some("A")),
        album("D", "Trip / 2024", Some("not known")),
    ]);
    let names = assign(&tree, &["B", "D"], &Names::new(), &[]);
    assert_eq!(dirs(&names), ["Albums/Travel", "Albums/Travel/Japan", "Albums/Trip _ 2024"]);
    assert_eq!((tree.path(&id("B")).as_str(), tree.path(&id("D")).as_str()), ("Travel/Japan", "Trip _ 2024"));
}

#[test]
fn circles_and_apples_own_folders_are_root_level() {
    let tree = tree([
        album("A", "a", Some("B")),
        album("B", "b", Some("A")),
        album("C", "c", Some("A")),
        album("D", "d", Some("D")),
        album("E", "e", Some("----Root-Folder----")),
        album("----Root-Folder----", "", None),
    ]);
    let names = assign(&tree, &["A", "B", "C", "D", "E", "----Root-Folder----"], &Names::new(), &[]);
    assert_eq!(dirs(&names), ["Albums/a", "Albums/b", "Albums/a/c", "Albums/d", "Albums/e"]);
}

#[test]
fn the_first_comer_keeps_the_plain_name_and_a_rename_lets_go_of_it() {
    let known = assign(&tree([album("2B", "Trip", None)]), &["2B"], &Names::new(), &[]);
    let two = tree([album("1A", "TRIP", None), album("2B", "Trip", None)]);
    let names = assign(&two, &["1A", "2B"], &known, &[]);
    assert_eq!(names[&id("2B")].dir, "Albums/Trip");
    assert!(names[&id("1A")].dir.starts_with("Albums/TRIP-"), "{names:?}");
    let swapped = tree([album("1A", "Trip", None), album("2B", "Other", None)]);
    let known = names;
    let names = assign(&swapped, &["1A", "2B"], &known, &[]);
    assert_eq!(dirs(&names), ["Albums/Trip", "Albums/Other"]);
    // What shared a name with another keeps its mark when the other is gone: a name once given stays.
    let alone = tree([album("1A", "TRIP", None)]);
    assert_eq!(assign(&alone, &["1A"], &known, &[])[&id("1A")], known[&id("1A")]);
}

#[test]
fn two_names_are_swapped_without_marks() {
    let known =
        assign(&tree([album("A", "x", None), album("B", "y", None)]), &["A", "B"], &Names::new(), &[]);
    let names = assign(&tree([album("A", "y", None), album("B", "x", None)]), &["A", "B"], &known, &[]);
    assert_eq!(dirs(&names), ["Albums/y", "Albums/x"]);
}

#[test]
fn a_renamed_folder_takes_what_is_in_it_along() {
    let with =
        |name: &str| tree([album("F", name, None), album("A", "a", Some("F")), album("B", "A", Some("F"))]);
    let known = assign(&with("old"), &["A", "B"], &Names::new(), &[]);
    let names = assign(&with("new"), &["A", "B"], &known, &[]);
    for record in ["A", "B"] {
        assert_eq!(names[&id(record)].component, known[&id(record)].component);
        assert!(names[&id(record)].dir.starts_with("Albums/new/"));
    }
}

#[test]
fn a_lost_state_finds_marked_names_again() {
    let both = tree([album("AAAAAAAA-1", "Trip", None), album("BBBBBBBB-2", "Trip", None)]);
    let names =
        assign(&both, &["AAAAAAAA-1", "BBBBBBBB-2"], &Names::new(), &["Albums/Trip", "Albums/Trip-AAAAAAAA"]);
    assert_eq!(dirs(&names), ["Albums/Trip-AAAAAAAA", "Albums/Trip"]);
}

#[test]
fn what_is_in_the_way_keeps_its_name() {
    let look = |path: &str| Ok::<_, Infallible>(if path == "Albums/a" { Site::Blocked } else { Site::Free });
    let Ok(names) = tree([album("AAAAAAAA-1", "a", None)]).assign(
        "Albums",
        NAMING,
        &[id("AAAAAAAA-1")].into(),
        &Names::new(),
        look,
    );
    assert_eq!(dirs(&names), ["Albums/a-AAAAAAAA"]);
}

#[test]
fn playlists_need_their_files_names_too() {
    let albums = tree([album("A", "x", None), album("B", "x.m3u8", None)]);
    let naming = Naming { lists: true, ..NAMING };
    let wanted = [id("A"), id("B")].into();
    let Ok(names) =
        albums.assign("Albums", naming, &wanted, &Names::new(), |_| Ok::<_, Infallible>(Site::Free));
    assert_eq!(names[&id("A")].component, "x");
    assert_ne!(names[&id("B")].component, "x.m3u8");
}

#[test]
fn entries_carry_their_mark_behind_the_stem() {
    assert_eq!(entry_name("IMG_1-edited.JPG", "IMG_1", ""), "IMG_1-edited.JPG");
    assert_eq!(entry_name("IMG_1-edited.JPG", "IMG_1", "-0A1B2C3D"), "IMG_1-0A1B2C3D-edited.JPG");
    assert_eq!(entry_name("other.JPG", "IMG_1", "-0A1B2C3D"), "other-0A1B2C3D.JPG");
    let long = format!("{}.HEIC", "x".repeat(250));
    let marked = entry_name(&long, &"x".repeat(250), "-0A1B2C3D");
    assert!(marked.ends_with("-0A1B2C3D.HEIC") && marked.len() <= 255, "{marked}");
    assert_eq!(relative("Albums/a/b/x.HEIC", "2024/x.HEIC"), "../../../2024/x.HEIC");
}

/// Albums of few names, in folders that may make circles.
fn forest() -> impl Strategy<Value = Vec<Album>> {
    let one = (0..6_u8, proptest::sample::select(vec!["a", "A", "b", "", "a.m3u8", ".."]), 0..9_u8);
    proptest::collection::vec(one, 1..12).prop_map(|drawn| {
        let albums = drawn.into_iter().map(|(record, name, parent)| {
            album(&format!("{record}0000000"), name, Some(&format!("{parent}0000000")))
        });
        let by_record: BTreeMap<String, Album> = albums.map(|album| (album.record.clone(), album)).collect();
        by_record.into_values().collect()
    })
}

proptest! {
    #[test]
    fn directories_are_unique_and_stay(first in forest(), second in forest(), lists: bool) {
        let naming = Naming { lists, ..NAMING };
        let mut known = Names::new();
        for albums in [&first, &second] {
            let wanted: BTreeSet<ItemId> = albums.iter().map(|album| id(&album.record)).collect();
            let tree = tree(albums.iter().cloned());
            let Ok(names) = tree.assign("Albums", naming, &wanted, &known, |_| Ok::<_, Infallible>(Site::Free));
            prop_assert_eq!(names.keys().collect::<BTreeSet<_>>(), wanted.iter().collect());
            let dirs: BTreeSet<String> = names.values().map(|named| fold(&named.dir)).collect();
            prop_assert_eq!(dirs.len(), names.len(), "{:?}", names);
            for (id, named) in &names {
                if let Some(old) = known.get(id).filter(|old| old.parent == named.parent && old.base == named.base)
                    && !lists
                {
                    prop_assert_eq!(&old.component, &named.component);
                }
            }
            let Ok(again) = tree.assign("Albums", naming, &wanted, &names, |_| Ok::<_, Infallible>(Site::Free));
            prop_assert_eq!(&again, &names, "what is named keeps its name");
            known = names;
        }
    }
}
