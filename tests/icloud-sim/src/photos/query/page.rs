//! A page of a photo list.
//!
//! `resultsLimit` counts records: a photo takes two (master, asset), an album member three (and the relation). A
//! page holds whole groups, masters first, a master shared by two assets once.

use std::collections::HashSet;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::list::{List, Smart};
use super::{albums_here, noise};
use crate::photos::Answering;
use crate::photos::quirks::Quirks;
use crate::photos::record::Wanted;
use crate::photos::refusal::Refusal;
use crate::photos::request::{self, QueryRequest, value};
use crate::photos::url::Signer;
use crate::photos::zone::{Id, Zone};

/// The conditions that photo lists take.
const FILTERS: &[&str] =
    &["startRank", "direction", "smartAlbum", "parentId", "recordName", "startDate", "endDate"];

/// Answers a query for a photo list.
pub(super) fn answer(
    zone: &mut Zone,
    signer: &Signer,
    quirks: &Quirks,
    request: &QueryRequest,
    answering: &Answering,
) -> Result<Value, Refusal> {
    let Some(list) = which(zone, request)? else { return Ok(json!({ "records": [] })) };
    let filters = request.query.filters(FILTERS)?;
    let limit = request::limit(request.results_limit)?;
    let items = zone.list(list);
    let items = &items[..quirks.lists_end_after.unwrap_or(usize::MAX).min(items.len())];
    let slice = Slice::new(items, limit, quirks);

    let (chosen, more) = if let Some(name) = request::text(filters, "recordName") {
        let one = items.iter().copied().filter(|at| asset_name(zone, list, *at) == name).collect();
        (one, false)
    } else if let Some(between) = dates(filters)? {
        let dated: Vec<u32> = items
            .iter()
            .copied()
            .filter(|at| date(zone, list, *at).is_some_and(|date| between.contains(&date)))
            .collect();
        Slice::new(&dated, limit, quirks).ascending(zone, list, 0)
    } else {
        let rank = match value(filters, "startRank") {
            None => Some(0),
            Some(rank) => rank.as_i64(),
        };
        let rank = rank.ok_or_else(|| Refusal::bad_request("startRank is not a number"))?;
        match (request::text(filters, "direction").unwrap_or("ASCENDING"), usize::try_from(rank)) {
            ("ASCENDING", Ok(rank)) => slice.ascending(zone, list, rank),
            ("DESCENDING", Ok(rank)) => slice.descending(zone, list, rank),
            (_, Err(_)) => return Err(Refusal::bad_request("startRank is negative")),
            _ => return Err(Refusal::bad_request("direction is neither ASCENDING nor DESCENDING")),
        }
    };

    let rank = value(filters, "startRank").and_then(Value::as_u64).unwrap_or(0);
    let masterless = quirks.pages_without_masters && rank / 100 % 2 == 1;
    let wanted = Wanted::new(request.desired_keys.clone());
    let scribe = answering.scribe(zone, signer, &wanted);
    let ids = groups(zone, list, &chosen, masterless).into_iter().take(limit);
    let mut answer = json!({});
    answer["records"] = ids.map(|id| scribe.record(id)).collect::<Vec<_>>().into();
    if let Some(last) = chosen.last().filter(|_| more && !quirks.no_marker) {
        answer["continuationMarker"] =
            marker(date(zone, list, *last).unwrap_or(0), &asset_name(zone, list, *last)).into();
    }
    Ok(answer)
}

/// The list that an index name and its conditions mean; none for an album that does not exist.
fn which(zone: &Zone, request: &QueryRequest) -> Result<Option<List>, Refusal> {
    let by_position = match request.query.record_type.as_str() {
        "CPLAssetAndMasterByAssetDateWithoutHiddenOrDeleted" => return Ok(Some(List::Library)),
        "CPLAssetAndMasterByAddedDate" => return Ok(Some(List::LibraryByAdded)),
        "CPLAssetAndMasterHiddenByAssetDate" => return Ok(Some(List::Hidden)),
        "CPLAssetAndMasterDeletedByExpungedDate" => return Ok(Some(List::Deleted)),
        "CPLBurstStackAssetAndMasterByAssetDate" => return Ok(Some(List::Bursts)),
        "CPLAssetAndMasterInSmartAlbumByAssetDate" => {
            let tag = request::text(request.query.filters(FILTERS)?, "smartAlbum");
            let smart = tag.and_then(Smart::by_tag);
            return smart
                .map(|smart| Some(List::Smart(smart)))
                .ok_or_else(|| Refusal::bad_request("Unknown smart album"));
        }
        "CPLContainerRelationLiveByAssetDate" => false,
        "CPLContainerRelationLiveByPosition" => true,
        other => return Err(Refusal::not_indexable(other)),
    };
    albums_here(zone)?;
    let name = request::text(request.query.filters(FILTERS)?, "parentId");
    let name = name.ok_or_else(|| Refusal::bad_request("parentId is missing"))?;
    Ok(zone
        .find_album(name)
        .map(|at| if by_position { List::MembersByPosition(at) } else { List::MembersByDate(at) }))
}

/// `startDate` down to `endDate` (steiler's request collection).
fn dates(filters: &[request::Filter]) -> Result<Option<std::ops::RangeInclusive<i64>>, Refusal> {
    match (value(filters, "startDate"), value(filters, "endDate")) {
        (None, None) => Ok(None),
        (start, end) => {
            match (start.map_or(Some(i64::MAX), Value::as_i64), end.map_or(Some(i64::MIN), Value::as_i64)) {
                (Some(start), Some(end)) => Ok(Some(end..=start)),
                _ => Err(Refusal::bad_request("startDate or endDate is not a number")),
            }
        }
    }
}

