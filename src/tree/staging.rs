//! Files on their way in: `.larder/incoming/KEY.part`.

use std::fs::File;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt as _;

use rustix::fs::{self, AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::facts::{CHUNK, Facts, FileKind};
use super::marker::own_path;
use super::path::MAX_COMPONENT;
use super::transfer::{self, BESIDE};
use super::{Access, Dir, RelPath, Root, TreeError};
use crate::failpoint::{Point, pass};

/// Name of the directory in larder's own one.
const INCOMING: &str = "incoming";

/// How staged files end.
const PART: &str = ".part";

/// A file that is being written. Dropping it leaves the file, so that a later run can go on with it.
#[derive(Debug)]
pub struct Staging {
    pub(super) key: String,
    pub(super) file: File,
    path: RelPath,
    size: u64,
}

impl Root {
    /// Opens the staging file of `key` (hexadecimal digits, chosen by the caller) or creates it, readable by
    /// its owner alone. What an earlier run left in it is kept: see [`Staging::size`]. One caller at a time for a key.
    pub fn stage(&self, key: &str) -> Result<Staging, TreeError> {
        let name = part_name(key)?;
        let path = own_path(&[INCOMING, &name])?;
        let incoming = self.incoming()?;
        let flags = OFlags::RDWR
            | OFlags::APPEND
            | OFlags::CREATE
            | OFlags::NOFOLLOW
            | OFlags::NONBLOCK
            | OFlags::CLOEXEC;
        let create = || fs::openat(&incoming, &*name, flags, Access::Private.file_mode(self));
        let open = || match pass(Point::StagingCreate).and_then(|()| create()) {
            Ok(fd) => Ok(File::from(fd)),
            Err(Errno::LOOP | Errno::MLINK) => {
                Err(TreeError::Link { path: path.to_string(), component: path.to_string() })
            }
            Err(errno) => Err(TreeError::from_errno("create", &path, errno)),
        };
        let mut file = open()?;
        let mut facts = Facts::of_file(&file, &path)?;
        if facts.nlink > 1 {
            // A crash in the middle of placing: these bytes have their final name, or their name in the attic,
            // already. Appending here would change them there.
            pass(Point::StagingRemove)
                .and_then(|()| fs::unlinkat(&incoming, &*name, AtFlags::empty()))
                .map_err(|errno| TreeError::from_errno("remove", &path, errno))?;
            file = open()?;
            facts = Facts::of_file(&file, &path)?;
        }
        match facts.kind {
            FileKind::File => Ok(Staging { key: key.to_owned(), file, path, size: facts.size }),
            kind => Err(TreeError::InTheWay { path: path.to_string(), kind }),
        }
    }

    /// Stages a copy of a file of the mirror or the attic, in place of what an earlier run left under that key. Where the
    /// file system can share the bytes of two files, it does.
    pub fn stage_copy(&self, from: &RelPath, key: &str) -> Result<Staging, TreeError> {
        let old = self.open_file(from)?;
        let mut staging = self.stage(key)?;
        staging.truncate(0)?;
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let incoming = self.incoming()?;
        pass(Point::StagingCopy)
            .and_then(|()| fs::openat(incoming, staging.name(), flags, Mode::empty()))
            .map_err(std::io::Error::from)
            .and_then(|plain| transfer::copy(&old, &mut File::from(plain)))
            .map_err(|source| TreeError::from_io("copy", from, source))?;
        staging.size = Facts::of_file(&staging.file, &staging.path)?.size;
        Ok(staging)
    }

    /// Bytes that the staging file of `key` holds.
    pub fn staged(&self, key: &str) -> Result<u64, TreeError> {
        let facts = self.stat(&own_path(&[INCOMING, &part_name(key)?])?)?;
        Ok(facts.filter(|facts| facts.kind == FileKind::File).map_or(0, |facts| facts.size))
    }

    /// Removes the staging file of `key`, if there is one.
    pub fn discard(&self, key: &str) -> Result<(), TreeError> {
        let name = part_name(key)?;
        Self::remove_incoming(&self.incoming()?, &name)
    }

    /// Removes what crashes left in `.larder/incoming/`, except the staging files whose key `keep` accepts.
    /// Only for a time when nothing is staged. Gives the number of files removed.
    pub fn sweep_incoming(&self, keep: impl Fn(&str) -> bool) -> Result<u64, TreeError> {
        let incoming = self.incoming()?;
        let problem = |errno| TreeError::from_errno("list", INCOMING, errno);
        let mut leftovers = Vec::new();
        for entry in fs::Dir::read_from(&incoming).map_err(problem)? {
            let entry = entry.map_err(problem)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.strip_suffix(PART).is_some_and(&keep) {
                continue;
            }
            let stat =
                fs::statat(&incoming, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW).map_err(problem)?;
            if FileKind::of(&stat) != FileKind::Dir {
                leftovers.push(name);
            }
        }
        for name in &leftovers {
            if let Some(key) = name.strip_suffix(BESIDE) {
                self.forget_beside(key)?;
            }
            pass(Point::StagingSweep).map_err(problem)?;
            Self::remove_incoming(&incoming, name)?;
        }
        Ok(leftovers.len() as u64)
    }

    /// Opens `.larder/incoming/`, creating it when it is missing.
    pub(super) fn incoming(&self) -> Result<OwnedFd, TreeError> {
        self.make_dir(&Dir::from(own_path(&[INCOMING])?), Access::Private)
    }

    /// Creates a new, empty file of its owner's in `.larder/incoming/`, in place of an older one of that name.
    pub(super) fn create_incoming(&self, name: &str) -> Result<(OwnedFd, File), TreeError> {
        self.create_incoming_as(name, Access::Private.file_mode(self))
    }

    /// As [`Self::create_incoming`], with permission bits from which the umask is taken.
    pub(super) fn create_incoming_as(&self, name: &str, mode: Mode) -> Result<(OwnedFd, File), TreeError> {
        let incoming = self.incoming()?;
        Self::remove_incoming(&incoming, name)?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let create = || fs::openat(&incoming, name, flags, mode);
        let file = pass(Point::StagingCreate).and_then(|()| create()).map_err(|errno| {
            TreeError::from_errno("create", format_args!(".larder/incoming/{name}"), errno)
        })?;
        Ok((incoming, File::from(file)))
    }

    /// Removes a file of `.larder/incoming/`, if it is there.
    pub(super) fn remove_incoming(incoming: &OwnedFd, name: &str) -> Result<(), TreeError> {
        match pass(Point::StagingRemove).and_then(|()| fs::unlinkat(incoming, name, AtFlags::empty())) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => {
                Err(TreeError::from_errno("remove", format_args!(".larder/incoming/{name}"), errno))
            }
        }
    }
}

