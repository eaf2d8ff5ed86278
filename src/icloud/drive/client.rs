//! The calls.

use std::collections::HashMap;

use bytes::Bytes;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::error::{DriveError, read};
use super::item::{Identity, Item};
use super::listing::{Listing, details};
use super::token::Token;
use crate::http::retry::with_retry;
use crate::icloud::session::{Service, Session};
use crate::model::Share;

/// Documents in one request for download addresses. The web application was seen asking for 30.
pub const TOKENS: usize = 10;

/// The Drive of an account, read only. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Drive {
    session: Session,
}

/// A folder to be listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Its `drivewsid`.
    pub drivewsid: String,
    /// The share that it is in. Without it a shared folder looks empty (picklepete/pyicloud #334).
    pub share: Option<Share>,
}

impl Drive {
    /// The Drive that `session` opens.
    #[must_use]
    pub fn new(session: Session) -> Self {
        Self { session }
    }

    /// What lies directly in folders, in one request: in the order asked, each with a standing of its own. No limit of
    /// the number is known; 20 are safe.
    pub async fn list(&self, folders: &[Folder]) -> Result<Vec<Listing>, DriveError> {
        let answer = self.ask_for_folders(folders, false).await?;
        Ok(Listing::read_all(&answer, &ids(folders)))
    }

    /// As [`Drive::list`], in outline: identity and etag of each item; `None` for one that makes no sense.
    pub async fn outline(
        &self,
        folders: &[Folder],
    ) -> Result<Vec<Listing<Option<(Identity, String)>>>, DriveError> {
        let answer = self.ask_for_folders(folders, true).await?;
        Ok(Listing::outlines(&answer, &ids(folders)))
    }

    async fn ask_for_folders(&self, folders: &[Folder], partial: bool) -> Result<Vec<Value>, DriveError> {
        let body: Vec<Value> = folders
            .iter()
            .map(|folder| {
                let mut one = json!({
                    "drivewsid": folder.drivewsid,
                    "partialData": partial,
                    "includeHierarchy": false,
                });
                if let Some(share) = &folder.share {
                    one["shareID"] = share.value();
                }
                one
            })
            .collect();
        let path = "/retrieveItemDetailsInFolders";
        list_of(self.post(Service::Drive, path, "list folders", &Value::Array(body)).await?)
    }

    /// Items themselves, by `drivewsid`: `None` for those that iCloud does not have. What the answer has no entry for is
    /// left out.
    pub async fn details(&self, ids: &[String]) -> Result<HashMap<String, Option<Item>>, DriveError> {
        let asked: Vec<Value> = ids
            .iter()
            .map(|id| json!({ "drivewsid": id, "partialData": false, "includeHierarchy": false }))
            .collect();
        let body = json!([{ "items": asked }]);
        let answer = list_of(self.post(Service::Drive, "/retrieveItemDetails", "details", &body).await?)?;
        let mut found = HashMap::new();
        for entry in details(&answer) {
            let Some(id) = entry.get("drivewsid").and_then(Value::as_str) else { continue };
            let invalid = entry.get("status").and_then(Value::as_str) == Some("ID_INVALID");
            match Item::read(entry) {
                Ok(item) if !invalid => drop(found.insert(id.to_owned(), Some(item))),
                _ if invalid => drop(found.insert(id.to_owned(), None)),
                _ => {}
            }
        }
        Ok(found)
    }

    /// Download addresses for documents of one zone, by document; at most [`TOKENS`] at a time are asked for in one
    /// request. A document for which the answer has none is not in it.
    pub async fn tokens(
        &self,
        zone: &str,
        documents: &[String],
    ) -> Result<HashMap<String, Token>, DriveError> {
        let body: Vec<Value> = documents.iter().map(|id| json!({ "document_id": id })).collect();
        let path = format!("/ws/{}/download/batch", encoded(zone));
        let answer = self.post(Service::Documents, &path, "download addresses", &Value::Array(body)).await?;
        let tokens = list_of(answer)?;
        Ok(tokens.iter().filter_map(Token::read).map(|token| (token.document.clone(), token)).collect())
    }

    /// The download address of one document; `None` when there is nothing to fetch yet. An empty file is
    /// [`DriveError::Refused`] with 400 (pyicloud), one that is not there [`DriveError::NotFound`].
    pub async fn token(&self, zone: &str, document: &str) -> Result<Option<Token>, DriveError> {
        let path = format!("/ws/{}/download/by_id?document_id={}", encoded(zone), encoded(document));
        let answer = self.call(Service::Documents, &path, "a download address", None).await?;
        Ok(Token::read(&answer))
    }

    async fn post(
        &self,
        service: Service,
        path: &str,
        what: &'static str,
        body: &Value,
    ) -> Result<Value, DriveError> {
        self.call(service, path, what, Some(Bytes::from(body.to_string()))).await
    }

    async fn call(
        &self,
        service: Service,
        path: &str,
        what: &'static str,
        body: Option<Bytes>,
    ) -> Result<Value, DriveError> {
        with_retry(what, self.session.patience(), || async {
            let answer = match &body {
                Some(body) => self.session.call(service, path, body.clone()).await?,
                None => self.session.get(service, path).await?,
            };
            let read = read(&answer);
            if let Err(DriveError::Throttled { wait }) = &read
                && !matches!(answer.status, 429 | 503)
            {
                // The session has seen to those that the status tells.
                self.session.pacer(service).throttled(*wait);
            }
            read
        })
        .await
    }
}

fn ids(folders: &[Folder]) -> Vec<&str> {
    folders.iter().map(|folder| folder.drivewsid.as_str()).collect()
}

fn list_of(answer: Value) -> Result<Vec<Value>, DriveError> {
    match answer {
        Value::Array(list) => Ok(list),
        _ => Err(DriveError::Unreadable { status: 200 }),
    }
}

/// A part of a path or query.
fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
