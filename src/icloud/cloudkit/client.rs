//! Sending calls.

use std::time::Duration;

use bytes::Bytes;

use super::answer::{Readable, read};
use super::error::CloudKitError;
use crate::http::Patience;
use crate::http::retry::with_retry;
use crate::icloud::session::{Service, Session};
use crate::model::Area;

/// The calls that larder knows. All of them read: there is no way to write to iCloud from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Zones, with their tokens.
    ChangesDatabase,
    /// What changed in zones since their tokens.
    ChangesZone,
    /// Queried by an index.
    Query,
    /// Several queries at once; used for counts.
    QueryBatch,
    /// Queried by name.
    Lookup,
}

impl Call {
    /// The path below the database, which also names the call in logs.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::ChangesDatabase => "changes/database",
            Self::ChangesZone => "changes/zone",
            Self::Query => "records/query",
            Self::QueryBatch => "internal/records/query/batch",
            Self::Lookup => "records/lookup",
        }
    }
}

/// How long a lock-out lasts at the least; asking sooner makes it longer (docker-icloudpd #63).
const LOCKED_OUT: Duration = Duration::from_secs(6 * 3600);

/// The photo database of an account. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    session: Session,
}

impl Client {
    /// The database that `session` opens.
    #[must_use]
    pub fn new(session: Session) -> Self {
        Self { session }
    }

    /// How much trouble the run bears.
    pub(crate) fn patience(&self) -> &Patience {
        self.session.patience()
    }

    /// Makes a call, again where [`crate::http::retry`] says so: reading twice does no harm.
    pub(crate) async fn post<T: Readable>(
        &self,
        area: Area,
        call: Call,
        body: &serde_json::Value,
    ) -> Result<T, CloudKitError> {
        let path = path(area, call);
        let body = Bytes::from(body.to_string());
        let patience = self.session.patience();
        with_retry(call.path(), patience, || async {
            let answer = self.session.call(Service::CloudKit, &path, body.clone()).await?;
            let read = read(&answer);
            match &read {
                // The session has seen to those that the status tells.
                Err(CloudKitError::Throttled { wait, .. }) if !matches!(answer.status, 429 | 503) => {
                    self.session.pacer(Service::CloudKit).throttled(*wait);
                }
                Err(error @ CloudKitError::AccessDenied { .. }) => {
                    patience.end(error.to_string(), LOCKED_OUT);
                }
                _ => {}
            }
            read
        })
        .await
    }
}

/// Without `getCurrentSyncToken` a query answers no token (kei).
fn path(area: Area, call: Call) -> String {
    format!(
        "/database/1/com.apple.photos.cloud/production/{}/{}?remapEnums=true&getCurrentSyncToken=true",
        area.as_str(),
        call.path()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_area_and_call_and_asks_for_a_token() {
        assert_eq!(
            path(Area::Shared, Call::Query),
            "/database/1/com.apple.photos.cloud/production/shared/records/query\
             ?remapEnums=true&getCurrentSyncToken=true"
        );
    }

    #[test]
    fn no_call_can_write() {
        let calls = [Call::ChangesDatabase, Call::ChangesZone, Call::Query, Call::QueryBatch, Call::Lookup];
        assert!(calls.iter().all(|call| !call.path().contains("modify")));
    }
}
