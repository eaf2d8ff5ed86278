//! iCloud Drive of one account, without the transport.
//!
//! [`Drive`] holds folders, files, app libraries, shares and the trash, and answers drivews, docws and the content
//! host as public clients know them. Its own methods change it as a person with a Mac would; [`Drive::inventory`]
//! tells the truth about it. Items are named by their `drivewsid`, as listings show it.

mod change;
mod content;
mod download;
mod edit;
mod generate;
mod inventory;
mod item;
mod listing;
mod node;
mod quirks;
mod random;
mod refusal;
mod spec;
#[cfg(test)]
mod tests;
mod tree;
mod url;
mod zip;

use crate::config::Account;
use crate::noise;
use change::Hook;
use node::{At, Node, Zone};
use serde_json::Value;
use std::collections::HashMap;
use url::{Issued, Signer};

pub use change::{Change, Moment};
pub use content::{Content, PackageFile};
pub use edit::NewItem;
pub use inventory::{DriveInventory, FileEntry, FolderEntry, InnerFile, Place};
pub use node::{Kind, ListedSize, SharedBy};
pub use quirks::{Carry, DriveQuirks, Signatures, ZipExtra, ZipManner};
pub(crate) use refusal::Refusal;
pub use spec::DriveSpec;
pub(crate) use url::Opened;

/// The folder that everything lies in.
pub const ROOT: &str = "FOLDER::com.apple.CloudDocs::root";
/// What lists the trash.
pub const TRASH: &str = "TRASH_ROOT";
/// The zone of Drive proper.
pub const CLOUD_DOCS: &str = "com.apple.CloudDocs";

/// Place of the root among the nodes.
const ROOT_AT: At = 0;

/// One account's Drive and the server's side of it.
#[derive(Debug)]
pub struct Drive {
    seed: u64,
    zones: Vec<Zone>,
    nodes: Vec<Node>,
    /// Living nodes, those in the trash too.
    by_id: HashMap<(usize, String), At>,
    bin: Vec<At>,
    quirks: DriveQuirks,
    signer: Signer,
    issued: HashMap<String, Issued>,
    /// The time of what happens now.
    now_ms: i64,
    /// Things made so far; makes ids differ.
    fresh: u64,
    tally: Tally,
    hooks: Vec<Hook>,
    happened: Vec<Result<String, String>>,
}

/// What was asked for, beyond the counts of requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tally {
    /// Requests to `retrieveItemDetailsInFolders`.
    pub listings: u64,
    /// Folders in them.
    pub folders: u64,
    /// Ids in `download/by_id` and `download/batch`.
    pub documents: u64,
}

/// What answers say of the account and its place.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    dsid: u64,
    partition: u32,
    domain: &'static str,
}

impl Host {
    pub(crate) fn new(account: &Account) -> Host {
        Host {
            dsid: account.dsid.parse().unwrap_or(0),
            partition: account.partition,
            domain: account.region.domain(),
        }
    }
}

/// A call that reads; others are writes or unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Call {
    /// `retrieveItemDetailsInFolders`
    List,
    /// `retrieveItemDetails`
    Details,
    /// `retrieveAppLibraries`
    Libraries,
    /// `download/by_id` in a zone.
    ById(String),
    /// `download/batch` in a zone.
    Batch(String),
}

impl Drive {
    /// Makes the drive that `spec` describes; [`DriveSpec::default`] is an empty root.
    pub fn new(spec: &DriveSpec) -> Drive {
        let seed = spec.seed;
        let mut drive = Drive {
            seed,
            zones: Vec::new(),
            nodes: Vec::new(),
            by_id: HashMap::new(),
            bin: Vec::new(),
            quirks: DriveQuirks::default(),
            signer: Signer::new(seed),
            issued: HashMap::new(),
            now_ms: spec.now_ms,
            fresh: 0,
            tally: Tally::default(),
            hooks: Vec::new(),
            happened: Vec::new(),
        };
        drive.plant_root();
        let filled = generate::fill(&mut drive, spec);
        debug_assert!(filled.is_ok(), "{filled:?}");
        drive
    }

    /// The switches for irregular behaviour.
    pub fn quirks(&mut self) -> &mut DriveQuirks {
        &mut self.quirks
    }

    /// What was asked for since the start or [`Drive::reset_tally`].
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Starts counting anew.
    pub fn reset_tally(&mut self) {
        self.tally = Tally::default();
    }

    /// What happens from now on happens at this time, milliseconds since 1970 UTC.
    pub(crate) fn set_time(&mut self, now_ms: i64) {
        self.now_ms = now_ms;
    }

    /// Answers a reading call.
    pub(crate) fn call(
        &mut self,
        call: &Call,
        query: &HashMap<String, String>,
        body: &Value,
        host: &Host,
    ) -> Result<Value, Refusal> {
        match call {
            Call::List => self.list(body, host),
            Call::Details => self.details(body, host),
            Call::Libraries => Ok(self.app_libraries(host)),
            Call::ById(zone) => {
                let id = query.get("document_id").map(String::as_str);
                self.by_id(zone, id.unwrap_or_default(), host)
            }
            Call::Batch(zone) => self.batch(zone, body, host),
        }
    }

    /// A number that is new with each call and the same in each run.
    fn draw(&mut self) -> u64 {
        self.fresh += 1;
        noise::pair(self.seed, self.fresh)
    }
}
