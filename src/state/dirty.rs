//! Dirty marks: what still has to be made true on disk.
//!
//! A mark is set in the transaction that changes the catalog and goes in the one that records that its actions
//! are done. A crash leaves marks, and marks are all that a restart needs. Items come up in the order in which
//! they were marked; one whose download failed keeps its mark and waits for its time.

use redb::ReadableTable as _;
use serde::{Deserialize, Serialize};

use super::StateError;
use super::key::{name, pack};
use super::meta::MetaKey;
use super::row::{decode, encode};
use super::tables::{Batch, Tables};
use crate::model::ItemId;

/// The mark of a dirty item.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Its place in the order of marking.
    pub seq: u64,
    /// How often it was marked. What was planned for one generation does not settle the next.
    pub generation: u32,
    /// Runs in which it failed since it was marked.
    pub tries: u32,
    /// Not to be tried before this time (seconds since 1970); 0 = at once.
    pub not_before: i64,
    /// Why it failed last, for people.
    pub why: Option<String>,
    /// Whether iCloud does not hold it yet, so that nobody is to blame.
    pub waiting: bool,
}

/// How many seconds an item rests after failing in `tries` runs before: the first few runs simply try again, then
/// the pauses grow to a week, so that a photo that never finishes uploading is not looked up every night.
pub(super) fn patience(tries: u32) -> i64 {
    const HOUR: i64 = 3600;
    match tries {
        0..=2 => 0,
        3..=10 => (20 * HOUR) << (tries - 3).min(3),
        _ => 7 * 24 * HOUR,
    }
}

/// Up to `limit` dirty items with a place above `after`, in order of marking.
pub fn dirty_after(
    tables: &impl Tables,
    after: Option<u64>,
    limit: usize,
) -> Result<Vec<(ItemId, Mark)>, StateError> {
    let from = after.map_or(0, |after| after.saturating_add(1));
    let mut items = Vec::new();
    for entry in tables.dirty().range(from..)?.take(limit) {
        let (_, key) = entry?;
        let (zone, record) = key.value();
        let item = ItemId { zone, record: name("dirty", record)? };
        if let Some(mark) = mark(tables, &item)? {
            items.push((item, mark));
        }
    }
    Ok(items)
}

/// The mark of an item, when it is dirty.
pub fn mark(tables: &impl Tables, item: &ItemId) -> Result<Option<Mark>, StateError> {
    let row = tables.marks().get((item.zone, pack(&item.record).as_slice()))?;
    row.map(|row| decode("marks", row.value())).transpose()
}

impl Batch<'_> {
    /// Marks an item dirty, to be tried at once. An item that is marked already keeps its place and becomes a new
    /// generation.
    pub fn mark(&mut self, item: &ItemId) -> Result<(), StateError> {
        let key = pack(&item.record);
        let known = mark(self, item)?;
        let seq = if let Some(mark) = &known {
            mark.seq
        } else {
            let next = self.meta_number(MetaKey::NextMark)?.unwrap_or(0);
            self.set_meta_number(MetaKey::NextMark, next + 1)?;
            self.dirty.insert(next, (item.zone, key.as_slice()))?;
            next
        };
        let generation = known.map_or(0, |mark| mark.generation.wrapping_add(1));
        let row = encode("marks", &Mark { seq, generation, ..Mark::default() })?;
        self.marks.insert((item.zone, key.as_slice()), row.as_slice())?;
        Ok(())
    }

    /// Takes the mark from an item: everything that was planned for this generation is true on disk.
    pub fn clear_mark(&mut self, item: &ItemId, generation: u32) -> Result<(), StateError> {
        if let Some(mark) = mark(self, item)?
            && mark.generation == generation
        {
            self.dirty.remove(mark.seq)?;
            self.marks.remove((item.zone, pack(&item.record).as_slice()))?;
        }
        Ok(())
    }

    /// Marks an item anew that rests because iCloud did not hold it: by now it does.
    pub fn wake(&mut self, item: &ItemId, now: i64) -> Result<(), StateError> {
        let rests = mark(self, item)?.is_some_and(|mark| mark.waiting && mark.not_before > now);
        if rests { self.mark(item) } else { Ok(()) }
    }

    /// As [`Batch::postpone`], for what was planned for this generation. Tells whether it was marked anew since: then it
    /// has something new to do, and its mark stays as it is.
    pub fn postpone_planned(
        &mut self,
        item: &ItemId,
        generation: u32,
        why: &str,
        waiting: bool,
        now: i64,
    ) -> Result<bool, StateError> {
        let newer = mark(self, item)?.is_some_and(|mark| mark.generation != generation);
        if !newer {
            self.postpone(item, why, waiting, now)?;
        }
        Ok(newer)
    }

    /// Notes that a dirty item could not be settled in this run; `waiting` when iCloud does not hold it yet. `now` is in
    /// seconds since 1970.
    pub fn postpone(&mut self, item: &ItemId, why: &str, waiting: bool, now: i64) -> Result<(), StateError> {
        let Some(old) = mark(self, item)? else { return Ok(()) };
        let not_before = now + patience(old.tries);
        let row = Mark {
            tries: old.tries.saturating_add(1),
            not_before,
            why: Some(why.to_owned()),
            waiting,
            ..old
        };
        self.marks.insert((item.zone, pack(&item.record).as_slice()), encode("marks", &row)?.as_slice())?;
        Ok(())
    }
}
