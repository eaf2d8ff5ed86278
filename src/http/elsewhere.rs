//! Requests to servers that are not Apple's: no cookies, no redirects, nothing of the session.

use std::time::Duration;

use super::error::{HttpError, innermost};
use super::transport;

/// Longest life of a request.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Sends JSON and gives the status. `token` goes as a bearer's.
pub async fn post(url: &str, token: Option<&str>, json: String) -> Result<u16, HttpError> {
    let client = transport::elsewhere(TIMEOUT)?;
    let mut request = client.post(url).header("Content-Type", "application/json").body(json);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    // The address may hold a secret.
    let sent =
        request.send().await.map_err(|error| HttpError::Setup { why: innermost(&error.without_url()) })?;
    Ok(sent.status().as_u16())
}

/// Makes sure that there is a TLS provider, for libraries that make their own connections.
pub fn provide_crypto() {
    transport::provide_crypto();
}
