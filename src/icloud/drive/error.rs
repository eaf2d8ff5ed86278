//! What Drive's services refuse, and what that means.

use std::time::Duration;

use serde_json::Value;

use crate::http::Answer;
use crate::http::retry::{Class, Classify};
use crate::icloud::session::SessionError;

/// A call that Drive did not answer with data.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// The session could not be used.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The service asks for patience.
    #[error("iCloud Drive asks to wait; it is tried again later")]
    Throttled {
        /// For how long, when told.
        wait: Option<Duration>,
    },
    /// Trouble of the server's own that usually passes.
    #[error("iCloud Drive is in trouble (status {status}); it is tried again later")]
    Busy {
        /// HTTP status.
        status: u16,
    },
    /// An answer that is no data, for example a front end's HTML page with status 200.
    #[error("iCloud Drive answered something that cannot be read (status {status}); it is tried again later")]
    Unreadable {
        /// HTTP status.
        status: u16,
    },
    /// What was asked for is not there: it was deleted, its upload is not finished (icloud-docker #138), or somebody else
    /// shares it in a way that this service does not give.
    #[error("iCloud Drive does not have it (status {status})")]
    NotFound {
        /// HTTP status.
        status: u16,
    },
    /// The request was refused: too many folders at once, a folder that somebody else shares (rclone #9477), an empty file.
    #[error("iCloud Drive refused a request (status {status})")]
    Refused {
        /// HTTP status.
        status: u16,
    },
}

impl DriveError {
    /// Whether fewer items in one request may work where this did not.
    #[must_use]
    pub fn is_about_size(&self) -> bool {
        match self {
            Self::Refused { status } => matches!(status, 400 | 413),
            Self::Busy { .. } | Self::Unreadable { .. } => true,
            Self::Session(error) => error.is_too_large(),
            _ => false,
        }
    }
}

impl Classify for DriveError {
    fn class(&self) -> Class {
        match self {
            Self::Session(error) => error.class(),
            Self::Throttled { wait } => Class::Throttled(*wait),
            Self::Busy { .. } | Self::Unreadable { .. } => Class::Transient,
            Self::NotFound { .. } => Class::Gone,
            Self::Refused { .. } => Class::Permanent,
        }
    }
}

/// Reads an answer as JSON, or tells what it is instead.
pub(super) fn read(answer: &Answer) -> Result<Value, DriveError> {
    let status = answer.status;
    let json = serde_json::from_slice::<Value>(&answer.body).ok();
    let throttled = json.as_ref().and_then(|json| json.get("serverErrorCode")?.as_str()) == Some("THROTTLED");
    match (status, json) {
        _ if throttled || status == 429 => Err(DriveError::Throttled { wait: told(answer) }),
        (503, _) if answer.retry_after.is_some() => Err(DriveError::Throttled { wait: answer.retry_after }),
        (200..300, Some(json)) if json.is_array() || json.is_object() => Ok(json),
        (200..300, _) => Err(DriveError::Unreadable { status }),
        (404 | 410, _) => Err(DriveError::NotFound { status }),
        (408 | 409 | 500..=599, _) => Err(DriveError::Busy { status }),
        _ => Err(DriveError::Refused { status }),
    }
}

fn told(answer: &Answer) -> Option<Duration> {
    let body = || {
        let json = serde_json::from_slice::<Value>(&answer.body).ok()?;
        json.get("retryAfter")?.as_u64().map(Duration::from_secs)
    };
    answer.retry_after.or_else(body)
}
