//! Telling an audit: one JSON document or one CSV file, written as things are found, or text for people.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::audit_text;
use crate::sync::audit::{Difference, Figures, Findings, Finished, What};

/// Columns of the CSV file: the members of a [`Difference`].
const COLUMNS: [&str; 8] = ["level", "library", "item", "record", "where", "what", "reason", "action"];

/// How an audit is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For people, with at most so many findings of a kind by name.
    Text {
        /// How many.
        named: usize,
    },
    /// One document.
    Json,
    /// One row for each finding.
    Csv,
}

/// Where an audit stands among those of the parts of a job, which are told in one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Among {
    /// It is the only one.
    Alone,
    /// Another one follows, which goes into its document.
    First,
    /// It follows another one, as the member of this name.
    Last(&'static str),
}

/// Writes an audit as it goes.
pub struct AuditReport<W: Write + Send> {
    inner: Mutex<Inner<W>>,
    /// Cancelled when nobody reads any more.
    cancel: CancellationToken,
}

struct Inner<W: Write> {
    sink: Sink<W>,
    /// The first thing that went wrong; nothing is written after it.
    error: Option<io::Error>,
}

enum Sink<W: Write> {
    Text { out: W, named: usize, groups: BTreeMap<What, Vec<Difference>> },
    Json { out: W, first: bool, among: Among },
    Csv(Box<csv::Writer<W>>),
}

/// What follows the findings in the JSON document.
#[derive(Serialize)]
struct End<'a> {
    complete: bool,
    error: Option<String>,
    #[serde(flatten)]
    figures: &'a Figures,
}

impl<W: Write + Send> AuditReport<W> {
    /// Begins to write to `out`. `cancel` ends the audit when writing fails.
    pub fn begin(out: W, form: Form, among: Among, started: Timestamp, cancel: CancellationToken) -> Self {
        let mut inner = match form {
            Form::Text { named } => {
                Inner { sink: Sink::Text { out, named, groups: BTreeMap::new() }, error: None }
            }
            Form::Json => Inner { sink: Sink::Json { out, first: true, among }, error: None },
            Form::Csv => {
                let writer = csv::WriterBuilder::new().has_headers(false).from_writer(out);
                Inner { sink: Sink::Csv(Box::new(writer)), error: None }
            }
        };
        inner.error = inner.sink.head(started, among).err();
        Self { inner: Mutex::new(inner), cancel }
    }

