//! What albums and the entries in them are called on disk.
//!
//! As with photos, the first comer has the plain name and a name once given stays; later ones of the same name carry a
//! part of their record's name. An album is known by its record, so that a rename is a move of its directory.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::naming::short_id;
use crate::model::{Album, ItemId};
use crate::tree::name::{NameRules, fold, legal, split_ext, with_mark, with_suffix};

/// Two folders that Apple lists with the albums and that stand for the root level.
const ROOTS: [&str; 2] = ["----Root-Folder----", "----Project-Root-Folder----"];

/// Albums and folders with their places among each other.
#[derive(Debug, Default)]
pub struct AlbumTree {
    nodes: BTreeMap<ItemId, Node>,
}

#[derive(Debug)]
struct Node {
    /// Raw name; none where there is none.
    name: Option<String>,
    /// `None` at root level.
    parent: Option<ItemId>,
}

/// The name that an album or folder has on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The folder that it is in.
    pub parent: Option<ItemId>,
    /// The name that it asked for.
    pub base: String,
    /// The name that it got.
    pub component: String,
    /// Its directory.
    pub dir: String,
}

/// What lies at the path that an album would get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// Nothing.
    Free,
    /// What an album there would use: a directory, or a playlist.
    Used,
    /// Something else.
    Blocked,
}

/// How names are chosen.
#[derive(Debug, Clone, Copy)]
pub struct Naming {
    /// Which characters names may have.
    pub rules: NameRules,
    /// Whether albums are playlists, and take the names of two files.
    pub lists: bool,
}

impl AlbumTree {
    /// Takes in the albums and folders of a zone; deleted ones are none.
    pub fn add(&mut self, zone: u16, albums: impl IntoIterator<Item = Album>) {
        let living =
            albums.into_iter().filter(|album| !album.deleted && !ROOTS.contains(&album.record.as_str()));
        self.nodes.extend(living.map(|album| {
            let parent = album.parent.map(|record| ItemId { zone, record });
            (ItemId { zone, record: album.record }, Node { name: album.name, parent })
        }));
        self.untangle();
    }

    /// Puts at root level what names a parent that is not there, and every folder of a circle.
    fn untangle(&mut self) {
        let lost: Vec<ItemId> = self
            .nodes
            .iter()
            .filter(|(id, node)| {
                let unknown = node.parent.as_ref().is_some_and(|parent| !self.nodes.contains_key(parent));
                unknown || self.above(id).any(|above| above == *id)
            })
            .map(|(id, _)| id.clone())
            .collect();
        for id in lost {
            if let Some(node) = self.nodes.get_mut(&id) {
                node.parent = None;
            }
        }
    }

    /// The folders above, from the inside. Ends where a folder comes for the second time.
    fn above<'a>(&'a self, id: &'a ItemId) -> impl Iterator<Item = &'a ItemId> {
        let mut seen = BTreeSet::new();
        let next = |id: &ItemId| self.nodes.get(id).and_then(|node| node.parent.as_ref());
        std::iter::successors(next(id), move |id| next(id)).take_while(move |id| seen.insert(*id))
    }

    /// Whether the album or folder is there.
    #[must_use]
    pub fn has(&self, id: &ItemId) -> bool {
        self.nodes.contains_key(id)
    }

    /// The names of its folders and its own, joined by `/`: for patterns and for people.
    #[must_use]
    pub fn path(&self, id: &ItemId) -> String {
        let title = |id: &ItemId| {
            let name = self.nodes.get(id).and_then(|node| node.name.clone()).filter(|name| !name.is_empty());
            name.unwrap_or_else(|| id.record.clone()).replace('/', "_")
        };
        let mut names: Vec<String> = std::iter::once(id).chain(self.above(id)).map(title).collect();
        names.reverse();
        names.join("/")
    }

    /// Names for the wanted albums and the folders that they are in, below the directory `top`. `known` are the names
    /// that albums have; `look` tells what lies at a path.
    pub fn assign<E>(
        &self,
        top: &str,
        naming: Naming,
        wanted: &BTreeSet<ItemId>,
        known: &BTreeMap<ItemId, Named>,
        mut look: impl FnMut(&str) -> Result<Site, E>,
    ) -> Result<BTreeMap<ItemId, Named>, E> {
        let mut children: BTreeMap<Option<&ItemId>, BTreeSet<&ItemId>> = BTreeMap::new();
        for id in wanted.iter().filter(|id| self.has(id)) {
            for id in std::iter::once(id).chain(self.above(id)) {
                let parent = self.nodes.get(id).and_then(|node| node.parent.as_ref());
                children.entry(parent).or_default().insert(id);
            }
        }
        let mut named = BTreeMap::new();
        let mut dirs: VecDeque<(Option<&ItemId>, String)> = VecDeque::from([(None, top.to_owned())]);
        while let Some((parent, dir)) = dirs.pop_front() {
            let Some(siblings) = children.remove(&parent) else { continue };
            let names = self.name_siblings(&dir, naming, parent, &siblings, known, &mut look)?;
            for (id, name) in names {
                dirs.push_back((Some(id), name.dir.clone()));
                named.insert(id.clone(), name);
            }
        }
        Ok(named)
    }

