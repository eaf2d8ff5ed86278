//! The opened destination.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::{fmt, io};

use rustix::fs::{self, AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::marker::MARKER;
use super::path::OWN_DIR;
use super::{Dir, MirrorId, RelPath, TreeError};
use crate::config::Modes;
use crate::failpoint::{Point, pass};

/// Name of the file by which opening proves that the destination can be written.
const PROBE: &str = "probe";

/// A destination that is open, writable and carries the right marker. Cheap to clone.
#[derive(Clone)]
pub struct Root(Arc<Inner>);

struct Inner {
    fd: OwnedFd,
    path: PathBuf,
    shared_mode: Mode,
    /// Of new directories, when it is not the umask that says.
    dir_mode: Option<Mode>,
    /// Held for writing while empty directories are removed, for reading while something is put into one.
    directories: RwLock<()>,
    /// Directories that could not be removed when they were empty.
    stubborn: Mutex<Vec<Dir>>,
    /// Whether directories are content, and stay when they are empty.
    keeps_dirs: bool,
}

/// What opening a destination gave.
#[derive(Debug)]
pub struct Opened {
    /// The destination.
    pub root: Root,
    /// The identity to expect from now on.
    pub id: MirrorId,
    /// Whether the mirror begins here: there was no marker.
    pub fresh: bool,
}

impl Root {
    /// Opens the destination at `path`, which must exist.
    ///
    /// `expected` is the mirror that was there last time. Without one (the first run, or the state was lost)
    /// a marker that is found is adopted, and a missing one is written. With one, a missing or other marker is
    /// refused as [`TreeError::OtherMirror`] unless `accept` says that this disk is meant. Nothing is written before the
    /// marker has been looked at.
    pub fn open(path: &Path, expected: Option<&MirrorId>, accept: bool) -> Result<Opened, TreeError> {
        let (root, found) = Self::look(path, expected, accept)?;
        let root = root.probe()?;
        let (id, fresh) = match found {
            Some(id) => (id, false),
            None => (root.write_marker()?, true),
        };
        Ok(Opened { root, id, fresh })
    }

    /// Opens the destination to look at alone: as [`Root::open`], but nothing is written, no marker and no probe.
    /// Gives the identity of the mirror that is there, if any.
    pub fn inspect(
        path: &Path,
        expected: Option<&MirrorId>,
        accept: bool,
    ) -> Result<(Self, Option<MirrorId>), TreeError> {
        Self::look(path, expected, accept)
    }

    /// Opens the directory and holds its marker against the expected one.
    fn look(
        path: &Path,
        expected: Option<&MirrorId>,
        accept: bool,
    ) -> Result<(Self, Option<MirrorId>), TreeError> {
        let fd = fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
            .map_err(|errno| refusal(path, errno))?;
        if let Some(outer) = outer_mirror(path)? {
            return Err(TreeError::InsideAnother { path: path.to_owned(), outer });
        }
        let root = Self(Arc::new(Inner {
            fd,
            path: path.to_owned(),
            shared_mode: Mode::empty(),
            dir_mode: None,
            directories: RwLock::default(),
            stubborn: Mutex::default(),
            keeps_dirs: false,
        }));
        let found = root.read_marker()?;
        if !accept && expected.is_some_and(|id| found.as_ref() != Some(id)) {
            return Err(TreeError::OtherMirror { path: path.to_owned(), found });
        }
        Ok((root, found))
    }

    /// A directory that is no mirror, with the mode of new files left to the umask.
    pub(super) fn unmarked(path: &Path) -> Result<Self, TreeError> {
        let fd = fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
            .map_err(|errno| TreeError::from_errno("open", path.display(), errno))?;
        let (path, shared_mode) = (path.to_owned(), Mode::from_raw_mode(0o666));
        Ok(Self(Arc::new(Inner {
            fd,
            path,
            shared_mode,
            dir_mode: None,
            directories: RwLock::default(),
            stubborn: Mutex::default(),
            keeps_dirs: false,
        })))
    }

    /// The same destination, where new files and directories that are not private get these permissions, and where empty
    /// directories stay or go.
    pub fn with_modes(self, modes: Modes, keeps_dirs: bool) -> Result<Self, TreeError> {
        let inner = &self.0;
        let fd = inner
            .fd
            .try_clone()
            .map_err(|source| TreeError::from_io("open", inner.path.display(), source))?;
        Ok(Self(Arc::new(Inner {
            fd,
            path: inner.path.clone(),
            shared_mode: modes.file.map_or(inner.shared_mode, Mode::from_raw_mode),
            dir_mode: modes.dir.map(Mode::from_raw_mode),
            directories: RwLock::default(),
            stubborn: Mutex::default(),
            keeps_dirs,
        })))
    }

    /// Whether directories are content, and stay when they are empty.
    pub(super) fn keeps_dirs(&self) -> bool {
        self.0.keeps_dirs
    }

    /// The destination as it was named in the job file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Makes names last: syncs every directory that is named and all above it, each once, the outermost first.
    ///
    /// Those above are synced whoever created them: a worker that finds a directory cannot know whether the name
    /// of that directory is durable yet. A directory in which nothing is new costs next to nothing.
    pub fn sync_dirs(&self, dirs: &[Dir]) -> Result<(), TreeError> {
        self.sync(dirs, false)
    }

    /// As [`Root::sync_dirs`], for directories that files left: one that was empty and went meanwhile is no trouble,
    /// the one above it tells so.
    pub fn sync_left(&self, dirs: &[Dir]) -> Result<(), TreeError> {
        self.sync(dirs, true)
    }

    fn sync(&self, dirs: &[Dir], may_be_gone: bool) -> Result<(), TreeError> {
        let mut all = BTreeSet::from([Dir::ROOT]);
        for dir in dirs {
            let mut next = Some(dir.clone());
            while let Some(dir) = next.filter(|dir| !all.contains(dir)) {
                next = dir.path().map(RelPath::parent);
                all.insert(dir);
            }
        }
        for dir in &all {
            let found = if may_be_gone { self.find_dir(dir)? } else { Some(self.open_dir(dir)?) };
            let Some(opened) = found.map(File::from) else { continue };
            match pass(Point::TreeSyncdir).map_err(Into::into).and_then(|()| opened.sync_all()) {
                // Some network file systems know no sync of a directory; names are theirs to keep.
                Err(error) if matches!(Errno::from_io_error(&error), Some(Errno::INVAL | Errno::NOTSUP)) => {}
                result => result.map_err(|source| TreeError::from_io("sync", dir, source))?,
            }
        }
        Ok(())
    }

    pub(super) fn directories(&self) -> &RwLock<()> {
        &self.0.directories
    }

    /// Directories that could not be removed when they were empty.
    pub(super) fn stubborn(&self) -> MutexGuard<'_, Vec<Dir>> {
        self.0.stubborn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.0.fd.as_fd()
    }

    /// Permission bits of files that others may read: those that the umask and the file system give to a
    /// new file.
    pub(super) fn shared_mode(&self) -> Mode {
        self.0.shared_mode
    }

    /// Permission bits of directories that others may enter, when the job file names them.
    pub(super) fn dir_mode(&self) -> Option<Mode> {
        self.0.dir_mode
    }

    /// Proves by doing it that files can be created here, and learns which mode they get. Reading the umask
    /// instead would mean to change it for an instant, for all threads.
    fn probe(self) -> Result<Self, TreeError> {
        let (incoming, probe) = self.create_incoming_as(PROBE, Mode::from_raw_mode(0o666))?;
        let stat = fs::fstat(&probe).map_err(|errno| TreeError::from_errno("examine", PROBE, errno))?;
        fs::unlinkat(&incoming, PROBE, AtFlags::empty())
            .map_err(|errno| TreeError::from_errno("remove", PROBE, errno))?;
        let fd = self
            .fd()
            .try_clone_to_owned()
            .map_err(|source| TreeError::from_io("open", self.path().display(), source))?;
        let shared_mode = Mode::from_raw_mode(stat.st_mode) & Mode::from_raw_mode(0o666);
        let path = self.path().to_owned();
        Ok(Self(Arc::new(Inner {
            fd,
            path,
            shared_mode,
            dir_mode: None,
            directories: RwLock::default(),
            stubborn: Mutex::default(),
            keeps_dirs: self.0.keeps_dirs,
        })))
    }
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Root").field(&self.path()).finish()
    }
}

/// Why the destination could not be opened.
fn refusal(path: &Path, errno: Errno) -> TreeError {
    match errno {
        Errno::NOENT => TreeError::Missing { path: path.to_owned() },
        Errno::NOTDIR => TreeError::NotADirectory { path: path.to_owned() },
        errno => TreeError::from_errno("open", path.display(), errno),
    }
}

/// A directory above `path` that holds a mirror.
fn outer_mirror(path: &Path) -> Result<Option<PathBuf>, TreeError> {
    let real = path.canonicalize().map_err(|source| TreeError::from_io("examine", path.display(), source))?;
    for above in real.ancestors().skip(1) {
        match above.join(OWN_DIR).join(MARKER).symlink_metadata() {
            Ok(_) => return Ok(Some(above.to_owned())),
            // What this user cannot look into is no mirror of theirs.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::PermissionDenied
                ) => {}
            Err(source) => return Err(TreeError::from_io("examine", above.display(), source)),
        }
    }
    Ok(None)
}
