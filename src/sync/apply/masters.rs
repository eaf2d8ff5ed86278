//! Assets that came without their master (kei #140): the masters are asked for by name.

use std::collections::{BTreeMap, HashSet};

use crate::model::ItemId;
use crate::sync::lookup::{Renewed, look_up};
use crate::sync::{Context, RunError};

/// Asks for the masters of items. An item whose master comes is marked anew by the catalog; one whose master does
/// not come waits for a later run: those items are given back.
pub(super) async fn bring(ctx: &Context, items: Vec<(ItemId, String)>) -> Result<Vec<ItemId>, RunError> {
    let mut resting = Vec::new();
    let mut by_zone: BTreeMap<u16, Vec<(ItemId, String)>> = BTreeMap::new();
    for (item, master) in items {
        by_zone.entry(item.zone).or_default().push((item, master));
    }
    for (zone, items) in by_zone {
        let mut names: Vec<String> = items.iter().map(|(_, master)| master.clone()).collect();
        names.sort();
        names.dedup();
        let mut came = HashSet::new();
        for (name, renewed) in look_up(ctx, zone, &names).await? {
            if matches!(renewed, Renewed::Found { .. }) {
                came.insert(name);
            }
        }
        let lost: Vec<ItemId> =
            items.into_iter().filter(|(_, master)| !came.contains(master)).map(|(item, _)| item).collect();
        let why = "iCloud does not give the record of its original";
        for item in &lost {
            ctx.tally.failed(&item.record, why);
        }
        let now = ctx.now();
        resting.extend(lost.iter().cloned());
        ctx.write(move |batch| lost.iter().try_for_each(|item| batch.postpone(item, why, false, now)))
            .await?;
    }
    Ok(resting)
}
