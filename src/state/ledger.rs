//! The ledger: what this machine holds for each item, and which paths are spoken for.

mod rows;

use redb::ReadableTable as _;
use serde::{Deserialize, Serialize};

use super::StateError;
use super::key::{after, name, pack};
use super::reread::Place;
use super::tables::{Batch, Tables};
use crate::model::{Checksum, ItemId, Kind};
use rows::{decode, encode};

/// A destination of the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Root {
    /// Where photos go; for Drive, where its files and folders do.
    Photos = 0,
    /// The album views beside them.
    Albums = 1,
    /// No destination: directories of Drive that were left, and go when they are empty. These paths are not folded.
    Left = 2,
}

/// How sure larder is that a placed file is what iCloud holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// Size and Apple's checksum matched.
    Proven,
    /// Apple publishes no checksum of a known form: the size matched, and this SHA-256 was taken.
    SizeOnly {
        /// SHA-256 of the content as it came.
        sha256: [u8; 32],
    },
    /// The same bytes came twice, of the right size, and did not match Apple's checksum.
    Disputed {
        /// SHA-256 of the content as it came.
        sha256: [u8; 32],
    },
}

/// Where a file lies.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lies {
    /// At its path.
    #[default]
    There,
    /// At this path still: it is to be moved.
    Elsewhere(String),
    /// At this path of the attic: it was removed in iCloud.
    Attic(String),
    /// Nobody knows: at this path lies something else than larder wrote, or nothing. What lies there is set aside when the
    /// file is placed again.
    Altered(String),
}

/// A file of an item. Without `proof` its path is reserved and the file is not there yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedFile {
    /// What it is for the item.
    pub kind: Kind,
    /// File name within the item's folder.
    pub name: String,
    /// Apple's checksum of the content that is meant.
    pub checksum: Checksum,
    /// Bytes.
    pub size: u64,
    /// Modification time given to the file: milliseconds since 1970, when one was given.
    pub mtime_ms: Option<i64>,
    /// How sure larder is of its content, once it is on disk.
    pub proof: Option<Proof>,
    /// Where it lies, once it is on disk.
    pub lies: Lies,
    /// Whether a person brought it back from the attic: no run removes it again.
    pub pinned: bool,
    /// The content half of the etag that the content on disk belongs to, for a file of Drive.
    pub tag: Option<String>,
}

impl PlacedFile {
    /// Whether it is in the mirror, at its path or at another one.
    #[must_use]
    pub fn is_on_disk(&self) -> bool {
        self.proof.is_some() && !matches!(self.lies, Lies::Attic(_))
    }

    /// Whether it is on disk, at its path.
    #[must_use]
    pub fn is_in_place(&self) -> bool {
        self.proof.is_some() && self.lies == Lies::There
    }

    /// Whether it leaves the mirror when iCloud no longer has it: it is there, and no person brought it back.
    #[must_use]
    pub fn may_leave(&self) -> bool {
        self.is_on_disk() && !self.pinned
    }
}

/// Where the files of an item are. Decided once and kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// Folder below the destination, `/` between components; empty = the destination itself.
    pub folder: String,
    /// What all file names of the item begin with.
    pub stem: String,
    /// Its files.
    pub files: Vec<PlacedFile>,
}

impl Placement {
    /// The file of that kind.
    #[must_use]
    pub fn file(&self, kind: Kind) -> Option<&PlacedFile> {
        self.files.iter().find(|file| file.kind == kind)
    }

    /// Path at which one of its files lies now, once it is on disk.
    #[must_use]
    pub fn lies_at(&self, file: &PlacedFile) -> String {
        match &file.lies {
            Lies::There => self.path(&file.name),
            Lies::Elsewhere(path) | Lies::Attic(path) | Lies::Altered(path) => path.clone(),
        }
    }

    /// Path of a file below the destination, where it is meant to be.
    #[must_use]
    pub fn path(&self, file_name: &str) -> String {
        if self.folder.is_empty() { file_name.to_owned() } else { format!("{}/{file_name}", self.folder) }
    }
}

/// Where the files of an item are, if any were planned.
pub fn placement(tables: &impl Tables, item: &ItemId) -> Result<Option<Placement>, StateError> {
    let row = tables.ledger().get((item.zone, pack(&item.record).as_slice()))?;
    row.map(|row| decode(row.value())).transpose()
}

/// Calls `each` with every item of the ledger.
pub fn each_placement(
    tables: &impl Tables,
    mut each: impl FnMut(ItemId, Placement) -> Result<(), StateError>,
) -> Result<(), StateError> {
    for entry in tables.ledger().iter()? {
        let (key, row) = entry?;
        let (zone, record) = key.value();
        each(ItemId { zone, record: name("ledger", record)? }, decode(row.value())?)?;
    }
    Ok(())
}

