//! What ends a run early.

use std::path::PathBuf;

use crate::config::Size;
use crate::http::LeftAlone;
use crate::icloud::cloudkit::CloudKitError;
use crate::icloud::drive::DriveError;
use crate::icloud::session::SessionError;
use crate::state::StateError;
use crate::tree::TreeError;

/// What ends a run early. All that was done before is kept.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The session cannot be used.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// iCloud cannot be reached or refuses service.
    #[error(transparent)]
    Service(#[from] CloudKitError),
    /// The same, for Drive.
    #[error(transparent)]
    Drive(#[from] DriveError),
    /// The destination is in trouble.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The state is in trouble.
    #[error(transparent)]
    State(#[from] StateError),
    /// iCloud refused too often, and is left alone.
    #[error(transparent)]
    LeftAlone(#[from] LeftAlone),
    /// Too many bodies failed one after the other.
    #[error("{failures} downloads failed one after the other, the last because: {last}")]
    Failing {
        /// How many.
        failures: u64,
        /// Why the last one failed.
        last: String,
    },
    /// There is no room for all that is to come.
    #[error(
        "The disk of `{}` has no room for {files} file(s) more, {} are missing (of which {} are kept free): free some \
         space, or set `keep_free` lower; what had room is there",
        destination.display(),
        Size(*missing),
        Size(*keep_free)
    )]
    NoRoom {
        /// The destination.
        destination: PathBuf,
        /// Files that did not fit.
        files: u64,
        /// Bytes that would have to be freed.
        missing: u64,
        /// Bytes that are kept free.
        keep_free: u64,
    },
    /// The state belongs to another Apple ID.
    #[error(
        "The state in `{state_dir}` belongs to another Apple ID: name another `state_dir` for this account"
    )]
    OtherAccount {
        /// The state directory.
        state_dir: String,
    },
    /// The run was told to stop.
    #[error("Stopped before everything was done")]
    Interrupted,
}
