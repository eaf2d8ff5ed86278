//! Zones and how far the catalog is true for each.

use redb::ReadableTable as _;
use serde::{Deserialize, Serialize};

use super::StateError;
use super::row::{decode, encode};
use super::tables::{Batch, Tables};
use crate::model::ZoneId;

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
    /// Stores a zone: the same area and name keep their number, a new one gets the next.
    pub fn put_zone(&mut self, row: &ZoneRow) -> Result<u16, StateError> {
        let known = zones(self)?;
        let number = known
            .iter()
            .find(|(_, known)| known.id.area == row.id.area && known.id.name == row.id.name)
            .map_or_else(|| known.last().map_or(0, |(last, _)| last + 1), |(number, _)| *number);
        self.zones.insert(number, encode("zones", row)?.as_slice())?;
        Ok(number)
    }

    /// Gives a zone another name: Apple moved the library, whose items stay the same.
    pub fn rename_zone(&mut self, number: u16, row: &ZoneRow) -> Result<(), StateError> {
        self.zones.insert(number, encode("zones", row)?.as_slice())?;
        Ok(())
    }
}
