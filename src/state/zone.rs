//! Zones and how far the catalog is true for each.

use redb::ReadableTable as _;
use serde::{Deserialize, Serialize};

use super::StateError;
use super::row::{decode, encode};
use super::tables::{Batch, Tables};
use crate::model::{Area, ZoneId};

/// How far the catalog is true for a zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Progress {
    /// It must be listed from the beginning. The token was taken before the listing starts: what changes
    /// meanwhile is replayed from there.
    Listing {
        /// The token to replay from; `None` when Apple gave none with the zone.
        since: Option<String>,
    },
    /// The catalog is true up to this token.
    Current {
        /// The token to ask changes from.
        token: String,
    },
}

/// A zone of the catalog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneRow {
    /// The zone as Apple lists it.
    pub id: ZoneId,
    /// How far the catalog is true for it.
    pub progress: Progress,
}

/// Every zone with its number, by number.
pub fn zones(tables: &impl Tables) -> Result<Vec<(u16, ZoneRow)>, StateError> {
    tables
        .zones()
        .iter()?
        .map(|entry| {
            let (number, row) = entry?;
            Ok((number.value(), decode("zones", row.value())?))
        })
        .collect()
}

impl Batch<'_> {
    /// Stores a zone: the same area and name (in Drive, and the same owner) keep their number, a new one gets the next.
    pub fn put_zone(&mut self, row: &ZoneRow) -> Result<u16, StateError> {
        let known = zones(self)?;
        let number = known
            .iter()
            .find(|(_, known)| is_same(&known.id, &row.id))
            .map_or_else(|| known.last().map_or(0, |(last, _)| last + 1), |(number, _)| *number);
        self.zones.insert(number, encode("zones", row)?.as_slice())?;
        Ok(number)
    }

    /// Number of a zone of Drive, which has no token; a new one is stored.
    pub fn drive_zone(&mut self, id: &ZoneId) -> Result<u16, StateError> {
        let known = zones(self)?.into_iter().find(|(_, known)| is_same(&known.id, id));
        match known {
            Some((number, _)) => Ok(number),
            None => self.put_zone(&ZoneRow { id: id.clone(), progress: Progress::Listing { since: None } }),
        }
    }

    /// Gives a zone another name: Apple moved the library, whose items stay the same.
    pub fn rename_zone(&mut self, number: u16, row: &ZoneRow) -> Result<(), StateError> {
        self.zones.insert(number, encode("zones", row)?.as_slice())?;
        Ok(())
    }
}

/// Whether two names are of one zone. The owner tells zones apart in Drive alone, where each share has zones of its own.
fn is_same(one: &ZoneId, other: &ZoneId) -> bool {
    one.area == other.area && one.name == other.name && (one.area != Area::Drive || one.owner == other.owner)
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn the_owner_tells_zones_of_drive_apart() {
        let state = State::in_memory().unwrap();
        let number = |id: &ZoneId| state.write(|batch| batch.drive_zone(id)).unwrap();
        let (own, shared) = (ZoneId::drive("com.apple.CloudDocs", None), Some("_00"));
        let shared = ZoneId::drive("com.apple.CloudDocs", shared);
        assert_eq!([number(&own), number(&shared), number(&own), number(&shared)], [0, 1, 0, 1]);
        assert_eq!(number(&ZoneId::drive("iCloud.md.obsidian", None)), 2);
        assert_eq!(zones(&state.view().unwrap()).unwrap().len(), 3);
    }
}
