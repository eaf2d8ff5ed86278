//! The only way in which a file gets its final name.

use std::fs::File;
use std::os::fd::OwnedFd;

use jiff::Timestamp;
use jiff::civil::Date;
use rustix::fs::{self, AtFlags, Mode, Timespec, Timestamps, UTIME_OMIT};
use rustix::io::Errno;

use super::facts::{Facts, FileKind};
use super::{Dir, RelPath, Root, Staging, TreeError, transfer};
use crate::failpoint::{Point, pass};
use crate::model::ContentHasher;

/// Who may read a file or a new directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    /// Whoever the umask lets.
    #[default]
    Shared,
    /// The owner alone (0600, directories 0700).
    Private,
}

/// What a file gets besides its name.
#[derive(Debug, Clone, Copy, Default)]
pub struct Finish {
    /// Modification time; `None` leaves the present.
    pub mtime: Option<Timestamp>,
    /// Who may read the file and the directories that are created for it.
    pub access: Access,
}

/// A file that has its final name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The file as it lies there now.
    pub facts: Facts,
    /// Whether the modification time could be set as asked. It cannot for some dates on some disks, which is
    /// no reason not to have the photo.
    pub mtime_set: bool,
}

/// A file that took the place of an older version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// The new version.
    pub placed: Placed,
    /// Where the older version is now; `None` when there was none any more.
    pub attic: Option<RelPath>,
}

impl Root {
    /// Gives a staged file, whole and verified, its final name. Missing directories are created; nothing is ever
    /// replaced: a name that is taken is [`TreeError::AlreadyThere`], and the staging file remains.
    ///
    /// The content is durable when this returns, the name when the parent of `path` has been handed to
    /// [`Root::sync_dirs`], before which the file must not be recorded.
    pub fn place(&self, staging: Staging, path: &RelPath, finish: Finish) -> Result<Placed, TreeError> {
        // Before anything else, so that what is in the way is told before the disk is made to work.
        self.in_dir_of(path, finish.access, |_| Ok(()))?;
        let mtime_set = self.seal_staged(&staging, path, finish)?;
        let (parent, source) = self.in_dir_of(path, finish.access, |parent| {
            let source = self.put(&staging, path, finish, |point, from, name| {
                transfer::rename_new(point, from, name, &parent, path.file_name())
            })?;
            Ok((parent, source))
        })?;
        self.clear(staging, &source)?;
        self.placed(path, &parent, mtime_set)
    }

    /// Puts a staged file in the place of the file at `path`, whose older version goes to the attic of
    /// `attic_date` first. Where the file system knows links (or exchanging), `path` is a whole file at every
    /// instant. When nothing is at `path`, this is [`Root::place`].
    pub fn replace(
        &self,
        staging: Staging,
        path: &RelPath,
        attic_date: Date,
        finish: Finish,
    ) -> Result<Replaced, TreeError> {
        let parent = self.parent_of(path, finish.access)?;
        let old = match self.stat(path)? {
            None => {
                let placed = self.place(staging, path, finish)?;
                return Ok(Replaced { placed, attic: None });
            }
            Some(old) if old.kind == FileKind::File => old,
            Some(old) => return Err(TreeError::InTheWay { path: path.to_string(), kind: old.kind }),
        };
        let mtime_set = self.seal_staged(&staging, path, finish)?;
        let (attic, still_there) = self.keep(path, &old, attic_date)?;
        let target = path.file_name();
        let source = self.put(&staging, path, finish, |point, from, name| {
            if still_there {
                transfer::exchange(from, name, &parent, target)
            } else {
                transfer::rename_new(point, from, name, &parent, target)
            }
        })?;
        self.settle(&source, path, &old, attic_date)?;
        self.clear(staging, &source)?;
        let placed = self.placed(path, &parent, mtime_set)?;
        Ok(Replaced { placed, attic: Some(attic) })
    }

