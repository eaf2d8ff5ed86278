//! Log lines on standard error: off unless asked for.
//!
//! Only larder's own lines are ever shown. Libraries below log addresses and headers, which hold secrets.

use std::io;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{EnvFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

use super::Console;
use super::args::{Global, LogFormat};
use crate::config::env_vars::LARDER_LOG;

/// Starts logging.
pub(super) fn start(global: &Global, console: &Console) {
    let level = match (global.quiet, global.verbose) {
        (true, _) => LevelFilter::ERROR,
        (_, 0) => LevelFilter::OFF,
        (_, 1) => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    let asked =
        EnvFilter::builder().with_default_directive(level.into()).with_env_var(LARDER_LOG).from_env_lossy();
    let own = Targets::new().with_target("larder", LevelFilter::TRACE);
    let lines = fmt::layer().with_writer(Above(console.clone())).with_ansi(false);
    let layer = match global.log_format {
        LogFormat::Text => lines.with_target(false).boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    // A second subscriber in one process is a test's; the first stays.
    let _already = tracing_subscriber::registry().with(layer.with_filter(own)).with(asked).try_init();
}

/// Writes above the progress bars.
struct Above(Console);

impl<'a> MakeWriter<'a> for Above {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { console: &self.0, text: Vec::new() }
    }
}

/// Collects a log line and prints it when it is whole.
struct Line<'a> {
    console: &'a Console,
    text: Vec<u8>,
}

impl io::Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        self.console.error_line(String::from_utf8_lossy(&self.text).trim_end());
    }
}
