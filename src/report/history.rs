//! History for people and machines: what came, changed, moved, left and returned.

use std::collections::HashSet;
use std::io;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::Serialize;

use super::figures::shown;
use crate::model::{ItemId, Kind, Part};
use crate::state::{self, HistoryEvent, Moment, Order, Reader, StateError, What, Why};
use crate::tree::{Dir, FileKind, RelPath, Root, origin};

/// Events that are read at a time.
const PIECE: usize = 1_000;

/// Which events are told.
#[derive(Debug)]
pub struct Filter {
    /// A file or folder of the mirror, or all of it.
    pub of: Dir,
    /// From then on.
    pub from: Moment,
    /// Until then.
    pub to: Moment,
    /// Only so many, the newest.
    pub limit: Option<u64>,
}

/// An event as it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Which part of the job.
    pub part: Part,
    /// When.
    pub time: Timestamp,
    /// What.
    pub what: &'static str,
    /// Path of the file; where it was, when it left.
    pub path: String,
    /// Where it was before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Where in the attic it, or its older version, went, or where it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attic: Option<String>,
    /// Whether it is there still; unknown when the destination cannot be looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_attic: Option<bool>,
    /// Until when it is kept there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_until: Option<Date>,
    /// Whether somebody had changed the file that went to the attic.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub set_aside: bool,
    /// Why.
    pub why: Why,
    /// What the file is for its photo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    /// Bytes.
    pub size: u64,
    /// Zone of the photo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Record name of the photo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
}

/// Reads history.
pub struct History<'a> {
    /// Which part of the job.
    pub part: Part,
    /// The state.
    pub reader: &'a Reader,
    /// The destination, when it can be looked at.
    pub root: Option<&'a Root>,
    /// How many days files stay in the attic.
    pub keep_days: u32,
}

/// A file, wherever it lies: an event of a file that moved is found by each of its paths.
type File = (ItemId, Option<Kind>);

