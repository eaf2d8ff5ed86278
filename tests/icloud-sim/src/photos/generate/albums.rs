//! Folders, albums and who is in them.

use std::collections::HashSet;

use super::{PROJECT_ROOT, ROOT, seed};
use crate::photos::item::{Album, AlbumKind, Bin, Relation, Stamp};
use crate::photos::noise::{self, Dice};
use crate::photos::spec::LibrarySpec;
use crate::photos::zone::{Id, Zone};

const PLACES: [&str; 12] = [
    "Bern",
    "Tokyo",
    "Family",
    "Garden",
    "Work",
    "Lisbon",
    "Birthday",
    "Mountains",
    "Cats",
    "House",
    "Zürich",
    "東京",
];

/// Names that trouble file systems, views and parsers. The first two are equal.
const AWKWARD: [Option<&str>; 14] = [
    Some("Summer"),
    Some("Summer"),
    Some("summer"),
    Some("Trip / 2024"),
    Some("🏔️ Alps 🇨🇭"),
    None,
    Some("Videos"),
    Some("Zu\u{308}rich"),
    Some(".."),
    Some("tab\tand\u{7}bell"),
    Some("CON"),
    Some("trailing dot. "),
    Some("\u{202e}txet\u{202c}"),
    Some(""),
];

/// Sizes that stand at the edges of pages: a page holds 66 members.
const EDGES: [usize; 5] = [0, 1, 66, 67, 132];

const DAY_MS: i64 = 86_400_000;

/// Puts the folders and albums of a library into its zone.
pub(super) fn fill(zone: &mut Zone, spec: &LibrarySpec) {
    let created = spec.now_ms - 400 * DAY_MS;
    for (name, position) in [(ROOT, 0), (PROJECT_ROOT, 1_088)] {
        let at = zone.add_album(album(name.to_owned(), None, AlbumKind::Folder, None, position, created));
        zone.write(Id::Album(at), created);
    }
    let mut dice = Dice::new(seed(spec, "albums", 0));
    let mut folders: Vec<String> = Vec::new();
    for number in 0..spec.folders {
        let name = noise::uuid_text(noise::uuid(seed(spec, "folder", number)));
        let parent = if dice.percent(50) { folders.last().cloned() } else { None };
        let title = format!("Folder {number}");
        let at = zone.add_album(album(
            name.clone(),
            Some(title),
            AlbumKind::Folder,
            parent,
            position(number),
            created,
        ));
        zone.write(Id::Album(at), created);
        folders.push(name);
    }
    let visible: Vec<[u8; 16]> = zone
        .living()
        .filter(|(_, asset)| !asset.hidden && !asset.bin.holds())
        .map(|(_, asset)| asset.name)
        .collect();
    for number in 0..spec.albums {
        let at = zone.add_album(one(spec, number, &folders, &mut dice, created));
        zone.write(Id::Album(at), created);
        if zone.album(at).kind == AlbumKind::Smart {
            continue;
        }
        let wanted = EDGES.get(number).copied().unwrap_or_else(|| dice.place(120));
        add_members(zone, at, &visible, wanted.min(visible.len()), &mut dice, created);
    }
}

fn one(spec: &LibrarySpec, number: usize, folders: &[String], dice: &mut Dice, created: i64) -> Album {
    let mut name = noise::uuid_text(noise::uuid(seed(spec, "album", number)));
    let mut parent = (!folders.is_empty() && dice.percent(40)).then(|| dice.of(folders).clone());
    let plain = || Some(format!("{} {number}", PLACES[number % PLACES.len()]));
    // The awkward names begin behind the albums at the edges of pages.
    let special = number.checked_sub(EDGES.len()).and_then(|at| AWKWARD.get(at)).filter(|_| spec.awkward);
    let title = special.map_or_else(plain, |title| title.map(str::to_owned));
    if special.is_some() {
        // Equal names clash only on one level.
        parent = (number == EDGES.len() + 3).then(|| ROOT.to_owned());
    }
    if number % 20 == 19 {
        // Three of 70 recorded albums have names in lower case.
        name = name.to_lowercase();
    }
    let mut album = album(name, title, AlbumKind::Album, parent, position(number + spec.folders), created);
    match number.checked_sub(EDGES.len() + AWKWARD.len()).filter(|_| spec.awkward) {
        Some(0) => (album.bin, album.parent) = (Bin::Since(spec.now_ms - 2 * DAY_MS), None),
        Some(1) => album.bin = Bin::Restored,
        Some(2) => album.kind = AlbumKind::Smart,
        _ => {}
    }
    album
}

fn album(
    name: String,
    title: Option<String>,
    kind: AlbumKind,
    parent: Option<String>,
    position: i64,
    created: i64,
) -> Album {
    Album {
        name,
        title,
        kind,
        parent,
        position,
        created,
        stamp: Stamp::default(),
        bin: Bin::Never,
        members: Vec::new(),
    }
}

/// Positions are not unique.
fn position(number: usize) -> i64 {
    1_024 * i64::try_from(number / 2 + 1).unwrap_or(0)
}

fn add_members(zone: &mut Zone, album: u32, from: &[[u8; 16]], count: usize, dice: &mut Dice, now_ms: i64) {
    let mut chosen = HashSet::new();
    let mut position = 0;
    while chosen.len() < count {
        let asset = *dice.of(from);
        if chosen.insert(asset) {
            position += 1_024;
            let relation = Relation {
                asset,
                album,
                position,
                cover: position == 1_024,
                removed: false,
                stamp: Stamp::default(),
            };
            let at = zone.add_relation(relation);
            zone.write(Id::Relation(at), now_ms);
        }
    }
}

/// Puts a photo of the shared library into an album of the personal one (kei PR #474).
pub(super) fn reach_across(personal: &mut Zone, shared: &Zone, spec: &LibrarySpec) {
    let visible = shared.living().find(|(_, asset)| !asset.hidden && !asset.bin.holds());
    let album = (0..)
        .zip(&personal.albums)
        .filter(|(_, album)| album.kind == AlbumKind::Album)
        .nth(1)
        .map(|(at, _)| at);
    if let (Some((_, asset)), Some(album)) = (visible, album) {
        add_members(personal, album, &[asset.name], 1, &mut Dice::new(0), spec.now_ms - DAY_MS);
    }
}
