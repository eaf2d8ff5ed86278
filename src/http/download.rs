//! Fetches bodies from content hosts.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_RANGE, HeaderMap, LOCATION, RANGE};
use reqwest::{Response, StatusCode};

use super::answer::{content_type, told_to_wait};
use super::client::Client;
use super::error::HttpError;
use super::redact::SignedUrl;
use super::route;

/// How many redirects are followed, each to a content host.
const MOST_REDIRECTS: usize = 5;

/// A body that is about to arrive.
pub struct Download {
    /// HTTP status; anything but 200 and 206 means that the stream is not the file.
    pub status: u16,
    /// Size of the whole file, bytes, when the host tells it.
    pub total_len: Option<u64>,
    /// Offset of the first byte of the stream in the file. Zero when the host ignored the range.
    pub start: u64,
    /// Media type, lower case, without parameters.
    pub content_type: Option<String>,
    /// `Retry-After` as a span, when given.
    pub retry_after: Option<Duration>,
    /// The bytes. Ends with an error when the connection breaks before the promised length.
    pub stream: BoxStream<'static, Result<Bytes, HttpError>>,
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("status", &self.status)
            .field("total_len", &self.total_len)
            .field("start", &self.start)
            .field("content_type", &self.content_type)
            .field("retry_after", &self.retry_after)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Asks a content host for a body from byte `from` on. No cookie and no header that names the account goes
    /// along. The address is refused unless it is https at one of Apple's content hosts, after redirects too.
    pub async fn open(&self, url: &SignedUrl, from: u64) -> Result<Download, HttpError> {
        let first = route::content_host(url.expose())?.to_owned();
        self.patience().ask()?;
        let (client, way) = self.content_way();
        let mut url = url.expose().clone();
        for _ in 0..=MOST_REDIRECTS {
            let host = route::content_host(&url)?.to_owned();
            let mut request = client.get(way.wire(&url)?).header(ACCEPT_ENCODING, "identity");
            if from > 0 {
                request = request.header(RANGE, format!("bytes={from}-"));
            }
            let response = request.send().await.map_err(|error| HttpError::of(&host, error))?;
            let Some(target) = redirect_target(&response) else { return download(host, response) };
            // The base is the logical address: behind an endpoint the wire knows another one.
            url = url.join(&target).map_err(|_| HttpError::Refused { host })?;
        }
        Err(HttpError::Redirects { host: first })
    }
}

fn redirect_target(response: &Response) -> Option<String> {
    let followed = [
        StatusCode::MOVED_PERMANENTLY,
        StatusCode::FOUND,
        StatusCode::SEE_OTHER,
        StatusCode::TEMPORARY_REDIRECT,
        StatusCode::PERMANENT_REDIRECT,
    ];
    // 330 is Apple's own (rclone follows it by hand).
    if !followed.contains(&response.status()) && response.status().as_u16() != 330 {
        return None;
    }
    Some(response.headers().get(LOCATION)?.to_str().ok()?.to_owned())
}

fn download(host: String, response: Response) -> Result<Download, HttpError> {
    let headers = response.headers();
    if let Some(encoding) = headers.get(CONTENT_ENCODING).filter(|value| value.as_bytes() != b"identity") {
        let encoding = String::from_utf8_lossy(encoding.as_bytes()).into_owned();
        return Err(HttpError::Encoded { host, encoding });
    }
    let status = response.status().as_u16();
    let range = content_range(headers);
    let (start, total_len) = match (status, range) {
        (206, Some((start, total))) => (start.unwrap_or(0), total),
        (416, Some((_, total))) => (0, total),
        _ => (0, response.content_length()),
    };
    Ok(Download {
        status,
        total_len,
        start,
        content_type: content_type(headers),
        retry_after: told_to_wait(headers),
        stream: response
            .bytes_stream()
            .map(move |chunk| chunk.map_err(|error| HttpError::of(&host, error)))
            .boxed(),
    })
}

/// First byte and total of a `Content-Range`: `bytes 5-9/10`, `bytes 5-9/*`, `bytes */10`.
fn content_range(headers: &HeaderMap) -> Option<(Option<u64>, Option<u64>)> {
    let value = headers.get(CONTENT_RANGE)?.to_str().ok()?;
    let (range, total) = value.trim().strip_prefix("bytes")?.trim_start().split_once('/')?;
    let start = range.split_once('-').and_then(|(start, _)| start.trim().parse().ok());
    Some((start, total.trim().parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges_are_read() {
        for (text, expected) in [
            ("bytes 5-9/10", Some((Some(5), Some(10)))),
            ("bytes 5-9/*", Some((Some(5), None))),
            ("bytes */10", Some((None, Some(10)))),
            ("items 1-2/3", None),
            ("bytes 5", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_RANGE, text.parse().unwrap());
            assert_eq!(content_range(&headers), expected, "{text}");
        }
    }
}
