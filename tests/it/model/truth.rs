//! The naive model: which file of which photo must lie where, worked out from what the simulator holds and what the
//! person did, and held against the disk. It knows nothing of larder's code.

use std::collections::{BTreeMap, BTreeSet};

use icloud_sim::photos::{Inventory, Mutation};
use serde_json::Value;

use super::disk::Disk;
use super::person::{Done, Person};
use crate::album_oracle::{self, View};
use crate::oracle::{self, Photo};
use crate::tree::Tree;

/// A file of a photo: record name of the photo, and what the file is for it.
type Slot = (String, String);

/// What a file of a photo should be.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Want {
    folder: String,
    sha256: String,
    mtime_ms: Option<i64>,
    hidden: bool,
}

impl Want {
    /// What makes larder look at the disk again when it changes.
    fn place(&self) -> (&str, &str) {
        (&self.folder, &self.sha256)
    }
}

/// Until when a file may be missing that the person took away or changed.
#[derive(Debug)]
enum Excuse {
    /// Until larder has a reason to look at the disk: something else is asked for than this.
    UntilAskedFor(Option<Want>),
    /// Until larder reads the file: it looks as before.
    UntilRead,
}

impl Excuse {
    fn holds(&self, want: &Want) -> bool {
        match self {
            Self::UntilAskedFor(then) => then.as_ref().is_some_and(|then| then.place() == want.place()),
            Self::UntilRead => true,
        }
    }
}

/// What is known of the mirror.
#[derive(Debug, Default)]
pub(super) struct Truth {
    /// The photos that iCloud had when the last run began.
    photos: Vec<Photo>,
    /// What iCloud asked for then.
    wants: BTreeMap<Slot, Want>,
    /// Where each file was found last.
    found: BTreeMap<Slot, String>,
    /// Files that the person took away or changed, and what was asked for then.
    disturbed: BTreeMap<Slot, Excuse>,
    /// Contents of files that were overwritten so that nothing but reading them tells. They may be moved for what they
    /// were, also to the place of another photo.
    disguised: BTreeSet<String>,
    /// A run was killed: it may have come to make a directory, or to empty one, and no further.
    pub(super) killed: bool,
    /// Photos of which an upload was finished without a word.
    untold: BTreeSet<String>,
    /// What names of each photo's files may begin and end with.
    stems: BTreeMap<String, BTreeSet<String>>,
    tails: BTreeMap<Slot, BTreeSet<String>>,
    /// Marks of each photo.
    marks: BTreeMap<String, [String; 3]>,
    /// Contents that were seen in the mirror and that nobody destroyed.
    kept: BTreeSet<String>,
}

impl Truth {
    /// Takes over what iCloud holds now.
    pub(super) fn expect(&mut self, inventory: &Inventory) {
        self.wants.clear();
        self.photos = oracle::mirror_of(inventory);
        for photo in std::mem::take(&mut self.photos) {
            self.learn_names(&photo);
            for file in &photo.files {
                let want = Want {
                    folder: photo.folder.clone(),
                    sha256: file.sha256.clone(),
                    mtime_ms: photo.mtime_ms,
                    hidden: photo.hidden,
                };
                self.wants.insert((photo.id.clone(), file.kind.clone()), want);
            }
            self.photos.push(photo);
        }
    }

    fn learn_names(&mut self, photo: &Photo) {
        self.stems.entry(photo.id.clone()).or_default().insert(photo.stem.clone());
        self.marks.insert(photo.id.clone(), photo.marks());
        for file in &photo.files {
            let tail = format!("{}.{}", file.suffix, file.extension);
            self.tails.entry((photo.id.clone(), file.kind.clone())).or_default().insert(tail);
        }
    }

    /// An upload is finished and no change tells of it.
    pub(super) fn told_nothing(&mut self, inventory: &Inventory, mutation: &Mutation) {
        let Mutation::FinishUpload { asset, .. } = mutation else { return };
        let all = || inventory.zones.iter().flat_map(|zone| &zone.assets);
        let master = all().find(|entry| entry.record_name == *asset).map(|entry| &entry.master);
        let same = all().filter(|entry| Some(&entry.master) == master);
        self.untold.extend(same.map(|entry| entry.record_name.clone()));
    }

    /// Whether larder may believe a file of its own at a path.
    pub(super) fn believes(&self, path: &str) -> bool {
        self.found.values().any(|found| found == path)
    }

    /// The person did something to files of the mirror.
    pub(super) fn disturbed(&mut self, done: &Done, disk: &Disk) {
        for path in &done.disturbed {
            let slots: Vec<Slot> =
                self.found.iter().filter(|(_, found)| *found == path).map(|(slot, _)| slot.clone()).collect();
            for slot in slots {
                let excuse = if done.disguised.contains(path) {
                    self.disguised.extend(self.wants.get(&slot).map(|want| want.sha256.clone()));
                    Excuse::UntilRead
                } else {
                    Excuse::UntilAskedFor(self.wants.get(&slot).cloned())
                };
                self.disturbed.insert(slot, excuse);
            }
        }
        for sha256 in &done.destroyed {
            if !disk.holds(sha256) {
                self.kept.remove(sha256);
            }
        }
    }

