//! What a person does to the mirror, and what of it must never be lost.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, FileTimes};
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::cloud::{DAYS, NAMES, pick};
use super::disk::Disk;
use super::steps::{Act, Pick};
use crate::tree::sha256;

/// A person's file, or a link.
#[derive(Debug, Clone)]
pub(super) struct Own {
    /// Of its bytes.
    pub(super) sha256: String,
    /// It lies where larder may believe its own file, which then may be set aside.
    pub(super) contested: bool,
    /// It cannot be told from larder's own file without being read, and may be moved with the photo.
    pub(super) disguised: bool,
}

/// What the person has done so far.
#[derive(Debug, Default)]
pub(super) struct Person {
    /// Files with the person's own bytes, by path.
    pub(super) files: BTreeMap<String, Own>,
    /// Symbolic links.
    pub(super) links: BTreeSet<String>,
    /// Directories that may be empty by now.
    pub(super) dirs: BTreeSet<String>,
    /// Files whose time or permissions the person changed, and their content then.
    pub(super) dressed: BTreeSet<(String, String)>,
    /// Bytes written so far: no content comes twice.
    written: u64,
}

/// What an act did, as far as larder's files are concerned.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// Paths at which a file was that is not there any more, or is another.
    pub(super) disturbed: Vec<String>,
    /// Paths of files of the same size and time as before: nobody who does not read them can tell.
    pub(super) disguised: Vec<String>,
    /// Contents of which a copy was destroyed.
    pub(super) destroyed: Vec<String>,
}

impl Person {
    /// Carries out an act. `larders` tells whether larder may believe a file of its own at a path.
    pub(super) fn act(
        &mut self,
        act: &Act,
        mirror: &Path,
        disk: &Disk,
        larders: &dyn Fn(&str) -> bool,
    ) -> Done {
        let mut done = Done::default();
        let files: Vec<&String> = disk.files.keys().collect();
        let chosen = |which: Pick| pick(&files, which).map(|path| (*path).clone());
        match *act {
            Act::Delete(file) => {
                if let Some(path) = chosen(file) {
                    self.take_away(&path, disk, &mut done);
                    fs::remove_file(mirror.join(&path)).unwrap();
                }
            }
            Act::Overwrite { file, same_size, same_time } => {
                let Some(path) = chosen(file) else { return done };
                let at = mirror.join(&path);
                let before = fs::metadata(&at).unwrap();
                let length = if same_size { before.len() } else { before.len() / 2 + 100 };
                let bytes = self.bytes(length);
                self.take_away(&path, disk, &mut done);
                fs::write(&at, &bytes).unwrap();
                if same_time {
                    if same_size {
                        done.disguised.push(path.clone());
                    }
                    set_time(&at, before.modified().unwrap());
                }
                self.write(&path, &bytes, true);
                if let Some(own) = self.files.get_mut(&path) {
                    own.disguised = same_size && same_time;
                }
            }
            Act::Append(file) => {
                let Some(path) = chosen(file) else { return done };
                let more = self.bytes(50);
                self.take_away(&path, disk, &mut done);
                let mut open = File::options().append(true).open(mirror.join(&path)).unwrap();
                open.write_all(&more).unwrap();
                let bytes = fs::read(mirror.join(&path)).unwrap();
                self.write(&path, &bytes, true);
            }
            Act::Chmod(file) => {
                if let Some(path) = chosen(file) {
                    let mode = [0o640, 0o444, 0o600][usize::from(file) % 3];
                    fs::set_permissions(mirror.join(&path), fs::Permissions::from_mode(mode)).unwrap();
                    self.dressed.insert((path.clone(), disk.files[&path].sha256.clone()));
                }
            }
            Act::Touch(file) => {
                if let Some(path) = chosen(file) {
                    set_time(&mirror.join(&path), SystemTime::UNIX_EPOCH + Duration::from_secs(86_400));
                    self.dressed.insert((path.clone(), disk.files[&path].sha256.clone()));
                }
            }
            Act::Rename(file, beside) => {
                let Some(path) = chosen(file) else { return done };
                let (dir, name) = path.rsplit_once('/').unwrap_or(("", &path));
                let to = if beside { format!("{dir}/mine {name}") } else { format!("Mine/{name}") };
                if mirror.join(&to).exists() || dir.is_empty() {
                    return done;
                }
                self.take_away(&path, disk, &mut done);
                done.destroyed.clear();
                fs::create_dir_all(mirror.join(&to).parent().unwrap()).unwrap();
                fs::rename(mirror.join(&path), mirror.join(&to)).unwrap();
                self.note_dir(&to);
                self.files.insert(
                    to,
                    Own { sha256: disk.files[&path].sha256.clone(), contested: false, disguised: false },
                );
            }
            Act::Put { day, name, edited } => {
                let path = wanted(day, name, edited);
                if mirror.join(&path).symlink_metadata().is_err() {
                    let bytes = self.bytes(500);
                    fs::create_dir_all(mirror.join(&path).parent().unwrap()).unwrap();
                    fs::write(mirror.join(&path), &bytes).unwrap();
                    self.write(&path, &bytes, larders(&path));
                }
            }
            Act::Link { day, name } => {
                let path = wanted(day, name, false);
                if mirror.join(&path).symlink_metadata().is_err() {
                    fs::create_dir_all(mirror.join(&path).parent().unwrap()).unwrap();
                    symlink("/nowhere", mirror.join(&path)).unwrap();
                    self.note_dir(&path);
                    self.links.insert(path);
                }
            }
            Act::RemoveDir(which) => {
                let dirs: Vec<&String> = disk.dirs.iter().collect();
                let Some(dir) = pick(&dirs, which) else { return done };
                let inside = format!("{dir}/");
                for path in disk.files.keys().filter(|path| path.starts_with(&inside)) {
                    self.take_away(path, disk, &mut done);
                }
                self.links.retain(|path| !path.starts_with(&inside));
                self.dirs.retain(|path| path != *dir && !path.starts_with(&inside));
                self.note_dir(dir);
                fs::remove_dir_all(mirror.join(dir)).unwrap();
            }
        }
        done
    }

