//! A summary that a person likes to read: what changed, what came, what is not here and why.

use std::fmt::Write as _;

use super::figures::{bytes, count, counted, shown, span};
use super::{Summary, titled};
use crate::model::Part;
use crate::sync::tally::{Library, Trouble};

/// Items named in the text; the JSON names more.
const NAMED: usize = 10;

/// Column where the text of a line begins.
const COLUMN: usize = 16;

/// The summaries of the parts of a run, each below its name where there are several.
#[must_use]
pub fn texts(summaries: &[Summary]) -> String {
    let several = summaries.len() > 1;
    let texts = summaries.iter().map(|summary| {
        let mut lines = Lines::default();
        // Below which name the trouble belongs, the message that ends it all does not tell.
        if let Some(why) = summary.error.as_ref().filter(|_| several) {
            lines.add("Stopped", why);
        }
        (summary.part, lines.0 + &text(summary))
    });
    titled(&texts.collect::<Vec<_>>())
}

/// The summary as lines of text.
#[must_use]
pub fn text(summary: &Summary) -> String {
    let mut lines = Lines::default();
    if summary.is_quiet() {
        lines.add(
            "Up to date",
            format!(
                "nothing changed in iCloud ({}, {})",
                counted(summary.outcome.calls, "request", "requests"),
                span(summary.took())
            ),
        );
    } else {
        libraries(&mut lines, summary);
        albums(&mut lines, summary);
        files(&mut lines, summary);
        not_here(&mut lines, summary);
        views(&mut lines, summary);
        requests(&mut lines, summary);
    }
    read_again(&mut lines, summary);
    for warning in &summary.outcome.warnings {
        lines.add("Note", warning);
    }
    lines.0
}

#[derive(Default)]
struct Lines(String);

impl Lines {
    fn add(&mut self, label: &str, text: impl AsRef<str>) {
        // Writing to a string cannot fail.
        let _ok = writeln!(self.0, "{label:<COLUMN$}{}", text.as_ref());
    }

    fn items(&mut self, items: &[Trouble], total: u64) {
        for item in items.iter().take(NAMED) {
            self.add("", format!("{}: {}", shown(&item.item), shown(&item.why)));
        }
        let shown = items.len().min(NAMED) as u64;
        if total > shown {
            self.add("", format!("and {} more (`--json` names them)", count(total - shown)));
        }
    }
}

fn libraries(lines: &mut Lines, summary: &Summary) {
    for (name, library) in &summary.outcome.libraries {
        let facts = library_facts(library, summary.part);
        if !facts.is_empty() {
            lines.add(name, facts.join(", "));
        }
    }
}

/// So many of what a part consists of.
fn items(n: u64, part: Part) -> String {
    match part {
        Part::Photos => counted(n, "photo", "photos"),
        Part::Drive => counted(n, "item", "items"),
    }
}

fn library_facts(library: &Library, part: Part) -> Vec<String> {
    let mut facts = Vec::new();
    if let Some(listed) = library.listed {
        facts.push(format!("{} listed", items(listed, part)));
    }
    for (n, what) in
        [(library.added, "new"), (library.changed, "changed"), (library.deleted, "deleted in iCloud")]
    {
        if n > 0 && !(what == "new" && library.listed == Some(n)) {
            facts.push(format!("{} {what}", count(n)));
        }
    }
    facts
}

fn albums(lines: &mut Lines, summary: &Summary) {
    let albums = &summary.outcome.albums;
    for (name, change) in albums.iter().take(NAMED) {
        let counts = [
            (change.added, "added"),
            (change.removed, "removed"),
            (change.edited, "edited"),
            (change.changed, "changed"),
            (change.deleted, "deleted"),
        ];
        let counts =
            counts.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", count(n)));
        let facts: Vec<String> = change.what.iter().cloned().chain(counts).collect();
        lines.add("Album", format!("{}: {}", shown(name), shown(&facts.join(", "))));
    }
    if albums.len() > NAMED {
        lines.add("", format!("and {} more (`--json` names them)", count((albums.len() - NAMED) as u64)));
    }
}

