//! Everything that lies in the tree, one file at a time.

use std::ffi::CStr;

use rustix::fs::{self, AtFlags};
use rustix::io::Errno;

use super::facts::{Facts, FileKind};
use super::marker::own_path;
use super::path::OWN_DIR;
use super::{Dir, RelPath, Root, TreeError};

/// Walks the tree depth first, in no order, without following links and without larder's own directory.
/// Memory is bounded by the depth of the tree. Directories are walked, not given.
#[derive(Debug)]
pub struct Scan<'a> {
    root: &'a Root,
    open: Vec<(Dir, fs::Dir)>,
    pending: Option<Dir>,
}

impl Root {
    /// Starts a walk through all files of the mirror.
    #[must_use]
    pub fn scan(&self) -> Scan<'_> {
        self.scan_below(Dir::ROOT)
    }

    /// Starts a walk through all that was staged and has no final name yet.
    pub fn scan_incoming(&self) -> Result<Scan<'_>, TreeError> {
        Ok(self.scan_below(Dir::from(own_path(&["incoming"])?)))
    }

    /// Starts a walk through the attic of all days.
    pub fn scan_whole_attic(&self) -> Result<Scan<'_>, TreeError> {
        Ok(self.scan_below(Dir::from(own_path(&["attic"])?)))
    }

    /// Starts a walk through all files below a directory.
    pub(super) fn scan_below(&self, dir: Dir) -> Scan<'_> {
        Scan { root: self, open: Vec::new(), pending: Some(dir) }
    }
}

impl Iterator for Scan<'_> {
    type Item = Result<(RelPath, Facts), TreeError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(dir) = self.pending.take() {
                match self.enter(dir) {
                    Ok(()) => continue,
                    Err(error) => return Some(Err(error)),
                }
            }
            let (dir, entries) = self.open.last_mut()?;
            let found = match entries.read() {
                None => {
                    self.open.pop();
                    continue;
                }
                Some(Err(errno)) => {
                    let error = TreeError::from_errno("list", &*dir, errno);
                    self.open.pop();
                    return Some(Err(error));
                }
                Some(Ok(entry)) => look(dir, entries, entry.file_name()),
            };
            match found {
                Ok(Some((path, facts))) if facts.kind == FileKind::Dir => {
                    self.pending = Some(Dir::from(path));
                }
                Ok(Some(found)) => return Some(Ok(found)),
                Ok(None) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl Scan<'_> {
    fn enter(&mut self, dir: Dir) -> Result<(), TreeError> {
        // A directory that has vanished since it was listed holds no files.
        if let Some(fd) = self.root.find_dir(&dir)? {
            let entries = fs::Dir::new(fd).map_err(|errno| TreeError::from_errno("list", &dir, errno))?;
            self.open.push((dir, entries));
        }
        Ok(())
    }
}

/// What an entry of a directory is; `None` for those that do not count.
fn look(dir: &Dir, entries: &fs::Dir, name: &CStr) -> Result<Option<(RelPath, Facts)>, TreeError> {
    let Ok(text) = name.to_str() else {
        let path = format!("{dir}/{}", name.to_string_lossy());
        return Err(TreeError::NotUtf8 { path });
    };
    if text == "." || text == ".." || (*dir == Dir::ROOT && text == OWN_DIR) {
        return Ok(None);
    }
    let path = dir.join(text).map_err(|bad| TreeError::Reserved { path: bad.path })?;
    let stat = entries.fd().and_then(|fd| fs::statat(fd, name, AtFlags::SYMLINK_NOFOLLOW));
    match stat {
        Ok(stat) => Ok(Some((path, Facts::of(&stat)))),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(TreeError::from_errno("examine", &path, errno)),
    }
}
