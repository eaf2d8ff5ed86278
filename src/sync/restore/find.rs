//! Finding what left: in history, and in the attic itself what history does not know.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::bring::{Bring, Candidate, is_file};
use super::choose::{AtTime, Effect, Last, Seen, effects};
use super::{Brought, Request, Restored, Version};
use crate::state::{self, HistoryEvent, Moment, Order, State, What};
use crate::sync::RunError;
use crate::tree::{FileKind, RelPath, Root, origin};

/// Events that are read at a time.
const PIECE: usize = 1_000;

/// One restore at work.
pub(super) struct Search<'a> {
    state: &'a State,
    root: &'a Root,
    request: &'a Request<'a>,
    now: Timestamp,
    bring: Bring<'a>,
    chooser: Chooser,
    /// Paths of the attic that history knows.
    known: Seen,
    moved_to: Option<String>,
}

enum Chooser {
    Last(Last),
    AtTime(AtTime),
}

impl<'a> Search<'a> {
    pub(super) fn new(
        state: &'a State,
        root: &'a Root,
        request: &'a Request<'a>,
        now: Timestamp,
        each: &'a mut dyn FnMut(&Brought),
    ) -> Self {
        let chooser = match request.version {
            Version::At(_) => Chooser::AtTime(AtTime::default()),
            Version::Last | Version::Since(_) => Chooser::Last(Last::default()),
        };
        let bring = Bring::new(state, root, request, now, each);
        Self { state, root, request, now, bring, chooser, known: Seen::default(), moved_to: None }
    }

    pub(super) fn run(mut self) -> Result<Restored, RunError> {
        // What this restore itself writes down is not read.
        let end = Moment::until(self.now.as_millisecond());
        self.each_event(Moment::FIRST, end, Order::Forward, |search, event| {
            search.learn(event);
            Ok(())
        })?;
        match self.request.version {
            Version::Last => {
                self.each_event(Moment::FIRST, end, Order::Backward, Self::choose)?;
                self.unknown(None)?;
            }
            Version::Since(time) => {
                let from = Moment::from(time.as_millisecond());
                self.each_event(from, end, Order::Backward, Self::choose)?;
                self.unknown(Some(time))?;
            }
            // What history does not know is older than what it knows.
            Version::At(time) => {
                self.unknown(Some(time))?;
                self.each_event(Moment::from(time.as_millisecond()), end, Order::Forward, Self::choose)?;
            }
        }
        Ok(Restored { totals: self.bring.end()?, moved_to: self.moved_to })
    }

    /// Reads history in pieces, so that no look at the state is long.
    fn each_event(
        &mut self,
        mut from: Moment,
        mut to: Moment,
        order: Order,
        act: impl Fn(&mut Self, &HistoryEvent) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        loop {
            let piece = state::history(&self.state.view()?, from, to, order, PIECE)?;
            let Some((last, _)) = piece.last() else { return Ok(()) };
            let next = match order {
                Order::Forward => last.next().map(|next| from = next),
                Order::Backward => last.previous().map(|previous| to = previous),
            };
            for (_, event) in &piece {
                act(self, event)?;
            }
            if next.is_none() {
                return Ok(());
            }
        }
    }

    /// Remembers which paths of the attic history knows, and where a file went.
    fn learn(&mut self, event: &HistoryEvent) {
        for (path, effect) in effects(event) {
            let Effect::Departed { attic: Some(attic), .. } = effect else { continue };
            // A name in the attic may carry a number.
            let named = origin(attic).is_some_and(|(_, path)| self.request.from.covers(path.as_str()));
            if named || self.request.from.covers(path) {
                self.known.add(attic);
            }
        }
        if let What::Moved { from } = &event.what
            && self.request.from.is(from)
        {
            self.moved_to = Some(event.path.clone());
        }
    }

    fn choose(&mut self, event: &HistoryEvent) -> Result<(), RunError> {
        for (path, effect) in effects(event) {
            if !self.request.from.covers(path) {
                continue;
            }
            let Effect::Departed { attic: Some(attic), replaced } = effect else {
                self.take(path, effect);
                continue;
            };
            let set_aside = matches!(
                event.what,
                What::Left { set_aside: true, .. } | What::Changed { set_aside: true, .. }
            );
            let candidate = Candidate {
                path: path.to_owned(),
                attic: attic.to_owned(),
                item: event.item.clone(),
                set_aside,
            };
            if !is_file(self.root, attic) {
                if !replaced && self.bring.finish(&candidate)? {
                    self.claim(path);
                }
                self.take(path, effect);
            } else if self.take(path, effect) {
                self.bring.bring(candidate)?;
            } else if replaced && !self.request.from.is(path) && matches!(self.chooser, Chooser::Last(_)) {
                self.bring.earlier();
            }
        }
        Ok(())
    }

    /// Whether this is the version to bring back.
    fn take(&mut self, path: &str, effect: Effect<'_>) -> bool {
        let (root, name) = (self.root, self.request.from.is(path));
        let exists = |attic: &str| is_file(root, attic);
        match &mut self.chooser {
            Chooser::Last(last) => last.take(path, effect, name, exists).is_some(),
            Chooser::AtTime(at) => at.take(path, effect, exists).is_some(),
        }
    }

    /// Whether nothing was decided about a path yet; from now on it is.
    fn claim(&mut self, path: &str) -> bool {
        match &mut self.chooser {
            Chooser::Last(last) => last.decided.add(path),
            Chooser::AtTime(at) => at.decided.add(path),
        }
    }

    /// What lies in the attic since the day of that time and history does not know: the state was lost.
    fn unknown(&mut self, since: Option<Timestamp>) -> Result<(), RunError> {
        let since = since.map(|time| time.to_zoned_datetime(TimeZone::system()).date());
        let mut days = self.root.attic_days()?;
        days.retain(|day| since.is_none_or(|since| *day >= since));
        if matches!(self.chooser, Chooser::Last(_)) {
            days.reverse();
        }
        for day in days {
            // A directory that loses files while it is listed may not show all of them.
            while self.unknown_of(day)? > 0 {}
        }
        Ok(())
    }

    /// Gives the number of files that left the attic.
    fn unknown_of(&mut self, day: Date) -> Result<u64, RunError> {
        let root = self.root;
        if let Some(path) = self.request.from.path() {
            match root.stat_attic(day, path)? {
                Some((attic, facts)) if facts.kind == FileKind::File => {
                    self.consider(&attic)?;
                    return Ok(0);
                }
                Some((_, facts)) if facts.kind == FileKind::Dir => {}
                _ => return Ok(0),
            }
        }
        let before = self.bring.moved();
        for found in root.scan_attic(day, &self.request.from)? {
            match found {
                Ok((attic, facts)) if facts.kind == FileKind::File => self.consider(&attic)?,
                Ok(_) => {}
                Err(error) if error.is_disk() => return Err(error.into()),
                Err(error) => self.bring.failed(&error),
            }
        }
        Ok(self.bring.moved() - before)
    }

    fn consider(&mut self, attic: &RelPath) -> Result<(), RunError> {
        let Some((_, path)) = origin(attic.as_str()) else { return Ok(()) };
        if self.known.has(attic.as_str()) || !self.claim(path.as_str()) {
            return Ok(());
        }
        let path = path.to_string();
        let candidate =
            Candidate { attic: attic.to_string(), item: None, set_aside: false, path: path.clone() };
        if !self.request.from.is(&path) && self.bring.is_earlier_version(&candidate)? {
            return Ok(());
        }
        self.bring.bring(candidate)
    }
}
