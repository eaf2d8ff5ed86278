//! What an item comes to on disk, whether it is a photo or a node of Drive: its folder, what its names begin with, and
//! the files that make it up.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::config::Photos;
use crate::model::{ItemId, Kind};
use crate::state::{self, PlacedFile, Placement, View, ZoneRow};
use crate::sync::RunError;
use crate::sync::plan::{self, Verdict, Wanted};

/// An item with files.
#[derive(Debug)]
pub(super) struct Subject {
    /// Its record name, from which marks are made.
    pub(super) record: String,
    /// The record that its originals hang on, for a photo.
    pub(super) master: Option<String>,
    /// Folder below the destination, `/` between components.
    pub(super) folder: String,
    /// What the names of its files begin with, when nobody else has them.
    pub(super) base: String,
    /// The files that make it up.
    pub(super) wanted: Vec<Wanted>,
    /// The time that its files get.
    pub(super) mtime: Option<Timestamp>,
    /// Whether its files are for the owner alone.
    pub(super) private: bool,
}

/// What a dirty item comes to.
pub(super) enum Decided {
    /// Nothing is known of it: nothing is to be done.
    Unknown,
    /// The job file leaves it out; the key that says so.
    OutOfScope(&'static str),
    /// iCloud no longer has it.
    Gone,
    /// Its master, of this record name, must be asked for first.
    NeedsMaster(String),
    /// It cannot be had yet, and why.
    Waiting(&'static str),
    /// It has files. `surplus` when more are here than it should have.
    Files { subject: Box<Subject>, surplus: bool },
}

impl Subject {
    /// Whether the files of a placement lie where they should.
    pub(super) fn is_at(&self, placement: &Placement) -> bool {
        placement.folder == self.folder
    }

    /// Whether all is as it should be.
    pub(super) fn is_done(&self, placement: &Placement) -> bool {
        plan::missing(&self.wanted, Some(placement)).is_empty()
            && self.is_at(placement)
            && self.outdated(placement).next().is_none()
    }

    /// Files in place that are still wanted and carry another time than the item has.
    pub(super) fn outdated<'a>(&'a self, placement: &'a Placement) -> impl Iterator<Item = &'a PlacedFile> {
        let mtime = self.mtime.map(Timestamp::as_millisecond);
        placement.files.iter().filter(move |file| {
            let wanted = self.wanted.iter().any(|wanted| wanted.resource.kind == file.kind);
            wanted && file.is_in_place() && mtime.is_some() && file.mtime_ms != mtime
        })
    }

    /// The record whose lookup gives the URL of a file.
    pub(super) fn source_of(&self, kind: Kind) -> &str {
        self.master.as_deref().filter(|_| kind.is_on_master()).unwrap_or(&self.record)
    }
}

/// What a dirty photo comes to.
pub(super) fn photo(
    view: &View,
    item: &ItemId,
    zones: &HashMap<u16, ZoneRow>,
    policy: &Photos,
    placement: Option<&Placement>,
) -> Result<Decided, RunError> {
    let (Some(asset), Some(zone)) = (state::asset(view, item)?, zones.get(&item.zone)) else {
        return Ok(Decided::Unknown);
    };
    let master = match &asset.master {
        Some(name) => state::master(view, item.zone, name)?,
        None => None,
    };
    let wanted = match plan::judge(&asset, master.as_ref(), &zone.id, policy) {
        Verdict::OutOfScope(why) => return Ok(Decided::OutOfScope(why.key())),
        Verdict::Gone => return Ok(Decided::Gone),
        Verdict::NeedsMaster(name) => return Ok(Decided::NeedsMaster(name)),
        Verdict::Waiting(why) => return Ok(Decided::Waiting(why)),
        Verdict::Files(wanted) => wanted,
    };
    // Files only come with a master, so the master is there.
    let Some(master) = master else { return Ok(Decided::Unknown) };
    let surplus = placement.is_some_and(|placement| plan::surplus(&asset, placement).next().is_some());
    let subject = Subject {
        folder: plan::folder(&asset, &zone.id, policy).join("/"),
        base: plan::base_name(&asset, &master, policy.names),
        mtime: plan::mtime(&asset),
        private: asset.hidden,
        record: asset.record,
        master: Some(master.record),
        wanted,
    };
    Ok(Decided::Files { subject: Box::new(subject), surplus })
}
