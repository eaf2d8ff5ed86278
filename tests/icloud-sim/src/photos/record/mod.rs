//! The JSON of records, made when they are asked for.

pub(super) mod album;
mod fields;
mod photo;
pub(super) mod resource;

use serde_json::{Map, Value, json};

use super::item::{Bin, Stamp};
use super::noise;
use super::token;
use super::url::Issue;
use super::zone::{Id, Zone};

pub(super) use fields::{Fields, Wanted};

/// Days between a soft deletion and the purge date it shows (photos.md 8.7), in milliseconds.
pub(super) const BIN_MS: i64 = 30 * 86_400_000;
/// Seconds between the purge date and the record's own end (recorded: ten days).
const GRACE_S: i64 = 10 * 86_400;

/// Writes the records of one zone for one answer.
pub(super) struct Scribe<'a> {
    pub(super) zone: &'a Zone,
    pub(super) wanted: &'a Wanted,
    pub(super) issue: Issue<'a>,
    /// Relations without fields, as deltas sometimes have them.
    pub(super) bare_relations: bool,
    /// Tombstones without tag and type.
    pub(super) bare_tombstones: bool,
    /// The zone's identity.
    zone_id: Value,
    /// The device that wrote everything.
    device: String,
}

/// A zone's identity as every answer gives it.
pub(super) fn zone_id(zone: &Zone) -> Value {
    json!({ "zoneName": zone.name, "ownerRecordName": zone.owner, "zoneType": "REGULAR_CUSTOM_ZONE" })
}

/// The id of the device that wrote a record of that owner: 64 hexadecimal digits.
fn device(owner: &str) -> String {
    super::body::hex(&noise::bytes::<32>(noise::of_text(owner))).to_uppercase()
}

impl<'a> Scribe<'a> {
    pub(super) fn new(zone: &'a Zone, wanted: &'a Wanted, issue: Issue<'a>) -> Self {
        let (zone_id, device) = (zone_id(zone), device(&zone.owner));
        Self { zone, wanted, issue, bare_relations: false, bare_tombstones: false, zone_id, device }
    }

    /// A record or tombstone.
    pub(super) fn record(&self, id: Id) -> Value {
        match id {
            Id::Master(at) => self.master(self.zone.master(at)),
            Id::Asset(at) => self.asset(self.zone.asset(at)),
            Id::Album(at) => self.album(self.zone.album(at)),
            Id::Relation(at) => self.relation(self.zone.relation(at)),
            Id::Other(at) => self.other(&self.zone.others[at as usize]),
            Id::Tombstone(at) => self.tombstone(&self.zone.tombstones[at as usize]),
        }
    }

    fn fields(&self) -> Fields<'_> {
        Fields::new(self.wanted)
    }

    /// The envelope around `fields`; it is complete whatever `desiredKeys` says.
    fn envelope(&self, name: &str, kind: &str, fields: Map<String, Value>, written: &Written) -> Value {
        let by = |timestamp: i64| json!({ "timestamp": timestamp, "userRecordName": self.zone.owner, "deviceID": self.device });
        let mut record = json!({
            "recordName": name,
            "recordType": kind,
            "pluginFields": {},
            "recordChangeTag": token::change_tag(written.stamp.tag),
            "deleted": false,
        });
        // Assigned, not written above: `json!` would copy what is large already.
        record["fields"] = fields.into();
        record["created"] = by(written.created);
        record["modified"] = by(written.stamp.modified);
        record["zoneID"] = self.zone_id.clone();
        if let Bin::Since(since) = written.bin {
            record["expirationTime"] = ((since + BIN_MS) / 1000 + GRACE_S).into();
        }
        record
    }
}

/// When a record was written, for its envelope.
struct Written {
    created: i64,
    stamp: Stamp,
    bin: Bin,
}

/// Writes the flags of a soft deletion.
fn bin_flags(fields: &mut Fields<'_>, bin: Bin) {
    match bin {
        Bin::Never => {}
        Bin::Since(since) => {
            fields.int("isDeleted", 1);
            fields.time("dateExpunged", since + BIN_MS);
        }
        Bin::Restored => {
            fields.put("isDeleted", "INT64", || Value::Null);
            fields.put("dateExpunged", "TIMESTAMP", || Value::Null);
        }
    }
}
