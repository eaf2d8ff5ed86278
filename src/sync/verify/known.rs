//! Files that are known to be wrong and are not settled.

use crate::model::ItemId;
use crate::state::{self, Condition, PlacedFile, StateError, View};

/// Items of one look.
const PIECE: usize = 1_000;

/// A file that is known to be wrong.
#[derive(Debug, Clone)]
pub struct Known {
    /// Whose file it is.
    pub item: ItemId,
    /// The file, as it should be.
    pub file: PlacedFile,
    /// Where it lies, or should.
    pub path: String,
    /// What is wrong.
    pub condition: Condition,
}

/// Tells `each` file that is known to be wrong, as long as the ledger has it in the mirror or lacks it because of that.
pub fn known(view: &View, mut each: impl FnMut(Known)) -> Result<(), StateError> {
    let mut last: Option<ItemId> = None;
    loop {
        let piece = state::wrong_after(view, last.as_ref(), PIECE)?;
        let Some((item, _)) = piece.last() else { return Ok(()) };
        last = Some(item.clone());
        for (item, all) in piece {
            let Some(placement) = state::placement(view, &item)? else { continue };
            for wrong in all {
                let Some(file) = placement.file(wrong.kind) else { continue };
                let lost = file.proof.is_none() && wrong.condition == Condition::Replaced;
                if file.is_on_disk() || lost {
                    let (file, path) = (file.clone(), placement.lies_at(file));
                    each(Known { item: item.clone(), file, path, condition: wrong.condition });
                }
            }
        }
    }
}
