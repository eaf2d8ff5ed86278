//! An answer of a simulated service, before it is put on the wire.

use bytes::Bytes;

/// Status, headers and a whole body in memory: enough for everything but the contents of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers in order; a name may come more than once (`Set-Cookie`).
    pub headers: Vec<(String, String)>,
    /// The body, not compressed.
    pub body: Bytes,
}

impl Reply {
    /// An answer without a body.
    pub fn empty(status: u16) -> Reply {
        Reply { status, headers: Vec::new(), body: Bytes::new() }
    }

    /// A compact JSON document with its content type.
    pub fn json(status: u16, value: &serde_json::Value) -> Reply {
        Reply::with_body(status, "application/json; charset=UTF-8", value.to_string())
    }

    /// A page such as Apple's front ends send.
    pub fn html(status: u16, page: &str) -> Reply {
        Reply::with_body(status, "text/html;charset=UTF-8", page.to_owned())
    }

    /// The same answer with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Reply {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    fn with_body(status: u16, content_type: &str, body: String) -> Reply {
        Reply {
            status,
            headers: vec![("Content-Type".to_owned(), content_type.to_owned())],
            body: Bytes::from(body),
        }
    }
}
