//! Why a request did not become an answer.

use super::patience::LeftAlone;
use super::retry::{Class, Classify};

/// A request that did not become an answer. No variant holds a path, a query or a header.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// No connection: name resolution, routing, refused, or a proxy that does not answer.
    #[error("Cannot connect to `{host}` ({why}); check the network")]
    Connect {
        /// The host that was asked for.
        host: String,
        /// The innermost reason.
        why: String,
    },
    /// The TLS handshake failed.
    #[error(
        "No trusted connection to `{host}` ({why}); check the clock and that this machine has CA certificates \
         (`ca-certificates`, or `SSL_CERT_FILE`)"
    )]
    Tls {
        /// The host that was asked for.
        host: String,
        /// The innermost reason.
        why: String,
    },
    /// Nothing came for too long.
    #[error("`{host}` did not answer in time")]
    Timeout {
        /// The host that was asked for.
        host: String,
    },
    /// The connection broke before the answer was complete.
    #[error("The connection to `{host}` broke off ({why})")]
    Cut {
        /// The host that was asked for.
        host: String,
        /// The innermost reason.
        why: String,
    },
    /// An answer of an API host is larger than any real one.
    #[error("The answer of `{host}` is larger than {limit} bytes; this is not what iCloud sends")]
    TooLarge {
        /// The host that was asked for.
        host: String,
        /// The limit, bytes.
        limit: usize,
    },
    /// A body came compressed although that was not asked for, so its bytes are not the file's.
    #[error("`{host}` sent a file with content encoding `{encoding}`; a proxy on the way may do that")]
    Encoded {
        /// The host that was asked for.
        host: String,
        /// The encoding it named.
        encoding: String,
    },
    /// The address does not belong to a host that larder talks to, or is not https.
    #[error("Refused to talk to `{host}`: it is not one of Apple's hosts over https")]
    Refused {
        /// The host.
        host: String,
    },
    /// A content host sent us round in circles.
    #[error("`{host}` redirects too often")]
    Redirects {
        /// The host that was asked for first.
        host: String,
    },
    /// iCloud is left alone in this run; nothing was sent.
    #[error(transparent)]
    LeftAlone(#[from] LeftAlone),
    /// The request could not be built.
    #[error("Cannot build a request for `{host}` ({why})")]
    Request {
        /// The host that was asked for.
        host: String,
        /// The innermost reason.
        why: String,
    },
    /// The endpoint setting is unusable.
    #[error("`LARDER_ENDPOINT` is refused: {why}")]
    Endpoint {
        /// What is wrong with it.
        why: &'static str,
    },
    /// The TLS client could not be set up at all.
    #[error(
        "Cannot set up TLS ({why}); check that this machine has CA certificates (`ca-certificates`, or `SSL_CERT_FILE`)"
    )]
    Setup {
        /// The innermost reason.
        why: String,
    },
}

impl HttpError {
    /// Sorts an error of the HTTP library; its address, which may be signed, is dropped first.
    pub(super) fn of(host: &str, error: reqwest::Error) -> Self {
        let error = error.without_url();
        let (host, why) = (host.to_owned(), innermost(&error));
        if error.is_timeout() {
            Self::Timeout { host }
        } else if error.is_builder() {
            Self::Request { host, why }
        } else if is_tls(&error) {
            Self::Tls { host, why }
        } else if error.is_connect() {
            Self::Connect { host, why }
        } else {
            Self::Cut { host, why }
        }
    }
}

impl Classify for HttpError {
    fn class(&self) -> Class {
        match self {
            Self::Connect { .. } | Self::Timeout { .. } | Self::Cut { .. } => Class::Transient,
            Self::Tls { .. }
            | Self::TooLarge { .. }
            | Self::Encoded { .. }
            | Self::Refused { .. }
            | Self::Redirects { .. }
            | Self::LeftAlone(_)
            | Self::Request { .. }
            | Self::Endpoint { .. }
            | Self::Setup { .. } => Class::Permanent,
        }
    }
}

/// The text of the innermost cause.
pub(super) fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut deepest = error;
    while let Some(next) = deepest.source() {
        deepest = next;
    }
    deepest.to_string()
}

/// Whether the cause is the TLS library, which hides inside I/O errors.
fn is_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let wrapped = wrapped.and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if error.is::<rustls::Error>() || wrapped.is_some() {
            return true;
        }
        cause = error.source();
    }
    false
}
