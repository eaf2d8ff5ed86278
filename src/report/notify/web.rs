//! Requests to servers of the person's choice.

use serde_json::Value;

use crate::http::elsewhere;

/// Sends JSON. The error says what the server answered, and never its address, which may hold a secret.
pub(super) async fn post(url: &str, token: Option<&str>, body: &Value) -> Result<(), String> {
    let status = elsewhere::post(url, token, body.to_string()).await.map_err(|error| error.to_string())?;
    match status {
        200..300 => Ok(()),
        401 | 403 => Err(format!("the server refuses ({status}): check the token or the address")),
        404 => Err("the server has no such address (404)".to_owned()),
        status => Err(format!("the server answered {status}")),
    }
}
