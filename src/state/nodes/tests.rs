//! Tests of the index of folders and of the marks that it leads to.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::state::absent::Absent;
use crate::state::{State, absent_after, dirty_after};

fn item(zone: u16, record: &str) -> ItemId {
    ItemId { zone, record: record.into() }
}

fn node_of(kind: NodeKind, parent: Option<ItemId>) -> Node {
    Node {
        record: String::new(),
        drivewsid: "FOLDER::com.apple.CloudDocs::A".into(),
        parent,
        kind,
        name: "a".into(),
        etag: "1::1".into(),
        size: Some(1),
        modified_ms: Some(1),
        created_ms: None,
        share: None,
        package: None,
        gone: false,
    }
}

fn put(state: &State, item: &ItemId, node: &Node) -> Change {
    state.write(|batch| batch.put_node(item, node.clone())).unwrap()
}

/// The dirty items, whose marks are taken.
fn take_marks(state: &State) -> BTreeSet<ItemId> {
    let marks = dirty_after(&state.view().unwrap(), None, 10_000).unwrap();
    state
        .write(|batch| marks.iter().try_for_each(|(item, mark)| batch.clear_mark(item, mark.generation)))
        .unwrap();
    marks.into_iter().map(|(item, _)| item).collect()
}

/// root / folder / { file, library of another zone / note }, with no marks.
fn a_tree(state: &State) -> [ItemId; 5] {
    let [root, folder, file] = ["root", "F", "D"].map(|record| item(0, record));
    let (library, note) = (item(1, "documents"), item(1, "N"));
    let in_ = |kind, parent: &ItemId| node_of(kind, Some(parent.clone()));
    put(state, &root, &node_of(NodeKind::Folder, None));
    put(state, &folder, &in_(NodeKind::Folder, &root));
    put(state, &file, &in_(NodeKind::File, &folder));
    put(state, &library, &in_(NodeKind::Library, &folder));
    put(state, &note, &in_(NodeKind::File, &library));
    let all = [root, folder, file, library, note];
    assert_eq!(take_marks(state), all.iter().cloned().collect());
    all
}

#[test]
fn a_folder_that_moves_takes_all_that_is_below_it_along() {
    let state = State::in_memory().unwrap();
    let [root, folder, file, library, note] = a_tree(&state);
    let known = node(&state.view().unwrap(), &folder).unwrap().unwrap();
    let below = BTreeSet::from([folder.clone(), file.clone(), library.clone(), note.clone()]);
    for (changed, change) in [
        (Node { name: "b".into(), ..known.clone() }, Change::Changed),
        (Node { gone: true, ..known.clone() }, Change::Left),
        (known.clone(), Change::New),
        (Node { parent: Some(library.clone()), ..known.clone() }, Change::Changed),
    ] {
        assert_eq!(put(&state, &folder, &changed), change);
        assert_eq!(take_marks(&state), below, "{changed:?}");
    }
    // It lies in itself now, as a listing in the middle of moves may have it.
    let view = state.view().unwrap();
    assert!(children(&view, &root).unwrap().is_empty());
    assert_eq!(ancestors(&view, &note).unwrap().len(), 2);
}

#[test]
fn a_change_that_no_file_follows_marks_nothing_and_is_known() {
    let state = State::in_memory().unwrap();
    let [_, folder, file, ..] = a_tree(&state);
    let known = node(&state.view().unwrap(), &file).unwrap().unwrap();
    let opened = Node { etag: "9::1".into(), created_ms: Some(7), ..known };
    assert_eq!(put(&state, &file, &opened), Change::Same);
    let carried = Node { etag: "30".into(), ..node(&state.view().unwrap(), &folder).unwrap().unwrap() };
    assert_eq!(put(&state, &folder, &carried), Change::Same);
    assert!(take_marks(&state).is_empty());
    let view = state.view().unwrap();
    assert_eq!(node(&view, &file).unwrap(), Some(opened.clone()));
    assert_eq!(node(&view, &folder).unwrap(), Some(carried));
    for edited in [
        Node { etag: "9::2".into(), ..opened.clone() },
        Node { size: None, ..opened.clone() },
        Node { modified_ms: Some(2), ..opened.clone() },
        Node { kind: NodeKind::Folder, ..opened.clone() },
    ] {
        put(&state, &file, &edited);
        assert_eq!(take_marks(&state), BTreeSet::from([file.clone()]), "{edited:?}");
        put(&state, &file, &opened);
        take_marks(&state);
    }
}

