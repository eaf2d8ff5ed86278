//! Content that is on this disk already under another name: it is moved, never fetched.

use super::body::Home;
use super::known::is_as_written;
use super::record::{Report, Settled};
use super::task::{Source, Task};
use crate::state::Proof;
use crate::sync::context::blocking;
use crate::sync::{Context, RunError};
use crate::tree::{Access, Finish, Root, TreeError};

/// Moves the file from where it lies. `None` when what lies there is not what larder wrote: then it is left alone
/// and the file is fetched.
pub(super) async fn bring(ctx: &Context, task: &Task) -> Result<Option<Report>, RunError> {
    let Some(source) = task.source.clone() else { return Ok(None) };
    let (root, task) = (ctx.root.clone(), task.clone());
    let moved = blocking(move || relocate(&root, &source, &task).map(|moved| (moved, task, source))).await;
    match moved {
        Ok((Moved::Yes, task, source)) => {
            let (dirs, left) = (vec![task.path.parent()], Some(source.path.parent()));
            let proof = source.file.proof.unwrap_or(Proof::Proven);
            let home = Home {
                path: task.path.clone(),
                proof,
                matched: None,
                dirs,
                left,
                attic: None,
                set_aside: false,
            };
            let settled = Settled::Placed(home);
            Ok(Some(Report::Settled { task: Box::new(task), settled }))
        }
        Ok((Moved::Missing, ..)) => Ok(None),
        Ok((Moved::Changed, task, source)) => {
            ctx.warn(format!(
                "`{}` changed since larder wrote it: it stays there, and what iCloud has goes to `{}`",
                source.path, task.path
            ));
            Ok(None)
        }
        Err(error) if error.is_disk() => Err(error.into()),
        Err(error) => {
            tracing::debug!(%error, "a file could not be moved; it is fetched");
            Ok(None)
        }
    }
}

/// What became of a file that was to be moved.
enum Moved {
    Yes,
    /// There is none any more.
    Missing,
    /// Somebody changed it.
    Changed,
}

fn relocate(root: &Root, source: &Source, task: &Task) -> Result<Moved, TreeError> {
    if root.stat(&source.path)?.is_none() {
        return Ok(Moved::Missing);
    }
    if !is_as_written(root, &source.path, &source.file)? {
        return Ok(Moved::Changed);
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
    Ok(Moved::Yes)
}
