//! `larder ls drive`: what a folder of iCloud Drive holds, from the catalog.

use std::io::{self, Write as _};

use crate::cli::job::Loaded;
use crate::cli::{Console, Exit, Failure};
use crate::model::Part;
use crate::report::figures::{bytes, shown};
use crate::report::folders::{FolderListing, NodeEntry, folder};

pub(super) fn ls(loaded: &Loaded, console: &Console, path: &str) -> Result<Exit, Failure> {
    let reader = loaded.reader(Part::Drive)?;
    let listing = folder(&reader.view()?, path)?;
    let Some(listing) = listing else {
        let message = format!("Nothing in iCloud Drive is called `{}`", shown(path));
        let hint = Some("`larder ls drive` lists the top folder".to_owned());
        return Err(Failure { exit: Exit::Usage, message, hint });
    };
    if console.json {
        console.out_json(&listing)?;
        return Ok(Exit::Done);
    }
    match write(&listing) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::Disk, format!("Cannot write: {error}")))
        }
        _ => Ok(Exit::Done),
    }
}

fn write(listing: &FolderListing) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for entry in &listing.items {
        writeln!(out, "{}", line(entry))?;
    }
    out.flush()
}

/// One item on a line: date, size, name, and what is not on disk.
fn line(entry: &NodeEntry) -> String {
    let modified =
        entry.modified.map_or_else(|| " ".repeat(16), |t| t.strftime("%Y-%m-%d %H:%M").to_string());
    let size = entry.size.map(bytes).unwrap_or_default();
    let (end, missing) = match (entry.is_folder, &entry.path) {
        (true, _) => ("/", ""),
        (false, None) => ("", "  [not on disk]"),
        (false, Some(_)) => ("", ""),
    };
    format!("{modified}  {size:>11}  {}{end}{missing}", shown(&entry.name))
}
