//! Changes by lot, for tests that let a client follow a drive that moves.

use super::change::Change;
use super::content::{Content, PackageFile};
use super::edit::NewItem;
use super::node::At;
use super::{Drive, ROOT_AT};
use crate::file_bytes::FileBytes;
use crate::noise::Dice;

/// What can happen, and how often out of a hundred.
const KINDS: [(Kind, u64); 17] = [
    (Kind::AddFile, 14),
    (Kind::AddFolder, 7),
    (Kind::AddPackage, 4),
    (Kind::Edit, 10),
    (Kind::EditSameSize, 8),
    (Kind::EditPackage, 5),
    (Kind::Flatten, 3),
    (Kind::Bundle, 2),
    (Kind::Rename, 9),
    (Kind::RenameCase, 5),
    (Kind::Swap, 4),
    (Kind::MoveFile, 8),
    (Kind::MoveFolder, 6),
    (Kind::Trash, 5),
    (Kind::Restore, 4),
    (Kind::Purge, 4),
    (Kind::Open, 2),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    AddFile,
    AddFolder,
    AddPackage,
    Edit,
    EditSameSize,
    EditPackage,
    Flatten,
    Bundle,
    Rename,
    RenameCase,
    Swap,
    MoveFile,
    MoveFolder,
    Trash,
    Restore,
    Purge,
    Open,
}

impl Drive {
    /// Lets something happen that `seed` alone decides, given the drive as it stands; answers what it was. Shares of
    /// others and things of unknown type are left alone.
    pub fn happen(&mut self, seed: u64) -> Change {
        let mut dice = Dice::new(seed);
        // Not everything is possible at any time; a new file always is.
        for _ in 0..20 {
            let kind = by_weight(&mut dice);
            if let Some(change) = self.drawn(kind, &mut dice)
                && self.apply(change.clone()).is_ok()
            {
                return change;
            }
        }
        let change = new_file(self.drivewsid(ROOT_AT), &mut dice);
        // The root takes anything in.
        let _made = self.apply(change.clone());
        change
    }

