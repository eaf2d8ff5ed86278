//! Items of Drive that a listing lacked. That proves nothing yet: an item may have moved from a folder that was not listed yet
//! to one that was, and listings can be partial.

use redb::ReadableTable as _;
use serde::{Deserialize, Serialize};

use super::StateError;
use super::key::{after, name, pack};
use super::row::{decode, encode};
use super::tables::{Batch, Tables};
use crate::model::ItemId;

/// An item that the listing of its folder lacked, while nobody has confirmed that it is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absent {
    /// The folder whose listing lacked it.
    pub folder: ItemId,
    /// When: seconds since 1970.
    pub since: i64,
}

/// Up to `limit` items after `last` that a listing lacked, by zone and name.
pub fn absent_after(
    tables: &impl Tables,
    last: Option<&ItemId>,
    limit: usize,
) -> Result<Vec<(ItemId, Absent)>, StateError> {
    let (zone, from) = after(last);
    let mut absent = Vec::new();
    for entry in tables.absent().range((zone, from.as_slice())..)?.take(limit) {
        let (key, row) = entry?;
        let (zone, record) = key.value();
        absent.push((ItemId { zone, record: name("absent", record)? }, decode("absent", row.value())?));
    }
    Ok(absent)
}

impl Batch<'_> {
    /// Notes that the listing of its folder lacked an item. One that is noted already keeps its time.
    pub fn put_absent(&mut self, item: &ItemId, folder: &ItemId, now: i64) -> Result<(), StateError> {
        let packed = pack(&item.record);
        if self.absent.get((item.zone, packed.as_slice()))?.is_none() {
            let row = encode("absent", &Absent { folder: folder.clone(), since: now })?;
            self.absent.insert((item.zone, packed.as_slice()), row.as_slice())?;
        }
        Ok(())
    }

    /// The item is there, or known to be gone: nobody needs to confirm it.
    pub fn found(&mut self, item: &ItemId) -> Result<(), StateError> {
        self.absent.remove((item.zone, pack(&item.record).as_slice()))?;
        Ok(())
    }
}
