//! What happened to a file, for history.

use super::body::{Home, Whence};
use super::task::{Source, Task};
use crate::event::Event;
use crate::model::{ItemId, Kind};
use crate::state::{HistoryEvent, PlacedFile, Proof, What, Why};
use crate::sync::Context;
use crate::tree::RelPath;

/// A file has its final name.
pub(super) fn happened(task: &Task, home: &Home) -> HistoryEvent {
    let resource = &task.wanted.resource;
    let edited = matches!(resource.kind, Kind::EditedStill | Kind::EditedMotion);
    let fresh = if edited { Why::Edited } else { Why::New };
    let giver = task.source.as_ref().and_then(|source| source.giver.as_ref());
    let given = giver.map(|giver| if giver.item.zone == task.item.zone { fresh } else { Why::OtherLibrary });
    let repairs = task.lost || task.replaces.as_ref().is_some_and(Source::is_altered);
    let (what, why) = match (home.whence, &task.source, &home.attic) {
        (Whence::Found, ..) => (What::Found, Why::Unknown),
        (Whence::Moved, Some(source), _) if source.path.is_larders_own() => {
            (What::Returned { attic: source.path.to_string() }, given.unwrap_or(Why::Undeleted))
        }
        (Whence::Moved, Some(source), _) => {
            (What::Moved { from: source.path.to_string() }, given.unwrap_or(Why::Rearranged))
        }
        (_, _, Some(attic)) => {
            let why = if repairs { Why::Lost } else { Why::Edited };
            let old = task.replaces.as_ref().filter(|old| old.path != home.path);
            let from = old.map(|old| old.path.to_string());
            (What::Changed { from, attic: attic.to_string(), set_aside: home.set_aside }, why)
        }
        (Whence::Copied, ..) if repairs => (What::Copied, Why::Lost),
        (Whence::Copied, ..) => (What::Copied, given.unwrap_or(fresh)),
        (_, _, None) if repairs => (What::Fetched, Why::Lost),
        (_, Some(_), None) => (What::Fetched, Why::Lost),
        (_, None, None) => (What::Fetched, fresh),
    };
    HistoryEvent {
        what,
        path: home.path.to_string(),
        item: Some(task.item.clone()),
        kind: Some(resource.kind),
        size: home.size,
        why,
    }
}

/// A file was recognised on disk.
fn found(item: &ItemId, path: &str, file: &PlacedFile) -> HistoryEvent {
    HistoryEvent {
        what: What::Found,
        path: path.to_owned(),
        item: Some(item.clone()),
        kind: Some(file.kind),
        size: file.size,
        why: Why::Unknown,
    }
}

/// Counts and tells a file that was recognised on disk. Gives what history is to say.
pub(super) fn adopted(ctx: &Context, item: &ItemId, path: &str, file: &PlacedFile) -> HistoryEvent {
    let proof = file.proof.unwrap_or(Proof::Proven);
    ctx.tally.placed(path, file.size, &proof, false);
    ctx.tell(&Event::Placed { path: path.to_owned(), size: file.size, fetched: false });
    found(item, path, file)
}

/// A file was found in the attic, which a run that was cut off had moved there.
pub(super) fn left(item: &ItemId, path: &str, attic: &RelPath, file: &PlacedFile) -> HistoryEvent {
    HistoryEvent {
        what: What::Left { attic: attic.to_string(), set_aside: false },
        path: path.to_owned(),
        item: Some(item.clone()),
        kind: Some(file.kind),
        size: file.size,
        why: Why::Deleted,
    }
}
