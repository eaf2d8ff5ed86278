//! What disappeared from iCloud leaves the mirror, whole photos and the renditions of edits that were taken back: planned
//! only when every library is caught up, held by the brake when it is much, and never final where the job file does not
//! say so. What a person brought back from the attic stays.

use jiff::civil::Date;

use super::BATCH;
use super::known::{holds, same_time, whereabouts};
use crate::config::{Policy, Removed, StopAbove};
use crate::model::{Asset, ItemId, Kind, Part};
use crate::state::{self, HistoryEvent, Lies, PlacedFile, Placement, StateError, View, What, Why};
use crate::sync::context::blocking;
use crate::sync::{Context, RunError, plan};
use crate::tree::name::fold;
use crate::tree::{Dir, FileKind, RelPath, Root, TreeError};

/// Without a share or number that says otherwise, so many files may always leave.
const ALWAYS: u64 = 20;

/// And so many never without being asked about.
const NEVER: u64 = 500;

/// An item of which iCloud no longer has files that are here.
struct Leaving {
    item: ItemId,
    generation: u32,
    placement: Placement,
    /// What is to leave; nothing when all that was here has gone already.
    kinds: Vec<Kind>,
    why: Why,
    /// Whether the mark goes with it. That of a photo whose other files failed stays.
    settles: bool,
}

/// What became of a file that was to leave.
enum Left {
    /// It is in the attic, at this path. `changed` when it was not what larder wrote.
    Attic { path: RelPath, changed: bool },
    /// It was deleted.
    Deleted,
    /// Somebody had removed it before.
    Missing,
}

/// Counts the files that would leave, for a run that touches nothing.
pub(super) async fn foresee(ctx: &Context) -> Result<(), RunError> {
    let files = count(ctx).await?;
    if ctx.job.removed.policy == Policy::Keep {
        ctx.tally.note(|out| out.kept += files);
    } else {
        ctx.tally.note(|out| out.to_remove += files);
    }
    Ok(())
}

/// Carries out removals, or holds them. `confirmed` is how many files the person agreed to.
pub async fn remove(ctx: &Context, confirmed: u64) -> Result<(), RunError> {
    let files = count(ctx).await?;
    let removed = &ctx.job.removed;
    if removed.policy != Policy::Keep && files > confirmed {
        let total = ctx
            .read(|view| {
                let mut total = 0;
                state::each_placement(view, |_, placement| {
                    total += placement.files.iter().filter(|file| file.is_in_place()).count() as u64;
                    Ok(())
                })?;
                Ok(total)
            })
            .await?;
        if files > allowed(removed, total) {
            ctx.tally.note(|out| out.held += files);
            return Ok(());
        }
    }
    let mut after = None;
    while let Some((batch, last)) = leaving(ctx, after).await? {
        after = Some(last);
        for item in batch {
            carry_out(ctx, item).await?;
        }
    }
    Ok(())
}

/// How many files may leave in one run without being asked about, of `total`.
pub(in crate::sync) fn allowed(removed: &Removed, total: u64) -> u64 {
    match removed.stop_above {
        StopAbove::Files(files) => files,
        StopAbove::Share(percent) => (total.saturating_mul(u64::from(percent)) / 100).clamp(ALWAYS, NEVER),
    }
}

async fn count(ctx: &Context) -> Result<u64, RunError> {
    let (mut files, mut after) = (0, None);
    while let Some((batch, last)) = leaving(ctx, after).await? {
        after = Some(last);
        files += batch.iter().map(|leaving| leaving.kinds.len() as u64).sum::<u64>();
    }
    Ok(files)
}

/// Items among the next marks of which something is to leave, and where to go on; `None` at the end.
async fn leaving(ctx: &Context, after: Option<u64>) -> Result<Option<(Vec<Leaving>, u64)>, RunError> {
    let part = ctx.part;
    let found = ctx
        .read(move |view| {
            let marks = state::dirty_after(view, after, BATCH)?;
            let Some(last) = marks.last().map(|(_, mark)| mark.seq) else { return Ok(None) };
            let mut leaving = Vec::new();
            for (item, mark) in marks {
                let Some(placement) = state::placement(view, &item)? else { continue };
                let (gone, kinds) = match part {
                    Part::Photos => {
                        let Some(asset) = state::asset(view, &item)? else { continue };
                        (asset.is_gone(), to_leave(&asset, &placement))
                    }
                    Part::Drive => {
                        let gone = is_gone(view, &item)?;
                        let leave = placement.files.iter().filter(|file| gone && file.may_leave());
                        (gone && !placement.files.is_empty(), leave.map(|file| file.kind).collect())
                    }
                };
                if gone || !kinds.is_empty() {
                    let settles = gone || mark.why.is_none();
                    let why = if gone { Why::Deleted } else { Why::Reverted };
                    let generation = mark.generation;
                    leaving.push(Leaving { item, generation, placement, kinds, why, settles });
                }
            }
            Ok(Some((leaving, last)))
        })
        .await?;
    Ok(found)
}

/// Whether a file of Drive is not there any more: itself, or a folder that it lies in, or it is a folder by now.
pub(in crate::sync) fn is_gone(view: &View, item: &ItemId) -> Result<bool, StateError> {
    let is_folder = state::node(view, item)?.is_some_and(|node| node.kind.holds_items());
    Ok(is_folder || state::is_node_gone(view, item)?)
}

/// Files of an item that iCloud no longer has and that may leave.
pub(in crate::sync) fn to_leave(asset: &Asset, placement: &Placement) -> Vec<Kind> {
    if asset.is_gone() {
        return placement.files.iter().filter(|file| file.may_leave()).map(|file| file.kind).collect();
    }
    plan::surplus(asset, placement).map(|file| file.kind).collect()
}

