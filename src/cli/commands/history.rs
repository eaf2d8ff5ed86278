//! `larder history`: what came, changed, moved, left and returned, when and why.

use std::io::{self, Write as _};

use jiff::tz::TimeZone;

use crate::cli::args::{Global, HistoryOf};
use crate::cli::job::load;
use crate::cli::mirror_path::locate;
use crate::cli::moment::{Edge, option};
use crate::cli::{Console, Exit, Failure};
use crate::model::Part;
use crate::report::history::{Filter, History};
use crate::state::{self, MetaKey, Moment};
use crate::tree::{Dir, Root};

pub(super) fn history(global: &Global, console: &Console, args: &HistoryOf) -> Result<Exit, Failure> {
    let loaded = load(global)?;
    let destination = &loaded.job.photos.destination;
    let of = args.path.as_ref().map_or(Ok(Dir::ROOT), |path| locate(path, destination))?;
    let since = option("--since", args.since.as_ref(), Edge::Begin)?;
    let until = option("--until", args.until.as_ref(), Edge::End)?;
    let filter = Filter {
        of,
        from: since.map_or(Moment::FIRST, |time| Moment::from(time.as_millisecond())),
        to: until.map_or(Moment::LAST, |time| Moment::until(time.as_millisecond())),
        limit: args.limit,
    };
    let reader = loaded.reader(Part::Photos)?;
    let known = state::text(&reader.view()?, MetaKey::Mirror)?.and_then(|id| id.parse().ok());
    // Whether a file is still in the attic is told where its disk is at hand.
    let root = Root::inspect(destination, known.as_ref(), false).ok().map(|(root, _)| root);
    let history = History { reader: &reader, root: root.as_ref(), keep_days: loaded.job.removed.keep_days };
    let mut out = io::BufWriter::new(io::stdout().lock());
    let zone = TimeZone::system();
    let mut told = 0_u64;
    let written = if console.json {
        let begun = out.write_all(b"{\"events\":[");
        let events = history.tell(&filter, |entry| {
            out.write_all(if told == 0 { b"\n" } else { b",\n" })?;
            told += 1;
            Ok(serde_json::to_writer(&mut out, entry)?)
        })?;
        begun.and(events).and_then(|()| out.write_all(b"\n]}\n"))
    } else {
        history.tell(&filter, |entry| {
            told += 1;
            writeln!(out, "{}", entry.line(&zone))
        })?
    };
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            return Err(Failure::new(Exit::Disk, format!("Cannot write: {error}")));
        }
        _ => {}
    }
    if told == 0 && !console.json {
        console.tell("Nothing of that is in history.");
    }
    Ok(Exit::Done)
}
