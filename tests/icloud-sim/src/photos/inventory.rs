//! The truth about a library, for comparison with what a client made of it.

use std::collections::HashMap;

use serde::Serialize;

use super::Photos;
use super::item::{AlbumKind, Asset, Resource};
use super::noise;
use super::record::resource::checksum_text;
use super::zone::Zone;

/// Everything that a client can know of an account's libraries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inventory {
    /// Personal and shared libraries; other zones are left out.
    pub zones: Vec<ZoneInventory>,
}

/// One library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ZoneInventory {
    /// `private` or `shared`.
    pub area: String,
    /// Zone name.
    pub name: String,
    /// Record name of the owner.
    pub owner: String,
    /// The zone's current token.
    pub sync_token: String,
    /// Photos and videos, hidden and recently deleted ones included, in the order of their import.
    pub assets: Vec<AssetEntry>,
    /// Albums and folders, without the two pseudo folders.
    pub albums: Vec<AlbumEntry>,
}

/// One photo or video.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AssetEntry {
    /// Name of the `CPLAsset`.
    pub record_name: String,
    /// Name of its `CPLMaster`.
    pub master: String,
    /// The file name as it was given, when the record lets it be known. Neither normalised nor cleaned.
    pub file_name: Option<String>,
    /// Capture time, milliseconds since 1970 UTC; may be absurd.
    pub asset_date: Option<i64>,
    /// Seconds east of UTC at capture.
    pub time_zone_offset: Option<i32>,
    /// Time of import, milliseconds since 1970 UTC.
    pub added_date: i64,
    /// `created.timestamp` of the record, milliseconds since 1970 UTC.
    pub created: i64,
    /// Favourite.
    pub favorite: bool,
    /// Hidden.
    pub hidden: bool,
    /// In Recently Deleted.
    pub deleted: bool,
    /// Title.
    pub title: Option<String>,
    /// Albums that it is in.
    pub albums: Vec<AlbumPath>,
    /// Its files; previews are left out.
    pub resources: Vec<ResourceEntry>,
}

/// An album, by record name and by the names of its folders and itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlbumPath {
    /// Record name.
    pub record_name: String,
    /// Names from the root level down; an album without a name has none.
    pub path: Vec<Option<String>>,
}

/// One file of a photo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResourceEntry {
    /// Prefix of the record's fields: `resOriginal`.
    pub kind: String,
    /// Type of the file.
    pub uti: String,
    /// Length in bytes.
    pub size: u64,
    /// The published checksum.
    pub file_checksum: String,
    /// SHA-256 of the bytes that are served, 64 hexadecimal digits.
    pub sha256: String,
    /// Whether the bytes match the published checksum.
    pub matches: bool,
    /// Whether there is a URL for it.
    pub downloadable: bool,
}

/// One album or folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlbumEntry {
    /// Record name.
    pub record_name: String,
    /// Name, if it has one.
    pub name: Option<String>,
    /// Folder.
    pub folder: bool,
    /// Smart album made on a Mac; it has no members.
    pub smart: bool,
    /// Record name of the folder it lies in.
    pub parent: Option<String>,
    /// Deleted, not yet purged.
    pub deleted: bool,
    /// Record names of its members, of which some may be hidden, deleted or in another zone.
    pub members: Vec<String>,
}

impl Photos {
    /// The truth about the libraries as they stand. Every body is hashed for it.
    pub fn inventory(&self) -> Inventory {
        Inventory {
            zones: self.zones.iter().filter(|zone| zone.role.is_library()).map(zone_inventory).collect(),
        }
    }
}

fn zone_inventory(zone: &Zone) -> ZoneInventory {
    let mut albums = Vec::new();
    let mut albums_of: HashMap<[u8; 16], Vec<AlbumPath>> = HashMap::new();
    for album in zone.albums.iter().filter(|album| album.stamp.tag != 0 && !album.name.starts_with("----")) {
        let mut members = Vec::new();
        for relation in album.members.iter().map(|at| zone.relation(*at)) {
            if relation.stamp.tag != 0 && !relation.removed {
                members.push(noise::uuid_text(relation.asset));
                let path = AlbumPath { record_name: album.name.clone(), path: path(zone, &album.name) };
                albums_of.entry(relation.asset).or_default().push(path);
            }
        }
        albums.push(AlbumEntry {
            record_name: album.name.clone(),
            name: album.title.clone(),
            folder: album.is_folder(),
            smart: album.kind == AlbumKind::Smart,
            parent: album.parent.clone(),
            deleted: album.bin.holds(),
            members,
        });
    }
    ZoneInventory {
        area: zone.area.name().to_owned(),
        name: zone.name.clone(),
        owner: zone.owner.clone(),
        sync_token: zone.token(),
        assets: zone
            .living()
            .map(|(_, asset)| asset_entry(zone, asset, albums_of.remove(&asset.name).unwrap_or_default()))
            .collect(),
        albums,
    }
}

/// Names from the root level down to an album.
fn path(zone: &Zone, name: &str) -> Vec<Option<String>> {
    let mut names = Vec::new();
    let mut next = zone.find_album(name);
    while let Some(album) = next.map(|at| zone.album(at)).filter(|album| !album.name.starts_with("----")) {
        names.push(album.title.clone());
        next = album.parent.as_deref().and_then(|parent| zone.find_album(parent));
        if names.len() > zone.albums.len() {
            break;
        }
    }
    names.reverse();
    names
}

fn asset_entry(zone: &Zone, asset: &Asset, albums: Vec<AlbumPath>) -> AssetEntry {
    let master = zone.master_of(asset);
    let renders = asset.edit().map_or(&[][..], |edit| &edit.renders);
    AssetEntry {
        record_name: asset.record_name(),
        master: checksum_text(&master.name),
        file_name: master.file_name.meaning(),
        asset_date: asset.date,
        time_zone_offset: asset.offset,
        added_date: asset.added,
        created: asset.created(),
        favorite: asset.favorite,
        hidden: asset.hidden,
        deleted: asset.bin.holds(),
        title: asset.extra.as_ref().and_then(|extra| extra.title.clone()),
        albums,
        resources: master.resources().chain(renders).map(resource_entry).collect(),
    }
}

fn resource_entry(resource: &Resource) -> ResourceEntry {
    ResourceEntry {
        kind: resource.prefix.name().to_owned(),
        uti: resource.uti.name().to_owned(),
        size: resource.body.len(),
        file_checksum: checksum_text(&resource.checksum),
        sha256: resource.body.sha256(),
        matches: resource.body.checksum() == resource.checksum,
        downloadable: resource.downloadable(),
    }
}