    /// Whether the file there is the person's own.
    pub(super) fn has(&self, path: &str, sha256: &str) -> bool {
        self.files.get(path).is_some_and(|own| own.sha256 == sha256)
    }

    /// A file is about to go, or to become another.
    fn take_away(&mut self, path: &str, disk: &Disk, done: &mut Done) {
        self.files.remove(path);
        self.note_dir(path);
        done.disturbed.push(path.to_owned());
        done.destroyed.push(disk.files[path].sha256.clone());
    }

    fn write(&mut self, path: &str, bytes: &[u8], contested: bool) {
        self.note_dir(path);
        self.files.insert(path.to_owned(), Own { sha256: sha256(bytes), contested, disguised: false });
    }

    /// The directories above a path may be left empty.
    fn note_dir(&mut self, path: &str) {
        let mut path = path;
        while let Some((dir, _)) = path.rsplit_once('/') {
            self.dirs.insert(dir.to_owned());
            path = dir;
        }
    }

    /// Bytes that nobody wrote before.
    fn bytes(&mut self, length: u64) -> Vec<u8> {
        self.written += 1;
        let mut bytes = format!("the person's own bytes, number {:06}. ", self.written).into_bytes();
        bytes.resize(usize::try_from(length).unwrap().max(bytes.len()), b'.');
        bytes
    }
}

/// A path that a photo of the drawn days and names would have.
fn wanted(day: Pick, name: Pick, edited: bool) -> String {
    let (day, name) = (DAYS[usize::from(day) % DAYS.len()].1, NAMES[usize::from(name) % NAMES.len()]);
    let (stem, extension) = name.split_once('.').unwrap();
    if edited { format!("{day}/{stem}-edited.JPG") } else { format!("{day}/{stem}.{extension}") }
}

fn set_time(path: &Path, time: SystemTime) {
    File::options().append(true).open(path).unwrap().set_times(FileTimes::new().set_modified(time)).unwrap();
}
