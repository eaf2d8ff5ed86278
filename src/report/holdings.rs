//! What iCloud holds, from the catalog: libraries, albums, photos and their files.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::Serialize;

use crate::model::{Album, AlbumKind, Asset, ItemId, Kind, Master};
use crate::state::{self, Proof, StateError, View, ZoneRow};
use crate::sync::plan::library_name;

/// An album or folder with its place among the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlbumEntry {
    /// Names from the top, joined by `/`.
    pub path: String,
    /// Whether it holds albums, not photos.
    pub folder: bool,
    /// Photos in it.
    pub photos: u64,
    /// Record name.
    pub id: String,
}

/// A library with its albums.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LibraryEntry {
    /// What people call it.
    pub name: String,
    /// Number of its zone in the state.
    #[serde(skip)]
    pub zone: u16,
    /// Photos in it, hidden ones included, deleted ones not.
    pub photos: u64,
    /// Its albums and folders, by path.
    pub albums: Vec<AlbumEntry>,
}

/// A file of a photo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResourceEntry {
    /// What it is for the photo.
    pub kind: &'static str,
    /// Bytes.
    pub size: u64,
    /// Pixels.
    pub width: Option<u32>,
    /// Pixels.
    pub height: Option<u32>,
    /// Uniform type identifier.
    pub uti: Option<String>,
    /// Apple's checksum.
    pub checksum: String,
    /// Where it is below the destination, once it is there.
    pub path: Option<String>,
    /// `proven`, `size-only`, `disputed`; absent while it is not on disk or another version is.
    pub proof: Option<&'static str>,
}

/// A photo or video.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PhotoEntry {
    /// Record name.
    pub id: String,
    /// Name it was imported with.
    pub name: Option<String>,
    /// Bytes of the original.
    pub size: Option<u64>,
    /// Pixels of the original.
    pub width: Option<u32>,
    /// Pixels of the original.
    pub height: Option<u32>,
    /// When it was taken.
    pub created: Option<Timestamp>,
    /// When it came into the library.
    pub added: Option<Timestamp>,
    /// Marked as favourite.
    pub favourite: bool,
    /// Hidden.
    pub hidden: bool,
    /// Libraries it is in.
    pub libraries: Vec<String>,
    /// Paths of the albums it is in.
    pub albums: Vec<String>,
    /// Its files.
    pub resources: Vec<ResourceEntry>,
}

/// Everything, ready to be asked for photos.
pub struct Holdings<'v> {
    /// The libraries.
    pub libraries: Vec<LibraryEntry>,
    view: &'v View,
    album_paths: HashMap<(u16, String), String>,
}

/// Reads libraries and albums.
pub fn holdings(view: &View) -> Result<Holdings<'_>, StateError> {
    let mut libraries: Vec<LibraryEntry> = Vec::new();
    let mut album_paths = HashMap::new();
    for (zone, ZoneRow { id, .. }) in state::zones(view)? {
        let albums = albums(view, zone)?;
        album_paths.extend(albums.iter().map(|album| ((zone, album.id.clone()), album.path.clone())));
        libraries.push(LibraryEntry { name: library_name(&id).to_owned(), zone, photos: 0, albums });
    }
    state::each_asset(view, |zone, asset| {
        if let Some(library) = libraries.iter_mut().find(|library| library.zone == zone) {
            library.photos += u64::from(!asset.is_gone());
        }
        Ok(())
    })?;
    Ok(Holdings { libraries, view, album_paths })
}

