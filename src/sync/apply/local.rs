//! Content that is on this disk already under another name, or as another photo's file: it is moved or copied, never
//! fetched.

use jiff::civil::Date;

use super::body::{Home, Whence, place};
use super::known::{holds, is_meant, own_hash, same_time};
use super::record::{Report, Settled};
use super::task::{Source, Task};
use crate::model::ContentHasher;
use crate::state::Proof;
use crate::sync::context::blocking;
use crate::sync::{Context, RunError};
use crate::tree::{Access, FileKind, Finish, Root, TreeError};

/// Moves or copies the file from where it lies. `None` when what lies there is not what larder wrote: then it is left
/// alone and the file is fetched.
pub(super) async fn bring(ctx: &Context, task: &Task) -> Result<Option<Report>, RunError> {
    let Some(source) = task.source.clone() else { return Ok(None) };
    let (root, task, date) = (ctx.root.clone(), task.clone(), ctx.today());
    let brought = blocking(move || {
        let copies = source.giver.as_ref().is_some_and(|giver| giver.keeps);
        let home = if copies { copy(&root, &source, &task, date) } else { relocate(&root, &source, &task) };
        home.map(|home| home.map(|home| (task, home)))
    });
    match brought.await {
        Ok(Some((task, home))) => {
            Ok(Some(Report::Settled { task: Box::new(task), settled: Settled::Placed(home) }))
        }
        Ok(None) => Ok(None),
        Err(error) if error.is_disk() => Err(error.into()),
        Err(error) => {
            tracing::debug!(%error, "a file could not be moved or copied; it is fetched");
            Ok(None)
        }
    }
}

/// Copies another photo's file, proving the bytes on the way.
fn copy(root: &Root, source: &Source, task: &Task, date: Date) -> Result<Option<Home>, TreeError> {
    let Some(facts) = root.stat(&source.path)? else { return Ok(None) };
    if facts.kind != FileKind::File || facts.size != source.file.size {
        return Ok(None);
    }
    let staging = root.stage_copy(&source.path, &task.staging_key())?;
    let mut hasher = ContentHasher::new(own_hash(&source.file).is_some());
    staging.read_existing(|chunk| hasher.update(chunk))?;
    let digest = hasher.finish();
    if !is_meant(&digest, &source.file) {
        root.discard(&task.staging_key())?;
        return Ok(None);
    }
    let proof = source.file.proof.unwrap_or(Proof::Proven);
    let home = place(root, task, staging, proof, &digest, date)?;
    Ok(Some(Home { whence: Whence::Copied, ..home }))
}

fn relocate(root: &Root, source: &Source, task: &Task) -> Result<Option<Home>, TreeError> {
    let Some(facts) = root.stat(&source.path)? else { return Ok(None) };
    if facts.kind != FileKind::File || facts.size != source.file.size {
        return Ok(None);
    }
    if !same_time(facts.mtime_ns, &source.file) && !holds(root, &source.path, &source.file)? {
        return Ok(None);
    }
    let access = if task.private { Access::Private } else { Access::Shared };
    if let Some(dir) = &task.private_dir {
        root.ensure_dir(dir, access)?;
    }
    root.relocate(&source.path, &task.path, access)?;
    root.refinish(&task.path, Finish { mtime: task.mtime, access })?;
    if !source.path.is_larders_own() {
        root.prune(&source.path.parent())?;
    }
    Ok(Some(Home {
        path: task.path.clone(),
        proof: source.file.proof.unwrap_or(Proof::Proven),
        matched: None,
        whence: Whence::Moved,
        dirs: vec![task.path.parent()],
        left: Some(source.path.parent()),
        attic: None,
    }))
}
