//! Directories of Drive that folders left: they go when nothing is in them any more.

use std::cmp::Reverse;

use super::dirs::dir_of;
use crate::state::{self, Root as Destination, StateError, View};
use crate::sync::context::blocking;
use crate::sync::{Context, RunError};
use crate::tree::name::fold;
use crate::tree::{RelPath, Root, TreeError};

/// Removes the directories that folders left, as far as they are empty and no other folder's. One with something in it is
/// looked at again at every run: what is to leave it may be held, and what is somebody's stays.
pub async fn remove_left_dirs(ctx: &Context) -> Result<(), RunError> {
    let mut left = ctx
        .read(|view| {
            let dirs = state::left_dirs(view)?;
            dirs.into_iter().map(|dir| Ok((owned(view, &dir)?, dir))).collect::<Result<Vec<_>, _>>()
        })
        .await?;
    if left.is_empty() {
        return Ok(());
    }
    // The innermost first.
    left.sort_by_key(|(_, dir)| Reverse(dir.matches('/').count()));
    let root = ctx.root.clone();
    let settled = blocking(move || {
        let (mut settled, mut above) = (Vec::new(), Vec::new());
        for (owned, dir) in left {
            let Ok(path) = RelPath::parse(&dir) else {
                settled.push(dir);
                continue;
            };
            let is_anothers = match owned {
                Owned::No => false,
                Owned::Here => true,
                Owned::As(other) => is_one(&root, &path, &other)?,
            };
            if is_anothers {
                settled.push(dir);
                continue;
            }
            match root.remove_dir(&path) {
                Ok(true) => {
                    above.push(path.parent());
                    settled.push(dir);
                }
                Ok(false) => {}
                Err(error) if error.is_disk() => return Err(error),
                Err(error) => tracing::debug!(%path, %error, "A directory that was left stays"),
            }
        }
        root.sync_left(&above)?;
        Ok(settled)
    })
    .await?;
    Ok(ctx.write(move |batch| settled.iter().try_for_each(|dir| batch.forget_left(dir))).await?)
}

/// Whether a directory that was left is somebody's again.
enum Owned {
    No,
    /// By that very name.
    Here,
    /// By one that a disk may take for the same.
    As(String),
}

fn owned(view: &View, dir: &str) -> Result<Owned, StateError> {
    let Some(owner) = state::owner(view, Destination::Photos, &fold(dir))? else { return Ok(Owned::No) };
    let path = state::placement(view, &owner)?.as_ref().and_then(dir_of);
    Ok(match path {
        Some(path) if path == dir => Owned::Here,
        Some(path) => Owned::As(path),
        None => Owned::No,
    })
}

/// Whether two names are of one directory, as on a disk that ignores case.
fn is_one(root: &Root, path: &RelPath, other: &str) -> Result<bool, TreeError> {
    let Ok(other) = RelPath::parse(other) else { return Ok(false) };
    let (one, other) = (root.stat(path)?, root.stat(&other)?);
    Ok(one.zip(other).is_some_and(|(one, other)| one.is_same_file(&other)))
}
