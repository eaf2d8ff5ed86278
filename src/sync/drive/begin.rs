//! Which folders a crawl lists: every one that is known, and below them whatever turns up.

use std::collections::HashMap;

use super::Scope;
use crate::icloud::drive::ROOT;
use crate::model::{ItemId, Node, NodeKind, ZoneId};
use crate::state::{self, Batch, CrawlKind, StateError, Turn};
use crate::sync::{Context, RunError};

/// Items of Drive read at a time.
const PIECE: usize = 5_000;

/// Seconds after which a crawl that was cut off is not gone on with: what it listed first is old by now.
const STALE: i64 = 24 * 3600;

const DAY: i64 = 24 * 3600;

/// A known folder, as far as the way up is concerned.
struct Above {
    parent: Option<ItemId>,
    name: String,
    stays: bool,
}

/// Begins a crawl, or goes on with the one that was cut off. Tells what it lists, and whether it was cut off.
pub(super) async fn begin(ctx: &Context) -> Result<(CrawlKind, bool), RunError> {
    let now = ctx.now();
    let (under_way, last_full) =
        ctx.read(|view| Ok((state::crawl(view)?, state::last_full_crawl(view)?))).await?;
    if let Some(crawl) = under_way.filter(|crawl| (0..STALE).contains(&(now - crawl.began))) {
        return Ok((crawl.kind, true));
    }
    let days = ctx.job.drive.as_ref().map_or(0, |drive| i64::from(drive.full_listing_days));
    let recent = last_full.is_some_and(|last| (0..days * DAY).contains(&(now - last)));
    let kind = if recent { CrawlKind::Partial } else { CrawlKind::Full };
    let folders = known(ctx).await?;
    ctx.write(move |batch| {
        batch.begin_crawl(kind, now)?;
        let root = root(batch)?;
        batch.queue_folder(&root, Turn::Late, 0)?;
        folders
            .iter()
            .try_for_each(|(folder, depth)| batch.queue_folder(folder, Turn::Late, *depth).map(drop))
    })
    .await?;
    Ok((kind, false))
}

/// The folder that holds everything, which no listing brings.
fn root(batch: &mut Batch<'_>) -> Result<ItemId, StateError> {
    let zone = batch.drive_zone(&ZoneId::drive("com.apple.CloudDocs", None))?;
    let item = ItemId { zone, record: "root".to_owned() };
    if state::node(batch, &item)?.is_none() {
        let node = Node {
            record: item.record.clone(),
            drivewsid: ROOT.to_owned(),
            parent: None,
            kind: NodeKind::Folder,
            name: String::new(),
            etag: String::new(),
            size: None,
            modified_ms: None,
            created_ms: None,
            share: None,
            package: None,
            gone: false,
        };
        batch.put_node(&item, node)?;
    }
    Ok(item)
}

/// The folders that are there, as far as is known, and in scope, with their depths.
async fn known(ctx: &Context) -> Result<Vec<(ItemId, u16)>, RunError> {
    let mut folders: HashMap<ItemId, Above> = HashMap::new();
    let zones: HashMap<u16, ZoneId> =
        ctx.read(state::zones).await?.into_iter().map(|(number, row)| (number, row.id)).collect();
    let mut after: Option<ItemId> = None;
    loop {
        let from = after.clone();
        let piece = ctx.read(move |view| state::nodes_after(view, from.as_ref(), PIECE)).await?;
        let Some((last, _)) = piece.last() else { break };
        after = Some(last.clone());
        for (item, node) in piece.into_iter().filter(|(_, node)| node.kind.holds_items()) {
            let out = ctx.job.drive.as_ref().zip(zones.get(&item.zone));
            let out = out.is_some_and(|(drive, zone)| Scope(drive).leaves_out_library(&node, zone).is_some());
            folders.insert(item, Above { stays: !node.gone && !out, parent: node.parent, name: node.name });
        }
    }
    let reached = folders.keys().filter_map(|folder| {
        let names = way(&folders, folder)?;
        let shown: Vec<&str> = names.iter().map(String::as_str).collect();
        let excluded =
            ctx.job.drive.as_ref().is_some_and(|drive| Scope(drive).is_excluded(&shown, true).is_some());
        (!excluded).then(|| (folder.clone(), u16::try_from(names.len()).unwrap_or(u16::MAX)))
    });
    let mut reached: Vec<(ItemId, u16)> = reached.collect();
    reached.sort_by(|one, other| (one.1, &one.0.record).cmp(&(other.1, &other.0.record)));
    Ok(reached)
}

/// Names of the folders from the top down to this one; `None` when it does not hang together or is gone.
fn way(folders: &HashMap<ItemId, Above>, folder: &ItemId) -> Option<Vec<String>> {
    let (mut names, mut at) = (Vec::new(), folder);
    loop {
        let above = folders.get(at).filter(|above| above.stays)?;
        let Some(parent) = &above.parent else { break };
        names.push(above.name.clone());
        // Folders that lie in each other have no way up.
        if names.len() > folders.len() {
            return None;
        }
        at = parent;
    }
    names.reverse();
    Some(names)
}
