//! What a person does with a drive. Each answers the `drivewsid` of the item afterwards, or why it cannot be done.

use super::content::Content;
use super::node::{At, Kind, ListedSize, Node, Share, SharedBy, Trashed, split};
use super::tree::Weight;
use super::{CLOUD_DOCS, Drive, ROOT, ROOT_AT};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

/// Something to be put into a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewItem {
    /// What it is.
    pub kind: Kind,
    /// Name as listed, without the extension.
    pub name: String,
    /// Extension as listed.
    pub extension: Option<String>,
    /// `hiddenExtension`.
    pub hidden_extension: bool,
    /// Of a file.
    pub content: Content,
    /// What listings say of its size.
    pub listed_size: ListedSize,
    /// Milliseconds since 1970 UTC; none is now. Listings show whole seconds.
    pub created_ms: Option<i64>,
    /// As `created_ms`.
    pub modified_ms: Option<i64>,
}

impl Default for NewItem {
    fn default() -> NewItem {
        NewItem::raw(Kind::File, "", "")
    }
}

impl NewItem {
    /// A file by its full name; a Mac decomposes it and takes the extension off.
    pub fn file(full_name: &str, content: impl Into<Content>) -> NewItem {
        let (name, extension) = split(&decomposed(full_name));
        NewItem { extension, ..NewItem::raw(Kind::File, &name, content) }
    }

    /// A folder by its name, which a Mac decomposes.
    pub fn folder(name: &str) -> NewItem {
        NewItem::raw(Kind::Folder, &decomposed(name), "")
    }

    /// Anything, with the name exactly as listings shall show it and no extension.
    pub fn raw(kind: Kind, name: &str, content: impl Into<Content>) -> NewItem {
        NewItem {
            kind,
            name: name.to_owned(),
            extension: None,
            hidden_extension: false,
            content: content.into(),
            listed_size: ListedSize::Usual,
            created_ms: None,
            modified_ms: None,
        }
    }

    /// The same with this extension, as listings shall show it.
    #[must_use]
    pub fn extension(self, extension: &str) -> NewItem {
        NewItem { extension: Some(extension.to_owned()), ..self }
    }

    /// The same with these times, milliseconds since 1970 UTC.
    #[must_use]
    pub fn dated(self, created_ms: i64, modified_ms: i64) -> NewItem {
        NewItem { created_ms: Some(created_ms), modified_ms: Some(modified_ms), ..self }
    }

    /// The same with another word on its size.
    #[must_use]
    pub fn listed(self, listed_size: ListedSize) -> NewItem {
        NewItem { listed_size, ..self }
    }
}

impl Drive {
    /// A new folder.
    pub fn add_folder(&mut self, parent: &str, name: &str) -> Result<String, String> {
        self.add(parent, NewItem::folder(name))
    }

    /// A new file, by its full name.
    pub fn add_file(
        &mut self,
        parent: &str,
        full_name: &str,
        content: impl Into<Content>,
    ) -> Result<String, String> {
        self.add(parent, NewItem::file(full_name, content))
    }

    /// Something new in a folder.
    pub fn add(&mut self, parent: &str, item: NewItem) -> Result<String, String> {
        let parent = self.folder(parent)?;
        if item.kind == Kind::AppLibrary {
            return Err("An app library has a zone of its own: add_library".to_owned());
        }
        let docwsid = self.new_id();
        let mut node = self.node(self.nodes[parent].zone, docwsid, item.kind, item.name);
        let whole = |ms: i64| ms.div_euclid(1000) * 1000;
        node.extension = item.extension;
        node.hidden_extension = item.hidden_extension;
        node.content = item.content;
        node.listed_size = item.listed_size;
        node.created_ms = item.created_ms.map_or(node.created_ms, whole);
        node.modified_ms = item.modified_ms.map_or(node.modified_ms, whole);
        let at = self.insert(node);
        self.attach(at, parent);
        self.carry(Some(parent), self.nodes[at].zone, self.weight_of(at));
        Ok(self.drivewsid(at))
    }

    /// The documents of an app, in the root; `zone` as in `com.apple.Keynote` or `iCloud.md.obsidian`.
    pub fn add_library(&mut self, zone: &str, display_name: &str) -> Result<String, String> {
        if zone == CLOUD_DOCS || self.find_document(zone, "documents").is_some() {
            return Err(format!("There is a library of the zone {zone}"));
        }
        let zone = self.zone_named(zone);
        let node = self.node(zone, "documents".to_owned(), Kind::AppLibrary, display_name.to_owned());
        let at = self.insert(node);
        self.attach(at, ROOT_AT);
        Ok(self.drivewsid(at))
    }

    /// Shows an app library in the root, or only in `retrieveAppLibraries`.
    pub fn set_unlisted(&mut self, library: &str, unlisted: bool) -> Result<String, String> {
        let at = self.at(library)?;
        if self.nodes[at].kind != Kind::AppLibrary {
            return Err(format!("{library} is no app library"));
        }
        self.nodes[at].unlisted = unlisted;
        Ok(self.drivewsid(at))
    }

