//! A plain HTTP client: one request a connection, and nothing hidden about how the connection ends.

use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer as it came over the wire.
#[derive(Debug, Clone)]
pub(super) struct Received {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// The connection failed before `Content-Length` was reached.
    pub(super) cut: Option<io::ErrorKind>,
}

impl Received {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn set_cookies(&self) -> Vec<&str> {
        let set = |(name, _): &&(String, String)| name.eq_ignore_ascii_case("set-cookie");
        self.headers.iter().filter(set).map(|(_, value)| value.as_str()).collect()
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// Sends one request and reads its answer to the end.
///
/// # Errors
/// The connection failed before a whole head had come.
pub(super) async fn send(
    url: &str,
    method: &str,
    target: &str,
    headers: &[(String, String)],
    body: &[u8],
) -> io::Result<Received> {
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await?;
    let lines: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let (lines, length) = (lines.concat(), body.len());
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{lines}Content-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    let mut received = Vec::new();
    let mut failure = None;
    loop {
        match stream.read_buf(&mut received).await {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Err(failure.unwrap_or_else(|| io::ErrorKind::UnexpectedEof.into()));
    };
    let head = String::from_utf8(received[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let body = received[end + 4..].to_vec();
    let mut answer = Received { status, headers, body, cut: None };
    let promised = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
    if answer.body.len() < promised {
        answer.cut = Some(failure.map_or(io::ErrorKind::UnexpectedEof, |error| error.kind()));
    }
    Ok(answer)
}
