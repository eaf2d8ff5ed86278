//! Paging through a list by rank: where to ask next, and when to stop. Pure.
//!
//! A rank counts items of a list that changes while it is read, and the server is irregular: short pages in the
//! middle (rclone #9955), empty pages in the middle (kei #239), the same item twice (kei #500), a count that is
//! wrong both ways. So a walk goes on by what came, not by a fixed step, and believes in an end only when what
//! the page says and what the count says agree.

use super::query::PAGE;

/// Empty pages in a row before the end is believed in (kei 0.10.0).
const PROBES: u32 = 5;

/// Pages in a row without anything new before the server is taken to repeat itself.
const REPEATS: u32 = 3;

/// A page, as far as paging goes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Step {
    /// Distinct items on it.
    pub(super) items: u64,
    /// Of these, not seen before in the list.
    pub(super) fresh: u64,
    /// Queried on it.
    pub(super) received: usize,
    /// Whether the server says that more follows.
    pub(super) marker: bool,
}

/// A walk over a part of a list.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    start: u64,
    rank: u64,
    /// Where the next part begins; the last part has no end.
    end: Option<u64>,
    /// Items on a full page.
    stride: u64,
    /// What the server's counter says; 0 when it says nothing.
    expected: u64,
    over: bool,
    /// Pages in a row without items.
    empties: u32,
    /// Pages in a row without anything new.
    repeats: u32,
    /// The server announces when more follows, so its silence means something.
    announces: bool,
    /// The last page with items announced more, or an empty one since.
    promised: bool,
    /// There were no items where the server had announced some, or had some further on; or those of another place.
    pub(super) holes: bool,
    /// The server repeated itself.
    pub(super) repeating: bool,
}

impl Walk {
    /// A walk from `start` to `end`.
    pub(super) fn new(start: u64, end: Option<u64>, stride: u64, expected: u64) -> Self {
        Self {
            start,
            rank: start,
            end,
            stride,
            expected,
            over: false,
            empties: 0,
            repeats: 0,
            announces: false,
            promised: false,
            holes: false,
            repeating: false,
        }
    }

    /// Splits a list into four times `width` walks, so that none is long at the end, each beginning where a full
    /// page would. The last one has no end. A short page shifts the ranks within its own part alone, so parts of
    /// many pages cost fewer overlaps than parts of one.
    pub(super) fn parts(expected: u64, stride: u64, width: usize) -> Vec<Self> {
        let wanted = u64::try_from(width).unwrap_or(1).clamp(1, 64) * 4;
        let length = expected.div_ceil(stride).div_ceil(wanted).max(1) * stride;
        let count = expected.div_ceil(length).max(1);
        (0..count)
            .map(|part| {
                let end = (part + 1 < count).then(|| (part + 1) * length);
                Self::new(part * length, end, stride, expected)
            })
            .collect()
    }

    /// The rank to ask for; `None` when the walk is over.
    pub(super) fn next(&self) -> Option<u64> {
        (!self.over).then_some(self.rank)
    }

    /// Takes what the page at [`Self::next`] was like.
    pub(super) fn took(&mut self, step: Step) {
        if step.items == 0 {
            self.took_nothing(step);
        } else {
            self.took_something(step);
        }
        self.over |= self.end.is_some_and(|end| self.rank >= end);
    }

    /// An empty page is the end when nobody promised more: neither the server nor the count. Otherwise it may be
    /// a hole, and the search goes on behind it.
    fn took_nothing(&mut self, step: Step) {
        self.promised |= step.marker;
        self.holes |= self.promised;
        self.empties += 1;
        self.rank = self.rank.saturating_add(self.stride);
        self.over = self.empties > PROBES || (!self.promised && self.rank >= self.expected);
    }

