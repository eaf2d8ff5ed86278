//! A photo before it is in a zone.

use super::kind::PhotoKind;
use super::size;
use crate::photos::item::{Asset, Bin, Edit, Extra, FileName, ItemType, Master, Resource, Stamp, Style};
use crate::photos::noise::{self, Dice};
use crate::photos::spec::Sizes;
use crate::photos::uti::{Prefix, Uti};
use crate::photos::zone::{Id, Zone};

/// What a new photo should be.
#[derive(Debug, Clone)]
pub(in crate::photos) struct Draft {
    pub(in crate::photos) kind: PhotoKind,
    /// Where names and bytes come from.
    pub(in crate::photos) seed: u64,
    pub(in crate::photos) name: FileName,
    pub(in crate::photos) date: Option<i64>,
    pub(in crate::photos) offset: Option<i32>,
    pub(in crate::photos) added: i64,
    /// Length of the original, when it is not left to `sizes`.
    pub(in crate::photos) size: Option<u64>,
    pub(in crate::photos) sizes: Sizes,
}

impl Draft {
    /// Makes the two records; the asset names no master yet.
    pub(in crate::photos) fn build(self) -> (Master, Asset) {
        let recipe = self.kind.recipe();
        let mut dice = Dice::new(self.seed);
        let own = noise::pair(self.seed, noise::of_text("content"));
        let len = self
            .size
            .unwrap_or_else(|| size::length(self.sizes, Prefix::Original, recipe.original, &mut dice));
        let original = Resource::new(Prefix::Original, recipe.original, own, len, recipe.pixels);
        let master = Master {
            name: original.checksum,
            original,
            more: files(recipe.more, own, self.sizes, recipe.pixels),
            file_name: self.name,
            item_type: ItemType::True,
            created: self.added,
            stamp: Stamp::default(),
            uses: 0,
            bin: Bin::Never,
        };
        let edit = recipe.edit.map(|(kind, parts)| Edit {
            kind,
            renders: files(parts, noise::pair(own, 1), self.sizes, recipe.pixels),
        });
        let burst = (recipe.style == Style::Burst).then(|| noise::uuid(dice.next()));
        let extra = Extra { edit, burst, ..Extra::default() };
        let asset = Asset {
            name: noise::uuid(noise::pair(self.seed, noise::of_text("asset"))),
            master: 0,
            date: self.date,
            offset: self.offset,
            added: self.added,
            stamp: Stamp::default(),
            bin: Bin::Never,
            style: recipe.style,
            favorite: false,
            hidden: false,
            extra: (extra.edit.is_some() || extra.burst.is_some()).then(|| Box::new(extra)),
        };
        (master, asset)
    }
}

/// Files that belong together, each with bytes of its own.
pub(in crate::photos) fn files(
    parts: &[(Prefix, Uti)],
    seed: u64,
    sizes: Sizes,
    pixels: (u16, u16),
) -> Vec<Resource> {
    let mut dice = Dice::new(seed);
    let file = |(prefix, uti): &(Prefix, Uti)| {
        let len = size::length(sizes, *prefix, *uti, &mut dice);
        Resource::new(*prefix, *uti, seed, len, pixels)
    };
    parts.iter().map(file).collect()
}

impl Zone {
    /// Takes a photo in and writes its records at `now_ms`. A file that the zone has already keeps its one master
    /// (photos.md 7.2); it is written again.
    pub(in crate::photos) fn take_in(&mut self, master: Master, mut asset: Asset, now_ms: i64) -> u32 {
        asset.master = match self.master_at(&master.name) {
            Some(at) => at,
            None => self.add_master(master),
        };
        let master = asset.master;
        let asset_first = asset.name[0].is_multiple_of(10);
        let at = self.add_asset(asset);
        let order = [Id::Master(master), Id::Asset(at)];
        let order = if asset_first { [order[1], order[0]] } else { order };
        for id in order {
            self.write(id, now_ms);
        }
        at
    }
}
