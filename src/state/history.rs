//! History: what came, changed, moved, left and returned, written in the transaction that says so in the ledger.

use redb::ReadableTable as _;
use serde::{Deserialize, Serialize};

use super::StateError;
use super::key::{name, pack};
use super::row::{decode, encode};
use super::tables::{Batch, Tables};
use super::wrong::Condition;
use crate::model::{ItemId, Kind};

/// The place of an event in history: when it was written, and its number among those of that millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// Milliseconds since 1970.
    pub time_ms: i64,
    /// Its number among those of that millisecond.
    pub number: u32,
}

impl Moment {
    /// Before everything.
    pub const FIRST: Self = Self { time_ms: i64::MIN, number: 0 };
    /// After everything.
    pub const LAST: Self = Self { time_ms: i64::MAX, number: u32::MAX };

    /// The first moment of a time.
    #[must_use]
    pub fn from(time_ms: i64) -> Self {
        Self { time_ms, number: 0 }
    }

    /// The last moment of a time.
    #[must_use]
    pub fn until(time_ms: i64) -> Self {
        Self { time_ms, number: u32::MAX }
    }

    /// The moment after this one, if there is one.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        match self.number.checked_add(1) {
            Some(number) => Some(Self { number, ..self }),
            None => self.time_ms.checked_add(1).map(Self::from),
        }
    }

    /// The moment before this one, if there is one.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        match self.number.checked_sub(1) {
            Some(number) => Some(Self { number, ..self }),
            None => self.time_ms.checked_sub(1).map(Self::until),
        }
    }
}

/// Something that happened to a file of the mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEvent {
    /// What happened.
    pub what: What,
    /// Path of the file below the destination; where it was, when it left.
    pub path: String,
    /// The photo whose file it is; `None` when larder does not know.
    pub item: Option<ItemId>,
    /// What it is for the photo, when that is known.
    pub kind: Option<Kind>,
    /// Bytes.
    pub size: u64,
    /// Why.
    pub why: Why,
}

/// What happened to a file. Stored by position: add at the end, never reorder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// It came from iCloud.
    Fetched,
    /// It was on disk already and was recognised by its content.
    Found,
    /// It was copied from another file of the mirror with the same content.
    Copied,
    /// A new version took its place.
    Changed {
        /// Where the older version was, when that was another path.
        from: Option<String>,
        /// Where the older version is now.
        attic: String,
        /// Whether the older version was not what larder had written: somebody had changed it.
        set_aside: bool,
    },
    /// It lies elsewhere now.
    Moved {
        /// Where it was.
        from: String,
    },
    /// It left for the attic.
    Left {
        /// Where it is now.
        attic: String,
        /// Whether it was not what larder had written: somebody had changed it.
        set_aside: bool,
    },
    /// It was deleted, as the job file asks.
    Deleted,
    /// It was to leave and was gone already.
    Missing,
    /// It came back from the attic.
    Returned {
        /// Where it was.
        attic: String,
    },
    /// A person brought it back from the attic.
    Restored {
        /// Where it was.
        attic: String,
    },
    /// It was read again and found wrong.
    Wrong {
        /// What is wrong with it.
        condition: Condition,
    },
}

/// Why something happened. Stored by position: add at the end, never reorder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The photo is new in iCloud.
    New,
    /// The photo was edited.
    Edited,
    /// The photo's date, its hiding or the layout of the job file changed.
    Rearranged,
    /// The photo was deleted in iCloud.
    Deleted,
    /// The photo was undeleted in iCloud.
    Undeleted,
    /// The edit was taken back.
    Reverted,
    /// The photo is in another library now.
    OtherLibrary,
    /// larder did not know of it: the state was lost, or somebody put it there.
    Unknown,
    /// It was not where it should have been, or not what larder had written.
    Lost,
    /// A person asked for it.
    Asked,
    /// The mirror was read again.
    Reread,
}

