//! Showing a run as it goes: bars in a terminal, plain lines elsewhere, nothing when that is asked for.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::Console;
use crate::event::{Event, Observer};
use crate::model::Part;
use crate::report::figures::count;
use crate::report::{HowFar, Live};

/// How often a run that has no terminal tells how far it is.
const PLAIN_EVERY: Duration = Duration::from_secs(10);

/// Draws what a run tells.
pub(super) struct Progress {
    console: Console,
    phase: ProgressBar,
    transfer: ProgressBar,
    live: Live,
    last_line: Mutex<Option<Instant>>,
}

impl Progress {
    pub(super) fn new(console: &Console) -> Self {
        Self::told_to(console, Live::default())
    }

    /// One that keeps its counts where others look at them too.
    pub(super) fn told_to(console: &Console, live: Live) -> Self {
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
        Self { console: console.clone(), phase, transfer, live, last_line: Mutex::default() }
    }

    /// A part begins, with counts of its own.
    pub(super) fn begin(&self, part: Part) {
        self.live.begin(Some(part));
        self.transfer.reset();
        self.transfer.set_length(0);
    }

    /// Takes the bars away.
    pub(super) fn finish(&self) {
        self.transfer.finish_and_clear();
        self.phase.finish_and_clear();
    }

    fn draw(&self, how_far: &HowFar) {
        self.phase.set_message(how_far.headline());
        self.transfer.set_message(format!("{} of {} files", count(how_far.files_done), count(how_far.files)));
        if !self.console.interactive && !self.console.quiet {
            let mut last_line = self.last_line.lock().unwrap_or_else(PoisonError::into_inner);
            let last = *last_line.get_or_insert_with(Instant::now);
            if last.elapsed() >= PLAIN_EVERY && how_far.files > 0 {
                *last_line = Some(Instant::now());
                self.console.tell(&how_far.figures());
            }
        }
    }
}

impl Observer for Progress {
    fn on(&self, event: &Event) {
        // Held while it is drawn, so that what is shown never goes back.
        let mut how_far = self.live.lock();
        how_far.take(event);
        match event {
            Event::Phase(phase) if !self.console.interactive => self.console.tell(phase),
            Event::Planned { .. } => self.transfer.set_length(how_far.bytes),
            Event::Received(_) | Event::Reread(_) => {
                self.transfer.set_position(how_far.bytes_done.min(how_far.bytes));
                return;
            }
            Event::Failed { item, why, .. } => self.console.tell(&format!("{item}: {why}")),
            _ => {}
        }
        self.draw(&how_far);
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
