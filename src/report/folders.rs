//! What iCloud Drive holds, from the catalog: a folder and what lies in it.

use jiff::Timestamp;
use serde::Serialize;
use unicode_normalization::UnicodeNormalization as _;

use crate::model::{ItemId, Kind, Node, NodeKind, ZoneId};
use crate::state::{self, Proof, StateError, View};

/// What lies in a folder, or one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FolderListing {
    /// Names from the top, as iCloud has them, joined by `/`; empty for the top.
    pub path: String,
    /// Folders first, then files, by name.
    pub items: Vec<NodeEntry>,
}

/// An item of Drive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeEntry {
    /// Name as iCloud has it.
    pub name: String,
    /// `folder`, `library` or `file`.
    pub kind: NodeKind,
    /// Whether items may lie in it.
    #[serde(skip)]
    pub is_folder: bool,
    /// `docwsid`.
    pub id: String,
    /// Bytes: as they are on disk, otherwise as iCloud lists them.
    pub size: Option<u64>,
    /// When its content changed.
    pub modified: Option<Timestamp>,
    /// Whether it is shared, or lies in something that is.
    pub shared: bool,
    /// Where it is below the destination, once this version of it is there.
    pub path: Option<String>,
    /// `proven`, `size-only`, `disputed`; absent while it is not on disk.
    pub proof: Option<&'static str>,
}

/// What lies in the folder that a path names, or the file; `None` when there is no such thing.
pub fn folder(view: &View, path: &str) -> Result<Option<FolderListing>, StateError> {
    let Some((mut item, mut node)) = top(view)? else { return Ok(None) };
    let mut names = Vec::new();
    for wanted in path.split('/').filter(|name| !name.is_empty()) {
        let wanted: String = wanted.nfc().collect();
        let mut next = None;
        for child in state::children(view, &item)? {
            let Some(found) = state::node(view, &child)? else { continue };
            if found.name.nfc().eq(wanted.chars()) {
                next = Some((child, found));
            }
        }
        let Some(found) = next else { return Ok(None) };
        (item, node) = found;
        names.push(node.name.clone());
    }
    let mut items = Vec::new();
    if node.kind.holds_items() {
        for child in state::children(view, &item)? {
            if let Some(found) = state::node(view, &child)? {
                items.push(entry(view, &child, found)?);
            }
        }
    } else {
        items.push(entry(view, &item, node)?);
    }
    items.sort_by(|one, other| (!one.is_folder, &one.name).cmp(&(!other.is_folder, &other.name)));
    Ok(Some(FolderListing { path: names.join("/"), items }))
}

fn top(view: &View) -> Result<Option<(ItemId, Node)>, StateError> {
    let known = ZoneId::drive("com.apple.CloudDocs", None);
    let zones = state::zones(view)?;
    let Some((zone, _)) = zones.into_iter().find(|(_, row)| row.id == known) else { return Ok(None) };
    let item = ItemId { zone, record: "root".to_owned() };
    Ok(state::node(view, &item)?.map(|node| (item, node)))
}

fn entry(view: &View, item: &ItemId, node: Node) -> Result<NodeEntry, StateError> {
    let placement = state::placement(view, item)?;
    let placed = placement.as_ref().and_then(|placement| {
        let file = placement.file(Kind::File)?;
        let is_this = file.is_in_place() && file.tag.as_deref() == Some(node.content_tag());
        is_this.then(|| (placement.path(&file.name), file.size, file.proof))
    });
    let folder = placement.as_ref().filter(|_| node.kind.holds_items());
    let folder = folder.map(|placement| placement.path(&placement.stem));
    Ok(NodeEntry {
        kind: node.kind,
        is_folder: node.kind.holds_items(),
        id: item.record.clone(),
        size: placed.as_ref().map(|(_, size, _)| *size).or(node.size),
        modified: node.modified_ms.and_then(|ms| Timestamp::from_millisecond(ms).ok()),
        shared: state::share_of(view, item)?.is_some(),
        proof: placed.as_ref().and_then(|(.., proof)| proof.as_ref().map(word)),
        path: placed.map(|(path, ..)| path).or(folder),
        name: node.name,
    })
}

fn word(proof: &Proof) -> &'static str {
    match proof {
        Proof::Proven => "proven",
        Proof::SizeOnly { .. } => "size-only",
        Proof::Disputed { .. } => "disputed",
    }
}
