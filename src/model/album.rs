//! Albums, folders and who is in them.

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
