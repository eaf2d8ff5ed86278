//! Moving a finished file: rename without replacing, exchange, and the copy that stands in for them where
//! another file system is mounted below the destination.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::fd::OwnedFd;

use rustix::fs::{self, AtFlags, Mode, OFlags, RenameFlags};
use rustix::io::{Errno, Result};

use super::marker::own_path;
use super::{Dir, RelPath, Root, TreeError};
use crate::failpoint::{Point, pass};

/// Ending of the note in `.larder/incoming/` that says beside which file a copy lies.
pub(super) const BESIDE: &str = ".beside";

/// Renames `from` to `to` and never replaces anything: a name that is taken is [`Errno::EXIST`].
///
/// NFS answers EINVAL to the flag, old kernels ENOSYS: there the file gets its new name as a second link, which
/// cannot replace either. Where there are no links (some network and FUSE file systems), what is left is to look
/// first; only larder writes there.
pub(super) fn rename_new(
    point: Point,
    from: &OwnedFd,
    from_name: &str,
    to: &OwnedFd,
    to_name: &str,
) -> Result<()> {
    let rename = || fs::renameat_with(from, from_name, to, to_name, RenameFlags::NOREPLACE);
    match pass(point).and_then(|()| rename()) {
        Err(errno) if is_unsupported(errno) => link_new(from, from_name, to, to_name),
        result => result,
    }
}

fn link_new(from: &OwnedFd, from_name: &str, to: &OwnedFd, to_name: &str) -> Result<()> {
    let link = || fs::linkat(from, from_name, to, to_name, AtFlags::empty());
    match pass(Point::PlaceLink).and_then(|()| link()) {
        Ok(()) => pass(Point::PlaceUnlink).and_then(|()| fs::unlinkat(from, from_name, AtFlags::empty())),
        Err(errno) if is_unsupported(errno) || errno == Errno::PERM => {
            look_and_rename(from, from_name, to, to_name)
        }
        Err(errno) => Err(errno),
    }
}

fn look_and_rename(from: &OwnedFd, from_name: &str, to: &OwnedFd, to_name: &str) -> Result<()> {
    match fs::statat(to, to_name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => {
            pass(Point::PlacePlain)?;
            fs::renameat(from, from_name, to, to_name)
        }
        Ok(_) => Err(Errno::EXIST),
        Err(errno) => Err(errno),
    }
}

/// Puts `from` in the place of `to`, which exists. What lay there has the name `from` afterwards, or nothing
/// has where the file system cannot exchange.
pub(super) fn exchange(from: &OwnedFd, from_name: &str, to: &OwnedFd, to_name: &str) -> Result<()> {
    let exchange = || fs::renameat_with(from, from_name, to, to_name, RenameFlags::EXCHANGE);
    match pass(Point::ReplaceExchange).and_then(|()| exchange()) {
        Err(errno) if is_unsupported(errno) => fs::renameat(from, from_name, to, to_name),
        // Somebody removed it in the meantime.
        Err(Errno::NOENT) => rename_new(Point::PlaceRename, from, from_name, to, to_name),
        result => result,
    }
}

/// Whether a file system says so that it does not know an operation.
pub(super) fn is_unsupported(errno: Errno) -> bool {
    errno == Errno::INVAL || errno == Errno::NOSYS || errno == Errno::NOTSUP || errno == Errno::OPNOTSUPP
}

