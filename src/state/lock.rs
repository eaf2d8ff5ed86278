//! One writer a job: a lock on a file, let go by the system when the process dies.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use super::StateError;
use crate::failpoint::{Point, pass};

/// The lock of a job, held until dropped.
#[derive(Debug)]
pub struct JobLock {
    _file: File,
}

impl JobLock {
    /// As [`JobLock::take`], and waits so long for another process to let go.
    pub fn take_within(state_dir: &Path, patience: Duration) -> Result<Self, StateError> {
        let start = Instant::now();
        loop {
            match Self::take(state_dir) {
                Err(StateError::Busy { .. }) if start.elapsed() < patience => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                taken => return taken,
            }
        }
    }

    /// Takes the lock in the state directory, which is created (for the owner alone) when it is not there.
    /// [`StateError::Busy`] when another process holds it.
    pub fn take(state_dir: &Path) -> Result<Self, StateError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| StateError::Io { path, source }
        };
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        pass(Point::StateLock)
            .map_err(Into::into)
            .and_then(|()| builder.create(state_dir))
            .map_err(io(state_dir))?;
        let path = state_dir.join("lock");
        let mut options = File::options();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(io(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StateError::Busy { path: state_dir.to_owned() }),
            Err(TryLockError::Error(source)) => Err(StateError::Io { path, source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_is_refused_until_the_first_lets_go() {
        let dir = tempfile::tempdir().unwrap();
        let state_dir = dir.path().join("a/b");
        let first = JobLock::take(&state_dir).unwrap();
        assert!(matches!(JobLock::take(&state_dir), Err(StateError::Busy { .. })));
        let start = Instant::now();
        let patience = Duration::from_millis(100);
        assert!(matches!(JobLock::take_within(&state_dir, patience), Err(StateError::Busy { .. })));
        assert!(start.elapsed() >= patience);
        drop(first);
        assert!(JobLock::take_within(&state_dir, patience).is_ok());
        assert!(JobLock::take(&state_dir).is_ok());
    }
}