    /// Finds each photo's files without judging.
    pub(super) fn find(&mut self, disk: &Disk, person: &Person) {
        for (slot, path) in self.assign(disk, person) {
            self.found.insert(slot, path);
        }
    }

    /// Which file of the disk is which file of a photo. Files that have not moved go before those that carry the
    /// photo's mark, and those before any others.
    fn assign(&self, disk: &Disk, person: &Person) -> BTreeMap<Slot, String> {
        let mut assigned: BTreeMap<Slot, String> = BTreeMap::new();
        let mut claimed = BTreeSet::new();
        for round in 0..3 {
            for (slot, want) in &self.wants {
                if assigned.contains_key(slot) {
                    continue;
                }
                let fits = |path: &str| {
                    !claimed.contains(path)
                        && !person.has(path, &want.sha256)
                        && match round {
                            0 => self.found.get(slot).is_some_and(|found| found == path),
                            1 => path.contains(self.marks[&slot.0][1].as_str()),
                            _ => true,
                        }
                };
                let inside = disk.files.iter().filter(|(_, file)| file.sha256 == want.sha256);
                let path =
                    inside.map(|(path, _)| path).find(|path| self.may_be(slot, want, path) && fits(path));
                if let Some(path) = path {
                    claimed.insert(path.clone());
                    assigned.insert(slot.clone(), path.clone());
                }
            }
        }
        assigned
    }

    /// Whether a path is in the right folder and has a name that the file may have.
    fn may_be(&self, slot: &Slot, want: &Want, path: &str) -> bool {
        let Some(name) = path.strip_prefix(&want.folder).and_then(|rest| rest.strip_prefix('/')) else {
            return false;
        };
        self.stems[&slot.0].iter().any(|stem| {
            self.marks[&slot.0].iter().any(|mark| {
                self.tails[slot].iter().any(|tail| {
                    name.strip_prefix(stem.as_str()).and_then(|rest| rest.strip_prefix(mark.as_str()))
                        == Some(tail.as_str())
                })
            })
        })
    }

    /// After a run that ended well: everything that is not as it should be.
    pub(super) fn compare(&mut self, disk: &Disk, person: &mut Person) -> Vec<String> {
        let mut wrong = Vec::new();
        let assigned = self.assign(disk, person);
        for (slot, want) in &self.wants {
            let disturbed = self.disturbed.get(slot);
            let excused = disturbed.is_some_and(|excuse| excuse.holds(want))
                || self.untold.contains(&slot.0)
                || self.disguised.contains(&want.sha256);
            let Some(path) = assigned.get(slot) else {
                if !excused {
                    wrong.push(format!("{slot:?} is missing: {want:?}, was {:?}", self.found.get(slot)));
                }
                continue;
            };
            if let Some(before) = self.found.get(slot)
                && disturbed.is_none()
                && before != path
                && parts(before).0 == parts(path).0
                && parts(before).1 == parts(path).1
            {
                wrong.push(format!("{slot:?} was called {before} and is called {path}"));
            }
            let file = &disk.files[path];
            if person.dressed.contains(&(path.clone(), file.sha256.clone())) {
                continue;
            }
            if want.mtime_ms.is_some_and(|ms| ms != file.mtime_ms) {
                wrong.push(format!("{path} is of {} and not of {:?}", file.mtime_ms, want.mtime_ms));
            }
            if want.hidden && file.mode & 0o077 != 0 {
                wrong.push(format!("{path} is hidden and has mode {:o}", file.mode));
            }
        }
        wrong.extend(persons(disk, person));
        let claimed: BTreeSet<&String> = assigned.values().collect();
        let strange = |path: &&String| !claimed.contains(path) && !person.files.contains_key(*path);
        wrong.extend(disk.files.keys().filter(strange).map(|path| format!("{path} should not be there")));
        let empty = disk.empty_dirs().filter(|dir| !self.killed && !person.dirs.contains(*dir));
        wrong.extend(empty.map(|dir| format!("{dir}/ is empty")));

        wrong.extend(self.compare_views(disk, &assigned));
        self.kept.extend(disk.files.values().map(|file| file.sha256.clone()));
        self.kept.extend(disk.attic.iter().cloned());
        let lost = self.kept.iter().filter(|sha256| !disk.holds(sha256));
        wrong.extend(lost.map(|sha256| format!("content {sha256} is lost")));

        let living = |slot: &Slot| self.wants.contains_key(slot);
        self.disturbed.retain(|slot, _| living(slot) && !assigned.contains_key(slot));
        self.untold
            .retain(|asset| self.wants.keys().any(|slot| slot.0 == *asset && !assigned.contains_key(slot)));
        self.found.retain(|slot, _| living(slot));
        self.found.extend(assigned);
        wrong
    }

