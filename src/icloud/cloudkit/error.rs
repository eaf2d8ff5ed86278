//! What CloudKit refuses, and what that means.
//!
//! The same error members come at the top of an answer (with a 4xx or 5xx status, or with 200), in the entry of
//! one zone, and in the place of one record.

use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess};

use super::lenient::{FromMembers, object, skip};
use super::value::Value;
use crate::http::retry::{Class, Classify};
use crate::icloud::session::SessionError;

/// The members of an error, as far as they were given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fault {
    /// `serverErrorCode`, for example `ZONE_NOT_FOUND`.
    pub code: String,
    /// `reason`, made fit to be shown: one line, not long, no addresses.
    pub reason: String,
    /// `retryAfter` in seconds.
    pub retry_after: Option<u64>,
}

/// A call, or a part of one, that CloudKit did not answer with data.
#[derive(Debug, thiserror::Error)]
pub enum CloudKitError {
    /// The session could not be used.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The session is no longer accepted.
    #[error("iCloud no longer accepts this session ({reason}); sign in again")]
    SignInNeeded {
        /// What the server said.
        reason: String,
    },
    /// "private db access disabled for this account": web access is off, Advanced Data Protection is on, or the
    /// account is locked out for hours after too many requests (`icloud_photos_downloader` #163, #720).
    #[error(
        "iCloud denies access to the photos of this account ({reason}); if it worked before, wait at least six \
         hours, otherwise allow access to iCloud data on the web in the account's settings"
    )]
    AccessDenied {
        /// What the server said.
        reason: String,
    },
    /// A bare 403: a stale session or a limit (kei #226).
    #[error("iCloud refused a request without a reason; it may work later")]
    Refused,
    /// The zone does not exist, or not any more.
    #[error(
        "The library is not in this iCloud account ({reason}); look whether iCloud Photos is switched on"
    )]
    ZoneNotFound {
        /// What the server said.
        reason: String,
    },
    /// The sync token is damaged, expired or of another kind: list the zone in full and take a new one.
    #[error(
        "iCloud no longer knows the point up to which the library was read ({reason}); it is listed again"
    )]
    TokenRefused {
        /// What the server said.
        reason: String,
    },
    /// The zone keeps no history (`Euphonique/iCloudPhotoSync` #42).
    #[error("This library keeps no history of changes ({reason}), so it cannot be mirrored")]
    NoHistory {
        /// What the server said.
        reason: String,
    },
    /// "Index has invalid data": the zone has no such list, for example albums in a shared library.
    #[error("This library has no such list ({reason})")]
    IndexInvalid {
        /// What the server said.
        reason: String,
    },
    /// More names in one lookup than the server takes.
    #[error("iCloud takes fewer records in one request ({reason})")]
    TooManyRecords {
        /// What the server said.
        reason: String,
    },
    /// The record does not exist.
    #[error("The record is not in iCloud ({reason})")]
    NotFound {
        /// What the server said.
        reason: String,
    },
    /// The server asks for patience.
    #[error("iCloud asks to wait ({reason}); it is tried again later")]
    Throttled {
        /// What the server said.
        reason: String,
        /// For how long, when told.
        wait: Option<Duration>,
    },
    /// Trouble of the server's own that usually passes.
    #[error("iCloud is in trouble (status {status}, {reason}); it is tried again later")]
    Busy {
        /// HTTP status.
        status: u16,
        /// What the server said.
        reason: String,
    },
    /// An answer that is no data, for example a front end's HTML page with status 200.
    #[error(
        "iCloud answered something that cannot be read (status {status}, {what}); it is tried again later"
    )]
    Unreadable {
        /// HTTP status.
        status: u16,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The server says that more is coming but does not move on.
    #[error("iCloud keeps repeating itself ({what}); it is tried again at the next run")]
    Stuck {
        /// What was being read.
        what: &'static str,
    },
    /// An entry asked for is not in the answer.
    #[error("iCloud left out a part of its answer ({what}); it is asked again at the next run")]
    Unanswered {
        /// What is missing.
        what: &'static str,
    },
    /// Whoever takes the results does not want any more.
    #[error("The listing was stopped")]
    Stopped,
    /// Any other refusal.
    #[error("iCloud refused a request (status {status}, {code}: {reason})")]
    Other {
        /// HTTP status.
        status: u16,
        /// `serverErrorCode`.
        code: String,
        /// What the server said.
        reason: String,
    },
}

impl Classify for CloudKitError {
    fn class(&self) -> Class {
        match self {
            Self::Session(error) => error.class(),
            Self::Throttled { wait, .. } => Class::Throttled(*wait),
            Self::Refused => Class::Throttled(None),
            Self::Busy { .. } | Self::Unreadable { .. } => Class::Transient,
            Self::SignInNeeded { .. } => Class::Session,
            Self::NotFound { .. } => Class::Gone,
            Self::AccessDenied { .. }
            | Self::ZoneNotFound { .. }
            | Self::TokenRefused { .. }
            | Self::NoHistory { .. }
            | Self::IndexInvalid { .. }
            | Self::TooManyRecords { .. }
            | Self::Stuck { .. }
            | Self::Unanswered { .. }
            | Self::Stopped
            | Self::Other { .. } => Class::Permanent,
        }
    }
}

