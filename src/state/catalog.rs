//! The catalog: assets, masters, albums and memberships as iCloud last told them.
//!
//! A write that changes what an asset is (or its master) marks the asset dirty in the same transaction.

use redb::ReadableTable as _;
use serde::{Deserialize, Serialize};

use super::StateError;
use super::key::{name, pack};
use super::row::{decode, encode};
use super::tables::{Batch, Tables};
use super::view_marks::ViewMark;
use crate::model::{Album, Asset, ItemId, Master, Member};

/// What a write did to the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was not known.
    New,
    /// It was known otherwise.
    Changed,
    /// It was there, and is deleted or purged now.
    Left,
    /// It was known just so; or it came and went unseen.
    Same,
}

/// A master and the assets that name it. The master may come after its assets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MasterRow {
    /// The master, once seen.
    pub master: Option<Master>,
    /// Packed names of the assets that name it.
    assets: Vec<Vec<u8>>,
}

/// The asset, if known.
pub fn asset(tables: &impl Tables, item: &ItemId) -> Result<Option<Asset>, StateError> {
    let key = pack(&item.record);
    let row = tables.assets().get((item.zone, key.as_slice()))?;
    row.map(|row| named_asset(&item.record, row.value())).transpose()
}

/// The master, if known.
pub fn master(tables: &impl Tables, zone: u16, record: &str) -> Result<Option<Master>, StateError> {
    Ok(master_row(tables, zone, record)?.and_then(|row| row.master))
}

/// Record names of the assets that name a master.
pub fn assets_of(tables: &impl Tables, zone: u16, master: &str) -> Result<Vec<String>, StateError> {
    let row = master_row(tables, zone, master)?.unwrap_or_default();
    row.assets.iter().map(|asset| name("masters", asset)).collect()
}

