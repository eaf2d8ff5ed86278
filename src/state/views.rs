//! What the album views on disk consist of: the directories of albums, and the entries in them.
//!
//! An album's own row has the empty name in the place of the asset, so that it comes before its entries.

use redb::ReadableTable as _;
use serde::{Deserialize, Serialize};

use super::StateError;
use super::key::{name, pack};
use super::row::{decode, encode};
use super::tables::{Batch, Tables};
use crate::model::{Checksum, ItemId, Kind};

/// What stands for the album itself in the place of an asset.
pub(super) const ITSELF: &str = "";

/// How a file of an entry was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// Another name of the photo's file.
    Hardlink,
    /// A link that names the path of the photo's file.
    Symlink,
    /// A file of its own with the same content.
    Copy,
    /// A file of its own that shares its blocks with the photo's file.
    Reflink,
}

/// A file of an entry. It is noted before it is made, so that a crash leaves nothing that larder does not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Where it is, below the destination.
    pub path: String,
    /// What it is for the photo.
    pub kind: Kind,
    /// How it is made.
    pub form: Form,
    /// Path of the photo's file that it shows.
    pub source: String,
    /// Apple's checksum of the content.
    pub checksum: Checksum,
    /// Own SHA-256 of the content, where Apple's checksum does not prove it.
    pub sha256: Option<[u8; 32]>,
    /// Bytes.
    pub size: u64,
    /// Modification time of the photo's file, milliseconds since 1970.
    pub mtime_ms: Option<i64>,
    /// Whether it is known to be there.
    pub done: bool,
}

/// A photo as an album shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewEntry {
    /// What its file names carry beside the photo's own, because another photo of the album has those.
    pub mark: String,
    /// Its files: those that are to be there, and those that have not left yet. None in a playlist.
    pub files: Vec<Shown>,
}

/// A playlist of an album. As with [`Shown`], it is noted before it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewList {
    /// Where it is, below the destination.
    pub path: String,
    /// Its length in bytes.
    pub size: u64,
    /// SHA-256 of its text.
    pub sha256: [u8; 32],
}

/// An album or folder that has a name on disk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewAlbum {
    /// The folder that it was in when it got its name.
    pub parent: Option<ItemId>,
    /// The name that it asked for.
    pub base: String,
    /// The name that it got.
    pub component: String,
    /// Its directory below the destination.
    pub dir: String,
    /// Directories in which some of its entries may lie still.
    pub left: Vec<String>,
    /// Its playlists.
    pub lists: Vec<ViewList>,
}

/// The album or folder as it is on disk, if it has a name there.
pub fn view_album(tables: &impl Tables, album: &ItemId) -> Result<Option<ViewAlbum>, StateError> {
    let row = tables.views().get((album.zone, pack(&album.record).as_slice(), pack(ITSELF).as_slice()))?;
    row.map(|row| decode("views", row.value())).transpose()
}

/// Every album and folder that has a name on disk.
pub fn view_albums(tables: &impl Tables) -> Result<Vec<(ItemId, ViewAlbum)>, StateError> {
    let (mut albums, mut from) = (Vec::new(), (0, Vec::new()));
    loop {
        let Some(entry) = tables.views().range((from.0, from.1.as_slice(), [].as_slice())..)?.next() else {
            return Ok(albums);
        };
        let (key, row) = entry?;
        let (zone, album, asset) = key.value();
        if asset == pack(ITSELF) {
            albums.push((ItemId { zone, record: name("views", album)? }, decode("views", row.value())?));
        }
        from = (zone, behind(album));
    }
}

/// The entry of an asset in an album, if there is one.
pub fn view_entry(
    tables: &impl Tables,
    album: &ItemId,
    asset: &str,
) -> Result<Option<ViewEntry>, StateError> {
    let row = tables.views().get((album.zone, pack(&album.record).as_slice(), pack(asset).as_slice()))?;
    row.map(|row| decode("views", row.value())).transpose()
}

/// Up to `limit` assets that have an entry in an album, those after `after` in the order of their packed names.
pub fn view_entries_after(
    tables: &impl Tables,
    album: &ItemId,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<(String, ViewEntry)>, StateError> {
    let (packed, from) = (pack(&album.record), behind(&pack(after.unwrap_or(ITSELF))));
    let mut entries = Vec::new();
    for entry in tables.views().range((album.zone, packed.as_slice(), from.as_slice())..)?.take(limit) {
        let (key, row) = entry?;
        let (zone, of, asset) = key.value();
        if zone != album.zone || of != packed {
            break;
        }
        entries.push((name("views", asset)?, decode("views", row.value())?));
    }
    Ok(entries)
}

/// Up to `limit` members of an album after `after`, in the order of their packed names.
pub fn members_after(
    tables: &impl Tables,
    album: &ItemId,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<String>, StateError> {
    let (packed, from) = (pack(&album.record), after.map_or(vec![], |after| behind(&pack(after))));
    let mut members = Vec::new();
    for entry in tables.members().range((album.zone, packed.as_slice(), from.as_slice())..)?.take(limit) {
        let (key, _) = entry?;
        let (zone, of, asset) = key.value();
        if zone != album.zone || of != packed {
            break;
        }
        members.push(name("members", asset)?);
    }
    Ok(members)
}

/// The place of an asset in an album; `None` when it is no member.
pub fn position(tables: &impl Tables, album: &ItemId, asset: &str) -> Result<Option<i64>, StateError> {
    let key = (album.zone, pack(&album.record), pack(asset));
    Ok(tables.members().get((key.0, key.1.as_slice(), key.2.as_slice()))?.map(|row| row.value()))
}

/// How many files album views consist of: those that are there, playlists included.
pub fn view_files(tables: &impl Tables) -> Result<u64, StateError> {
    let mut files = 0;
    for entry in tables.views().iter()? {
        let (key, row) = entry?;
        files += if key.value().2 == pack(ITSELF) {
            decode::<ViewAlbum>("views", row.value())?.lists.len()
        } else {
            decode::<ViewEntry>("views", row.value())?.files.iter().filter(|file| file.done).count()
        } as u64;
    }
    Ok(files)
}

impl Batch<'_> {
    /// Notes an album or folder as it is on disk; `None` when it has no name there any more.
    pub fn put_view_album(&mut self, album: &ItemId, row: Option<&ViewAlbum>) -> Result<(), StateError> {
        let row = row.map(|row| encode("views", row)).transpose()?;
        self.put_view(album, ITSELF, row)
    }

    /// Notes the entry of an asset in an album; `None` when there is none any more.
    pub fn put_view_entry(
        &mut self,
        album: &ItemId,
        asset: &str,
        entry: Option<&ViewEntry>,
    ) -> Result<(), StateError> {
        let row = entry.map(|entry| encode("views", entry)).transpose()?;
        self.put_view(album, asset, row)
    }

    fn put_view(&mut self, album: &ItemId, asset: &str, row: Option<Vec<u8>>) -> Result<(), StateError> {
        let (packed, asset) = (pack(&album.record), pack(asset));
        let key = (album.zone, packed.as_slice(), asset.as_slice());
        match row {
            Some(row) => drop(self.views.insert(key, row.as_slice())?),
            None => drop(self.views.remove(key)?),
        }
        Ok(())
    }
}

/// The least key that is greater.
pub(super) fn behind(key: &[u8]) -> Vec<u8> {
    [key, &[0]].concat()
}
