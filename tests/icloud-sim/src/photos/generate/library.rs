//! The ordinary part of a library, in the proportions of recorded ones.

use super::draft::Draft;
use super::kind::{MIX, PhotoKind};
use super::{awkward, seed};
use crate::photos::item::{Bin, FileName};
use crate::photos::noise::{self, Dice};
use crate::photos::record::album::LIBRARY_INFO;
use crate::photos::spec::LibrarySpec;
use crate::photos::zone::{Id, Role, Zone};

const DAY_MS: i64 = 86_400_000;
/// Time zones of recorded assets, seconds, and one of a half hour.
const OFFSETS: [i32; 10] = [-25_200, -25_200, -25_200, 25_200, 25_200, -14_400, 3_600, 3_600, 7_200, 19_800];

/// Puts `count` photos into a zone, the oldest first.
pub(super) fn fill(zone: &mut Zone, spec: &LibrarySpec, count: usize) {
    zone.counter = 1_000;
    let cases = if spec.awkward && zone.role == Role::Personal { awkward::cases() } else { Vec::new() };
    let mut cases = cases.into_iter();
    let mut disputed = spec.disputed && zone.role == Role::Personal;
    let mut last = None;
    for number in 0..count {
        let at = when(spec, zone, number, count);
        last = match cases.next() {
            Some(case) => Some(case.put(zone, &draft(zone, spec, number, at), last)),
            None => Some(ordinary(zone, spec, number, at, std::mem::take(&mut disputed))),
        };
        if number % 400 == 399 {
            // Counters that nothing holds any more, as a library has that was worked with.
            zone.counter += 70;
        }
    }
}

/// The time at which photo `number` of `count` was taken.
fn when(spec: &LibrarySpec, zone: &Zone, number: usize, count: usize) -> i64 {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let back = count - i64::try_from(number).unwrap_or(0);
    // Six a day, more in a library that would otherwise reach back beyond twenty years.
    let step = (DAY_MS / 6).min(20 * 365 * DAY_MS / count);
    let mut dice = Dice::new(seed(spec, &zone.name, number));
    let jitter = i64::try_from(dice.below(step.unsigned_abs())).unwrap_or(0);
    let exact = spec.now_ms - DAY_MS - back * step + jitter;
    // Files from cameras know whole seconds only (357 of 495 recorded dates have a millisecond part).
    if dice.percent(72) { exact } else { exact.div_euclid(1000) * 1000 }
}

/// A photo of no particular kind, taken at `at`.
fn draft(zone: &Zone, spec: &LibrarySpec, number: usize, at: i64) -> Draft {
    let own = seed(spec, &format!("{} photo", zone.name), number);
    let mut dice = Dice::new(noise::pair(own, 2));
    Draft {
        kind: PhotoKind::Jpeg,
        seed: own,
        name: FileName::text(&format!("IMG_{:04}.JPG", number % 10_000)),
        date: Some(at),
        offset: dice.percent(98).then(|| *dice.of(&OFFSETS)),
        added: at + i64::try_from(dice.below(1_000_000)).unwrap_or(0),
        size: None,
        sizes: spec.sizes,
    }
}

fn ordinary(zone: &mut Zone, spec: &LibrarySpec, number: usize, at: i64, disputed: bool) -> u32 {
    let mut draft = draft(zone, spec, number, at);
    let mut dice = Dice::new(noise::pair(draft.seed, 3));
    draft.kind = kind(&mut dice);
    draft.name = FileName::text(&name(draft.kind, number, &mut dice));
    let added = draft.added;
    let (mut master, mut asset) = draft.build();
    if disputed {
        // Other bytes of the same length than those the checksum was made of.
        master.original.body.seed ^= 1;
    }
    asset.favorite = dice.percent(3);
    asset.hidden = dice.percent(1);
    if dice.percent(3) {
        let days = i64::try_from(dice.below(28)).unwrap_or(0);
        asset.bin = Bin::Since(spec.now_ms - days * DAY_MS - 3_600_000);
        master.bin = asset.bin;
    }
    if dice.percent(2) {
        asset.extra_mut().title = Some(format!("Title {number}"));
        asset.extra_mut().keywords = dice.percent(50);
        asset.extra_mut().description = dice.percent(50).then(|| "A longer text.\nTwo lines.".to_owned());
    }
    zone.take_in(master, asset, added)
}

fn kind(dice: &mut Dice) -> PhotoKind {
    let mut throw = dice.below(MIX.iter().map(|(_, share)| share).sum());
    for (kind, share) in MIX {
        if throw < share {
            return kind;
        }
        throw -= share;
    }
    PhotoKind::Heic
}

/// A name as devices give it. Cameras count to 9999 and begin again, so a large library has names twice.
fn name(kind: PhotoKind, number: usize, dice: &mut Dice) -> String {
    let extension = kind.recipe().original.extension();
    match (kind, dice.below(100)) {
        (PhotoKind::Jpeg | PhotoKind::Webp | PhotoKind::Mp4, 0..40) => {
            format!("{}.{}", noise::uuid_text(noise::uuid(dice.next())), extension.to_lowercase())
        }
        (PhotoKind::Jpeg, 40..45) => format!("{}.{}.jpg", dice.below(1_000_000), dice.below(1_000)),
        (PhotoKind::Heic, 0..4) => {
            format!("{:05}__{}.HEIC", number % 100_000, noise::uuid_text(noise::uuid(dice.next())))
        }
        (PhotoKind::Screenshot, 0..10) => {
            format!("Screenshot 2025-11-{:02} {:06}.png", 1 + dice.below(28), dice.below(240_000))
        }
        _ => format!("IMG_{:04}.{extension}", (number + 1) % 10_000),
    }
}

/// Adds what a library gathers besides photos: faces, memories, totals, and the traces of what was purged.
pub(super) fn finish(zone: &mut Zone, spec: &LibrarySpec) {
    let mut dice = Dice::new(seed(spec, &format!("{} history", zone.name), 0));
    let count = zone.assets.len();
    for number in 0..count / 20 {
        let kind = *dice.of(&["CPLFaceCrop", "CPLPerson", "CPLMemory", "CPLSuggestion"]);
        let initial: String = kind.chars().filter(char::is_ascii_uppercase).skip(3).collect();
        let name = format!("{initial}-{}", noise::uuid_text(noise::uuid(seed(spec, "other", number))));
        let at = zone.add_other(name, kind);
        zone.write(Id::Other(at), spec.now_ms - DAY_MS);
    }
    for number in 0..count / 10 {
        let name = noise::uuid_text(noise::uuid(seed(spec, &format!("{} purged", zone.name), number)));
        zone.bury(name, spec.now_ms - DAY_MS);
    }
    for asset in 0..count {
        // Written again after their import: records no longer stand in the order of their dates.
        if dice.percent(5) {
            let modified = zone.assets[asset].added + 60_000;
            zone.write(Id::Asset(crate::photos::zone::place(asset)), modified);
        }
    }
    let info = zone.add_other(format!("{}-0000-LI", zone.name), LIBRARY_INFO);
    zone.write(Id::Other(info), spec.now_ms - DAY_MS);
}
