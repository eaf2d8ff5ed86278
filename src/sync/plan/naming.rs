//! Where the files of a photo go and what they are called.
//!
//! Decided once per asset and kept: the first comer gets the plain name, later ones `<stem>-<8 hex of the asset's
//! name>`. All files of an asset share one stem, so a Live Photo stays together, and a name counts as free only
//! when it is free for all of them (`icloud_photos_downloader` #500: a separate `IMG_1.MOV` beside the Live Photo
//! `IMG_1.JPG`).

use jiff::Timestamp;
use jiff::civil::Date;
use sha2::{Digest as _, Sha256};

use super::Wanted;
use crate::config::{HIDDEN, LayoutFacts, Photos, SHARED_LIBRARY};
use crate::model::{Asset, Master, Node, ZoneId, hex};
use crate::tree::RelPath;
use crate::tree::name::{NameRules, fold, legal, split_ext, with_mark, with_suffix};

/// What lies at a path, as far as naming cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// Nothing.
    Free,
    /// A file with the very content that is wanted: it can be adopted.
    Same,
    /// A file of nobody's and of the right size: only the wanted content itself, once fetched, tells whether it is the
    /// same. Apple's checksum may be of a form that cannot be checked, or iCloud may serve what does not match it.
    Maybe,
    /// Something else, of another asset or not larder's.
    Taken,
}

/// The names chosen for an asset's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// What they all begin with.
    pub stem: String,
    /// File name of each wanted file, in the order given.
    pub files: Vec<String>,
    /// The best of what lies there: [`Spot::Same`], [`Spot::Maybe`] or [`Spot::Free`].
    pub spot: Spot,
}

/// Folder of an asset below the destination, component by component.
///
/// Shared libraries and hidden photos have folders of their own; the rest is the layout's, from the photo's date.
#[must_use]
pub fn folder(asset: &Asset, zone: &ZoneId, policy: &Photos) -> Vec<String> {
    let mut components = Vec::new();
    let shared = if zone.is_shared_library() { library_name(zone) } else { "" };
    if !shared.is_empty() && !policy.layout.to_string().contains("{library}") {
        components.push(shared.to_owned());
    }
    if asset.hidden {
        components.push(HIDDEN.to_owned());
    }
    let wall_clock = |instant| policy.time_zone.wall_clock(instant, asset.zone_offset);
    let created = mtime(asset).map(wall_clock);
    let added = asset.added_date.and_then(plausible).map(wall_clock);
    let facts = LayoutFacts { created: created.as_ref(), added: added.as_ref(), library: shared };
    components.extend(policy.layout.folder(&facts).iter().filter_map(|c| legal(c, policy.names)));
    components
}

/// The directory of hidden photos on the way to `folder`, which is for the owner alone.
#[must_use]
pub fn private_dir(folder: &str) -> Option<RelPath> {
    let depth = folder.split('/').position(|component| component == HIDDEN)?;
    RelPath::parse(&folder.split('/').take(depth + 1).collect::<Vec<_>>().join("/")).ok()
}

/// What people call the library.
#[must_use]
pub fn library_name(zone: &ZoneId) -> &'static str {
    if zone.is_shared_library() { SHARED_LIBRARY } else { "Personal" }
}

/// The time that a photo's files get: when it was taken, or the next best that is plausible.
#[must_use]
pub fn mtime(asset: &Asset) -> Option<Timestamp> {
    [asset.asset_date, asset.added_date, asset.created].into_iter().flatten().find_map(plausible)
}

/// The day on which a photo was taken, as the folders of the layout understand it.
pub(super) fn day(asset: &Asset, policy: &Photos) -> Option<Date> {
    mtime(asset).map(|instant| policy.time_zone.wall_clock(instant, asset.zone_offset).date())
}

