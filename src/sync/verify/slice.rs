//! The slice of a night: within so many nights everything is read again, what was read longest ago first.
//!
//! Each night reads its share of the bytes, where a file counts for a good deal besides its own. What was not read for as
//! many nights as there are shares is read whatever it costs, so that no file waits longer: one that came meanwhile
//! lies among others and is read with them.

use super::desk::{Desk, Manner};
use super::group::{MOST, cost, is_read, read};
use super::note::{Pending, Record, note};
use crate::state::{self, Place, Reading, Rereads, Span};
use crate::sync::RunError;

/// Items of one look at the state while counting.
const PIECE: usize = 1_000;

/// What is read in a night.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Night {
    /// Files that a run is to fetch again.
    pub(super) voided: u64,
    /// Whether something was read.
    pub(super) read: bool,
}

/// Reads the slice of a night.
pub(super) fn slice(desk: &Desk, shares: u32) -> Result<Night, RunError> {
    debug_assert!(desk.manner == Manner::Nightly, "only a run reads slices");
    let mut map = state::rereads(&desk.books.view()?)?;
    let (now, night) = (desk.now_ms(), map.night.saturating_add(1));
    let quota = total(desk)?.div_ceil(u64::from(shares.max(1)));
    let reading = Reading { night, at_ms: now };
    let (mut spent, mut done, mut pending) = (0_u64, Night::default(), Pending::default());
    while let Some((span, most)) = next(&map, night, shares, quota, spent) {
        let (after, until) = (span.after.cloned(), span.until.cloned());
        let group = read(desk, after.as_ref(), until.as_ref(), most, &|_| true)?;
        desk.result().add(&group.counts);
        spent = spent.saturating_add(group.cost);
        done.read = true;
        let (end, stopped) = (group.end, group.stopped);
        let last = if end { until } else { group.last.clone() };
        pending.add(group);
        if end || last.is_some() {
            map.set(after.as_ref(), last.as_ref(), reading);
            pending.span(after, last, reading);
        }
        let record = Record::Night(night, None);
        done.voided += desk.books.write(|state| note(desk, state, &mut pending, record))?.unwrap_or(0);
        if stopped {
            return Err(RunError::Interrupted);
        }
    }
    desk.books.write(|state| note(desk, state, &mut pending, Record::Night(night, Some(now))))?;
    Ok(done)
}

/// What is read next in a night, and for how much: of what was read longest ago, as long as the quota is not spent, or
/// because it has waited long enough.
fn next(map: &Rereads, night: u32, shares: u32, quota: u64, spent: u64) -> Option<(Span<'_>, u64)> {
    let waits = map.spans().filter(|span| span.reading.night < night);
    let oldest = waits.min_by_key(|span| span.reading)?;
    let due = oldest.reading.night.saturating_add(shares) <= night;
    let left = quota.saturating_sub(spent);
    if due {
        return Some((oldest, MOST));
    }
    (left > 0).then_some((oldest, left.min(MOST)))
}

/// What reading everything costs.
fn total(desk: &Desk) -> Result<u64, RunError> {
    let (mut total, mut after) = (0_u64, None::<Place>);
    loop {
        let piece = state::placements_behind(&desk.books.view()?, after.as_ref(), PIECE)?;
        let Some((last, _)) = piece.last() else { return Ok(total) };
        after = Some(last.clone());
        let files = piece.iter().flat_map(|(_, placement)| &placement.files).filter(|file| is_read(file));
        total = files.fold(total, |total, file| total.saturating_add(cost(file)));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::ItemId;

    fn place(number: u32) -> Place {
        Place::of(&ItemId { zone: 0, record: format!("{number:08}") })
    }

    proptest! {
        /// However many items come, wherever they lie and whatever they weigh, no item waits for more nights than there
        /// are shares; and where nothing comes, no night reads more than its share and one group.
        #[test]
        fn everything_is_read_within_as_many_nights_as_there_are_shares(
            shares in 1..8_u32,
            first in proptest::collection::btree_map(0..1_000_u32, 1..500_u64, 1..40),
            arrivals in proptest::collection::vec(
                proptest::collection::btree_map(0..1_000_u32, 1..500_u64, 0..30), 30
            ),
            grows in any::<bool>(),
        ) {
            let mut map = Rereads::default();
            // Weight, and the night in which it was read or came.
            let mut items: std::collections::BTreeMap<u32, (u64, u32)> =
                first.into_iter().map(|(at, weight)| (at, (weight, 0))).collect();
            for (night, new) in (1..).zip(arrivals) {
                let total: u64 = items.values().map(|(weight, _)| weight).sum();
                let (quota, mut spent, mut forced) = (total.div_ceil(u64::from(shares)), 0, false);
                let heaviest = items.values().map(|(weight, _)| *weight).max().unwrap_or(0);
                while let Some((span, most)) = next(&map, night, shares, quota, spent) {
                    forced |= most == MOST;
                    let (after, until) = (span.after.cloned(), span.until.cloned());
                    let (mut last, mut cost) = (until.clone(), 0);
                    for (at, (weight, read)) in &mut items {
                        let here = place(*at);
                        if after.as_ref().is_some_and(|after| here <= *after)
                            || until.as_ref().is_some_and(|until| here > *until) {
                            continue;
                        }
                        if cost >= most {
                            break;
                        }
                        cost += *weight;
                        *read = night;
                        last = Some(here);
                    }
                    let rest = items.keys().any(|at| {
                        let here = place(*at);
                        last.as_ref().is_some_and(|last| here > *last)
                            && until.as_ref().is_none_or(|until| here <= *until)
                    });
                    let end = if rest { last } else { until };
                    spent += cost;
                    map.set(after.as_ref(), end.as_ref(), Reading { night, at_ms: i64::from(night) });
                }
                for (at, (_, read)) in &items {
                    prop_assert!(read + shares > night, "{at} was read in {read}, now is {night}");
                }
                if !grows && !forced {
                    prop_assert!(spent < quota + heaviest, "{spent} of {quota}");
                }
                if grows {
                    for (at, weight) in new {
                        items.entry(at).or_insert((weight, night));
                    }
                }
            }
        }
    }
}