    /// Writes what comes after the findings. `bold` marks headings. The error is the first one of all.
    pub fn end(self, finished: &Finished, bold: &dyn Fn(&str) -> String) -> io::Result<()> {
        let Inner { mut sink, error } = self.inner.into_inner().unwrap_or_else(PoisonError::into_inner);
        match error {
            Some(error) => Err(error),
            None => sink.end(finished, bold),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner<W>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Write + Send> Findings for AuditReport<W> {
    fn on(&self, found: &Difference) {
        let mut inner = self.lock();
        if inner.error.is_none()
            && let Err(error) = inner.sink.found(found)
        {
            inner.error = Some(error);
            self.cancel.cancel();
        }
    }
}

impl<W: Write> Sink<W> {
    fn head(&mut self, started: Timestamp, among: Among) -> io::Result<()> {
        match (self, among) {
            (Self::Text { .. }, _) | (Self::Csv(_), Among::Last(_)) => Ok(()),
            (Self::Json { out, .. }, among) => {
                if let Among::Last(name) = among {
                    write!(out, ",\"{name}\":")?;
                }
                write!(out, "{{\"started\":\"{started}\",\"findings\":[")
            }
            (Self::Csv(writer), _) => Ok(writer.write_record(COLUMNS)?),
        }
    }

    fn found(&mut self, found: &Difference) -> io::Result<()> {
        match self {
            Self::Text { named, groups, .. } => {
                let group = groups.entry(found.what).or_default();
                if group.len() < *named {
                    group.push(found.clone());
                }
                Ok(())
            }
            Self::Json { out, first, .. } => {
                out.write_all(if std::mem::take(first) { b"\n" } else { b",\n" })?;
                Ok(serde_json::to_writer(out, found)?)
            }
            Self::Csv(writer) => Ok(writer.serialize(found)?),
        }
    }

    fn end(&mut self, finished: &Finished, bold: &dyn Fn(&str) -> String) -> io::Result<()> {
        match self {
            Self::Text { out, groups, .. } => {
                out.write_all(audit_text::text(finished, groups, bold).as_bytes())?;
                out.flush()
            }
            Self::Json { out, among, .. } => {
                let end = End {
                    complete: finished.is_complete(),
                    error: finished.error.as_ref().map(ToString::to_string),
                    figures: &finished.figures,
                };
                // The members of `end` go on in the document that was begun.
                let end = serde_json::to_string(&end)?;
                let end = end.trim_start_matches('{');
                match among {
                    Among::Alone => writeln!(out, "\n],{end}")?,
                    // What follows goes before the last brace.
                    Among::First => write!(out, "\n],{}", end.strip_suffix('}').unwrap_or(end))?,
                    Among::Last(_) => writeln!(out, "\n],{end}}}")?,
                }
                out.flush()
            }
            Self::Csv(writer) => writer.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::audit::{Level, Place};

    fn found(item: &str, what: What) -> Difference {
        Difference {
            level: what.level(),
            library: "Personal".into(),
            item: item.into(),
            record: None,
            place: Place::Disk,
            what,
            reason: "it has 3 bytes, \"not\" 9".into(),
            action: "a,\nb".into(),
        }
    }

    fn finished() -> Finished {
        let figures = Figures { found: [(What::Lost, 1), (What::Foreign, 1)].into(), ..Figures::default() };
        Finished { figures, icloud: None, error: None }
    }

    /// What is written of two findings.
    fn written(form: Form) -> String {
        let mut out = Vec::new();
        let report =
            AuditReport::begin(&mut out, form, Among::Alone, Timestamp::UNIX_EPOCH, CancellationToken::new());
        report.on(&found("a.jpg", What::Lost));
        report.on(&found("=b\u{1b}.jpg", What::Foreign));
        report.end(&finished(), &|text| text.to_owned()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn json_and_csv_hold_the_same_findings_and_give_them_back() {
        let expected = [found("a.jpg", What::Lost), found("=b\u{1b}.jpg", What::Foreign)];
        let json: serde_json::Value = serde_json::from_str(&written(Form::Json)).unwrap();
        let read: Vec<Difference> = serde_json::from_value(json["findings"].clone()).unwrap();
        assert_eq!(read, expected);
        assert_eq!((&json["complete"], &json["found"]["lost"]), (&false.into(), &1.into()));
        let csv = written(Form::Csv);
        let read: Vec<Difference> =
            csv::Reader::from_reader(csv.as_bytes()).deserialize().map(Result::unwrap).collect();
        assert_eq!(read, expected);
        assert_eq!(expected[0].level, Level::Difference);
    }

    #[test]
    fn a_csv_without_findings_has_its_head() {
        let mut out = Vec::new();
        let report = AuditReport::begin(
            &mut out,
            Form::Csv,
            Among::Alone,
            Timestamp::UNIX_EPOCH,
            CancellationToken::new(),
        );
        report.end(&finished(), &|text| text.to_owned()).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "level,library,item,record,where,what,reason,action\n");
    }

    #[test]
    fn text_names_some_and_counts_the_rest() {
        let text = written(Form::Text { named: 0 });
        assert!(text.contains("Missing on this disk: 1\n  1 more"), "{text}");
        let text = written(Form::Text { named: 9 });
        assert!(text.contains("  a.jpg: it has 3 bytes"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn a_reader_that_goes_away_ends_the_audit() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let cancel = CancellationToken::new();
        let report = AuditReport::begin(
            io::BufWriter::with_capacity(80, Closed),
            Form::Json,
            Among::Alone,
            Timestamp::UNIX_EPOCH,
            cancel.clone(),
        );
        report.on(&found("a.jpg", What::Lost));
        assert!(cancel.is_cancelled());
        let error = report.end(&finished(), &|text| text.to_owned()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
