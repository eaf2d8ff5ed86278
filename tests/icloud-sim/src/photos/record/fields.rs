//! The `fields` of a record, cut down to what was asked for.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// The field names that a request asks for; all of them when it names none.
#[derive(Debug)]
pub(in crate::photos) struct Wanted {
    names: Option<HashSet<String>>,
    /// Whether any field of a preview is among them.
    pub(super) previews: bool,
}

/// How the names of a preview's fields begin.
const PREVIEWS: [&str; 4] = ["resJPEGMed", "resJPEGThumb", "resVidMed", "resVidSmall"];

impl Wanted {
    pub(in crate::photos) fn new(desired_keys: Option<Vec<String>>) -> Self {
        let names: Option<HashSet<String>> = desired_keys.map(|keys| keys.into_iter().collect());
        let of_preview = |name: &String| PREVIEWS.iter().any(|start| name.starts_with(start));
        Self { previews: names.as_ref().is_none_or(|names| names.iter().any(of_preview)), names }
    }

    pub(in crate::photos) fn has(&self, name: &str) -> bool {
        self.names.as_ref().is_none_or(|names| names.contains(name))
    }
}

/// Fields in the making. A field that nobody asked for is never computed.
pub(in crate::photos) struct Fields<'a> {
    wanted: &'a Wanted,
    map: Map<String, Value>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(wanted: &'a Wanted) -> Self {
        Self { wanted, map: Map::new() }
    }

    /// Any field.
    pub(super) fn put(&mut self, name: &str, kind: &str, value: impl FnOnce() -> Value) {
        if self.wanted.has(name) {
            let mut field = Map::new();
            field.insert("type".to_owned(), kind.into());
            field.insert("value".to_owned(), value());
            self.map.insert(name.to_owned(), field.into());
        }
    }

    pub(super) fn int(&mut self, name: &str, value: i64) {
        self.put(name, "INT64", || value.into());
    }

    /// A flag as Apple writes it: 1 or 0.
    pub(super) fn flag(&mut self, name: &str, on: bool) {
        self.int(name, i64::from(on));
    }

    /// Milliseconds since 1970 UTC.
    pub(super) fn time(&mut self, name: &str, value: i64) {
        self.put(name, "TIMESTAMP", || value.into());
    }

    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.put(name, "STRING", || value.into());
    }

    /// `ENCRYPTED_BYTES`: base64, decrypted by the server all the same.
    pub(super) fn bytes(&mut self, name: &str, value: &[u8]) {
        self.put(name, "ENCRYPTED_BYTES", || STANDARD.encode(value).into());
    }

    pub(super) fn finish(self) -> Map<String, Value> {
        self.map
    }
}