fn albums(view: &View, zone: u16) -> Result<Vec<AlbumEntry>, StateError> {
    let living: Vec<Album> = state::albums(view, zone)?.into_iter().filter(|album| !album.deleted).collect();
    let known: BTreeMap<&str, &Album> = living.iter().map(|album| (album.record.as_str(), album)).collect();
    let mut entries = Vec::with_capacity(known.len());
    for album in &living {
        let id = &album.record;
        let mut photos = 0;
        for (asset, _) in state::members(view, zone, id)? {
            let asset = state::asset(view, &ItemId { zone, record: asset })?;
            photos += u64::from(asset.is_some_and(|asset| !asset.is_gone()));
        }
        let folder = album.kind == AlbumKind::Folder;
        entries.push(AlbumEntry { path: album.path(&known), folder, photos, id: id.clone() });
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(entries)
}

impl Holdings<'_> {
    /// The library and album that a path names: a library, an album below one, or an album of the first library
    /// that has it. `None` when nothing has that name.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<(&LibraryEntry, Option<&AlbumEntry>)> {
        let path = path.trim_matches('/');
        for library in &self.libraries {
            if library.name == path {
                return Some((library, None));
            }
            let below = path.strip_prefix(library.name.as_str()).and_then(|rest| rest.strip_prefix('/'));
            for candidate in [below, Some(path)].into_iter().flatten() {
                if let Some(album) = library.albums.iter().find(|album| album.path == candidate) {
                    return Some((library, Some(album)));
                }
            }
        }
        None
    }

    /// Calls `each` with every photo, or with those of a library or album.
    pub fn photos(
        &self,
        of: Option<(&LibraryEntry, Option<&AlbumEntry>)>,
        mut each: impl FnMut(PhotoEntry) -> std::io::Result<()>,
    ) -> Result<std::io::Result<()>, StateError> {
        if let Some((library, Some(album))) = of {
            for (record, _) in state::members(self.view, library.zone, &album.id)? {
                let item = ItemId { zone: library.zone, record };
                let Some(asset) = state::asset(self.view, &item)? else { continue };
                if !asset.is_gone()
                    && let Err(error) = each(self.photo(library.zone, &asset)?)
                {
                    return Ok(Err(error));
                }
            }
            return Ok(Ok(()));
        }
        let mut result = Ok(());
        state::each_asset(self.view, |zone, asset| {
            let wanted = of.is_none_or(|(library, _)| library.zone == zone);
            if result.is_ok() && wanted && !asset.is_gone() {
                result = each(self.photo(zone, &asset)?);
            }
            Ok(())
        })?;
        Ok(result)
    }

    fn photo(&self, zone: u16, asset: &Asset) -> Result<PhotoEntry, StateError> {
        let item = ItemId { zone, record: asset.record.clone() };
        let master = match &asset.master {
            Some(name) => state::master(self.view, zone, name)?,
            None => None,
        };
        let albums = state::memberships(self.view, zone, &asset.record)?;
        let original = master.as_ref().and_then(|master| master.resource(Kind::Original));
        let time = |ms: Option<i64>| ms.and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let library = self.libraries.iter().find(|library| library.zone == zone);
        Ok(PhotoEntry {
            id: asset.record.clone(),
            name: master.as_ref().and_then(|master| master.filename.clone()),
            size: original.map(|original| original.size),
            width: original.and_then(|original| original.width),
            height: original.and_then(|original| original.height),
            created: time(asset.asset_date),
            added: time(asset.added_date),
            favourite: asset.favourite,
            hidden: asset.hidden,
            libraries: library.map(|library| library.name.clone()).into_iter().collect(),
            albums: albums
                .into_iter()
                .filter_map(|album| self.album_paths.get(&(zone, album)).cloned())
                .collect(),
            resources: self.resources(&item, asset, master.as_ref())?,
        })
    }

    fn resources(
        &self,
        item: &ItemId,
        asset: &Asset,
        master: Option<&Master>,
    ) -> Result<Vec<ResourceEntry>, StateError> {
        let placement = state::placement(self.view, item)?;
        let of_master = master.into_iter().flat_map(|master| &master.resources);
        let entry = |resource: &crate::model::Resource| {
            let placed = placement.as_ref().and_then(|placement| {
                let file = placement.file(resource.kind)?;
                (file.is_in_place() && file.checksum == resource.checksum)
                    .then(|| (placement.path(&file.name), file.proof.as_ref().map(word)))
            });
            let (path, proof) = placed.unzip();
            ResourceEntry {
                kind: resource.kind.as_str(),
                size: resource.size,
                width: resource.width,
                height: resource.height,
                uti: resource.uti.clone(),
                checksum: resource.checksum.to_string(),
                path,
                proof: proof.flatten(),
            }
        };
        Ok(of_master.chain(&asset.resources).map(entry).collect())
    }
}

fn word(proof: &Proof) -> &'static str {
    match proof {
        Proof::Proven => "proven",
        Proof::SizeOnly { .. } => "size-only",
        Proof::Disputed { .. } => "disputed",
    }
}
