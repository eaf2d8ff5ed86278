//! Tests of the catalog, the marks and the ledger together.

use super::*;
use crate::model::{Album, AlbumKind, Asset, Checksum, ItemId, Kind, Master, Member, Resource};

fn asset(record: &str, master: &str) -> Asset {
    Asset {
        record: record.into(),
        master: Some(master.into()),
        asset_date: Some(1),
        added_date: None,
        created: None,
        zone_offset: None,
        favourite: false,
        hidden: false,
        deleted: false,
        expunged: false,
        burst: None,
        subtype: 0,
        subtype_v2: 0,
        render_type: 0,
        adjustment: None,
        duration_ms: 0,
        resources: vec![],
    }
}

fn master(record: &str) -> Master {
    Master {
        record: record.into(),
        filename: Some("IMG_0001.HEIC".into()),
        item_type: None,
        data_class: None,
        resources: vec![Resource {
            kind: Kind::Original,
            checksum: Checksum::parse(record),
            size: 3,
            width: None,
            height: None,
            uti: None,
        }],
    }
}

fn item(record: &str) -> ItemId {
    ItemId { zone: 0, record: record.into() }
}

fn clear(batch: &mut Batch<'_>, record: &str) -> Result<(), StateError> {
    let generation = super::mark(batch, &item(record))?.map_or(0, |mark| mark.generation);
    batch.clear_mark(&item(record), generation)
}

fn dirty(state: &State) -> Vec<String> {
    dirty_after(&state.view().unwrap(), None, 100).unwrap().into_iter().map(|(item, _)| item.record).collect()
}

#[test]
fn a_change_marks_and_the_same_again_does_not() {
    let state = State::in_memory().unwrap();
    assert_eq!(state.write(|b| b.put_asset(0, asset("A", "M"))).unwrap(), Change::New);
    assert_eq!(dirty(&state), ["A"]);
    state.write(|b| clear(b, "A")).unwrap();
    assert_eq!(state.write(|b| b.put_asset(0, asset("A", "M"))).unwrap(), Change::Same);
    assert!(dirty(&state).is_empty());
    let liked = Asset { favourite: true, ..asset("A", "M") };
    assert_eq!(state.write(|b| b.put_asset(0, liked)).unwrap(), Change::Changed);
    assert_eq!(dirty(&state), ["A"]);
}

#[test]
fn a_master_marks_all_its_assets_in_whichever_order_they_come() {
    let state = State::in_memory().unwrap();
    state.write(|b| b.put_asset(0, asset("A", "M"))).unwrap();
    state.write(|b| b.put_asset(0, asset("B", "M"))).unwrap();
    state.write(|b| b.put_asset(0, asset("C", "N"))).unwrap();
    for record in ["A", "B", "C"] {
        state.write(|b| clear(b, record)).unwrap();
    }
    state.write(|b| b.put_master(0, master("M"))).unwrap();
    assert_eq!(dirty(&state), ["A", "B"]);
    let view = state.view().unwrap();
    assert_eq!(super::master(&view, 0, "M").unwrap(), Some(master("M")));
    assert_eq!(super::asset(&view, &item("B")).unwrap(), Some(asset("B", "M")));
    // An asset that moves to another master is no longer marked by the old one.
    state.write(|b| b.put_asset(0, asset("B", "N"))).unwrap();
    for record in ["A", "B"] {
        state.write(|b| clear(b, record)).unwrap();
    }
    let renamed = Master { filename: None, ..master("M") };
    state.write(|b| b.put_master(0, renamed)).unwrap();
    assert_eq!(dirty(&state), ["A"]);
}

#[test]
fn a_postponed_item_keeps_its_place_and_a_new_change_makes_it_due() {
    let state = State::in_memory().unwrap();
    state.write(|b| b.put_asset(0, asset("A", "M"))).unwrap();
    state.write(|b| b.put_asset(0, asset("B", "M"))).unwrap();
    for _ in 0..4 {
        state.write(|b| b.postpone(&item("A"), "no network", false, 99)).unwrap();
    }
    let (first, mark) = dirty_after(&state.view().unwrap(), None, 1).unwrap().remove(0);
    assert_eq!((first.record.as_str(), mark.tries, mark.not_before), ("A", 4, 99 + 20 * 3600));
    assert_eq!(dirty_after(&state.view().unwrap(), Some(mark.seq), 9).unwrap().len(), 1);
    state.write(|b| b.put_asset(0, Asset { hidden: true, ..asset("A", "M") })).unwrap();
    let mark = super::mark(&state.view().unwrap(), &item("A")).unwrap().unwrap();
    assert_eq!((mark.not_before, mark.why), (0, None));
    assert_eq!(dirty(&state), ["A", "B"]);
}

