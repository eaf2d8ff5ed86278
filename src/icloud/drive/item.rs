//! One item of a listing.

use jiff::Timestamp;
use serde_json::Value;

use crate::model::Share;

/// `drivewsid` of the folder that holds everything.
pub const ROOT: &str = "FOLDER::com.apple.CloudDocs::root";

/// What identifies an item, taken from its `drivewsid`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The storage container that it lies in, which every docws path must name (picklepete/pyicloud PR #417).
    pub zone: String,
    /// `docwsid`: unique in its zone.
    pub document: String,
}

impl Identity {
    /// Reads `TYPE::zone::docwsid`. `TRASH_ROOT` and the like have no parts.
    #[must_use]
    pub fn parse(drivewsid: &str) -> Option<Self> {
        let (_, rest) = drivewsid.split_once("::")?;
        let (zone, document) = rest.split_once("::")?;
        let known = !zone.is_empty() && !document.is_empty();
        known.then(|| Self { zone: zone.to_owned(), document: document.to_owned() })
    }
}

/// `type` of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemKind {
    /// `FOLDER`.
    Folder,
    /// `APP_LIBRARY` and `APP_CONTAINER`.
    Library,
    /// `FILE`; packages too.
    File,
    /// Something that nobody has documented.
    Unknown(String),
}

/// An item as it is listed. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What identifies it.
    pub identity: Identity,
    /// What listing requests want.
    pub drivewsid: String,
    /// What it is.
    pub kind: ItemKind,
    /// Name with extension, as it came.
    pub name: String,
    /// `etag`.
    pub etag: String,
    /// Bytes, when told: absent for some empty files (icloud-docker #76), wrong for packages (icloud-docker #525).
    pub size: Option<u64>,
    /// `dateModified`.
    pub modified_ms: Option<i64>,
    /// `dateCreated`.
    pub created_ms: Option<i64>,
    /// `parentId`, a `drivewsid`; `TRASH_ROOT` in the trash.
    pub parent: Option<String>,
    /// `shareID`, when the item carries one.
    pub share: Option<Share>,
}

/// An item that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenItem {
    /// Its `drivewsid`, or its name, or nothing.
    pub what: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl Item {
    /// Reads an item. All that may be missing is; members that nobody knows are passed over.
    pub fn read(json: &Value) -> Result<Self, BrokenItem> {
        let text = |name: &str| json.get(name).and_then(Value::as_str);
        let broken = |why| {
            let what = text("drivewsid").or_else(|| text("name")).unwrap_or_default().to_owned();
            BrokenItem { what, why }
        };
        let drivewsid = text("drivewsid").ok_or_else(|| broken("it has no `drivewsid`"))?;
        let named = Identity::parse(drivewsid);
        let part = |name: &str| text(name).filter(|part| !part.is_empty()).map(str::to_owned);
        let zone = part("zone").or_else(|| named.as_ref().map(|known| known.zone.clone()));
        let document = part("docwsid").or_else(|| named.as_ref().map(|known| known.document.clone()));
        let (Some(zone), Some(document)) = (zone, document) else {
            return Err(broken("its `drivewsid` names no zone and document"));
        };
        let kind = match text("type") {
            Some("FILE") => ItemKind::File,
            Some("FOLDER") => ItemKind::Folder,
            Some("APP_LIBRARY" | "APP_CONTAINER") => ItemKind::Library,
            Some(other) => ItemKind::Unknown(other.chars().take(40).collect()),
            None => return Err(broken("it has no `type`")),
        };
        Ok(Self {
            identity: Identity { zone, document },
            drivewsid: drivewsid.to_owned(),
            kind,
            name: full_name(text("name").unwrap_or_default(), text("extension").unwrap_or_default()),
            etag: text("etag").unwrap_or_default().to_owned(),
            size: json.get("size").and_then(Value::as_u64),
            modified_ms: text("dateModified").and_then(instant),
            created_ms: text("dateCreated").and_then(instant),
            parent: text("parentId").map(str::to_owned),
            share: json.get("shareID").filter(|id| id.is_object()).map(Share::of),
        })
    }
}

/// An item of a listing in outline, which has these three members alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outline {
    pub(super) identity: Identity,
    pub(super) etag: String,
}

impl Outline {
    pub(super) fn read(json: &Value) -> Option<Self> {
        let identity = Identity::parse(json.get("drivewsid")?.as_str()?)?;
        Some(Self { identity, etag: json.get("etag")?.as_str()?.to_owned() })
    }
}

/// A name without its extension may be empty, for files such as `.gitignore`.
fn full_name(name: &str, extension: &str) -> String {
    if extension.is_empty() { name.to_owned() } else { format!("{name}.{extension}") }
}

/// ISO 8601 with `Z` or an offset; both come in one answer.
fn instant(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}
