//! Puts an answer on the wire piece by piece, in good manners or bad ones.

use crate::connection::Line;
use crate::file_bytes::FileBytes;
use crate::world::World;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use bytes::Bytes;
use futures_util::stream;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Bytes handed to the connection at a time.
const CHUNK: u64 = 64 * 1024;
/// Time for bytes already handed over to leave before the connection is cut.
const FLUSH: Duration = Duration::from_millis(25);

/// What is sent as a body.
#[derive(Clone)]
pub(crate) enum Payload {
    /// Bytes in memory.
    Bytes(Bytes),
    /// `len` bytes of a file from `start`, read as they are sent.
    File { body: FileBytes, start: u64, len: u64 },
}

impl Payload {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Payload::Bytes(bytes) => bytes.len() as u64,
            Payload::File { len, .. } => *len,
        }
    }

    fn read(&self, from: u64, upto: u64) -> Bytes {
        match self {
            Payload::Bytes(bytes) => bytes.slice(index(from)..index(upto)),
            Payload::File { body, start, .. } => {
                let mut piece = vec![0; index(upto - from)];
                body.read_at(start + from, &mut piece);
                Bytes::from(piece)
            }
        }
    }
}

/// How it is sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Manner {
    /// Byte and bit that are wrong.
    pub(crate) corrupt: Option<(u64, u8)>,
    /// Bytes per second.
    pub(crate) pace: Option<u64>,
    /// Where it ends, and how.
    pub(crate) end: Option<(u64, End)>,
    /// `Content-Length`, where it is not the truth.
    pub(crate) declared: Option<u64>,
    /// There is no `Content-Length`.
    pub(crate) unmeasured: bool,
}

/// How a body ends before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Close,
    Reset,
    Stall,
}

/// One request being answered; counts it as in flight until the last byte is sent or given up.
pub(crate) struct Exchange {
    pub(crate) world: Arc<World>,
    pub(crate) label: String,
    pub(crate) line: Line,
}

impl Exchange {
    pub(crate) fn begin(world: Arc<World>, label: String, line: Line) -> Exchange {
        world.ledger().begin(&label);
        Exchange { world, label, line }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.world.ledger().end(&self.label);
    }
}

/// Builds the HTTP response; `exchange` lives as long as its body.
pub(crate) fn send(
    status: u16,
    headers: &[(String, String)],
    payload: Payload,
    manner: Manner,
    exchange: Exchange,
) -> Response<axum::body::Body> {
    let length = manner.declared.unwrap_or_else(|| payload.len());
    // 204 and 304 never have a body or its length.
    let bodiless = matches!(status, 204 | 304);
    let measured = !bodiless && !manner.unmeasured;
    let body = if bodiless {
        axum::body::Body::empty()
    } else {
        // A stream of unknown size: the server then takes `Content-Length` as it stands, true or not.
        let mut manner = manner;
        if length > payload.len() {
            manner.end.get_or_insert((payload.len(), End::Close));
        }
        let sending = Sending { payload, manner, exchange, length, sent: 0 };
        axum::body::Body::from_stream(stream::unfold(sending, piece))
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    if measured {
        response.headers_mut().insert(axum::http::header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    response
}

struct Sending {
    payload: Payload,
    manner: Manner,
    exchange: Exchange,
    /// `Content-Length` as the client sees it.
    length: u64,
    sent: u64,
}

async fn piece(mut this: Sending) -> Option<(io::Result<Bytes>, Sending)> {
    let whole = this.payload.len().min(this.length);
    if let Some((_, end)) = this.manner.end.filter(|(at, _)| this.sent >= *at && *at < this.length) {
        tokio::time::sleep(FLUSH).await;
        match end {
            End::Stall => std::future::pending::<()>().await,
            End::Reset => this.exchange.line.reset(),
            End::Close => {}
        }
        return Some((Err(io::ErrorKind::ConnectionAborted.into()), this));
    }
    if this.sent >= whole {
        return None;
    }
    let step = this.manner.pace.map_or(CHUNK, |pace| (pace / 10).clamp(1, CHUNK));
    let limit = this.manner.end.map_or(whole, |(at, _)| at.min(whole));
    let upto = (this.sent + step).min(limit);
    let mut bytes = this.payload.read(this.sent, upto);
    if let Some((at, bit)) = this.manner.corrupt.filter(|(at, _)| (this.sent..upto).contains(at)) {
        let mut wrong = bytes.to_vec();
        wrong[index(at - this.sent)] ^= 1 << (bit % 8);
        bytes = Bytes::from(wrong);
    }
    if let Some(pace) = this.manner.pace {
        tokio::time::sleep(Duration::from_secs(1).mul_f64(ratio(upto - this.sent, pace.max(1)))).await;
    }
    this.exchange.world.ledger().sent(&this.exchange.label, upto - this.sent);
    this.sent = upto;
    Some((Ok(bytes), this))
}

#[expect(clippy::cast_precision_loss, reason = "a waiting time, not an amount")]
fn ratio(bytes: u64, pace: u64) -> f64 {
    bytes as f64 / pace as f64
}

#[expect(clippy::cast_possible_truncation, reason = "offsets within one piece or one body in memory")]
fn index(offset: u64) -> usize {
    offset as usize
}
