//! `CPLAlbumByPositionLive`: the albums and folders of one level, paged by `continuationMarker`.

use serde_json::{Value, json};

use super::albums_here;
use super::page::{marker, read_marker};
use crate::photos::Answering;
use crate::photos::generate::{PROJECT_ROOT, ROOT};
use crate::photos::item::Album;
use crate::photos::quirks::Quirks;
use crate::photos::record::Wanted;
use crate::photos::refusal::Refusal;
use crate::photos::request::{self, QueryRequest};
use crate::photos::url::Signer;
use crate::photos::zone::{Id, Zone};

/// Answers a query for albums: the root level, or the children of a folder.
pub(super) fn answer(
    zone: &Zone,
    signer: &Signer,
    quirks: &Quirks,
    request: &QueryRequest,
    answering: &Answering,
) -> Result<Value, Refusal> {
    albums_here(zone)?;
    let filters = request.query.filters(&["parentId"])?;
    let parent = request::text(filters, "parentId");
    let limit = request::limit(request.results_limit)?;
    let mut level: Vec<(i64, &str, u32)> = (0..)
        .zip(&zone.albums)
        .filter(|(_, album)| album.stamp.tag != 0 && lies_in(album, parent))
        .map(|(at, album)| (album.position, album.name.as_str(), at))
        .collect();
    level.sort_unstable();
    level.truncate(quirks.lists_end_after.unwrap_or(usize::MAX));
    if let Some(text) = &request.continuation_marker {
        let (key, name) =
            read_marker(text).ok_or_else(|| Refusal::bad_request("Invalid continuation marker"))?;
        level.retain(|(position, album, _)| (*position, *album) > (key, name.as_str()));
    }
    let more = level.len() > limit;
    level.truncate(limit);
    let wanted = Wanted::new(request.desired_keys.clone());
    let scribe = answering.scribe(zone, signer, &wanted);
    let records: Vec<Value> = level.iter().map(|(_, _, at)| scribe.record(Id::Album(*at))).collect();
    let mut answer = json!({});
    answer["records"] = records.into();
    if let Some((position, name, _)) = level.last().filter(|_| more) {
        answer["continuationMarker"] = marker(*position, name).into();
    }
    Ok(answer)
}

/// An album that names one of the pseudo folders as its parent lies at the root.
fn lies_in(album: &Album, parent: Option<&str>) -> bool {
    let own = album.parent.as_deref().filter(|own| *own != ROOT && *own != PROJECT_ROOT);
    own == parent.filter(|parent| *parent != ROOT)
}
