//! `zones/list` and `changes/database`: which zones there are, and which of them changed.

use serde_json::{Value, json};

use super::record::zone_id;
use super::refusal::Refusal;
use super::request::DatabaseRequest;
use super::zone::{Area, Role, Zone};
use super::{Answering, Photos, noise, token};

/// A zone that was removed.
#[derive(Debug, Clone)]
pub(super) struct RemovedZone {
    pub(super) area: Area,
    pub(super) id: Value,
    /// The database's clock when it went.
    pub(super) clock: u64,
}

impl Photos {
    fn zones_in(&self, area: Area) -> impl Iterator<Item = &Zone> {
        let listed =
            move |zone: &&Zone| zone.area == area && !self.quirks.unlisted_zones.contains(&zone.name);
        self.zones.iter().filter(listed)
    }

    /// `zones/list`.
    pub(super) fn list_zones(&self, answering: &Answering) -> Value {
        let mut entries: Vec<Value> = self.zones_in(answering.area).map(entry).collect();
        entries.extend(
            self.removed
                .iter()
                .filter(|removed| removed.area == answering.area)
                .map(|removed| json!({ "zoneID": removed.id, "deleted": true })),
        );
        if self.spec.awkward && answering.area == Area::Private {
            entries.push(json!({
                "zoneID": { "zoneName": "PrimarySync0", "ownerRecordName": self.owner() },
                "serverErrorCode": "ZONE_NOT_FOUND",
                "reason": "Zone does not exist",
            }));
        }
        let mut answer = json!({ "moreComing": false, "zones": entries });
        if let Some(zone) = self.zones_in(answering.area).next() {
            answer["syncToken"] = zone.token().into();
        }
        answer
    }

    /// `changes/database`: all zones, or those that changed since a token.
    pub(super) fn changed_zones(
        &self,
        request: &DatabaseRequest,
        answering: &Answering,
    ) -> Result<Value, Refusal> {
        let own = noise::pair(self.spec.seed, answering.area as u64);
        let since = match request.sync_token.as_deref() {
            None => None,
            Some(text) => Some(
                token::read_database(own, text)
                    .filter(|clock| *clock <= self.clock)
                    .ok_or_else(Refusal::foreign_token)?,
            ),
        };
        let mut entries: Vec<Value> = self
            .zones_in(answering.area)
            .filter(|zone| since.is_none_or(|since| zone.changed > since))
            .map(|zone| json!({ "zoneID": zone_id(zone), "syncToken": zone.token() }))
            .collect();
        let gone = |removed: &&RemovedZone| {
            removed.area == answering.area && since.is_some_and(|since| removed.clock > since)
        };
        entries.extend(
            self.removed.iter().filter(gone).map(|removed| json!({ "zoneID": removed.id, "deleted": true })),
        );
        Ok(json!({ "syncToken": token::database(own, self.clock), "moreComing": false, "zones": entries }))
    }
}

/// A zone in `zones/list`; share links and containers come without a token.
fn entry(zone: &Zone) -> Value {
    match zone.role {
        Role::Moment | Role::Collection => json!({ "zoneID": zone_id(zone) }),
        _ => json!({ "zoneID": zone_id(zone), "syncToken": zone.token(), "deleted": false }),
    }
}
