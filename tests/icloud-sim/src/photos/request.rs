//! The bodies of requests, read as strictly as Apple reads them.

use serde::Deserialize;
use serde_json::Value;

use super::refusal::Refusal;

/// A zone as a request names it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ZoneId {
    pub(super) zone_name: String,
    pub(super) owner_record_name: Option<String>,
    pub(super) zone_type: Option<String>,
}

/// `records/query`, and one entry of a batch.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct QueryRequest {
    pub(super) query: Query,
    #[serde(rename = "zoneID")]
    pub(super) zone_id: Option<ZoneId>,
    pub(super) results_limit: Option<i64>,
    pub(super) desired_keys: Option<Vec<String>>,
    pub(super) continuation_marker: Option<String>,
}

/// What is asked of which index.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Query {
    /// Name of an index, not of a record type.
    pub(super) record_type: String,
    #[serde(default)]
    pub(super) filter_by: OneOrMany,
}

/// `filterBy` is an array, or a single object.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    Many(Vec<Filter>),
    One(Filter),
}

impl Default for OneOrMany {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

/// One condition.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Filter {
    pub(super) field_name: String,
    pub(super) comparator: String,
    pub(super) field_value: FieldValue,
}

/// The value of a condition.
#[derive(Debug, Deserialize)]
pub(super) struct FieldValue {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) value: Value,
}

impl Query {
    /// Conditions, after a check that each is one that the server accepts, for a field among `known`.
    pub(super) fn filters(&self, known: &[&str]) -> Result<&[Filter], Refusal> {
        let filters = match &self.filter_by {
            OneOrMany::Many(filters) => filters.as_slice(),
            OneOrMany::One(filter) => std::slice::from_ref(filter),
        };
        for filter in filters {
            let name = filter.field_name.as_str();
            if !known.contains(&name) {
                return Err(Refusal::bad_request(&format!("Field '{name}' is not marked queryable")));
            }
            let (kind, comparator) = match name {
                "startRank" => ("INT64", "EQUALS"),
                "startDate" | "endDate" => ("TIMESTAMP", "EQUALS"),
                "indexCountID" => ("STRING_LIST", "IN"),
                _ => ("STRING", "EQUALS"),
            };
            if filter.field_value.kind != kind || filter.comparator != comparator {
                return Err(Refusal::bad_request(&format!("Field '{name}' takes {comparator} with {kind}")));
            }
        }
        Ok(filters)
    }
}

/// The value of the condition on `name`.
pub(super) fn value<'a>(filters: &'a [Filter], name: &str) -> Option<&'a Value> {
    filters.iter().find(|filter| filter.field_name == name).map(|filter| &filter.field_value.value)
}

/// The text of the condition on `name`.
pub(super) fn text<'a>(filters: &'a [Filter], name: &str) -> Option<&'a str> {
    value(filters, name).and_then(Value::as_str)
}

/// `internal/records/query/batch`.
#[derive(Debug, Deserialize)]
pub(super) struct BatchRequest {
    pub(super) batch: Vec<QueryRequest>,
}

/// `records/lookup`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LookupRequest {
    pub(super) records: Vec<Named>,
    #[serde(rename = "zoneID")]
    pub(super) zone_id: Option<ZoneId>,
    pub(super) desired_keys: Option<Vec<String>>,
}

/// A record by its name.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Named {
    pub(super) record_name: String,
}

/// `changes/zone`.
#[derive(Debug, Deserialize)]
pub(super) struct ChangesRequest {
    pub(super) zones: Vec<ZoneChanges>,
}

/// One zone of `changes/zone`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ZoneChanges {
    #[serde(rename = "zoneID")]
    pub(super) zone_id: ZoneId,
    pub(super) sync_token: Option<String>,
    pub(super) results_limit: Option<i64>,
    pub(super) desired_keys: Option<Vec<String>>,
    #[serde(default)]
    pub(super) reverse: bool,
}

/// `changes/database`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DatabaseRequest {
    pub(super) sync_token: Option<String>,
}

/// Reads a body.
pub(super) fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::bad_request(&format!("Unexpected input: {error}")))
}

/// Records that an answer may hold: what was asked for, at most 200 (rclone, kei).
pub(super) fn limit(results_limit: Option<i64>) -> Result<usize, Refusal> {
    match results_limit.map(usize::try_from) {
        None => Ok(200),
        Some(Ok(limit)) if limit > 0 => Ok(limit.min(200)),
        Some(_) => Err(Refusal::bad_request("Invalid value for resultsLimit")),
    }
}
