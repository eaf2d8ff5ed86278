//! The content hosts: bodies by signed URL, whole or in ranges (photos.md 9.1 to 9.3, drive.md 11).

use crate::answer::Answer;
use crate::clock;
use crate::delivery::Payload;
use crate::file_bytes::FileBytes;
use crate::reply::Reply;

/// How the range of one request is bent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bend {
    /// Not at all.
    None,
    /// The range is ignored.
    Whole,
    /// The range starts later by so many bytes.
    Shift(u64),
    /// It is that of another file.
    Other,
}

/// 200 with everything, 206 with what `range` asks for, or 416.
pub(crate) fn deliver(
    body: FileBytes,
    last_modified_ms: i64,
    range: Option<&str>,
    bend: Bend,
    now_ms: i64,
) -> Answer {
    let whole = body.len();
    let body = if bend == Bend::Other { body.other() } else { body };
    let asked = range.filter(|_| bend != Bend::Whole).and_then(|text| parse(text, whole));
    let shift = if let Bend::Shift(by) = bend { by } else { 0 };
    let (status, start, end) = match asked {
        None => (200, 0, whole),
        Some(Range::Within(start, end)) => (206, (start + shift).min(end), end),
        Some(Range::Outside) => {
            let reply = Reply::empty(416).header("Content-Range", format!("bytes */{whole}"));
            return Answer::noted(reply, "The range lies outside");
        }
    };
    let mut reply = Reply::empty(status)
        .header("Accept-Ranges", "bytes")
        .header("Content-Type", "application/octet-stream")
        .header("Content-Disposition", r#"attachment; filename="%24%7Bf%7D"; filename*=UTF-8''%24%7Bf%7D"#)
        .header("Cache-Control", "no-transform,private,max-age=2592000,s-maxage=2592000")
        .header("Date", clock::http_date(now_ms))
        .header("Last-Modified", clock::http_date(last_modified_ms));
    if status == 206 {
        reply = reply.header("Content-Range", format!("bytes {start}-{}/{whole}", end.saturating_sub(1)));
    }
    Answer { payload: Payload::File { body, start, len: end - start }, ..Answer::from(reply) }
}

/// 200 with everything, whatever range was asked for.
pub(crate) fn whole(body: FileBytes, now_ms: i64) -> Answer {
    let reply = Reply::empty(200)
        .header("Content-Type", "application/octet-stream")
        .header("Date", clock::http_date(now_ms));
    let len = body.len();
    Answer { payload: Payload::File { body, start: 0, len }, ..Answer::from(reply) }
}

#[derive(Debug, PartialEq, Eq)]
enum Range {
    /// From the first to before the second offset.
    Within(u64, u64),
    Outside,
}

/// A single byte range; anything else counts as no range at all, as RFC 9110 allows.
fn parse(text: &str, whole: u64) -> Option<Range> {
    let (from, to) = text.trim().strip_prefix("bytes=")?.split_once('-')?;
    if from.is_empty() {
        let tail: u64 = to.parse().ok()?;
        return Some(if tail == 0 || whole == 0 {
            Range::Outside
        } else {
            Range::Within(whole.saturating_sub(tail), whole)
        });
    }
    let from: u64 = from.parse().ok()?;
    let end = if to.is_empty() { whole } else { to.parse::<u64>().ok()?.saturating_add(1).min(whole) };
    if from >= whole {
        return Some(Range::Outside);
    }
    (from < end).then_some(Range::Within(from, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        assert_eq!(parse("bytes=1024-", 4096), Some(Range::Within(1024, 4096)));
        assert_eq!(parse("bytes=0-0", 4096), Some(Range::Within(0, 1)));
        assert_eq!(parse("bytes=10-99999", 4096), Some(Range::Within(10, 4096)));
        assert_eq!(parse("bytes=-100", 4096), Some(Range::Within(3996, 4096)));
        assert_eq!(parse("bytes=4096-", 4096), Some(Range::Outside));
        assert_eq!(parse("bytes=0-", 0), Some(Range::Outside));
        assert_eq!(parse("bytes=5-4", 4096), None);
        assert_eq!(parse("bytes=0-1,3-4", 4096), None);
        assert_eq!(parse("items=0-1", 4096), None);
    }
}