    /// Puts a staged file in the place of the file at `path`, which goes for good: for what larder writes from what it
    /// knows and can write again. Where the file system can exchange, `path` is a whole file at every instant. A file that
    /// somebody else put there in that instant goes to the attic of `attic_date`.
    pub fn renew(
        &self,
        staging: Staging,
        path: &RelPath,
        attic_date: Date,
        finish: Finish,
    ) -> Result<(), TreeError> {
        let parent = self.parent_of(path, finish.access)?;
        let old = match self.stat(path)? {
            None => return self.place(staging, path, finish).map(drop),
            Some(old) if old.kind == FileKind::File => old,
            Some(old) => return Err(TreeError::InTheWay { path: path.to_string(), kind: old.kind }),
        };
        self.seal_staged(&staging, path, finish)?;
        let source = self.put(&staging, path, finish, |_, from, name| {
            transfer::exchange(from, name, &parent, path.file_name())
        })?;
        self.settle(&source, path, &old, attic_date)?;
        self.clear(staging, &source)
    }

    /// Gives a file of the mirror (or of the attic) another name, which must be free. Nothing is fetched again:
    /// where renaming is impossible the file is copied, the copy held against it, and the old name goes last. The move lasts when the
    /// parents of both paths have been handed to [`Root::sync_dirs`].
    pub fn relocate(&self, from: &RelPath, to: &RelPath, access: Access) -> Result<Facts, TreeError> {
        let failed = |errno| TreeError::from_errno("move", from, errno);
        let old_parent = self.open_dir(&from.parent())?;
        let old = self.open_file(from)?;
        let moved = self.in_dir_of(to, access, |parent| {
            let (old, new) = (from.file_name(), to.file_name());
            match transfer::rename_new(Point::MoveRename, &old_parent, old, &parent, new) {
                Ok(()) => self.placed(to, &parent, true).map(Some),
                Err(Errno::EXIST) => Err(TreeError::AlreadyThere { path: to.to_string() }),
                Err(Errno::XDEV) => Ok(None),
                Err(errno) => Err(failed(errno)),
            }
        })?;
        if let Some(placed) = moved {
            return Ok(placed.facts);
        }
        let facts = Facts::of_file(&old, from)?;
        let staging = self.stage_copy(from, &format!("{:x}{:016x}", facts.dev, facts.ino))?;
        let mut copied = ContentHasher::new(false);
        staging.read_existing(|chunk| copied.update(chunk))?;
        if copied.finish() != self.hash(from, false)? {
            let differs = std::io::Error::from(std::io::ErrorKind::InvalidData);
            return Err(TreeError::from_io("move", from, differs));
        }
        let mtime = Timestamp::from_nanosecond(facts.mtime_ns.into()).ok();
        let placed = self.place(staging, to, Finish { mtime, access })?;
        self.sync_dirs(&[to.parent()])?;
        pass(Point::MoveUnlink)
            .and_then(|()| fs::unlinkat(&old_parent, from.file_name(), AtFlags::empty()))
            .map_err(failed)?;
        Ok(placed.facts)
    }

    /// Gives a file of the mirror another time and other permissions. Tells whether the disk took the time.
    pub fn refinish(&self, path: &RelPath, finish: Finish) -> Result<bool, TreeError> {
        Self::refuse_own(path)?;
        self.seal(&self.open_file(path)?, path, finish)
    }

