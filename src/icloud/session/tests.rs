//! What the tests of this room share: Apple's answers as the protocol documents give them.

use std::path::PathBuf;

use bytes::Bytes;
use serde_json::Value;

use super::answers::Reply;
use crate::http::{Answer, HeaderMap};

/// The folder of shared documents beside the checkout, or `None`, said aloud, when it is absent.
fn shared() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let folder = std::env::var_os("LARDER_SHARED").map_or_else(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {} is absent", folder.display());
    None
}

/// A file of that folder as JSON.
pub(super) fn document(name: &str) -> Option<Value> {
    Some(serde_json::from_slice(&std::fs::read(shared()?.join(name)).unwrap()).unwrap())
}

/// The answer of the example that begins with these two digits.
pub(super) fn example(number: &str) -> Option<Reply> {
    let folder = shared()?.join("protocol/examples/auth");
    let file = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let file = file
        .into_iter()
        .find(|path| path.file_name().unwrap().to_str().unwrap().starts_with(number))
        .unwrap();
    let document: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let response = &document["response"];
    let body = response.get("json").map(Value::to_string);
    let body = body.or_else(|| response.get("body_text")?.as_str().map(str::to_owned)).unwrap_or_default();
    let headers: Vec<(String, String)> = response["headers"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
        .collect();
    let token = response["set_cookie"].as_array().into_iter().flatten().any(|line| {
        let line = line.as_str().unwrap();
        line.starts_with("X-APPLE-WEBAUTH-TOKEN=\"")
    });
    Some(reply(u16::try_from(response["status"].as_u64().unwrap()).unwrap(), &headers, &body, token))
}

/// The answer on a line (from 1) of a recording, `same_as` followed.
pub(super) fn recorded(file: &str, line: usize) -> Option<Reply> {
    let text = std::fs::read_to_string(shared()?.join("recorded").join(file)).unwrap();
    let exchange: Value = serde_json::from_str(text.lines().nth(line - 1).unwrap()).unwrap();
    if let Some(same) = exchange.get("same_as").filter(|same| !same.is_null()) {
        let line = usize::try_from(same["line"].as_u64().unwrap()).unwrap();
        return recorded(same["file"].as_str().unwrap(), line);
    }
    let headers: Vec<(String, String)> = exchange["response_headers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| (pair[0].as_str().unwrap().to_owned(), pair[1].as_str().unwrap().to_owned()))
        .collect();
    let body = match &exchange["body"] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        json => json.to_string(),
    };
    let token = headers.iter().any(|(_, value)| value.starts_with("X-APPLE-WEBAUTH-TOKEN=\""));
    Some(reply(u16::try_from(exchange["status"].as_u64().unwrap()).unwrap(), &headers, &body, token))
}

/// An answer made up from its parts.
pub(super) fn reply(status: u16, headers: &[(String, String)], body: &str, web_token: bool) -> Reply {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (name.parse::<reqwest::header::HeaderName>(), value.parse()) {
            map.append(name, value);
        }
    }
    let seconds = map.get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    let retry_after = seconds.map(std::time::Duration::from_secs);
    let answer = Answer { status, content_type: None, retry_after, body: Bytes::from(body.to_owned()) };
    Reply::new(&answer, &map, web_token)
}

/// An answer with a status alone.
pub(super) fn bare(status: u16) -> Reply {
    reply(status, &[], "", false)
}
