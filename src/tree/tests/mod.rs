//! Tests of the whole room, on real directories.

mod crossing;
mod links;
mod opening;
mod placing;
mod racing;
mod replacing;
mod showing;
mod staging;

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::{Finish, Opened, Placed, RelPath, Root, Staging, TreeError};

/// A destination in a temporary directory.
struct Destination {
    temp: TempDir,
    root: Root,
}

impl Destination {
    fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let Opened { root, .. } = Root::open(temp.path(), None, false).unwrap();
        Self { temp, root }
    }

    fn path(&self, below: &str) -> std::path::PathBuf {
        self.temp.path().join(below)
    }

    fn read(&self, below: &str) -> String {
        std::fs::read_to_string(self.path(below)).unwrap()
    }

    fn staged(&self, key: &str, content: &str) -> Staging {
        let mut staging = self.root.stage(key).unwrap();
        staging.append(content.as_bytes()).unwrap();
        staging
    }

    fn place(&self, content: &str, path: &str) -> Result<Placed, TreeError> {
        self.root.place(self.staged("ab", content), &rel(path), Finish::default())
    }

    /// Names in `.larder/incoming/`.
    fn incoming(&self) -> Vec<String> {
        names(&self.path(".larder/incoming"))
    }
}

fn rel(text: &str) -> RelPath {
    RelPath::parse(text).unwrap()
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A file system in memory, mounted for one test.
struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    /// Mounts it; `None`, with a message, where this user may not.
    fn at(dir: &'a Path, options: &str) -> Option<Self> {
        let done =
            Command::new("mount").args(["-t", "tmpfs", "-o", options, "larder-test"]).arg(dir).output();
        if done.is_ok_and(|output| output.status.success()) {
            Some(Self(dir))
        } else {
            println!("skipped: no file system can be mounted here");
            None
        }
    }

    fn make_read_only(&self) {
        assert!(Command::new("mount").args(["-o", "remount,ro"]).arg(self.0).status().unwrap().success());
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        // Lazily: the test's own descriptors may still be open.
        assert!(Command::new("umount").arg("-l").arg(self.0).status().unwrap().success());
    }
}
