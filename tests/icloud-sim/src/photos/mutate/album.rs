//! Albums, folders and memberships.

use serde_json::{Value, json};

use crate::photos::Photos;
use crate::photos::item::{Album, AlbumKind, Bin, Relation, Stamp};
use crate::photos::noise;
use crate::photos::zone::{Id, Role, Zone};

impl Photos {
    pub(super) fn add_album(
        &mut self,
        title: Option<String>,
        parent: Option<String>,
        folder: bool,
        now_ms: i64,
    ) -> Result<Value, String> {
        let zone = self.zone_named(None)?;
        if let Some(parent) = &parent {
            self.folder_named(zone, parent)?;
        }
        let name = noise::uuid_text(noise::uuid(self.fresh()));
        let zone = &mut self.zones[zone];
        let position = zone.albums.iter().map(|album| album.position).max().unwrap_or(0) + 1_024;
        let at = zone.add_album(Album {
            name: name.clone(),
            title,
            kind: if folder { AlbumKind::Folder } else { AlbumKind::Album },
            parent,
            position,
            created: now_ms,
            stamp: Stamp::default(),
            bin: Bin::Never,
            members: Vec::new(),
        });
        zone.write(Id::Album(at), now_ms);
        Ok(json!({ "album": name }))
    }

    fn folder_named(&self, zone: usize, name: &str) -> Result<u32, String> {
        let zone = &self.zones[zone];
        let at = zone.find_album(name).filter(|at| zone.album(*at).is_folder());
        at.ok_or_else(|| format!("No folder `{name}`"))
    }

    /// Changes an album and writes it, and nothing else.
    pub(super) fn change_album(
        &mut self,
        name: &str,
        now_ms: i64,
        change: impl FnOnce(&mut Album),
    ) -> Result<Value, String> {
        let (zone, at) = self.album_named(name)?;
        let zone = &mut self.zones[zone];
        change(&mut zone.albums[at as usize]);
        zone.write(Id::Album(at), now_ms);
        Ok(json!({}))
    }

    pub(super) fn move_album(
        &mut self,
        name: &str,
        parent: Option<String>,
        now_ms: i64,
    ) -> Result<Value, String> {
        let zone = self.zone_named(None)?;
        let mut above = parent.clone();
        while let Some(folder) = &above {
            if *folder == name {
                return Err(format!("Folder `{name}` cannot lie in itself"));
            }
            let at = self.folder_named(zone, folder)?;
            above.clone_from(&self.zones[zone].album(at).parent);
        }
        self.change_album(name, now_ms, |album| album.parent = parent)
    }

    /// What lies in the folder goes before the folder itself.
    pub(super) fn delete_folder(&mut self, name: &str, now_ms: i64) -> Result<Value, String> {
        let (zone, folder) = self.album_named(name)?;
        let zone = &mut self.zones[zone];
        if !zone.album(folder).is_folder() {
            return Err(format!("No folder `{name}`"));
        }
        let mut inside = vec![folder];
        let mut next = 0;
        while let Some(above) = inside.get(next).map(|at| zone.album(*at).name.clone()) {
            let below = (0..).zip(&zone.albums).filter(|(_, album)| {
                album.stamp.tag != 0 && !album.bin.holds() && album.parent.as_ref() == Some(&above)
            });
            inside.extend(below.map(|(at, _)| at).collect::<Vec<u32>>());
            next += 1;
        }
        for at in inside.into_iter().rev() {
            zone.albums[at as usize].bin = Bin::Since(now_ms);
            zone.write(Id::Album(at), now_ms);
        }
        Ok(json!({}))
    }

    pub(super) fn purge_album(&mut self, name: &str, now_ms: i64) -> Result<Value, String> {
        let (zone, at) = self.album_named(name)?;
        let zone = &mut self.zones[zone];
        for relation in zone.album(at).members.clone() {
            if zone.relation(relation).stamp.tag != 0 {
                zone.purge(Id::Relation(relation), now_ms);
            }
        }
        zone.purge(Id::Album(at), now_ms);
        Ok(json!({}))
    }

