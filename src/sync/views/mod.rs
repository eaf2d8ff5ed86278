//! Album views: directories (or playlists) beside the library that show the photos of an album.
//!
//! ```text
//! marks -> follow (job file) -> spread (asset -> entries) -> name (albums -> directories) -> walk (entries) -> lists
//! ```
//!
//! Marks are set by the state, in the transaction that gives the reason; a night without changes has none and costs
//! nothing. Whatever is made is noted first, made, synced, and noted as done; a crash in between leaves the marks, and
//! what lies on disk is recognised. Entries show files that are in the mirror already: nothing is ever fetched.

mod act;
mod entry;
mod follow;
mod lists;
mod look;
mod name;
mod pass;
mod shown;
mod spread;
mod walk;

use super::context::blocking;
use super::{Context, RunError};
use crate::event::Event;
use crate::state;
use pass::Pass;

/// Brings the album views up to date.
pub async fn bring(ctx: &Context) -> Result<(), RunError> {
    let ctx = ctx.clone();
    blocking(move || run(&ctx, false)).await
}

/// Counts what would be made and removed. Writes to the state alone, which the caller throws away.
pub async fn foresee(ctx: &Context) -> Result<(), RunError> {
    let ctx = ctx.clone();
    blocking(move || run(&ctx, true)).await
}

fn run(ctx: &Context, dry: bool) -> Result<(), RunError> {
    follow::follow(ctx)?;
    if state::view_marks_after(&ctx.state.view()?, None, 1)?.is_empty() {
        return Ok(());
    }
    ctx.tell(&Event::Phase("Bringing albums up to date".into()));
    let mut pass = Pass::begin(ctx, dry)?;
    spread::spread(&pass)?;
    name::name(&mut pass)?;
    let mut after = None;
    while let Some(album) = state::marked_album_after(&ctx.state.view()?, after.as_ref())? {
        walk::walk(&mut pass, &album)?;
        after = Some(album);
    }
    pass.end();
    Ok(())
}
