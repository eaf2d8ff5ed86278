//! The state, as far as a verification uses it: read all the time, written for an instant now and then.

use std::path::PathBuf;
use std::sync::Arc;

use crate::state::{JobLock, Reader, State, StateError, View};
use crate::sync::RunError;

/// The state, with or without the job's lock.
pub enum Books {
    /// The lock is held anyway, by the run that this is a part of.
    Held(Arc<State>),
    /// Runs may be at work: the lock is taken for each write.
    Beside {
        /// Reads.
        reader: Reader,
        /// The state directory.
        dir: PathBuf,
        /// The state file.
        file: PathBuf,
    },
}

impl Books {
    /// A consistent look. To be kept short.
    pub fn view(&self) -> Result<View, StateError> {
        match self {
            Self::Held(state) => state.view(),
            Self::Beside { reader, .. } => reader.view(),
        }
    }

    /// Lets `act` write, while no run is at work and so none is between placing a file and recording it. `None` when one is.
    pub(super) fn write<T>(
        &self,
        act: impl FnOnce(&State) -> Result<T, RunError>,
    ) -> Result<Option<T>, RunError> {
        match self {
            Self::Held(state) => act(state).map(Some),
            Self::Beside { dir, file, .. } => {
                let _lock = match JobLock::take(dir) {
                    Err(StateError::Busy { .. }) => return Ok(None),
                    lock => lock?,
                };
                act(&State::open(file)?).map(Some)
            }
        }
    }
}
