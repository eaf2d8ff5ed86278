//! Directories of Drive that folders left: they go when nothing is in them any more.

use crate::state::{self, Root as Destination};
use crate::sync::context::blocking;
use crate::sync::{Context, RunError};
use crate::tree::RelPath;
use crate::tree::name::fold;

/// Removes the directories that folders left, as far as they are empty and no other folder's. One with something in it is
/// looked at again at every run: what is to leave it may be held, and what is somebody's stays.
pub async fn remove_left_dirs(ctx: &Context) -> Result<(), RunError> {
    let mut left = ctx
        .read(|view| {
            let dirs = state::left_dirs(view)?;
            dirs.into_iter()
                .map(|dir| Ok((state::owner(view, Destination::Photos, &fold(&dir))?.is_some(), dir)))
                .collect::<Result<Vec<_>, _>>()
        })
        .await?;
    if left.is_empty() {
        return Ok(());
    }
    // The innermost first.
    left.sort_by_key(|(_, dir)| std::cmp::Reverse(dir.matches('/').count()));
    let root = ctx.root.clone();
    let settled = blocking(move || {
        let (mut settled, mut above) = (Vec::new(), Vec::new());
        for (owned, dir) in left {
            let Ok(path) = RelPath::parse(&dir) else {
                settled.push(dir);
                continue;
            };
            if owned {
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