impl Staging {
    /// Bytes that the file holds now.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Gives the whole content in chunks, so that a resumed download can be hashed from its first byte.
    pub fn read_existing(&self, mut chunk: impl FnMut(&[u8])) -> Result<(), TreeError> {
        let mut buffer = vec![0; CHUNK];
        let mut at = 0;
        while at < self.size {
            match pass(Point::TreeRead).map_err(Into::into).and_then(|()| self.file.read_at(&mut buffer, at))
            {
                Ok(0) => return Err(self.error("read", std::io::ErrorKind::UnexpectedEof.into())),
                Ok(n) => {
                    chunk(&buffer[..n]);
                    at += n as u64;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(source) => return Err(self.error("read", source)),
            }
        }
        Ok(())
    }

    /// Adds bytes at the end. When it fails, [`Staging::size`] still tells what the file holds.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), TreeError> {
        match pass(Point::StagingWrite).map_err(Into::into).and_then(|()| self.file.write_all(bytes)) {
            Ok(()) => {
                self.size += bytes.len() as u64;
                Ok(())
            }
            Err(source) => {
                self.size = Facts::of_file(&self.file, &self.path)?.size;
                Err(self.error("write", source))
            }
        }
    }

    /// Cuts the file to `size` bytes; a file that is shorter stays as it is.
    pub fn truncate(&mut self, size: u64) -> Result<(), TreeError> {
        if size < self.size {
            pass(Point::StagingTruncate)
                .map_err(Into::into)
                .and_then(|()| self.file.set_len(size))
                .map_err(|source| self.error("write", source))?;
            self.size = size;
        }
        Ok(())
    }

    /// Makes the content last. [`Root::place`] does so by itself.
    pub fn sync(&self) -> Result<(), TreeError> {
        self.file.sync_all().map_err(|source| self.error("sync", source))
    }

    /// Name of the file in `.larder/incoming/`.
    pub(super) fn name(&self) -> &str {
        self.path.file_name()
    }

    fn error(&self, what: &'static str, source: std::io::Error) -> TreeError {
        TreeError::from_io(what, &self.path, source)
    }
}

/// The staging name of a key, which must be hexadecimal.
fn part_name(key: &str) -> Result<String, TreeError> {
    let fits = (1..=MAX_COMPONENT - 32).contains(&key.len());
    if fits && key.bytes().all(|b| b.is_ascii_hexdigit()) {
        Ok(format!("{key}{PART}"))
    } else {
        Err(TreeError::Reserved { path: key.to_owned() })
    }
}
