//! A request as the client meant it: `/HOST/PATH` taken apart again.

use axum::extract::Query;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use bytes::Bytes;
use serde_json::Value;
use std::collections::HashMap;

/// A request with its logical host.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) method: String,
    /// Host without `:443`.
    pub(crate) host: String,
    /// Path below the host, percent-encoded, with its leading slash.
    pub(crate) path: String,
    /// Path and query, percent-encoded.
    pub(crate) path_and_query: String,
    /// The query, decoded.
    pub(crate) query: HashMap<String, String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Incoming {
    pub(crate) fn new(parts: Parts, body: Bytes) -> Incoming {
        let travelled = parts.uri.path_and_query().map_or("/", |pq| pq.as_str()).trim_start_matches('/');
        let cut = travelled.find(['/', '?']).unwrap_or(travelled.len());
        let (host, rest) = travelled.split_at(cut);
        let path = rest.split('?').next().unwrap_or_default();
        Incoming {
            method: parts.method.as_str().to_owned(),
            host: host.strip_suffix(":443").unwrap_or(host).to_ascii_lowercase(),
            path: path.to_owned(),
            path_and_query: rest.to_owned(),
            query: query(&parts.uri),
            headers: parts.headers,
            body,
        }
    }

    /// `HOST/PATH`, without the query.
    pub(crate) fn target(&self) -> String {
        format!("{}{}", self.host, self.path)
    }

    /// A header's text; none when absent or not ASCII.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Name and value of every cookie, quotes kept as they came.
    pub(crate) fn cookies(&self) -> Vec<(String, String)> {
        self.headers
            .get_all("cookie")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// The value of one cookie.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies().into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The body as JSON; null when it is something else.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Whether `Content-Type` is this media type, with or without parameters.
    pub(crate) fn has_content_type(&self, media_type: &str) -> bool {
        self.header("content-type").is_some_and(|value| {
            value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(media_type)
        })
    }

    /// Whether the client calls itself a browser. Others have been refused (icloud_photos_downloader #1073).
    pub(crate) fn is_browser(&self) -> bool {
        self.header("user-agent").is_some_and(|agent| agent.starts_with("Mozilla/5.0 ("))
    }
}

fn query(uri: &Uri) -> HashMap<String, String> {
    Query::<HashMap<String, String>>::try_from_uri(uri).map(|Query(map)| map).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn incoming(uri: &str) -> Incoming {
        let request = Request::builder()
            .uri(uri)
            .header("Cookie", "a=\"v=1:s=1\"; b=x==")
            .header("Content-Type", "text/plain;charset=UTF-8")
            .body(())
            .unwrap();
        Incoming::new(request.into_parts().0, Bytes::new())
    }

    #[test]
    fn the_logical_host_is_the_first_part_of_the_path() {
        let request = incoming("/p61-ckdatabasews.icloud.com:443/database/1?remapEnums=true&x=a%20b");
        assert_eq!(request.host, "p61-ckdatabasews.icloud.com");
        assert_eq!(request.path, "/database/1");
        assert_eq!(request.query["x"], "a b");
        let request = incoming("/cvws.icloud-content.com/B/x/$%7Bf%7D?e=1");
        assert_eq!(request.path_and_query, "/B/x/$%7Bf%7D?e=1");
        assert_eq!(request.target(), "cvws.icloud-content.com/B/x/$%7Bf%7D");
        assert_eq!(incoming("/host?x=1").path, "");
    }

    #[test]
    fn cookies_keep_their_quotes() {
        let request = incoming("/h/p");
        assert_eq!(request.cookie("a").as_deref(), Some("\"v=1:s=1\""));
        assert_eq!(request.cookie("b").as_deref(), Some("x=="));
        assert_eq!(request.cookie("c"), None);
        assert!(request.has_content_type("text/plain"));
    }
}
