//! Following a job file that changed: what it decides about files is compared with the last run's, and when it
//! differs, everything is looked at anew.

use super::{Context, RunError};
use crate::config::{Job, Photos};
use crate::model::{ItemId, Part};
use crate::state::{self, MetaKey, Progress, ZoneRow};

/// Items marked in one transaction.
const PIECE: usize = 5_000;

/// Part of the fingerprint of a job that mirrors hidden photos.
const WITH_HIDDEN: &str = "hidden=true";

/// Marks every item dirty when the job file asks for other files than at the last run.
pub(super) async fn follow(ctx: &Context) -> Result<(), RunError> {
    let wanted = wanted(&ctx.job, ctx.part);
    let known = ctx.read(|view| state::text(view, MetaKey::Policy)).await?;
    if known.as_ref() == Some(&wanted) {
        return Ok(());
    }
    if let Some(known) = known {
        tracing::info!("the job file asks for other files than at the last run; every item is looked at");
        mark_all(ctx).await?;
        if ctx.part == Part::Drive {
            // Folders that were out of scope were not listed.
            ctx.write(|batch| batch.set_meta_number(MetaKey::FullCrawl, 0)).await?;
        }
        if wanted.contains(WITH_HIDDEN) && !known.contains(WITH_HIDDEN) {
            list_again(ctx).await?;
        }
    }
    // After the marks: a crash in between marks again. Libraries that are in scope now are looked for at once.
    ctx.write(move |batch| {
        batch.set_meta_number(MetaKey::ZonesChecked, 0)?;
        batch.set_meta_text(MetaKey::Policy, &wanted)
    })
    .await?;
    Ok(())
}

/// Says what a change of the permissions means for files that are there.
pub(super) async fn follow_modes(ctx: &Context) -> Result<(), RunError> {
    let octal = |mode: Option<u32>| mode.map_or_else(|| "umask".to_owned(), |mode| format!("{mode:04o}"));
    let modes = ctx.job.modes(ctx.part);
    let wanted = format!("{} {}", octal(modes.file), octal(modes.dir));
    let (known, ran_before) = ctx
        .read(|view| {
            let ran_before = state::text(view, MetaKey::Policy)?.is_some();
            Ok((state::text(view, MetaKey::Modes)?, ran_before))
        })
        .await?;
    let known = known.unwrap_or_else(|| "umask umask".to_owned());
    if known == wanted {
        return Ok(());
    }
    if ran_before {
        let part = ctx.part.as_str();
        ctx.warn(format!(
            "`{part}.file_mode` or `{part}.dir_mode` changed: new files and directories get it, those that are there keep \
             theirs until you change them with `chmod`"
        ));
    }
    Ok(ctx.write(move |batch| batch.set_meta_text(MetaKey::Modes, &wanted)).await?)
}

async fn mark_all(ctx: &Context) -> Result<(), RunError> {
    if ctx.part == Part::Drive {
        return mark_all_nodes(ctx).await;
    }
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

async fn mark_all_nodes(ctx: &Context) -> Result<(), RunError> {
    let mut after: Option<ItemId> = None;
    loop {
        let from = after.clone();
        let piece = ctx.read(move |view| state::nodes_after(view, from.as_ref(), PIECE)).await?;
        let Some((last, _)) = piece.last() else { return Ok(()) };
        after = Some(last.clone());
        ctx.write(move |batch| piece.iter().try_for_each(|(item, _)| batch.mark(item))).await?;
    }
}

/// Hidden photos are in a list of their own, which was not read while they were out of scope.
async fn list_again(ctx: &Context) -> Result<(), RunError> {
    ctx.write(|batch| {
        for (_, row) in state::zones(batch)? {
            if let Progress::Current { token } = row.progress {
                batch
                    .put_zone(&ZoneRow { id: row.id, progress: Progress::Listing { since: Some(token) } })?;
            }
        }
        Ok(())
    })
    .await?;
    Ok(())
}

/// What the job file decides about the files of a part.
pub(super) fn wanted(job: &Job, part: Part) -> String {
    match (part, &job.drive) {
        (Part::Drive, Some(d)) => format!(
            "names={:?} libraries={} include={} exclude={} largest={:?}",
            d.names, d.libraries, d.include, d.exclude, d.max_size
        ),
        _ => fingerprint(&job.photos),
    }
}

/// The keys that decide which files a photo has and where they lie. The destination and the network are none of them.
pub(super) fn fingerprint(p: &Photos) -> String {
    format!(
        "layout={} zone={:?} names={:?} live={:?} edited={} originals={} raw={} bursts={} hidden={} stills={} videos={} screenshots={} from={:?} until={:?} personal={} shared={}",
        p.layout,
        p.time_zone,
        p.names,
        p.live_photos,
        p.edited,
        p.originals,
        p.raw,
        p.bursts,
        p.hidden,
        p.stills,
        p.videos,
        p.screenshots,
        p.from,
        p.until,
        p.libraries.personal,
        p.libraries.shared
    )
}
