//! What an API host answered.

use crate::clock;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};

/// A whole answer of an API host.
#[derive(Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Media type, lower case, without parameters.
    pub content_type: Option<String>,
    /// `Retry-After` as a span, when given.
    pub retry_after: Option<Duration>,
    /// The body, decompressed.
    pub body: Bytes,
}

impl Answer {
    /// Puts an answer together from its parts.
    pub(super) fn new(status: u16, headers: &HeaderMap, body: Bytes) -> Self {
        Self { status, content_type: content_type(headers), retry_after: told_to_wait(headers), body }
    }
}

// Bodies hold signed addresses and echo codes, so their size is all that is shown.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("content_type", &self.content_type)
            .field("retry_after", &self.retry_after)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish()
    }
}

/// The media type of an answer, lower case, without parameters.
pub(super) fn content_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let media = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    (!media.is_empty()).then_some(media)
}

/// The `Retry-After` of an answer, as a span from now.
pub(super) fn told_to_wait(headers: &HeaderMap) -> Option<Duration> {
    retry_after(headers.get(RETRY_AFTER)?.to_str().ok()?, clock::now())
}

/// Reads a `Retry-After` value: seconds, or an HTTP date, which becomes the span from `now` (zero when it has
/// passed). Anything else is `None`.
fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let until = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
    Some(Duration::try_from(until.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-05-14T09:00:00Z".parse().unwrap();
        assert_eq!(retry_after(" 7 ", now), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("Thu, 14 May 2026 09:02:00 GMT", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Thu, 14 May 2026 08:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
        assert_eq!(retry_after("-3", now), None);
    }

    #[test]
    fn the_media_type_loses_case_and_parameters() {
        let mut headers = HeaderMap::new();
        assert_eq!(content_type(&headers), None);
        headers.insert(CONTENT_TYPE, "Application/JSON; charset=UTF-8".parse().unwrap());
        assert_eq!(content_type(&headers).as_deref(), Some("application/json"));
    }

    #[test]
    fn a_body_is_not_shown() {
        let answer = Answer::new(200, &HeaderMap::new(), Bytes::from_static(b"canary"));
        assert!(!format!("{answer:?}").contains("canary"));
        assert!(format!("{answer:?}").contains("6 bytes"));
    }
}