#[test]
fn what_was_planned_before_a_change_does_not_settle_it() {
    let state = State::in_memory().unwrap();
    state.write(|b| b.put_asset(0, asset("A", "M"))).unwrap();
    let planned = super::mark(&state.view().unwrap(), &item("A")).unwrap().unwrap();
    state.write(|b| b.put_asset(0, Asset { favourite: true, ..asset("A", "M") })).unwrap();
    state.write(|b| b.clear_mark(&item("A"), planned.generation)).unwrap();
    assert_eq!(dirty(&state), ["A"]);
}

#[test]
fn memberships_are_found_from_both_sides_and_go_by_name() {
    let state = State::in_memory().unwrap();
    let member = Member { album: "X".into(), asset: "A".into(), position: 4, deleted: false };
    state.write(|b| b.put_member(0, &member)).unwrap();
    let view = state.view().unwrap();
    assert_eq!(members(&view, 0, "X").unwrap(), [("A".to_owned(), 4)]);
    assert_eq!(memberships(&view, 0, "A").unwrap(), ["X"]);
    let gone = state.write(|b| b.put_gone(0, "A-IN-X")).unwrap();
    assert_eq!(gone, Gone::Member { album: "X".into(), known: true });
    assert!(memberships(&state.view().unwrap(), 0, "A").unwrap().is_empty());
}

#[test]
fn a_purge_is_recognised_by_what_is_known() {
    let state = State::in_memory().unwrap();
    let album =
        Album { record: "X".into(), name: None, parent: None, kind: AlbumKind::Album, deleted: false };
    state.write(|b| b.put_album(0, &album)).unwrap();
    state.write(|b| b.put_asset(0, asset("A", "M"))).unwrap();
    assert_eq!(state.write(|b| b.put_gone(0, "X")).unwrap(), Gone::Album);
    assert_eq!(state.write(|b| b.put_gone(0, "A")).unwrap(), Gone::Asset(Change::Left));
    assert_eq!(state.write(|b| b.put_gone(0, "never seen")).unwrap(), Gone::Other);
    let view = state.view().unwrap();
    assert!(super::asset(&view, &item("A")).unwrap().unwrap().expunged);
    assert!(albums(&view, 0).unwrap()[0].deleted);
}

#[test]
fn assets_are_walked_in_pieces_without_loss() {
    let state = State::in_memory().unwrap();
    let names: Vec<String> = (0..25).map(|n| format!("{n:08X}-0000-4000-8000-000000000000")).collect();
    state
        .write(|b| {
            for name in &names {
                b.put_asset(1, asset(name, "M"))?;
            }
            b.put_asset(0, asset("other zone", "M"))?;
            b.put_asset(2, asset("other zone", "M"))
        })
        .unwrap();
    let view = state.view().unwrap();
    let mut seen = Vec::new();
    loop {
        let part = assets_after(&view, 1, seen.last().map(String::as_str), 7).unwrap();
        if part.is_empty() {
            break;
        }
        seen.extend(part.into_iter().map(|asset| asset.record));
    }
    assert_eq!(seen, names);
}

#[test]
fn another_disk_voids_the_ledger_and_keeps_the_names() {
    let state = State::in_memory().unwrap();
    let file = PlacedFile {
        kind: Kind::Original,
        name: "IMG_0001.HEIC".into(),
        checksum: Checksum::parse("AA"),
        size: 3,
        mtime_ms: None,
        proof: Some(Proof::Proven),
        lies: Lies::There,
        pinned: false,
        tag: None,
    };
    let placement = Placement { folder: String::new(), stem: "IMG_0001".into(), files: vec![file] };
    for record in ["A", "B", "C"] {
        state.write(|b| b.put_placement(&item(record), &placement)).unwrap();
    }
    let mut after = None;
    loop {
        after = state.write(|b| b.void_after(after.as_ref(), 2)).unwrap();
        if after.is_none() {
            break;
        }
    }
    assert_eq!(dirty(&state), ["A", "B", "C"]);
    let kept = super::placement(&state.view().unwrap(), &item("C")).unwrap().unwrap();
    assert_eq!((kept.files[0].name.as_str(), &kept.files[0].proof), ("IMG_0001.HEIC", &None));
}

#[test]
fn a_path_belongs_to_who_took_it() {
    let state = State::in_memory().unwrap();
    let placement = Placement { folder: "2024/01/02".into(), stem: "IMG_0001".into(), files: vec![] };
    state
        .write(|b| {
            b.take_path(Root::Photos, "2024/01/02/img_0001.heic", &item("A"))?;
            b.put_placement(&item("A"), &placement)
        })
        .unwrap();
    let view = state.view().unwrap();
    assert_eq!(owner(&view, Root::Photos, "2024/01/02/img_0001.heic").unwrap(), Some(item("A")));
    assert_eq!(owner(&view, Root::Photos, "2024/01/02/img_0002.heic").unwrap(), None);
    assert_eq!(super::placement(&view, &item("A")).unwrap(), Some(placement));
}
