//! The protocol's example messages and recorded answers, which lie beside the checkout.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// Reads an example below `protocol/examples`; `None`, with a message, where the examples are not at hand.
pub(crate) fn example(name: &str) -> Option<Value> {
    read("protocol/examples", name)
}

/// Reads a recorded answer; `None`, with a message, where the recordings are not at hand.
pub(crate) fn recorded(name: &str) -> Option<Value> {
    read("recorded", name)
}

fn read(below: &str, name: &str) -> Option<Value> {
    let shared = std::env::var_os("LARDER_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = shared.join(below).join(name);
    if !shared.exists() {
        eprintln!("skipped: the protocol documents are not beside the checkout");
        return None;
    }
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    Some(serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{name}: {error}")))
}