/// Years outside of 1826 to 2200 occur (year 5, year 2743924: `icloud_photos_downloader` #122, #92) and say
/// nothing about the photo.
#[must_use]
pub fn plausible(ms: i64) -> Option<Timestamp> {
    const FIRST: i64 = -4_544_208_000_000; // 1826-01-01
    const LAST: i64 = 7_258_118_400_000; // 2200-01-01
    (FIRST..LAST).contains(&ms).then(|| Timestamp::from_millisecond(ms).ok()).flatten()
}

/// Legal stem of an asset's file names: from the name it was imported with, or from the asset's own name.
#[must_use]
pub fn base_name(asset: &Asset, master: &Master, rules: NameRules) -> String {
    let named = master.filename.as_deref().and_then(|raw| legal(raw, rules));
    let stem = named.as_deref().map(|name| split_ext(name).0).filter(|stem| !stem.is_empty());
    stem.map_or_else(|| short_id(&asset.record, 12), str::to_owned)
}

/// The first `digits` letters and digits of a UUID, or of a hash where the name is none.
pub(super) fn short_id(record: &str, digits: usize) -> String {
    let plain: String = record.chars().filter(char::is_ascii_hexdigit).take(digits).collect();
    if plain.len() == digits {
        return plain;
    }
    hex(&Sha256::digest(record)).to_uppercase()[..digits].to_owned()
}

/// What tells a name from others that are equal, tried in this order: nothing, a part of the item's own name, all of it.
#[must_use]
pub fn stem_marks(record: &str) -> [String; 3] {
    [String::new(), format!("-{}", short_id(record, 8)), format!("-{}", short_id(record, 32))]
}

/// Chooses the names of an asset's files. `spot` tells what lies at a file name of the asset's folder, given the
/// file that would go there. A stem whose files lie there already with the right content wins over a free one:
/// so a lost state finds its files again under the names that they have. Of two such stems the marked one wins, for
/// the mark is this asset's alone, while the plain files may be those of another photo with the same content.
///
/// `None` when every candidate is taken.
pub fn choose_names<E>(
    record: &str,
    stem: &str,
    wanted: &[Wanted],
    mut spot: impl FnMut(&str, &Wanted) -> Result<Spot, E>,
) -> Result<Option<Names>, E> {
    let (mut same, mut maybe, mut free) = (None, None, None);
    for mark in stem_marks(record) {
        let names = names_for(stem, &mark, wanted);
        let mut spots = Vec::with_capacity(names.files.len());
        for (name, wanted) in names.files.iter().zip(wanted) {
            spots.push(spot(name, wanted)?);
        }
        if spots.contains(&Spot::Taken) {
            continue;
        }
        if spots.contains(&Spot::Same) {
            same = Some(Names { spot: Spot::Same, ..names });
        } else if spots.contains(&Spot::Maybe) {
            maybe = Some(Names { spot: Spot::Maybe, ..names });
        } else {
            free.get_or_insert(names);
        }
    }
    Ok(same.or(maybe).or(free))
}

/// Legal name of an item of Drive, its extension included: as iCloud has it, or from the item's own name where nothing of
/// that can be read.
#[must_use]
pub fn drive_name(node: &Node, rules: NameRules) -> String {
    legal(&node.name, rules).unwrap_or_else(|| short_id(&node.record, 12))
}

/// Names for files that join an asset which has its stem already: a rendition of a photo that was edited later.
#[must_use]
pub fn names_for(stem: &str, mark: &str, wanted: &[Wanted]) -> Names {
    let stem = if mark.is_empty() { stem.to_owned() } else { with_mark(stem, mark) };
    let mut files: Vec<String> = Vec::with_capacity(wanted.len());
    for file in wanted {
        let mut name = with_suffix(&stem, file.suffix, &file.extension);
        if files.iter().any(|other| fold(other) == fold(&name)) {
            // Two resources of one asset with one extension, such as an image whose name ends in `.MOV`.
            let suffix = format!("{}-{}", file.suffix, file.resource.kind.as_str());
            name = with_suffix(&stem, &suffix, &file.extension);
        }
        files.push(name);
    }
    Names { stem, files, spot: Spot::Free }
}
