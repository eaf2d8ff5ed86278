//! Fills a new drive by its description.

mod awkward;
mod names;
mod package;

use super::content::Content;
use super::edit::NewItem;
use super::spec::DriveSpec;
use super::{Drive, ROOT};
use crate::file_bytes::FileBytes;
use crate::noise::{self, Dice};
use crate::photos::Sizes;

/// Apps whose documents can be in a drive: zone and name.
const LIBRARIES: [(&str, &str); 8] = [
    ("com.apple.Keynote", "Keynote"),
    ("com.apple.Pages", "Pages"),
    ("com.apple.Numbers", "Numbers"),
    ("com.apple.Preview", "Preview"),
    ("com.apple.TextEdit", "TextEdit"),
    ("iCloud.md.obsidian", "Obsidian"),
    ("iCloud.is.workflow.my.workflows", "Shortcuts"),
    ("com.apple.shoebox", "Wallet"),
];
/// Ten years, over which files were made.
const SPAN_MS: u64 = 10 * 365 * 86_400_000;

/// A folder that takes things in.
struct Shelf {
    id: String,
    depth: usize,
}

/// Puts everything in that `spec` asks for. What it puts in is always possible.
pub(super) fn fill(drive: &mut Drive, spec: &DriveSpec) -> Result<(), String> {
    let mut dice = Dice::new(noise::pair(spec.seed, noise::of_text("drive")));
    let mut shelves = vec![Shelf { id: ROOT.to_owned(), depth: 0 }];
    for (zone, name) in LIBRARIES.into_iter().take(spec.libraries) {
        shelves.push(Shelf { id: drive.add_library(zone, name)?, depth: 1 });
    }
    for number in 0..spec.folders {
        let start = dice.place(shelves.len());
        let open = (0..shelves.len()).map(|step| (start + step) % shelves.len());
        let place = open.into_iter().find(|at| shelves[*at].depth < spec.depth.max(1)).unwrap_or(0);
        let (parent, depth) = (shelves[place].id.clone(), shelves[place].depth + 1);
        let made_ms = past(&mut dice, spec.now_ms);
        let folder = NewItem::folder(&names::folder(&mut dice, number)).dated(made_ms, made_ms);
        shelves.push(Shelf { id: drive.add(&parent, folder)?, depth });
    }
    for number in 0..spec.files {
        let parent = shelves[dice.place(shelves.len())].id.clone();
        let item = file(&mut dice, spec, number);
        drive.add(&parent, item)?;
    }
    if spec.awkward { awkward::fill(drive, spec) } else { Ok(()) }
}

fn file(dice: &mut Dice, spec: &DriveSpec, number: usize) -> NewItem {
    // Spread over the whole drive: a package each time that their share of the files grows by one.
    let shares = |upto: usize| upto * spec.packages.min(spec.files) / spec.files.max(1);
    let modified_ms = past(dice, spec.now_ms);
    let created_ms = past(dice, modified_ms);
    let item = if shares(number + 1) > shares(number) {
        NewItem::file(&names::package(dice, number), package::some(dice, spec))
    } else {
        let content = Content::from(FileBytes::noise(dice.next(), length(dice, spec.sizes)));
        NewItem::file(&names::file(dice, number), content)
    };
    NewItem { hidden_extension: dice.percent(10), ..item.dated(created_ms, modified_ms) }
}

/// A time within ten years before another, whole seconds.
fn past(dice: &mut Dice, before_ms: i64) -> i64 {
    let back = i64::try_from(dice.below(SPAN_MS)).unwrap_or(0);
    (before_ms - back).div_euclid(1000) * 1000
}

/// Bytes of one file, none of them empty.
fn length(dice: &mut Dice, sizes: Sizes) -> u64 {
    let range = |dice: &mut Dice, from: u64, upto: u64| from + dice.below(upto - from);
    match sizes {
        Sizes::Fixed(len) => len.max(1),
        Sizes::Tiny if dice.percent(80) => range(dice, 48, 2_000),
        Sizes::Tiny => range(dice, 2_000, 20_000),
        Sizes::Small if dice.percent(80) => range(dice, 500, 20_000),
        Sizes::Small => range(dice, 20_000, 500_000),
        Sizes::Real if dice.percent(60) => range(dice, 2_000, 300_000),
        Sizes::Real if dice.percent(90) => range(dice, 300_000, 8_000_000),
        Sizes::Real => range(dice, 8_000_000, 120_000_000),
    }
}
