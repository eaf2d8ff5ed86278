//! One zone: its records, its counter and its history.
//!
//! One counter a zone, raised by every write; a record's tag is the counter at its last write; a delta is every
//! record and tombstone whose tag is above the token's counter. The history is a log of all writes in order. An
//! entry counts only while it is the record's last.

use std::collections::HashMap;
use std::sync::Arc;

use super::body::Checksum;
use super::item::{Album, Asset, Master, Other, Relation, Stamp, Tombstone};
use super::noise;
use super::query::list::List;

/// Whose database a zone is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Area {
    Private,
    Shared,
}

impl Area {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "private" => Some(Self::Private),
            "shared" => Some(Self::Shared),
            _ => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Shared => "shared",
        }
    }
}

/// What a zone is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The personal library.
    Personal,
    /// An iCloud Shared Photo Library.
    SharedLibrary,
    /// A share link.
    Moment,
    /// The container of newer shared albums; it keeps no history.
    Collection,
    /// An app's own library.
    App,
}

impl Role {
    pub(super) fn is_library(self) -> bool {
        matches!(self, Self::Personal | Self::SharedLibrary)
    }
}

/// A record of a zone, by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Id {
    Master(u32),
    Asset(u32),
    Album(u32),
    Relation(u32),
    Other(u32),
    Tombstone(u32),
}

/// A zone and everything in it.
#[derive(Debug)]
pub(super) struct Zone {
    pub(super) area: Area,
    pub(super) name: String,
    pub(super) owner: String,
    pub(super) role: Role,
    /// The part of a token that stays the same for the zone.
    pub(super) salt: [u8; 16],
    /// What it was before the zone was reset.
    pub(super) former_salts: Vec<[u8; 16]>,
    pub(super) counter: u64,
    /// The database's clock when the zone changed last.
    pub(super) changed: u64,
    pub(super) masters: Vec<Master>,
    pub(super) assets: Vec<Asset>,
    pub(super) albums: Vec<Album>,
    pub(super) relations: Vec<Relation>,
    pub(super) others: Vec<Other>,
    pub(super) tombstones: Vec<Tombstone>,
    log: Vec<(u64, Id)>,
    by_master: HashMap<Checksum, u32>,
    by_asset: HashMap<[u8; 16], u32>,
    by_name: HashMap<String, Id>,
    pub(super) lists: HashMap<List, Arc<[u32]>>,
}

