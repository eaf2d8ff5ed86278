//! Content that is on this disk already under another name, or as another photo's file: it is moved or copied, never
//! fetched.

use jiff::civil::Date;

use super::body::{Home, Whence, place};
use super::known::{holds, is_as_written, is_meant, own_hash};
use super::record::{Report, Settled};
use super::task::{Source, Task};
use crate::model::ContentHasher;
use crate::state::Proof;
use crate::sync::context::blocking;
use crate::sync::{Context, RunError};
use crate::tree::{Access, FileKind, Finish, Root, TreeError};

/// Moves or copies the file from where it lies. `None` when what lies there is not what larder wrote: then it is left
/// alone and the file is fetched.
pub(super) async fn bring(ctx: &Context, task: &mut Task) -> Result<Option<Report>, RunError> {
    let Some(source) = task.source.clone() else { return Ok(None) };
    let (root, given, date) = (ctx.root.clone(), task.clone(), ctx.today());
    let brought = blocking(move || {
        let task = given;
        let copies = source.giver.as_ref().is_some_and(|giver| giver.keeps);
        let home = if copies { copy(&root, &source, &task, date) } else { relocate(&root, &source, &task) };
        home.map(|home| (task, source, home))
    });
    match brought.await {
        Ok((task, _, Local::Brought(home))) => {
            Ok(Some(Report::Settled { task: Box::new(task), settled: Settled::Placed(home) }))
        }
        Ok((_, _, Local::Missing)) => Ok(None),
        // A name of Drive may be another's by now, or its folder gone: what was changed is set aside.
        Ok((task, source, Local::Changed)) if task.document.is_some() => {
            let (root, path, date) = (ctx.root.clone(), source.path.clone(), ctx.today());
            let aside = blocking(move || {
                let attic = root.retire(&path, date)?;
                root.sync_left(&[path.parent(), attic.parent()])
            });
            match aside.await {
                Ok(()) => ctx.tally.set_aside(source.path.as_str()),
                Err(error) if error.is_disk() => return Err(error.into()),
                Err(error) => tracing::debug!(%error, "a changed file could not be set aside"),
            }
            Ok(None)
        }
        Ok((task, source, Local::Changed)) => {
            ctx.warn(format!(
                "`{}` changed since larder wrote it: it stays there, and what iCloud has goes to `{}`",
                source.path, task.path
            ));
            Ok(None)
        }
        Err(error) if error.is_disk() => Err(error.into()),
        Err(error) => {
            tracing::debug!(%error, "a file could not be moved or copied; it is fetched");
            // Its own file still lies where it was, and nobody would ever look for it there: it leaves when the new one
            // has come.
            let own = |source: &&Source| source.giver.is_none() && !source.path.is_larders_own();
            if let Some(source) = task.source.as_ref().filter(own) {
                task.replaces.get_or_insert_with(|| source.clone());
            }
            Ok(None)
        }
    }
}

/// What became of content that should be on this disk.
enum Local {
    /// It has its final name.
    Brought(Home),
    /// There is none any more.
    Missing,
    /// Somebody changed it.
    Changed,
}

fn is_one_file(root: &Root, source: &Source, task: &Task) -> Result<bool, TreeError> {
    let (from, to) = (root.stat(&source.path)?, root.stat(&task.path)?);
    Ok(from.zip(to).is_some_and(|(from, to)| from.is_same_file(&to) && from.nlink == 1))
}

/// Copies another photo's file, proving the bytes on the way.
fn copy(root: &Root, source: &Source, task: &Task, date: Date) -> Result<Local, TreeError> {
    let Some(facts) = root.stat(&source.path)? else { return Ok(Local::Missing) };
    if facts.kind != FileKind::File || facts.size != source.file.size {
        return Ok(Local::Missing);
    }
    let staging = root.stage_copy(&source.path, &task.staging_key())?;
    let mut hasher = ContentHasher::new(own_hash(&source.file).is_some());
    staging.read_existing(|chunk| hasher.update(chunk))?;
    let digest = hasher.finish();
    if !is_meant(&digest, &source.file) {
        root.discard(&task.staging_key())?;
        // It is another photo's, which stays as it is.
        return Ok(Local::Missing);
    }
    let proof = source.file.proof.unwrap_or(Proof::Proven);
    let home = place(root, task, staging, proof, &digest, date)?;
    Ok(Local::Brought(Home { whence: Whence::Copied, ..home }))
}

fn relocate(root: &Root, source: &Source, task: &Task) -> Result<Local, TreeError> {
    if root.stat(&source.path)?.is_none() {
        return Ok(Local::Missing);
    }
    if !is_as_written(root, &source.path, &source.file)? {
        return Ok(Local::Changed);
    }
    let access = if task.private { Access::Private } else { Access::Shared };
    if let Some(dir) = &task.private_dir {
        root.ensure_dir(dir, access)?;
    }
    match root.relocate(&source.path, &task.path, access) {
        // Two names of one file, on a disk that ignores case: there is nothing to move.
        Err(TreeError::AlreadyThere { .. }) if is_one_file(root, source, task)? => {}
        // A move by copying that was cut off: the copy is there, so that the old name may go.
        Err(TreeError::AlreadyThere { .. })
            if !source.path.is_larders_own() && holds(root, &task.path, &source.file)? =>
        {
            root.remove(&source.path)?;
        }
        moved => drop(moved?),
    }
    root.refinish(&task.path, Finish { mtime: task.mtime, access })?;
    if !source.path.is_larders_own() {
        root.prune(&source.path.parent())?;
    }
    Ok(Local::Brought(Home {
        path: task.path.clone(),
        size: source.file.size,
        proof: source.file.proof.unwrap_or(Proof::Proven),
        matched: None,
        whence: Whence::Moved,
        dirs: vec![task.path.parent()],
        left: Some(source.path.parent()),
        attic: None,
        set_aside: false,
    }))
}
