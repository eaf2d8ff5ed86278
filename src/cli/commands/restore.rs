//! `larder restore`: brings back from the attic what left the mirror. No network is needed.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::Path;

use crate::cli::args::{Global, Restore, What};
use crate::cli::job::load;
use crate::cli::mirror_path::{locate, real};
use crate::cli::moment::{Edge, option};
use crate::cli::{Console, Exit, Failure};
use crate::clock;
use crate::model::Part;
use crate::report::figures::{counted, shown};
use crate::report::restored::line;
use crate::sync::restore::{Brought, Request, Restored, Totals, Version, destination, restore as bring_back};
use crate::tree::{Dir, Outlet, Root};

pub(super) fn restore(global: &Global, console: &Console, args: &Restore) -> Result<Exit, Failure> {
    let loaded = load(global)?.only(args.only.map(What::part))?;
    let mut wanted: BTreeMap<Part, Vec<Dir>> = BTreeMap::new();
    for path in &args.paths {
        let (part, path) = locate(path, &loaded)?;
        wanted.entry(part).or_default().push(path);
    }
    if wanted.is_empty() {
        // A part of which nothing was ever mirrored has no attic.
        wanted.extend(loaded.readers()?.into_iter().map(|(part, _)| (part, vec![Dir::ROOT])));
    }
    let at = option("--at", args.at.as_ref(), Edge::Begin)?;
    let since = option("--since", args.since.as_ref(), Edge::Begin)?;
    let version = match (at, since) {
        (Some(time), _) => Version::At(time),
        (None, Some(time)) => Version::Since(time),
        (None, None) => Version::Last,
    };
    let _lock = loaded.lock(console)?;
    let mut out = Output::new(console);
    let (mut sum, mut unmet) = (Totals::default(), 0);
    for (part, wanted) in wanted {
        let (state, _scratch) = if args.dry_run {
            let (state, scratch) = loaded.state_copy(part)?;
            (state, Some(scratch))
        } else {
            (loaded.state(part)?, None)
        };
        let root = destination(loaded.job.destination(part), &state, args.dry_run)
            .map_err(|error| Failure::from(&error))?
            .with_modes(loaded.job.modes(part), part == Part::Drive)?;
        let outlet = args.to.as_ref().map(|dir| outlet(dir, &root, args.dry_run)).transpose()?;
        for from in wanted {
            let request = Request { part, from, version, to: outlet.as_ref(), dry_run: args.dry_run };
            let each = &mut |brought: &Brought| out.file(brought);
            let done = bring_back(&state, &root, &request, clock::now(), each)
                .map_err(|error| Failure::from(&error))?;
            if done.totals.restored + done.totals.failed == 0 && request.from != Dir::ROOT {
                unmet += 1;
                console.error_line(&nothing(&request.from, &done, version));
            }
            sum.restored += done.totals.restored;
            sum.failed += done.totals.failed;
            sum.earlier += done.totals.earlier;
        }
    }
    out.end(args, &sum)?;
    Ok(if sum.failed + unmet > 0 { Exit::SomeFailed } else { Exit::Done })
}

/// The directory for copies, which may lie anywhere but in larder's own.
fn outlet(dir: &Path, root: &Root, dry_run: bool) -> Result<Outlet, Failure> {
    let absolute = std::path::absolute(dir)
        .map_err(|error| Failure::new(Exit::Usage, format!("`{}`: {error}", dir.display())))?;
    let own = root.path().canonicalize().map(|top| top.join(".larder"));
    if own.is_ok_and(|own| real(&absolute).is_some_and(|dir| dir.starts_with(own))) {
        let message = format!("`{}` belongs to larder itself: name another directory", dir.display());
        return Err(Failure::new(Exit::Usage, message));
    }
    Ok(if dry_run { Outlet::look(&absolute)? } else { Outlet::open(&absolute)? })
}

/// Why nothing came back for a path.
fn nothing(path: &Dir, done: &Restored, version: Version) -> String {
    let path = shown(&path.to_string());
    if let Some(to) = &done.moved_to {
        return format!("Nothing of `{path}` is in the attic: it was moved to `{}`", shown(to));
    }
    if done.totals.earlier > 0 {
        return format!(
            "Of `{path}`, only earlier versions of files that are there are in the attic: name one of them, or copy them \
             by `--at TIME --to DIR`"
        );
    }
    match version {
        Version::Last => format!("Nothing of `{path}` is in the attic"),
        Version::Since(_) => format!("Nothing of `{path}` that left since then is in the attic"),
        Version::At(_) => format!("Nothing of `{path}` that was there at that time is in the attic"),
    }
}

/// Tells what came back as it comes, on lines or in one JSON document.
struct Output<'a> {
    console: &'a Console,
    out: io::BufWriter<io::StdoutLock<'static>>,
    files: u64,
    written: io::Result<()>,
}

impl<'a> Output<'a> {
    fn new(console: &'a Console) -> Self {
        let mut out = io::BufWriter::new(io::stdout().lock());
        let written = if console.json { out.write_all(b"{\"files\":[") } else { Ok(()) };
        Self { console, out, files: 0, written }
    }

    fn file(&mut self, brought: &Brought) {
        // A pipe that was closed is no reason to stop halfway.
        if self.written.is_ok() {
            self.written = self.write(brought);
        }
        self.files += 1;
    }

    fn write(&mut self, brought: &Brought) -> io::Result<()> {
        if self.console.json {
            self.out.write_all(if self.files == 0 { b"\n" } else { b",\n" })?;
            Ok(serde_json::to_writer(&mut self.out, brought)?)
        } else if self.console.quiet && brought.why.is_none() {
            Ok(())
        } else {
            writeln!(self.out, "{}", self.console.labelled(&line(brought)).trim_end())
        }
    }

    fn end(mut self, args: &Restore, sum: &Totals) -> Result<(), Failure> {
        let written = self.written.and_then(|()| {
            if self.console.json {
                let totals = serde_json::to_string(sum)?;
                writeln!(self.out, "\n],\"totals\":{totals}}}")?;
            } else if !self.console.quiet {
                let verb = match (args.dry_run, args.to.is_some()) {
                    (true, _) => "would come back",
                    (false, true) => "copied",
                    (false, false) => "restored",
                };
                writeln!(self.out, "{} {verb}", counted(sum.restored, "file", "files"))?;
                if sum.earlier > 0 {
                    let files = counted(sum.earlier, "earlier version", "earlier versions");
                    writeln!(self.out, "{files} of files that are there left alone; `--to DIR` copies them")?;
                }
            }
            self.out.flush()
        });
        match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::new(Exit::Disk, format!("Cannot write: {error}")))
            }
            _ => Ok(()),
        }
    }
}
