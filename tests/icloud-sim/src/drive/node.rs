//! What Drive holds: folders, files, app libraries and the odd thing that no client knows.

use super::content::Content;
use serde::{Deserialize, Serialize};

/// Place of a node in the drive; it never changes.
pub(super) type At = usize;

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A file, plain or package: a listing does not tell.
    File,
    /// A folder.
    Folder,
    /// The documents of an app, in a zone of its own.
    AppLibrary,
    /// A `type` that no client has met (drive.md 15).
    Other {
        /// The `type`.
        kind: String,
        /// It has a `FOLDER` prefix and can be listed; else it looks like a file.
        folder: bool,
    },
}

impl Kind {
    pub(super) fn is_folder(&self) -> bool {
        !matches!(self, Kind::File | Kind::Other { folder: false, .. })
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Kind::File => "FILE",
            Kind::Folder => "FOLDER",
            Kind::AppLibrary => "APP_LIBRARY",
            Kind::Other { kind, .. } => kind,
        }
    }
}

/// What a listing says of a file's size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListedSize {
    /// The truth; of a package a number that matches nothing (drive.md 12).
    #[default]
    Usual,
    /// There is no `size` (icloud-docker #76).
    Absent,
    /// `size` is null.
    Null,
    /// This number.
    Wrong(u64),
}

/// Who shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SharedBy {
    /// The account, with others: it lists and downloads as anything else.
    Me,
    /// Another account, with this one (drive.md 7).
    Other,
}

/// A share, at its top item.
#[derive(Debug, Clone)]
pub(super) struct Share {
    pub(super) by: SharedBy,
    /// The number that its ids are made from.
    pub(super) salt: u64,
}

/// In the trash.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trashed {
    pub(super) since_ms: i64,
    /// Where it was.
    pub(super) from: At,
}

/// One folder or file. Times are whole seconds, in milliseconds since 1970 UTC: listings show no more.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Place of its zone.
    pub(super) zone: usize,
    pub(super) docwsid: String,
    pub(super) kind: Kind,
    /// None for the root and for what is in the trash.
    pub(super) parent: Option<At>,
    pub(super) children: Vec<At>,
    pub(super) name: String,
    pub(super) extension: Option<String>,
    pub(super) hidden_extension: bool,
    /// Of files.
    pub(super) content: Content,
    pub(super) listed_size: ListedSize,
    pub(super) created_ms: i64,
    pub(super) modified_ms: i64,
    pub(super) changed_ms: i64,
    pub(super) opened_ms: i64,
    /// First half of a file's etag, and the whole of a folder's.
    pub(super) structure: u64,
    /// Second half of a file's etag.
    pub(super) content_tag: u64,
    pub(super) share: Option<Share>,
    pub(super) trashed: Option<Trashed>,
    /// Deleted for good.
    pub(super) gone: bool,
    /// An app library that the root does not show and `retrieveAppLibraries` does.
    pub(super) unlisted: bool,
    /// Files below, deep; 1 for a file.
    pub(super) files: u64,
    /// Bytes below, deep.
    pub(super) quota: u64,
}

impl Node {
    /// The name as a person knows it.
    pub(super) fn full_name(&self) -> String {
        match self.extension.as_deref() {
            None | Some("") => self.name.clone(),
            Some(extension) => format!("{}.{extension}", self.name),
        }
    }

    pub(super) fn etag(&self) -> String {
        if self.kind.is_folder() {
            base36(self.structure)
        } else {
            format!("{}::{}", base36(self.structure), base36(self.content_tag))
        }
    }
}

/// A storage container: Drive proper or that of one app.
#[derive(Debug, Clone)]
pub(super) struct Zone {
    pub(super) name: String,
    /// Every change takes its tag from it.
    pub(super) counter: u64,
}

/// A number as tags are spelled.
pub(super) fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(char::from_digit(u32::try_from(number % 36).unwrap_or(0), 36).unwrap_or('0'));
        number /= 36;
        if number == 0 {
            return digits.iter().rev().collect();
        }
    }
}

/// A file's full name as Drive keeps it: what is before the last dot, and what is behind it.
pub(super) fn split(full: &str) -> (String, Option<String>) {
    match full.rsplit_once('.') {
        Some((name, extension)) if !extension.is_empty() => (name.to_owned(), Some(extension.to_owned())),
        _ => (full.to_owned(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_names_are_spelled_as_recorded() {
        assert_eq!([base36(0), base36(35), base36(36), base36(105)], ["0", "z", "10", "2x"]);
        assert_eq!(split("Packing list.txt"), ("Packing list".to_owned(), Some("txt".to_owned())));
        assert_eq!(split(".gitignore"), (String::new(), Some("gitignore".to_owned())));
        assert_eq!(split("trailing."), ("trailing.".to_owned(), None));
        assert_eq!(split("README"), ("README".to_owned(), None));
    }
}