async fn carry_out(ctx: &Context, leaving: Leaving) -> Result<(), RunError> {
    let Leaving { item, generation, mut placement, kinds, why: cause, settles } = leaving;
    let policy = ctx.job.removed.policy;
    if policy == Policy::Keep || kinds.is_empty() {
        ctx.tally.note(|out| out.kept += u64::from(!kinds.is_empty()));
        if settles {
            ctx.write(move |batch| batch.clear_mark(&item, generation)).await?;
        }
        return Ok(());
    }
    let (root, date) = (ctx.root.clone(), ctx.today());
    let (placement, outcomes) = blocking(move || {
        let mut outcomes = Vec::new();
        let mut dirs = Vec::new();
        for at in 0..placement.files.len() {
            let file = &placement.files[at];
            if !kinds.contains(&file.kind) {
                continue;
            }
            // Where that cannot be told, letting it leave tells why.
            let lies = whereabouts(&root, &placement, file).unwrap_or_else(|_| file.lies.clone());
            placement.files[at].lies = lies;
            let file = &placement.files[at];
            let text = placement.lies_at(file);
            if let Some(attic) = in_the_attic(&root, &text)? {
                placement.files[at].lies = Lies::Attic(attic);
                continue;
            }
            let left = leave(&root, &text, file, policy, date, &mut dirs);
            let file = &mut placement.files[at];
            match &left {
                Ok(Left::Attic { path, .. }) => file.lies = Lies::Attic(path.to_string()),
                Ok(Left::Deleted | Left::Missing) => file.proof = None,
                Err(_) => {}
            }
            outcomes.push((text, (file.kind, file.size), left));
        }
        root.sync_left(&dirs).map(|()| (placement, outcomes))
    })
    .await?;
    let (mut why, mut lost, mut happened) = (None, None, Vec::new());
    for (path, (kind, size), left) in outcomes {
        let what = match left {
            Ok(Left::Attic { path: attic, changed }) => {
                ctx.tally.left(&path, policy == Policy::Attic, changed);
                What::Left { attic: attic.to_string(), set_aside: changed }
            }
            Ok(gone) => {
                ctx.tally.note(|out| out.removed += 1);
                if matches!(gone, Left::Deleted) { What::Deleted } else { What::Missing }
            }
            Err(error) => {
                why = Some(error.to_string());
                if error.is_disk() {
                    lost = Some(error);
                } else {
                    ctx.tally.failed(&path, &error.to_string());
                }
                continue;
            }
        };
        let item = Some(item.clone());
        happened.push(HistoryEvent { what, path, item, kind: Some(kind), size, why: cause });
    }
    let (now, now_ms, part) = (ctx.now(), ctx.now_ms(), ctx.part);
    ctx.write(move |batch| {
        // A photo keeps its name for when it comes back; a name of Drive is free for whoever is called so next.
        if part == Part::Drive && why.is_none() {
            for file in placement.files.iter().filter(|file| !file.is_on_disk()) {
                batch.release_path(state::Root::Photos, &fold(&placement.path(&file.name)), &item)?;
            }
        }
        batch.put_placement(&item, &placement)?;
        happened.iter().try_for_each(|event| batch.tell(now_ms, event))?;
        match why {
            Some(why) => batch.postpone(&item, &why, false, now),
            None if settles => batch.clear_mark(&item, generation),
            None => Ok(()),
        }
    })
    .await?;
    // What did leave before the disk failed is recorded.
    lost.map_or(Ok(()), |error| Err(error.into()))
}

/// The path of a file that was to come back from the attic and is still there.
fn in_the_attic(root: &Root, path: &str) -> Result<Option<String>, TreeError> {
    let Some(path) = RelPath::parse(path).ok().filter(RelPath::is_larders_own) else { return Ok(None) };
    Ok(root.stat(&path)?.map(|_| path.to_string()))
}

/// Lets one file leave. A file that larder did not write, or that changed since, is never deleted: it goes to the attic.
fn leave(
    root: &Root,
    path: &str,
    file: &PlacedFile,
    policy: Policy,
    date: Date,
    dirs: &mut Vec<Dir>,
) -> Result<Left, TreeError> {
    let path = RelPath::parse(path).map_err(|bad| TreeError::Reserved { path: bad.path })?;
    let Some(facts) = root.stat(&path)? else {
        if !path.is_larders_own() {
            // A run that was cut off may have let it leave, and not its directory.
            root.prune(&path.parent())?;
            dirs.push(path.parent());
        }
        return Ok(Left::Missing);
    };
    let mut changed =
        facts.kind != FileKind::File || facts.size != file.size || !same_time(facts.mtime_ns, file);
    if policy == Policy::Delete || changed {
        changed = facts.kind != FileKind::File || !holds(root, &path, file)?;
    }
    dirs.push(path.parent());
    if policy == Policy::Delete && !changed {
        root.remove(&path)?;
        root.prune(&path.parent())?;
        return Ok(Left::Deleted);
    }
    let attic = root.retire(&path, date)?;
    root.prune(&path.parent())?;
    dirs.push(attic.parent());
    Ok(Left::Attic { path: attic, changed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_brake_is_a_share_between_twenty_and_five_hundred_files_or_a_number() {
        let share = |percent| Removed { stop_above: StopAbove::Share(percent), ..Removed::default() };
        assert_eq!(allowed(&share(10), 50), 20);
        assert_eq!(allowed(&share(10), 1_000), 100);
        assert_eq!(allowed(&share(10), 1_000_000), 500);
        let number = Removed { stop_above: StopAbove::Files(3), ..Removed::default() };
        assert_eq!(allowed(&number, 1_000_000), 3);
    }
}
