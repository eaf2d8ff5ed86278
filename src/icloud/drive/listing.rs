//! Answers of `retrieveItemDetailsInFolders` and `retrieveItemDetails`.

use serde_json::Value;

use super::item::{BrokenItem, Identity, Item, Outline};

/// How the entry for one folder came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It was listed.
    Listed,
    /// `ID_INVALID`: there is no such folder, or not any more.
    Invalid,
    /// The answer has no entry for it, or one that says something else.
    Missing,
}

/// What lies directly in a folder.
#[derive(Debug, Clone)]
pub struct Listing<T = Result<Item, BrokenItem>> {
    /// How it came out; nothing else counts when it was not listed.
    pub standing: Standing,
    /// What lies in it.
    pub items: Vec<T>,
    /// Whether the listing has as many items as it says (`numberOfItems`). Nothing is to be concluded from what one
    /// lacks that does not.
    pub is_whole: bool,
}

impl Listing {
    /// Reads the answer for folders, in their order, whatever order the entries are in.
    pub(super) fn read_all(answer: &[Value], asked: &[&str]) -> Vec<Self> {
        read_all(answer, asked, Item::read)
    }
}

impl Listing<Option<(Identity, String)>> {
    /// As [`Listing::read_all`], for listings in outline.
    pub(super) fn outlines(answer: &[Value], asked: &[&str]) -> Vec<Self> {
        read_all(answer, asked, |json| Outline::read(json).map(|outline| (outline.identity, outline.etag)))
    }
}

fn read_all<T>(answer: &[Value], asked: &[&str], read: impl Fn(&Value) -> T) -> Vec<Listing<T>> {
    let of = |entry: &Value, id: &str| entry.get("drivewsid").and_then(Value::as_str) == Some(id);
    asked
        .iter()
        .enumerate()
        .map(|(at, id)| {
            let entry = answer.get(at).filter(|entry| of(entry, id));
            let entry = entry.or_else(|| answer.iter().find(|entry| of(entry, id)));
            entry.map_or_else(Listing::missing, |entry| Listing::read(entry, &read))
        })
        .collect()
}

impl<T> Listing<T> {
    fn missing() -> Self {
        Self { standing: Standing::Missing, items: vec![], is_whole: false }
    }

    fn read(entry: &Value, read: impl Fn(&Value) -> T) -> Self {
        match entry.get("status").and_then(Value::as_str) {
            Some("ID_INVALID") => return Self { standing: Standing::Invalid, ..Self::missing() },
            // Listings without a status were recorded.
            Some("OK") | None => {}
            Some(_) => return Self::missing(),
        }
        let Some(items) = entry.get("items").and_then(Value::as_array) else { return Self::missing() };
        let said = entry.get("numberOfItems").and_then(Value::as_u64);
        Self {
            standing: Standing::Listed,
            is_whole: said.is_none_or(|said| said == items.len() as u64),
            items: items.iter().map(read).collect(),
        }
    }
}

/// The items of an answer with details: a list of items, or of objects that hold them.
pub(super) fn details(answer: &[Value]) -> Vec<&Value> {
    let inner = |entry: &'_ Value| entry.get("items").and_then(Value::as_array).is_some();
    answer
        .iter()
        .flat_map(|entry| match entry.get("items").and_then(Value::as_array) {
            Some(items) if inner(entry) && entry.get("drivewsid").is_none() => items.iter().collect(),
            _ => vec![entry],
        })
        .collect()
}
