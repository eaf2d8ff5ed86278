//! A signed-in session.

use bytes::Bytes;

use crate::http::Answer;
use crate::http::retry::{Class, Classify};

/// A service of the account's service map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// `ckdatabasews`: CloudKit.
    CloudKit,
}

/// Why a session cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// Placeholder.
    #[error("placeholder")]
    Placeholder,
}

impl Classify for SessionError {
    fn class(&self) -> Class {
        Class::Permanent
    }
}

/// A session with iCloud that is ready for use. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Session;

impl Session {
    /// `POST`s `body` as `text/plain` to `path` (which begins with `/` and may carry a query) of `service`,
    /// with cookies, client parameters and headers added. A refusal of the session (401, 421, 423, 450) is
    /// answered by one silent renewal and one more try. Any other answer is given back whatever its status.
    pub async fn call(&self, service: Service, path: &str, body: Bytes) -> Result<Answer, SessionError> {
        let _ = (service, path, body);
        Err(SessionError::Placeholder)
    }
}
