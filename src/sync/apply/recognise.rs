//! Files that a run which was cut off placed and did not record, before anything leaves: what is gone from iCloud meanwhile
//! is to leave with the others.

use super::BATCH;
use super::reserve::Planned;
use crate::state;
use crate::sync::context::blocking;
use crate::sync::{Context, RunError};
use crate::tree::{Dir, RelPath};

/// Takes over what lies under the reserved names of marked items.
pub async fn recognise(ctx: &Context) -> Result<(), RunError> {
    let mut after = None;
    loop {
        let batch = ctx.read(move |view| state::dirty_after(view, after, BATCH)).await?;
        let Some((_, last)) = batch.last() else { return Ok(()) };
        after = Some(last.seq);
        let context = ctx.clone();
        let planned = blocking(move || {
            let view = context.state.view()?;
            let mut planned = Planned::default();
            for (item, _) in batch {
                if let Some(mut placement) = state::placement(&view, &item)? {
                    planned.recognise(&context, &view, &item, &mut placement)?;
                }
            }
            let dirs: Vec<Dir> = planned
                .found
                .iter()
                .filter_map(|event| RelPath::parse(&event.path).ok())
                .map(|path| path.parent())
                .collect();
            context.root.sync_left(&dirs)?;
            Ok::<_, RunError>(planned)
        });
        let Planned { placements, found, .. } = planned.await?;
        if placements.is_empty() {
            continue;
        }
        let now_ms = ctx.now_ms();
        ctx.write(move |batch| {
            placements.iter().try_for_each(|(item, placement, _)| batch.put_placement(item, placement))?;
            found.iter().try_for_each(|event| batch.tell(now_ms, event))
        })
        .await?;
    }
}
