//! B6, and what of B3 can be done here: the power goes while the state is written. A disk in memory then drops, reorders or
//! tears whatever was not synced.

mod disk;
mod syncs;

use std::fmt::Write as _;

use disk::{Dice, Disk};
use larder::model::{Album, AlbumKind, Asset, ItemId};
use larder::state::{self, MetaKey, Placement, State, StateError};
use proptest::prelude::*;

/// Opens the state on a disk.
fn open(disk: &Disk) -> Result<State, StateError> {
    State::on(disk.clone(), "(a disk in memory)".as_ref())
}

fn asset(record: String, hidden: bool) -> Asset {
    Asset {
        record,
        master: Some("M".into()),
        asset_date: Some(1),
        added_date: None,
        created: None,
        zone_offset: None,
        favourite: false,
        hidden,
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

/// A transaction as runs have them: many rows of several tables, and a number that says which it is.
fn transaction(state: &State, number: u64, records: &[u16]) -> Result<(), StateError> {
    state.write(|batch| {
        for record in records {
            let name = format!("photo {record}");
            batch.put_asset(0, asset(name.clone(), number.is_multiple_of(2)))?;
            let item = ItemId { zone: 0, record: name.clone() };
            let placement =
                Placement { folder: format!("run {number}"), stem: "x".repeat(300), files: vec![] };
            batch.put_placement(&item, &placement)?;
            batch.take_path(state::Root::Photos, &name, &item)?;
            if record % 3 == 0 {
                batch.put_gone(0, &name)?;
            }
        }
        let record = format!("album {}", number % 5);
        let name = Some(format!("{number}"));
        batch.put_album(0, &Album { record, name, parent: None, kind: AlbumKind::Album, deleted: false })?;
        batch.set_meta_number(MetaKey::ZonesChecked, number)
    })
}

/// All that the transactions wrote, as text.
fn content(state: &State) -> Result<String, StateError> {
    let view = state.view()?;
    let mut text = format!("{:?}", state::number(&view, MetaKey::ZonesChecked)?);
    state::each_placement(&view, |item, placement| {
        write!(text, "\n{item:?} {placement:?}").unwrap();
        Ok(())
    })?;
    for record in 0..40 {
        let item = ItemId { zone: 0, record: format!("photo {record}") };
        let owner = state::owner(&view, state::Root::Photos, &item.record)?;
        write!(text, "\n{:?} {owner:?} {:?}", state::asset(&view, &item)?, state::mark(&view, &item)?)
            .unwrap();
    }
    write!(text, "\n{:?} {:?}", state::albums(&view, 0)?, state::assets_of(&view, 0, "M")?).unwrap();
    Ok(text)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, failure_persistence: None, ..ProptestConfig::default() })]

    /// After the power came back, the state is that of the last transaction that was told done, or of the one that was on
    /// its way: never a mixture, never a panic.
    #[test]
    fn b6_a_power_cut_leaves_a_committed_state(
        runs in prop::collection::vec(prop::collection::vec(0_u16..40, 1..12), 2..9),
        operations in 1_u64..400,
        seed in any::<u64>(),
    ) {
        let (disk, dice) = (Disk::default(), &mut Dice(seed));
        // What each transaction makes of the state, by a state that no power cut meets.
        let undisturbed = State::in_memory().unwrap();
        let mut contents = vec![content(&undisturbed).unwrap()];
        let state = open(&disk).unwrap();
        disk.cut_after(operations);
        let mut done = 0;
        for (number, records) in runs.iter().enumerate() {
            transaction(&undisturbed, number as u64, records).unwrap();
            contents.push(content(&undisturbed).unwrap());
            match transaction(&state, number as u64, records) {
                Ok(()) => done = number + 1,
                Err(_) => break,
            }
        }
        let cut = disk.is_cut();
        let found = disk.after_the_cut(dice);
        drop(state);
        let state = open(&found).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let now = content(&state).unwrap();
        let in_flight = cut.then(|| contents.get(done + 1)).flatten();
        prop_assert!(now == contents[done] || Some(&now) == in_flight, "{now}\nis neither of {done} nor of the next");

        // It goes on from there, also through a second cut while it is being repaired or written.
        found.cut_after(dice.below(40));
        let again = transaction(&state, 77, &[1, 2, 3]);
        let third = found.after_the_cut(dice);
        drop(state);
        let state = open(&third).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let last = state::number(&state.view().unwrap(), MetaKey::ZonesChecked).unwrap();
        prop_assert!(again.is_err() || last == Some(77), "{last:?} after a transaction that was told done");
        transaction(&state, 78, &[4]).unwrap();
    }

    /// A state whose bits flip or whose end is missing is an error or is read; a panic fails the test.
    #[test]
    fn b6_a_damaged_state_never_panics(
        at in any::<prop::sample::Index>(),
        flip in 1_u8..=255,
        cut_short in any::<bool>(),
    ) {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("state.redb");
        let state = State::open(&path).unwrap();
        for number in 0..3 {
            transaction(&state, number, &[1, 2, 3, 5, 8, 13, 21, 34]).unwrap();
        }
        drop(state);
        let mut bytes = std::fs::read(&path).unwrap();
        let at = at.index(bytes.len());
        if cut_short {
            bytes.truncate(at);
        } else {
            bytes[at] ^= flip;
        }
        std::fs::write(&path, bytes).unwrap();
        if let Ok(state) = State::open(&path) {
            let _read = content(&state);
            let _written = transaction(&state, 9, &[3, 4]);
        }
    }
}
