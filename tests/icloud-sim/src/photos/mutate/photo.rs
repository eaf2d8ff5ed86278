//! New photos, edits, and everything else that changes the asset alone.

use serde_json::{Value, json};

use super::NewPhoto;
use super::bin::leave_master;
use crate::photos::Photos;
use crate::photos::generate::{Draft, files, renders};
use crate::photos::item::{Asset, Edit, FileName, Master, Presence, Resource, Stamp};
use crate::photos::noise;
use crate::photos::record::resource::checksum_text;
use crate::photos::uti::Prefix;
use crate::photos::zone::Id;

impl Photos {
    pub(super) fn add_photo(&mut self, photo: NewPhoto, now_ms: i64) -> Result<Value, String> {
        let zone = self.zone_named(photo.zone.as_deref())?;
        if !self.zones[zone].role.is_library() {
            return Err(format!("Zone `{}` is no library", self.zones[zone].name));
        }
        let album = photo.album.map(|name| self.album_named(&name)).transpose()?;
        let seed = self.fresh();
        let extension = photo.kind.recipe().original.extension();
        let name = photo.name.unwrap_or_else(|| format!("IMG_{:04}.{extension}", seed % 10_000));
        let draft = Draft {
            kind: photo.kind,
            seed,
            name: FileName::text(&name),
            date: Some(photo.date_ms.unwrap_or(now_ms)),
            offset: photo.time_zone_offset,
            added: now_ms,
            size: photo.size,
            sizes: self.spec.sizes,
        };
        let (mut master, mut asset) = draft.build();
        asset.favorite = photo.favorite;
        asset.hidden = photo.hidden;
        if photo.pending {
            for resource in std::iter::once(&mut master.original).chain(&mut master.more) {
                resource.presence = Presence::Pending;
            }
        }
        let asset_name = asset.name;
        let at = self.zones[zone].take_in(master, asset, now_ms);
        if let Some((album_zone, album)) = album {
            self.put_into_album(album_zone, album, asset_name, now_ms);
        }
        Ok(self.names(zone, at))
    }

    /// `{asset, master}`.
    pub(super) fn names(&self, zone: usize, asset: u32) -> Value {
        let zone = &self.zones[zone];
        let asset = zone.asset(asset);
        json!({ "asset": asset.record_name(), "master": checksum_text(&zone.master_of(asset).name) })
    }

    pub(super) fn duplicate(&mut self, name: &str, now_ms: i64) -> Result<Value, String> {
        let (zone, asset) = self.asset_named(name)?;
        let seed = self.fresh();
        let zone_at = zone;
        let zone = &mut self.zones[zone];
        let mut copy = zone.asset(asset).clone();
        copy.name = noise::uuid(seed);
        copy.added = now_ms;
        copy.stamp = Stamp::default();
        let master = copy.master;
        let at = zone.add_asset(copy);
        zone.write(Id::Asset(at), now_ms);
        zone.write(Id::Master(master), now_ms);
        Ok(self.names(zone_at, at))
    }

    pub(super) fn edit(&mut self, name: &str, now_ms: i64) -> Result<Value, String> {
        let (zone, at) = self.asset_named(name)?;
        let seed = self.fresh();
        let sizes = self.spec.sizes;
        let zone = &mut self.zones[zone];
        let master = zone.master_of(zone.asset(at));
        let original = &master.original;
        let parts = renders(original.uti, master.has(Prefix::OriginalVidCompl));
        let kind = if original.uti.is_video() { "com.apple.video" } else { "com.apple.photo" };
        let renders = files(parts, seed, sizes, (original.width, original.height));
        let asset = &mut zone.assets[at as usize];
        asset.extra_mut().edit = Some(Edit { kind, renders });
        asset.extra_mut().reverted = false;
        zone.write(Id::Asset(at), now_ms);
        Ok(json!({}))
    }

    /// Changes an asset and writes it, and nothing else.
    pub(super) fn change(
        &mut self,
        name: &str,
        now_ms: i64,
        change: impl FnOnce(&mut Asset),
    ) -> Result<Value, String> {
        let (zone, at) = self.asset_named(name)?;
        let zone = &mut self.zones[zone];
        change(&mut zone.assets[at as usize]);
        zone.write(Id::Asset(at), now_ms);
        Ok(json!({}))
    }

    /// The name is the master's: the asset is not written.
    pub(super) fn rename(&mut self, asset: &str, name: Option<&str>, now_ms: i64) -> Result<Value, String> {
        let (zone, at) = self.asset_named(asset)?;
        let zone = &mut self.zones[zone];
        let master = zone.asset(at).master;
        zone.masters[master as usize].file_name = name.map_or(FileName::Absent, FileName::text);
        zone.write(Id::Master(master), now_ms);
        Ok(json!({}))
    }

    pub(super) fn replace_original(
        &mut self,
        name: &str,
        same_master: bool,
        now_ms: i64,
    ) -> Result<Value, String> {
        let (zone_at, at) = self.asset_named(name)?;
        let seed = self.fresh();
        let sizes = self.spec.sizes;
        let zone = &mut self.zones[zone_at];
        let old = zone.asset(at).master;
        let was = &zone.master(old).original;
        let parts = [(was.prefix, was.uti)];
        let original = files(&parts, seed, sizes, (was.width, was.height)).into_iter().next();
        let original = original.ok_or("There is no original")?;
        if same_master {
            zone.masters[old as usize].original = original;
            zone.write(Id::Master(old), now_ms);
            return Ok(self.names(zone_at, at));
        }
        let master = Master {
            name: original.checksum,
            original,
            uses: 1,
            stamp: Stamp::default(),
            ..zone.master(old).clone()
        };
        let new = zone.add_master(master);
        zone.assets[at as usize].master = new;
        zone.write(Id::Master(new), now_ms);
        zone.write(Id::Asset(at), now_ms);
        leave_master(zone, old, now_ms);
        Ok(self.names(zone_at, at))
    }

    pub(super) fn finish_upload(&mut self, name: &str, silent: bool, now_ms: i64) -> Result<Value, String> {
        let found = (0..).zip(&self.zones).find_map(|(at, zone)| Some((at, zone.find_asset(name)?)));
        let (at, asset): (usize, u32) = found.ok_or_else(|| format!("No asset `{name}`"))?;
        let master = self.zones[at].asset(asset).master;
        let pending =
            |resource: &Resource| matches!(resource.presence, Presence::Pending | Presence::Awaited);
        if !self.zones[at].master(master).resources().any(pending) {
            return Err(format!("Asset `{name}` has nothing to upload"));
        }
        if !silent {
            self.leave_gap(at);
        }
        let zone = &mut self.zones[at];
        let held = &mut zone.masters[master as usize];
        for resource in std::iter::once(&mut held.original).chain(&mut held.more).filter(|each| pending(each))
        {
            resource.presence = Presence::Whole;
        }
        if !silent {
            zone.write(Id::Master(master), now_ms);
        }
        Ok(json!({}))
    }
}
