//! A directory of the person's own, into which files of the mirror are copied.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use rustix::fs::{self, AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::facts::{CHUNK, Facts};
use super::{Access, Dir, RelPath, Root, TreeError, transfer};
use crate::failpoint::{Point, pass};
use crate::model::{ContentHasher, Digest};

/// A directory for copies. Nothing that is there is ever replaced.
#[derive(Debug)]
pub struct Outlet {
    /// Absent when it is only looked at and does not exist.
    root: Option<Root>,
    path: PathBuf,
}

impl Outlet {
    /// Opens the directory, creating what is missing of it.
    pub fn open(path: &Path) -> Result<Self, TreeError> {
        std::fs::create_dir_all(path)
            .map_err(|source| TreeError::from_io("create the directory", path.display(), source))?;
        Ok(Self { root: Some(Root::unmarked(path)?), path: path.to_owned() })
    }

    /// Opens the directory to look at alone; it may be missing.
    pub fn look(path: &Path) -> Result<Self, TreeError> {
        let root = if path.exists() { Some(Root::unmarked(path)?) } else { None };
        Ok(Self { root, path: path.to_owned() })
    }

    fn root(&self) -> Result<&Root, TreeError> {
        let missing = || TreeError::from_errno("open", self.path.display(), Errno::NOENT);
        self.root.as_ref().ok_or_else(missing)
    }

    /// Whether something has that name here.
    pub fn has(&self, path: &RelPath) -> Result<bool, TreeError> {
        let Some(root) = &self.root else { return Ok(false) };
        Ok(root.stat(path)?.is_some())
    }

    /// Copies the file at `from` of the mirror to `to` here, with its time, and gives the digest of what was read. The copy
    /// gets its name when it is whole and durable; a name that is taken is [`TreeError::AlreadyThere`].
    pub fn copy(
        &self,
        mirror: &Root,
        from: &RelPath,
        to: &RelPath,
        access: Access,
        with_sha256: bool,
    ) -> Result<Digest, TreeError> {
        if self.has(to)? {
            return Err(TreeError::AlreadyThere { path: to.to_string() });
        }
        let source = mirror.open_file(from)?;
        let facts = Facts::of_file(&source, from)?;
        let parent = self.root()?.make_dir(&to.parent(), access)?;
        // The same for the same file: what a run that was cut off left here is replaced by the next.
        let name = format!(".larder-{:x}-{:x}.part", facts.dev, facts.ino);
        let remove = || match fs::unlinkat(&parent, &*name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(TreeError::from_errno("remove", to, errno)),
        };
        remove()?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = match access {
            Access::Shared => Mode::from_raw_mode(0o666),
            Access::Private => Mode::RUSR | Mode::WUSR,
        };
        let mut copy = pass(Point::OutletCreate)
            .and_then(|()| fs::openat(&parent, &*name, flags, mode))
            .map(File::from)
            .map_err(|errno| TreeError::from_errno("create", to, errno))?;
        let failed = |source| TreeError::from_io("copy", to, source);
        let copied = pour(source, from, &mut copy, to, with_sha256).and_then(|digest| {
            match transfer::rename_new(Point::OutletRename, &parent, &name, &parent, to.file_name()) {
                Ok(()) => Ok(digest),
                Err(Errno::EXIST) => Err(TreeError::AlreadyThere { path: to.to_string() }),
                Err(errno) => Err(failed(errno.into())),
            }
        });
        if copied.is_err() {
            remove()?;
        }
        copied
    }

    /// Makes the names of copies last.
    pub fn sync_dirs(&self, dirs: &[Dir]) -> Result<(), TreeError> {
        self.root()?.sync_dirs(dirs)
    }
}

/// Copies the whole content and the time, durably, hashing what is read.
fn pour(
    mut source: File,
    from: &RelPath,
    copy: &mut File,
    to: &RelPath,
    with_sha256: bool,
) -> Result<Digest, TreeError> {
    let unread = |source| TreeError::Io { what: "read", path: from.to_string(), source };
    let failed = |source| TreeError::from_io("copy", to, source);
    let mut hasher = ContentHasher::new(with_sha256);
    let mut buffer = vec![0; CHUNK];
    loop {
        match source.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => {
                hasher.update(&buffer[..n]);
                pass(Point::OutletWrite)
                    .map_err(Into::into)
                    .and_then(|()| copy.write_all(&buffer[..n]))
                    .map_err(failed)?;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            // A bad sector under this file is no reason to give up on the others.
            Err(error) => return Err(unread(error)),
        }
    }
    let modified = source.metadata().and_then(|facts| facts.modified()).map_err(unread)?;
    if let Err(error) = copy.set_modified(modified) {
        tracing::debug!(%error, "The modification time could not be set");
    }
    pass(Point::OutletSync).map_err(Into::into).and_then(|()| copy.sync_all()).map_err(failed)?;
    Ok(hasher.finish())
}
