//! Between the personal and the shared library: the master keeps its name, the asset gets another.

use serde_json::Value;

use super::bin::{purge_asset, purge_relations, put_into_bin};
use crate::photos::Photos;
use crate::photos::item::{Asset, Bin, Master, Stamp};
use crate::photos::noise;
use crate::photos::zone::Role;

impl Photos {
    pub(super) fn move_to_shared(&mut self, name: &str, soft: bool, now_ms: i64) -> Result<Value, String> {
        let (from, at) = self.asset_named(name)?;
        let to = self.zones.iter().position(|zone| zone.role == Role::SharedLibrary);
        let to = to.filter(|to| *to != from).ok_or("There is no shared library to move to")?;
        self.leave_gap(to);
        let new = self.copy_over(from, at, to, now_ms);
        let (old_name, new_name) = (self.zones[from].asset(at).name, self.zones[to].asset(new).name);
        // Albums stay in the personal zone; their relations then point at the photo's new name.
        let albums = purge_relations(&mut self.zones[from], old_name, now_ms);
        for album in albums {
            self.put_into_album(from, album, new_name, now_ms);
        }
        if soft {
            self.zones[from].assets[at as usize].extra_mut().trashed_for_all = Some(false);
            put_into_bin(&mut self.zones[from], at, now_ms);
        } else {
            purge_asset(&mut self.zones[from], at, now_ms);
        }
        Ok(self.names(to, new))
    }

    pub(super) fn move_to_personal(&mut self, name: &str, now_ms: i64) -> Result<Value, String> {
        let (from, at) = self.asset_named(name)?;
        if self.zones[from].role != Role::SharedLibrary {
            return Err(format!("Asset `{name}` is not in a shared library"));
        }
        let to = self.zone_named(None)?;
        let new = self.copy_over(from, at, to, now_ms);
        let zone = &mut self.zones[from];
        zone.assets[at as usize].extra_mut().trashed_for_all = Some(false);
        put_into_bin(zone, at, now_ms);
        Ok(self.names(to, new))
    }

    fn copy_over(&mut self, from: usize, at: u32, to: usize, now_ms: i64) -> u32 {
        let source = &self.zones[from];
        let master = Master {
            uses: 0,
            bin: Bin::Never,
            stamp: Stamp::default(),
            ..source.master_of(source.asset(at)).clone()
        };
        let mut asset =
            Asset { bin: Bin::Never, stamp: Stamp::default(), added: now_ms, ..source.asset(at).clone() };
        asset.name = noise::uuid(self.fresh());
        self.zones[to].take_in(master, asset, now_ms)
    }
}
