//! Whether Apple can be reached at all, without account and without session.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

use super::account::Account;
use super::error::SessionError;
use crate::http::{Client, Method, Request};

/// Asks Apple's web site for its front page. Gives the time that it has there, when it says so; any answer will do.
pub async fn reach(client: &Client, account: &Account) -> Result<Option<Timestamp>, SessionError> {
    let (_, headers) = client.exchange(Request::new(Method::GET, account.endpoints().home.clone())).await?;
    let date = headers.get("date").and_then(|date| date.to_str().ok());
    Ok(date.and_then(|date| DateTimeParser::new().parse_timestamp(date).ok()))
}
