//! Content that is on this disk already as the file of another photo: of one that moved to another library, or of
//! one that was duplicated. It is moved or copied, never fetched.

use std::collections::{HashMap, HashSet};

use super::Busy;
use super::task::{Giver, Source};
use crate::model::{ItemId, Kind, Resource};
use crate::state::{self, PlacedFile, Placement, Progress, StateError, View, ZoneRow};
use crate::tree::RelPath;

/// Photos on one master that are looked at.
const SIBLINGS: usize = 32;

/// What a batch knows of photos that could give their files.
pub(super) struct Donors<'a> {
    /// Zones of the catalog, and whether all is known of each.
    zones: Vec<(u16, bool)>,
    /// What is on its way.
    busy: &'a Busy,
    /// Whether it is worth waiting for what is on its way, or for what another library will tell.
    patient: bool,
    /// Items of this batch whose files are to be fetched, and files that are given already.
    pub(super) coming: HashSet<ItemId>,
    given: HashSet<(ItemId, Kind)>,
}

/// Whether another photo can give a file.
pub(super) enum Donation {
    /// None has that content.
    None,
    /// One will have it, or may be about to leave: to be asked again when everything else is done.
    Later,
    /// This file.
    Here(Box<Source>),
}

impl<'a> Donors<'a> {
    pub(super) fn new(zones: &HashMap<u16, ZoneRow>, busy: &'a Busy, patient: bool) -> Self {
        let zones = zones
            .iter()
            .map(|(number, row)| (*number, matches!(row.progress, Progress::Current { .. })))
            .collect();
        Self { zones, busy, patient, coming: HashSet::new(), given: HashSet::new() }
    }

    /// Looks for the content among the photos that have the same master, in every library. A photo that moves between
    /// libraries keeps its master's name and gets another asset (kei's token document), so the files of one that is gone
    /// are moved; those of one that stays, or that a person brought back, are copied.
    pub(super) fn ask(
        &mut self,
        view: &View,
        item: &ItemId,
        master: &str,
        resource: &Resource,
    ) -> Result<Donation, StateError> {
        let (mut later, mut copy) = (false, None);
        for (zone, settled) in self.zones.clone() {
            for record in state::assets_of(view, zone, master)?.into_iter().take(SIBLINGS) {
                let other = ItemId { zone, record };
                if other == *item {
                    continue;
                }
                later |= self.patient && self.coming.contains(&other);
                let Some(placement) = state::placement(view, &other)? else { continue };
                let same =
                    |file: &&PlacedFile| file.kind == resource.kind && file.checksum == resource.checksum;
                let Some(file) = placement.files.iter().find(same) else { continue };
                if file.proof.is_none() {
                    later |= self.patient && self.busy.has(&other);
                    continue;
                }
                let gone = state::asset(view, &other)?.is_none_or(|asset| asset.is_gone());
                if gone && !file.pinned && self.given.insert((other.clone(), file.kind)) {
                    return Ok(source(&placement, file, Giver { item: other, keeps: false }));
                }
                // In another library, or one that is being listed, it may be about to leave: not all is known yet.
                later |= self.patient && !gone && (zone != item.zone || !settled);
                copy.get_or_insert_with(|| source(&placement, file, Giver { item: other, keeps: true }));
            }
        }
        Ok(if later { Donation::Later } else { copy.unwrap_or(Donation::None) })
    }
}

fn source(placement: &Placement, file: &PlacedFile, giver: Giver) -> Donation {
    match RelPath::parse(&placement.lies_at(file)) {
        Ok(path) => Donation::Here(Box::new(Source { path, file: file.clone(), giver: Some(giver) })),
        Err(_) => Donation::None,
    }
}
