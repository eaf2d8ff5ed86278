//! Files that were found otherwise than larder wrote them when the mirror was read again. Each is told until it is
//! settled: whole again, or gone from the mirror.

use redb::ReadableTable as _;
use serde::{Deserialize, Serialize};

use super::StateError;
use super::key::{after, name, pack};
use super::ledger::{Lies, PlacedFile, placement};
use super::row::{decode, encode};
use super::tables::{Batch, Tables};
use crate::model::{ItemId, Kind};

/// What is wrong with a file. Stored by position: add at the end, never reorder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Its bytes are others, while its length and time are those that larder gave it: nobody meant that.
    Damaged,
    /// Its length or time are others, and its bytes too: somebody may have meant that.
    Edited,
    /// It is not there.
    Missing,
    /// Something else than a file has its name, or a link leads to it.
    Replaced,
    /// It cannot be read.
    Unreadable,
}

impl Condition {
    /// The condition in a word, for people and for `--json`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::Edited => "edited",
            Self::Missing => "missing",
            Self::Replaced => "replaced",
            Self::Unreadable => "unreadable",
        }
    }
}

/// A file that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wrong {
    /// What it is for its photo.
    pub kind: Kind,
    /// What is wrong.
    pub condition: Condition,
    /// When it was found first: milliseconds since 1970.
    pub found_ms: i64,
}

/// What is wrong with the files of an item.
pub fn wrong(tables: &impl Tables, item: &ItemId) -> Result<Vec<Wrong>, StateError> {
    let row = tables.wrong().get((item.zone, pack(&item.record).as_slice()))?;
    row.map_or(Ok(vec![]), |row| decode("wrong", row.value()))
}

/// Up to `limit` items with files that are wrong, those after `last`.
pub fn wrong_after(
    tables: &impl Tables,
    last: Option<&ItemId>,
    limit: usize,
) -> Result<Vec<(ItemId, Vec<Wrong>)>, StateError> {
    let (zone, from) = after(last);
    let mut found = Vec::new();
    for entry in tables.wrong().range((zone, from.as_slice())..)?.take(limit) {
        let (key, row) = entry?;
        let (zone, record) = key.value();
        found.push((ItemId { zone, record: name("wrong", record)? }, decode("wrong", row.value())?));
    }
    Ok(found)
}

impl Batch<'_> {
    /// Notes that a file is wrong. Tells whether that is news.
    pub fn put_wrong(&mut self, item: &ItemId, new: Wrong) -> Result<bool, StateError> {
        let mut all = wrong(self, item)?;
        match all.iter_mut().find(|known| known.kind == new.kind) {
            Some(known) if known.condition == new.condition => return Ok(false),
            Some(known) => *known = new,
            None => all.push(new),
        }
        self.insert_wrong(item, &all)?;
        Ok(true)
    }

    /// A file is whole again, or gone. Tells whether it was wrong.
    pub fn clear_wrong(&mut self, item: &ItemId, kind: Kind) -> Result<bool, StateError> {
        let mut all = wrong(self, item)?;
        let before = all.len();
        all.retain(|known| known.kind != kind);
        let was = all.len() != before;
        if was {
            self.insert_wrong(item, &all)?;
        }
        Ok(was)
    }

    /// A file that was thought to be altered is what larder wrote: it lies where it is.
    pub fn heal(&mut self, item: &ItemId, kind: Kind, seen: &PlacedFile) -> Result<(), StateError> {
        self.clear_wrong(item, kind)?;
        let Some(mut placement) = placement(self, item)? else { return Ok(()) };
        let own = placement.path(&seen.name);
        let Some(file) = placement.files.iter_mut().find(|file| file.kind == kind) else { return Ok(()) };
        let Lies::Altered(path) = &file.lies else { return Ok(()) };
        if file != seen {
            return Ok(());
        }
        file.lies = if *path == own { Lies::There } else { Lies::Elsewhere(path.clone()) };
        self.put_placement(item, &placement)
    }

    fn insert_wrong(&mut self, item: &ItemId, all: &[Wrong]) -> Result<(), StateError> {
        let key = pack(&item.record);
        if all.is_empty() {
            self.wrong.remove((item.zone, key.as_slice()))?;
        } else {
            self.wrong.insert((item.zone, key.as_slice()), encode("wrong", &all)?.as_slice())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn a_wrong_file_is_news_once_and_gone_when_it_is_settled() {
        let state = State::in_memory().unwrap();
        let item = |record: &str| ItemId { zone: 0, record: record.into() };
        let bad = |kind, condition| Wrong { kind, condition, found_ms: 7 };
        let put = |record: &str, wrong| state.write(|batch| batch.put_wrong(&item(record), wrong)).unwrap();
        assert!(put("A", bad(Kind::Original, Condition::Damaged)));
        assert!(!put("A", bad(Kind::Original, Condition::Damaged)));
        assert!(put("A", bad(Kind::Original, Condition::Missing)));
        assert!(put("A", bad(Kind::Motion, Condition::Damaged)));
        assert!(put("B", bad(Kind::Original, Condition::Edited)));
        let first = wrong_after(&state.view().unwrap(), None, 1).unwrap();
        assert_eq!((first[0].0.record.as_str(), first[0].1.len()), ("A", 2));
        assert_eq!(wrong_after(&state.view().unwrap(), Some(&first[0].0), 9).unwrap().len(), 1);
        let clear = |record: &str, kind| state.write(|batch| batch.clear_wrong(&item(record), kind)).unwrap();
        assert!(clear("A", Kind::Original) && clear("A", Kind::Motion) && clear("B", Kind::Original));
        assert!(!clear("B", Kind::Original));
        assert!(wrong_after(&state.view().unwrap(), None, 9).unwrap().is_empty());
    }
}