/// Copies the whole of `from` into the empty file `to` and proves its length. Where the file system can share the bytes
/// of two files (btrfs, XFS), it does; it refuses to for a file that is open for appending.
pub(super) fn copy(mut from: &File, to: &mut File) -> io::Result<()> {
    if share(from, to).is_err() {
        from.rewind()?;
        io::copy(&mut from, to)?;
    }
    let (before, after) = (from.metadata()?.len(), to.metadata()?.len());
    if before == after { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Makes an empty file share the bytes of another one.
#[cfg(target_os = "linux")]
pub(super) fn share(from: &File, to: &File) -> Result<()> {
    fs::ioctl_ficlone(to, from)
}

/// Makes an empty file share the bytes of another one: not known to this system.
#[cfg(not(target_os = "linux"))]
pub(super) fn share(_: &File, _: &File) -> Result<()> {
    Err(Errno::NOTSUP)
}

impl Root {
    /// Copies a staged file to the directory where `path` is to lie and gives the name that it has there. A
    /// note is left first, by which [`Root::sweep_incoming`] finds the copy after a crash.
    pub(super) fn copy_beside(
        &self,
        staged: &File,
        key: &str,
        path: &RelPath,
    ) -> core::result::Result<(File, String), TreeError> {
        let failed = |source| TreeError::from_io("copy to the file system of", path, source);
        let (incoming, mut note) = self.create_incoming(&format!("{key}{BESIDE}"))?;
        pass(Point::BesideNote)
            .map_err(Into::into)
            .and_then(|()| note.write_all(path.parent().to_string().as_bytes()))
            .and_then(|()| note.sync_all())
            .and_then(|()| File::from(incoming).sync_all())
            .map_err(failed)?;
        self.remove_beside(&path.parent(), key)?;
        let name = beside_name(key);
        let parent = self.open_dir(&path.parent())?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let created = pass(Point::BesideCopy)
            .and_then(|()| fs::openat(&parent, &*name, flags, Mode::RUSR | Mode::WUSR));
        let mut file = File::from(created.map_err(|errno| failed(errno.into()))?);
        match copy(staged, &mut file) {
            Ok(()) => Ok((file, name)),
            Err(source) => {
                self.forget_beside(key)?;
                Err(failed(source))
            }
        }
    }

    /// Removes the copy that the note of `key` tells of, if it is still there, and the note.
    pub(super) fn forget_beside(&self, key: &str) -> core::result::Result<(), TreeError> {
        let incoming = self.incoming()?;
        let note = format!("{key}{BESIDE}");
        let mut text = String::new();
        let path = own_path(&["incoming", &note])?;
        self.open_file(&path)?
            .read_to_string(&mut text)
            .map_err(|source| TreeError::from_io("read", &path, source))?;
        let dir = if text == Dir::ROOT.to_string() {
            Some(Dir::ROOT)
        } else {
            RelPath::parse(&text).ok().map(Dir::from)
        };
        // A note that a crash cut short was never followed by a copy.
        if let Some(dir) = dir {
            self.remove_beside(&dir, key)?;
        }
        Self::remove_incoming(&incoming, &note)
    }

    fn remove_beside(&self, dir: &Dir, key: &str) -> core::result::Result<(), TreeError> {
        let Some(parent) = self.find_dir(dir)? else { return Ok(()) };
        let unlink = || fs::unlinkat(&parent, beside_name(key), AtFlags::empty());
        match pass(Point::BesideForget).and_then(|()| unlink()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(TreeError::from_errno("remove a leftover copy from", dir, errno)),
        }
    }
}

/// Name of a copy while it lies beside its target.
fn beside_name(key: &str) -> String {
    format!(".larder-{key}.part")
}

#[cfg(test)]
mod tests {
    use std::fs::{read, write};

    use super::*;

    #[test]
    fn every_way_of_renaming_moves_the_file_and_replaces_nothing() {
        let newest = |from: &OwnedFd, name: &str, to: &OwnedFd, other: &str| {
            rename_new(Point::PlaceRename, from, name, to, other)
        };
        for way in [newest, link_new, look_and_rename] {
            let temp = tempfile::tempdir().unwrap();
            let dir = OwnedFd::from(File::open(temp.path()).unwrap());
            write(temp.path().join("new"), "new").unwrap();
            write(temp.path().join("taken"), "old").unwrap();
            assert_eq!(way(&dir, "new", &dir, "taken"), Err(Errno::EXIST));
            assert_eq!(read(temp.path().join("taken")).unwrap(), b"old");
            assert_eq!(way(&dir, "new", &dir, "free"), Ok(()));
            assert_eq!(read(temp.path().join("free")).unwrap(), b"new");
            assert!(!temp.path().join("new").exists());
            assert_eq!(way(&dir, "absent", &dir, "other"), Err(Errno::NOENT));
        }
    }
}