impl Why {
    /// The reason for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new in iCloud",
            Self::Edited => "edited",
            Self::Rearranged => "date, hiding or layout changed",
            Self::Deleted => "deleted in iCloud",
            Self::Undeleted => "undeleted in iCloud",
            Self::Reverted => "edit taken back",
            Self::OtherLibrary => "in another library now",
            Self::Unknown => "recognised by its content",
            Self::Lost => "the copy on this disk was gone or changed",
            Self::Asked => "asked for",
            Self::Reread => "found when the mirror was read again",
        }
    }
}

/// The row of an event.
#[derive(Serialize, Deserialize)]
struct Row {
    what: What,
    path: String,
    item: Option<(u16, Vec<u8>)>,
    kind: Option<Kind>,
    size: u64,
    why: Why,
}

/// In which order events are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The oldest first.
    Forward,
    /// The newest first.
    Backward,
}

/// Up to `limit` events between two moments, both included. Read in pieces, so that no look at the state is long.
pub fn history(
    tables: &impl Tables,
    from: Moment,
    to: Moment,
    order: Order,
    limit: usize,
) -> Result<Vec<(Moment, HistoryEvent)>, StateError> {
    if from > to {
        return Ok(vec![]);
    }
    let table = tables.history();
    let range = table.range((from.time_ms, from.number)..=(to.time_ms, to.number))?;
    let read = |entry: Result<(redb::AccessGuard<'_, _>, redb::AccessGuard<'_, _>), _>| {
        let (key, row): (redb::AccessGuard<'_, (i64, u32)>, redb::AccessGuard<'_, &[u8]>) = entry?;
        let (time_ms, number) = key.value();
        Ok((Moment { time_ms, number }, event(decode("history", row.value())?)?))
    };
    match order {
        Order::Forward => range.take(limit).map(read).collect(),
        Order::Backward => range.rev().take(limit).map(read).collect(),
    }
}

/// When the oldest event was written, in milliseconds since 1970.
pub fn oldest_event(tables: &impl Tables) -> Result<Option<i64>, StateError> {
    Ok(tables.history().first()?.map(|(key, _)| key.value().0))
}

fn event(row: Row) -> Result<HistoryEvent, StateError> {
    let Row { what, path, item, kind, size, why } = row;
    let item = match item {
        Some((zone, key)) => Some(ItemId { zone, record: name("history", &key)? }),
        None => None,
    };
    Ok(HistoryEvent { what, path, item, kind, size, why })
}

