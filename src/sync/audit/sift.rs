//! Records as iCloud has them, held against the catalog one by one.

use std::collections::BTreeMap;

use super::desk::Desk;
use super::difference::{Difference, Place, What};
use super::seen::{Seen, State};
use super::{compare, words};
use crate::icloud::photos::{Decoded, Outline, member_of};
use crate::model::{Album, Asset, Checksum, ItemId, Kind, Master, Member};
use crate::state::{self, StateError, View};

/// What iCloud has otherwise than the catalog, in one library.
pub(super) struct Sifter<'a> {
    desk: &'a Desk,
    zone: u16,
    library: &'static str,
    /// Findings by record, held back because a later version of a record counts more than an earlier one.
    pub(super) held: BTreeMap<String, Difference>,
    /// Every asset that was brought.
    pub(super) assets: Seen,
    /// Every membership that was brought.
    pub(super) members: Seen,
    /// Every album that was brought, and whether it is deleted.
    pub(super) albums: BTreeMap<String, bool>,
}

impl<'a> Sifter<'a> {
    pub(super) fn new(desk: &'a Desk, zone: u16, library: &'static str) -> Self {
        let (assets, members) = (Seen::default(), Seen::default());
        Self { desk, zone, library, held: BTreeMap::new(), assets, members, albums: BTreeMap::new() }
    }

    /// Takes records in the order in which iCloud gives them.
    pub(super) fn take(&mut self, view: &View, outlines: Vec<Outline>) -> Result<(), StateError> {
        for Outline { record, fingerprints } in outlines {
            match record {
                Decoded::Asset { asset, .. } => self.asset(view, &asset, &fingerprints)?,
                Decoded::Master { master, .. } => self.master(view, &master, &fingerprints)?,
                Decoded::Album(album) => self.album(view, &album)?,
                Decoded::Member(member) => self.member(view, &member)?,
                Decoded::Gone { record } => self.gone(view, &record)?,
                // It is there, whatever it is.
                Decoded::Broken { record, .. } => self.assets.add(&record, State::There),
                Decoded::Ignored { .. } => {}
            }
        }
        Ok(())
    }

    fn asset(
        &mut self,
        view: &View,
        asset: &Asset,
        fingerprints: &[(Kind, Checksum)],
    ) -> Result<(), StateError> {
        let state = match (asset.is_gone(), asset.hidden) {
            (true, _) => State::Deleted,
            (false, true) => State::Hidden,
            (false, false) => State::There,
        };
        self.assets.add(&asset.record, state);
        let item = ItemId { zone: self.zone, record: asset.record.clone() };
        let known = state::asset(view, &item)?;
        let finding = match known {
            Some(known) if !known.is_gone() && asset.is_gone() => {
                Some((Place::Catalog, What::Gone, "it is in Recently Deleted in iCloud".to_owned()))
            }
            Some(known) if !known.is_gone() => changed(&compare::asset(asset, fingerprints, &known)),
            _ if asset.is_gone() => None,
            Some(_) => Some((Place::Catalog, What::New, "the catalog has it as deleted".to_owned())),
            None if asset.hidden && !self.desk.job.photos.hidden => {
                let reason = "your job file leaves it out (hidden = false)".to_owned();
                Some((Place::Catalog, What::LeftOut, reason))
            }
            None => Some((Place::Catalog, What::New, "the catalog does not know it".to_owned())),
        };
        let name = match &finding {
            Some((_, What::New, _)) => self.new_name(view, asset)?,
            Some(_) => words::named(view, &item)?,
            None => String::new(),
        };
        self.hold(&asset.record, finding, name);
        Ok(())
    }

    /// What an unknown asset is called: by its master, if that is known.
    fn new_name(&self, view: &View, asset: &Asset) -> Result<String, StateError> {
        let master = match &asset.master {
            Some(name) => state::master(view, self.zone, name)?,
            None => None,
        };
        Ok(words::photo(asset, master.as_ref(), None))
    }

    fn master(
        &mut self,
        view: &View,
        master: &Master,
        fingerprints: &[(Kind, Checksum)],
    ) -> Result<(), StateError> {
        // One that the catalog does not have is missed by the assets that name it, if there are any.
        let known = state::master(view, self.zone, &master.record)?;
        let finding = known.and_then(|known| changed(&compare::master(master, fingerprints, &known)));
        let name = master.filename.clone().unwrap_or_else(|| master.record.clone());
        self.hold(&master.record, finding, name);
        Ok(())
    }

    fn album(&mut self, view: &View, album: &Album) -> Result<(), StateError> {
        self.albums.insert(album.record.clone(), album.deleted);
        let known = state::album(view, self.zone, &album.record)?;
        let finding = match known {
            Some(known) if !known.deleted && album.deleted => {
                Some((Place::Catalog, What::Gone, "it is deleted in iCloud".to_owned()))
            }
            Some(known) if !known.deleted => changed(&compare::album(album, &known)),
            _ if album.deleted => None,
            _ => Some((Place::Catalog, What::New, "the catalog does not know it".to_owned())),
        };
        let name = album.name.as_deref().unwrap_or(&album.record);
        self.hold(&album.record, finding, format!("album {name}"));
        Ok(())
    }

