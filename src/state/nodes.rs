//! The catalog of Drive: items as iCloud last listed them, and who lies in which folder.
//!
//! A write that changes what lies on disk marks the item in the same transaction, and with a folder all that is below it,
//! whose paths are others now. The index of a folder has what is there; what is gone keeps its row alone.

use std::collections::BTreeSet;

use redb::ReadableTable as _;

use super::StateError;
use super::catalog::Change;
use super::key::{after, name, pack};
use super::row::{decode, encode};
use super::tables::{Batch, Tables};
use crate::model::{ItemId, Node, NodeKind, Share};

/// The item of Drive, if known.
pub fn node(tables: &impl Tables, item: &ItemId) -> Result<Option<Node>, StateError> {
    let row = tables.nodes().get((item.zone, pack(&item.record).as_slice()))?;
    row.map(|row| read(item.record.clone(), row.value())).transpose()
}

/// Up to `limit` items of Drive that come after `last`, by zone and name; those that are gone included.
pub fn nodes_after(
    tables: &impl Tables,
    last: Option<&ItemId>,
    limit: usize,
) -> Result<Vec<(ItemId, Node)>, StateError> {
    let (zone, from) = after(last);
    let mut nodes = Vec::new();
    for entry in tables.nodes().range((zone, from.as_slice())..)?.take(limit) {
        let (key, row) = entry?;
        let (zone, record) = key.value();
        let record = name("nodes", record)?;
        nodes.push((ItemId { zone, record: record.clone() }, read(record, row.value())?));
    }
    Ok(nodes)
}

/// What lies directly in a folder. What is gone is not among it.
pub fn children(tables: &impl Tables, folder: &ItemId) -> Result<Vec<ItemId>, StateError> {
    let parent = pack(&folder.record);
    let mut children = Vec::new();
    for entry in tables.children().range((folder.zone, parent.as_slice(), [].as_slice())..)? {
        let (key, _) = entry?;
        let (zone, of, child) = key.value();
        if zone != folder.zone || of != parent {
            break;
        }
        children.push(child_of(child)?);
    }
    Ok(children)
}

/// The folders that an item lies in, the nearest first, up to the root or to one that is not known. A circle, which a listing
/// in the middle of moves can show, ends the way up.
pub fn ancestors(tables: &impl Tables, item: &ItemId) -> Result<Vec<(ItemId, Node)>, StateError> {
    let mut seen = BTreeSet::from([item.clone()]);
    let mut above = Vec::new();
    let mut next = node(tables, item)?.and_then(|node| node.parent);
    while let Some(folder) = next.take().filter(|folder| seen.insert(folder.clone())) {
        let Some(node) = node(tables, &folder)? else { break };
        next.clone_from(&node.parent);
        above.push((folder, node));
    }
    Ok(above)
}

/// Whether an item of Drive is not in iCloud any more: itself, or a folder that it lies in. `false` when nothing is known of
/// it.
pub fn is_node_gone(tables: &impl Tables, item: &ItemId) -> Result<bool, StateError> {
    let Some(node) = node(tables, item)? else { return Ok(false) };
    Ok(node.gone || ancestors(tables, item)?.iter().any(|(_, folder)| folder.gone))
}

/// The share that an item is in: its own, or that of the nearest folder which has one.
pub fn share_of(tables: &impl Tables, item: &ItemId) -> Result<Option<Share>, StateError> {
    if let Some(own) = node(tables, item)?.and_then(|node| node.share) {
        return Ok(Some(own));
    }
    Ok(ancestors(tables, item)?.into_iter().find_map(|(_, node)| node.share))
}

