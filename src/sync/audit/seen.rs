//! Which records an enumeration brought, in eight bytes each.
//!
//! A million photos and as many memberships take some 16 MB for as long as a library is compared, and nothing is
//! written: a scratch file with the names would take ten times as much, and its random writes. Hashes of 62 bits stand
//! for names; that two of a million meet has a chance of one in nine million, and hides at most one difference until
//! the next change of either record.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// What the enumeration said last of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It is purged.
    Gone,
    /// It is there.
    There,
    /// It is there and hidden.
    Hidden,
    /// It is in Recently Deleted.
    Deleted,
}

/// Bits of an entry that hold the state.
const BITS: u64 = 0b11;

/// Records of one kind. First they are added, then asked for.
#[derive(Debug, Default)]
pub(super) struct Seen(Vec<u64>);

impl Seen {
    /// Adds a record. What is added later counts.
    pub(super) fn add(&mut self, record: &str, state: State) {
        self.0.push((hash(record) & !BITS) | state as u64);
    }

    /// Orders what was added, which must be done before anything is asked.
    pub(super) fn settle(&mut self) {
        // Stable, so that of several entries of a record the one added last stays last.
        self.0.sort_by_key(|entry| entry & !BITS);
        self.0.dedup_by(|later, earlier| {
            let same = *later & !BITS == *earlier & !BITS;
            if same {
                *earlier = *later;
            }
            same
        });
    }

    /// What was said last of a record; `None` when it was never named.
    pub(super) fn state(&self, record: &str) -> Option<State> {
        let wanted = hash(record) & !BITS;
        let at = self.0.binary_search_by_key(&wanted, |entry| entry & !BITS).ok()?;
        Some(match self.0[at] & BITS {
            0 => State::Gone,
            1 => State::There,
            2 => State::Hidden,
            _ => State::Deleted,
        })
    }
}

/// A number that stands for a name.
pub(super) fn hash(record: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    record.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_said_last_counts() {
        let mut seen = Seen::default();
        for (record, state) in [
            ("A", State::There),
            ("B", State::Deleted),
            ("A", State::Deleted),
            ("C", State::There),
            ("B", State::There),
            ("A", State::Gone),
        ] {
            seen.add(record, state);
        }
        seen.settle();
        let states = ["A", "B", "C", "D"].map(|record| seen.state(record));
        assert_eq!(states, [Some(State::Gone), Some(State::There), Some(State::There), None]);
    }

    proptest! {
        #[test]
        fn it_is_a_map_of_names(said in prop::collection::vec((0_u8..20, 0_u8..4), 0..60)) {
            let states = [State::Gone, State::There, State::Hidden, State::Deleted];
            let mut seen = Seen::default();
            let mut map = std::collections::HashMap::new();
            for (record, state) in said {
                let state = states[usize::from(state)];
                seen.add(&record.to_string(), state);
                map.insert(record, state);
            }
            seen.settle();
            for record in 0_u8..21 {
                prop_assert_eq!(seen.state(&record.to_string()), map.get(&record).copied());
            }
        }
    }
}
