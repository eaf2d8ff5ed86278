//! Walking to a directory one component at a time, so that no link is ever followed.
//!
//! Nothing is cached: a directory that is kept open would still be written to after somebody moved it away, and a
//! walk of three directories takes some 25 µs, against the milliseconds that one `fsync` takes on a disk.

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{self, AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::facts::FileKind;
use super::{Access, Dir, RelPath, Root, TreeError};
use crate::failpoint::{Point, pass};

/// How directories are opened on the way.
const DIRECTORY: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

impl Root {
    /// Makes sure that a directory exists. It gets `access` when it has to be created; what is missing above
    /// it is created for everybody. A directory that exists stays as it is.
    pub fn ensure_dir(&self, path: &RelPath, access: Access) -> Result<(), TreeError> {
        Self::refuse_own(path)?;
        let _stays = self.directories().read();
        self.make_dir(&path.parent(), Access::Shared)?;
        self.make_dir(&Dir::from(path.clone()), access).map(drop)
    }

    /// Opens a directory that may not exist.
    pub(super) fn find_dir(&self, dir: &Dir) -> Result<Option<OwnedFd>, TreeError> {
        self.walk(dir, None)
    }

    /// Opens a directory that must exist.
    pub(super) fn open_dir(&self, dir: &Dir) -> Result<OwnedFd, TreeError> {
        self.find_dir(dir)?.ok_or_else(|| TreeError::from_errno("open", dir, Errno::NOENT))
    }

    /// Opens a directory and creates what is missing of it.
    pub(super) fn make_dir(&self, dir: &Dir, access: Access) -> Result<OwnedFd, TreeError> {
        self.walk(dir, Some(access))?.ok_or_else(|| TreeError::from_errno("create", dir, Errno::NOENT))
    }

    fn walk(&self, dir: &Dir, create: Option<Access>) -> Result<Option<OwnedFd>, TreeError> {
        let mut fd = pass(Point::TreeOpen)
            .and_then(|()| fs::openat(self.fd(), ".", DIRECTORY, Mode::empty()))
            .map_err(|errno| TreeError::from_errno("open", ".", errno))?;
        let Some(path) = dir.path() else { return Ok(Some(fd)) };
        let mut above = Dir::ROOT;
        for component in path.components() {
            let here = above.join(component).map_err(|bad| TreeError::Reserved { path: bad.path })?;
            let mut next = fs::openat(&fd, component, DIRECTORY, Mode::empty());
            if let (Err(Errno::NOENT), Some(access)) = (&next, create) {
                let made = match pass(Point::TreeMkdir)
                    .and_then(|()| fs::mkdirat(&fd, component, access.dir_mode()))
                {
                    Ok(()) => true,
                    // Another worker was quicker.
                    Err(Errno::EXIST) => false,
                    Err(errno) => return Err(TreeError::from_errno("create the directory", &here, errno)),
                };
                next = fs::openat(&fd, component, DIRECTORY, Mode::empty());
                if let (true, Access::Shared, Ok(new), Some(mode)) = (made, access, &next, self.dir_mode())
                    && let Err(errno) = fs::fchmod(new, mode)
                {
                    tracing::debug!(path = %here, %errno, "The permissions could not be set");
                }
            }
            fd = match next {
                Ok(next) => next,
                Err(Errno::NOENT) => return Ok(None),
                // Linux answers ENOTDIR for a link here, others ELOOP.
                Err(Errno::LOOP | Errno::NOTDIR | Errno::MLINK) => return Err(obstacle(&fd, path, &here)),
                Err(errno) => return Err(TreeError::from_errno("open the directory", &here, errno)),
            };
            above = Dir::from(here);
        }
        Ok(Some(fd))
    }
}

/// Says what lies at `here`, where a directory was wanted on the way to `path`.
fn obstacle(parent: impl AsFd, path: &RelPath, here: &RelPath) -> TreeError {
    match fs::statat(parent, here.file_name(), AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => match FileKind::of(&stat) {
            FileKind::Link => TreeError::Link { path: path.to_string(), component: here.to_string() },
            kind => TreeError::InTheWay { path: here.to_string(), kind },
        },
        Err(errno) => TreeError::from_errno("open the directory", here, errno),
    }
}