    /// Other content for a file, from now on modified now.
    pub fn edit(&mut self, file: &str, content: impl Into<Content>) -> Result<String, String> {
        let at = self.at(file)?;
        if self.nodes[at].kind.is_folder() {
            return Err(format!("{file} is a folder"));
        }
        let (content, zone) = (content.into(), self.nodes[at].zone);
        let (before, after) = (self.nodes[at].quota, content.len());
        self.nodes[at].content = content;
        self.nodes[at].quota = after;
        for above in self.above(at) {
            self.nodes[above].quota = self.nodes[above].quota + after - before;
        }
        self.nodes[at].content_tag = self.next_tag(zone);
        self.nodes[at].modified_ms = self.now_ms.div_euclid(1000) * 1000;
        self.touch(at, if before == after { Weight::Looks } else { Weight::Totals });
        Ok(self.drivewsid(at))
    }

    /// Another full name, decomposed as a Mac does.
    pub fn rename(&mut self, item: &str, full_name: &str) -> Result<String, String> {
        let at = self.at(item)?;
        let full_name = decomposed(full_name);
        let (name, extension) =
            if self.nodes[at].kind.is_folder() { (full_name, None) } else { split(&full_name) };
        self.rename_raw(item, &name, extension.as_deref())
    }

    /// Another name and extension, exactly as listings shall show them.
    pub fn rename_raw(&mut self, item: &str, name: &str, extension: Option<&str>) -> Result<String, String> {
        let at = self.at(item)?;
        if item == ROOT || self.is_trashed(at) {
            return Err(format!("{item} keeps its name"));
        }
        name.clone_into(&mut self.nodes[at].name);
        self.nodes[at].extension = extension.map(str::to_owned);
        self.touch(at, Weight::Looks);
        Ok(self.drivewsid(at))
    }

    /// Two items of one zone change their names; so files swap places without a byte being written.
    pub fn swap_names(&mut self, item: &str, other: &str) -> Result<String, String> {
        let (at, with) = (self.movable(item)?, self.movable(other)?);
        if self.nodes[at].zone != self.nodes[with].zone || at == with {
            return Err(format!("{item} and {other} cannot change names"));
        }
        let name = |node: &Node| (node.name.clone(), node.extension.clone());
        let (one, two) = (name(&self.nodes[at]), name(&self.nodes[with]));
        (self.nodes[at].name, self.nodes[at].extension) = two;
        (self.nodes[with].name, self.nodes[with].extension) = one;
        self.touch(at, Weight::Looks);
        self.touch(with, Weight::Looks);
        Ok(self.drivewsid(at))
    }

    /// Another word of listings on a file's size; no tag moves.
    pub fn set_listed_size(&mut self, file: &str, listed_size: ListedSize) -> Result<String, String> {
        let at = self.at(file)?;
        self.nodes[at].listed_size = listed_size;
        Ok(self.drivewsid(at))
    }

    /// Into another folder. Between zones a new document is made of each item and the old one is gone (drive.md 3).
    pub fn move_to(&mut self, item: &str, folder: &str) -> Result<String, String> {
        let (at, to) = (self.movable(item)?, self.folder(folder)?);
        if self.below(at).contains(&to) {
            return Err(format!("{folder} lies in {item}"));
        }
        if self.nodes[at].zone != self.nodes[to].zone {
            return self.move_between_zones(at, to);
        }
        let (zone, from) = (self.nodes[at].zone, self.nodes[at].parent);
        self.detach(at);
        self.attach(at, to);
        self.carry(from, zone, Weight::Looks);
        self.touch(at, Weight::Looks);
        Ok(self.drivewsid(at))
    }

    fn move_between_zones(&mut self, at: At, to: At) -> Result<String, String> {
        let (zone, from, weight) = (self.nodes[at].zone, self.nodes[at].parent, self.weight_of(at));
        if self.below(at).iter().any(|below| self.nodes[*below].zone != zone) {
            return Err("It holds something of another zone".to_owned());
        }
        self.detach(at);
        let copy = self.copy_into(at, to);
        self.bury(at);
        self.carry(from, zone, weight);
        self.carry(Some(to), self.nodes[to].zone, weight);
        Ok(self.drivewsid(copy))
    }

    /// New documents for a node and all below it, in the zone of the folder that they go to.
    fn copy_into(&mut self, at: At, to: At) -> At {
        let mut node = self.nodes[at].clone();
        let children = std::mem::take(&mut node.children);
        node.zone = self.nodes[to].zone;
        node.docwsid = self.new_id();
        (node.parent, node.files, node.quota) = (None, 0, 0);
        let copy = self.insert(node);
        self.attach(copy, to);
        for child in children {
            self.copy_into(child, copy);
        }
        copy
    }

