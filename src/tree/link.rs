//! Showing a file of the mirror under a further path: as another name, as a link, as a copy.
//!
//! None of it ever replaces anything, and what a file system cannot do is an answer, not an error: `false`.

use std::io::Write as _;

use rustix::fs::{self, AtFlags};
use rustix::io::Errno;

use super::facts::{Facts, FileKind};
use super::{Finish, RelPath, Root, TreeError, transfer};
use crate::failpoint::{Point, pass};
use jiff::Timestamp;

/// What the destination's file system can do to show a file twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abilities {
    /// A second name for a file.
    pub hardlink: bool,
    /// A link that holds a path.
    pub symlink: bool,
    /// A copy that shares its blocks.
    pub reflink: bool,
}

impl Root {
    /// Finds out by trying, in `.larder/incoming/`.
    pub fn abilities(&self) -> Result<Abilities, TreeError> {
        const NAMES: [&str; 3] = ["probe-link", "probe-symlink", "probe-clone"];
        let (incoming, mut probe) = self.create_incoming("probe")?;
        let failed = |source| TreeError::from_io("write", ".larder/incoming/probe", source);
        probe.write_all(b"probe").map_err(failed)?;
        for name in NAMES {
            Self::remove_incoming(&incoming, name)?;
        }
        let [link, symlink, clone] = NAMES;
        let hardlink = fs::linkat(&incoming, "probe", &incoming, link, AtFlags::empty()).is_ok();
        let symlink = fs::symlinkat("probe", &incoming, symlink).is_ok();
        let (_, copy) = self.create_incoming(clone)?;
        let reflink = transfer::share(&probe, &copy).is_ok();
        for name in NAMES.into_iter().chain(["probe"]) {
            Self::remove_incoming(&incoming, name)?;
        }
        Ok(Abilities { hardlink, symlink, reflink })
    }

    /// Gives a file a second name, which must be free. `false` when that cannot be, between these two places or for
    /// this file (which has as many names as the file system allows).
    pub fn link(&self, from: &RelPath, to: &RelPath) -> Result<bool, TreeError> {
        Self::refuse_own(from)?;
        let file = self.open_file(from)?;
        let (source, parent) =
            (self.open_dir(&from.parent())?, self.parent_of(to, Finish::default().access)?);
        let link = || fs::linkat(&source, from.file_name(), &parent, to.file_name(), AtFlags::empty());
        match pass(Point::ViewLink).and_then(|()| link()) {
            Ok(()) => {}
            Err(Errno::EXIST) => return Err(TreeError::AlreadyThere { path: to.to_string() }),
            Err(errno) if cannot(errno) || errno == Errno::MLINK => return Ok(false),
            Err(errno) => return Err(TreeError::from_errno("link", to, errno)),
        }
        let made = fs::statat(&parent, to.file_name(), AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|errno| TreeError::from_errno("examine", to, errno))?;
        if Facts::of(&made).is_same_file(&Facts::of_file(&file, from)?) {
            return Ok(true);
        }
        // Somebody put something else, perhaps a link, in the file's place in that instant.
        fs::unlinkat(&parent, to.file_name(), AtFlags::empty())
            .map_err(|errno| TreeError::from_errno("remove", to, errno))?;
        Err(TreeError::InTheWay { path: from.to_string(), kind: FileKind::of(&made) })
    }

    /// Makes a symbolic link at `path`, which must be free. `target` is kept as it is and never followed.
    pub fn symlink(&self, target: &str, path: &RelPath) -> Result<bool, TreeError> {
        let parent = self.parent_of(path, Finish::default().access)?;
        match pass(Point::ViewSymlink).and_then(|()| fs::symlinkat(target, &parent, path.file_name())) {
            Ok(()) => Ok(true),
            Err(Errno::EXIST) => Err(TreeError::AlreadyThere { path: path.to_string() }),
            // It only holds a path, so that it matters to no link which file system that leads to.
            Err(errno) if cannot(errno) && errno != Errno::XDEV => Ok(false),
            Err(errno) => Err(TreeError::from_errno("link", path, errno)),
        }
    }

    /// What a symbolic link holds; `None` when something else, or nothing, has the name.
    pub fn link_target(&self, path: &RelPath) -> Result<Option<String>, TreeError> {
        let Some(parent) = self.find_dir(&path.parent())? else { return Ok(None) };
        match fs::readlinkat(&parent, path.file_name(), Vec::new()) {
            Ok(target) => Ok(target.into_string().ok()),
            Err(Errno::INVAL | Errno::NOENT) => Ok(None),
            Err(errno) => Err(TreeError::from_errno("read the link", path, errno)),
        }
    }

    /// Copies a file, with its time, to a name that must be free. With `sharing` the copy shares its blocks, and `false`
    /// says that it cannot.
    pub fn duplicate(&self, from: &RelPath, to: &RelPath, sharing: bool) -> Result<bool, TreeError> {
        Self::refuse_own(to)?;
        let source = self.open_file(from)?;
        let facts = Facts::of_file(&source, from)?;
        let key = format!("{:x}{:016x}", facts.dev, facts.ino);
        pass(Point::ViewCopy).map_err(|errno| TreeError::from_errno("copy", from, errno))?;
        if sharing {
            // A staging file is open for appending, which sharing blocks does not allow.
            let (_, fresh) = self.create_incoming(&format!("{key}.part"))?;
            if transfer::share(&source, &fresh).is_err() {
                self.discard(&key)?;
                return Ok(false);
            }
        }
        let mut staging = self.stage(&key)?;
        if !sharing {
            staging.truncate(0)?;
            transfer::copy(&source, &mut staging.file)
                .map_err(|error| TreeError::from_io("copy", from, error))?;
        }
        let mtime = Timestamp::from_nanosecond(facts.mtime_ns.into()).ok();
        let placed = self.place(staging, to, Finish { mtime, ..Finish::default() });
        if placed.is_err() {
            self.discard(&key)?;
        }
        placed.map(|_| true)
    }
}

/// Whether the answer means that a file system, or two of them, cannot do it.
fn cannot(errno: Errno) -> bool {
    transfer::is_unsupported(errno) || matches!(errno, Errno::XDEV | Errno::PERM)
}