impl Batch<'_> {
    /// Takes over an item of Drive under `item`, whose record name goes before that of `node`. What iCloud showed is no
    /// longer missing from a listing. Whether it is a package stays as known when `node` does not tell.
    ///
    /// [`Change::Same`] when nothing changed that files on disk follow; the row is taken over all the same.
    pub fn put_node(&mut self, item: &ItemId, node: Node) -> Result<Change, StateError> {
        let old = self::node(self, item)?;
        self.found(item)?;
        if old.is_none() && node.gone {
            // It came and went unseen.
            return Ok(Change::Same);
        }
        let package = match &old {
            Some(old) if node.kind == NodeKind::File && old.kind == node.kind => node.package.or(old.package),
            _ => node.package,
        };
        let node = Node { record: item.record.clone(), package, ..node };
        if old.as_ref() == Some(&node) {
            return Ok(Change::Same);
        }
        self.index(item, old.as_ref(), &node)?;
        let row = encode("nodes", &Node { record: String::new(), ..node.clone() })?;
        self.nodes.insert((item.zone, pack(&item.record).as_slice()), row.as_slice())?;
        let Some(old) = old else {
            self.mark(item)?;
            self.mark_below(item)?;
            return Ok(Change::New);
        };
        if !old.differs_on_disk(&node) {
            return Ok(Change::Same);
        }
        self.mark(item)?;
        if old.moves_what_is_below(&node) {
            self.mark_below(item)?;
        }
        Ok(match (old.gone, node.gone) {
            (true, false) => Change::New,
            (false, true) => Change::Left,
            (false, false) => Change::Changed,
            (true, true) => Change::Same,
        })
    }

    /// Notes that an item of Drive is not there any more. Its row stays, so that it is known when it comes back.
    pub fn put_node_gone(&mut self, item: &ItemId) -> Result<Change, StateError> {
        if let Some(node) = node(self, item)? {
            return self.put_node(item, Node { gone: true, ..node });
        }
        self.found(item)?;
        Ok(Change::Same)
    }

    /// Notes what a download answer said of a file. It is marked when that is news.
    pub fn set_package(&mut self, item: &ItemId, package: bool) -> Result<(), StateError> {
        let Some(node) = node(self, item)?.filter(|node| node.package != Some(package)) else {
            return Ok(());
        };
        let row = encode("nodes", &Node { record: String::new(), package: Some(package), ..node })?;
        self.nodes.insert((item.zone, pack(&item.record).as_slice()), row.as_slice())?;
        self.mark(item)
    }

    /// Marks everything below a folder, however deep.
    fn mark_below(&mut self, folder: &ItemId) -> Result<(), StateError> {
        let mut seen = BTreeSet::from([folder.clone()]);
        let mut folders = vec![folder.clone()];
        while let Some(folder) = folders.pop() {
            for child in children(self, &folder)? {
                // A folder that lies in itself is not walked for ever.
                if !seen.contains(&child) {
                    self.mark(&child)?;
                    if self.has_children(&child)? {
                        seen.insert(child.clone());
                        folders.push(child);
                    }
                }
            }
        }
        Ok(())
    }

    fn has_children(&self, item: &ItemId) -> Result<bool, StateError> {
        let parent = pack(&item.record);
        let next = self.children.range((item.zone, parent.as_slice(), [].as_slice())..)?.next();
        let Some(entry) = next else { return Ok(false) };
        let (key, _) = entry?;
        let (zone, of, _) = key.value();
        Ok(zone == item.zone && of == parent)
    }

    /// Keeps the index of folders in step.
    fn index(&mut self, item: &ItemId, old: Option<&Node>, new: &Node) -> Result<(), StateError> {
        let place = |node: &Node| node.parent.clone().filter(|_| !node.gone);
        let (before, now) = (old.and_then(place), place(new));
        if before == now {
            return Ok(());
        }
        let child = child_key(item);
        if let Some(folder) = before {
            self.children.remove((folder.zone, pack(&folder.record).as_slice(), child.as_slice()))?;
        }
        if let Some(folder) = now {
            self.children.insert((folder.zone, pack(&folder.record).as_slice(), child.as_slice()), ())?;
        }
        Ok(())
    }
}

/// An item in the index of its folder, which may be of another zone.
fn child_key(item: &ItemId) -> Vec<u8> {
    [&item.zone.to_le_bytes()[..], &pack(&item.record)].concat()
}

fn child_of(key: &[u8]) -> Result<ItemId, StateError> {
    let (zone, record) = key
        .split_first_chunk()
        .ok_or_else(|| StateError::Row { table: "children", why: "a key is no item".into() })?;
    Ok(ItemId { zone: u16::from_le_bytes(*zone), record: name("children", record)? })
}

/// The record name is in the key; the row leaves it out.
fn read(record: String, row: &[u8]) -> Result<Node, StateError> {
    Ok(Node { record, ..decode("nodes", row)? })
}

#[cfg(test)]
mod tests;
