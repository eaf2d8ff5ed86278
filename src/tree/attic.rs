//! The attic: `.larder/attic/DATE/PATH` keeps what left the mirror.
//!
//! Where a file has to be linked or copied there, its new name is synced before the old one may go, so that a
//! power cut finds at least one of them.

use std::fs::File;
use std::io::{Read, Seek as _};
use std::os::fd::OwnedFd;

use jiff::civil::Date;
use rustix::fs::{self, AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::facts::{CHUNK, Facts, FileKind, open_in};
use super::path::OWN_DIR;
use super::shelves::{ATTIC, attic_dir, numbered};
use super::{Access, Dir, RelPath, Root, TreeError, name, transfer};
use crate::failpoint::{Point, pass};
use crate::model::ContentHasher;

/// A directory of the attic in which one file is to be kept.
struct Shelf {
    dir: Dir,
    fd: OwnedFd,
}

impl Root {
    /// Moves a file of the mirror to the attic of that date and gives its path there. The move lasts when the
    /// parents of both paths have been handed to [`Root::sync_dirs`].
    pub fn retire(&self, path: &RelPath, date: Date) -> Result<RelPath, TreeError> {
        Self::refuse_own(path)?;
        let parent = self.open_dir(&path.parent())?;
        match self.stat(path)? {
            None => return Err(TreeError::from_errno("move to the attic", path, Errno::NOENT)),
            Some(facts) if facts.kind == FileKind::File => {}
            Some(facts) => return Err(TreeError::InTheWay { path: path.to_string(), kind: facts.kind }),
        }
        self.shelve(&parent, path.file_name(), path, date)
    }

    /// Removes what came into the attic before that date, and tells how many days' worth went. Folders that are not
    /// named by a date are somebody else's.
    pub fn expire_attic(&self, before: Date) -> Result<u64, TreeError> {
        let attic = self.path().join(OWN_DIR).join(ATTIC);
        let mut gone = 0;
        for day in self.attic_days()?.into_iter().take_while(|day| *day < before) {
            pass(Point::AtticExpire)
                .map_err(Into::into)
                .and_then(|()| std::fs::remove_dir_all(attic.join(day.to_string())))
                .map_err(|source| TreeError::from_io("clear the attic", attic.display(), source))?;
            gone += 1;
        }
        Ok(gone)
    }

    /// Keeps the file at `path` in the attic, durably, while it stays where it is: by a second link or, on another
    /// file system, by a copy. Where there are no links it is moved. Gives the path in the attic and whether
    /// the file is still in its place.
    pub(super) fn keep(&self, path: &RelPath, old: &Facts, date: Date) -> Result<(RelPath, bool), TreeError> {
        let parent = self.open_dir(&path.parent())?;
        let shelf = self.shelf(path, date)?;
        let linked = first_free(path, |name| {
            let link = || fs::linkat(&parent, path.file_name(), &shelf.fd, name, AtFlags::empty());
            match pass(Point::AtticLink).and_then(|()| link()) {
                // The link of a run that was cut off before it could go on.
                Err(Errno::EXIST) if shelf.holds(name, old)? => Ok(()),
                result => result,
            }
        });
        let (kept, still_there) = match linked {
            Ok(name) => (shelf.path(&name)?, true),
            Err(Errno::XDEV) => (shelf.path(&self.copy_to(&shelf, &self.open_file(path)?, path)?)?, true),
            Err(errno) if transfer::is_unsupported(errno) || matches!(errno, Errno::PERM | Errno::MLINK) => {
                (self.shelve(&parent, path.file_name(), path, date)?, false)
            }
            Err(errno) => return Err(TreeError::from_errno("keep in the attic", path, errno)),
        };
        self.sync_dirs(&[kept.parent()])?;
        Ok((kept, still_there))
    }

    /// Moves what is called `name` in the directory `from` to the attic, as an old version of `path`.
    pub(super) fn shelve(
        &self,
        from: &OwnedFd,
        name: &str,
        path: &RelPath,
        date: Date,
    ) -> Result<RelPath, TreeError> {
        let failed = |errno| TreeError::from_errno("move to the attic", path, errno);
        let shelf = self.shelf(path, date)?;
        match first_free(path, |to| transfer::rename_new(Point::AtticRename, from, name, &shelf.fd, to)) {
            Ok(to) => shelf.path(&to),
            Err(Errno::XDEV) => {
                let kept = shelf.path(&self.copy_to(&shelf, &open_in(from, name, path)?, path)?)?;
                self.sync_dirs(&[kept.parent()])?;
                pass(Point::AtticUnlink)
                    .and_then(|()| fs::unlinkat(from, name, AtFlags::empty()))
                    .map_err(failed)?;
                Ok(kept)
            }
            Err(errno) => Err(failed(errno)),
        }
    }

    /// The directory of the attic for a file. Where a file lies that has the name of one of the directories on the way, as
    /// when a package became a folder, the directory gets a number.
    fn shelf(&self, path: &RelPath, date: Date) -> Result<Shelf, TreeError> {
        let day = attic_dir(date, &Dir::ROOT)?;
        let top = day.path().map_or(0, |day| day.components().count());
        let parent = path.parent();
        let names: Vec<&str> = parent.path().into_iter().flat_map(RelPath::components).collect();
        let mut numbers = vec![1_u32; names.len()];
        loop {
            let mut dir = day.clone();
            for (name, number) in names.iter().zip(&numbers) {
                let numbered = match number {
                    1 => (*name).to_owned(),
                    number => name::with_suffix(name, &format!("-{number}"), ""),
                };
                dir = dir.join(&numbered).map_err(|bad| TreeError::Reserved { path: bad.path })?.into();
            }
            match self.make_dir(&dir, Access::Private) {
                Ok(fd) => return Ok(Shelf { dir, fd }),
                Err(TreeError::InTheWay { path: there, kind }) => {
                    let depth = RelPath::parse(&there).map_or(0, |there| there.components().count());
                    match depth.checked_sub(top + 1).and_then(|at| numbers.get_mut(at)) {
                        Some(number) => *number += 1,
                        None => return Err(TreeError::InTheWay { path: there, kind }),
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Copies an old version to the shelf by way of `.larder/incoming/`, so that the attic holds whole files
    /// only, and gives the name that it got.
    fn copy_to(&self, shelf: &Shelf, old: &File, path: &RelPath) -> Result<String, TreeError> {
        let failed = |source| TreeError::from_io("copy to the attic", path, source);
        let facts = Facts::of_file(old, path)?;
        let name = format!("{:x}-{:x}.old", facts.dev, facts.ino);
        let (incoming, mut file) = self.create_incoming(&name)?;
        pass(Point::AtticCopy)
            .map_err(Into::into)
            .and_then(|()| transfer::copy(old, &mut file))
            .and_then(|()| {
                // A disk that takes no such date still keeps the file.
                if let Err(error) = file.set_modified(old.metadata()?.modified()?) {
                    tracing::debug!(%path, %error, "The modification time could not be set");
                }
                file.sync_all()
            })
            .map_err(failed)?;
        first_free(path, |to| {
            match transfer::rename_new(Point::AtticPlace, &incoming, &name, &shelf.fd, to) {
                // The copy of a run that was cut off before the old name went.
                Err(Errno::EXIST) if shelf.has_content_of(to, old)? => Ok(()),
                result => result,
            }
        })
        .map_err(|errno| failed(errno.into()))
        .and_then(|to| Self::remove_incoming(&incoming, &name).map(|()| to))
    }
}

impl Shelf {
    fn path(&self, name: &str) -> Result<RelPath, TreeError> {
        self.dir.join(name).map_err(|bad| TreeError::Reserved { path: bad.path })
    }

    /// Whether `name` is a file with the content of `old`.
    fn has_content_of(&self, name: &str, old: &File) -> rustix::io::Result<bool> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let mut there = File::from(fs::openat(&self.fd, name, flags, Mode::empty())?);
        let io = |error| Errno::from_io_error(&error).unwrap_or(Errno::IO);
        if there.metadata().map_err(io)?.len() != old.metadata().map_err(io)?.len() {
            return Ok(false);
        }
        let mut old = old;
        old.rewind().map_err(io)?;
        let mut digests = [ContentHasher::new(true), ContentHasher::new(true)];
        let mut buffer = vec![0; CHUNK];
        for (hasher, file) in digests.iter_mut().zip([&mut old as &mut dyn Read, &mut there]) {
            loop {
                match file.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(n) => hasher.update(&buffer[..n]),
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(io(error)),
                }
            }
        }
        let [old, there] = digests.map(ContentHasher::finish);
        Ok(old == there)
    }

    /// Whether `name` is another name of that very file.
    fn holds(&self, name: &str, old: &Facts) -> rustix::io::Result<bool> {
        let stat = fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(Facts::of(&stat).is_same_file(old))
    }
}

/// Calls `give` with the file's name, then with `-2`, `-3` ... before the extension, until a name is free.
fn first_free(path: &RelPath, give: impl Fn(&str) -> rustix::io::Result<()>) -> rustix::io::Result<String> {
    for name in numbered(path.file_name()) {
        match give(&name) {
            Err(Errno::EXIST) => {}
            result => return result.map(|()| name),
        }
    }
    Err(Errno::EXIST)
}
