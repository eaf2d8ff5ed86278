//! `records/query`: lists by index, albums, the indexing state, counts.

mod albums;
mod count;
pub(super) mod list;
mod page;

use serde_json::{Value, json};

use super::quirks::Quirks;
use super::record::zone_id;
use super::refusal::Refusal;
use super::request::{BatchRequest, QueryRequest};
use super::zone::{Role, Zone};
use super::{Answering, Photos, noise};

impl Photos {
    /// `records/query`.
    pub(super) fn query(&mut self, request: &QueryRequest, answering: &Answering) -> Result<Value, Refusal> {
        let at = self.zone_of(answering.area, request.zone_id.as_ref())?;
        let mut answer = match request.query.record_type.as_str() {
            "CheckIndexingState" => {
                request.query.filters(&[])?;
                json!({ "records": [indexing_state(&self.zones[at], &self.quirks, answering.now_ms)] })
            }
            "HyperionIndexCountLookup" => {
                count::answer(&mut self.zones[at], &self.quirks, request, answering)?
            }
            "CPLAlbumByPositionLive" => {
                albums::answer(&self.zones[at], &self.signer, &self.quirks, request, answering)?
            }
            _ => page::answer(&mut self.zones[at], &self.signer, &self.quirks, request, answering)?,
        };
        if answering.with_token {
            answer["syncToken"] = self.zones[at].token().into();
        }
        Ok(answer)
    }

    /// `internal/records/query/batch`: only counts are ever asked in batches.
    pub(super) fn batch(&mut self, request: &BatchRequest, answering: &Answering) -> Result<Value, Refusal> {
        let answers: Result<Vec<_>, _> =
            request.batch.iter().map(|entry| self.query(entry, answering)).collect();
        Ok(json!({ "batch": answers? }))
    }
}

/// Album indexes exist in the personal library alone (rclone).
fn albums_here(zone: &Zone) -> Result<(), Refusal> {
    if zone.role == Role::Personal { Ok(()) } else { Err(Refusal::index_invalid()) }
}

/// A record that the server makes up for the answer.
fn made_up(zone: &Zone, name: &str, kind: &str, fields: &Value, now_ms: i64) -> Value {
    let by_server = json!({ "timestamp": now_ms, "userRecordName": "_10", "deviceID": "1" });
    json!({
        "recordName": name,
        "recordType": kind,
        "fields": fields,
        "pluginFields": {},
        "recordChangeTag": "0",
        "created": by_server,
        "modified": by_server,
        "deleted": false,
        "zoneID": zone_id(zone),
    })
}

fn indexing_state(zone: &Zone, quirks: &Quirks, now_ms: i64) -> Value {
    let (state, progress) = if quirks.indexing_running { ("RUNNING", 42) } else { ("FINISHED", 100) };
    let fields = json!({
        "progress": { "value": progress, "type": "INT64" },
        "state": { "value": state, "type": "STRING" },
    });
    let draw = noise::pair(noise::of_text(&zone.name), zone.counter);
    let name = format!("_{}", noise::uuid_text(noise::uuid(draw)).to_lowercase());
    made_up(zone, &name, "CheckIndexingState", &fields, now_ms)
}
