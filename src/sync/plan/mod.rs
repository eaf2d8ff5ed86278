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
    Names, Spot, base_name, choose_names, drive_name, folder, library_name, mtime, names_for, plausible,
    private_dir, stem_marks,
};
pub use scope::{OutOfScope, library_in_scope, out_of_scope};
pub use smart::belongs;

use crate::config::Photos;
use crate::model::{Asset, Kind, Master, ZoneId};
use crate::state::{PlacedFile, Placement};

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
pub fn judge(asset: &Asset, master: Option<&Master>, zone: &ZoneId, policy: &Photos) -> Verdict {
    if asset.is_gone() {
        return Verdict::Gone;
    }
    let Some(master) = master else {
        return match &asset.master {
            Some(name) => Verdict::NeedsMaster(name.clone()),
            None => Verdict::Waiting("its record names no original"),
        };
    };
    if let Some(why) = out_of_scope(asset, master, zone, policy) {
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

/// Files on disk that iCloud no longer has although the photo is there: renditions whose edit was taken back. A rendition
/// that is merely absent from the record of an edited photo may still be on its way up; it says nothing. What a person brought back stays.
pub fn surplus<'a>(asset: &Asset, placement: &'a Placement) -> impl Iterator<Item = &'a PlacedFile> {
    let reverted = asset.adjustment.is_none();
    placement.files.iter().filter(move |file| {
        let rendition = matches!(file.kind, Kind::EditedStill | Kind::EditedMotion);
        reverted && rendition && file.may_leave()
    })
}

#[cfg(test)]
mod tests;