#[test]
fn what_a_download_said_of_a_package_outlives_listings() {
    let state = State::in_memory().unwrap();
    let [_, _, file, ..] = a_tree(&state);
    state.write(|batch| batch.set_package(&file, true)).unwrap();
    assert_eq!(take_marks(&state), BTreeSet::from([file.clone()]));
    state.write(|batch| batch.set_package(&file, true)).unwrap();
    let listed = Node { etag: "2::2".into(), ..node_of(NodeKind::File, Some(item(0, "F"))) };
    assert_eq!(put(&state, &file, &listed), Change::Changed);
    let package = || node(&state.view().unwrap(), &file).unwrap().unwrap().package;
    assert_eq!(package(), Some(true));
    state.write(|batch| batch.set_package(&file, false)).unwrap();
    assert_eq!(package(), Some(false));
    assert_eq!(take_marks(&state), BTreeSet::from([file]));
    state.write(|batch| batch.set_package(&item(0, "nobody"), true)).unwrap();
    assert!(take_marks(&state).is_empty());
}

#[test]
fn what_is_listed_is_not_absent_and_what_never_was_there_is_nothing() {
    let state = State::in_memory().unwrap();
    let [_, folder, file, _, note] = a_tree(&state);
    let absent = || absent_after(&state.view().unwrap(), None, 9).unwrap();
    state.write(|batch| batch.put_absent(&file, &folder, 5)).unwrap();
    state.write(|batch| batch.put_absent(&file, &folder, 6)).unwrap();
    state.write(|batch| batch.put_absent(&note, &folder, 6)).unwrap();
    assert_eq!(absent()[0], (file.clone(), Absent { folder: folder.clone(), since: 5 }));
    let known = node(&state.view().unwrap(), &file).unwrap().unwrap();
    assert_eq!(put(&state, &file, &known), Change::Same);
    assert_eq!(absent().len(), 1);
    assert_eq!(state.write(|batch| batch.put_node_gone(&note)).unwrap(), Change::Left);
    assert_eq!(state.write(|batch| batch.put_node_gone(&note)).unwrap(), Change::Same);
    assert!(absent().is_empty());
    assert_eq!(take_marks(&state), BTreeSet::from([note.clone()]));
    assert!(node(&state.view().unwrap(), &note).unwrap().unwrap().gone);
    assert_eq!(state.write(|batch| batch.put_node_gone(&item(0, "nobody"))).unwrap(), Change::Same);
    let unseen = Node { gone: true, ..known };
    assert_eq!(put(&state, &item(0, "nobody"), &unseen), Change::Same);
    assert_eq!(node(&state.view().unwrap(), &item(0, "nobody")).unwrap(), None);
    assert!(take_marks(&state).is_empty());
}

#[test]
fn a_share_is_inherited_from_the_nearest_folder_that_has_one() {
    let state = State::in_memory().unwrap();
    let [root, folder, _, library, note] = a_tree(&state);
    let share = |name: &str| Share::of(&serde_json::json!({ "shareName": name }));
    let carry = |item: &ItemId, share| {
        let node = node(&state.view().unwrap(), item).unwrap().unwrap();
        put(&state, item, &Node { share, ..node })
    };
    let of = |item: &ItemId| share_of(&state.view().unwrap(), item).unwrap();
    assert_eq!(of(&note), None);
    assert_eq!(carry(&folder, Some(share("outer"))), Change::Same);
    assert_eq!((of(&note), of(&folder), of(&root)), (Some(share("outer")), Some(share("outer")), None));
    carry(&library, Some(share("inner")));
    assert_eq!(of(&note), Some(share("inner")));
}

#[test]
fn items_are_walked_in_pieces_without_loss() {
    let state = State::in_memory().unwrap();
    let all = a_tree(&state);
    let mut seen: Vec<ItemId> = Vec::new();
    loop {
        let part = nodes_after(&state.view().unwrap(), seen.last(), 2).unwrap();
        if part.is_empty() {
            break;
        }
        assert!(part.iter().all(|(item, node)| item.record == node.record));
        seen.extend(part.into_iter().map(|(item, _)| item));
    }
    assert_eq!(seen.iter().collect::<BTreeSet<_>>(), all.iter().collect());
    assert_eq!(seen.len(), all.len());
}

