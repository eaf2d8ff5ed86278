//! The record of past runs.

use redb::ReadableTable as _;

use super::StateError;
use super::tables::{Batch, Tables};

/// Runs that are remembered; older ones are forgotten.
const KEPT: u64 = 1000;

/// The last run: when it started (ms since 1970) and its summary as JSON.
pub fn last_run(tables: &impl Tables) -> Result<Option<(i64, String)>, StateError> {
    Ok(tables.runs().last()?.map(|(started, summary)| (started.value(), summary.value().to_owned())))
}

impl Batch<'_> {
    /// Remembers a run.
    pub fn put_run(&mut self, started_ms: i64, summary_json: &str) -> Result<(), StateError> {
        use redb::ReadableTableMetadata as _;
        self.runs.insert(started_ms, summary_json)?;
        while self.runs.len()? > KEPT {
            self.runs.pop_first()?;
        }
        Ok(())
    }
}
