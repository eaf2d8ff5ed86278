//! Putting a state file aside that cannot be used.

use std::path::{Path, PathBuf};

use super::StateError;

/// Puts a state file aside, under a name of its own that says when, and gives that name. The content is not touched.
/// Only for the holder of the job's lock.
pub fn put_aside(path: &Path, day: &str) -> Result<PathBuf, StateError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let names = std::iter::once(format!("{name}.damaged-{day}"))
        .chain((2_u32..).map(|number| format!("{name}.damaged-{day}-{number}")));
    let free = names
        .map(|name| path.with_file_name(name))
        .find(|aside| aside.symlink_metadata().is_err())
        .unwrap_or_else(|| path.with_extension("damaged"));
    let io = |source| StateError::Io { path: path.to_owned(), source };
    std::fs::rename(path, &free).map_err(io)?;
    #[cfg(unix)]
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        std::fs::File::open(dir).and_then(|dir| dir.sync_all()).map_err(io)?;
    }
    Ok(free)
}

#[cfg(test)]
mod tests {
    use super::super::{FORMAT, MetaKey, State, last_run};
    use super::*;

    #[test]
    fn a_file_put_aside_keeps_its_bytes_and_replaces_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.redb");
        for (number, name) in [(1, "state.redb.damaged-2026-11-25"), (2, "state.redb.damaged-2026-11-25-2")] {
            std::fs::write(&path, [number; 9]).unwrap();
            let aside = put_aside(&path, "2026-11-25").unwrap();
            assert_eq!((aside.file_name().unwrap(), path.exists()), (name.as_ref(), false));
            assert_eq!(std::fs::read(aside).unwrap(), [number; 9]);
        }
        assert_eq!(std::fs::read(dir.path().join("state.redb.damaged-2026-11-25")).unwrap(), [1; 9]);
    }

    #[test]
    fn a_page_that_changed_is_damage_wherever_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let (path, flipped) = (dir.path().join("state.redb"), dir.path().join("flipped.redb"));
        let state = State::open(&path).unwrap();
        for run in 0..200 {
            state.write(|batch| batch.put_run(run, &"what happened ".repeat(20))).unwrap();
        }
        drop(state);
        let whole = std::fs::read(&path).unwrap();
        let (mut damaged, mut sound) = (0, 0);
        // Odd steps, so that every place in a page has its turn.
        for at in (0..whole.len()).step_by(977) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x10;
            std::fs::write(&flipped, bytes).unwrap();
            match State::open(&flipped) {
                Err(StateError::Damaged { .. } | StateError::Newer { .. }) => damaged += 1,
                // A page that nothing uses, or bytes between rows.
                Ok(state) => {
                    let (run, text) = last_run(&state.view().unwrap()).unwrap().unwrap();
                    // Or the commit before the last one, when the head of the last one is what was hit.
                    assert!(run >= 198 && text == "what happened ".repeat(20), "{at}: {run} {text}");
                    sound += 1;
                }
                Err(other) => panic!("{at}: {other:?}"),
            }
        }
        assert!(damaged > 3 && sound > 0, "{damaged} damaged, {sound} sound");
    }

    #[test]
    fn a_newer_state_is_refused_without_a_byte_of_it_changing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.redb");
        let newer = u64::from(FORMAT) + 1;
        State::open(&path).unwrap().write(|batch| batch.set_meta_number(MetaKey::Format, newer)).unwrap();
        let before = std::fs::read(&path).unwrap();
        assert!(matches!(State::open(&path), Err(StateError::Newer { .. })));
        assert!(std::fs::read(&path).unwrap() == before);
    }
}
