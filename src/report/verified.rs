//! What a verification found and what became of it, for people and machines.

use jiff::Timestamp;
use serde::Serialize;

use super::Summary;
use super::figures::{bytes, count, counted, shown, span};
use super::summary_text;
use crate::model::Part;
use crate::state::Condition;
use crate::sync::verify::{Mended, Outcome, Verified};

/// Files of a kind that are named in the text; the JSON names more.
const NAMED: usize = 20;

/// A verification in a nutshell.
#[derive(Debug, Serialize)]
pub struct VerifyReport {
    /// What was read again.
    pub part: Part,
    /// What it found.
    #[serde(flatten)]
    pub result: Verified,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// When the interrupted verification began that it went on with.
    pub resumed: Option<Timestamp>,
    /// What ended it early.
    pub error: Option<String>,
    /// The run that repaired, when there was one.
    pub run: Option<Summary>,
    /// What became of files that were wrong, when they were to be repaired.
    pub mended: Vec<Mended>,
    /// Files that were repaired.
    pub repaired: u64,
    /// Files that were not.
    pub not_repaired: u64,
}

impl VerifyReport {
    /// Adds what became of a file.
    pub fn add(&mut self, mended: Mended) {
        match mended.outcome {
            Outcome::Repaired => self.repaired += 1,
            Outcome::Disputed => {}
            Outcome::NotRepaired | Outcome::Lost => self.not_repaired += 1,
        }
        // As many as a person may want to go through.
        if self.mended.len() < 10_000 {
            self.mended.push(mended);
        }
    }

    /// The report as lines of text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut lines = Vec::new();
        let mut add = |label: &str, text: String| lines.push(format!("{label:<16}{text}\n"));
        let result = &self.result;
        if let Some(began) = self.resumed {
            let began = began.to_zoned_datetime(jiff::tz::TimeZone::system());
            add("Went on", format!("with the verification of {}", began.strftime("%Y-%m-%d %H:%M")));
        }
        let took = span(jiff::SignedDuration::try_from_secs_f64(self.seconds).unwrap_or_default());
        let files = counted(result.files, "file", "files");
        add("Read again", format!("{files}, {} in {took}", bytes(result.bytes)));
        add("Proven", format!("{} byte for byte against Apple's checksum", count(result.proven)));
        if result.not_provable > 0 {
            let what = "as they came, by their SHA-256; Apple publishes no checksum that can be checked";
            add("Not provable", format!("{} {what}", count(result.not_provable)));
        }
        if result.disputed > 0 {
            let what = "as they came, which is not what Apple's checksum says";
            add("Disputed", format!("{} {what}", count(result.disputed)));
        }
        if let Some(foreign) = result.foreign.filter(|foreign| *foreign > 0) {
            add("Foreign", format!("{} that larder did not write", counted(foreign, "file", "files")));
        }
        for (condition, total) in [
            (Condition::Damaged, result.damaged),
            (Condition::Edited, result.edited),
            (Condition::Missing, result.missing),
            (Condition::Replaced, result.replaced),
            (Condition::Unreadable, result.unreadable),
        ] {
            if total == 0 {
                continue;
            }
            let label = heading(condition);
            add(label, counted(total, "file", "files"));
            let items = result.items.iter().filter(|item| item.condition == condition);
            for item in items.take(NAMED) {
                add("", format!("{}: {}", shown(&item.path), shown(&item.why)));
            }
            if total > NAMED as u64 {
                add("", format!("and {} more (`--json` names them)", count(total - NAMED as u64)));
            }
        }
        if let Some(run) = &self.run {
            lines.push(summary_text::text(run));
        }
        let mut add = |label: &str, text: String| lines.push(format!("{label:<16}{text}\n"));
        for mended in self.mended.iter().take(10 * NAMED) {
            let (label, text) = line(mended);
            add(label, text);
        }
        if self.mended.len() > 10 * NAMED {
            add(
                "",
                format!("and {} more (`--json` names them)", count((self.mended.len() - 10 * NAMED) as u64)),
            );
        }
        if self.run.is_none() && self.error.is_none() {
            add("Result", self.verdict());
        }
        lines.concat()
    }

    fn verdict(&self) -> String {
        match self.result.wrong() {
            0 => "everything is as it should be".into(),
            wrong => format!(
                "{} not what larder wrote; `larder verify --repair` brings back what iCloud has",
                counted(wrong, "file is", "files are")
            ),
        }
    }
}

fn heading(condition: Condition) -> &'static str {
    match condition {
        Condition::Damaged => "Damaged",
        Condition::Edited => "Edited",
        Condition::Missing => "Missing",
        Condition::Replaced => "Replaced",
        Condition::Unreadable => "Unreadable",
    }
}

fn line(mended: &Mended) -> (&'static str, String) {
    let path = shown(&mended.path);
    let why = mended.why.as_deref().map(shown).unwrap_or_default();
    match (mended.outcome, &mended.attic) {
        (Outcome::Repaired, Some(attic)) => {
            ("Repaired", format!("{path}; what lay there is in {}", shown(attic)))
        }
        (Outcome::Repaired, None) => ("Repaired", path),
        (Outcome::Disputed, _) => (
            "Disputed",
            format!("{path}: iCloud serves the same bytes, which are not what its checksum says"),
        ),
        (Outcome::NotRepaired, _) => ("Not repaired", format!("{path}: {why}")),
        (Outcome::Lost, _) => ("Lost", format!("{path}: {why}")),
    }
}
