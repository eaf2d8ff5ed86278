//! Refusals, each as the fixtures under `errors/` show it.

use serde_json::json;

use crate::reply::Reply;

/// A call that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) reason: String,
    /// Some refusals repeat the code as `errorClass` and `error`.
    repeats: bool,
}

impl Refusal {
    fn new(status: u16, code: &'static str, reason: &str, repeats: bool) -> Self {
        Self { status, code, reason: reason.to_owned(), repeats }
    }

    /// The request is wrong in itself.
    pub(super) fn bad_request(reason: &str) -> Self {
        Self::new(400, "BAD_REQUEST", reason, false)
    }

    pub(super) fn zone_not_found() -> Self {
        Self::new(404, "ZONE_NOT_FOUND", "Zone does not exist", true)
    }

    /// The index is not available in this zone (rclone: albums of `SharedSync-…` and `CMM-…`).
    pub(super) fn index_invalid() -> Self {
        Self::new(400, "BAD_REQUEST", "Index has invalid data", true)
    }

    /// A query on something that is no index (icloud-docker #521, #522).
    pub(super) fn not_indexable(name: &str) -> Self {
        Self::bad_request(&format!("Type is not marked indexable: {name}"))
    }

    pub(super) fn too_many_records() -> Self {
        Self::bad_request("array 'records' length is greater than max size")
    }

    pub(super) fn foreign_token() -> Self {
        Self::bad_request("Unknown sync continuation type")
    }

    pub(super) fn damaged_token() -> Self {
        Self::bad_request("Invalid continuation format")
    }

    /// The zone keeps no history (Euphonique/iCloudPhotoSync #42).
    pub(super) fn no_history() -> Self {
        Self::bad_request("syncToken operations supported only in SyncZone")
    }

    /// A call that would change something.
    pub(super) fn read_only() -> Self {
        Self::new(403, "ACCESS_DENIED", "write operation refused", false)
    }

    pub(super) fn unknown_call(call: &str) -> Self {
        Self::new(404, "NOT_FOUND", &format!("unknown operation {call}"), false)
    }

    /// The whole answer to a call.
    pub(super) fn reply(&self, uuid: &str) -> Reply {
        let mut body = json!({ "uuid": uuid, "serverErrorCode": self.code, "reason": self.reason });
        if self.repeats {
            body["errorClass"] = self.code.into();
            body["error"] = self.code.into();
        }
        Reply::json(self.status, &body)
    }
}