impl Batch<'_> {
    /// Writes down what happened. `now_ms` is in milliseconds since 1970.
    pub fn tell(&mut self, now_ms: i64, event: &HistoryEvent) -> Result<(), StateError> {
        let last = self
            .history
            .range((now_ms, 0)..=(now_ms, u32::MAX))?
            .next_back()
            .transpose()?
            .map(|(key, _)| key.value().1);
        let row = Row {
            what: event.what.clone(),
            path: event.path.clone(),
            item: event.item.as_ref().map(|item| (item.zone, pack(&item.record))),
            kind: event.kind,
            size: event.size,
            why: event.why,
        };
        let number = last.map_or(0, |last| last.saturating_add(1));
        self.history.insert((now_ms, number), encode("history", &row)?.as_slice())?;
        Ok(())
    }

    /// Forgets up to `limit` events that are older than `before_ms`, the oldest first. Gives their number.
    pub fn forget_history(&mut self, before_ms: i64, limit: usize) -> Result<u64, StateError> {
        let mut gone = 0;
        while gone < limit as u64 && self.history.first()?.is_some_and(|(key, _)| key.value().0 < before_ms) {
            self.history.pop_first()?;
            gone += 1;
        }
        Ok(gone)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::State;
    use super::*;

    fn came(number: u64) -> HistoryEvent {
        HistoryEvent {
            what: What::Fetched,
            path: format!("2024/06/30/IMG_{number:04}.HEIC"),
            item: Some(ItemId { zone: 0, record: "4D86C5B2-0F0B-4C0B-9C2C-8C6E3C1D2E3F".into() }),
            kind: Some(Kind::Original),
            size: 3_000_000 + number,
            why: Why::New,
        }
    }

    fn numbers(state: &State, from: Moment, to: Moment, order: Order, limit: usize) -> Vec<u64> {
        let found = history(&state.view().unwrap(), from, to, order, limit).unwrap();
        found.into_iter().map(|(_, event)| event.size - 3_000_000).collect()
    }

    #[test]
    fn events_are_read_in_pieces_from_either_end() {
        let state = State::in_memory().unwrap();
        state.write(|b| (0..5).try_for_each(|n| b.tell(if n < 3 { 10 } else { 20 }, &came(n)))).unwrap();
        let all = (Moment::FIRST, Moment::LAST);
        assert_eq!(numbers(&state, all.0, all.1, Order::Forward, 9), [0, 1, 2, 3, 4]);
        assert_eq!(numbers(&state, all.0, all.1, Order::Backward, 2), [4, 3]);
        assert_eq!(numbers(&state, Moment::from(20), all.1, Order::Forward, 9), [3, 4]);
        assert_eq!(numbers(&state, all.0, Moment::until(19), Order::Backward, 9), [2, 1, 0]);
        let after = Moment { time_ms: 10, number: 1 }.next().unwrap();
        assert_eq!(numbers(&state, after, all.1, Order::Forward, 2), [2, 3]);
        assert!(numbers(&state, all.1, all.0, Order::Forward, 2).is_empty());
    }

    #[test]
    fn old_events_are_forgotten_a_bounded_number_at_a_time() {
        let state = State::in_memory().unwrap();
        state.write(|b| (0..6_u64).try_for_each(|n| b.tell(n.cast_signed(), &came(n)))).unwrap();
        assert_eq!(oldest_event(&state.view().unwrap()).unwrap(), Some(0));
        assert_eq!(state.write(|b| b.forget_history(4, 3)).unwrap(), 3);
        assert_eq!(state.write(|b| b.forget_history(4, 3)).unwrap(), 1);
        assert_eq!(numbers(&state, Moment::FIRST, Moment::LAST, Order::Forward, 9), [4, 5]);
    }

    #[test]
    fn the_event_of_a_file_that_came_takes_less_than_ninety_bytes() {
        let event = came(1);
        let row = Row {
            what: event.what,
            path: event.path,
            item: event.item.map(|item| (item.zone, pack(&item.record))),
            kind: event.kind,
            size: event.size,
            why: event.why,
        };
        let size = encode("history", &row).unwrap().len() + size_of::<(i64, u32)>();
        assert!(size < 90, "{size} bytes");
    }

    fn whats() -> impl Strategy<Value = What> {
        let text = "[a-z/]{1,12}";
        prop_oneof![
            Just(What::Fetched),
            Just(What::Found),
            Just(What::Copied),
            (proptest::option::of(text), text, any::<bool>())
                .prop_map(|(from, attic, set_aside)| What::Changed { from, attic, set_aside }),
            text.prop_map(|from| What::Moved { from }),
            (text, any::<bool>()).prop_map(|(attic, set_aside)| What::Left { attic, set_aside }),
            Just(What::Deleted),
            Just(What::Missing),
            text.prop_map(|attic| What::Returned { attic }),
            text.prop_map(|attic| What::Restored { attic }),
            Just(What::Wrong { condition: Condition::Damaged }),
            Just(What::Wrong { condition: Condition::Unreadable }),
        ]
    }

    proptest! {
        #[test]
        fn every_event_comes_back(what in whats(), known in any::<bool>(), time in any::<i64>()) {
            let base = came(7);
            let event = HistoryEvent {
                what,
                item: base.item.clone().filter(|_| known),
                kind: base.kind.filter(|_| known),
                ..base
            };
            let state = State::in_memory().unwrap();
            state.write(|batch| batch.tell(time, &event)).unwrap();
            let found = history(&state.view().unwrap(), Moment::FIRST, Moment::LAST, Order::Forward, 2).unwrap();
            prop_assert_eq!(found, vec![(Moment::from(time), event)]);
        }

        #[test]
        fn moments_follow_each_other(time_ms in any::<i64>(), number in any::<u32>()) {
            let moment = Moment { time_ms, number };
            prop_assert!(moment.next().is_none_or(|next| next > moment && next.previous() == Some(moment)));
        }
    }
}
