//! Printing: results to standard output, everything else to standard error.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;

use indicatif::{MultiProgress, ProgressDrawTarget};
use serde::Serialize;

use super::args::{Global, When};
use super::{Exit, Failure};

/// Where and how to print. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Console {
    bars: Arc<MultiProgress>,
    /// Whether standard error is a terminal, so that bars and prompts make sense.
    pub interactive: bool,
    /// Nothing but errors.
    pub quiet: bool,
    /// One JSON document on standard output.
    pub json: bool,
    colour: bool,
}

impl Console {
    /// Whether somebody watches: what is shown goes to a terminal.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        io::stderr().is_terminal()
    }

    /// A console as the arguments ask for.
    #[must_use]
    pub fn new(global: &Global) -> Self {
        let interactive = io::stderr().is_terminal();
        let colour = match global.color {
            When::Always => true,
            When::Never => false,
            When::Auto => interactive && std::env::var_os("NO_COLOR").is_none(),
        };
        let target = if interactive && !global.quiet {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bars = Arc::new(MultiProgress::with_draw_target(target));
        Self { bars, interactive, quiet: global.quiet, json: global.json, colour }
    }

    /// The progress bars, which share the terminal with everything that is printed.
    #[must_use]
    pub fn bars(&self) -> &MultiProgress {
        &self.bars
    }

    /// Prints a result. A closed pipe is no failure.
    pub fn out(&self, text: &str) {
        self.bars.suspend(|| {
            let mut out = io::stdout().lock();
            let _closed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        });
    }

    /// Prints a JSON document as the result.
    pub fn out_json(&self, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value)
            .map_err(|error| Failure::new(Exit::Disk, format!("Cannot write JSON: {error}")))?;
        self.out(&format!("{text}\n"));
        Ok(())
    }

    /// Tells the person something, unless that is not wanted.
    pub fn tell(&self, line: &str) {
        if !self.quiet {
            self.error_line(line);
        }
    }

    /// Tells why the command failed, and what can be done.
    pub fn failure(&self, failure: &Failure) {
        self.error_line(&format!("{} {}", self.paint("error:", "1;31"), failure.message));
        if let Some(hint) = &failure.hint {
            self.error_line(&format!("{} {hint}", self.paint("hint:", "1;36")));
        }
    }

    /// Tells what nobody should miss, though it stops nothing.
    pub fn warning(&self, line: &str) {
        self.error_line(&format!("{} {line}", self.paint("warning:", "1;33")));
    }

    /// Text in a colour (an ANSI code such as `1;32`), where colours are wanted.
    #[must_use]
    pub fn paint(&self, text: &str, code: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// Puts the first word of every labelled line in bold.
    #[must_use]
    pub fn labelled(&self, text: &str) -> String {
        text.lines()
            .map(|line| {
                let (label, rest) = line.split_at_checked(16).unwrap_or((line, ""));
                if label.trim().is_empty() {
                    format!("{line}\n")
                } else {
                    format!("{}{rest}\n", self.paint(label, "1"))
                }
            })
            .collect()
    }

    /// A line on standard error.
    pub(super) fn error_line(&self, line: &str) {
        self.bars.suspend(|| {
            let _closed = writeln!(io::stderr().lock(), "{line}");
        });
    }
}
