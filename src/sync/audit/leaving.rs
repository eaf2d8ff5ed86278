//! Files that iCloud no longer has: are they about to leave, or held?

use super::desk::Desk;
use super::difference::What;
use crate::config::Policy;
use crate::model::Part;
use crate::state;
use crate::sync::RunError;
use crate::sync::apply::{allowed, is_gone, to_leave};

/// Marks that are looked at in one view of the state.
const PIECE: usize = 1_000;

/// What is to leave the mirror.
pub(super) struct Leaving {
    policy: Policy,
    /// Files.
    files: u64,
    /// More than may leave without being confirmed.
    held: bool,
}

impl Leaving {
    /// Counts what is to leave.
    pub(super) fn count(desk: &Desk) -> Result<Self, RunError> {
        let (mut files, mut last) = (0, None);
        loop {
            desk.look_up()?;
            let view = desk.books.view()?;
            let marks = state::dirty_after(&view, last, PIECE)?;
            let Some((_, mark)) = marks.last() else { break };
            last = Some(mark.seq);
            for (item, _) in &marks {
                let Some(placement) = state::placement(&view, item)? else { continue };
                files += match desk.part {
                    Part::Photos => state::asset(&view, item)?
                        .map_or(0, |asset| to_leave(&asset, &placement).len() as u64),
                    Part::Drive if is_gone(&view, item)? => {
                        placement.files.iter().filter(|file| file.may_leave()).count() as u64
                    }
                    Part::Drive => 0,
                };
            }
        }
        let held = files > 0 && files > allowed(&desk.job.removed, in_place(desk)?);
        Ok(Self { policy: desk.job.removed.policy, files, held })
    }

    /// What becomes of a file that is to leave.
    pub(super) fn of_a_file(&self) -> (What, String) {
        match self.policy {
            Policy::Keep => (What::Kept, "nothing".into()),
            _ if self.held => (
                What::Held,
                format!("held by the brake: larder sync --once --confirm-removals {}", self.files),
            ),
            Policy::Attic => (What::Leaving, "moved to the attic by the next run".into()),
            Policy::Delete => (What::Leaving, "deleted by the next run".into()),
        }
    }
}

/// Files in place, all told.
fn in_place(desk: &Desk) -> Result<u64, RunError> {
    let (mut files, mut last) = (0, None);
    loop {
        desk.look_up()?;
        let piece = state::placements_after(&desk.books.view()?, last.as_ref(), PIECE)?;
        let Some((item, _)) = piece.last() else { return Ok(files) };
        last = Some(item.clone());
        files += piece
            .iter()
            .map(|(_, placement)| placement.files.iter().filter(|file| file.is_in_place()).count() as u64)
            .sum::<u64>();
    }
}
