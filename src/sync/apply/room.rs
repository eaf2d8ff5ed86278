//! Space on the destination's disk: what is to come must fit, and a reserve stays free.
//!
//! What does not fit is left for a later run, the rest comes: a full disk is no reason to leave out the small files that
//! have room. Nothing of what does not fit is begun, so that no half of a film fills what is left.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::reserve::Work;
use super::task::Task;
use crate::sync::context::blocking;
use crate::sync::{Context, RunError};
use crate::tree::TreeError;

/// Where a disk does not say how much it holds, all fits until it says no.
const UNKNOWN: u64 = u64::MAX;

/// What may still be begun.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// Bytes that were free when the disk was last asked, less what was begun since and the reserve.
    left: u64,
    /// Bytes of files on their way.
    begun: Arc<AtomicU64>,
}

/// Bytes of a file on its way, until dropped.
#[derive(Debug)]
pub(super) struct Claim {
    bytes: u64,
    begun: Arc<AtomicU64>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.begun.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Room {
    /// Asks the disk. What is half written counts twice, so that the answer is never too high.
    pub(super) async fn measure(&mut self, ctx: &Context) -> Result<(), RunError> {
        self.left = match free(ctx).await? {
            UNKNOWN => UNKNOWN,
            free => free.saturating_sub(self.begun.load(Ordering::Relaxed)),
        };
        Ok(())
    }

    /// Whether so much fits, as far as is known.
    pub(super) fn has(&self, bytes: u64) -> bool {
        bytes <= self.left
    }

    /// Counts a file that is begun.
    pub(super) fn claim(&mut self, task: &Task) -> Claim {
        let bytes = added(task);
        if self.left != UNKNOWN {
            self.left = self.left.saturating_sub(bytes);
        }
        self.begun.fetch_add(bytes, Ordering::Relaxed);
        Claim { bytes, begun: self.begun.clone() }
    }

    /// Whether it fits when what earlier runs left of it is counted. If not, that is told in the end.
    pub(super) async fn has_rest(&self, ctx: &Context, work: &Work) -> Result<bool, RunError> {
        let keys: Vec<String> =
            work.tasks.iter().filter(|task| added(task) > 0).map(Task::staging_key).collect();
        let root = ctx.root.clone();
        let here = blocking(move || keys.iter().map(|key| root.staged(key)).sum::<Result<u64, TreeError>>());
        let rest = needed(work).saturating_sub(here.await?);
        if self.has(rest) {
            return Ok(true);
        }
        let files = work.tasks.iter().filter(|task| added(task) > 0).count() as u64;
        ctx.tally.note(|out| {
            out.no_room += files;
            out.no_room_bytes += rest;
        });
        Ok(false)
    }
}

/// Bytes that an item's files add to the disk.
pub(super) fn needed(work: &Work) -> u64 {
    work.tasks.iter().map(added).sum()
}

/// What is moved adds nothing; what is fetched or copied does.
fn added(task: &Task) -> u64 {
    match &task.source {
        Some(source) if source.giver.as_ref().is_none_or(|giver| !giver.keeps) => 0,
        _ => task.wanted.resource.size,
    }
}

/// Bytes that are free beyond the reserve.
async fn free(ctx: &Context) -> Result<u64, RunError> {
    let root = ctx.root.clone();
    let space = blocking(move || root.space()).await?;
    Ok(if space.total == 0 { UNKNOWN } else { space.free.saturating_sub(ctx.keep_free()) })
}

/// Tells, for a run that touches nothing, when what would come does not fit.
pub(super) async fn foresee(ctx: &Context) -> Result<(), RunError> {
    let (free, out) = (free(ctx).await?, ctx.tally.outcome());
    if out.to_fetch_bytes > free {
        ctx.tally.note(|out| out.no_room_bytes = out.to_fetch_bytes - free);
    }
    Ok(())
}

/// What ends a run that is otherwise done, when something did not fit.
pub(super) async fn verdict(ctx: &Context) -> Result<(), RunError> {
    let out = ctx.tally.outcome();
    if out.no_room == 0 {
        return Ok(());
    }
    let missing = out.no_room_bytes.saturating_sub(free(ctx).await?);
    Err(RunError::NoRoom {
        destination: ctx.root.path().to_owned(),
        files: out.no_room,
        missing,
        keep_free: ctx.keep_free(),
    })
}
