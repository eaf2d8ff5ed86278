//! Recently Deleted: into it, back from it, out of it for good.

use serde_json::{Value, json};

use crate::photos::Photos;
use crate::photos::item::Bin;
use crate::photos::zone::{Id, Role, Zone};

impl Photos {
    pub(super) fn delete(&mut self, name: &str, now_ms: i64) -> Result<Value, String> {
        let (zone, at) = self.asset_named(name)?;
        let zone = &mut self.zones[zone];
        if zone.asset(at).bin.holds() {
            return Err(format!("Asset `{name}` is deleted already"));
        }
        if zone.role == Role::SharedLibrary {
            zone.assets[at as usize].extra_mut().trashed_for_all = Some(true);
        }
        put_into_bin(zone, at, now_ms);
        Ok(json!({}))
    }

    pub(super) fn restore(&mut self, name: &str, now_ms: i64) -> Result<Value, String> {
        let (zone, at) = self.asset_named(name)?;
        let zone = &mut self.zones[zone];
        if !zone.asset(at).bin.holds() {
            return Err(format!("Asset `{name}` is not deleted"));
        }
        let asset = &mut zone.assets[at as usize];
        asset.bin = Bin::Restored;
        if let Some(extra) = &mut asset.extra {
            extra.trashed_for_all = None;
        }
        let master = asset.master;
        zone.write(Id::Asset(at), now_ms);
        if zone.master(master).bin.holds() {
            zone.masters[master as usize].bin = Bin::Restored;
            zone.write(Id::Master(master), now_ms);
        }
        Ok(json!({}))
    }

    pub(super) fn purge(&mut self, name: &str, now_ms: i64) -> Result<Value, String> {
        let (zone, at) = self.asset_named(name)?;
        let asset = self.zones[zone].asset(at).name;
        for other in 0..self.zones.len() {
            if self.zones[other].relations.iter().any(|each| each.asset == asset && each.stamp.tag != 0) {
                if other != zone {
                    self.leave_gap(other);
                }
                purge_relations(&mut self.zones[other], asset, now_ms);
            }
        }
        purge_asset(&mut self.zones[zone], at, now_ms);
        Ok(json!({}))
    }
}

/// Soft deletion: the asset, and then its master unless another photo still needs it.
pub(super) fn put_into_bin(zone: &mut Zone, at: u32, now_ms: i64) {
    zone.assets[at as usize].bin = Bin::Since(now_ms);
    zone.write(Id::Asset(at), now_ms);
    let master = zone.asset(at).master;
    let needed = zone.living().any(|(_, asset)| asset.master == master && !asset.bin.holds());
    if !needed {
        zone.masters[master as usize].bin = Bin::Since(now_ms);
        zone.write(Id::Master(master), now_ms);
    }
}

/// Tombstones for an asset and, if nobody uses it any more, its master.
pub(super) fn purge_asset(zone: &mut Zone, at: u32, now_ms: i64) {
    let master = zone.asset(at).master;
    zone.purge(Id::Asset(at), now_ms);
    leave_master(zone, master, now_ms);
}

/// A photo no longer uses a master: a tombstone, when it was the last.
pub(super) fn leave_master(zone: &mut Zone, master: u32, now_ms: i64) {
    zone.masters[master as usize].uses -= 1;
    if zone.master(master).uses == 0 {
        zone.purge(Id::Master(master), now_ms);
    }
}

/// Tombstones for all memberships of an asset; answers the albums.
pub(super) fn purge_relations(zone: &mut Zone, asset: [u8; 16], now_ms: i64) -> Vec<u32> {
    let of_asset: Vec<(u32, u32)> = (0..)
        .zip(&zone.relations)
        .filter(|(_, relation)| relation.asset == asset && relation.stamp.tag != 0)
        .map(|(at, relation)| (at, relation.album))
        .collect();
    for (relation, _) in &of_asset {
        zone.purge(Id::Relation(*relation), now_ms);
    }
    of_asset.into_iter().map(|(_, album)| album).collect()
}
