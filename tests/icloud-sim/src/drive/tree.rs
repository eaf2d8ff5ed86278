//! The tree itself: nodes are put in, moved about and taken out, and every change takes its tags.

use super::content::Content;
use super::node::{At, Kind, ListedSize, Node, Zone};
use super::quirks::Carry;
use super::{CLOUD_DOCS, Drive, ROOT_AT, TRASH};
use crate::noise;

/// What a change did to the folders above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// Their totals changed.
    Totals,
    /// Only something below looks different.
    Looks,
}

impl Drive {
    pub(super) fn plant_root(&mut self) {
        let zone = self.zone_named(CLOUD_DOCS);
        let root = self.node(zone, "root".to_owned(), Kind::Folder, String::new());
        self.insert(root);
    }

    /// The place of a zone, which is made when there is none.
    pub(super) fn zone_named(&mut self, name: &str) -> usize {
        self.zones.iter().position(|zone| zone.name == name).unwrap_or_else(|| {
            self.zones.push(Zone { name: name.to_owned(), counter: 96 });
            self.zones.len() - 1
        })
    }

    pub(super) fn node(&self, zone: usize, docwsid: String, kind: Kind, name: String) -> Node {
        let now_ms = self.now_ms.div_euclid(1000) * 1000;
        Node {
            zone,
            docwsid,
            kind,
            parent: None,
            children: Vec::new(),
            name,
            extension: None,
            hidden_extension: false,
            content: Content::from(""),
            listed_size: ListedSize::Usual,
            created_ms: now_ms,
            modified_ms: now_ms,
            changed_ms: now_ms,
            opened_ms: now_ms,
            structure: 0,
            content_tag: 0,
            share: None,
            trashed: None,
            gone: false,
            unlisted: false,
            files: 0,
            quota: 0,
        }
    }

    /// A new document id: a UUID in upper case.
    pub(super) fn new_id(&mut self) -> String {
        noise::uuid_text(noise::uuid(self.draw()))
    }

    /// Puts a node among the others, in no folder yet, with its first tags.
    pub(super) fn insert(&mut self, mut node: Node) -> At {
        if !node.kind.is_folder() {
            node.content_tag = self.next_tag(node.zone);
            node.files = 1;
            node.quota = node.content.len();
        }
        node.structure = self.next_tag(node.zone);
        let at = self.nodes.len();
        self.by_id.insert((node.zone, node.docwsid.clone()), at);
        self.nodes.push(node);
        at
    }

    pub(super) fn next_tag(&mut self, zone: usize) -> u64 {
        self.zones[zone].counter += 1;
        self.zones[zone].counter
    }

    /// Puts a node into a folder.
    pub(super) fn attach(&mut self, at: At, parent: At) {
        self.nodes[parent].children.push(at);
        self.nodes[at].parent = Some(parent);
        let (files, quota) = (self.nodes[at].files, self.nodes[at].quota);
        for above in self.above(at) {
            self.nodes[above].files += files;
            self.nodes[above].quota += quota;
        }
    }

    /// Takes a node out of its folder.
    pub(super) fn detach(&mut self, at: At) {
        let (files, quota) = (self.nodes[at].files, self.nodes[at].quota);
        for above in self.above(at) {
            self.nodes[above].files -= files;
            self.nodes[above].quota -= quota;
        }
        if let Some(parent) = self.nodes[at].parent.take() {
            self.nodes[parent].children.retain(|child| *child != at);
        }
    }

    /// The folders above a node, the nearest first.
    pub(super) fn above(&self, at: At) -> Vec<At> {
        std::iter::successors(self.nodes[at].parent, |above| self.nodes[*above].parent).collect()
    }

    /// A node and everything below it, parents first.
    pub(super) fn below(&self, at: At) -> Vec<At> {
        let mut found = vec![at];
        let mut next = 0;
        while let Some(at) = found.get(next).copied() {
            found.extend(&self.nodes[at].children);
            next += 1;
        }
        found
    }

