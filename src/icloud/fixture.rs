//! The protocol's example messages, which lie beside the checkout.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// Reads an example below `protocol/examples`; `None`, with a message, where the examples are not at hand.
pub(crate) fn example(name: &str) -> Option<Value> {
    let shared = std::env::var_os("LARDER_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = shared.join("protocol/examples").join(name);
    if !shared.exists() {
        eprintln!("skipped: the protocol examples are not beside the checkout");
        return None;
    }
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    Some(serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{name}: {error}")))
}