fn files(lines: &mut Lines, summary: &Summary) {
    let out = &summary.outcome;
    if summary.dry_run {
        let files = counted(out.to_fetch, "file", "files");
        lines.add("Would fetch", format!("{files}, {}", bytes(out.to_fetch_bytes)));
        for path in out.to_fetch_items.iter().take(NAMED) {
            lines.add("", path);
        }
        if out.to_fetch > NAMED as u64 {
            lines.add("", format!("and {} more", count(out.to_fetch - NAMED as u64)));
        }
    } else if out.fetched > 0 {
        let millis = u64::try_from(summary.took().as_millis()).unwrap_or(0).max(1);
        let rate = bytes(out.fetched_bytes.saturating_mul(1000) / millis);
        let files = counted(out.fetched, "file", "files");
        let (size, took) = (bytes(out.fetched_bytes), span(summary.took()));
        lines.add("Fetched", format!("{files}, {size} in {took} ({rate}/s)"));
    }
    if out.adopted > 0 {
        let files = counted(out.adopted, "file", "files");
        lines.add("Found", format!("{files} on disk already, recognised by checksum, not fetched"));
    }
    if out.proven > 0 {
        lines.add(
            "Proven",
            format!("{} byte for byte against Apple's checksum", counted(out.proven, "file", "files")),
        );
    }
    if out.not_provable > 0 {
        let files = counted(out.not_provable, "file", "files");
        lines.add(
            "Not provable",
            format!("{files}: Apple publishes no checksum that can be checked; size and SHA-256 kept"),
        );
    }
    if out.disputed > 0 {
        let files = counted(out.disputed, "file", "files");
        lines.add(
            "Disputed",
            format!("{files}: iCloud served the same bytes twice, which are not what its checksum says"),
        );
        for path in out.disputed_items.iter().take(NAMED) {
            lines.add("", path);
        }
    }
    if out.replaced > 0 {
        let files = counted(out.replaced, "file", "files");
        lines.add("Replaced", format!("{files}; the earlier versions are in .larder/attic"));
    }
}

fn not_here(lines: &mut Lines, summary: &Summary) {
    let out = &summary.outcome;
    if out.moved > 0 {
        let files = counted(out.moved, "file", "files");
        lines.add("Moved", format!("{files} to where they belong now; nothing was fetched for them"));
    }
    if summary.dry_run && out.to_move > 0 {
        lines.add("Would move", counted(out.to_move, "file", "files"));
        for item in out.to_move_items.iter().take(NAMED) {
            lines.add("", format!("{} to {}", shown(&item.item), shown(&item.why)));
        }
    }
    if summary.dry_run && out.to_copy > 0 {
        let files = counted(out.to_copy, "file", "files");
        lines.add("Would copy", format!("{files} from other photos with the same content"));
    }
    if summary.dry_run && out.to_remove > 0 {
        lines.add(
            "Would remove",
            format!("{} that iCloud no longer has", counted(out.to_remove, "file", "files")),
        );
    }
    if out.removed > 0 {
        let files = counted(out.removed, "file", "files");
        lines.add("Removed", format!("{files} that iCloud no longer has; the attic is in .larder/attic"));
    }
    for path in out.set_aside.iter().take(NAMED) {
        lines.add("Set aside", format!("{}: changed since larder wrote it, now in the attic", shown(path)));
    }
    if out.held > 0 {
        let files = counted(out.held, "file", "files");
        lines.add(
            "Held",
            format!("{files} that iCloud no longer has, more than `stop_above` allows; nothing was removed"),
        );
        lines.add("", format!("if that is meant: larder sync --once --confirm-removals {}", out.held));
    }
    if out.kept > 0 {
        let photos = items(out.kept, summary.part);
        let stay = if out.kept == 1 { "stays" } else { "stay" };
        lines.add("Kept", format!("{photos} deleted in iCloud {stay} on this disk"));
    }
    for (key, n) in &out.out_of_scope {
        lines.add("Left out", format!("{} by `{key}` in the job file", items(*n, summary.part)));
    }
    if out.waiting > 0 {
        let items = items(out.waiting, summary.part);
        let why = match summary.part {
            Part::Photos => "not fully uploaded to iCloud yet; they come with a later run",
            Part::Drive => {
                "that iCloud does not give: not uploaded yet, or shared by somebody else; asked for again later"
            }
        };
        lines.add("Waiting", format!("{items} {why}"));
    }
    if out.broken > 0 {
        let records = counted(out.broken, "record", "records");
        lines.add("Unreadable", format!("{records} of iCloud make no sense; larder asks for them again"));
        lines.items(&out.broken_items, out.broken);
    }
    if out.no_room > 0 {
        let (files, size) = (counted(out.no_room, "file", "files"), bytes(out.no_room_bytes));
        lines.add("No room", format!("{files}, {size}, do not fit on the disk; the next run tries again"));
    } else if out.no_room_bytes > 0 {
        let size = bytes(out.no_room_bytes);
        lines.add("No room", format!("{size} are missing on the disk for what would be fetched"));
    }
    if out.failed > 0 {
        lines
            .add("Missing", format!("{}; tried again at the next run", counted(out.failed, "file", "files")));
        lines.items(&out.failed_items, out.failed);
    }
}

