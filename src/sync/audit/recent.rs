//! What changed in iCloud since the last run, as far as one page of changes goes.

use super::cloud::Told;
use super::desk::Desk;
use super::difference::{Difference, Place, What};
use super::sift::Sifter;
use crate::icloud::photos::Decoded;
use crate::state::ZoneRow;
use crate::sync::RunError;
use crate::sync::plan::library_name;

/// Tells what changed, and remembers whether anything did that means something to a mirror.
pub(super) fn tell(desk: &Desk, number: u16, row: &ZoneRow, told: &mut Told) -> Result<(), RunError> {
    let Some(page) = told.changes.as_mut() else { return Ok(()) };
    let library = library_name(&row.id);
    let mut sifter = Sifter::new(desk, number, library);
    let view = desk.books.view()?;
    sifter.take(&view, std::mem::take(&mut page.records))?;
    sifter.assets.settle();
    sifter.members.settle();
    told.recent = page.more;
    for found in std::mem::take(&mut sifter.held).into_values() {
        if sifter.is_moot(&view, &found)? {
            continue;
        }
        told.recent = true;
        let action = if found.what == What::LeftOut { "nothing" } else { "taken over by the next run" };
        desk.found(&Difference { action: action.into(), ..found });
    }
    if page.more {
        let what = (Place::Icloud, What::Unsynced);
        let reason = "more changed in iCloud since the last run than is named here";
        desk.found(&Difference::new(library, library, what, reason, "taken over by the next run"));
    }
    Ok(())
}

/// Remembers whether anything changed, for a look that tells what by itself.
pub(super) fn remember(told: &mut Told) {
    let matters = |record: &Decoded| !matches!(record, Decoded::Ignored { .. });
    told.recent = told
        .changes
        .as_ref()
        .is_some_and(|page| page.more || page.records.iter().any(|outline| matters(&outline.record)));
}
