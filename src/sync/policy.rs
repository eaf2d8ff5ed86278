//! Following a job file that changed: what it decides about files and names is compared with the last run's, and
//! when it differs, everything is looked at anew.

use sha2::{Digest as _, Sha256};

use super::{Context, RunError};
use crate::model::{ItemId, hex};
use crate::state::{self, MetaKey};

/// Items marked in one transaction.
const PIECE: usize = 5_000;

/// Marks every item dirty when the job file asks for other files than at the last run.
pub(super) async fn follow(ctx: &Context) -> Result<(), RunError> {
    let fingerprint = fingerprint(ctx);
    let known = ctx.read(|view| state::text(view, MetaKey::PhotosPolicy)).await?;
    if known.as_ref() == Some(&fingerprint) {
        return Ok(());
    }
    if known.is_some() {
        tracing::info!("the job file asks for other files than at the last run; every photo is looked at");
        mark_all(ctx).await?;
    }
    // After the marks: a crash in between marks again.
    ctx.write(move |batch| batch.set_meta_text(MetaKey::PhotosPolicy, &fingerprint)).await?;
    Ok(())
}

async fn mark_all(ctx: &Context) -> Result<(), RunError> {
    for (zone, _) in ctx.read(state::zones).await? {
        let mut after: Option<String> = None;
        loop {
            let from = after.clone();
            let piece = ctx.read(move |view| state::assets_after(view, zone, from.as_deref(), PIECE)).await?;
            let Some(last) = piece.last() else { break };
            after = Some(last.record.clone());
            ctx.write(move |batch| {
                piece.into_iter().try_for_each(|asset| batch.mark(&ItemId { zone, record: asset.record }))
            })
            .await?;
        }
    }
    Ok(())
}

/// A hash over the keys that decide which files a photo has. The destination and the network are none of them.
fn fingerprint(ctx: &Context) -> String {
    let photos = &ctx.job.photos;
    let kinds = (photos.live_photos, photos.edited, photos.alternatives);
    let facts = format!("{kinds:?} {:?}", (photos.hidden, photos.videos, photos.screenshots));
    hex(&Sha256::digest(facts)[..16])
}
