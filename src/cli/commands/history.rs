//! `larder history`: what came, changed, moved, left and returned, when and why.

use std::io::{self, Write as _};

use jiff::tz::TimeZone;

use crate::cli::args::{Global, HistoryOf, What};
use crate::cli::job::load;
use crate::cli::mirror_path::locate;
use crate::cli::moment::{Edge, option};
use crate::cli::{Console, Exit, Failure};
use crate::model::Part;
use crate::report::history::{Entry, Filter, History};
use crate::report::title;
use crate::state::{self, MetaKey, Moment};
use crate::tree::{Dir, Root};

pub(super) fn history(global: &Global, console: &Console, args: &HistoryOf) -> Result<Exit, Failure> {
    let mut loaded = load(global)?.only(args.only.map(What::part))?;
    let mut of = Dir::ROOT;
    if let Some(path) = &args.path {
        let (part, path) = locate(path, &loaded)?;
        (loaded, of) = (loaded.only(Some(part))?, path);
    }
    let since = option("--since", args.since.as_ref(), Edge::Begin)?;
    let until = option("--until", args.until.as_ref(), Edge::End)?;
    let filter = Filter {
        of,
        from: since.map_or(Moment::FIRST, |time| Moment::from(time.as_millisecond())),
        to: until.map_or(Moment::LAST, |time| Moment::until(time.as_millisecond())),
        limit: args.limit,
    };
    let readers = loaded.readers()?;
    let mut out = Output::new(console, readers.len() > 1);
    for (part, reader) in &readers {
        let known = state::text(&reader.view()?, MetaKey::Mirror)?.and_then(|id| id.parse().ok());
        // Whether a file is still in the attic is told where its disk is at hand.
        let root = Root::inspect(loaded.job.destination(*part), known.as_ref(), false).ok();
        let root = root.as_ref().map(|(root, _)| root);
        let history = History { part: *part, reader, root, keep_days: loaded.job.removed.keep_days };
        out.begin(*part);
        let told = history.tell(&filter, |entry| out.event(entry))?;
        if told.is_err() {
            out.written = told;
            break;
        }
    }
    if out.end()? == 0 && !console.json {
        console.tell("Nothing of that is in history.");
    }
    Ok(Exit::Done)
}

/// Tells events as they are read, on lines or in one JSON document.
struct Output {
    json: bool,
    /// Whether parts are named.
    several: bool,
    part: Option<Part>,
    zone: TimeZone,
    out: io::BufWriter<io::StdoutLock<'static>>,
    told: u64,
    written: io::Result<()>,
}

impl Output {
    fn new(console: &Console, several: bool) -> Self {
        let mut out = io::BufWriter::new(io::stdout().lock());
        let written = if console.json { out.write_all(b"{\"events\":[") } else { Ok(()) };
        Self { json: console.json, several, part: None, zone: TimeZone::system(), out, told: 0, written }
    }

    /// What follows is of that part.
    fn begin(&mut self, part: Part) {
        self.part = Some(part).filter(|_| self.several && !self.json);
    }

    fn event(&mut self, entry: &Entry) -> io::Result<()> {
        if let Some(part) = self.part.take() {
            let gap = if self.told == 0 { "" } else { "\n" };
            writeln!(self.out, "{gap}{}", title(part))?;
        }
        self.told += 1;
        if !self.json {
            return writeln!(self.out, "{}", entry.line(&self.zone));
        }
        self.out.write_all(if self.told == 1 { b"\n" } else { b",\n" })?;
        Ok(serde_json::to_writer(&mut self.out, entry)?)
    }

    /// How many events were told.
    fn end(mut self) -> Result<u64, Failure> {
        let written = self.written.and_then(|()| {
            if self.json {
                self.out.write_all(b"\n]}\n")?;
            }
            self.out.flush()
        });
        match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::new(Exit::Disk, format!("Cannot write: {error}")))
            }
            _ => Ok(self.told),
        }
    }
}
