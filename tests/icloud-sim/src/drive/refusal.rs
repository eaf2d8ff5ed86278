//! Refusals of Drive; their bodies differ by service (drive.md 16, fixtures 20 to 26).

use crate::reply::Reply;
use serde_json::{Value, json};

/// A request that is refused, as its service says it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(super) body: Value,
    /// For the log.
    pub(crate) why: String,
}

impl Refusal {
    /// In the words of drivews.
    pub(crate) fn drivews(status: u16, reason: &str, why: &str) -> Refusal {
        let body = json!({ "requestUUID": request_id(), "errorReason": reason, "errorCode": status });
        Refusal { status, body, why: why.to_owned() }
    }

    /// In the words of docws.
    pub(crate) fn docws(status: u16, reason: &str, why: &str) -> Refusal {
        let body = json!({ "uuid": request_id(), "reason": reason });
        Refusal { status, body, why: why.to_owned() }
    }

    /// No document of that id in that zone.
    pub(super) fn no_document(why: &str) -> Refusal {
        let reason = "ObjectNotFoundException: Could not find document";
        let body = json!({
            "uuid": request_id(),
            "messageForDeveloper": reason,
            "error_code": "WSObjectNotFound",
            "serverErrorCode": "NOT_FOUND",
            "reason": reason,
        });
        Refusal { status: 404, body, why: why.to_owned() }
    }

    /// The cookie that stands for the session is missing.
    pub(crate) fn no_token(why: &str) -> Refusal {
        let body = json!({ "reason": "Missing X-APPLE-WEBAUTH-TOKEN cookie", "error": 1 });
        Refusal { status: 401, body, why: why.to_owned() }
    }

    pub(crate) fn reply(&self) -> Reply {
        Reply::json(self.status, &self.body)
    }
}

fn request_id() -> String {
    uuid::Uuid::new_v4().to_string()
}
