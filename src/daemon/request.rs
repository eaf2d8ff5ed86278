//! How other processes find the daemon of a job, and ask it for a run.
//!
//! In the state directory: `daemon`, locked for as long as the daemon lives, holds the number of its process; `run-now` is
//! there while a run was asked for and has not begun.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

/// Name of the locked file.
const PRESENCE: &str = "daemon";

/// Name of the file that asks for a run.
const REQUEST: &str = "run-now";

/// The daemon's own: held until dropped, let go by the system when the process dies.
#[derive(Debug)]
pub struct Presence(#[expect(dead_code, reason = "holding it is all")] File);

impl Presence {
    /// Says that a daemon tends the job of this state directory. `None` when another one does.
    pub fn announce(state_dir: &Path) -> io::Result<Option<Self>> {
        let mut dirs = std::fs::DirBuilder::new();
        dirs.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut dirs, 0o700);
        dirs.create(state_dir)?;
        let mut file = open(state_dir)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        file.set_len(0)?;
        writeln!(file, "{}", std::process::id())?;
        Ok(Some(Self(file)))
    }
}

/// The process of the daemon that tends the job, if one does.
pub fn is_present(state_dir: &Path) -> io::Result<Option<u32>> {
    let mut file = match File::open(state_dir.join(PRESENCE)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    match file.try_lock_shared() {
        Ok(()) => return Ok(None),
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok(text.trim().parse().ok())
}

/// Asks the daemon that tends the job for a run. `false` when there is none.
pub fn ask_for_run(state_dir: &Path) -> io::Result<bool> {
    let Some(pid) = is_present(state_dir)? else { return Ok(false) };
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let Some(pid) = pid else { return Ok(false) };
    File::create(state_dir.join(REQUEST))?;
    kill_process(pid, Signal::USR1)?;
    Ok(true)
}

/// Whether a run was asked for and has not begun.
pub(super) fn is_asked(state_dir: &Path) -> bool {
    state_dir.join(REQUEST).exists()
}

/// Whether a run was asked for; it is not asked for any more.
pub(super) fn take(state_dir: &Path) -> bool {
    std::fs::remove_file(state_dir.join(REQUEST)).is_ok()
}

fn open(state_dir: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create(true).truncate(false).read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(state_dir.join(PRESENCE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_is_seen_while_it_lives_and_there_is_one() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("job");
        assert_eq!(is_present(&state).unwrap(), None);
        assert!(!ask_for_run(&state).unwrap());
        let presence = Presence::announce(&state).unwrap().unwrap();
        assert_eq!(is_present(&state).unwrap(), Some(std::process::id()));
        assert!(Presence::announce(&state).unwrap().is_none());
        drop(presence);
        assert_eq!(is_present(&state).unwrap(), None);
        assert!(!take(&state), "nobody asked");
    }
}