    /// Removes the directory that a file left, and those above it, as far as they are empty now. What the file did is done
    /// whether its directory goes or not: one that cannot be removed stays, and [`Root::prune_again`] tries once more.
    ///
    /// Does nothing where directories are content.
    pub fn prune(&self, dir: &Dir) -> Result<(), TreeError> {
        if self.keeps_dirs() {
            return Ok(());
        }
        let _nobody_enters = self.directories().write();
        let mut dir = dir.clone();
        while let Some(path) = dir.path().cloned() {
            Self::refuse_own(&path)?;
            let above = path.parent();
            let Some(parent) = self.find_dir(&above)? else { return Ok(()) };
            let remove = || fs::unlinkat(&parent, path.file_name(), AtFlags::REMOVEDIR);
            match pass(Point::TreeRmdir).and_then(|()| remove()) {
                Ok(()) | Err(Errno::NOENT) => dir = above,
                Err(Errno::NOTEMPTY | Errno::EXIST) => return Ok(()),
                Err(errno) => {
                    tracing::debug!(%path, %errno, "An empty directory could not be removed");
                    self.stubborn().push(dir);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Removes a directory if it is empty. Tells whether it is gone.
    pub fn remove_dir(&self, path: &RelPath) -> Result<bool, TreeError> {
        Self::refuse_own(path)?;
        let _nobody_enters = self.directories().write();
        let Some(parent) = self.find_dir(&path.parent())? else { return Ok(true) };
        let remove = || fs::unlinkat(&parent, path.file_name(), AtFlags::REMOVEDIR);
        match pass(Point::TreeRmdir).and_then(|()| remove()) {
            Ok(()) | Err(Errno::NOENT) => Ok(true),
            Err(Errno::NOTEMPTY | Errno::EXIST | Errno::NOTDIR) => Ok(false),
            Err(errno) => Err(TreeError::from_errno("remove the empty directory", path, errno)),
        }
    }

    /// Tries once more to remove the empty directories that could not be removed. One that still cannot stays.
    pub fn prune_again(&self) -> Result<(), TreeError> {
        let stubborn = std::mem::take(&mut *self.stubborn());
        stubborn
            .iter()
            .try_for_each(|dir| self.prune(dir).and_then(|()| self.sync_left(std::slice::from_ref(dir))))
    }

    /// Removes a file of the mirror for good. Whether it may go is for the caller to have proven.
    pub fn remove(&self, path: &RelPath) -> Result<(), TreeError> {
        Self::refuse_own(path)?;
        let parent = self.open_dir(&path.parent())?;
        pass(Point::TreeRemove)
            .and_then(|()| fs::unlinkat(&parent, path.file_name(), AtFlags::empty()))
            .map_err(|errno| TreeError::from_errno("remove", path, errno))
    }

    /// Refuses paths in larder's own directory.
    pub(super) fn refuse_own(path: &RelPath) -> Result<(), TreeError> {
        if path.is_larders_own() { Err(TreeError::Reserved { path: path.to_string() }) } else { Ok(()) }
    }

    /// Opens the directory that a file is to lie in, creating what is missing.
    pub(super) fn parent_of(&self, path: &RelPath, access: Access) -> Result<OwnedFd, TreeError> {
        Self::refuse_own(path)?;
        self.make_dir(&path.parent(), access)
    }

    /// Does something in the directory that a file is to lie in, creating what is missing of it. Meanwhile no worker that
    /// moves the last file out of a directory removes it.
    fn in_dir_of<T>(
        &self,
        path: &RelPath,
        access: Access,
        act: impl FnOnce(OwnedFd) -> Result<T, TreeError>,
    ) -> Result<T, TreeError> {
        let _stays = self.directories().read();
        act(self.parent_of(path, access)?)
    }

    /// Gives a file its permissions and time and makes its content last. Tells whether the time was set.
    fn seal(&self, file: &File, path: &RelPath, finish: Finish) -> Result<bool, TreeError> {
        if let Err(errno) = fs::fchmod(file, finish.access.file_mode(self)) {
            // vfat and many network file systems have no modes of their own.
            tracing::debug!(%path, %errno, "The permissions could not be set");
        }
        let mtime_set = finish.mtime.is_none_or(|mtime| {
            let result = fs::futimens(file, &times(mtime));
            if let Err(errno) = result {
                tracing::debug!(%path, %errno, %mtime, "The modification time could not be set");
            }
            result.is_ok()
        });
        pass(Point::PlaceSync)
            .map_err(Into::into)
            .and_then(|()| file.sync_all())
            .map_err(|source| TreeError::from_io("sync", path, source))?;
        Ok(mtime_set)
    }

    /// As [`Root::seal`]. When it fails, what is staged goes: after a failed sync the system may hold pages for written
    /// that never came to the disk, and a second sync would say that all is well.
    fn seal_staged(&self, staging: &Staging, path: &RelPath, finish: Finish) -> Result<bool, TreeError> {
        self.seal(&staging.file, path, finish).inspect_err(|_| {
            if let Err(error) = self.discard(&staging.key) {
                tracing::debug!(%path, %error, "What could not be synced could not be removed either");
            }
        })
    }

    /// Lets `act` move the staged file to its final name, from where it is staged or, when that is another
    /// file system, from a copy beside the target. Gives where it was moved from.
    fn put(
        &self,
        staging: &Staging,
        path: &RelPath,
        finish: Finish,
        act: impl Fn(Point, &OwnedFd, &str) -> rustix::io::Result<()>,
    ) -> Result<Source, TreeError> {
        let refused = |errno| match errno {
            Errno::EXIST => TreeError::AlreadyThere { path: path.to_string() },
            errno => TreeError::from_errno("place", path, errno),
        };
        let dir = self.incoming()?;
        match act(Point::PlaceRename, &dir, staging.name()) {
            Ok(()) => return Ok(Source { dir, name: staging.name().to_owned() }),
            Err(Errno::XDEV) => {}
            Err(errno) => return Err(refused(errno)),
        }
        let (copy, name) = self.copy_beside(&staging.file, &staging.key, path)?;
        self.seal(&copy, path, finish)?;
        let dir = self.open_dir(&path.parent())?;
        match act(Point::BesideRename, &dir, &name) {
            Ok(()) => Ok(Source { dir, name }),
            Err(errno) => {
                self.forget_beside(&staging.key)?;
                Err(refused(errno))
            }
        }
    }

    /// After an exchange: removes the old version, which the attic holds by now, from where the new one was.
    /// If it is another file (somebody replaced it in that instant), it goes to the attic as well.
    fn settle(&self, source: &Source, path: &RelPath, old: &Facts, date: Date) -> Result<(), TreeError> {
        let failed = |errno| TreeError::from_errno("remove the staged file of", path, errno);
        pass(Point::ReplaceSettle).map_err(failed)?;
        match fs::statat(&source.dir, &*source.name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(failed(errno)),
            Ok(stat) if Facts::of(&stat).is_same_version(old) => {
                fs::unlinkat(&source.dir, &*source.name, AtFlags::empty()).map_err(failed)
            }
            Ok(_) => self.shelve(&source.dir, &source.name, path, date).map(drop),
        }
    }

    /// Removes what a copy beside the target leaves.
    fn clear(&self, staging: Staging, source: &Source) -> Result<(), TreeError> {
        if source.name == staging.name() {
            return Ok(());
        }
        let Staging { key, .. } = staging;
        self.forget_beside(&key)?;
        self.discard(&key)
    }

    fn placed(&self, path: &RelPath, parent: &OwnedFd, mtime_set: bool) -> Result<Placed, TreeError> {
        let stat = fs::statat(parent, path.file_name(), AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|errno| TreeError::from_errno("examine", path, errno))?;
        tracing::trace!(%path, root = ?self, "Placed");
        Ok(Placed { facts: Facts::of(&stat), mtime_set })
    }
}

/// Where a finished file was when it got its name.
struct Source {
    dir: OwnedFd,
    name: String,
}

impl Access {
    pub(super) fn file_mode(self, root: &Root) -> Mode {
        match self {
            Self::Shared => root.shared_mode(),
            Self::Private => Mode::RUSR | Mode::WUSR,
        }
    }

    pub(super) fn dir_mode(self) -> Mode {
        match self {
            Self::Shared => Mode::RWXU | Mode::RWXG | Mode::RWXO,
            Self::Private => Mode::RWXU,
        }
    }
}

/// A modification time for the system; the time of last access stays.
fn times(mtime: Timestamp) -> Timestamps {
    // A timestamp before 1970 has negative nanoseconds, the system wants whole seconds below and the rest.
    let (mut seconds, mut nanoseconds) = (mtime.as_second(), mtime.subsec_nanosecond());
    if nanoseconds < 0 {
        seconds -= 1;
        nanoseconds += 1_000_000_000;
    }
    Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        last_modification: Timespec { tv_sec: seconds, tv_nsec: nanoseconds.into() },
    }
}