/// Up to `limit` assets of a zone whose packed names come after `after`, and where to go on. Names are ordered by
/// their packed form.
pub fn assets_after(
    tables: &impl Tables,
    zone: u16,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<Asset>, StateError> {
    let from = after.map(|record| {
        let mut key = pack(record);
        key.push(0);
        key
    });
    let mut assets = Vec::new();
    for entry in tables.assets().range((zone, from.as_deref().unwrap_or_default())..)?.take(limit) {
        let (key, row) = entry?;
        let (number, packed) = key.value();
        if number != zone {
            break;
        }
        assets.push(named_asset(&name("assets", packed)?, row.value())?);
    }
    Ok(assets)
}

/// The album or folder, if known.
pub fn album(tables: &impl Tables, zone: u16, record: &str) -> Result<Option<Album>, StateError> {
    let row = tables.albums().get((zone, pack(record).as_slice()))?;
    row.map(|row| decode("albums", row.value())).transpose()
}

/// Every album and folder of a zone, deleted ones included.
pub fn albums(tables: &impl Tables, zone: u16) -> Result<Vec<Album>, StateError> {
    let mut albums = Vec::new();
    for entry in tables.albums().range((zone, [].as_slice())..)? {
        let (key, row) = entry?;
        if key.value().0 != zone {
            break;
        }
        albums.push(decode("albums", row.value())?);
    }
    Ok(albums)
}

/// Record names of the assets in an album, with their positions.
pub fn members(tables: &impl Tables, zone: u16, album: &str) -> Result<Vec<(String, i64)>, StateError> {
    let album = pack(album);
    let mut members = Vec::new();
    for entry in tables.members().range((zone, album.as_slice(), [].as_slice())..)? {
        let (key, position) = entry?;
        let (number, of, asset) = key.value();
        if number != zone || of != album {
            break;
        }
        members.push((name("members", asset)?, position.value()));
    }
    Ok(members)
}

/// Record names of the albums of `zone` that an asset is in.
pub fn memberships(tables: &impl Tables, zone: u16, asset: &str) -> Result<Vec<String>, StateError> {
    let asset = pack(asset);
    let mut albums = Vec::new();
    for entry in tables.memberships().range((zone, asset.as_slice(), [].as_slice())..)? {
        let (key, _) = entry?;
        let (number, of, album) = key.value().to_owned();
        if number != zone || of != asset {
            break;
        }
        albums.push(name("memberships", album)?);
    }
    Ok(albums)
}

impl Batch<'_> {
    /// Takes over an asset. A new or changed one is marked dirty.
    pub fn put_asset(&mut self, zone: u16, asset: Asset) -> Result<Change, StateError> {
        let item = ItemId { zone, record: asset.record.clone() };
        let key = pack(&item.record);
        let old = self::asset(self, &item)?;
        self.broken.remove((zone, key.as_slice()))?;
        let change = match &old {
            Some(old) if *old == asset => return Ok(Change::Same),
            Some(old) if !old.is_gone() => {
                if asset.is_gone() {
                    Change::Left
                } else {
                    Change::Changed
                }
            }
            // Not known, or gone before: a photo that comes back is new.
            _ => {
                if asset.is_gone() {
                    Change::Same
                } else {
                    Change::New
                }
            }
        };
        if let Some(master) = &asset.master {
            self.link(zone, master, &key)?;
        }
        if let Some(before) = old.and_then(|old| old.master)
            && asset.master.as_deref() != Some(before.as_str())
        {
            self.unlink(zone, &before, &key)?;
        }
        let row = encode("assets", &Asset { record: String::new(), ..asset })?;
        self.assets.insert((zone, key.as_slice()), row.as_slice())?;
        self.mark(&item)?;
        self.views_may_change(&ViewMark::Asset(item))?;
        Ok(change)
    }

    /// Takes over a master. When it is new or changed, every asset that names it is marked dirty.
    pub fn put_master(&mut self, zone: u16, master: Master) -> Result<Change, StateError> {
        let record = master.record.clone();
        let mut row = master_row(self, zone, &record)?.unwrap_or_default();
        let change = match &row.master {
            Some(old) if *old == master => Change::Same,
            Some(_) => Change::Changed,
            None => Change::New,
        };
        self.broken.remove((zone, pack(&record).as_slice()))?;
        if change == Change::Same {
            return Ok(change);
        }
        row.master = Some(master);
        for asset in row.assets.clone() {
            let item = ItemId { zone, record: name("masters", &asset)? };
            self.mark(&item)?;
            self.views_may_change(&ViewMark::Asset(item))?;
        }
        self.put_master_row(zone, &record, row)?;
        Ok(change)
    }

    /// Takes over an album or folder.
    pub fn put_album(&mut self, zone: u16, album: &Album) -> Result<Change, StateError> {
        let key = pack(&album.record);
        let row = encode("albums", album)?;
        let change = match self.albums.insert((zone, key.as_slice()), row.as_slice())? {
            Some(old) if old.value() == row.as_slice() => return Ok(Change::Same),
            Some(_) => Change::Changed,
            None => Change::New,
        };
        self.views_may_change(&ViewMark::Album(ItemId { zone, record: album.record.clone() }))?;
        Ok(change)
    }

    /// Takes over a membership, or drops it when it is marked deleted.
    pub fn put_member(&mut self, zone: u16, member: &Member) -> Result<Change, StateError> {
        let (album, asset) = (pack(&member.album), pack(&member.asset));
        let (there, back) =
            ((zone, album.as_slice(), asset.as_slice()), (zone, asset.as_slice(), album.as_slice()));
        let change = if member.deleted {
            self.memberships.remove(back)?;
            if self.members.remove(there)?.is_some() { Change::Changed } else { Change::Same }
        } else {
            self.memberships.insert(back, ())?;
            match self.members.insert(there, member.position)?.map(|old| old.value()) {
                Some(old) if old == member.position => Change::Same,
                Some(_) => Change::Changed,
                None => Change::New,
            }
        };
        if change != Change::Same {
            let album = ItemId { zone, record: member.album.clone() };
            self.views_may_change(&ViewMark::Entry(album, member.asset.clone()))?;
        }
        Ok(change)
    }

    /// Takes over a purge. Apple does not tell the type, so the name is looked up; a name never seen means
    /// something that came and went unseen.
    pub fn put_gone(&mut self, zone: u16, record: &str) -> Result<Gone, StateError> {
        self.settle(zone, record)?;
        if let Some((asset, album)) = record.split_once("-IN-") {
            let member = Member { album: album.into(), asset: asset.into(), position: 0, deleted: true };
            let known = self.put_member(zone, &member)? != Change::Same;
            return Ok(Gone::Member { album: album.into(), known });
        }
        let item = ItemId { zone, record: record.to_owned() };
        if let Some(mut asset) = asset(self, &item)? {
            asset.expunged = true;
            return Ok(Gone::Asset(self.put_asset(zone, asset)?));
        }
        let key = pack(record);
        let known =
            self.albums.get((zone, key.as_slice()))?.map(|row| decode::<Album>("albums", row.value()));
        if let Some(album) = known {
            self.put_album(zone, &Album { deleted: true, ..album? })?;
            return Ok(Gone::Album);
        }
        Ok(Gone::Other)
    }

    fn link(&mut self, zone: u16, master: &str, asset: &[u8]) -> Result<(), StateError> {
        let mut row = master_row(self, zone, master)?.unwrap_or_default();
        if row.assets.iter().any(|known| known == asset) {
            return Ok(());
        }
        row.assets.push(asset.to_vec());
        self.put_master_row(zone, master, row)
    }

    fn unlink(&mut self, zone: u16, master: &str, asset: &[u8]) -> Result<(), StateError> {
        let Some(mut row) = master_row(self, zone, master)? else { return Ok(()) };
        row.assets.retain(|known| known != asset);
        self.put_master_row(zone, master, row)
    }

    fn put_master_row(&mut self, zone: u16, record: &str, mut row: MasterRow) -> Result<(), StateError> {
        if let Some(master) = &mut row.master {
            master.record.clear();
        }
        self.masters.insert((zone, pack(record).as_slice()), encode("masters", &row)?.as_slice())?;
        Ok(())
    }
}

/// What a purge was about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gone {
    /// A known asset: it is expunged now, and dirty.
    Asset(Change),
    /// An album or folder.
    Album,
    /// A membership.
    Member {
        /// Record name of the album.
        album: String,
        /// Whether it was known.
        known: bool,
    },
    /// A master, or something never seen: nothing follows from it.
    Other,
}

fn master_row(tables: &impl Tables, zone: u16, record: &str) -> Result<Option<MasterRow>, StateError> {
    let row = tables.masters().get((zone, pack(record).as_slice()))?;
    let Some(row) = row else { return Ok(None) };
    let mut row: MasterRow = decode("masters", row.value())?;
    if let Some(master) = &mut row.master {
        record.clone_into(&mut master.record);
    }
    Ok(Some(row))
}

/// The record name is in the key; the row leaves it out.
fn named_asset(record: &str, row: &[u8]) -> Result<Asset, StateError> {
    let mut asset: Asset = decode("assets", row)?;
    record.clone_into(&mut asset.record);
    Ok(asset)
}

/// Calls `each` with every asset of the catalog.
pub fn each_asset(
    tables: &impl Tables,
    mut each: impl FnMut(u16, Asset) -> Result<(), StateError>,
) -> Result<(), StateError> {
    for entry in tables.assets().iter()? {
        let (key, row) = entry?;
        let (zone, packed) = key.value();
        each(zone, named_asset(&name("assets", packed)?, row.value())?)?;
    }
    Ok(())
}
