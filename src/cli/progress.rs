//! Showing a run as it goes: bars in a terminal, plain lines elsewhere, nothing when that is asked for.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::Console;
use crate::event::{Event, Observer};
use crate::report::figures::{bytes, count, counted};

/// How often a run that has no terminal tells how far it is.
const PLAIN_EVERY: Duration = Duration::from_secs(10);

/// Draws what a run tells.
pub(super) struct Progress {
    console: Console,
    phase: ProgressBar,
    transfer: ProgressBar,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    phase: String,
    libraries: BTreeMap<String, (u64, u64)>,
    files: u64,
    files_done: u64,
    bytes: u64,
    bytes_done: u64,
    last_line: Option<Instant>,
}

impl Progress {
    pub(super) fn new(console: &Console) -> Self {
        let bars = console.bars();
        let phase = bars.add(ProgressBar::new_spinner());
        phase.set_style(style("{spinner:.cyan} {wide_msg}"));
        let transfer = bars.add(ProgressBar::new(0));
        transfer.set_style(style(
            "  {bar:32.cyan/dim} {decimal_bytes:>10} of {decimal_total_bytes:<10} {decimal_bytes_per_sec:>11}  {eta:>4} left  {wide_msg}",
        ));
        if console.interactive && !console.quiet {
            phase.enable_steady_tick(Duration::from_millis(120));
        }
        Self { console: console.clone(), phase, transfer, seen: Mutex::default() }
    }

    /// Takes the bars away.
    pub(super) fn finish(&self) {
        self.transfer.finish_and_clear();
        self.phase.finish_and_clear();
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn draw(&self, seen: &mut Seen) {
        self.phase.set_message(seen.headline());
        self.transfer.set_message(format!("{} of {} files", count(seen.files_done), count(seen.files)));
        if !self.console.interactive && !self.console.quiet {
            let last = *seen.last_line.get_or_insert_with(Instant::now);
            if last.elapsed() >= PLAIN_EVERY && seen.files > 0 {
                seen.last_line = Some(Instant::now());
                self.console.tell(&seen.plain());
            }
        }
    }
}

impl Seen {
    fn headline(&self) -> String {
        let listed = self.libraries.iter().map(|(name, (items, expected))| match expected {
            0 => format!("{name}: {} photos", count(*items)),
            _ => format!("{name}: {} of {} photos", count(*items), count(*expected)),
        });
        std::iter::once(self.phase.clone()).chain(listed).collect::<Vec<_>>().join("  ")
    }

    fn plain(&self) -> String {
        let files = counted(self.files, "file", "files");
        let (done, total) = (bytes(self.bytes_done), bytes(self.bytes));
        format!("{} of {files}, {done} of {total}", count(self.files_done))
    }
}

impl Observer for Progress {
    fn on(&self, event: &Event) {
        let mut seen = self.lock();
        match event {
            Event::Phase(phase) => {
                if !self.console.interactive {
                    self.console.tell(phase);
                }
                phase.clone_into(&mut seen.phase);
            }
            Event::Listed { library, items, expected } => {
                seen.libraries.insert(library.clone(), (*items, *expected));
            }
            Event::Planned { files, bytes } => {
                seen.files += files;
                seen.bytes += bytes;
                self.transfer.set_length(seen.bytes);
            }
            Event::Received(bytes) | Event::Reread(bytes) => {
                seen.bytes_done += bytes;
                self.transfer.set_position(seen.bytes_done.min(seen.bytes));
                return;
            }
            Event::Checked => seen.files_done += 1,
            Event::Placed { fetched, .. } => seen.files_done += u64::from(*fetched),
            Event::Failed { item, why, .. } => {
                seen.files_done += 1;
                self.console.tell(&format!("{item}: {why}"));
            }
            Event::Warning(_) => {}
        }
        self.draw(&mut seen);
    }
}

fn style(template: &str) -> ProgressStyle {
    // The templates are literals of this file; should one be wrong, a plain bar shows.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_sound() {
        for template in
            ["{spinner:.cyan} {wide_msg}", "  {bar:32.cyan/dim} {decimal_bytes:>10} {eta:>4} {wide_msg}"]
        {
            assert!(ProgressStyle::with_template(template).is_ok());
        }
    }
}
