//! What a test asserts on: counters by endpoint, the log of requests, and violations.

use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};

/// Requests kept in the log; older ones are forgotten, counters are not.
const LOG_LENGTH: usize = 200_000;

/// What one endpoint has answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Requests, refused and faulty ones included.
    pub requests: u64,
    /// Bytes of answer bodies as sent, after compression.
    pub body_bytes: u64,
    /// Requests being answered at this moment.
    pub in_flight: u64,
    /// The most that were answered at one moment.
    pub peak: u64,
}

/// Counters by endpoint label.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Counters {
    /// Label (`auth.init`, `ck.private.records/query`, `content`) and its count.
    pub by_label: BTreeMap<String, Count>,
}

impl Counters {
    /// Requests to one endpoint.
    pub fn requests(&self, label: &str) -> u64 {
        self.by_label.get(label).map_or(0, |count| count.requests)
    }

    /// Requests to all endpoints whose label starts so (`auth.`, `ck.`); an empty prefix counts all.
    pub fn requests_to(&self, prefix: &str) -> u64 {
        self.matching(prefix).map(|count| count.requests).sum()
    }

    /// Body bytes sent by all endpoints whose label starts so.
    pub fn bytes_from(&self, prefix: &str) -> u64 {
        self.matching(prefix).map(|count| count.body_bytes).sum()
    }

    fn matching<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a Count> {
        self.by_label.iter().filter(move |(label, _)| label.starts_with(prefix)).map(|(_, count)| count)
    }
}

/// One request of the log. Queries, headers and bodies are not kept: they hold secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoggedRequest {
    /// HTTP method.
    pub method: String,
    /// `HOST/PATH` as the client meant it.
    pub target: String,
    /// Endpoint label.
    pub label: String,
    /// Status of the answer; 0 where the connection was reset before one.
    pub status: u16,
    /// Why it was refused, or which trouble it met.
    pub note: Option<String>,
}

/// Something no client may ever do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Which rule was broken.
    pub kind: ViolationKind,
    /// By which request.
    pub detail: String,
}

/// The rules whose breaking is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ViolationKind {
    /// A host or path that no document knows.
    UnknownEndpoint,
    /// A call that would change something in iCloud.
    Write,
    /// A cookie or token sent to a host that has no business with it.
    Leak,
}

/// All of it, behind one lock.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) counters: Counters,
    pub(crate) log: VecDeque<LoggedRequest>,
    pub(crate) violations: Vec<Violation>,
}

impl Ledger {
    pub(crate) fn begin(&mut self, label: &str) {
        let count = self.counters.by_label.entry(label.to_owned()).or_default();
        count.requests += 1;
        count.in_flight += 1;
        count.peak = count.peak.max(count.in_flight);
    }

    pub(crate) fn end(&mut self, label: &str) {
        if let Some(count) = self.counters.by_label.get_mut(label) {
            count.in_flight = count.in_flight.saturating_sub(1);
        }
    }

    pub(crate) fn sent(&mut self, label: &str, bytes: u64) {
        self.counters.by_label.entry(label.to_owned()).or_default().body_bytes += bytes;
    }

    pub(crate) fn record(&mut self, request: LoggedRequest) {
        if self.log.len() == LOG_LENGTH {
            self.log.pop_front();
        }
        self.log.push_back(request);
    }

    /// Starts counting anew; what is in flight stays in flight. Violations stay.
    pub(crate) fn reset(&mut self) {
        self.log.clear();
        for count in self.counters.by_label.values_mut() {
            *count = Count { in_flight: count.in_flight, peak: count.in_flight, ..Count::default() };
        }
        self.counters.by_label.retain(|_, count| count.in_flight > 0);
    }
}
