//! The slice of a night, as a part of a run.

use std::sync::{Mutex, PoisonError};

use super::books::Books;
use super::desk::{Desk, Manner};
use super::known::known;
use super::result::{RECORDED, Verified};
use super::slice::slice;
use crate::state;
use crate::sync::context::blocking;
use crate::sync::tally::Trouble;
use crate::sync::{Context, RunError};

/// A night is over when so much time has passed since its slice was read: runs may be more frequent than nights.
const NIGHT_MS: i64 = 20 * 3600 * 1000;

/// Reads the slice of this night, when the job file asks for it and it was not read yet. Tells how many files a run is to
/// fetch again.
pub(in crate::sync) async fn nightly(ctx: &Context) -> Result<u64, RunError> {
    let Some(shares) = ctx.job.verify.nightly else { return Ok(0) };
    let last = ctx.read(|view| Ok(state::rereads(view)?.last_slice_ms)).await?;
    // A clock that was set back waits for nothing.
    if (0..NIGHT_MS).contains(&(ctx.now_ms() - last)) {
        return Ok(0);
    }
    let desk = Desk {
        job: ctx.job.clone(),
        part: ctx.part,
        books: Books::Held(ctx.state.clone()),
        root: (*ctx.root).clone(),
        clock: ctx.clock.clone(),
        observer: ctx.observer.clone(),
        cancel: ctx.cancel.clone(),
        manner: Manner::Nightly,
        result: Mutex::new(Verified { began: ctx.clock.now(), ..Verified::default() }),
    };
    desk.phase("Reading a part of the mirror again");
    let (done, result) = blocking(move || {
        let done = slice(&desk, shares);
        (done, desk.result.into_inner().unwrap_or_else(PoisonError::into_inner))
    })
    .await;
    ctx.tally.note(|out| {
        out.reread.files += result.files;
        out.reread.bytes += result.bytes;
        out.reread.wrong += result.wrong();
        let named = result.items.into_iter().take(RECORDED);
        out.reread.items.extend(named.map(|found| Trouble { item: found.path, why: found.why }));
    });
    done.map(|night| night.voided)
}

/// Counts what is known to be wrong and was not repaired, for a run that read a slice.
pub(in crate::sync) async fn settle(ctx: &Context) -> Result<(), RunError> {
    let left = ctx
        .read(|view| {
            let mut left = 0;
            known(view, |known| left += u64::from(known.condition != state::Condition::Edited))?;
            Ok(left)
        })
        .await?;
    ctx.tally.note(|out| out.reread.left = left);
    Ok(())
}