    /// The structure of a node changed: its tag moves, and those of the folders above as the carry says.
    pub(super) fn touch(&mut self, at: At, weight: Weight) {
        let zone = self.nodes[at].zone;
        self.nodes[at].structure = self.next_tag(zone);
        self.nodes[at].changed_ms = self.now_ms.div_euclid(1000) * 1000;
        self.carry(self.nodes[at].parent, zone, weight);
    }

    /// Moves the tags of a folder and of those above it, within their zone.
    pub(super) fn carry(&mut self, from: Option<At>, zone: usize, weight: Weight) {
        let moves = match self.quirks.carry {
            Carry::None => false,
            Carry::ContentOnly => weight == Weight::Totals,
            Carry::All => true,
        };
        let mut next = from.filter(|_| moves);
        while let Some(at) = next.filter(|at| self.nodes[*at].zone == zone) {
            self.nodes[at].structure = self.next_tag(zone);
            next = self.nodes[at].parent;
        }
    }

    /// Deletes a detached node and all below it for good.
    pub(super) fn bury(&mut self, at: At) {
        self.bin.retain(|binned| *binned != at);
        for at in self.below(at) {
            let node = &mut self.nodes[at];
            node.gone = true;
            let key = (node.zone, node.docwsid.clone());
            self.by_id.remove(&key);
        }
    }

    /// The living node of a `drivewsid`, which must be spelled as listings spell it.
    pub(super) fn find_id(&self, drivewsid: &str) -> Option<At> {
        let (_, rest) = drivewsid.split_once("::")?;
        let (zone, docwsid) = rest.split_once("::")?;
        let at = self.find_document(zone, docwsid)?;
        (self.drivewsid(at) == drivewsid).then_some(at)
    }

    /// The living node of a document id in a zone.
    pub(super) fn find_document(&self, zone: &str, docwsid: &str) -> Option<At> {
        let zone = self.zones.iter().position(|known| known.name == zone)?;
        self.by_id.get(&(zone, docwsid.to_owned())).copied()
    }

    /// `TYPE::zone::docwsid`.
    pub(super) fn drivewsid(&self, at: At) -> String {
        let node = &self.nodes[at];
        let folder = node.kind.is_folder();
        let prefix = match &node.kind {
            Kind::Other { kind, folder: false } => kind.as_str(),
            _ if node.share.is_some() && folder => "SHARED_FOLDER",
            _ if node.share.is_some() => "FILE",
            _ if self.share_of(at).is_some() && folder => "FOLDER_IN_SHARED_FOLDER",
            _ if self.share_of(at).is_some() => "FILE_IN_SHARED_FOLDER",
            _ if folder => "FOLDER",
            _ => "FILE",
        };
        format!("{prefix}::{}::{}", self.zones[node.zone].name, node.docwsid)
    }

    /// The top item of the share that a node belongs to.
    pub(super) fn share_of(&self, at: At) -> Option<At> {
        std::iter::successors(Some(at), |above| self.nodes[*above].parent)
            .find(|above| self.nodes[*above].share.is_some())
    }

    /// Whether a node is in the trash, by itself or with a folder above it.
    pub(super) fn is_trashed(&self, at: At) -> bool {
        std::iter::successors(Some(at), |above| self.nodes[*above].parent)
            .any(|above| self.nodes[above].trashed.is_some())
    }

    /// `parentId` as listings show it; none for the root.
    pub(super) fn parent_id(&self, at: At) -> Option<String> {
        if self.nodes[at].trashed.is_some() {
            return Some(TRASH.to_owned());
        }
        self.nodes[at].parent.map(|parent| self.drivewsid(parent))
    }

    /// Full names from below the root down to a node.
    pub(super) fn path(&self, at: At) -> Vec<String> {
        let mut names: Vec<String> = std::iter::successors(Some(at), |above| self.nodes[*above].parent)
            .filter(|above| *above != ROOT_AT)
            .map(|above| self.nodes[above].full_name())
            .collect();
        names.reverse();
        names
    }
}
