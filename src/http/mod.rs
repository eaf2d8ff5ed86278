//! Talking HTTP: one client for API hosts and one for content hosts, retry, pacing, redaction.

use bytes::Bytes;

pub mod retry;

/// A whole answer of an API host.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Media type, lower case, without parameters.
    pub content_type: Option<String>,
    /// `Retry-After` as a span, when given.
    pub retry_after: Option<std::time::Duration>,
    /// The body, decompressed.
    pub body: Bytes,
}
