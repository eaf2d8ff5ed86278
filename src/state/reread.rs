//! How far the mirror was read again, and when: the ledger's keys in spans, each with the time of its last reading.
//!
//! A span says it for all items between two keys, so that it costs nothing an item, whatever is in it: a file that came
//! since was proven when it came, which is later still.

use redb::ReadableTable as _;
use serde::{Deserialize, Serialize};

use super::StateError;
use super::key::{name, pack};
use super::meta::MetaKey;
use super::row::{decode, encode};
use super::tables::{Batch, Tables};
use crate::model::ItemId;

/// An item's place in the order of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    pub(super) zone: u16,
    pub(super) key: Vec<u8>,
}

impl Place {
    /// The place of an item.
    #[must_use]
    pub fn of(item: &ItemId) -> Self {
        Self { zone: item.zone, key: pack(&item.record) }
    }

    /// The item.
    pub fn item(&self) -> Result<ItemId, StateError> {
        Ok(ItemId { zone: self.zone, record: name("ledger", &self.key)? })
    }
}

/// When a span was read last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reading {
    /// The number of the night.
    pub night: u32,
    /// Milliseconds since 1970; 0 = never.
    pub at_ms: i64,
}

/// Neighbouring items that were read at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span<'a> {
    /// It begins behind this one; `None` = with the first.
    pub after: Option<&'a Place>,
    /// Its last one; `None` = it goes to the end.
    pub until: Option<&'a Place>,
    /// When.
    pub reading: Reading,
}

/// All that is known of readings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rereads {
    /// Spans by their last place.
    ends: Vec<(Place, Reading)>,
    /// Of what comes behind all of them.
    rest: Reading,
    /// Nights in which a slice was read, so far.
    pub night: u32,
    /// When the last slice was read to its end: milliseconds since 1970.
    pub last_slice_ms: i64,
}

impl Rereads {
    /// Every span, in order; together they cover everything.
    pub fn spans(&self) -> impl Iterator<Item = Span<'_>> {
        let after = std::iter::once(None).chain(self.ends.iter().map(|(place, _)| Some(place)));
        let until = self.ends.iter().map(|(place, reading)| (Some(place), *reading));
        let until = until.chain(std::iter::once((None, self.rest)));
        after.zip(until).map(|(after, (until, reading))| Span { after, until, reading })
    }

    /// When the item at a place was read last.
    #[must_use]
    pub fn reading(&self, place: &Place) -> Reading {
        let at = self.ends.partition_point(|(end, _)| end < place);
        self.ends.get(at).map_or(self.rest, |(_, reading)| *reading)
    }

    /// Everything behind `after` up to `until` was read then. Either may be missing, for the beginning and the end.
    pub fn set(&mut self, after: Option<&Place>, until: Option<&Place>, reading: Reading) {
        // Nothing lies behind the end.
        let end = |place: Option<&Place>| (place.is_none(), place.cloned());
        let mut parts: Vec<(Option<Place>, Reading)> = Vec::with_capacity(self.ends.len() + 3);
        let mut set = false;
        for span in self.spans() {
            if span.after < after {
                let until = end(span.until).min(end(after)).1;
                parts.push((until, span.reading));
            }
            if !set && (after.is_none() || end(span.until) > end(after)) {
                parts.push((until.cloned(), reading));
                set = true;
            }
            if end(span.until) > end(until) {
                parts.push((span.until.cloned(), span.reading));
            }
        }
        self.ends.clear();
        for (until, reading) in parts {
            match until {
                None => self.rest = reading,
                Some(place) => match self.ends.last_mut() {
                    Some((last, known)) if *known == reading => *last = place,
                    _ => self.ends.push((place, reading)),
                },
            }
        }
        if self.ends.last().is_some_and(|(_, reading)| *reading == self.rest) {
            self.ends.pop();
        }
    }
}

/// All that is known of readings.
pub fn rereads(tables: &impl Tables) -> Result<Rereads, StateError> {
    let row = tables.meta().get(MetaKey::Rereads.name())?;
    row.map_or(Ok(Rereads::default()), |row| decode("meta", row.value()))
}

impl Batch<'_> {
    /// Remembers what was read.
    pub fn put_rereads(&mut self, rereads: &Rereads) -> Result<(), StateError> {
        let row = encode("meta", rereads)?;
        self.meta.insert(MetaKey::Rereads.name(), row.as_slice())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(n: u8) -> Place {
        Place { zone: u16::from(n / 16), key: vec![n % 16] }
    }

    #[test]
    fn at_first_nothing_was_read() {
        let map = Rereads::default();
        let spans: Vec<_> = map.spans().collect();
        assert_eq!(spans, [Span { after: None, until: None, reading: Reading::default() }]);
    }

    proptest! {
        /// As a plain table of all places would have it, and no span is next to one that says the same.
        #[test]
        fn every_place_has_its_last_reading(
            acts in proptest::collection::vec((0..=64_u8, 0..=64_u8, 0..5_i64), 0..40)
        ) {
            let mut map = Rereads::default();
            let mut table = [Reading::default(); 64];
            for (a, b, at_ms) in acts {
                let (from, to) = (a.min(b), a.max(b));
                if from == to {
                    continue;
                }
                let reading = Reading { night: 0, at_ms };
                let after = from.checked_sub(1).map(place);
                let until = (to < 64).then(|| place(to - 1));
                map.set(after.as_ref(), until.as_ref(), reading);
                table[usize::from(from)..usize::from(to)].fill(reading);
                for (n, reading) in (0..).zip(&table) {
                    prop_assert_eq!(map.reading(&place(n)), *reading, "{}", n);
                }
                let spans: Vec<_> = map.spans().collect();
                prop_assert!(spans.windows(2).all(|two| two[0].reading != two[1].reading), "{:?}", spans);
                prop_assert!(spans.windows(2).all(|two| two[0].until == two[1].after));
                prop_assert!(map.ends.windows(2).all(|two| two[0].0 < two[1].0));
            }
        }
    }
}
