//! The answers of the reading calls.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess};

use super::error::{CloudKitError, Fault};
use super::lenient::{Array, FromMembers, next_object, object};
use super::record::Record;
use super::value::{Object, Value};
use crate::http::Answer;

/// The body of an answer that was read.
pub(crate) trait Readable: serde::de::DeserializeOwned {
    /// The error members that came with it.
    fn take_fault(&mut self) -> Option<Fault>;

    /// What it must have and has not. An answer without `records` is not the same as one with none.
    fn missing(&self) -> Option<&'static str>;
}

/// Of `records/query` and `records/lookup`.
#[derive(Debug, Default)]
pub(crate) struct Queried {
    /// The records.
    pub(crate) records: Option<Vec<Record>>,
    /// The zone's token at the time of the answer.
    pub(crate) sync_token: Option<String>,
    /// There is more; where it goes on.
    pub(crate) marker: Option<String>,
    /// The error instead.
    pub(crate) fault: Option<Fault>,
}

/// Of `internal/records/query/batch`.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// One answer for each query, in no promised order.
    pub(crate) batch: Option<Vec<Queried>>,
    fault: Option<Fault>,
}

/// Of `changes/database`.
#[derive(Debug, Default)]
pub(crate) struct Databases {
    /// The zones.
    pub(crate) zones: Option<Vec<ZoneEntry>>,
    /// Token of the database, not of a zone.
    pub(crate) sync_token: Option<String>,
    /// Whether there are more zones.
    pub(crate) more: bool,
    fault: Option<Fault>,
}

/// Of `changes/zone`.
#[derive(Debug, Default)]
pub(crate) struct Deltas {
    /// One entry for each zone.
    pub(crate) zones: Option<Vec<ZoneEntry>>,
    fault: Option<Fault>,
}

/// A zone in an answer: listed, with its changes, or with an error.
#[derive(Debug, Default)]
pub(crate) struct ZoneEntry {
    /// Its name, owner and type.
    pub(crate) zone: Object,
    /// Its token.
    pub(crate) sync_token: Option<String>,
    /// Whether it is gone.
    pub(crate) deleted: bool,
    /// Whether there are more changes.
    pub(crate) more: bool,
    /// Its changes.
    pub(crate) records: Option<Vec<Record>>,
    /// The error instead.
    pub(crate) fault: Option<Fault>,
}

/// Reads an answer: the error that it carries, by status or in its body, or the data.
pub(crate) fn read<T: Readable>(answer: &Answer) -> Result<T, CloudKitError> {
    let status = answer.status;
    if !(200..300).contains(&status) {
        let fault: Fault = serde_json::from_slice(&answer.body).unwrap_or_default();
        return Err(fault.into_error(status, answer.retry_after));
    }
    let Ok(mut body) = serde_json::from_slice::<T>(&answer.body) else {
        return Err(CloudKitError::Unreadable { status, what: "no JSON" });
    };
    match (body.take_fault(), body.missing()) {
        (Some(fault), Some(_)) => Err(fault.into_error(status, answer.retry_after)),
        (Some(fault), None) if fault.is_error() => Err(fault.into_error(status, answer.retry_after)),
        (None, Some(what)) => Err(CloudKitError::Unreadable { status, what }),
        (_, None) => Ok(body),
    }
}

impl FromMembers for Queried {
    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "records" => self.records = map.next_value::<Array<Record>>()?.0,
            "syncToken" => self.sync_token = token(map)?,
            "continuationMarker" => self.marker = token(map)?,
            _ => return Fault::member(&mut self.fault, name, map),
        }
        Ok(())
    }
}

impl FromMembers for Batch {
    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "batch" => self.batch = map.next_value::<Array<Queried>>()?.0,
            _ => return Fault::member(&mut self.fault, name, map),
        }
        Ok(())
    }
}

impl FromMembers for Databases {
    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "zones" => self.zones = map.next_value::<Array<ZoneEntry>>()?.0,
            "syncToken" => self.sync_token = token(map)?,
            "moreComing" => self.more = map.next_value::<Value>()?.is_on(),
            _ => return Fault::member(&mut self.fault, name, map),
        }
        Ok(())
    }
}

impl FromMembers for Deltas {
    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "zones" => self.zones = map.next_value::<Array<ZoneEntry>>()?.0,
            _ => return Fault::member(&mut self.fault, name, map),
        }
        Ok(())
    }
}

impl FromMembers for ZoneEntry {
    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "zoneID" => self.zone = next_object(map)?.unwrap_or_default(),
            "syncToken" => self.sync_token = token(map)?,
            "deleted" => self.deleted = map.next_value::<Value>()?.is_on(),
            "moreComing" => self.more = map.next_value::<Value>()?.is_on(),
            "records" => self.records = map.next_value::<Array<Record>>()?.0,
            _ => return Fault::member(&mut self.fault, name, map),
        }
        Ok(())
    }
}

/// A token or marker; an empty one is none.
fn token<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<String>, A::Error> {
    Ok(map.next_value::<Value>()?.into_text().filter(|token| !token.is_empty()))
}

impl Readable for Queried {
    fn take_fault(&mut self) -> Option<Fault> {
        self.fault.take()
    }

    fn missing(&self) -> Option<&'static str> {
        self.records.is_none().then_some("no records")
    }
}

impl Readable for Batch {
    fn take_fault(&mut self) -> Option<Fault> {
        self.fault.take()
    }

    fn missing(&self) -> Option<&'static str> {
        self.batch.is_none().then_some("no batch")
    }
}

impl Readable for Databases {
    fn take_fault(&mut self) -> Option<Fault> {
        self.fault.take()
    }

    fn missing(&self) -> Option<&'static str> {
        self.zones.is_none().then_some("no zones")
    }
}

impl Readable for Deltas {
    fn take_fault(&mut self) -> Option<Fault> {
        self.fault.take()
    }

    fn missing(&self) -> Option<&'static str> {
        self.zones.is_none().then_some("no zones")
    }
}

macro_rules! read_leniently {
    ($($answer:ty),*) => {$(
        impl<'de> Deserialize<'de> for $answer {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                Ok(object(from)?.unwrap_or_default())
            }
        }
    )*};
}

read_leniently!(Queried, Batch, Databases, Deltas, ZoneEntry);
