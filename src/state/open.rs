//! Opening the state file: for the one writer, or for readers beside it.

use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use redb::{
    ConcurrencyMode, Database, DatabaseError, ReadOnlyDatabase, ReadTransaction, ReadableDatabase as _,
    TableDefinition,
};

use super::StateError;
use super::meta::MetaKey;
use super::tables::{Batch, View};
use crate::failpoint::{Point, pass};

/// Version of the tables and rows. A file of a newer version is refused, one of an older version brought up to date by
/// the next writer.
///
/// | format | what came |
/// |---|---|
/// | 1 | |
/// | 2 | tables for history, album views and what was read again, which an older file does not have |
/// | 3 | tables for Drive; rows of the ledger say which version of a file of Drive lies on disk |
pub const FORMAT: u32 = 3;

/// Bytes that redb may keep in memory; its own default is 1 GiB. With 16 MiB a first sync of 100,000 photos peaks at 243 MiB in
/// place of 139, and takes 5 % less time.
const CACHE: usize = 6 << 20;

/// The state, open for writing. One process at a time.
pub struct State {
    db: Database,
    path: PathBuf,
    /// The first failure of the disk. Whatever is asked of redb after it fails for that reason alone.
    trouble: OnceLock<i32>,
}

impl State {
    /// Opens the state file, or creates it. One that is damaged anywhere is [`StateError::Damaged`], and one of a newer
    /// larder is refused before anything is written.
    ///
    /// A new one gets its name when it is whole: a reader beside the first run never meets half a file, nor does
    /// the next run after a power cut.
    pub fn open(path: &Path) -> Result<Self, StateError> {
        if !path.exists() {
            let fresh = path.with_extension("new");
            let io = |source| StateError::Io { path: fresh.clone(), source };
            match std::fs::remove_file(&fresh) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(io(error)),
                _ => {}
            }
            pass(Point::StateCreate).map_err(|errno| io(errno.into()))?;
            // redb takes an empty file for a new one; made here, it is for its owner alone from the first byte.
            let mut options = std::fs::File::options();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            drop(options.open(&fresh).map_err(io)?);
            drop(Self::with(builder().create(&fresh).map_err(|error| opening(&fresh, error))?, &fresh)?);
            pass(Point::StateRename)
                .map_err(Into::into)
                .and_then(|()| std::fs::rename(&fresh, path))
                .map_err(io)?;
            #[cfg(unix)]
            if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
                pass(Point::StateSyncdir)
                    .map_err(Into::into)
                    .and_then(|()| std::fs::File::open(dir)?.sync_all())
                    .map_err(io)?;
            }
        }
        refuse_before_writing(path)?;
        unless_damaged(path, || {
            // Every page is held against its checksum: half a second at a million photos, and a disk that changed one
            // is found out before anything is concluded from it.
            let opened = builder().set_check_integrity_on_open(true).open(path);
            Self::with(opened.map_err(|error| opening(path, error))?, path)
        })
    }

    /// A state that lives in memory, for a run that must leave nothing behind.
    pub fn in_memory() -> Result<Self, StateError> {
        Self::on(redb::backends::InMemoryBackend::new(), Path::new("(memory)"))
    }

    /// A state on any storage, called `path` in messages.
    pub fn on(storage: impl redb::StorageBackend, path: &Path) -> Result<Self, StateError> {
        unless_damaged(path, || {
            let mut builder = redb::Builder::new();
            let db = builder.set_cache_size(CACHE).create_with_backend(storage);
            Self::with(db.map_err(|error| opening(path, error))?, path)
        })
    }

    fn with(db: Database, path: &Path) -> Result<Self, StateError> {
        let state = Self { db, path: path.to_owned(), trouble: OnceLock::new() };
        // Opening the tables for writing has created those that an older format did not have.
        state.write(|batch| match batch.meta_number(MetaKey::Format)? {
            Some(found) if found == u64::from(FORMAT) => Ok(()),
            Some(found) if found > u64::from(FORMAT) => Err(newer(path, found)),
            _ => batch.set_meta_number(MetaKey::Format, u64::from(FORMAT)),
        })?;
        Ok(state)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A consistent look at the present state.
    pub fn view(&self) -> Result<View, StateError> {
        let view = || -> Result<View, StateError> { Ok(View::open(&self.db.begin_read()?)?) };
        view().map_err(|error| self.named(error))
    }

    /// Runs `change` in one durable transaction: when this returns `Ok`, all of it is on disk; on an error,
    /// nothing of it is.
    pub fn write<T>(
        &self,
        change: impl FnOnce(&mut Batch<'_>) -> Result<T, StateError>,
    ) -> Result<T, StateError> {
        let at = |point| pass(point).map_err(|errno| redb::StorageError::Io(errno.into()));
        let write = || {
            at(Point::StateBegin)?;
            let tx = self.db.begin_write()?;
            let value = change(&mut Batch::open(&tx)?)?;
            at(Point::StateCommit)?;
            tx.commit()?;
            at(Point::StateCommitted)?;
            Ok(value)
        };
        write().map_err(|error| self.named(error))
    }

    /// A failure of the disk, with the file's path and what happened first.
    fn named(&self, error: StateError) -> StateError {
        let StateError::Storage(storage) = error else { return error };
        let path = self.path.clone();
        match *storage {
            redb::Error::Io(source) => {
                if let Some(code) = source.raw_os_error() {
                    self.trouble.get_or_init(|| code);
                }
                StateError::Io { path, source }
            }
            redb::Error::PreviousIo => {
                let first = self.trouble.get().copied().map(io::Error::from_raw_os_error);
                StateError::Io { path, source: first.unwrap_or_else(|| io::ErrorKind::Other.into()) }
            }
            other => StateError::Storage(Box::new(other)),
        }
    }

    /// Gives unused pages back to the disk. Worth it after the first listing.
    pub fn compact(&mut self) -> Result<(), StateError> {
        self.db.compact()?;
        Ok(())
    }
}

/// The state as another process sees it: read only, also while a run writes.
pub struct Reader {
    db: ReadOnlyDatabase,
}

impl Reader {
    /// Opens an existing state file. [`StateError::Absent`] when there is none yet.
    pub fn open(path: &Path) -> Result<Self, StateError> {
        if !path.exists() {
            let path = path.parent().unwrap_or(path).to_owned();
            return Err(StateError::Absent { path });
        }
        if !path.is_file() {
            return Err(StateError::NoFile { path: path.to_owned() });
        }
        let db =
            unless_damaged(path, || builder().open_read_only(path).map_err(|error| opening(path, error)))?;
        // Only then the tables: an older file lacks some of them.
        match format(&db.begin_read()?)? {
            Some(found) if found > u64::from(FORMAT) => Err(newer(path, found)),
            Some(found) if found < u64::from(FORMAT) => Err(StateError::Older { path: path.to_owned() }),
            Some(_) => Ok(Self { db }),
            None => Err(StateError::Absent { path: path.to_owned() }),
        }
    }

    /// A consistent look at the last committed state.
    pub fn view(&self) -> Result<View, StateError> {
        Ok(View::open(&self.db.begin_read()?)?)
    }
}

/// Refuses a file that is no state, or one of a newer larder, before anything of it is changed.
///
/// Whatever else is wrong with it shows when it is opened for writing, where every page is held against its checksum.
/// Here nothing is, and redb may panic over a damaged page.
fn refuse_before_writing(path: &Path) -> Result<(), StateError> {
    let facts = std::fs::metadata(path).map_err(|source| StateError::Io { path: path.to_owned(), source })?;
    if !facts.is_file() {
        return Err(StateError::NoFile { path: path.to_owned() });
    }
    let looked = catch_unwind(AssertUnwindSafe(|| {
        let db = builder().open_read_only(path).map_err(|error| of_newer_redb(path, &error))?;
        let found = db.begin_read().map_err(|_| None).and_then(|tx| format(&tx).map_err(|_| None))?;
        Ok(found)
    }));
    match looked {
        Ok(Ok(Some(found))) if found > u64::from(FORMAT) => Err(newer(path, found)),
        Ok(Err(Some(refused))) => Err(refused),
        _ => Ok(()),
    }
}

/// The error when the file is of a form that only a later redb, and so a later larder, knows.
fn of_newer_redb(path: &Path, error: &DatabaseError) -> Option<StateError> {
    let DatabaseError::Storage(redb::StorageError::Corrupted(why)) = error else { return None };
    let (known, found) = why.strip_prefix("Expected file format version <= ")?.split_once(", found ")?;
    let (known, found) = (known.parse().ok()?, found.parse().ok()?);
    Some(StateError::Newer { path: path.to_owned(), found, known })
}

/// Opens something. redb panics over some damages of a file, where an error is meant: the state can be rebuilt.
fn unless_damaged<T>(path: &Path, open: impl FnOnce() -> Result<T, StateError>) -> Result<T, StateError> {
    // What was half opened is not looked at again.
    catch_unwind(AssertUnwindSafe(open)).unwrap_or_else(|panic| {
        let why = panic.downcast_ref::<String>().map(String::as_str);
        let why = why.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it makes no sense");
        let source = Box::new(redb::Error::Corrupted(why.to_owned()));
        Err(StateError::Damaged { path: path.to_owned(), source })
    })
}

fn builder() -> redb::Builder {
    let mut builder = redb::Builder::new();
    builder.set_cache_size(CACHE).set_concurrency_mode(ConcurrencyMode::SingleWriter);
    builder
}

/// The format of a state file whose tables may not all be there.
fn format(tx: &ReadTransaction) -> Result<Option<u64>, StateError> {
    let meta: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
    let meta = match tx.open_table(meta) {
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
        opened => opened?,
    };
    let format = meta.get(MetaKey::Format.name())?;
    Ok(format.and_then(|bytes| bytes.value().try_into().ok()).map(u64::from_le_bytes))
}

fn newer(path: &Path, found: u64) -> StateError {
    let found = u32::try_from(found).unwrap_or(u32::MAX);
    StateError::Newer { path: path.to_owned(), found, known: FORMAT }
}

fn opening(path: &Path, error: DatabaseError) -> StateError {
    if let Some(newer) = of_newer_redb(path, &error) {
        return newer;
    }
    let path = path.to_owned();
    match error {
        DatabaseError::DatabaseAlreadyOpen => StateError::Busy { path },
        DatabaseError::RepairAborted => StateError::Unclean { path },
        DatabaseError::Storage(redb::StorageError::Io(source))
            if !matches!(source.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof) =>
        {
            StateError::Io { path, source }
        }
        other => StateError::Damaged { path, source: Box::new(other.into()) },
    }
}

#[cfg(test)]
mod tests {
    use super::super::meta;
    use super::*;

    #[test]
    fn a_reader_sees_commits_of_the_open_writer() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.redb");
        assert!(matches!(Reader::open(&path), Err(StateError::Absent { .. })));
        let state = State::open(&path).unwrap();
        let reader = Reader::open(&path).unwrap();
        state.write(|batch| batch.set_meta_number(MetaKey::ZonesChecked, 7)).unwrap();
        assert_eq!(meta::number(&reader.view().unwrap(), MetaKey::ZonesChecked).unwrap(), Some(7));
        assert!(matches!(State::open(&path), Err(StateError::Busy { .. })));
    }

    #[test]
    fn a_reader_never_meets_half_a_state() {
        let dir = tempfile::tempdir().unwrap();
        for number in 0..30 {
            let path = dir.path().join(format!("state{number}.redb"));
            std::fs::write(path.with_extension("new"), "left by a power cut").unwrap();
            std::thread::scope(|scope| {
                let creating = scope.spawn(|| State::open(&path).unwrap());
                while !creating.is_finished() {
                    let read = Reader::open(&path);
                    assert!(matches!(read, Ok(_) | Err(StateError::Absent { .. })), "{:?}", read.err());
                }
            });
            assert!(Reader::open(&path).is_ok());
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 30);
    }

    #[test]
    fn a_newer_format_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.redb");
        let newer = u64::from(FORMAT) + 1;
        State::open(&path).unwrap().write(|batch| batch.set_meta_number(MetaKey::Format, newer)).unwrap();
        assert!(
            matches!(State::open(&path), Err(StateError::Newer { found, known: FORMAT, .. }) if u64::from(found) == newer)
        );
        assert!(matches!(Reader::open(&path), Err(StateError::Newer { .. })));
    }

    #[test]
    fn an_older_format_is_brought_up_to_date_by_the_next_writer() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.redb");
        for older in 1..u64::from(FORMAT) {
            State::open(&path).unwrap().write(|batch| batch.set_meta_number(MetaKey::Format, older)).unwrap();
            assert!(matches!(Reader::open(&path), Err(StateError::Older { .. })));
            drop(State::open(&path).unwrap());
            assert!(Reader::open(&path).is_ok());
        }
    }

    #[test]
    fn a_file_that_is_no_state_is_damaged_not_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.redb");
        std::fs::write(&path, vec![7; 5000]).unwrap();
        assert!(matches!(State::open(&path), Err(StateError::Damaged { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), vec![7; 5000]);
    }

    #[test]
    fn a_failed_write_leaves_nothing() {
        let state = State::in_memory().unwrap();
        let failed: Result<(), StateError> = state.write(|batch| {
            batch.set_meta_number(MetaKey::ZonesChecked, 7)?;
            Err(StateError::Row { table: "t", why: "test".into() })
        });
        assert!(failed.is_err());
        assert_eq!(meta::number(&state.view().unwrap(), MetaKey::ZonesChecked).unwrap(), None);
    }
}
