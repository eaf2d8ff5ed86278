//! Reading what is asked for, group by group, and noting it now and then.

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant};

use super::desk::Desk;
use super::foreign;
use super::group::{MOST, is_read, read};
use super::look::Subject;
use super::note::{Pending, Record, note};
use crate::event::Event;
use crate::state::{self, Place, Reading, Rereads};
use crate::sync::RunError;
use crate::tree::Dir;

/// How often what was read is noted.
const EVERY: Duration = Duration::from_secs(1);

/// Findings that may wait for a run at work to end.
const WAITING: usize = 10_000;

/// How often a run at work is looked for again.
const LOOK: Duration = Duration::from_millis(200);

/// Items of one look at the state while counting.
const PIECE: usize = 1_000;

/// What is to be read.
pub(super) enum Extent {
    /// All of it.
    All,
    /// All that was not read since then (milliseconds since 1970).
    Since(i64),
    /// What lies there: files and folders.
    Of(Vec<Dir>),
    /// A random share of what lies there: of ten thousand files so many.
    Sample(Vec<Dir>, u64, RandomState),
}

impl Extent {
    /// Whether a span is to be read; `None` when it is not a matter of spans.
    fn wants(&self, reading: Reading) -> Option<bool> {
        match self {
            Self::All => Some(true),
            Self::Since(time) => Some(reading.at_ms < *time),
            Self::Of(_) | Self::Sample(..) => None,
        }
    }

    fn asks(&self, subject: &Subject) -> bool {
        let covers = |of: &[Dir]| of.iter().any(|dir| dir.covers(&subject.path));
        match self {
            Self::All | Self::Since(_) => true,
            Self::Of(of) => covers(of),
            Self::Sample(of, share, chance) => {
                covers(of) && chance.hash_one((&subject.item, subject.file.kind)) % 10_000 < *share
            }
        }
    }
}

/// One verification at work.
pub(super) struct Pass<'a> {
    desk: &'a Desk,
    extent: Extent,
    pending: Pending,
    noted: Instant,
    /// What changes in the state with what is noted before the end, and at the end.
    records: (Record, Record),
}

impl<'a> Pass<'a> {
    pub(super) fn new(desk: &'a Desk, extent: Extent) -> Self {
        let records = match extent {
            Extent::All | Extent::Since(_) if desk.result().whole => (Record::Going, Record::Ended),
            Extent::All | Extent::Since(_) => (Record::Spans, Record::Spans),
            _ => (Record::None, Record::None),
        };
        Self { desk, extent, pending: Pending::default(), noted: Instant::now(), records }
    }

    /// Reads all that is asked for and notes what was found. What is noted when it is stopped need not be read again.
    pub(super) fn run(mut self) -> Result<(), RunError> {
        let map = state::rereads(&self.desk.books.view()?)?;
        self.foretell(&map)?;
        let read = self.spans(&map);
        match read {
            // What was found so far is noted, if that can be done at once.
            Err(RunError::Interrupted) => {
                self.try_note(self.records.0)?;
                return Err(RunError::Interrupted);
            }
            read => read?,
        }
        self.desk.phase("Noting what was found");
        if self.records.1 == Record::Ended {
            let foreign = foreign::count(self.desk)?;
            self.desk.result().foreign = Some(foreign);
        }
        self.desk.result().complete = true;
        if self.records.1 == Record::Ended || !self.pending.is_empty() {
            self.must_note(self.records.1)?;
        }
        Ok(())
    }

    /// Reads every span that is asked for.
    fn spans(&mut self, map: &Rereads) -> Result<(), RunError> {
        let reading = Reading { night: map.night, at_ms: self.desk.now_ms() };
        for span in map.spans() {
            match self.extent.wants(span.reading) {
                None => return self.span(None, None, None),
                Some(true) => self.span(span.after.cloned(), span.until, Some(reading))?,
                Some(false) => {}
            }
        }
        Ok(())
    }

    /// Reads the items of a span; `reading` says what is noted of it.
    fn span(
        &mut self,
        mut after: Option<Place>,
        until: Option<&Place>,
        reading: Option<Reading>,
    ) -> Result<(), RunError> {
        loop {
            let extent = &self.extent;
            let group = read(self.desk, after.as_ref(), until, MOST, &|subject| extent.asks(subject))?;
            self.desk.result().add(&group.counts);
            let (end, stopped) = (group.end, group.stopped);
            let last = if end { until.cloned() } else { group.last.clone() };
            self.pending.add(group);
            if let (Some(reading), true) = (reading, end || last.is_some()) {
                self.pending.span(after.clone(), last.clone(), reading);
            }
            if stopped {
                return Err(RunError::Interrupted);
            }
            if self.pending.findings() > WAITING {
                self.must_note(self.records.0)?;
            } else if self.noted.elapsed() >= EVERY && !self.pending.is_empty() {
                self.try_note(self.records.0)?;
            }
            if end {
                return Ok(());
            }
            after = last;
        }
    }

    /// Notes what there is, unless a run is at work: `false`.
    fn try_note(&mut self, record: Record) -> Result<bool, RunError> {
        let (desk, pending) = (self.desk, &mut self.pending);
        let noted = desk.books.write(|state| note(desk, state, pending, record))?;
        self.noted = Instant::now();
        Ok(noted.is_some())
    }

    /// Notes what there is, and waits for a run that is at work to end.
    fn must_note(&mut self, record: Record) -> Result<(), RunError> {
        let mut told = false;
        while !self.try_note(record)? {
            if !told {
                self.desk.phase("Waiting for the run at work to end, to note what was found");
                told = true;
            }
            if self.desk.cancel.is_cancelled() {
                return Err(RunError::Interrupted);
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    /// Tells whoever watches how much is to be read.
    fn foretell(&self, map: &Rereads) -> Result<(), RunError> {
        let mut after: Option<Place> = None;
        loop {
            let piece = state::placements_behind(&self.desk.books.view()?, after.as_ref(), PIECE)?;
            let Some((last, _)) = piece.last() else { return Ok(()) };
            after = Some(last.clone());
            let (mut files, mut bytes) = (0, 0);
            for (place, placement) in piece {
                if self.extent.wants(map.reading(&place)) == Some(false) {
                    continue;
                }
                let item = place.item()?;
                for file in placement.files.iter().filter(|file| is_read(file)) {
                    let path = placement.lies_at(file);
                    let subject = Subject { item: item.clone(), file: file.clone(), path };
                    if self.extent.asks(&subject) {
                        files += 1;
                        bytes += file.size;
                    }
                }
            }
            self.desk.observer.on(&Event::Planned { files, bytes });
        }
    }
}
