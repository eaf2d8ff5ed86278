//! Bringing back what left the mirror: a file, a folder, or all that left since a time.
//!
//! History tells what left from where and which version it was; where the state was lost, the attic's own tree does
//! (`.larder/attic/DATE/PATH`). A file goes back to where it was, which must be free, and stays: the ledger says that
//! a person brought it back, and no run removes it again. Or it is copied elsewhere, and the attic stays as it is.
//!
//! A crash between moving a file and recording it leaves the file in its place, where no run touches it; the same
//! restore, begun again, finds it there and records it.

mod bring;
mod choose;
mod find;

use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use super::RunError;
use crate::model::Part;
use crate::state::{self, MetaKey, State};
use crate::tree::{Dir, MirrorId, Outlet, Root, TreeError};

/// Which versions come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// The last one of each path.
    Last,
    /// The last one of each path that left since then.
    Since(Timestamp),
    /// The one that was there at that time.
    At(Timestamp),
}

/// What is to come back.
#[derive(Debug)]
pub struct Request<'a> {
    /// Which part's mirror it is.
    pub part: Part,
    /// A file or folder of the mirror, or all of it.
    pub from: Dir,
    /// Which versions.
    pub version: Version,
    /// Where copies go, when nothing is to be moved.
    pub to: Option<&'a Outlet>,
    /// Only tell what would come back.
    pub dry_run: bool,
}

/// A file that was to come back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Brought {
    /// Its path in the mirror.
    pub path: String,
    /// Where it is or was in the attic.
    pub attic: String,
    /// Where its copy is, below the directory for copies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copy: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it did not come back, or what is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What became of a file that was to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It lies where it was.
    Restored,
    /// It was copied.
    Copied,
    /// With `dry_run`: it would come back.
    WouldRestore,
    /// Something else lies there: nothing was touched.
    Taken,
    /// It was copied, and is not what larder wrote.
    Altered,
    /// It could not be brought back.
    Failed,
}

/// How many files came back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Files that came back, or would.
    pub restored: u64,
    /// Files that did not, or not as larder wrote them.
    pub failed: u64,
    /// Earlier versions of files that are in their place: they did not leave, they were replaced.
    pub earlier: u64,
}

/// What a restore came to.
#[derive(Debug, Default)]
pub struct Restored {
    /// How many files.
    pub totals: Totals,
    /// Where the file that was asked for was moved to, when nothing was found under its name.
    pub moved_to: Option<String>,
}

/// Brings back what is asked for, telling `each` file of it.
pub fn restore(
    state: &State,
    root: &Root,
    request: &Request<'_>,
    now: Timestamp,
    each: &mut dyn FnMut(&Brought),
) -> Result<Restored, RunError> {
    let done = find::Search::new(state, root, request, now, each).run();
    if let Err(RunError::Tree(TreeError::NoSpace { .. })) = &done
        && let Err(error) = root.sweep_incoming(|_| false)
    {
        // The trouble that ended it is the one to tell.
        tracing::debug!(%error, "No room could be made");
    }
    done
}

/// Opens the destination of a job, which must hold the mirror that the state knows, or any mirror when the state was lost.
pub fn destination(path: &Path, state: &State, dry_run: bool) -> Result<Root, RunError> {
    let text = state::text(&state.view()?, MetaKey::Mirror)?;
    let known = text.and_then(|id| id.parse::<MirrorId>().ok());
    // Looked at first: opening would make a mirror of an empty directory.
    let (root, found) = Root::inspect(path, known.as_ref(), false)?;
    let Some(found) = found else {
        return Err(TreeError::OtherMirror { path: path.to_owned(), found: None }.into());
    };
    if dry_run { Ok(root) } else { Ok(Root::open(path, Some(&found), false)?.root) }
}
