//! Deciding, and nothing else: what an item of the catalog asks of the disk, given what the ledger says is there.
//!
//! Pure functions: no I/O, no clock, no async. `--dry-run` shows what they return and a run carries it out.

mod albums;
mod files;
mod naming;
mod scope;
mod smart;

pub use albums::{AlbumTree, Named, Naming, Site, entry_name, list_names, marks, relative};
pub use files::{Wanted, wanted_files};
pub use naming::{
    Names, Spot, base_name, choose_names, folder, library_name, mtime, names_for, plausible, private_dir,
};
pub use scope::{OutOfScope, out_of_scope};
pub use smart::belongs;

use crate::config::Photos;
use crate::model::{Asset, Kind, Master};
use crate::state::Placement;

/// What is to be done about an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The job file leaves it out.
    OutOfScope(OutOfScope),
    /// It was deleted in iCloud. What lies on disk stays.
    Gone,
    /// Its master has not been seen: ask for it by name.
    NeedsMaster(String),
    /// Nothing can be fetched yet, and why.
    Waiting(&'static str),
    /// These files make it up.
    Files(Vec<Wanted>),
}

/// What an asset asks for.
#[must_use]
pub fn judge(asset: &Asset, master: Option<&Master>, policy: &Photos) -> Verdict {
    if asset.is_gone() {
        return Verdict::Gone;
    }
    let Some(master) = master else {
        return match &asset.master {
            Some(name) => Verdict::NeedsMaster(name.clone()),
            None => Verdict::Waiting("its record names no original"),
        };
    };
    if let Some(why) = out_of_scope(asset, master, policy) {
        return Verdict::OutOfScope(why);
    }
    if master.resource(Kind::Original).is_none() {
        return Verdict::Waiting("its original has not been uploaded yet");
    }
    Verdict::Files(wanted_files(asset, master, policy))
}

/// Those of the wanted files that are not in place as they should be.
#[must_use]
pub fn missing<'a>(wanted: &'a [Wanted], placement: Option<&Placement>) -> Vec<&'a Wanted> {
    let in_place = |file: &&Wanted| {
        placement.and_then(|placement| placement.file(file.resource.kind)).is_some_and(|placed| {
            placed.is_in_place()
                && placed.checksum == file.resource.checksum
                && placed.size == file.resource.size
        })
    };
    wanted.iter().filter(|file| !in_place(file)).collect()
}

#[cfg(test)]
mod tests;