impl History<'_> {
    /// Tells `each` event, the newest last. Read in pieces: neither memory nor any look at the state grows with history.
    pub fn tell(
        &self,
        filter: &Filter,
        mut each: impl FnMut(&Entry) -> io::Result<()>,
    ) -> Result<io::Result<()>, StateError> {
        let zones = state::zones(&self.reader.view()?)?;
        let files = self.files(filter)?;
        let from = match filter.limit {
            Some(limit) => self.newest(filter, &files, limit)?,
            None => filter.from,
        };
        let mut written = Ok(());
        self.walk(from, filter.to, Order::Forward, |moment, event| {
            if !concerns(&event, &filter.of, &files) {
                return true;
            }
            let mut entry = self.entry(moment, event.clone());
            let zone = event.item.and_then(|item| zones.iter().find(|(number, _)| *number == item.zone));
            entry.zone = zone.map(|(_, row)| row.id.name.clone());
            written = each(&entry);
            written.is_ok()
        })?;
        Ok(written)
    }

    /// The files that have or had that very path.
    fn files(&self, filter: &Filter) -> Result<HashSet<File>, StateError> {
        let mut files = HashSet::new();
        if filter.of != Dir::ROOT {
            self.walk(Moment::FIRST, Moment::LAST, Order::Forward, |_, event| {
                if paths(&event).any(|path| filter.of.is(path))
                    && let Some(item) = event.item
                {
                    files.insert((item, event.kind));
                }
                true
            })?;
        }
        Ok(files)
    }

    /// Where the newest `limit` events begin.
    fn newest(&self, filter: &Filter, files: &HashSet<File>, limit: u64) -> Result<Moment, StateError> {
        let (mut left, mut from) = (limit, filter.to);
        self.walk(filter.from, filter.to, Order::Backward, |moment, event| {
            if concerns(&event, &filter.of, files) {
                left -= 1;
                from = moment;
            }
            left > 0
        })?;
        Ok(from)
    }

    /// Calls `each` with events until it has enough.
    fn walk(
        &self,
        mut from: Moment,
        mut to: Moment,
        order: Order,
        mut each: impl FnMut(Moment, HistoryEvent) -> bool,
    ) -> Result<(), StateError> {
        loop {
            let piece = state::history(&self.reader.view()?, from, to, order, PIECE)?;
            let Some((last, _)) = piece.last() else { return Ok(()) };
            let more = match order {
                Order::Forward => last.next().map(|next| from = next),
                Order::Backward => last.previous().map(|previous| to = previous),
            };
            for (moment, event) in piece {
                if !each(moment, event) {
                    return Ok(());
                }
            }
            if more.is_none() {
                return Ok(());
            }
        }
    }

    fn entry(&self, moment: Moment, event: HistoryEvent) -> Entry {
        let HistoryEvent { what, path, item, kind, size, why } = event;
        let word = match what {
            What::Fetched => "came",
            What::Found => "found",
            What::Copied => "copied",
            What::Changed { .. } => "changed",
            What::Moved { .. } => "moved",
            What::Left { set_aside: true, .. } => "set aside",
            What::Left { .. } => "left",
            What::Deleted => "deleted",
            What::Missing => "missing",
            What::Returned { .. } => "returned",
            What::Restored { .. } => "restored",
            What::Wrong { condition } => condition.as_str(),
        };
        let (from, attic, set_aside) = match what {
            What::Fetched
            | What::Found
            | What::Copied
            | What::Deleted
            | What::Missing
            | What::Wrong { .. } => (None, None, false),
            What::Changed { from, attic, set_aside } => (from, Some(attic), set_aside),
            What::Moved { from } => (Some(from), None, false),
            What::Left { attic, set_aside } => (None, Some(attic), set_aside),
            What::Returned { attic } | What::Restored { attic } => (None, Some(attic), false),
        };
        let went = attic.as_ref().filter(|_| !["returned", "restored"].contains(&word));
        let in_attic = went.and_then(|attic| self.is_there(attic));
        let kept_until = went
            .filter(|_| in_attic != Some(false))
            .and_then(|attic| origin(attic))
            .and_then(|(day, _)| day.checked_add(i64::from(self.keep_days).days()).ok());
        Entry {
            part: self.part,
            // What a clock cannot show was never written by one.
            time: Timestamp::from_millisecond(moment.time_ms).unwrap_or_default(),
            what: word,
            path,
            from,
            attic,
            in_attic,
            kept_until,
            set_aside,
            why,
            kind: kind.map(Kind::as_str),
            size,
            zone: None,
            item: item.map(|item| item.record),
        }
    }

    fn is_there(&self, attic: &str) -> Option<bool> {
        let path = RelPath::parse(attic).ok()?;
        let facts = self.root?.stat(&path).ok()?;
        Some(facts.is_some_and(|facts| facts.kind == FileKind::File))
    }
}

/// The paths of the mirror that an event names.
fn paths(event: &HistoryEvent) -> impl Iterator<Item = &str> {
    let from = match &event.what {
        What::Moved { from } | What::Changed { from: Some(from), .. } => Some(from.as_str()),
        _ => None,
    };
    std::iter::once(event.path.as_str()).chain(from)
}

fn concerns(event: &HistoryEvent, of: &Dir, files: &HashSet<File>) -> bool {
    let same = |item: &ItemId| files.contains(&(item.clone(), event.kind));
    paths(event).any(|path| of.covers(path)) || (!files.is_empty() && event.item.as_ref().is_some_and(same))
}

impl Entry {
    /// The event on a line, by this machine's clock.
    #[must_use]
    pub fn line(&self, zone: &TimeZone) -> String {
        let time = self.time.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M");
        let path = match &self.from {
            Some(from) => format!("{} -> {}", shown(from), shown(&self.path)),
            None => shown(&self.path),
        };
        let mut why = self.why.as_str().to_owned();
        if self.set_aside {
            why.push_str(", changed on this disk before");
        }
        match (&self.attic, self.in_attic) {
            (Some(_), Some(false)) => why.push_str("; no longer in the attic"),
            (Some(attic), _) if self.kept_until.is_some() => {
                let older = if self.what == "changed" { "the earlier version is in" } else { "in" };
                let until = self.kept_until.unwrap_or_default();
                why = format!("{why}; {older} {} until {until}", shown(attic));
            }
            (Some(attic), _) => why = format!("{why}; it was in {}", shown(attic)),
            (None, _) => {}
        }
        format!("{time}  {:<9} {path}  ({why})", self.what)
    }
}
