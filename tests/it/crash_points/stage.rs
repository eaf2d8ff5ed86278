//! A run that can be begun again and again from the same mirror, the same state and the same iCloud, to be cut off or
//! troubled in another way each time.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{Mutation, NewPhoto, PhotoKind, SharedRole};
use larder::tree::name::split_ext;
use serde_json::Value;
use tempfile::TempDir;

use crate::album_oracle::View;
use crate::environment::{Ran, TestEnvironment, bytes_below};
use crate::oracle;
use crate::tree::{Tree, nothing_is_left_in_staging, sha256};

/// Downloads at a time: what a run that is cut off may cost.
pub(super) const CONNECTIONS: u64 = 3;

/// What the file system of the mirror can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Disk {
    /// Everything.
    Able,
    /// Every directory is another file system, so that nothing can be renamed and all is copied.
    Split,
    /// It can neither exchange nor link nor rename without replacing, as some network file systems.
    Plain,
    /// It renames by linking alone, as NFS.
    Linking,
}

impl Disk {
    pub(super) fn orders(self) -> &'static str {
        match self {
            Self::Able => "",
            Self::Split => {
                "place.rename=EXDEV@1+,move.rename=EXDEV@1+,attic.link=EXDEV@1+,attic.rename=EXDEV@1+,\
                 replace.exchange=EXDEV@1,view.link=EXDEV@1+"
            }
            Self::Plain => {
                "place.rename=EINVAL@1+,place.link=EPERM@1+,replace.exchange=EINVAL@1+,attic.link=EPERM@1+,\
                 view.link=EPERM@1+"
            }
            Self::Linking => "place.rename=EINVAL@1+,replace.exchange=EINVAL@1+",
        }
    }

    fn view(self) -> (View, &'static str) {
        match self {
            Self::Able | Self::Linking => (View::Hardlink, "hardlink"),
            Self::Split => (View::Copy, "copy"),
            Self::Plain => (View::Symlink, "symlink"),
        }
    }
}

/// A mirror, a state and an iCloud, and a command that is to be carried out on them.
pub(super) struct Stage {
    pub(super) here: TestEnvironment,
    pub(super) name: &'static str,
    orders: &'static str,
    /// Whether every directory is another file system.
    pub(super) splits: bool,
    command: Vec<String>,
    stdin: String,
    before: TempDir,
    /// What an undisturbed run makes of it.
    pub(super) tree: Tree,
    attic: Vec<(String, String)>,
    requests: u64,
    /// How often it passes each point.
    pub(super) passings: BTreeMap<String, u64>,
}

impl Stage {
    /// The first sync.
    pub(super) fn first(disk: Disk) -> Self {
        let here = library(disk);
        Self::of(here, "first sync", disk, &["sync", "--once", "--json"], "")
    }

