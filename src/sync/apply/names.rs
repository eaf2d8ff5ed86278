//! Who has which path, as far as a batch that is being planned has changed that.

use std::collections::{HashMap, HashSet};

use crate::model::ItemId;
use crate::state::{self, StateError, View};

/// Folded paths that a batch takes and gives free.
#[derive(Debug, Default)]
pub(super) struct Names {
    taken: HashMap<String, ItemId>,
    released: HashSet<String>,
}

impl Names {
    /// The item that a path belongs to.
    pub(super) fn owner(&self, view: &View, folded: &str) -> Result<Option<ItemId>, StateError> {
        match self.taken.get(folded) {
            Some(owner) => Ok(Some(owner.clone())),
            None if self.released.contains(folded) => Ok(None),
            None => state::owner(view, state::Root::Photos, folded),
        }
    }

    /// A path is an item's from now on.
    pub(super) fn take(&mut self, folded: String, item: &ItemId) {
        self.taken.insert(folded, item.clone());
    }

    /// A path is nobody's from now on.
    pub(super) fn release(&mut self, folded: String) {
        self.taken.remove(&folded);
        self.released.insert(folded);
    }
}