/// A place in a `Vec` as the small number that the records keep.
pub(super) fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl Zone {
    pub(super) fn new(area: Area, name: String, owner: String, role: Role, seed: u64) -> Self {
        let salt = noise::bytes(noise::pair(seed, noise::of_text(&name)));
        Self {
            area,
            name,
            owner,
            role,
            salt,
            former_salts: Vec::new(),
            counter: 0,
            changed: 0,
            masters: Vec::new(),
            assets: Vec::new(),
            albums: Vec::new(),
            relations: Vec::new(),
            others: Vec::new(),
            tombstones: Vec::new(),
            log: Vec::new(),
            by_master: HashMap::new(),
            by_asset: HashMap::new(),
            by_name: HashMap::new(),
            lists: HashMap::new(),
        }
    }

    /// The current token.
    pub(super) fn token(&self) -> String {
        super::token::zone(self.salt, self.counter)
    }

    pub(super) fn master(&self, at: u32) -> &Master {
        &self.masters[at as usize]
    }

    pub(super) fn asset(&self, at: u32) -> &Asset {
        &self.assets[at as usize]
    }

    pub(super) fn album(&self, at: u32) -> &Album {
        &self.albums[at as usize]
    }

    pub(super) fn relation(&self, at: u32) -> &Relation {
        &self.relations[at as usize]
    }

    pub(super) fn master_of(&self, asset: &Asset) -> &Master {
        self.master(asset.master)
    }

    /// The record of that name, if it lives.
    pub(super) fn find(&self, name: &str) -> Option<Id> {
        let id = self
            .find_asset(name)
            .map(Id::Asset)
            .or_else(|| self.find_master(name).map(Id::Master))
            .or_else(|| self.by_name.get(name).copied())?;
        (self.stamp(id).tag != 0 && !matches!(id, Id::Tombstone(_))).then_some(id)
    }

    pub(super) fn find_asset(&self, name: &str) -> Option<u32> {
        let uuid = uuid::Uuid::try_parse(name).ok()?.into_bytes();
        // Apple's names are upper case; another spelling is another name.
        (noise::uuid_text(uuid) == name).then(|| self.by_asset.get(&uuid).copied()).flatten()
    }

    pub(super) fn asset_at(&self, name: [u8; 16]) -> Option<u32> {
        self.by_asset.get(&name).copied()
    }

    fn find_master(&self, name: &str) -> Option<u32> {
        self.master_at(&super::record::resource::checksum_bytes(name)?)
    }

    pub(super) fn master_at(&self, name: &Checksum) -> Option<u32> {
        self.by_master.get(name).copied()
    }

    pub(super) fn find_album(&self, name: &str) -> Option<u32> {
        match self.find(name)? {
            Id::Album(at) => Some(at),
            _ => None,
        }
    }

    pub(super) fn add_master(&mut self, master: Master) -> u32 {
        let at = place(self.masters.len());
        self.raise(&super::record::resource::checksum_text(&master.name));
        self.by_master.insert(master.name, at);
        self.masters.push(master);
        at
    }

    pub(super) fn add_asset(&mut self, asset: Asset) -> u32 {
        let at = place(self.assets.len());
        self.masters[asset.master as usize].uses += 1;
        self.by_asset.insert(asset.name, at);
        self.assets.push(asset);
        at
    }

    pub(super) fn add_album(&mut self, album: Album) -> u32 {
        let at = place(self.albums.len());
        self.by_name.insert(album.name.clone(), Id::Album(at));
        self.albums.push(album);
        at
    }

    pub(super) fn add_relation(&mut self, relation: Relation) -> u32 {
        let at = place(self.relations.len());
        let name = self.relation_name(&relation);
        self.raise(&name);
        self.by_name.insert(name, Id::Relation(at));
        self.albums[relation.album as usize].members.push(at);
        self.relations.push(relation);
        at
    }

    pub(super) fn add_other(&mut self, name: String, kind: &'static str) -> u32 {
        let at = place(self.others.len());
        self.by_name.insert(name.clone(), Id::Other(at));
        self.others.push(Other { name, kind, stamp: Stamp::default() });
        at
    }

    /// `<asset>-IN-<album>`.
    pub(super) fn relation_name(&self, relation: &Relation) -> String {
        format!("{}-IN-{}", noise::uuid_text(relation.asset), self.album(relation.album).name)
    }

    /// Writes a record: it moves to the end of the history.
    pub(super) fn write(&mut self, id: Id, now_ms: i64) {
        self.counter += 1;
        *self.stamp_mut(id) = Stamp { tag: self.counter, modified: now_ms };
        self.log.push((self.counter, id));
        self.lists.clear();
    }

    /// Purges a record: a tombstone takes its place in the history.
    pub(super) fn purge(&mut self, id: Id, now_ms: i64) {
        let name = match id {
            Id::Master(at) => {
                let name = self.master(at).name;
                self.by_master.remove(&name);
                super::record::resource::checksum_text(&name)
            }
            Id::Asset(at) => {
                let name = self.asset(at).name;
                self.by_asset.remove(&name);
                noise::uuid_text(name)
            }
            Id::Album(at) => self.album(at).name.clone(),
            Id::Relation(at) => self.relation_name(self.relation(at)),
            Id::Other(at) => self.others[at as usize].name.clone(),
            Id::Tombstone(_) => return,
        };
        *self.stamp_mut(id) = Stamp { tag: 0, modified: now_ms };
        self.bury(name, now_ms);
    }

    /// Leaves a tombstone of that name.
    pub(super) fn bury(&mut self, name: String, now_ms: i64) {
        let at = place(self.tombstones.len());
        self.by_name.insert(name.clone(), Id::Tombstone(at));
        self.tombstones.push(Tombstone { name, stamp: Stamp::default() });
        self.write(Id::Tombstone(at), now_ms);
    }

    /// A name comes back to life: its tombstone goes.
    fn raise(&mut self, name: &str) {
        if let Some(Id::Tombstone(at)) = self.by_name.get(name).copied() {
            self.tombstones[at as usize].stamp.tag = 0;
            self.by_name.remove(name);
        }
    }

    pub(super) fn stamp(&self, id: Id) -> Stamp {
        match id {
            Id::Master(at) => self.masters[at as usize].stamp,
            Id::Asset(at) => self.assets[at as usize].stamp,
            Id::Album(at) => self.albums[at as usize].stamp,
            Id::Relation(at) => self.relations[at as usize].stamp,
            Id::Other(at) => self.others[at as usize].stamp,
            Id::Tombstone(at) => self.tombstones[at as usize].stamp,
        }
    }

    fn stamp_mut(&mut self, id: Id) -> &mut Stamp {
        match id {
            Id::Master(at) => &mut self.masters[at as usize].stamp,
            Id::Asset(at) => &mut self.assets[at as usize].stamp,
            Id::Album(at) => &mut self.albums[at as usize].stamp,
            Id::Relation(at) => &mut self.relations[at as usize].stamp,
            Id::Other(at) => &mut self.others[at as usize].stamp,
            Id::Tombstone(at) => &mut self.tombstones[at as usize].stamp,
        }
    }

    /// What changed after `counter`, in order: each record and tombstone once, at its last write.
    pub(super) fn since(&self, counter: u64) -> impl Iterator<Item = (u64, Id)> {
        let start = self.log.partition_point(|(tag, _)| *tag <= counter);
        self.log[start..].iter().copied().filter(|(tag, id)| self.stamp(*id).tag == *tag)
    }

    /// Assets that are not purged, with their places.
    pub(super) fn living(&self) -> impl Iterator<Item = (u32, &Asset)> {
        (0..).zip(&self.assets).filter(|(_, asset)| asset.stamp.tag != 0)
    }
}
