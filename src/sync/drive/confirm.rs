//! Asking for items by name that the listing of their folder lacked. An item may have moved while the folders were listed, from
//! one that was not listed yet to one that was, and a listing may be partial: absence alone proves nothing.

use std::collections::HashMap;

use super::take::{Taken, node};
use crate::icloud::drive::{Identity, Item, ItemKind};
use crate::model::{ItemId, Node, NodeKind, ZoneId};
use crate::state::{self, Absent, Batch, StateError};
use crate::sync::{Context, RunError};

/// Items in one request.
const BATCH: usize = 50;

/// An item that a listing lacked.
struct Missing {
    item: ItemId,
    absent: Absent,
    known: Node,
}

/// Asks for what listings lacked, when every one of them was whole: what iCloud does not know by name, or has in its trash,
/// is gone.
pub(super) async fn confirm(ctx: &Context) -> Result<(), RunError> {
    let mut after: Option<ItemId> = None;
    loop {
        let from = after.clone();
        let (complete, missing) = ctx.read(move |view| next(view, from.as_ref())).await?;
        if !complete {
            return Ok(());
        }
        let Some(last) = missing.last() else { return Ok(()) };
        after = Some(last.item.clone());
        let ids: Vec<String> = missing.iter().map(|one| one.known.drivewsid.clone()).collect();
        let found = ctx.drive.details(&ids).await?;
        let catalog = ctx.clone();
        let taken = ctx.write(move |batch| settle(&catalog, batch, &missing, &found)).await?;
        taken.tell(ctx);
    }
}

fn next(view: &state::View, from: Option<&ItemId>) -> Result<(bool, Vec<Missing>), StateError> {
    let complete = state::crawl(view)?.is_some_and(|crawl| crawl.complete);
    let mut missing = Vec::new();
    for (item, absent) in state::absent_after(view, from, BATCH)? {
        let known = state::node(view, &item)?;
        missing.extend(known.map(|known| Missing { item, absent, known }));
    }
    Ok((complete, missing))
}

fn settle(
    ctx: &Context,
    batch: &mut Batch<'_>,
    missing: &[Missing],
    found: &HashMap<String, Option<Item>>,
) -> Result<Taken, StateError> {
    let mut taken = Taken::default();
    for Missing { item, absent, known } in missing {
        match found.get(&known.drivewsid) {
            Some(None) => taken.count(batch.put_node_gone(item)?),
            Some(Some(shown)) => match whereabouts(batch, shown, item)? {
                Whereabouts::Trash => taken.count(batch.put_node_gone(item)?),
                Whereabouts::In(folder, kind) if folder != absent.folder => {
                    taken.count(batch.put_node(item, node(shown, kind, folder))?);
                }
                // It is where it was, or nobody can tell where: the listing cannot be trusted.
                Whereabouts::In(..) | Whereabouts::Unknown => doubt(ctx, batch, known)?,
            },
            None => doubt(ctx, batch, known)?,
        }
    }
    Ok(taken)
}

/// The item stays, and nothing is concluded from this crawl.
fn doubt(ctx: &Context, batch: &mut Batch<'_>, known: &Node) -> Result<(), StateError> {
    ctx.warn(format!(
        "iCloud no longer lists `{}` in its folder and does not say that it is gone: it stays here",
        known.name
    ));
    batch.crawl_is_incomplete()
}

enum Whereabouts {
    Trash,
    In(ItemId, NodeKind),
    Unknown,
}

/// Where an item lies by its own account.
fn whereabouts(batch: &mut Batch<'_>, shown: &Item, item: &ItemId) -> Result<Whereabouts, StateError> {
    let Some(parent) = shown.parent.as_deref() else { return Ok(Whereabouts::Unknown) };
    let identity = Identity::parse(parent);
    if parent == "TRASH_ROOT" || identity.as_ref().is_some_and(|folder| folder.document == "TRASH_ROOT") {
        return Ok(Whereabouts::Trash);
    }
    let kind = match shown.kind {
        ItemKind::File => NodeKind::File,
        ItemKind::Folder => NodeKind::Folder,
        ItemKind::Library => NodeKind::Library,
        ItemKind::Unknown(_) => return Ok(Whereabouts::Unknown),
    };
    let Some(identity) = identity else { return Ok(Whereabouts::Unknown) };
    let zone = batch.drive_zone(&ZoneId::drive(&identity.zone, None))?;
    let folder = ItemId { zone, record: identity.document };
    match state::node(batch, &folder)? {
        // Below what is in the trash.
        Some(above) if above.gone => Ok(Whereabouts::Trash),
        Some(above) if above.kind.holds_items() && folder != *item => Ok(Whereabouts::In(folder, kind)),
        _ => Ok(Whereabouts::Unknown),
    }
}
