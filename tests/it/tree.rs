//! What lies in a mirror, and whether it is what should lie there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};
use unicode_normalization::UnicodeNormalization as _;

use crate::album_oracle::{self, View};
use crate::oracle::{self, Photo};

/// A file of a mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// SHA-256 of its bytes, hexadecimal.
    pub(crate) sha256: String,
    /// Modification time, milliseconds since 1970.
    pub(crate) mtime_ms: i64,
    /// Permission bits.
    pub(crate) mode: u32,
}

/// Everything in a mirror but larder's own directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tree {
    /// Files by path below the destination.
    pub(crate) files: BTreeMap<String, Found>,
    /// Directories with their permission bits.
    pub(crate) dirs: BTreeMap<String, u32>,
    /// Which of the files are one.
    pub(crate) inodes: BTreeMap<String, u64>,
    /// Targets of those that are links. What is told of them as files is what they lead to.
    pub(crate) links: BTreeMap<String, String>,
}

impl Tree {
    /// Reads a mirror. Anything but files, links to files and directories fails the test.
    pub(crate) fn read(destination: &Path) -> Self {
        let (inodes, links) = (BTreeMap::new(), BTreeMap::new());
        let mut tree = Self { files: BTreeMap::new(), dirs: BTreeMap::new(), inodes, links };
        let mut dirs = vec![String::new()];
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(destination.join(&dir)).unwrap() {
                let entry = entry.unwrap();
                let name = entry.file_name().into_string().unwrap();
                if dir.is_empty() && name == ".larder" {
                    continue;
                }
                let path = if dir.is_empty() { name } else { format!("{dir}/{name}") };
                let mut facts = entry.metadata().unwrap();
                if facts.is_symlink() {
                    let target = fs::read_link(entry.path()).unwrap().into_os_string().into_string().unwrap();
                    tree.links.insert(path.clone(), target);
                    facts = fs::metadata(entry.path()).unwrap();
                    assert!(facts.is_file(), "{path} leads to no file");
                }
                let mode = facts.permissions().mode() & 0o7777;
                if facts.is_dir() {
                    tree.dirs.insert(path.clone(), mode);
                    dirs.push(path);
                    continue;
                }
                assert!(facts.is_file(), "{path} is neither file nor directory");
                let sha256 = sha256(&fs::read(entry.path()).unwrap());
                let mtime_ms = facts.mtime() * 1000 + facts.mtime_nsec() / 1_000_000;
                tree.inodes.insert(path.clone(), facts.ino());
                tree.files.insert(path, Found { sha256, mtime_ms, mode });
            }
        }
        tree
    }

    /// Fails the test unless exactly these photos lie here, each file once, whole and under a right name, and beside them
    /// their albums, as second names of the same files.
    #[track_caller]
    pub(crate) fn must_hold(&self, photos: &[Photo]) {
        self.must_hold_with(photos, View::Hardlink);
    }

    /// As [`Tree::must_hold`], for a job that shows albums so.
    #[track_caller]
    pub(crate) fn must_hold_with(&self, photos: &[Photo], view: View) {
        let mut wrong = Vec::new();
        let owners = self.owners(photos, &mut wrong);
        album_oracle::check(self, &owners, &[], view, &mut wrong);
        let library = || self.files.iter().filter(|(path, _)| !path.starts_with(album_oracle::TOP));
        for (path, found) in library() {
            let Some((photo, at)) = owners.get(path) else {
                wrong.push(format!("{path} should not be there"));
                continue;
            };
            if found.sha256 != photo.files[*at].sha256 {
                wrong.push(format!("{path} has other bytes"));
            }
            if photo.mtime_ms.is_some_and(|ms| ms != found.mtime_ms) {
                wrong.push(format!("{path} is of {} and not of {:?}", found.mtime_ms, photo.mtime_ms));
            }
            if photo.hidden && found.mode & 0o077 != 0 {
                wrong.push(format!("{path} is hidden and has mode {:o}", found.mode));
            }
        }
        self.names_must_be_decent(&mut wrong);
        self.dirs_must_be_needed(&mut wrong);
        wrong.sort();
        assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.join("\n"));
    }

    /// Fails the test unless every file that lies here is, to the byte, one of these photos' files.
    #[track_caller]
    pub(crate) fn must_hold_nothing_else(&self, photos: &[Photo]) {
        let whole: BTreeSet<&str> = oracle::files(photos).map(|file| file.sha256.as_str()).collect();
        for (path, found) in &self.files {
            assert!(whole.contains(found.sha256.as_str()), "{path} is no whole file of any photo");
        }
    }

    /// Fails the test unless this is, to the byte and the second, what was there before.
    #[track_caller]
    pub(crate) fn must_equal(&self, before: &Self) {
        let mut wrong = Vec::new();
        for (path, found) in &self.files {
            match before.files.get(path) {
                None => wrong.push(format!("{path} is new")),
                Some(old) if old != found => wrong.push(format!("{path} was {old:?}, is {found:?}")),
                Some(_) => {}
            }
        }
        let gone = before.files.keys().filter(|path| !self.files.contains_key(*path));
        wrong.extend(gone.map(|path| format!("{path} is gone")));
        assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
        assert_eq!((&self.dirs, &self.links), (&before.dirs, &before.links));
    }

    /// Paths of the library, without albums.
    pub(crate) fn library(&self) -> BTreeSet<&str> {
        self.files.keys().map(String::as_str).filter(|path| !path.starts_with(album_oracle::TOP)).collect()
    }

    /// To which file of which photo each path belongs. Names that carry a photo's own mark are looked for first, so
    /// that two photos of one content are told apart.
    fn owners<'a>(
        &self,
        photos: &'a [Photo],
        wrong: &mut Vec<String>,
    ) -> BTreeMap<String, (&'a Photo, usize)> {
        let mut owners: BTreeMap<String, (&Photo, usize)> = BTreeMap::new();
        let mut marked = Vec::new();
        let mut plain = Vec::new();
        for photo in photos.iter().filter(|photo| !photo.files.is_empty()) {
            let own = photo.marks()[1..].iter().find_map(|mark| {
                let paths = paths(photo, mark);
                paths.iter().all(|path| self.files.contains_key(path)).then_some(paths)
            });
            match own {
                Some(paths) => marked.push((photo, paths)),
                None => plain.push((photo, paths(photo, ""))),
            }
        }
        let marked_from = plain.len();
        for (number, (photo, paths)) in plain.into_iter().chain(marked).enumerate() {
            if number >= marked_from {
                Self::mark_must_be_needed(photo, &owners, wrong);
            }
            for (at, path) in paths.into_iter().enumerate() {
                if !self.files.contains_key(&path) {
                    wrong.push(format!("{path} is missing (photo {})", photo.id));
                } else if let Some((other, _)) = owners.insert(path.clone(), (photo, at)) {
                    wrong.push(format!("{path} is of two photos, {} and {}", other.id, photo.id));
                }
            }
        }
        owners
    }

    /// A photo's names carry a mark only when another photo has one of its plain names.
    fn mark_must_be_needed(
        photo: &Photo,
        owners: &BTreeMap<String, (&Photo, usize)>,
        wrong: &mut Vec<String>,
    ) {
        let plain: BTreeSet<String> = paths(photo, "").iter().map(|path| folded(path)).collect();
        let taken = owners.keys().any(|path| plain.contains(&folded(path)));
        if !taken {
            wrong.push(format!("{}/{} has a mark without need", photo.folder, photo.stem));
        }
    }

    fn names_must_be_decent(&self, wrong: &mut Vec<String>) {
        let mut seen = BTreeSet::new();
        for path in self.files.keys() {
            for name in path.split('/') {
                let decent = name.len() <= 255 && name != ".." && !name.chars().any(char::is_control);
                if !decent {
                    wrong.push(format!("{path:?} has a name that it may not have"));
                }
            }
            if !seen.insert(folded(path)) {
                wrong.push(format!("{path} differs from another path in case or form alone"));
            }
        }
    }

    fn dirs_must_be_needed(&self, wrong: &mut Vec<String>) {
        for (dir, mode) in &self.dirs {
            let inside = format!("{dir}/");
            if !self.files.keys().any(|path| path.starts_with(&inside)) {
                wrong.push(format!("{dir}/ is empty"));
            }
            if dir.ends_with("Hidden") && *mode != 0o700 {
                wrong.push(format!("{dir}/ has mode {mode:o}"));
            }
        }
    }
}

/// Fails the test when partial files are left in the staging directory.
#[track_caller]
pub(crate) fn nothing_is_left_in_staging(destination: &Path) {
    let left: Vec<_> = match fs::read_dir(destination.join(".larder/incoming")) {
        Ok(entries) => entries.map(|entry| entry.unwrap().file_name()).collect(),
        Err(_) => vec![],
    };
    assert!(left.is_empty(), "{left:?}");
}

fn paths(photo: &Photo, mark: &str) -> Vec<String> {
    photo.names(mark).iter().map(|name| format!("{}/{name}", photo.folder)).collect()
}

/// A form in which names are equal that a disk may take for one.
pub(crate) fn folded(path: &str) -> String {
    let visible = path.chars().filter(|c| *c != '\u{200b}');
    visible.nfd().collect::<String>().to_uppercase().to_lowercase().nfc().collect()
}

/// SHA-256, hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}
