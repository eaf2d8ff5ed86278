//! `records/lookup`: named records, with fresh URLs.

use serde_json::{Value, json};

use super::noise::{self, Dice};
use super::record::Wanted;
use super::refusal::Refusal;
use super::request::LookupRequest;
use super::{Answering, Photos};

/// Names that one call may carry: the documented figure of public CloudKit.
const MOST: usize = 200;

impl Photos {
    /// `records/lookup`. What is not there is an entry with an error; the order of the answer is not that of the
    /// question.
    pub(super) fn lookup(&self, request: LookupRequest, answering: &Answering) -> Result<Value, Refusal> {
        let zone = &self.zones[self.zone_of(answering.area, request.zone_id.as_ref())?];
        if request.records.len() > MOST {
            return Err(Refusal::too_many_records());
        }
        let wanted = Wanted::new(request.desired_keys);
        let scribe = answering.scribe(zone, &self.signer, &wanted);
        let mut records: Vec<Value> = request
            .records
            .iter()
            .map(|named| match zone.find(&named.record_name) {
                Some(id) => scribe.record(id),
                None => json!({
                    "recordName": named.record_name,
                    "reason": "Record not found",
                    "serverErrorCode": "NOT_FOUND",
                }),
            })
            .collect();
        let first = request.records.first().map_or(0, |named| noise::of_text(&named.record_name));
        Dice::new(first).shuffle(&mut records);
        let mut answer = json!({});
        answer["records"] = records.into();
        if answering.with_token {
            answer["syncToken"] = zone.token().into();
        }
        Ok(answer)
    }
}
