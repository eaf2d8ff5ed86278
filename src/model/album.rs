//! Albums, folders and who is in them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// What an album record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AlbumKind {
    /// `albumType` 0, and every type not known otherwise.
    Album,
    /// `albumType` 3: holds albums, never photos.
    Folder,
    /// `albumType` 6: a smart album made on a Mac.
    Smart,
}

/// `CPLAlbum`. Identified by its record name alone: a rename is a rename, not a new album.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Album {
    /// Record name.
    pub record: String,
    /// Raw name; `None` when absent (`icloud_photos_downloader` #150).
    pub name: Option<String>,
    /// Record name of the folder it is in; `None` at root level.
    pub parent: Option<String>,
    /// Album, folder or smart album.
    pub kind: AlbumKind,
    /// `isDeleted`.
    pub deleted: bool,
}

impl Album {
    /// Names from the top, joined by `/`. `known` are the albums and folders of its library; a folder that is not among
    /// them, or a circle of folders, ends the way up.
    #[must_use]
    pub fn path(&self, known: &BTreeMap<&str, &Self>) -> String {
        let name = |album: &Self| album.name.as_deref().unwrap_or(&album.record).replace('/', "_");
        let mut names = vec![name(self)];
        let mut seen = BTreeSet::from([self.record.as_str()]);
        let mut parent = self.parent.as_deref();
        while let Some(folder) = parent.and_then(|record| known.get(record)) {
            if !seen.insert(&folder.record) {
                break;
            }
            names.push(name(folder));
            parent = folder.parent.as_deref();
        }
        names.reverse();
        names.join("/")
    }
}

/// `CPLContainerRelation`: an asset is in an album.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Record name of the album.
    pub album: String,
    /// Record name of the asset, which may live in another zone than the album.
    pub asset: String,
    /// Place in a manually sorted album.
    pub position: i64,
    /// `isDeleted`: the membership was removed.
    pub deleted: bool,
}
