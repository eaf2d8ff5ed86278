//! What lies on the disk, read without larder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use crate::album_oracle::TOP;
use crate::tree::{Found, sha256};

/// Everything below the destination.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Disk {
    /// Files of the library by path.
    pub(super) files: BTreeMap<String, Found>,
    /// Files that show them in albums.
    pub(super) shown: BTreeMap<String, Found>,
    /// Which files are one.
    pub(super) inodes: BTreeMap<String, u64>,
    /// Symbolic links of the mirror.
    pub(super) links: BTreeSet<String>,
    /// Directories of the library.
    pub(super) dirs: BTreeSet<String>,
    /// Directories of albums.
    pub(super) shown_dirs: BTreeSet<String>,
    /// Contents that the attic holds.
    pub(super) attic: BTreeSet<String>,
    /// Files that were left where files are staged.
    pub(super) staged: Vec<String>,
}

impl Disk {
    pub(super) fn read(destination: &Path) -> Self {
        let mut disk = Self::default();
        let mut own = Self::default();
        disk.walk(destination, "");
        let in_albums = |path: &str| path == "Albums" || path.starts_with(TOP);
        disk.shown = disk.files.extract_if(.., |path, _| in_albums(path)).collect();
        disk.shown_dirs = disk.dirs.extract_if(.., |path| in_albums(path)).collect();
        own.walk(&destination.join(".larder"), "");
        disk.attic = own
            .files
            .iter()
            .filter(|(path, _)| path.starts_with("attic/"))
            .map(|(_, file)| file.sha256.clone())
            .collect();
        disk.staged = own.files.into_keys().filter(|path| path.starts_with("incoming/")).collect();
        disk
    }

    fn walk(&mut self, root: &Path, below: &str) {
        // A destination that no run has seen has no directory of larder's.
        let Ok(entries) = fs::read_dir(root.join(below)) else { return };
        for entry in entries {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let path = if below.is_empty() { name } else { format!("{below}/{name}") };
            if path == ".larder" {
                continue;
            }
            let facts = entry.metadata().unwrap();
            if facts.is_dir() {
                self.walk(root, &path);
                self.dirs.insert(path);
            } else if facts.is_symlink() {
                self.links.insert(path);
            } else {
                let found = Found {
                    sha256: sha256(&fs::read(entry.path()).unwrap()),
                    mtime_ms: facts.mtime() * 1000 + facts.mtime_nsec() / 1_000_000,
                    mode: facts.permissions().mode() & 0o7777,
                };
                self.inodes.insert(path.clone(), facts.ino());
                self.files.insert(path, found);
            }
        }
    }

    /// Whether this content is anywhere.
    pub(super) fn holds(&self, sha256: &str) -> bool {
        self.attic.contains(sha256) || self.all().any(|(_, file)| file.sha256 == sha256)
    }

    /// Files of the library and of albums.
    pub(super) fn all(&self) -> impl Iterator<Item = (&String, &Found)> {
        self.files.iter().chain(&self.shown)
    }

    /// Directories with nothing in them.
    pub(super) fn empty_dirs(&self) -> impl Iterator<Item = &String> {
        let dirs = || self.dirs.iter().chain(&self.shown_dirs);
        let all = move || self.all().map(|(path, _)| path).chain(&self.links).chain(dirs());
        dirs().filter(move |dir| {
            let inside = format!("{dir}/");
            !all().any(|path| path.starts_with(&inside))
        })
    }
}