    fn took_something(&mut self, step: Step) {
        self.holes |= self.empties > 0;
        // Only where a part begins another one may have been before: further on this is another place's page, and what
        // should be here did not come.
        self.holes |= step.fresh == 0 && self.rank > self.start;
        self.empties = 0;
        self.repeats = if step.fresh == 0 { self.repeats + 1 } else { 0 };
        self.repeating = self.repeats >= REPEATS;
        let is_first = self.rank == 0;
        self.rank = self.rank.saturating_add(step.items);
        // One group of records less than a page may mean that the next group did not fit.
        let short = step.received + 2 < PAGE;
        // A full page is believed to be the last when the count ends exactly with it and the server, which is
        // known to announce more or had no occasion to, announces nothing: this saves a request for each album of
        // 66 or 132.
        let exact = self.rank == self.expected && (is_first || self.announces);
        self.promised = step.marker;
        self.announces |= step.marker;
        self.over = self.repeating || (!step.marker && self.rank >= self.expected && (short || exact));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks a list of `real` items that the counter takes for `counted`, and says which ranks were asked for.
    fn asked(walk: &mut Walk, real: u64, per_item: u64, markers: bool) -> Vec<u64> {
        let mut ranks = Vec::new();
        while let Some(rank) = walk.next() {
            ranks.push(rank);
            let items = real.saturating_sub(rank).min(200 / per_item);
            walk.took(Step {
                items,
                fresh: items,
                received: usize::try_from(items * per_item).unwrap(),
                marker: markers && rank + items < real,
            });
        }
        ranks
    }

    fn whole(stride: u64, expected: u64) -> Walk {
        Walk::new(0, None, stride, expected)
    }

    #[test]
    fn an_album_costs_its_pages() {
        for (size, pages) in [(0, 1), (1, 1), (60, 1), (65, 1), (66, 1), (67, 2), (68, 2), (132, 2), (133, 3)]
        {
            let ranks = asked(&mut whole(66, size), size, 3, true);
            assert_eq!(ranks.len(), pages, "album of {size}: {ranks:?}");
        }
    }

    #[test]
    fn without_markers_a_full_last_page_costs_one_request_more() {
        assert_eq!(asked(&mut whole(100, 250), 250, 2, false), [0, 100, 200]);
        assert_eq!(asked(&mut whole(100, 300), 300, 2, false), [0, 100, 200, 300]);
        assert_eq!(asked(&mut whole(66, 0), 68, 3, false), [0, 66]);
    }

    #[test]
    fn a_count_too_small_does_not_end_a_walk_that_promises_more() {
        assert_eq!(asked(&mut whole(100, 100), 250, 2, true), [0, 100, 200]);
        assert_eq!(asked(&mut whole(100, 120), 250, 2, false), [0, 100, 200]);
    }

    #[test]
    fn a_count_too_large_costs_one_request_more_or_six() {
        assert_eq!(asked(&mut whole(100, 15), 12, 2, true), [0, 12]);
        assert_eq!(asked(&mut whole(100, 5000), 12, 2, true), [0, 12, 112, 212, 312, 412, 512]);
    }

    #[test]
    fn a_short_page_moves_the_next_request_by_what_came() {
        let mut walk = whole(66, 68);
        walk.took(Step { items: 66, fresh: 66, received: 198, marker: true });
        assert_eq!(walk.next(), Some(66));
        walk.took(Step { items: 2, fresh: 2, received: 6, marker: false });
        assert_eq!((walk.next(), walk.holes), (None, false));
    }

    #[test]
    fn a_hole_is_probed_and_remembered() {
        let mut walk = whole(100, 400);
        walk.took(Step { items: 100, fresh: 100, received: 200, marker: true });
        walk.took(Step::default());
        assert_eq!(walk.next(), Some(200));
        walk.took(Step { items: 100, fresh: 100, received: 200, marker: true });
        assert_eq!((walk.next(), walk.holes), (Some(300), true));
    }

    #[test]
    fn three_pages_without_anything_new_end_a_walk() {
        let mut walk = whole(100, 1000);
        let repeat = Step { items: 100, fresh: 0, received: 200, marker: true };
        walk.took(Step { fresh: 100, ..repeat });
        for _ in 0..3 {
            assert!(walk.next().is_some());
            walk.took(repeat);
        }
        assert_eq!((walk.next(), walk.repeating), (None, true));
    }

    #[test]
    fn parts_cover_the_count_and_begin_where_pages_do() {
        for (expected, stride, width) in
            [(0, 100, 4), (1, 100, 4), (100, 100, 1), (33_161, 100, 8), (500, 66, 2)]
        {
            let parts = Walk::parts(expected, stride, width);
            assert!(parts.len() <= width * 4);
            assert_eq!(parts[0].rank, 0);
            assert!(parts.iter().all(|part| part.rank % stride == 0));
            for pair in parts.windows(2) {
                assert_eq!(pair[0].end, Some(pair[1].rank));
            }
            assert_eq!(parts.last().unwrap().end, None);
        }
    }
}