    /// Albums on disk show the photos whose files lie where they should. Marks outlive their reason here.
    fn compare_views(&self, disk: &Disk, assigned: &BTreeMap<Slot, String>) -> Vec<String> {
        let is_there = |photo: &&Photo| {
            photo.files.iter().all(|file| {
                let slot = (photo.id.clone(), file.kind.clone());
                assigned.contains_key(&slot) && !self.disturbed.contains_key(&slot)
            }) && !self.untold.contains(&photo.id)
        };
        let excused: Vec<&Photo> = self.photos.iter().filter(|photo| !is_there(photo)).collect();
        let mut owners = BTreeMap::new();
        for photo in self.photos.iter().filter(is_there) {
            for (at, file) in photo.files.iter().enumerate() {
                let path = assigned[&(photo.id.clone(), file.kind.clone())].clone();
                owners.insert(path, (photo, at));
            }
        }
        let tree = Tree {
            files: disk.all().map(|(path, found)| (path.clone(), found.clone())).collect(),
            dirs: disk.shown_dirs.iter().map(|dir| (dir.clone(), 0)).collect(),
            inodes: disk.inodes.clone(),
            links: BTreeMap::new(),
        };
        let mut wrong = Vec::new();
        album_oracle::check(&tree, &owners, &excused, View::Hardlink, &mut wrong);
        wrong.retain(|line| !line.ends_with("has a mark without need") && !line.starts_with("nobody is"));
        wrong
    }

    /// What `larder ls --json` says against what iCloud holds.
    pub(super) fn compare_catalog(&self, inventory: &Inventory, listed: &Value) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut known: BTreeMap<&str, &Value> = BTreeMap::new();
        for photo in listed["photos"].as_array().into_iter().flatten() {
            known.insert(photo["id"].as_str().unwrap_or_default(), photo);
        }
        for asset in inventory.zones.iter().flat_map(|zone| &zone.assets).filter(|asset| !asset.deleted) {
            let Some(photo) = known.remove(asset.record_name.as_str()) else {
                wrong.push(format!("the catalog lacks {}", asset.record_name));
                continue;
            };
            if (&photo["favourite"], &photo["hidden"]) != (&asset.favorite.into(), &asset.hidden.into()) {
                wrong.push(format!("the catalog has other marks for {}", asset.record_name));
            }
            let told = photo["resources"].as_array().into_iter().flatten();
            let told: BTreeSet<&str> = told.filter_map(|file| file["path"].as_str()).collect();
            let of_it = self.found.iter().filter(|(slot, _)| slot.0 == asset.record_name);
            for (slot, path) in of_it {
                let sure = !self.disturbed.contains_key(slot);
                if sure && self.wants.contains_key(slot) && !told.contains(path.as_str()) {
                    wrong.push(format!("the catalog does not have {path} for {slot:?}, but {told:?}"));
                }
            }
        }
        wrong.extend(known.keys().map(|id| format!("the catalog has {id}, which iCloud has not")));
        wrong.extend(compare_albums(inventory, listed));
        wrong
    }
}

/// The person's files and links are where they were put, or set aside where larder had to.
fn persons(disk: &Disk, person: &mut Person) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut moved = Vec::new();
    person.files.retain(|path, own| {
        if disk.files.get(path).is_some_and(|file| file.sha256 == own.sha256) {
            return true;
        }
        if !own.contested {
            wrong.push(format!("{path} was the person's own and was touched"));
        } else if let Some((to, _)) = disk.files.iter().find(|(_, file)| file.sha256 == own.sha256) {
            // It was taken for the photo, and moved with it.
            moved.push((to.clone(), own.clone()));
        } else if !disk.attic.contains(&own.sha256) {
            wrong.push(format!("{path} was changed by the person and is lost"));
        }
        false
    });
    for (to, own) in moved {
        if own.disguised {
            person.files.insert(to, own);
        } else {
            wrong.push(format!("{to} is the person's own and was moved there"));
        }
    }
    wrong.extend(person.links.difference(&disk.links).map(|path| format!("the link {path} is gone")));
    let strange = disk.links.difference(&person.links);
    wrong.extend(strange.map(|path| format!("{path} is a link that nobody made")));
    wrong
}

/// Album by album: which there are, and how many of their photos live.
fn compare_albums(inventory: &Inventory, listed: &Value) -> Vec<String> {
    let mut truth = BTreeMap::new();
    for zone in &inventory.zones {
        let lives = |member: &String| zone.assets.iter().any(|a| a.record_name == *member && !a.deleted);
        for album in zone.albums.iter().filter(|album| !album.deleted) {
            let members = album.members.iter().filter(|member| lives(member)).count() as u64;
            truth.insert(album.record_name.clone(), (album.folder, members));
        }
    }
    let mut told = BTreeMap::new();
    for album in
        listed["libraries"].as_array().into_iter().flatten().filter_map(|l| l["albums"].as_array()).flatten()
    {
        let facts = (album["folder"] == true, album["photos"].as_u64().unwrap_or_default());
        told.insert(album["id"].as_str().unwrap_or_default().to_owned(), facts);
    }
    if truth == told { vec![] } else { vec![format!("albums are {truth:?}, and the catalog has {told:?}")] }
}

/// Folder and extension of a path.
fn parts(path: &str) -> (&str, &str) {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    (folder, path.rsplit_once('.').map_or("", |(_, extension)| extension))
}
