//! Changes in iCloud: from a drawn step to what the simulator is told.

use icloud_sim::photos::{AlbumEntry, AssetEntry, Inventory, Mutation, NewPhoto, PhotoKind, Quirks};

use super::steps::{Cloud, Pick};

/// Noon UTC of the days that photos are taken on: 2024-07-14, the day after, and 2019-12-31.
pub(super) const DAYS: [(i64, &str); 3] =
    [(1_720_958_400_000, "2024/07/14"), (1_721_044_800_000, "2024/07/15"), (1_577_793_600_000, "2019/12/31")];

/// Names that photos are given: few, so that they clash, also by case and by form.
pub(super) const NAMES: [&str; 6] =
    ["IMG_0001.HEIC", "IMG_0001.JPG", "img_0001.heic", "IMG_0002.JPG", "Zo\u{eb}.JPG", "Zoe\u{308}.jpg"];

const KINDS: [PhotoKind; 8] = [
    PhotoKind::Heic,
    PhotoKind::Jpeg,
    PhotoKind::Live,
    PhotoKind::EditedLive,
    PhotoKind::Mov,
    PhotoKind::RawWithJpeg,
    PhotoKind::Edited,
    PhotoKind::LiveJpeg,
];

/// One of several.
pub(super) fn pick<T>(from: &[T], pick: Pick) -> Option<&T> {
    from.get(usize::from(pick).checked_rem(from.len())?)
}

/// What there is to choose from.
struct Stock<'a> {
    inventory: &'a Inventory,
    assets: Vec<&'a AssetEntry>,
    albums: Vec<&'a AlbumEntry>,
}

impl Stock<'_> {
    fn photo(&self, which: Pick, fits: impl Fn(&AssetEntry) -> bool) -> Option<String> {
        let fitting: Vec<_> = self.assets.iter().filter(|asset| fits(asset)).collect();
        Some(pick(&fitting, which)?.record_name.clone())
    }

    fn living(&self, which: Pick) -> Option<String> {
        self.photo(which, |asset| !asset.deleted)
    }

    fn album(&self, which: Pick, fits: impl Fn(&AlbumEntry) -> bool) -> Option<&AlbumEntry> {
        let fitting: Vec<_> = self.albums.iter().filter(|album| !album.smart && fits(album)).collect();
        pick(&fitting, which).map(|album| **album)
    }

    fn plain(&self, which: Pick) -> Option<String> {
        Some(self.album(which, |album| !album.folder && !album.deleted)?.record_name.clone())
    }

    fn folder(&self, which: Pick) -> Option<String> {
        Some(self.album(which, |album| album.folder && !album.deleted)?.record_name.clone())
    }

    /// Whether a photo is in the personal library.
    fn is_own(&self, asset: &AssetEntry) -> bool {
        let own = self.inventory.zones.first();
        own.is_some_and(|zone| zone.assets.iter().any(|other| other.record_name == asset.record_name))
    }
}

