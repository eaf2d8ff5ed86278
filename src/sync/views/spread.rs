//! From an asset that changed to its entries: in albums of every library, for a photo of a shared library may be in an
//! album of the personal one, and in the smart albums.

use super::pass::{Pass, smart_id};
use crate::model::ItemId;
use crate::state::{self, ViewMark};
use crate::sync::RunError;

/// Marks looked at in one transaction.
const PIECE: usize = 1_000;

/// Turns the marks of assets into marks of entries.
pub(super) fn spread(pass: &Pass<'_>) -> Result<(), RunError> {
    let state = &pass.ctx.state;
    let smart: Vec<ItemId> = pass.ctx.job.photos.albums.smart.iter().map(|smart| smart_id(*smart)).collect();
    let mut after = None;
    loop {
        let view = state.view()?;
        let marks = state::view_marks_after(&view, after.as_ref(), PIECE)?;
        let Some(last) = marks.last().cloned() else { return Ok(()) };
        after = Some(last);
        let zones: Vec<u16> = state::zones(&view)?.into_iter().map(|(zone, _)| zone).collect();
        drop(view);
        let assets: Vec<_> = marks
            .into_iter()
            .filter_map(|mark| if let ViewMark::Asset(item) = mark { Some(item) } else { None })
            .collect();
        if assets.is_empty() {
            continue;
        }
        state.write(|batch| {
            for item in assets {
                for zone in &zones {
                    for album in state::memberships(batch, *zone, &item.record)? {
                        let album = ItemId { zone: *zone, record: album };
                        batch.mark_view(&ViewMark::Entry(album, item.record.clone()))?;
                    }
                }
                for album in &smart {
                    batch.mark_view(&ViewMark::Entry(album.clone(), item.record.clone()))?;
                }
                batch.clear_view_mark(&ViewMark::Asset(item))?;
            }
            Ok(())
        })?;
    }
}