    /// A sync after many changes: an edit, other dates, deletions, albums, another library, a duplicate.
    pub(super) fn second(disk: Disk) -> Self {
        let here = library(disk);
        here.sync().expect(0);
        change(&here);
        for (path, text) in [("attic/2020-01-01/a/b.jpg", "old enough"), ("incoming/feed.part", "left")] {
            let path = here.destination().join(".larder").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self::of(here, "second sync", disk, &["sync", "--once", "--json"], "")
    }

    /// The same after a run that was cut off when its first file had come.
    pub(super) fn third(disk: Disk) -> Self {
        let here = library(disk);
        let cut = here.larder(&["sync", "--once"]).env("LARDER_FAILPOINTS", "place.sync=abort@1").run();
        assert_eq!(cut.code, None, "{}", cut.stderr);
        Self::of(here, "sync after a crash", disk, &["sync", "--once", "--json"], "")
    }

    /// Bringing back from the attic, into the mirror or to another folder.
    pub(super) fn restore(disk: Disk, to: bool) -> Self {
        let here = library(disk);
        here.sync().expect(0);
        change(&here);
        here.sync().expect(0);
        let out = here.path("out");
        let command = ["restore", "--json", "--to", out.to_str().unwrap(), "2024"];
        let command = if to { command.to_vec() } else { vec!["restore", "--json", "2024"] };
        let name = if to { "restore to a folder" } else { "restore" };
        Self::of(here, name, disk, &command, "")
    }

    /// Signing in.
    pub(super) fn login() -> Self {
        let here = TestEnvironment::new(icloud_sim::Config::default());
        let password = here.control().account(|account| account.password.clone());
        let typed = format!("{password}\n{}\n", crate::environment::CODE);
        Self::of(here, "login", Disk::Able, &["login"], &typed)
    }

    /// Takes down what an undisturbed run makes of it.
    pub(super) fn of(
        here: TestEnvironment,
        name: &'static str,
        disk: Disk,
        command: &[&str],
        stdin: &str,
    ) -> Self {
        let before = tempfile::tempdir().unwrap();
        for dir in ["mirror", "state"] {
            fs::create_dir_all(here.path(dir)).unwrap();
            copy(&here.path(dir), &before.path().join(dir));
        }
        let mut stage = Self {
            tree: Tree::read(&here.destination()),
            here,
            name,
            orders: disk.orders(),
            splits: disk == Disk::Split,
            command: command.iter().map(|word| (*word).to_owned()).collect(),
            stdin: stdin.to_owned(),
            before,
            attic: vec![],
            requests: 0,
            passings: BTreeMap::new(),
        };
        let ran = stage.run_with("", true).expect(0);
        for line in ran.stderr.lines() {
            if let Some((_, point)) = line.split_once(" passes ") {
                *stage.passings.entry(point.to_owned()).or_default() += 1;
            }
        }
        stage.requests = stage.contents();
        if name.contains("Drive") {
            crate::drive::oracle::must_hold(
                &Tree::read(&stage.here.destination()),
                &stage.here.control().drive_inventory(),
            );
        } else if name.contains("sync") {
            let photos = oracle::mirror_of(&stage.here.inventory());
            Tree::read(&stage.here.destination()).must_hold_with(&photos, disk.view().0);
        }
        nothing_is_left_in_staging(&stage.here.destination());
        (stage.tree, stage.attic) = (stage.now(), stage.attic());
        stage
    }

    /// The mirror. A package comes as another zip every time, so that its bytes are left out.
    fn now(&self) -> Tree {
        let mut tree = Tree::read(&self.here.destination());
        for (_, file) in tree.files.iter_mut().filter(|(path, _)| split_ext(path).1 == "zip") {
            file.sha256 = "of a package".to_owned();
        }
        tree
    }

    /// Requests for contents since the counters were reset.
    fn contents(&self) -> u64 {
        let counters = self.here.control().counters();
        ["content", "drive.content", "drive.package"].iter().map(|label| counters.requests(label)).sum()
    }

    /// Carries the command out on what there was before, with these orders.
    pub(super) fn run(&self, orders: &str) -> Ran {
        self.begin_again();
        self.run_with(orders, false)
    }

    /// Carries it out once more on what is there now.
    pub(super) fn run_again(&self, orders: &str) -> Ran {
        self.run_with(orders, false)
    }

    fn begin_again(&self) {
        for dir in ["mirror", "state", "out"] {
            let (old, now) = (self.before.path().join(dir), self.here.path(dir));
            if now.exists() {
                fs::remove_dir_all(&now).unwrap();
            }
            if old.exists() {
                copy(&old, &now);
            }
        }
        self.here.control().reset_counters();
    }

    fn run_with(&self, orders: &str, told: bool) -> Ran {
        let words: Vec<&str> = self.command.iter().map(String::as_str).collect();
        let run = self.here.larder(&words).stdin(&self.stdin);
        let run = run.env("LARDER_FAILPOINTS", format!("{orders},{}", self.orders));
        if told { run.env("LARDER_LOG", "larder::failpoint=trace").run() } else { run.run() }
    }

    /// Carries it out once more, undisturbed, after which everything is as if it had never been disturbed, and another
    /// run finds nothing to do.
    #[track_caller]
    pub(super) fn must_recover(&self) -> Ran {
        self.must_recover_with(self.splits)
    }

    /// The same; with `copies` the attic may also hold copies of files that are in the mirror: what could not be moved was
    /// fetched, and the old file kept.
    #[track_caller]
    pub(super) fn must_recover_with(&self, copies: bool) -> Ran {
        let ran = self.run_with("", false);
        // What was brought back by the run that was cut off cannot be brought back again.
        let done = self.command[0] == "restore" && ran.code == Some(1);
        assert!(ran.code == Some(0) || done, "{}\n{}", ran.stdout, ran.stderr);
        let ran = if done { ran } else { ran.expect(0) };
        self.now().must_equal(&self.tree);
        let mut attic = self.attic();
        if copies {
            // A photo that changed libraries while its file was copied leaves one as well.
            let copied = |sha256: &String| self.tree.files.values().any(|file| file.sha256 == *sha256);
            attic.retain(|kept| self.attic.contains(kept) || !copied(&kept.1));
        }
        // A package that was placed and could not be recorded is fetched again, as another zip, and the first one kept.
        let before = attic.len();
        attic.retain(|kept| self.attic.contains(kept) || split_ext(&kept.0).1 != "zip");
        assert!(before - attic.len() <= usize::try_from(CONNECTIONS).unwrap(), "packages in the attic");
        assert_eq!(attic, self.attic, "the attic");
        if self.command[0] != "restore" {
            nothing_is_left_in_staging(&self.here.destination());
        }
        let most = self.requests + CONNECTIONS;
        let cost = self.contents();
        assert!(cost <= most, "{cost} requests for contents, at most {most}");
        self.here.control().reset_counters();
        let idle = self.here.larder(&["sync", "--once", "--json"]).run().expect(0);
        assert_eq!(self.contents(), 0);
        for figure in ["fetched", "moved", "removed", "replaced", "adopted"] {
            assert_eq!(idle.number(figure), 0, "{figure} by a run that has nothing to do");
        }
        self.now().must_equal(&self.tree);
        // What a restore left there that was cut off, a run takes away.
        nothing_is_left_in_staging(&self.here.destination());
        ran
    }

    /// What is in the attic, by the path that it had, and what was copied out of it.
    fn attic(&self) -> Vec<(String, String)> {
        let mut all = Vec::new();
        for dir in [self.here.destination().join(".larder/attic"), self.here.path("out")] {
            if dir.exists() {
                for (path, bytes) in bytes_below(&dir) {
                    // Without the day, which may end while the test runs.
                    let path: std::path::PathBuf =
                        path.strip_prefix(&dir).unwrap().components().skip(1).collect();
                    all.push((path.to_str().unwrap().to_owned(), sha256(&bytes)));
                }
            }
        }
        all.sort();
        all
    }
}

/// With times, modes and which names are one file.
fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

fn name(answer: &Value, what: &str) -> String {
    answer[what].as_str().unwrap().to_owned()
}

const NAMES: [(&str, PhotoKind, u64); 8] = [
    ("IMG_1.HEIC", PhotoKind::Live, 900),
    ("IMG_2.HEIC", PhotoKind::Edited, 900),
    ("IMG_3.HEIC", PhotoKind::Heic, 600_000),
    ("IMG_4.JPG", PhotoKind::Jpeg, 900),
    ("IMG_5.JPG", PhotoKind::LiveJpeg, 900),
    ("IMG_6.HEIC", PhotoKind::Edited, 900),
    ("IMG_7.HEIC", PhotoKind::Live, 900),
    ("IMG_8.HEIC", PhotoKind::Heic, 900),
];

/// A small library with everything that a run can have to do with, and the job that mirrors it.
fn library(disk: Disk) -> TestEnvironment {
    let here = TestEnvironment::signed_in(LibrarySpec {
        shared_library: SharedRole::Owner,
        ..LibrarySpec::default()
    });
    let album = |name: &str, parent: Option<String>, folder| {
        let name = Some(name.to_owned());
        here.change(Mutation::AddAlbum { name, parent, folder })["album"].as_str().unwrap().to_owned()
    };
    let folder = album("Travel", None, true);
    let albums = [album("Lisbon", Some(folder), false), album("Family", None, false)];
    for (number, (name, kind, size)) in NAMES.into_iter().enumerate() {
        here.add(NewPhoto {
            kind,
            name: Some(name.to_owned()),
            date_ms: Some(1_720_958_400_000 + 86_400_000 * i64::try_from(number / 3).unwrap()),
            size: Some(size),
            album: (number < 6).then(|| albums[number % 2].clone()),
            ..NewPhoto::default()
        });
    }
    let view = disk.view().1;
    let policy = if disk == Disk::Plain { "delete" } else { "attic" };
    here.write_job(&format!(
        "[photos.albums]\nview = \"{view}\"\n[removed]\npolicy = \"{policy}\"\n[network]\nconnections = {CONNECTIONS}"
    ));
    here
}

/// What the person did since.
fn change(here: &TestEnvironment) {
    let inventory = here.inventory();
    let personal = &inventory.zones[0];
    let asset = |number: usize| {
        let found = |asset: &&icloud_sim::photos::AssetEntry| {
            asset.file_name.as_deref().is_some_and(|name| name.contains(&format!("IMG_{number}.")))
        };
        personal.assets.iter().find(found).unwrap().record_name.clone()
    };
    let album = |name: &str| {
        let found = personal.albums.iter().find(|album| album.name.as_deref() == Some(name));
        found.unwrap().record_name.clone()
    };
    let later = Some(1_730_000_000_000);
    for mutation in [
        Mutation::Edit { asset: asset(2) },
        Mutation::SetDate { asset: asset(4), date_ms: later, time_zone_offset: None },
        Mutation::Delete { asset: asset(6) },
        Mutation::MoveToShared { asset: asset(7), soft: false },
        Mutation::Duplicate { asset: asset(3) },
        Mutation::SetHidden { asset: asset(8), on: true },
        Mutation::RemoveMember { album: album("Lisbon"), asset: asset(1), soft: false },
        Mutation::AddMember { album: album("Lisbon"), asset: asset(4) },
        Mutation::RenameAlbum { album: album("Family"), name: Some("Friends".to_owned()) },
    ] {
        here.change(mutation);
    }
    let answer = here.change(Mutation::AddPhoto(NewPhoto {
        kind: PhotoKind::Live,
        date_ms: later,
        name: Some("IMG_9.HEIC".to_owned()),
        size: Some(900),
        ..NewPhoto::default()
    }));
    assert!(!name(&answer, "asset").is_empty());
}