    /// Into the trash.
    pub fn trash(&mut self, item: &str) -> Result<String, String> {
        let at = self.movable(item)?;
        let (zone, weight) = (self.nodes[at].zone, self.weight_of(at));
        let from = self.nodes[at].parent.unwrap_or(ROOT_AT);
        self.detach(at);
        self.nodes[at].trashed = Some(Trashed { since_ms: self.now_ms.div_euclid(1000) * 1000, from });
        self.bin.push(at);
        self.carry(Some(from), zone, weight);
        self.touch(at, Weight::Looks);
        Ok(self.drivewsid(at))
    }

    /// Out of the trash, to where it was; to the root when that is gone.
    pub fn restore(&mut self, item: &str) -> Result<String, String> {
        let at = self.at(item)?;
        let Some(trashed) = self.nodes[at].trashed.take() else {
            return Err(format!("{item} is not in the trash"));
        };
        let home = self.nodes[trashed.from].gone || self.is_trashed(trashed.from);
        let top = self.library_of(at).unwrap_or(ROOT_AT);
        self.bin.retain(|binned| *binned != at);
        self.attach(at, if home { top } else { trashed.from });
        self.touch(at, self.weight_of(at));
        Ok(self.drivewsid(at))
    }

    /// Deletes for good, from the trash or right away.
    pub fn purge(&mut self, item: &str) -> Result<String, String> {
        let at = self.at(item)?;
        if self.nodes[at].docwsid == "root" {
            return Err("The root cannot be deleted".to_owned());
        }
        let (id, from, weight) = (self.drivewsid(at), self.nodes[at].parent, self.weight_of(at));
        let zone = self.nodes[at].zone;
        self.detach(at);
        self.bury(at);
        self.carry(from, zone, weight);
        Ok(id)
    }

    /// Shares a folder or file; its `drivewsid` changes with it.
    pub fn share(&mut self, item: &str, by: SharedBy) -> Result<String, String> {
        let at = self.movable(item)?;
        if self.share_of(at).is_some() || self.below(at).iter().any(|at| self.nodes[*at].share.is_some()) {
            return Err(format!("{item} is part of a share"));
        }
        let salt = self.draw();
        self.nodes[at].share = Some(Share { by, salt });
        self.touch(at, Weight::Looks);
        Ok(self.drivewsid(at))
    }

    /// Ends a share of one's own; one of somebody else vanishes with [`Drive::purge`].
    pub fn unshare(&mut self, item: &str) -> Result<String, String> {
        let at = self.at(item)?;
        self.nodes[at].share.take().ok_or_else(|| format!("{item} is not shared"))?;
        self.touch(at, Weight::Looks);
        Ok(self.drivewsid(at))
    }

    /// Someone opens a file: only its times and the first half of its etag change.
    pub fn open(&mut self, file: &str) -> Result<String, String> {
        let at = self.at(file)?;
        self.nodes[at].opened_ms = self.now_ms.div_euclid(1000) * 1000;
        let zone = self.nodes[at].zone;
        self.nodes[at].structure = self.next_tag(zone);
        Ok(self.drivewsid(at))
    }

    /// The item at a path of full names from the root, compared as they are listed and in NFC alike.
    pub fn find(&self, path: &[&str]) -> Option<String> {
        let mut at = ROOT_AT;
        for name in path {
            let children = self.nodes[at].children.iter().copied();
            let wanted: String = name.nfc().collect();
            let full = |at: At| self.nodes[at].full_name();
            at = children
                .clone()
                .find(|child| full(*child) == *name)
                .or_else(|| children.clone().find(|child| full(*child).nfc().eq(wanted.chars())))?;
        }
        Some(self.drivewsid(at))
    }

    pub(super) fn at(&self, drivewsid: &str) -> Result<At, String> {
        self.find_id(drivewsid).ok_or_else(|| format!("There is no {drivewsid}"))
    }

    /// An item that may be moved, shared and thrown away.
    fn movable(&self, drivewsid: &str) -> Result<At, String> {
        let at = self.at(drivewsid)?;
        let fixed = drivewsid == ROOT || self.nodes[at].kind == Kind::AppLibrary || self.is_trashed(at);
        if fixed { Err(format!("{drivewsid} stays where it is")) } else { Ok(at) }
    }

    fn folder(&self, drivewsid: &str) -> Result<At, String> {
        let at = self.at(drivewsid)?;
        let open = self.nodes[at].kind.is_folder() && !self.is_trashed(at);
        if open { Ok(at) } else { Err(format!("{drivewsid} takes nothing in")) }
    }

    fn library_of(&self, at: At) -> Option<At> {
        self.find_document(&self.zones[self.nodes[at].zone].name, "documents")
    }

    /// Whether a node counts in the totals of the folders above.
    fn weight_of(&self, at: At) -> Weight {
        if self.nodes[at].files == 0 { Weight::Looks } else { Weight::Totals }
    }
}

fn decomposed(name: &str) -> String {
    name.nfd().collect()
}
