//! An item of iCloud Drive: a folder, an app library or a file.

use serde::{Deserialize, Serialize};

use super::ItemId;

/// What an item of Drive is. Stored by position: add at the end, never reorder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// `FOLDER`, and the root.
    Folder,
    /// `APP_LIBRARY`, `APP_CONTAINER`: the top folder of an app's own zone.
    Library,
    /// `FILE`; a package is one as well.
    File,
}

impl NodeKind {
    /// Whether other items may lie in it.
    #[must_use]
    pub fn holds_items(self) -> bool {
        matches!(self, Self::Folder | Self::Library)
    }
}

/// The share that an item carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// The `shareID` object as JSON text. Requests for what lies below must send it back unchanged, or a shared folder
    /// looks empty (picklepete/pyicloud #334).
    pub id: String,
    /// `zoneID.ownerRecordName`; `None` when the object does not name one.
    pub owner: Option<String>,
}

impl Share {
    /// The share of a `shareID` object.
    #[must_use]
    pub fn of(id: &serde_json::Value) -> Self {
        let owner = id.pointer("/zoneID/ownerRecordName").and_then(serde_json::Value::as_str);
        Self { id: id.to_string(), owner: owner.map(str::to_owned) }
    }

    /// The `shareID` object, to be sent back; `null` when the text is no JSON.
    #[must_use]
    pub fn value(&self) -> serde_json::Value {
        serde_json::from_str(&self.id).unwrap_or_default()
    }
}

/// An item of Drive as it was listed. Times are milliseconds since 1970 UTC and may be absurd.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// `docwsid`; unique within its zone.
    pub record: String,
    /// `drivewsid` as listed: what listing requests want.
    pub drivewsid: String,
    /// The folder that it lies in; `None` for the root alone.
    pub parent: Option<ItemId>,
    /// Folder, library or file.
    pub kind: NodeKind,
    /// Full name with its extension, as listed (usually decomposed Unicode); empty for the root.
    pub name: String,
    /// `etag` as listed: two halves `A::B` for a file, one token for a folder.
    pub etag: String,
    /// Bytes as listed. `None` when absent, as for some empty files (icloud-docker #76); wrong for packages.
    pub size: Option<u64>,
    /// `dateModified`; folders have none.
    pub modified_ms: Option<i64>,
    /// `dateCreated`.
    pub created_ms: Option<i64>,
    /// The share that the item itself carries. What lies below inherits it.
    pub share: Option<Share>,
    /// Whether a file is a package, as the last download answer had it; listings do not tell. `None` while nobody asked.
    pub package: Option<bool>,
    /// Whether a complete crawl, and a lookup after it, said that it is not there any more.
    pub gone: bool,
}

impl Node {
    /// The half of the etag that belongs to the content; all of it when there are no halves. Compare for equality alone.
    #[must_use]
    pub fn content_tag(&self) -> &str {
        self.etag.split_once("::").map_or(&self.etag, |(_, content)| content)
    }

    /// The half of the etag that belongs to name, parent and flags; all of it when there are no halves.
    #[must_use]
    pub fn structure_tag(&self) -> &str {
        self.etag.split_once("::").map_or(&self.etag, |(structure, _)| structure)
    }

    /// Whether something of it changed that files on disk follow: kind, name, parent, content, size, time of the content, or
    /// whether it is there at all. A folder's etag is of its structure alone, and moves with what lies below it.
    #[must_use]
    pub fn differs_on_disk(&self, other: &Self) -> bool {
        let is_file = self.kind == NodeKind::File;
        self.kind != other.kind
            || self.name != other.name
            || self.parent != other.parent
            || (is_file && self.content_tag() != other.content_tag())
            || self.size != other.size
            || self.modified_ms != other.modified_ms
            || self.gone != other.gone
    }

    /// Whether the paths of all that lies below it may have changed.
    #[must_use]
    pub fn moves_what_is_below(&self, other: &Self) -> bool {
        self.name != other.name || self.parent != other.parent || self.gone != other.gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(etag: &str) -> Node {
        Node {
            record: "A".into(),
            drivewsid: "FILE::com.apple.CloudDocs::A".into(),
            parent: None,
            kind: NodeKind::File,
            name: "a.txt".into(),
            etag: etag.into(),
            size: Some(1),
            modified_ms: None,
            created_ms: None,
            share: None,
            package: None,
            gone: false,
        }
    }

    #[test]
    fn an_etag_has_a_half_for_structure_and_one_for_content() {
        for (etag, structure, content) in
            [("32::2x", "32", "2x"), ("2x", "2x", "2x"), ("", "", ""), ("::2x", "", "2x"), ("32::", "32", "")]
        {
            assert_eq!(
                (file(etag).structure_tag(), file(etag).content_tag()),
                (structure, content),
                "{etag}"
            );
        }
    }

    #[test]
    fn opening_a_file_changes_nothing_on_disk_and_editing_it_does() {
        assert!(!file("32::2x").differs_on_disk(&file("33::2x")));
        assert!(file("32::2x").differs_on_disk(&file("32::2y")));
        let folder = |etag| Node { kind: NodeKind::Folder, ..file(etag) };
        assert!(!folder("30").differs_on_disk(&folder("31")), "what lies below moved it");
    }

    #[test]
    fn a_share_comes_back_as_it_was() {
        let json = r#"{"shareName":"5A","zoneID":{"zoneName":"com.apple.CloudDocs","ownerRecordName":"_00"},"new":[1,null]}"#;
        let value: serde_json::Value = serde_json::from_str(json).unwrap();
        let share = Share::of(&value);
        assert_eq!((share.value(), share.owner.as_deref()), (value, Some("_00")));
        assert_eq!(Share::of(&serde_json::json!({"zoneID": 7})).owner, None);
    }
}