    fn member(&mut self, view: &View, member: &Member) -> Result<(), StateError> {
        let record = member_name(&member.asset, &member.album);
        self.members.add(&record, if member.deleted { State::Gone } else { State::There });
        let known = state::is_member(view, self.zone, &member.album, &member.asset)?;
        self.membership(view, &member.asset, &member.album, known, !member.deleted)
    }

    fn membership(
        &mut self,
        view: &View,
        asset: &str,
        album: &str,
        known: bool,
        now: bool,
    ) -> Result<(), StateError> {
        let finding = match (known, now) {
            (true, false) => {
                Some((Place::Catalog, What::Gone, "iCloud does not have it in that album".to_owned()))
            }
            (false, true) => {
                Some((Place::Catalog, What::New, "the catalog does not have it in that album".to_owned()))
            }
            _ => None,
        };
        let name = if finding.is_some() { self.member_item(view, asset, album)? } else { String::new() };
        self.hold(&member_name(asset, album), finding, name);
        Ok(())
    }

    fn member_item(&self, view: &View, asset: &str, album: &str) -> Result<String, StateError> {
        let photo = words::named(view, &ItemId { zone: self.zone, record: asset.to_owned() })?;
        let name = state::album(view, self.zone, album)?.and_then(|album| album.name);
        Ok(format!("{photo} in album {}", name.as_deref().unwrap_or(album)))
    }

    fn gone(&mut self, view: &View, record: &str) -> Result<(), StateError> {
        if let Some((asset, album)) = member_of(record) {
            self.members.add(record, State::Gone);
            let known = state::is_member(view, self.zone, album, asset)?;
            return self.membership(view, asset, album, known, false);
        }
        self.assets.add(record, State::Gone);
        let item = ItemId { zone: self.zone, record: record.to_owned() };
        if state::asset(view, &item)?.is_some_and(|asset| !asset.is_gone()) {
            return self.hold_purged(view, record);
        }
        let known = state::album(view, self.zone, record)?.filter(|album| !album.deleted);
        self.albums.entry(record.to_owned()).and_modify(|deleted| *deleted = true);
        let name = known.as_ref().and_then(|album| album.name.clone()).unwrap_or_else(|| record.to_owned());
        let finding = known.map(|_| (Place::Catalog, What::Gone, "iCloud has purged it".to_owned()));
        self.hold(record, finding, format!("album {name}"));
        Ok(())
    }

    /// Holds an asset that the catalog has and iCloud does not have any more.
    pub(super) fn hold_purged(&mut self, view: &View, record: &str) -> Result<(), StateError> {
        let name = words::named(view, &ItemId { zone: self.zone, record: record.to_owned() })?;
        let finding = (Place::Catalog, What::Gone, "iCloud has purged it".to_owned());
        self.hold(record, Some(finding), name);
        Ok(())
    }

    /// Holds an album that the catalog has and iCloud does not have any more.
    pub(super) fn hold_purged_album(&mut self, album: &Album) {
        let name = album.name.as_deref().unwrap_or(&album.record);
        let finding = (Place::Catalog, What::Gone, "iCloud has purged it".to_owned());
        self.hold(&album.record, Some(finding), format!("album {name}"));
    }

    /// Holds a membership that the catalog has and iCloud does not have any more.
    pub(super) fn hold_left(&mut self, view: &View, asset: &str, album: &str) -> Result<(), StateError> {
        self.membership(view, asset, album, true, false)
    }

    fn hold(&mut self, record: &str, finding: Option<(Place, What, String)>, name: String) {
        match finding {
            Some((place, what, reason)) => {
                let found = Difference::new(self.library, name, (place, what), reason, "").of(record);
                self.held.insert(record.to_owned(), found);
            }
            None => drop(self.held.remove(record)),
        }
    }

    /// Whether a finding is of no consequence: the membership of an album that is deleted, or of a photo that nobody
    /// sees in albums. iCloud keeps such memberships, and lists do not have them.
    pub(super) fn is_moot(&self, view: &View, found: &Difference) -> Result<bool, StateError> {
        let record = found.record.as_deref().unwrap_or_default();
        let Some((asset, album)) = member_of(record) else { return Ok(false) };
        let deleted = match self.albums.get(album) {
            Some(deleted) => *deleted,
            None => state::album(view, self.zone, album)?.is_none_or(|album| album.deleted),
        };
        let item = ItemId { zone: self.zone, record: asset.to_owned() };
        let unseen = match self.assets.state(asset) {
            Some(state) => state != State::There,
            None => state::asset(view, &item)?.is_some_and(|asset| asset.is_gone() || asset.hidden),
        };
        Ok(deleted || unseen)
    }
}

fn changed(differs: &[&str]) -> Option<(Place, What, String)> {
    (!differs.is_empty()).then(|| (Place::Catalog, What::Changed, format!("other {}", differs.join(", "))))
}

/// Record name of a membership.
pub(super) fn member_name(asset: &str, album: &str) -> String {
    format!("{asset}-IN-{album}")
}