/// What the simulator is told; none when there is nothing of the kind.
pub(super) fn mutation(cloud: &Cloud, inventory: &Inventory) -> Option<Mutation> {
    let stock = Stock {
        inventory,
        assets: inventory.zones.iter().flat_map(|zone| &zone.assets).collect(),
        albums: inventory.zones.iter().flat_map(|zone| &zone.albums).collect(),
    };
    let zone = |which: Pick| pick(&inventory.zones, which).map(|zone| zone.name.clone());
    let name = |which: Pick| pick(&NAMES, which).map(|name| (*name).to_owned());
    let day = |which: Pick| pick(&DAYS, which).map(|(ms, _)| *ms);
    Some(match *cloud {
        Cloud::Add { kind, name: called, day: on, hidden, pending, shared, album } => {
            let zone = inventory.zones.get(usize::from(shared)).or(inventory.zones.first())?.name.clone();
            Mutation::AddPhoto(NewPhoto {
                zone: Some(zone),
                kind: *pick(&KINDS, kind)?,
                name: name(called),
                date_ms: day(on),
                album: album.and_then(|album| stock.plain(album)),
                pending,
                hidden,
                ..NewPhoto::default()
            })
        }
        Cloud::Duplicate(photo) => Mutation::Duplicate { asset: stock.living(photo)? },
        Cloud::Edit(photo) => Mutation::Edit { asset: stock.living(photo)? },
        Cloud::Revert(photo) => Mutation::Revert { asset: stock.living(photo)? },
        Cloud::Favourite(photo, on) => Mutation::SetFavorite { asset: stock.living(photo)?, on },
        Cloud::Hide(photo, on) => Mutation::SetHidden { asset: stock.living(photo)?, on },
        Cloud::Date(photo, on) => Mutation::SetDate {
            asset: stock.living(photo)?,
            date_ms: on.and_then(day),
            time_zone_offset: None,
        },
        Cloud::Title(photo) => {
            Mutation::SetTitle { asset: stock.living(photo)?, title: Some("A title".into()) }
        }
        Cloud::ShareInAlbum(photo) => Mutation::ShareInAlbum { asset: stock.living(photo)? },
        Cloud::Rename(photo, to) => Mutation::Rename { asset: stock.living(photo)?, name: name(to) },
        Cloud::Replace { photo, same_master } => {
            Mutation::ReplaceOriginal { asset: stock.living(photo)?, same_master }
        }
        Cloud::Delete(photo) => Mutation::Delete { asset: stock.living(photo)? },
        Cloud::Restore(photo) => Mutation::Restore { asset: stock.photo(photo, |asset| asset.deleted)? },
        Cloud::Purge(photo) => Mutation::Purge { asset: stock.living(photo)? },
        Cloud::Expunge(photo) => Mutation::Purge { asset: stock.photo(photo, |asset| asset.deleted)? },
        Cloud::FinishUpload(photo, silent) => Mutation::FinishUpload {
            asset: stock.photo(photo, |asset| asset.resources.iter().any(|file| !file.downloadable))?,
            silent,
        },
        Cloud::AddAlbum { name: called, parent, folder } => Mutation::AddAlbum {
            name: name(called),
            parent: parent.and_then(|parent| stock.folder(parent)),
            folder,
        },
        Cloud::RenameAlbum(album, to) => {
            let album = stock.album(album, |album| !album.deleted)?.record_name.clone();
            Mutation::RenameAlbum { album, name: name(to) }
        }
        Cloud::MoveAlbum(album, parent) => {
            let album = stock.album(album, |album| !album.deleted)?.record_name.clone();
            Mutation::MoveAlbum { album, parent: parent.and_then(|parent| stock.folder(parent)) }
        }
        Cloud::DeleteAlbum(album) => Mutation::DeleteAlbum { album: stock.plain(album)? },
        Cloud::DeleteFolder(folder) => Mutation::DeleteFolder { folder: stock.folder(folder)? },
        Cloud::PurgeAlbum(album) => {
            Mutation::PurgeAlbum { album: stock.album(album, |album| album.deleted)?.record_name.clone() }
        }
        Cloud::AddMember(album, photo) => {
            Mutation::AddMember { album: stock.plain(album)?, asset: stock.living(photo)? }
        }
        Cloud::RemoveMember { album, member, soft } => {
            let album = stock.album(album, |album| !album.members.is_empty())?;
            let asset = pick(&album.members, member)?.clone();
            Mutation::RemoveMember { album: album.record_name.clone(), asset, soft }
        }
        Cloud::Cover(album, member) => {
            let album = stock.album(album, |album| !album.members.is_empty())?;
            let asset = pick(&album.members, member)?.clone();
            Mutation::SetKeyAsset { album: album.record_name.clone(), asset }
        }
        Cloud::MoveToShared { photo, soft } => {
            let asset = stock.photo(photo, |asset| !asset.deleted && stock.is_own(asset))?;
            Mutation::MoveToShared { asset, soft }
        }
        Cloud::MoveToPersonal(photo) => {
            let asset = stock.photo(photo, |asset| !asset.deleted && !stock.is_own(asset))?;
            Mutation::MoveToPersonal { asset }
        }
        Cloud::Ignorable(which) => Mutation::AddIgnorable { zone: zone(which), count: 3 },
        Cloud::AddAndPurge => Mutation::AddAndPurge { zone: None },
        Cloud::Reset(which) => Mutation::ResetZone { zone: zone(which) },
        Cloud::Quirk(_) => return None,
    })
}

/// The irregularities that a quirk step switches on.
pub(super) fn quirks(which: Pick) -> Quirks {
    let usual = Quirks::default();
    match which % 9 {
        0 => Quirks { short_pages: Some(3), ..usual },
        1 => Quirks { repeated_assets: true, ..usual },
        2 => Quirks { no_marker: true, ..usual },
        3 => Quirks { count_off_by: -3, ..usual },
        4 => Quirks { count_off_by: 3, ..usual },
        5 => Quirks { empty_delta_pages: 2, ..usual },
        6 => Quirks { bare_relations: true, relations_first: true, ..usual },
        7 => Quirks { bare_tombstones: true, ..usual },
        _ => usual,
    }
}

/// Whether an album or a membership may be gone after it.
pub(super) fn takes_away(mutation: &Mutation) -> bool {
    matches!(
        mutation,
        Mutation::RemoveMember { .. }
            | Mutation::DeleteAlbum { .. }
            | Mutation::DeleteFolder { .. }
            | Mutation::PurgeAlbum { .. }
    )
}