    fn drawn(&self, kind: Kind, dice: &mut Dice) -> Option<Change> {
        let pick = |dice: &mut Dice, wanted: &dyn Fn(At) -> bool| self.pick(dice, wanted);
        let file = |at: At| self.nodes[at].kind == super::Kind::File;
        let plain = |at: At| file(at) && matches!(self.nodes[at].content, Content::Plain(_));
        let package = |at: At| file(at) && matches!(self.nodes[at].content, Content::Package(_));
        let folder = |at: At| self.nodes[at].kind == super::Kind::Folder;
        let container = |at: At| self.nodes[at].kind.is_folder();
        let either = |at: At| file(at) || folder(at) && at != ROOT_AT;
        let id = |at: At| self.drivewsid(at);
        let noise = |dice: &mut Dice, len: u64| Content::from(FileBytes::noise(dice.next(), len));
        Some(match kind {
            Kind::AddFile => new_file(id(pick(dice, &container)?), dice),
            Kind::AddFolder => {
                let parent = id(pick(dice, &container)?);
                Change::Add { parent, item: NewItem::folder(&format!("Folder {}", dice.below(50))) }
            }
            Kind::AddPackage => {
                let parent = id(pick(dice, &container)?);
                let name = format!("Package {}.pages", dice.below(50));
                Change::Add { parent, item: NewItem::file(&name, bundle(dice)) }
            }
            Kind::Edit => {
                let len = dice.below(3_000);
                Change::Edit { file: id(pick(dice, &plain)?), content: noise(dice, len) }
            }
            Kind::EditSameSize => {
                let at = pick(dice, &plain)?;
                Change::Edit { file: id(at), content: noise(dice, self.nodes[at].content.len()) }
            }
            Kind::EditPackage => Change::Edit { file: id(pick(dice, &package)?), content: bundle(dice) },
            Kind::Flatten => Change::Edit { file: id(pick(dice, &package)?), content: noise(dice, 900) },
            Kind::Bundle => Change::Edit { file: id(pick(dice, &plain)?), content: bundle(dice) },
            Kind::Rename => {
                let at = pick(dice, &either)?;
                let extension = if file(at) { *dice.of(&[".txt", ".PDF", "", ".é"]) } else { "" };
                let full_name =
                    format!("{} {}{extension}", dice.of(&["Näme", "name", "名前"]), dice.below(50));
                Change::Rename { item: id(at), full_name }
            }
            Kind::RenameCase => {
                let at = pick(dice, &either)?;
                Change::Rename { item: id(at), full_name: other_case(&self.nodes[at].full_name())? }
            }
            Kind::Swap => {
                let item = pick(dice, &either)?;
                let sibling =
                    |at: At| either(at) && at != item && self.nodes[at].parent == self.nodes[item].parent;
                Change::SwapNames { item: id(item), other: id(pick(dice, &sibling)?) }
            }
            Kind::MoveFile => {
                Change::MoveTo { item: id(pick(dice, &file)?), folder: id(pick(dice, &container)?) }
            }
            Kind::MoveFolder => {
                let inner = |at: At| folder(at) && at != ROOT_AT;
                Change::MoveTo { item: id(pick(dice, &inner)?), folder: id(pick(dice, &container)?) }
            }
            Kind::Trash => Change::Trash { item: id(pick(dice, &either)?) },
            Kind::Restore => {
                let item = id(*self.bin.get(dice.place(self.bin.len()))?);
                Change::Restore { item }
            }
            Kind::Purge => match self.bin.get(dice.place(self.bin.len())) {
                Some(binned) if dice.percent(50) => Change::Purge { item: id(*binned) },
                _ => Change::Purge { item: id(pick(dice, &either)?) },
            },
            Kind::Open => Change::Open { file: id(pick(dice, &file)?) },
        })
    }

    /// One of the living nodes that are wanted.
    fn pick(&self, dice: &mut Dice, wanted: &dyn Fn(At) -> bool) -> Option<At> {
        let others = |at: At| {
            let share = self.share_of(at).and_then(|top| self.nodes[top].share.as_ref());
            share.is_some_and(|share| share.by == super::SharedBy::Other)
        };
        let living = (0..self.nodes.len())
            .filter(|at| !self.nodes[*at].gone && !self.is_trashed(*at) && wanted(*at) && !others(*at));
        let living: Vec<At> = living.collect();
        living.get(dice.place(living.len())).copied()
    }
}

fn by_weight(dice: &mut Dice) -> Kind {
    let mut draw = dice.below(KINDS.iter().map(|(_, weight)| weight).sum());
    let mut chosen = Kind::AddFile;
    for (kind, weight) in KINDS {
        chosen = kind;
        if draw < weight {
            break;
        }
        draw -= weight;
    }
    chosen
}

fn bundle(dice: &mut Dice) -> Content {
    let files = (0..=dice.below(3)).map(|number| {
        let bytes = FileBytes::noise(dice.next(), 48 + dice.below(2_000));
        PackageFile { path: format!("Data/part {number}.bin"), bytes: Some(bytes) }
    });
    Content::from(files.collect::<Vec<_>>())
}

/// The name in the other case; none when that changes nothing.
fn other_case(name: &str) -> Option<String> {
    let upper = name.to_uppercase();
    let other = if upper == name { name.to_lowercase() } else { upper };
    (other != name).then_some(other)
}

fn new_file(parent: String, dice: &mut Dice) -> Change {
    let len = if dice.percent(10) { 0 } else { dice.below(5_000) };
    let name = format!("File {}{}", dice.below(50), dice.of(&[".txt", ".JPG", "", ".pages"]));
    let content = FileBytes::noise(dice.next(), len);
    Change::Add { parent, item: NewItem::file(&name, content) }
}
