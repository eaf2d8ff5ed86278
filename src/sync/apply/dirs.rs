//! The directories of Drive's folders: each gets its name once and keeps it, as files do, until iCloud calls the folder
//! otherwise or has it elsewhere.
//!
//! In the ledger a folder is a placement without files.

use std::collections::HashMap;

use super::names::Names;
use crate::config::NameRules;
use crate::model::{ItemId, Node, NodeKind};
use crate::state::{self, Placement, StateError, View};
use crate::sync::RunError;
use crate::sync::plan;
use crate::tree::name::{fold, with_mark};
use crate::tree::{FileKind, RelPath, Root};

/// A folder that got another directory than it had.
#[derive(Debug)]
pub(super) struct NewDir {
    pub(super) folder: ItemId,
    pub(super) placement: Placement,
    /// The one that it had.
    pub(super) left: Option<String>,
}

/// Directories of the folders that a batch needs.
#[derive(Debug)]
pub(super) struct Dirs<'a> {
    root: &'a Root,
    rules: NameRules,
    known: HashMap<ItemId, String>,
    /// Those that are new, the outermost first.
    pub(super) new: Vec<NewDir>,
}

/// Path of a folder's directory by its row in the ledger; `None` when that is the row of a file.
pub(super) fn dir_of(placement: &Placement) -> Option<String> {
    placement.files.is_empty().then(|| placement.path(&placement.stem))
}

impl<'a> Dirs<'a> {
    pub(super) fn new(root: &'a Root, rules: NameRules) -> Self {
        Self { root, rules, known: HashMap::new(), new: vec![] }
    }

    /// The directory of a folder below the destination; empty for the top. `None` when no name is free for it or for one
    /// above it, or when the way up does not end at the top.
    pub(super) fn path(
        &mut self,
        view: &View,
        names: &mut Names,
        folder: &ItemId,
    ) -> Result<Option<String>, RunError> {
        if let Some(known) = self.known.get(folder) {
            return Ok(Some(known.clone()));
        }
        let Some(own) = state::node(view, folder)? else { return Ok(None) };
        let mut way = vec![(folder.clone(), own)];
        way.extend(state::ancestors(view, folder)?);
        if way.last().is_none_or(|(_, top)| top.parent.is_some()) {
            return Ok(None);
        }
        let mut path = String::new();
        for (item, node) in way.into_iter().rev().skip(1) {
            path = match self.known.get(&item) {
                Some(known) => known.clone(),
                None => match self.assign(view, names, &item, &node, &path)? {
                    Some(path) => path,
                    None => return Ok(None),
                },
            };
        }
        self.known.insert(folder.clone(), path.clone());
        Ok(Some(path))
    }

    fn assign(
        &mut self,
        view: &View,
        names: &mut Names,
        item: &ItemId,
        node: &Node,
        above: &str,
    ) -> Result<Option<String>, RunError> {
        let old = state::placement(view, item)?;
        let base = plan::drive_name(node, self.rules);
        // All libraries have one record name, in zones of their own.
        let id = if node.kind == NodeKind::Library { &node.drivewsid } else { &item.record };
        let marks = plan::stem_marks(id);
        let stems = marks.map(|mark| if mark.is_empty() { base.clone() } else { with_mark(&base, &mark) });
        let had = old.as_ref().and_then(dir_of);
        if let (Some(old), Some(had)) = (&old, &had)
            && old.folder == above
            && stems.contains(&old.stem)
            && names.owner(view, &fold(had))?.as_ref() == Some(item)
        {
            self.known.insert(item.clone(), had.clone());
            return Ok(Some(had.clone()));
        }
        for stem in stems {
            let files = old.as_ref().map(|old| old.files.clone()).unwrap_or_default();
            let placement = Placement { folder: above.to_owned(), stem, files };
            let path = placement.path(&placement.stem);
            if !self.is_free(view, names, item, &path)? {
                continue;
            }
            let left = had.filter(|had| *had != path);
            if let Some(left) = &left {
                names.release(fold(left));
            }
            names.take(fold(&path), item);
            self.known.insert(item.clone(), path.clone());
            self.new.push(NewDir { folder: item.clone(), placement, left });
            return Ok(Some(path));
        }
        Ok(None)
    }

    fn is_free(&self, view: &View, names: &Names, item: &ItemId, path: &str) -> Result<bool, RunError> {
        if names.owner(view, &fold(path))?.is_some_and(|owner| owner != *item) {
            return Ok(false);
        }
        let Ok(path) = RelPath::parse(path) else { return Ok(false) };
        // A directory that is there already, of a lost state or of somebody's, does as well.
        Ok(self.root.stat(&path)?.is_none_or(|facts| facts.kind == FileKind::Dir))
    }
}

impl NewDir {
    /// Its path, and whose it is.
    pub(super) fn made(&self) -> (String, ItemId) {
        (self.placement.path(&self.placement.stem), self.folder.clone())
    }

    /// Writes it down.
    pub(super) fn note(&self, batch: &mut state::Batch<'_>) -> Result<(), StateError> {
        if let Some(left) = &self.left {
            batch.release_path(state::Root::Photos, &fold(left), &self.folder)?;
            batch.leave_dir(left, &self.folder)?;
        }
        let path = self.placement.path(&self.placement.stem);
        batch.take_path(state::Root::Photos, &fold(&path), &self.folder)?;
        batch.put_placement(&self.folder, &self.placement)
    }
}
