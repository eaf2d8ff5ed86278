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
    /// Records on it.
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
    stride: u64,
    /// What the server's counter says; 0 when it says nothing.
    expected: u64,
    over: bool,
    empties: u32,
    repeats: u32,
    /// The server has announced more before, so that its silence means something.
    announces: bool,
    /// The page before announced more.
    more_promised: bool,
    /// Items are missing where the server had announced some, or had some further on.
    pub(super) holes: bool,
    /// The server repeated itself.
    pub(super) repeating: bool,
}

impl Walk {
    /// A walk from `start` to `end` over a list with `stride` items on a full page.
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
            more_promised: false,
            holes: false,
            repeating: false,
        }
    }

    /// Splits a list into walks: `width` times four, so that none is long at the end, each beginning at a
    /// multiple of `stride`. The last has no end.
    pub(super) fn parts(expected: u64, stride: u64, width: usize) -> Vec<Self> {
        let pages = expected.div_ceil(stride).max(1);
        let wanted = u64::try_from(width.max(1)).unwrap_or(1).saturating_mul(4);
        let length = pages.div_ceil(wanted).saturating_mul(stride);
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
        if step.items == 0 { self.took_none(step) } else { self.took_some(step) }
        self.more_promised = step.marker;
        self.announces |= step.marker;
        self.over |= self.end.is_some_and(|end| self.rank >= end);
    }

    fn took_none(&mut self, step: Step) {
        self.empties += 1;
        let promised = step.marker || self.more_promised;
        self.holes |= promised;
        // After a promise the search goes on behind the count, too.
        let counted_out = self.rank.saturating_add(self.stride) >= self.expected;
        self.over = self.empties > PROBES || (counted_out && !promised && self.empties_were_plain());
        self.rank = self.rank.saturating_add(self.stride);
    }

    /// No hole is being probed: the empty pages so far were where an end could be.
    fn empties_were_plain(&self) -> bool {
        !self.holes || self.rank >= self.expected.saturating_add(self.stride * u64::from(PROBES))
    }

    fn took_some(&mut self, step: Step) {
        self.holes |= self.empties > 0;
        self.empties = 0;
        self.repeats = if step.fresh == 0 { self.repeats + 1 } else { 0 };
        self.repeating = self.repeats >= REPEATS;
        let whole = self.rank == 0 && self.start == 0;
        self.rank = self.rank.saturating_add(step.items);
        let short = step.received + 2 < PAGE;
        // A full page is the last one when the count ends with it too and the server announces nothing; that
        // saves one request for each album of 66 or 132.
        let exact = self.rank == self.expected && (whole || self.announces);
        let ended = !step.marker && self.rank >= self.expected && (short || exact);
        self.over = ended || self.repeating;
    }
}
