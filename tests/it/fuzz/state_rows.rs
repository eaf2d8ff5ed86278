//! Rows of a real state, changed: whoever reads one gets it or an error, whatever its bytes are.

use std::cell::Cell;
use std::path::Path;

use icloud_sim::LibrarySpec;
use larder::report;
use larder::state::{self, Moment, Order, Reader, StateError, View};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;
use redb::{Database, Key, ReadableTable as _, TableDefinition};

use crate::environment::TestEnvironment;

/// Everything that there is to read, as the commands read it.
fn read_all(view: &View) -> Vec<Result<(), StateError>> {
    let ends = [i64::MIN, i64::MAX].map(|ms: i64| Moment { time_ms: ms, number: 0 });
    vec![
        state::zones(view).map(drop),
        state::each_asset(view, |_, _| Ok(())),
        state::assets_after(view, 0, None, 1_000).map(drop),
        state::each_placement(view, |_, _| Ok(())),
        state::broken_after(view, None, 1_000).map(drop),
        state::dirty_after(view, None, 1_000).map(drop),
        state::albums(view, 0).map(drop),
        state::view_albums(view).map(drop),
        state::history(view, ends[0], ends[1], Order::Backward, 1_000).map(drop),
        state::last_run(view).map(drop),
        report::status(view, larder::model::Part::Photos, None).map(drop),
    ]
}

/// Changes the value of one row of a table; gives nothing when it has none.
fn change<K: Key + 'static>(
    path: &Path,
    table: TableDefinition<'_, K, &[u8]>,
    row: Index,
    change: impl FnOnce(&[u8]) -> Vec<u8>,
) -> Option<()> {
    let db = Database::open(path).unwrap();
    let tx = db.begin_write().unwrap();
    {
        let mut table = tx.open_table(table).unwrap();
        let rows: Vec<_> = table.iter().unwrap().map(Result::unwrap).collect();
        let (key, value) = rows.get(row.index(rows.len().max(1)))?;
        let changed = change(value.value());
        let key = K::as_bytes(&key.value()).as_ref().to_vec();
        drop(rows);
        table.insert(K::from_bytes(&key), changed.as_slice()).unwrap();
    }
    tx.commit().unwrap();
    Some(())
}

#[test]
fn rows_that_changed_are_read_or_refused() {
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 20, albums: 3, ..LibrarySpec::default() });
    here.sync().expect(0);
    let original = std::fs::read(here.state_dir().join("state.redb")).unwrap();
    let path = here.path("changed.redb");
    let (read, refused) = (Cell::new(0), Cell::new(0));
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 150,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let bytes = proptest::collection::vec(any::<u8>(), 0..40);
    let input = (0..7_u8, any::<Index>(), any::<Index>(), 0..4_u8, bytes);
    let tried = runner.run(&input, |(table, row, at, what, bytes)| {
        std::fs::write(&path, &original).unwrap();
        let changed = |value: &[u8]| {
            let at = at.index(value.len() + 1);
            match what {
                0 => bytes.clone(),
                1 => value[..at].to_vec(),
                2 => [&value[..at], &bytes, &value[at..]].concat(),
                _ => value.iter().enumerate().map(|(n, byte)| if n == at { !byte } else { *byte }).collect(),
            }
        };
        let item = |name| change::<(u16, &[u8])>(&path, TableDefinition::new(name), row, changed);
        let _no_rows = match table {
            0 => change::<u16>(&path, TableDefinition::new("zones"), row, changed),
            1 => item("assets"),
            2 => item("masters"),
            3 => item("albums"),
            4 => item("ledger"),
            5 => change::<(i64, u32)>(&path, TableDefinition::new("history"), row, changed),
            _ => change::<(u16, &[u8], &[u8])>(&path, TableDefinition::new("views"), row, changed),
        };
        let view = Reader::open(&path).unwrap().view().unwrap();
        for result in read_all(&view) {
            match result {
                Ok(()) => read.set(read.get() + 1),
                Err(error @ StateError::Row { .. }) => {
                    prop_assert!(error.to_string().contains("larder sync --once"));
                    refused.set(refused.get() + 1);
                }
                Err(other) => prop_assert!(false, "{other:?}"),
            }
        }
        Ok(())
    });
    tried.unwrap();
    let (read, refused) = (read.get(), refused.get());
    assert!(read > 500 && refused > 30, "{read} read, {refused} refused");
}
