//! The lists behind the indexes: which items, in which order. A rank is a place in one of them.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::photos::item::{Asset, Bin, Style};
use crate::photos::uti::{Prefix, Uti};
use crate::photos::zone::{Zone, place};

/// A smart album.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::photos) enum Smart {
    Favorite,
    Video,
    Live,
    Depth,
    Panorama,
    Timelapse,
    Slomo,
    Screenshot,
    Exposure,
    Animated,
    Selfie,
}

impl Smart {
    const ALL: [(Self, &'static str); 11] = [
        (Self::Favorite, "Favorite"),
        (Self::Video, "Video"),
        (Self::Live, "Live"),
        (Self::Depth, "Depth"),
        (Self::Panorama, "Panorama"),
        (Self::Timelapse, "Timelapse"),
        (Self::Slomo, "Slomo"),
        (Self::Screenshot, "Screenshot"),
        (Self::Exposure, "Exposure"),
        (Self::Animated, "Animated"),
        (Self::Selfie, "Selfie"),
    ];

    /// By the tag of the `smartAlbum` condition: `FAVORITE`.
    pub(super) fn by_tag(tag: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, suffix)| suffix.to_uppercase() == tag).map(|(smart, _)| *smart)
    }

    /// By the suffix of a count id: `Favorite`.
    pub(super) fn by_suffix(wanted: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, suffix)| *suffix == wanted).map(|(smart, _)| *smart)
    }

    fn holds(self, zone: &Zone, asset: &Asset) -> bool {
        let master = zone.master_of(asset);
        match self {
            Self::Favorite => asset.favorite,
            Self::Video => master.original.uti.is_video(),
            Self::Live => asset.style == Style::Live || master.has(Prefix::OriginalVidCompl),
            Self::Depth => asset.style == Style::Portrait,
            Self::Panorama => asset.style == Style::Panorama,
            Self::Timelapse => asset.style == Style::Timelapse,
            Self::Slomo => asset.style == Style::Slomo,
            Self::Screenshot => asset.style == Style::Screenshot,
            Self::Exposure => asset.style == Style::LongExposure,
            Self::Animated => master.original.uti == Uti::Gif,
            // Accepted over the web, but always empty (photos.md 3.6).
            Self::Selfie => false,
        }
    }
}

/// A list that can be paged by rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::photos) enum List {
    Library,
    LibraryByAdded,
    Hidden,
    Deleted,
    Bursts,
    Smart(Smart),
    /// Members of an album, by the album's place; the items are relations.
    MembersByDate(u32),
    MembersByPosition(u32),
}

impl List {
    /// True of the lists whose items are relations.
    pub(super) fn of_members(self) -> bool {
        matches!(self, Self::MembersByDate(_) | Self::MembersByPosition(_))
    }

    fn holds(self, zone: &Zone, asset: &Asset) -> bool {
        let visible = !asset.bin.holds() && !asset.hidden;
        match self {
            Self::Library | Self::LibraryByAdded => visible,
            Self::Hidden => asset.hidden && !asset.bin.holds(),
            Self::Deleted => asset.bin.holds(),
            Self::Bursts => visible && asset.style == Style::Burst,
            Self::Smart(smart) => visible && smart.holds(zone, asset),
            Self::MembersByDate(_) | Self::MembersByPosition(_) => false,
        }
    }
}

impl Zone {
    /// The items of a list in ascending rank: places of assets, or of relations.
    pub(super) fn list(&mut self, list: List) -> Arc<[u32]> {
        if let Some(items) = self.lists.get(&list) {
            return Arc::clone(items);
        }
        let items: Arc<[u32]> = match list {
            List::MembersByDate(album) | List::MembersByPosition(album) => self.members(list, album).into(),
            _ => self.assets_of(list).into(),
        };
        self.lists.insert(list, Arc::clone(&items));
        items
    }

    fn assets_of(&self, list: List) -> Vec<u32> {
        let mut items: Vec<u32> =
            self.living().filter(|(_, asset)| list.holds(self, asset)).map(|(at, _)| at).collect();
        items.sort_by_cached_key(|at| {
            let asset = self.asset(*at);
            let key = match (list, asset.bin) {
                (List::LibraryByAdded, _) => Some(asset.added),
                (List::Deleted, Bin::Since(since)) => Some(since),
                _ => asset.date,
            };
            // Rank 0 is the newest; what has no date comes last.
            (Reverse(key.unwrap_or(i64::MIN)), place(*at as usize))
        });
        items
    }

    /// Members that can be seen. One that lives in another zone counts, though nothing else is known of it here.
    fn members(&self, list: List, album: u32) -> Vec<u32> {
        let mut items: Vec<u32> = self.albums[album as usize]
            .members
            .iter()
            .copied()
            .filter(|at| {
                let relation = self.relation(*at);
                let asset = self.asset_at(relation.asset).map(|asset| self.asset(asset));
                let visible = asset.is_none_or(|asset| !asset.hidden && !asset.bin.holds());
                relation.stamp.tag != 0 && !relation.removed && visible
            })
            .collect();
        items.sort_by_cached_key(|at| {
            let relation = self.relation(*at);
            let date = self.asset_at(relation.asset).and_then(|asset| self.asset(asset).date);
            let key = if matches!(list, List::MembersByDate(_)) { date.unwrap_or(i64::MIN) } else { 0 };
            (Reverse(key), relation.position, *at)
        });
        items
    }
}
