//! What lies at a path: facts without following links, the digest of a file, the space that is left.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;

use rustix::fs::{self, AtFlags, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::{RelPath, Root, TreeError};
use crate::failpoint::{Point, pass};
use crate::model::{ContentHasher, Digest};

/// Bytes read at a time while hashing.
pub(super) const CHUNK: usize = 256 * 1024;

/// What kind of thing has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Dir,
    /// A symbolic link.
    Link,
    /// A device, a socket, a pipe.
    Other,
}

/// What the file system says about a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Length in bytes.
    pub size: u64,
    /// Modification time in nanoseconds since 1970 UTC, held within what 64 bits can say (1677 to 2262).
    pub mtime_ns: i64,
    /// What it is.
    pub kind: FileKind,
    /// Device number.
    pub dev: u64,
    /// Inode number.
    pub ino: u64,
    /// Number of names that the file has.
    pub nlink: u64,
}

/// Space on the file system of the root, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// What this user may still write.
    pub free: u64,
    /// The file system's size.
    pub total: u64,
}

impl Root {
    /// The facts of what has this name, without following a link; `None` when there is nothing.
    pub fn stat(&self, path: &RelPath) -> Result<Option<Facts>, TreeError> {
        let Some(parent) = self.find_dir(&path.parent())? else { return Ok(None) };
        let look = || fs::statat(&parent, path.file_name(), AtFlags::SYMLINK_NOFOLLOW);
        match pass(Point::TreeStat).and_then(|()| look()) {
            Ok(stat) => Ok(Some(Facts::of(&stat))),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(TreeError::from_errno("examine", path, errno)),
        }
    }

    /// Reads a whole regular file and gives its digest. Other kinds are [`TreeError::InTheWay`], links
    /// [`TreeError::Link`].
    pub fn hash(&self, path: &RelPath, with_sha256: bool) -> Result<Digest, TreeError> {
        let mut file = self.open_file(path)?;
        let mut hasher = ContentHasher::new(with_sha256);
        let mut buffer = vec![0; CHUNK];
        loop {
            match pass(Point::TreeRead).map_err(Into::into).and_then(|()| file.read(&mut buffer)) {
                Ok(0) => return Ok(hasher.finish()),
                Ok(n) => hasher.update(&buffer[..n]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                // EIO while reading is a bad sector under this file: no reason to give up on the others.
                Err(source) if Errno::from_io_error(&source) == Some(Errno::IO) => {
                    return Err(TreeError::Io { what: "read", path: path.to_string(), source });
                }
                Err(source) => return Err(TreeError::from_io("read", path, source)),
            }
        }
    }

    /// The space on the destination's file system.
    pub fn space(&self) -> Result<Space, TreeError> {
        let stat = pass(Point::TreeSpace)
            .and_then(|()| fs::fstatvfs(self.fd()))
            .map_err(|errno| TreeError::from_errno("measure the space of", ".", errno))?;
        Ok(Space {
            free: stat.f_bavail.saturating_mul(stat.f_frsize),
            total: stat.f_blocks.saturating_mul(stat.f_frsize),
        })
    }

    /// Opens a regular file for reading.
    pub(super) fn open_file(&self, path: &RelPath) -> Result<File, TreeError> {
        let parent = self.open_dir(&path.parent())?;
        open_in(&parent, path.file_name(), path)
    }
}

/// Opens the regular file `name` of a directory for reading; `path` is for messages.
pub(super) fn open_in(parent: &OwnedFd, name: &str, path: &RelPath) -> Result<File, TreeError> {
    // NONBLOCK, so that a named pipe put in the way cannot hold larder up.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = match fs::openat(parent, name, flags, Mode::empty()) {
        Ok(fd) => File::from(fd),
        Err(Errno::LOOP | Errno::MLINK) => {
            return Err(TreeError::Link { path: path.to_string(), component: path.to_string() });
        }
        Err(errno) => return Err(TreeError::from_errno("open", path, errno)),
    };
    match Facts::of_file(&file, path)?.kind {
        FileKind::File => Ok(file),
        kind => Err(TreeError::InTheWay { path: path.to_string(), kind }),
    }
}

impl Facts {
    pub(super) fn of(stat: &Stat) -> Self {
        let seconds = i128::from(stat.st_mtime);
        let ns = seconds * 1_000_000_000 + i128::from(stat.st_mtime_nsec);
        let bound = if ns < 0 { i64::MIN } else { i64::MAX };
        Self {
            size: u64::try_from(stat.st_size).unwrap_or(0),
            mtime_ns: i64::try_from(ns).unwrap_or(bound),
            kind: FileKind::of(stat),
            dev: widen(stat.st_dev),
            ino: widen(stat.st_ino),
            nlink: widen(stat.st_nlink),
        }
    }

    pub(super) fn of_file(file: &File, path: &RelPath) -> Result<Self, TreeError> {
        let stat = fs::fstat(file).map_err(|errno| TreeError::from_errno("examine", path, errno))?;
        Ok(Self::of(&stat))
    }

    /// Whether both are the same file under two names.
    #[must_use]
    pub fn is_same_file(&self, other: &Self) -> bool {
        (self.dev, self.ino) == (other.dev, other.ino)
    }

    /// Whether both are the same file, unchanged in between as far as length and time tell.
    #[must_use]
    pub fn is_same_version(&self, other: &Self) -> bool {
        self.is_same_file(other) && (self.size, self.mtime_ns) == (other.size, other.mtime_ns)
    }
}

impl FileKind {
    pub(super) fn of(stat: &Stat) -> Self {
        match fs::FileType::from_raw_mode(stat.st_mode) {
            fs::FileType::RegularFile => Self::File,
            fs::FileType::Directory => Self::Dir,
            fs::FileType::Symlink => Self::Link,
            _ => Self::Other,
        }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "file",
            Self::Dir => "directory",
            Self::Link => "symbolic link",
            Self::Other => "special file",
        })
    }
}

/// Device, inode and link numbers have another width on every system.
fn widen<T: TryInto<u64>>(number: T) -> u64 {
    number.try_into().unwrap_or(u64::MAX)
}