/// Names that are packed, and one that is a beginning of another.
const NAMES: [&str; 6] = [
    "root",
    "documents",
    "A",
    "AB",
    "0D15EA5E-1111-4222-8333-444455556666",
    "0D15EA5E-1111-4222-8333-444455556667",
];

fn any_item() -> impl Strategy<Value = ItemId> {
    (0..2_u16, 0..NAMES.len()).prop_map(|(zone, at)| item(zone, NAMES[at]))
}

fn any_node() -> impl Strategy<Value = Node> {
    let kinds = prop_oneof![Just(NodeKind::Folder), Just(NodeKind::Library), Just(NodeKind::File)];
    let facts = (0..2_u8, 0..2_u8, prop::option::of(0..2_u64), prop::option::of(0..2_i64));
    let more = (prop::option::weighted(0.3, any::<bool>()), prop::bool::weighted(0.2), 0..2_u8);
    (prop::option::of(any_item()), kinds, facts, more).prop_map(
        |(parent, kind, (structure, content, size, modified_ms), (package, gone, name))| Node {
            name: format!("name {name}"),
            etag: format!("{structure}::{content}"),
            size,
            modified_ms,
            package,
            gone,
            ..node_of(kind, parent)
        },
    )
}

/// Everything below an item by the plain table, itself not included unless it lies in itself by way of others.
fn below(table: &BTreeMap<ItemId, Node>, top: &ItemId) -> BTreeSet<ItemId> {
    let mut found = BTreeSet::new();
    loop {
        let more: Vec<ItemId> = table
            .iter()
            .filter(|(item, node)| !node.gone && !found.contains(*item))
            .filter(|(_, node)| node.parent.as_ref().is_some_and(|up| up == top || found.contains(up)))
            .map(|(item, _)| item.clone())
            .collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// As a plain table of all items would have it, circles included.
    #[test]
    fn the_index_and_the_marks_are_those_of_a_plain_table(
        puts in prop::collection::vec((any_item(), any_node()), 1..40)
    ) {
        let state = State::in_memory().unwrap();
        let mut table: BTreeMap<ItemId, Node> = BTreeMap::new();
        for (item, node) in puts {
            let old = table.get(&item).cloned();
            let change = put(&state, &item, &node);
            let mut expected = BTreeSet::new();
            if old.is_some() || !node.gone {
                let known = old.as_ref().filter(|old| old.kind == NodeKind::File && node.kind == NodeKind::File);
                let package = node.package.or(known.and_then(|old| old.package));
                let node = Node { record: item.record.clone(), package, ..node };
                let was_there = old.as_ref().is_some_and(|old| !old.gone);
                let (marks, walks) = match &old {
                    None => (true, true),
                    Some(old) => {
                        let place = |node: &Node| (node.name.clone(), node.parent.clone(), node.gone);
                        let content = |node: &Node| {
                            let tag = (node.kind == NodeKind::File).then(|| node.etag.rsplit(':').next().unwrap().to_owned());
                            (node.kind, tag, node.size, node.modified_ms)
                        };
                        let moved = place(old) != place(&node);
                        (moved || content(old) != content(&node), moved)
                    }
                };
                let told = match (was_there, !node.gone) {
                    (false, true) => Change::New,
                    (true, false) => Change::Left,
                    (true, true) if marks => Change::Changed,
                    _ => Change::Same,
                };
                prop_assert_eq!(change, told);
                table.insert(item.clone(), node);
                if walks {
                    expected = below(&table, &item);
                }
                if marks {
                    expected.insert(item);
                }
            } else {
                prop_assert_eq!(change, Change::Same);
            }
            prop_assert_eq!(take_marks(&state), expected);
        }
        let view = state.view().unwrap();
        let everybody = (0..2).flat_map(|zone| NAMES.map(|name| item(zone, name)));
        for folder in everybody {
            let there = table.iter().filter(|(_, node)| !node.gone && node.parent.as_ref() == Some(&folder));
            let mut found = children(&view, &folder).unwrap();
            found.sort();
            prop_assert_eq!(found, there.map(|(item, _)| item.clone()).collect::<Vec<_>>());
            prop_assert_eq!(node(&view, &folder).unwrap(), table.get(&folder).cloned());
            // Ends, whatever lies in what.
            ancestors(&view, &folder).unwrap();
        }
    }
}
