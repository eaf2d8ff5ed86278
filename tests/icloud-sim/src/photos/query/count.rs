//! `HyperionIndexCountLookup`: how many items an index has.

use serde_json::{Value, json};

use super::list::{List, Smart};
use super::{albums_here, made_up};
use crate::photos::Answering;
use crate::photos::quirks::Quirks;
use crate::photos::refusal::Refusal;
use crate::photos::request::{QueryRequest, value};
use crate::photos::zone::Zone;

/// Answers a query for counts: one record for each index asked for.
pub(super) fn answer(
    zone: &mut Zone,
    quirks: &Quirks,
    request: &QueryRequest,
    answering: &Answering,
) -> Result<Value, Refusal> {
    let filters = request.query.filters(&["indexCountID"])?;
    let ids = value(filters, "indexCountID").and_then(Value::as_array);
    let ids = ids.ok_or_else(|| Refusal::bad_request("indexCountID is missing"))?;
    let mut records = Vec::new();
    for id in ids {
        let id = id.as_str().ok_or_else(|| Refusal::bad_request("indexCountID is not text"))?;
        let real = match which(zone, id)? {
            Some(list) => i64::try_from(zone.list(list).len()).unwrap_or(i64::MAX),
            None => 0,
        };
        let count = real.saturating_add(quirks.count_off_by).max(0);
        let fields = json!({ "itemCount": { "value": count, "type": "INT64" } });
        records.push(made_up(zone, id, "IndexCountResult", &fields, answering.now_ms));
    }
    Ok(json!({ "records": records }))
}

/// The list that a count id means; none for an album that does not exist.
fn which(zone: &Zone, id: &str) -> Result<Option<List>, Refusal> {
    let list = match id.split_once(':') {
        None => match id {
            "CPLAssetByAssetDateWithoutHiddenOrDeleted" => List::Library,
            "CPLAssetByAddedDate" => List::LibraryByAdded,
            "CPLAssetHiddenByAssetDate" => List::Hidden,
            "CPLAssetDeletedByExpungedDate" => List::Deleted,
            "CPLAssetBurstStackAssetByAssetDate" => List::Bursts,
            _ => return Err(Refusal::not_indexable(id)),
        },
        Some(("CPLAssetInSmartAlbumByAssetDate", suffix)) => {
            List::Smart(Smart::by_suffix(suffix).ok_or_else(|| Refusal::not_indexable(id))?)
        }
        Some(("CPLContainerRelationNotDeletedByAssetDate", album)) => {
            albums_here(zone)?;
            return Ok(zone.find_album(album).map(List::MembersByDate));
        }
        Some(_) => return Err(Refusal::not_indexable(id)),
    };
    Ok(Some(list))
}
