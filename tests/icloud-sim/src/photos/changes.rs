//! `changes/zone`: what changed in a zone since a token.

use serde_json::{Value, json};

use super::noise::{self, Dice};
use super::record::{Wanted, zone_id};
use super::refusal::Refusal;
use super::request::{self, ChangesRequest, ZoneChanges};
use super::token::{self, Read};
use super::zone::{Id, Role, Zone};
use super::{Answering, Photos};

impl Photos {
    /// `changes/zone`. A zone that cannot be answered is an entry with an error, and the call succeeds.
    pub(super) fn changes(&self, request: &ChangesRequest, answering: &Answering) -> Value {
        let entries: Vec<Value> = request
            .zones
            .iter()
            .map(|zone| {
                self.zone_changes(zone, answering).unwrap_or_else(|refusal| {
                    json!({
                        "zoneID": { "zoneName": zone.zone_id.zone_name },
                        "serverErrorCode": refusal.code,
                        "reason": refusal.reason,
                    })
                })
            })
            .collect();
        let mut answer = json!({});
        answer["zones"] = entries.into();
        answer
    }

    fn zone_changes(&self, request: &ZoneChanges, answering: &Answering) -> Result<Value, Refusal> {
        let zone = &self.zones[self.zone_of(answering.area, Some(&request.zone_id))?];
        if zone.role == Role::Collection {
            return Err(Refusal::no_history());
        }
        if request.reverse {
            return Err(Refusal::bad_request("reverse is not supported"));
        }
        let limit = request::limit(request.results_limit)?;
        let page = match request.sync_token.as_deref() {
            // Recorded by kei: the history begins with an empty page.
            None => Page { records: Vec::new(), counter: 0, more: true },
            Some("") => Page { records: Vec::new(), counter: zone.counter, more: false },
            Some(text) => {
                let place = place_of(zone, text)?;
                if self.quirks.lost_changes {
                    Page { records: Vec::new(), counter: zone.counter, more: false }
                } else {
                    self.page_after(zone, place, limit)
                }
            }
        };
        let wanted = Wanted::new(request.desired_keys.clone());
        let mut scribe = answering.scribe(zone, &self.signer, &wanted);
        scribe.bare_relations = self.quirks.bare_relations;
        scribe.bare_tombstones = self.quirks.bare_tombstones;
        let records: Vec<Value> = page.records.into_iter().map(|id| scribe.record(id)).collect();
        let mut answer = json!({
            "zoneID": zone_id(zone),
            "syncToken": token::zone(zone.salt, page.counter),
            "moreComing": page.more,
        });
        answer["records"] = records.into();
        Ok(answer)
    }

    fn page_after(&self, zone: &Zone, counter: u64, limit: usize) -> Page {
        if self.quirks.stuck_delta {
            return Page { records: Vec::new(), counter, more: true };
        }
        let mut found: Vec<(u64, Id)> = zone.since(counter).take(limit + 1).collect();
        let more = found.len() > limit;
        found.truncate(limit);
        let (Some((first, _)), Some((last, _))) = (found.first().copied(), found.last().copied()) else {
            return Page { records: Vec::new(), counter: zone.counter, more: false };
        };
        // Counters that no record holds any more are crossed one empty page at a time.
        let gap = first - counter - 1;
        if gap > 0 && self.quirks.empty_delta_pages > 0 {
            let counter = (first - gap.min(self.quirks.empty_delta_pages)).max(counter + 1);
            return Page { records: Vec::new(), counter, more: true };
        }
        // The order inside a page means nothing; the same question gets the same answer.
        let mut records: Vec<Id> = found.into_iter().map(|(_, id)| id).collect();
        Dice::new(noise::pair(u64::from_be_bytes(*zone.salt.first_chunk().unwrap_or(&[0; 8])), counter))
            .shuffle(&mut records);
        if self.quirks.relations_first {
            records.sort_by_key(|id| match id {
                Id::Relation(_) => 0,
                Id::Asset(_) => 1,
                Id::Master(_) => 2,
                _ => 3,
            });
        }
        Page { records, counter: if more { last } else { zone.counter }, more }
    }
}

/// The counter that a token stands for in this zone.
fn place_of(zone: &Zone, text: &str) -> Result<u64, Refusal> {
    match token::read_zone(text) {
        Read::Foreign => Err(Refusal::foreign_token()),
        Read::Damaged => Err(Refusal::damaged_token()),
        Read::At { salt, counter } if salt == zone.salt => {
            if counter <= zone.counter {
                Ok(counter)
            } else {
                Err(Refusal::damaged_token())
            }
        }
        Read::At { salt, .. } if zone.former_salts.contains(&salt) => Err(Refusal::foreign_token()),
        // kei: a token used on another zone is answered like a zone that is not there.
        Read::At { .. } => Err(Refusal::zone_not_found()),
    }
}

/// One page of a delta.
struct Page {
    records: Vec<Id>,
    /// The counter up to which it goes.
    counter: u64,
    more: bool,
}
