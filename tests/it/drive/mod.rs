//! iCloud Drive: what is mirrored, what follows changes, what is asked for.

mod audit;
mod changes;
mod commands;
mod costs;
mod faults;
mod first;
mod large;
mod model;
pub(crate) mod oracle;
mod partial;
mod parts;
mod trouble;

use std::fs;
use std::path::PathBuf;

use icloud_sim::Config;
use icloud_sim::drive::{Drive, DriveSpec, PackageFile, ROOT, Signatures};

use crate::environment::{Ran, TestEnvironment};
use crate::tree::Tree;

/// A person whose job mirrors Drive alone, signed in.
pub(crate) struct DriveEnvironment(pub(crate) TestEnvironment);

impl DriveEnvironment {
    /// An empty drive whose signatures can be checked.
    pub(crate) fn new() -> Self {
        Self::with(DriveSpec::default())
    }

    /// A drive by description.
    pub(crate) fn with(spec: DriveSpec) -> Self {
        let here = Self(TestEnvironment::new(Config { drive: spec, ..Config::default() }));
        fs::create_dir(here.destination()).unwrap();
        here.write_job("");
        here.0.login();
        here.drive(|drive| drive.quirks().signatures = Signatures::Salted);
        here
    }

    /// The mirror of Drive.
    pub(crate) fn destination(&self) -> PathBuf {
        self.0.path("drive")
    }

    /// Writes the job file, with `more` in section `[drive]`.
    pub(crate) fn write_job(&self, more: &str) {
        let apple_id = self.0.control().account(|account| account.apple_id.clone());
        let destination = self.destination();
        let text = format!(
            "[account]\napple_id = \"{apple_id}\"\n\n[drive]\ndestination = {destination:?}\nkeep_free = \"0\"\n{more}\n"
        );
        fs::write(self.0.job_file(), text).unwrap();
    }

    /// Reads or changes the drive as a person with a Mac does.
    pub(crate) fn drive<T>(&self, change: impl FnOnce(&mut Drive) -> T) -> T {
        self.0.control().drive(change)
    }

    /// A run that goes well.
    #[track_caller]
    pub(crate) fn sync(&self) -> Ran {
        self.0.control().reset_counters();
        self.0.sync().expect(0)
    }

    /// The mirror as it lies on disk.
    pub(crate) fn tree(&self) -> Tree {
        Tree::read(&self.destination())
    }

    /// Fails the test unless the mirror is what the drive holds.
    #[track_caller]
    pub(crate) fn must_hold(&self) {
        oracle::must_hold(&self.tree(), &self.0.control().drive_inventory());
        crate::tree::nothing_is_left_in_staging(&self.destination());
    }

    /// Requests for bodies since the counters were reset.
    pub(crate) fn bodies(&self) -> u64 {
        let counters = self.0.control().counters();
        counters.requests("drive.content") + counters.requests("drive.package")
    }

    /// Requests for listings.
    pub(crate) fn listings(&self) -> u64 {
        self.0.control().counters().requests("drive.retrieveItemDetailsInFolders")
    }
}

/// Folders, files, an app library and a package.
pub(crate) fn furnish(drive: &mut Drive) {
    let documents = drive.add_folder(ROOT, "Documents").unwrap();
    let deep = drive.add_folder(&documents, "Zoë's trips").unwrap();
    drive.add_folder(&deep, "Nothing in it").unwrap();
    for n in 0..12 {
        drive
            .add_file(&deep, &format!("note {n}.txt"), format!("note {n} ").repeat(n * 40 + 1).as_bytes())
            .unwrap();
    }
    drive.add_file(ROOT, "empty", "").unwrap();
    drive.add_file(&documents, "large.bin", vec![7_u8; 900_000]).unwrap();
    let pages = drive.add_library("com.apple.Pages", "Pages").unwrap();
    let package = vec![PackageFile::new("Index.xml", "<x/>"), PackageFile::new("Data/a.png", "png")];
    drive.add_file(&pages, "Letter.pages", package).unwrap();
    drive.add_file(&pages, "Flat.pages", "PK\u{3}\u{4}flat").unwrap();
}
