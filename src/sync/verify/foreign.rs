//! Counting what lies in the mirror and is not larder's.

use super::desk::Desk;
use crate::state::{self, Root, View};
use crate::sync::RunError;
use crate::tree::name::fold;

/// Files that are looked up in one look at the state.
const PIECE: u64 = 1_000;

/// Files in the mirror that larder did not write, links and the like among them.
pub(super) fn count(desk: &Desk) -> Result<u64, RunError> {
    let (mut foreign, mut seen) = (0, 0_u64);
    let mut view: Option<View> = None;
    for found in desk.root.scan() {
        if desk.cancel.is_cancelled() {
            return Err(RunError::Interrupted);
        }
        let path = match found {
            Ok((path, _)) => path,
            Err(error) if error.is_disk() => return Err(error.into()),
            // A name that larder could not have given.
            Err(_) => {
                foreign += 1;
                continue;
            }
        };
        if seen.is_multiple_of(PIECE) {
            view = Some(desk.books.view()?);
        }
        seen += 1;
        let Some(view) = &view else { continue };
        let folded = fold(path.as_str());
        let owned = [Root::Photos, Root::Albums].map(|root| state::owner(view, root, &folded));
        let mut known = false;
        for owner in owned {
            known |= owner?.is_some();
        }
        foreign += u64::from(!known);
    }
    Ok(foreign)
}
