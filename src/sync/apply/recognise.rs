//! What a run that was cut off did to files and did not record: it placed, moved or removed them. The ledger learns it
//! before anything is decided about them, because the item may have changed in iCloud since.

use super::BATCH;
use super::happened::{adopted, left};
use super::known::{holds, is_there, left_by_larder, whereabouts};
use crate::model::{ItemId, Kind};
use crate::state::{self, HistoryEvent, Lies, PlacedFile, Placement, Proof, What};
use crate::sync::context::blocking;
use crate::sync::{Context, RunError};
use crate::tree::{Dir, FileKind, RelPath, Root, TreeError};

/// Takes over what was done to the files of marked items, before anything leaves: what is gone from iCloud meanwhile is to
/// leave with the others.
pub async fn recognise(ctx: &Context) -> Result<(), RunError> {
    let mut after = None;
    loop {
        let batch = ctx.read(move |view| state::dirty_after(view, after, BATCH)).await?;
        let Some((_, last)) = batch.last() else { return Ok(()) };
        after = Some(last.seq);
        let context = ctx.clone();
        let learnt = blocking(move || {
            let view = context.state.view()?;
            let (mut placements, mut found) = (Vec::new(), Vec::new());
            for (item, _) in batch {
                if let Some(mut placement) = state::placement(&view, &item)?
                    && learn(&context, &item, &mut placement, &mut found)?
                {
                    placements.push((item, placement));
                }
            }
            context.root.sync_left(&touched(&found))?;
            Ok::<_, RunError>((placements, found))
        });
        let (placements, found) = learnt.await?;
        if placements.is_empty() {
            continue;
        }
        let now_ms = ctx.now_ms();
        ctx.write(move |batch| {
            placements.iter().try_for_each(|(item, placement)| batch.put_placement(item, placement))?;
            found.iter().try_for_each(|event| batch.tell(now_ms, event))
        })
        .await?;
    }
}

/// The directories of files that were recognised.
pub(super) fn touched(found: &[HistoryEvent]) -> Vec<Dir> {
    let attic = |event: &HistoryEvent| match &event.what {
        What::Left { attic, .. } => RelPath::parse(attic).ok(),
        _ => None,
    };
    found
        .iter()
        .flat_map(|event| [RelPath::parse(&event.path).ok(), attic(event)])
        .flatten()
        .map(|path| path.parent())
        .collect()
}

/// Takes over what a run that was cut off did to the files of an item. Whether there was something; `found` gets what
/// history is to tell of it.
pub(super) fn learn(
    ctx: &Context,
    item: &ItemId,
    placement: &mut Placement,
    found: &mut Vec<HistoryEvent>,
) -> Result<bool, RunError> {
    let kinds: Vec<Kind> = placement.files.iter().map(|file| file.kind).collect();
    let mut changed = false;
    for kind in kinds {
        let Some(file) = placement.file(kind).cloned() else { continue };
        let learnt = match (&file.lies, file.proof) {
            (Lies::There, None) => placed(ctx, item, placement, &file, found),
            (Lies::There, Some(_)) => gone(&ctx.root, item, placement, &file, found),
            // A photo that was moved is looked for when it is laid out, which also dates and hides it, or leaves.
            (Lies::Elsewhere(_), Some(_)) if file.tag.is_some() => moved(&ctx.root, placement, &file),
            // What lies in the attic stays there: a person may have brought it back, which was not recorded.
            (Lies::Elsewhere(_) | Lies::Attic(_) | Lies::Altered(_), _) => Ok(None),
        };
        let learnt = match learnt {
            Err(error) if error.is_disk() => return Err(error.into()),
            // What cannot be looked at is told when something is to be done about it.
            Err(_) => continue,
            Ok(learnt) => learnt,
        };
        if let Some(row) = learnt {
            placement.files.retain(|other| other.kind != kind);
            placement.files.push(row);
            changed = true;
        }
    }
    Ok(changed)
}

/// A file that has its reserved name and was not recorded.
fn placed(
    ctx: &Context,
    item: &ItemId,
    placement: &Placement,
    file: &PlacedFile,
    found: &mut Vec<HistoryEvent>,
) -> Result<Option<PlacedFile>, TreeError> {
    let text = placement.path(&file.name);
    let Ok(path) = RelPath::parse(&text) else { return Ok(None) };
    let row = if is_there(&ctx.root, &path, file)? {
        Some(PlacedFile { proof: Some(Proof::Proven), ..file.clone() })
    } else {
        left_by_larder(&ctx.root, &path, file)?
    };
    found.extend(row.as_ref().map(|row| adopted(ctx, item, &text, row)));
    Ok(row)
}

/// A file that is not in its place any more: it left for the attic, which was not recorded, or somebody took it away. Then it
/// is to be fetched again, if it is still asked for.
fn gone(
    root: &Root,
    item: &ItemId,
    placement: &Placement,
    file: &PlacedFile,
    found: &mut Vec<HistoryEvent>,
) -> Result<Option<PlacedFile>, TreeError> {
    let text = placement.path(&file.name);
    let Ok(path) = RelPath::parse(&text) else { return Ok(None) };
    if root.stat(&path)?.is_some() {
        return Ok(None);
    }
    let Some(attic) = in_the_attic(root, &path, file)? else {
        return Ok(Some(PlacedFile { lies: Lies::Altered(text), ..file.clone() }));
    };
    found.push(left(item, &text, &attic, file));
    Ok(Some(PlacedFile { lies: Lies::Attic(attic.to_string()), ..file.clone() }))
}

/// Where a file lies that was to be moved, when that was done.
fn moved(root: &Root, placement: &Placement, file: &PlacedFile) -> Result<Option<PlacedFile>, TreeError> {
    let lies = whereabouts(root, placement, file)?;
    Ok((lies != file.lies).then(|| PlacedFile { lies, ..file.clone() }))
}

/// Where in the attic the file is that left that path, the latest first.
fn in_the_attic(root: &Root, path: &RelPath, file: &PlacedFile) -> Result<Option<RelPath>, TreeError> {
    for day in root.attic_days()?.into_iter().rev() {
        for (there, facts) in root.versions_in_attic(day, path)? {
            if facts.kind == FileKind::File && facts.size == file.size && holds(root, &there, file)? {
                return Ok(Some(there));
            }
        }
    }
    Ok(None)
}