impl Fault {
    /// Takes a member of an object that may be an error; the other members are passed over.
    pub(super) fn member<'de, A: MapAccess<'de>>(
        fault: &mut Option<Self>,
        name: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        match name {
            "serverErrorCode" => {
                if let Some(code) = map.next_value::<Value>()?.into_text() {
                    fault.get_or_insert_default().code = presentable(&code);
                }
            }
            "reason" => {
                if let Some(reason) = map.next_value::<Value>()?.into_text() {
                    fault.get_or_insert_default().reason = presentable(&reason);
                }
            }
            "retryAfter" => {
                let seconds = map.next_value::<Value>()?.integer();
                if let Some(seconds) = seconds.and_then(|seconds| u64::try_from(seconds).ok()) {
                    fault.get_or_insert_default().retry_after = Some(seconds);
                }
            }
            _ => skip(map)?,
        }
        Ok(())
    }

    /// Whether this is an error whatever came with it: a `reason` alone is none.
    #[must_use]
    pub fn is_error(&self) -> bool {
        !self.code.is_empty()
    }

    /// The error of an answer, or of a part of one. `wait` is the answer's `Retry-After`.
    #[must_use]
    pub fn into_error(self, status: u16, wait: Option<Duration>) -> CloudKitError {
        let wait = wait.or(self.retry_after.map(Duration::from_secs));
        let Self { code, reason: told, .. } = self;
        let said = told.to_ascii_lowercase();
        let reason = match (code.is_empty(), told.is_empty()) {
            (true, true) => format!("status {status}"),
            (false, true) => code.clone(),
            _ => told,
        };
        if said.contains("invalid global session") {
            return CloudKitError::SignInNeeded { reason };
        }
        match code.as_str() {
            "ACCESS_DENIED" => CloudKitError::AccessDenied { reason },
            "AUTHENTICATION_FAILED" | "AUTHENTICATION_REQUIRED" => CloudKitError::SignInNeeded { reason },
            "ZONE_NOT_FOUND" => CloudKitError::ZoneNotFound { reason },
            "NOT_FOUND" | "UNKNOWN_ITEM" => CloudKitError::NotFound { reason },
            "THROTTLED" => CloudKitError::Throttled { reason, wait },
            "TRY_AGAIN_LATER"
            | "CAS_OP_LOCK"
            | "RETRY_LATER"
            | "INTERNAL_ERROR"
            | "SERVICE_UNAVAILABLE"
            | "ZONE_BUSY" => match wait {
                Some(_) => CloudKitError::Throttled { reason, wait },
                None => CloudKitError::Busy { status, reason },
            },
            // In Apple's public documentation; never reported for Photos.
            code if code.starts_with("CHANGE_TOKEN") => CloudKitError::TokenRefused { reason },
            _ if said.contains("supported only in synczone") => CloudKitError::NoHistory { reason },
            _ if said.contains("sync continuation") || said.contains("continuation format") => {
                CloudKitError::TokenRefused { reason }
            }
            _ if said.contains("index has invalid data") => CloudKitError::IndexInvalid { reason },
            _ if said.contains("length is greater than max size") => CloudKitError::TooManyRecords { reason },
            _ => Self::by_status(status, wait, code, reason),
        }
    }

    /// What the status alone tells.
    fn by_status(status: u16, wait: Option<Duration>, code: String, reason: String) -> CloudKitError {
        match status {
            401 | 421 => CloudKitError::SignInNeeded { reason },
            403 if code.is_empty() => CloudKitError::Refused,
            429 => CloudKitError::Throttled { reason, wait },
            408 | 500..=599 => match wait {
                Some(_) => CloudKitError::Throttled { reason, wait },
                None => CloudKitError::Busy { status, reason },
            },
            _ => CloudKitError::Other { status, code, reason },
        }
    }
}

impl FromMembers for Option<Fault> {
    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        Fault::member(self, name, map)
    }
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(object::<Option<Self>, D>(from)?.flatten().unwrap_or_default())
    }
}

/// Server text fit for a log: one line of at most 160 characters, without URLs and addresses.
fn presentable(text: &str) -> String {
    let words = text.split_whitespace().map(|word| {
        let secret = word.contains("://") || word.contains('@') || word.len() > 60;
        if secret { "…" } else { word }
    });
    let line = words.collect::<Vec<_>>().join(" ");
    line.chars().filter(|c| !c.is_control()).take(160).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_text_is_cut_to_what_may_be_shown() {
        let fault: Fault = serde_json::from_str(
            r#"{"serverErrorCode":"X","reason":"no  auth\nfor you@example.com at https://a.b/c?s=1 end"}"#,
        )
        .unwrap();
        assert_eq!(fault.reason, "no auth for … at … end");
    }

    #[test]
    fn a_wait_makes_trouble_a_request_for_patience() {
        let fault = |json: &str| serde_json::from_str::<Fault>(json).unwrap();
        let busy = fault(r#"{"serverErrorCode":"RETRY_LATER"}"#).into_error(200, None);
        assert_eq!(busy.class(), Class::Transient);
        let told = fault(r#"{"serverErrorCode":"RETRY_LATER","retryAfter":30}"#).into_error(200, None);
        assert_eq!(told.class(), Class::Throttled(Some(Duration::from_secs(30))));
        let page = fault("[]").into_error(503, Some(Duration::from_secs(7)));
        assert_eq!(page.class(), Class::Throttled(Some(Duration::from_secs(7))));
    }

    #[test]
    fn a_bare_403_is_a_reason_to_wait_and_no_verdict() {
        assert!(matches!(Fault::default().into_error(403, None), CloudKitError::Refused));
        assert!(matches!(Fault::default().into_error(401, None), CloudKitError::SignInNeeded { .. }));
        assert!(matches!(Fault::default().into_error(418, None), CloudKitError::Other { status: 418, .. }));
    }
}