    /// Names for the albums and folders of one folder: those that have one keep it, the others get the first free one.
    fn name_siblings<'a, E>(
        &self,
        dir: &str,
        naming: Naming,
        parent: Option<&ItemId>,
        siblings: &BTreeSet<&'a ItemId>,
        known: &BTreeMap<ItemId, Named>,
        look: &mut impl FnMut(&str) -> Result<Site, E>,
    ) -> Result<Vec<(&'a ItemId, Named)>, E> {
        let (mut taken, mut names, mut new) = (BTreeSet::new(), Vec::new(), Vec::new());
        let give = |base: String, component: String| {
            let dir = format!("{dir}/{component}");
            Named { parent: parent.cloned(), base, component, dir }
        };
        for id in siblings {
            let base = self.base(id, naming.rules);
            match known.get(*id).filter(|known| known.parent.as_ref() == parent && known.base == base) {
                Some(known) if take(&mut taken, &known.component, naming) => {
                    names.push((*id, give(base, known.component.clone())));
                }
                _ => new.push((*id, base)),
            }
        }
        for (id, base) in new {
            let [plain, marked, long] = candidates(&base, &id.record);
            let path = |component: &str| format!("{dir}/{}", on_disk(component, naming));
            // After a lost state an album finds the name again that it had.
            let marked_first = !known.contains_key(id) && look(&path(&marked))? == Site::Used;
            let order = if marked_first { [&marked, &plain, &long] } else { [&plain, &marked, &long] };
            let mut chosen = None;
            for component in order {
                if look(&path(component))? != Site::Blocked && take(&mut taken, component, naming) {
                    chosen = Some(component.clone());
                    break;
                }
            }
            // Where everything is blocked, making the directory will say so.
            names.push((id, give(base, chosen.unwrap_or_else(|| long.clone()))));
        }
        Ok(names)
    }

    /// The name that an album asks for: its own as a disk takes it, or its record's where it has none.
    fn base(&self, id: &ItemId, rules: NameRules) -> String {
        let name = self.nodes.get(id).and_then(|node| node.name.as_deref());
        let name = name.and_then(|name| legal(name, rules)).or_else(|| legal(&id.record, rules));
        name.unwrap_or_else(|| short_id(&id.record, 32))
    }
}

fn candidates(base: &str, record: &str) -> [String; 3] {
    let [_, mark, long] = marks(record);
    [base.to_owned(), with_mark(base, &mark), with_mark(base, &long)]
}

/// What names of a record may carry to tell them from others of the same name, the plain form first.
#[must_use]
pub fn marks(record: &str) -> [String; 3] {
    [String::new(), format!("-{}", short_id(record, 8)), format!("-{}", short_id(record, 32))]
}

/// Takes the names that an album needs among its siblings, if all are free.
fn take(taken: &mut BTreeSet<String>, component: &str, naming: Naming) -> bool {
    let names = if naming.lists { list_names(component).to_vec() } else { vec![] };
    let folded: Vec<String> = names.iter().map(String::as_str).chain([component]).map(fold).collect();
    let free = folded.iter().all(|name| !taken.contains(name));
    if free {
        taken.extend(folded);
    }
    free
}

fn on_disk(component: &str, naming: Naming) -> String {
    if naming.lists { list_names(component)[0].clone() } else { component.to_owned() }
}

/// Names of the two files of a playlist.
#[must_use]
pub fn list_names(component: &str) -> [String; 2] {
    [with_suffix(component, "", "m3u8"), with_suffix(component, "", "json")]
}

/// The name of a photo's file in an album: its own, with a mark where another photo of the album has that.
#[must_use]
pub fn entry_name(file_name: &str, stem: &str, mark: &str) -> String {
    if mark.is_empty() {
        return file_name.to_owned();
    }
    let marked = with_mark(stem, mark);
    if let Some(rest) = file_name.strip_prefix(stem).filter(|rest| marked.len() + rest.len() <= 255) {
        return format!("{marked}{rest}");
    }
    let (stem, extension) = split_ext(file_name);
    with_suffix(&with_mark(stem, mark), "", extension)
}

/// The target of a link in the directory of `path` that leads to `target`, both below the same root.
#[must_use]
pub fn relative(path: &str, target: &str) -> String {
    format!("{}{target}", "../".repeat(path.matches('/').count()))
}
