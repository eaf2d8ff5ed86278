//! Changes that can be written down: for the control over HTTP, and to happen in the middle of what a client does.

use super::content::Content;
use super::edit::NewItem;
use super::node::SharedBy;
use super::{Drive, node::ListedSize};
use serde::{Deserialize, Serialize};

/// A change, by the ids of listings. Each is a method of [`Drive`] of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    /// Something new in a folder.
    Add {
        /// The folder.
        parent: String,
        /// What.
        item: NewItem,
    },
    /// The documents of an app.
    AddLibrary {
        /// Its zone.
        zone: String,
        /// Name that people see.
        display_name: String,
    },
    /// An app library that the root does not show, or shows again.
    SetUnlisted {
        /// The library.
        library: String,
        /// Which.
        unlisted: bool,
    },
    /// Other content.
    Edit {
        /// The file.
        file: String,
        /// What it holds from now on.
        content: Content,
    },
    /// Another word of listings on a file's size.
    SetListedSize {
        /// The file.
        file: String,
        /// The word.
        listed_size: ListedSize,
    },
    /// Another full name, as a Mac writes it.
    Rename {
        /// The item.
        item: String,
        /// The name.
        full_name: String,
    },
    /// Another name, exactly as listings shall show it.
    RenameRaw {
        /// The item.
        item: String,
        /// Without the extension.
        name: String,
        /// Without the dot.
        extension: Option<String>,
    },
    /// Two items of one zone change their names.
    SwapNames {
        /// One.
        item: String,
        /// The other.
        other: String,
    },
    /// Into another folder.
    MoveTo {
        /// The item.
        item: String,
        /// The folder.
        folder: String,
    },
    /// Into the trash.
    Trash {
        /// The item.
        item: String,
    },
    /// Out of the trash.
    Restore {
        /// The item.
        item: String,
    },
    /// Away for good.
    Purge {
        /// The item.
        item: String,
    },
    /// A new share.
    Share {
        /// The item.
        item: String,
        /// By whom.
        by: SharedBy,
    },
    /// The end of a share of one's own.
    Unshare {
        /// The item.
        item: String,
    },
    /// Someone looks at a file.
    Open {
        /// The file.
        file: String,
    },
}

/// When a change is to happen, counted from when it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// After so many requests to `retrieveItemDetailsInFolders`; their answers do not show it yet.
    AfterListing(u64),
    /// After so many ids in `download/by_id` and `download/batch`.
    AfterDocument(u64),
}

/// A change that waits for its moment.
#[derive(Debug, Clone)]
pub(super) struct Hook {
    moment: Moment,
    change: Change,
}

impl Drive {
    /// Carries a change out; answers the `drivewsid` of its item afterwards, or why it cannot be done.
    pub fn apply(&mut self, change: Change) -> Result<String, String> {
        match change {
            Change::Add { parent, item } => self.add(&parent, item),
            Change::AddLibrary { zone, display_name } => self.add_library(&zone, &display_name),
            Change::SetUnlisted { library, unlisted } => self.set_unlisted(&library, unlisted),
            Change::Edit { file, content } => self.edit(&file, content),
            Change::SetListedSize { file, listed_size } => self.set_listed_size(&file, listed_size),
            Change::Rename { item, full_name } => self.rename(&item, &full_name),
            Change::RenameRaw { item, name, extension } => {
                self.rename_raw(&item, &name, extension.as_deref())
            }
            Change::SwapNames { item, other } => self.swap_names(&item, &other),
            Change::MoveTo { item, folder } => self.move_to(&item, &folder),
            Change::Trash { item } => self.trash(&item),
            Change::Restore { item } => self.restore(&item),
            Change::Purge { item } => self.purge(&item),
            Change::Share { item, by } => self.share(&item, by),
            Change::Unshare { item } => self.unshare(&item),
            Change::Open { file } => self.open(&file),
        }
    }

    /// Lets a change happen in the middle of what a client does. Several of one moment happen in the order given.
    pub fn later(&mut self, moment: Moment, change: Change) {
        self.hooks.push(Hook { moment, change });
    }

    /// What became of the changes whose moment came: as [`Drive::apply`] answered. They are then forgotten.
    pub fn take_happened(&mut self) -> Vec<Result<String, String>> {
        std::mem::take(&mut self.happened)
    }

    /// A listing was answered.
    pub(super) fn after_listing(&mut self) {
        self.count(|moment| match moment {
            Moment::AfterListing(left) => Some(left),
            Moment::AfterDocument(_) => None,
        });
    }

    /// A document was answered.
    pub(super) fn after_document(&mut self) {
        self.count(|moment| match moment {
            Moment::AfterDocument(left) => Some(left),
            Moment::AfterListing(_) => None,
        });
    }

    fn count(&mut self, meant: impl Fn(&mut Moment) -> Option<&mut u64>) {
        let mut due = Vec::new();
        self.hooks.retain_mut(|hook| match meant(&mut hook.moment) {
            Some(left) if *left <= 1 => {
                due.push(hook.change.clone());
                false
            }
            Some(left) => {
                *left -= 1;
                true
            }
            None => true,
        });
        for change in due {
            let outcome = self.apply(change);
            self.happened.push(outcome);
        }
    }
}
