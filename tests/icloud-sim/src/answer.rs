//! What a service decided, with the reason for the log.

use crate::delivery::Payload;
use crate::reply::Reply;

/// An answer on its way out.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) payload: Payload,
    /// Why the request was refused, for the log.
    pub(crate) note: Option<String>,
}

impl Answer {
    pub(crate) fn noted(reply: Reply, note: impl Into<String>) -> Answer {
        Answer { note: Some(note.into()), ..Answer::from(reply) }
    }
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Answer {
        Answer {
            status: reply.status,
            headers: reply.headers,
            payload: Payload::Bytes(reply.body),
            note: None,
        }
    }
}