/// Up to `limit` items of the ledger that come after `last`, by zone and name.
pub fn placements_after(
    tables: &impl Tables,
    last: Option<&ItemId>,
    limit: usize,
) -> Result<Vec<(ItemId, Placement)>, StateError> {
    let (zone, from) = after(last);
    let mut placements = Vec::new();
    for entry in tables.ledger().range((zone, from.as_slice())..)?.take(limit) {
        let (key, row) = entry?;
        let (zone, record) = key.value();
        placements.push((ItemId { zone, record: name("ledger", record)? }, decode(row.value())?));
    }
    Ok(placements)
}

/// Up to `limit` items of the ledger behind a place, with their places.
pub fn placements_behind(
    tables: &impl Tables,
    after: Option<&Place>,
    limit: usize,
) -> Result<Vec<(Place, Placement)>, StateError> {
    let (zone, from) = after.map_or((0, vec![]), |place| (place.zone, [&place.key[..], &[0]].concat()));
    let mut placements = Vec::new();
    for entry in tables.ledger().range((zone, from.as_slice())..)?.take(limit) {
        let (key, row) = entry?;
        let (zone, record) = key.value();
        placements.push((Place { zone, key: record.to_vec() }, decode(row.value())?));
    }
    Ok(placements)
}

/// The item that a path is reserved for. `folded` is the path as the destination compares names.
pub fn owner(tables: &impl Tables, root: Root, folded: &str) -> Result<Option<ItemId>, StateError> {
    let Some(row) = tables.taken().get((root as u8, folded))? else { return Ok(None) };
    let (zone, record) = row.value();
    Ok(Some(ItemId { zone, record: name("taken", record)? }))
}

/// Directories of Drive that were left and have not gone yet.
pub fn left_dirs(tables: &impl Tables) -> Result<Vec<String>, StateError> {
    let mut dirs = Vec::new();
    for entry in tables.taken().range((Root::Left as u8, "")..)? {
        let (key, _) = entry?;
        let (root, path) = key.value();
        if root != Root::Left as u8 {
            break;
        }
        dirs.push(path.to_owned());
    }
    Ok(dirs)
}

impl Batch<'_> {
    /// Notes that a folder of Drive has left its directory.
    pub fn leave_dir(&mut self, path: &str, folder: &ItemId) -> Result<(), StateError> {
        self.take_path(Root::Left, path, folder)
    }

    /// A directory that was left has gone, or has another owner.
    pub fn forget_left(&mut self, path: &str) -> Result<(), StateError> {
        self.taken.remove((Root::Left as u8, path))?;
        Ok(())
    }

    /// Forgets where an item is: nothing of it is on disk.
    pub fn forget_placement(&mut self, item: &ItemId) -> Result<(), StateError> {
        self.ledger.remove((item.zone, pack(&item.record).as_slice()))?;
        Ok(())
    }

    /// Stores where the files of an item are.
    pub fn put_placement(&mut self, item: &ItemId, placement: &Placement) -> Result<(), StateError> {
        let old = self::placement(self, item)?;
        self.views_follow(item, old.as_ref(), placement)?;
        let row = encode(placement)?;
        self.ledger.insert((item.zone, pack(&item.record).as_slice()), row.as_slice())?;
        Ok(())
    }

    /// Forgets what lies on the disk for up to `limit` items after `last`, keeping their names, and marks them. Gives
    /// the last of them, or `None` when there were no more.
    pub fn void_after(&mut self, last: Option<&ItemId>, limit: usize) -> Result<Option<ItemId>, StateError> {
        let mut items = placements_after(self, last, limit)?;
        for (item, placement) in &mut items {
            placement.files.iter_mut().for_each(|file| file.proof = None);
            self.put_placement(item, placement)?;
            self.mark(item)?;
        }
        Ok(items.pop().map(|(item, _)| item))
    }

    /// Gives a path free, when it is the item's.
    pub fn release_path(&mut self, root: Root, folded: &str, item: &ItemId) -> Result<(), StateError> {
        if owner(self, root, folded)?.as_ref() == Some(item) {
            self.taken.remove((root as u8, folded))?;
        }
        Ok(())
    }

    /// Reserves a path for an item.
    pub fn take_path(&mut self, root: Root, folded: &str, item: &ItemId) -> Result<(), StateError> {
        self.taken.insert((root as u8, folded), (item.zone, pack(&item.record).as_slice()))?;
        Ok(())
    }

    /// What was learnt about a class of files: how many matched Apple's checksum, how many did not.
    pub fn count_class(&mut self, class: &str, matched: u64, unmatched: u64) -> Result<(), StateError> {
        let (m, u) = class_counts(self, class)?;
        self.classes.insert(class, (m + matched, u + unmatched))?;
        Ok(())
    }
}

/// How many files of a class matched Apple's checksum, and how many did not.
pub fn class_counts(tables: &impl Tables, class: &str) -> Result<(u64, u64), StateError> {
    Ok(tables.classes().get(class)?.map_or((0, 0), |row| row.value()))
}