/// A stretch of a list, cut to a page.
struct Slice<'a> {
    items: &'a [u32],
    limit: usize,
    quirks: &'a Quirks,
}

impl<'a> Slice<'a> {
    fn new(items: &'a [u32], limit: usize, quirks: &'a Quirks) -> Self {
        Self { items, limit, quirks }
    }

    /// The places of the list that a page from `rank` on may use: a hole shifts what lies behind it.
    fn range(&self, rank: usize) -> Range<usize> {
        let all = self.items.len();
        match self.quirks.hole {
            Some(hole) if rank < hole.rank => rank.min(all)..hole.rank.min(all),
            Some(hole) if rank < hole.rank + hole.ranks => 0..0,
            Some(hole) => (rank - hole.ranks).min(all)..all,
            None => rank.min(all)..all,
        }
    }

    /// How many ranks the list has, those of a hole included.
    fn ranks(&self) -> usize {
        let hole = self.quirks.hole.filter(|hole| hole.rank <= self.items.len());
        self.items.len() + hole.map_or(0, |hole| hole.ranks)
    }

    fn ascending(&self, zone: &Zone, list: List, rank: usize) -> (Vec<u32>, bool) {
        let mut range = self.range(rank);
        if self.quirks.repeated_assets && range.start > 0 && rank <= self.ranks() {
            range.start -= 1;
        }
        let chosen = self.fill(zone, list, self.items[range.clone()].iter().copied());
        let more = !chosen.is_empty() && range.start + chosen.len() < self.items.len();
        (chosen, more)
    }

    fn descending(&self, zone: &Zone, list: List, rank: usize) -> (Vec<u32>, bool) {
        let end = rank.saturating_add(1).min(self.items.len());
        let chosen = self.fill(zone, list, self.items[..end].iter().rev().copied());
        let more = chosen.len() < end;
        (chosen, more)
    }

    /// Whole groups, as many as the limit allows, but at least one.
    fn fill(&self, zone: &Zone, list: List, items: impl Iterator<Item = u32>) -> Vec<u32> {
        let most = self.quirks.short_pages.unwrap_or(usize::MAX);
        let mut masters = HashSet::new();
        let mut records = 0;
        let mut chosen = Vec::new();
        for item in items.take(most) {
            let master = asset_of(zone, list, item).map(|asset| zone.asset(asset).master);
            let new_master = master.is_some_and(|master| !masters.contains(&master));
            records +=
                usize::from(master.is_some()) + usize::from(new_master) + usize::from(list.of_members());
            if records > self.limit && !chosen.is_empty() {
                break;
            }
            masters.extend(master);
            chosen.push(item);
        }
        chosen
    }
}

/// The records of the chosen items: relations, masters (each once), assets.
fn groups(zone: &Zone, list: List, chosen: &[u32], masterless: bool) -> Vec<Id> {
    let mut ids = Vec::new();
    let assets: Vec<u32> = chosen.iter().filter_map(|item| asset_of(zone, list, *item)).collect();
    if list.of_members() {
        ids.extend(chosen.iter().map(|at| Id::Relation(*at)));
    }
    if !masterless {
        let mut seen = HashSet::new();
        let masters = assets.iter().map(|asset| zone.asset(*asset).master);
        ids.extend(masters.filter(|master| seen.insert(*master)).map(Id::Master));
    }
    ids.extend(assets.into_iter().map(Id::Asset));
    ids
}

/// The asset of an item; a relation's asset may be in another zone.
fn asset_of(zone: &Zone, list: List, item: u32) -> Option<u32> {
    if list.of_members() { zone.asset_at(zone.relation(item).asset) } else { Some(item) }
}

fn asset_name(zone: &Zone, list: List, item: u32) -> String {
    let name = if list.of_members() { zone.relation(item).asset } else { zone.asset(item).name };
    noise::uuid_text(name)
}

fn date(zone: &Zone, list: List, item: u32) -> Option<i64> {
    asset_of(zone, list, item).and_then(|asset| zone.asset(asset).date)
}

/// A `continuationMarker`: base64 of a small protobuf with the order key and name of the last item.
pub(super) fn marker(key: i64, name: &str) -> String {
    let mut bytes = vec![0x12, 0x08, 0x19];
    bytes.extend(&key.to_be_bytes()[1..]);
    let len = u8::try_from(name.len()).unwrap_or(u8::MAX);
    bytes.extend([0x1a, len.saturating_add(4), 0x0a, len]);
    bytes.extend(name.as_bytes());
    bytes.extend([0x10, 0x01]);
    STANDARD.encode(bytes)
}

/// The order key and name in a marker.
pub(super) fn read_marker(text: &str) -> Option<(i64, String)> {
    let bytes = STANDARD.decode(text).ok()?;
    let key: [u8; 7] = bytes.get(3..10)?.try_into().ok()?;
    let name = bytes.get(14..bytes.len().checked_sub(2)?)?;
    let mut wide = [0; 8];
    wide[1..].copy_from_slice(&key);
    let name = String::from_utf8(name.to_vec()).ok()?;
    let key = i64::from_be_bytes(wide);
    (marker(key, &name) == text).then_some((key, name))
}
