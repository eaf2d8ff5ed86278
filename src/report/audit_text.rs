//! An audit for people: the table of what each side has, what differs, and the answer.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::figures::{bytes, count, counted, shown};
use crate::sync::audit::figures::{LibraryFigures, Line};
use crate::sync::audit::{Difference, Finished, Level, What};

/// Columns of figures.
const WIDTH: usize = 11;

/// Columns of what is counted.
const NAME: usize = 24;

/// The audit as text. `bold` marks headings.
pub(super) fn text(
    finished: &Finished,
    groups: &BTreeMap<What, Vec<Difference>>,
    bold: &dyn Fn(&str) -> String,
) -> String {
    let mut text = String::new();
    table(&mut text, finished, bold);
    disk(&mut text, finished);
    for what in What::ALL {
        let total = finished.figures.found.get(what).copied().unwrap_or(0);
        if total > 0 {
            let named = groups.get(what).map_or(&[][..], Vec::as_slice);
            findings(&mut text, *what, total, named, bold);
        }
    }
    answer(&mut text, finished, bold);
    text
}

/// Writing to a string cannot fail.
macro_rules! line {
    ($text:expr, $($format:tt)*) => {{ let _ok = writeln!($text, $($format)*); }};
}

fn table(text: &mut String, finished: &Finished, bold: &dyn Fn(&str) -> String) {
    if finished.figures.libraries.is_empty() {
        return;
    }
    let head = format!("{:<NAME$}{:>WIDTH$}{:>WIDTH$}{:>WIDTH$}", "", "iCloud", "catalog", "disk");
    line!(text, "{}", bold(&head));
    for library in &finished.figures.libraries {
        line!(text, "{}", bold(&library.name));
        for kind in library.kinds.iter().filter(|kind| is_worth_a_line(kind)) {
            row(text, kind);
        }
        albums(text, library);
    }
}

fn is_worth_a_line(line: &Line) -> bool {
    [line.icloud, line.catalog, line.disk].into_iter().flatten().any(|count| count > 0)
        || line.what == "photos"
}

fn row(text: &mut String, line: &Line) {
    let figure = |figure: Option<u64>| figure.map_or_else(|| "–".to_owned(), count);
    let [icloud, catalog, disk] = [line.icloud, line.catalog, line.disk].map(figure);
    let name = format!("  {}", shown(&line.what));
    line!(text, "{name:<NAME$}{icloud:>WIDTH$}{catalog:>WIDTH$}{disk:>WIDTH$}");
}

/// Albums in which all sides have the same are one line together.
fn albums(text: &mut String, library: &LibraryFigures) {
    let agrees =
        |line: &&Line| line.catalog == line.disk && line.icloud.is_none_or(|n| Some(n) == line.catalog);
    let (same, other): (Vec<_>, Vec<_>) = library.albums.iter().partition(agrees);
    if !same.is_empty() {
        let sum = |of: fn(&Line) -> Option<u64>| same.iter().map(|line| of(line)).sum::<Option<u64>>();
        let what = format!("in {}", counted(same.len() as u64, "album", "albums"));
        let [icloud, catalog, disk] = [sum(|l| l.icloud), sum(|l| l.catalog), sum(|l| l.disk)];
        row(text, &Line { what, icloud, catalog, disk });
    }
    for line in other {
        row(text, &Line { what: format!("album {}", line.what), ..line.clone() });
    }
}

fn disk(text: &mut String, finished: &Finished) {
    let disk = &finished.figures.disk;
    line!(text, "{:<16}{}, {}", "On disk", counted(disk.files, "file", "files"), bytes(disk.bytes));
    if disk.in_albums > 0 {
        line!(text, "{:<16}{}", "In albums", counted(disk.in_albums, "entry", "entries"));
    }
    for (label, files, size) in [
        ("Attic", disk.attic, disk.attic_bytes),
        ("Partial", disk.partial, disk.partial_bytes),
        ("Not larder's", disk.foreign, disk.foreign_bytes),
    ] {
        if files > 0 {
            line!(text, "{label:<16}{}, {}", counted(files, "file", "files"), bytes(size));
        }
    }
    let requests = counted(finished.figures.calls, "request", "requests");
    line!(text, "{:<16}{requests} to iCloud", "Cost");
}

fn findings(text: &mut String, what: What, total: u64, named: &[Difference], bold: &dyn Fn(&str) -> String) {
    line!(text, "\n{}: {}", bold(what.heading()), count(total));
    for found in named {
        let library = if ["", "Personal"].contains(&found.library.as_str()) || found.library == found.item {
            String::new()
        } else {
            format!("{}: ", found.library)
        };
        let (item, reason) = (shown(&found.item), shown(&found.reason));
        line!(text, "  {library}{item}: {reason}; {}", shown(&found.action));
    }
    let more = total.saturating_sub(named.len() as u64);
    if more > 0 {
        line!(text, "  {} more (`-v` names thousands, `--csv` and `--json` all)", count(more));
    }
}

fn answer(text: &mut String, finished: &Finished, bold: &dyn Fn(&str) -> String) {
    let differences = finished.figures.count(Level::Difference);
    let label = |label: &str| bold(&format!("{label:<16}"));
    text.push('\n');
    if finished.error.is_some() {
        line!(text, "{}the audit did not come to its end", label("Unknown"));
    } else if finished.is_complete() {
        let how = if finished.figures.deep {
            "every record of iCloud was compared"
        } else {
            "by iCloud's counters; `--deep` compares every record"
        };
        line!(text, "{}all that iCloud holds and your job file asks for is here ({how})", label("Complete"));
    } else if differences > 0 {
        line!(text, "{}{}", label("Not complete"), counted(differences, "difference", "differences"));
    } else {
        line!(text, "{}iCloud could not be asked; nothing differs here", label("Unknown"));
    }
}