    pub(super) fn add_member(&mut self, album: &str, asset: &str, now_ms: i64) -> Result<Value, String> {
        let known = self.zones.iter().find_map(|zone| Some(zone.asset(zone.find_asset(asset)?).name));
        let known = known.ok_or_else(|| format!("No asset `{asset}`"))?;
        let (zone, at) = self.album_named(album)?;
        if self.zones[zone].album(at).kind != AlbumKind::Album || self.zones[zone].role != Role::Personal {
            return Err(format!("`{album}` takes no photos"));
        }
        if self.zones[zone]
            .membership(at, known)
            .is_some_and(|found| !self.zones[zone].relation(found).removed)
        {
            return Err(format!("Asset `{asset}` is in album `{album}` already"));
        }
        self.put_into_album(zone, at, known, now_ms);
        Ok(json!({}))
    }

    /// The album is touched, and a relation is new or no longer removed.
    pub(super) fn put_into_album(&mut self, zone: usize, album: u32, asset: [u8; 16], now_ms: i64) {
        let zone = &mut self.zones[zone];
        zone.write(Id::Album(album), now_ms);
        let relation = if let Some(at) = zone.membership(album, asset) {
            zone.relations[at as usize].removed = false;
            at
        } else {
            let last = zone.album(album).members.iter().map(|at| zone.relation(*at).position).max();
            let position = last.unwrap_or(0) + 1_024;
            let relation =
                Relation { asset, album, position, cover: false, removed: false, stamp: Stamp::default() };
            zone.add_relation(relation)
        };
        zone.write(Id::Relation(relation), now_ms);
    }

    pub(super) fn remove_member(
        &mut self,
        album: &str,
        asset: &str,
        soft: bool,
        now_ms: i64,
    ) -> Result<Value, String> {
        let (zone, album, relation) = self.membership_named(album, asset)?;
        let zone = &mut self.zones[zone];
        if soft {
            zone.relations[relation as usize].removed = true;
            zone.write(Id::Relation(relation), now_ms);
        } else {
            zone.purge(Id::Relation(relation), now_ms);
        }
        zone.write(Id::Album(album), now_ms);
        Ok(json!({}))
    }

    pub(super) fn set_cover(&mut self, album: &str, asset: &str, now_ms: i64) -> Result<Value, String> {
        let (zone, album, cover) = self.membership_named(album, asset)?;
        let zone = &mut self.zones[zone];
        for at in zone.album(album).members.clone() {
            let relation = &mut zone.relations[at as usize];
            if relation.stamp.tag != 0 && relation.cover != (at == cover) {
                relation.cover = at == cover;
                zone.write(Id::Relation(at), now_ms);
            }
        }
        zone.write(Id::Album(album), now_ms);
        Ok(json!({}))
    }

    /// Zone, album and relation of a membership that holds.
    fn membership_named(&mut self, album: &str, asset: &str) -> Result<(usize, u32, u32), String> {
        let missing = || format!("Asset `{asset}` is not in album `{album}`");
        let name = uuid::Uuid::try_parse(asset).map_err(|_| missing())?.into_bytes();
        let (zone, at) = self.album_named(album)?;
        let relation = self.zones[zone].membership(at, name).ok_or_else(missing)?;
        if self.zones[zone].relation(relation).removed { Err(missing()) } else { Ok((zone, at, relation)) }
    }
}

impl Zone {
    /// The relation of an asset to an album, also when it is softly removed.
    fn membership(&self, album: u32, asset: [u8; 16]) -> Option<u32> {
        self.album(album).members.iter().copied().find(|at| {
            let relation = self.relation(*at);
            relation.asset == asset && relation.stamp.tag != 0
        })
    }
}
