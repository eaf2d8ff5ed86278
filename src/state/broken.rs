//! Records to be asked for again: those that could not be decoded, and those that an audit found otherwise in iCloud.

use redb::ReadableTable as _;
use serde::{Deserialize, Serialize};

use super::StateError;
use super::dirty::patience;
use super::key::{after, name, pack};
use super::row::{decode, decode_as, encode_as, version};
use super::tables::{Batch, Tables};
use crate::model::ItemId;

/// Version of the rows that are written.
const VERSION: u8 = 2;

/// A record to be asked for again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    /// Why, for people.
    pub why: String,
    /// How often it was asked for.
    pub tries: u32,
    /// Not to be asked for before this time (seconds since 1970).
    pub not_before: i64,
    /// Whether it is well understood, but an audit found it otherwise in iCloud.
    pub doubted: bool,
}

/// Up to `limit` records to be asked for again that come after `last`, by zone and name.
pub fn broken_after(
    tables: &impl Tables,
    last: Option<&ItemId>,
    limit: usize,
) -> Result<Vec<(ItemId, Broken)>, StateError> {
    let (zone, from) = after(last);
    let mut broken = Vec::new();
    for entry in tables.broken().range((zone, from.as_slice())..)?.take(limit) {
        let (key, row) = entry?;
        let (zone, record) = key.value();
        broken.push((ItemId { zone, record: name("broken", record)? }, decode_broken(row.value())?));
    }
    Ok(broken)
}

fn decode_broken(bytes: &[u8]) -> Result<Broken, StateError> {
    if version(bytes) == Some(1) {
        // Before audits there was no doubt.
        let (why, tries, not_before) = decode("broken", bytes)?;
        return Ok(Broken { why, tries, not_before, doubted: false });
    }
    decode_as("broken", VERSION, bytes)
}

impl Batch<'_> {
    /// Remembers a record that could not be decoded, so that a later run asks for it again.
    pub fn put_broken(&mut self, zone: u16, record: &str, why: &str, now: i64) -> Result<(), StateError> {
        let known = self.broken.get((zone, pack(record).as_slice()))?;
        let known = known.map(|row| decode_broken(row.value())).transpose()?;
        let tries = known.filter(|known| !known.doubted).map_or(0, |known| known.tries);
        let row = Broken {
            why: why.to_owned(),
            tries: tries.saturating_add(1),
            not_before: now + patience(tries),
            doubted: false,
        };
        self.insert_broken(zone, record, &row)
    }

    /// Remembers that iCloud says otherwise of a record than the catalog, so that the next run asks for it.
    pub fn doubt(&mut self, zone: u16, record: &str, why: &str) -> Result<(), StateError> {
        let row = Broken { why: why.to_owned(), tries: 0, not_before: 0, doubted: true };
        self.insert_broken(zone, record, &row)
    }

    /// The record is understood, or gone: nobody needs to ask for it again.
    pub fn settle(&mut self, zone: u16, record: &str) -> Result<(), StateError> {
        self.broken.remove((zone, pack(record).as_slice()))?;
        Ok(())
    }

    fn insert_broken(&mut self, zone: u16, record: &str, row: &Broken) -> Result<(), StateError> {
        let bytes = encode_as("broken", VERSION, row)?;
        self.broken.insert((zone, pack(record).as_slice()), bytes.as_slice())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::super::row::encode;
    use super::*;

    #[test]
    fn rows_of_the_first_version_are_read() {
        let row = encode("broken", &("it has no size", 3_u32, 77_i64)).unwrap();
        let read = decode_broken(&row).unwrap();
        assert_eq!(
            (read.why.as_str(), read.tries, read.not_before, read.doubted),
            ("it has no size", 3, 77, false)
        );
    }

    #[test]
    fn a_doubt_is_due_at_once_and_counts_as_no_try() {
        let state = State::in_memory().unwrap();
        state.write(|batch| batch.doubt(0, "A", "iCloud has another date")).unwrap();
        state.write(|batch| batch.doubt(1, "A", "iCloud does not have it")).unwrap();
        let of = |last: Option<&ItemId>| broken_after(&state.view().unwrap(), last, 1).unwrap();
        let (first, broken) = of(None).pop().unwrap();
        assert_eq!((first.zone, broken.not_before, broken.doubted), (0, 0, true));
        let (second, _) = of(Some(&first)).pop().unwrap();
        assert_eq!(second.zone, 1);
        assert!(of(Some(&second)).is_empty());
        state.write(|batch| batch.put_broken(0, "A", "it has no size", 5)).unwrap();
        assert_eq!(
            of(None)[0].1,
            Broken { why: "it has no size".into(), tries: 1, not_before: 5, doubted: false }
        );
        state.write(|batch| batch.settle(0, "A")).unwrap();
        assert_eq!(of(None)[0].0, second);
    }
}