fn views(lines: &mut Lines, summary: &Summary) {
    let views = &summary.outcome.views;
    let facts = [
        (views.made, "made"),
        (views.moved, "moved"),
        (views.removed, "removed"),
        (views.to_make, "would be made"),
        (views.to_move, "would be moved"),
        (views.to_remove, "would be removed"),
    ];
    let facts: Vec<String> =
        facts.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", count(n))).collect();
    if !facts.is_empty() {
        lines.add("Albums", format!("entries {}", facts.join(", ")));
    }
    if views.failed > 0 {
        let entries = counted(views.failed, "album entry", "album entries");
        lines.add("Not shown", format!("{entries}; tried again at the next run"));
        lines.items(&views.failed_items, views.failed);
    }
}

fn read_again(lines: &mut Lines, summary: &Summary) {
    let reread = &summary.outcome.reread;
    if reread.files == 0 {
        return;
    }
    let files = counted(reread.files, "file", "files");
    let how = match reread.wrong {
        0 => "all as they should be".to_owned(),
        wrong => format!("{} not", count(wrong)),
    };
    lines.add("Read again", format!("{files} of the mirror, {}: {how}", bytes(reread.bytes)));
    lines.items(&reread.items, reread.wrong);
    if reread.left > 0 {
        let files = counted(reread.left, "file", "files");
        lines.add("Not repaired", format!("{files}: see `larder status` and `larder verify --repair`"));
    }
}

fn requests(lines: &mut Lines, summary: &Summary) {
    let (calls, downloads) = (summary.outcome.calls, summary.outcome.downloads);
    if calls + downloads > 0 {
        let calls = counted(calls, "request", "requests");
        lines.add("Cost", format!("{calls} to iCloud and {} for files", count(downloads)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::Outcome;
    use crate::sync::tally::AlbumChange;

    fn summary(outcome: Outcome) -> Summary {
        let started = jiff::Timestamp::UNIX_EPOCH;
        Summary {
            part: Part::Photos,
            started,
            seconds: 2.0,
            dry_run: false,
            complete: true,
            error: None,
            outcome,
        }
    }

    #[test]
    fn a_quiet_run_is_one_line() {
        assert_eq!(
            text(&summary(Outcome::default())),
            "Up to date      nothing changed in iCloud (0 requests, 2.0s)\n"
        );
    }

    #[test]
    fn an_album_that_changed_is_news() {
        let changed = AlbumChange { removed: 1, ..AlbumChange::default() };
        let outcome = Outcome { albums: [("Porto".into(), changed)].into(), ..Outcome::default() };
        assert_eq!(text(&summary(outcome)).lines().next(), Some("Album           Porto: 1 removed"));
    }

    #[test]
    fn what_is_missing_is_named_and_counted() {
        let trouble =
            |n: u64| Trouble { item: format!("IMG_{n}.HEIC"), why: "only 3 of 9 bytes came".into() };
        let outcome =
            Outcome { failed: 12, failed_items: (0..12).map(trouble).collect(), ..Outcome::default() };
        let text = text(&summary(outcome));
        assert!(text.contains("Missing         12 files; tried again at the next run"), "{text}");
        assert!(text.contains("IMG_9.HEIC: only 3 of 9 bytes came"), "{text}");
        assert!(!text.contains("IMG_10.HEIC"), "{text}");
        assert!(text.contains("and 2 more"), "{text}");
    }
}
