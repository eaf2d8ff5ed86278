//! Every item of the catalog of Drive, held against the ledger and the disk.

use std::collections::HashMap;

use super::{LIBRARY, Totals, named, zones};
use crate::config::Drive;
use crate::model::{ItemId, Kind, Node};
use crate::state::{self, PlacedFile, View, ZoneRow};
use crate::sync::RunError;
use crate::sync::audit::clerk::{Clerk, Held};
use crate::sync::audit::desk::Desk;
use crate::sync::audit::difference::{Place, What};
use crate::sync::audit::leaving::Leaving;
use crate::sync::audit::words;
use crate::sync::drive::{Standing, standing};
use crate::tree::{FileKind, RelPath};

/// Items that are looked at in one view of the state.
const PIECE: usize = 500;

/// Looks at every item. How much the catalog has of what the job file asks for, and how much of it is whole on disk.
pub(super) fn look(desk: &Desk, leaving: &Leaving, other_policy: bool) -> Result<(Totals, Totals), RunError> {
    let Some(policy) = &desk.job.drive else { return Ok((Totals::default(), Totals::default())) };
    let now = desk.clock.now().as_second();
    let clerk = Clerk { desk, library: LIBRARY, leaving, other_policy, now, notes: vec![] };
    let (catalog, disk) = (Totals::default(), Totals::default());
    let mut walk = Walk { clerk, policy, zones: zones(&desk.books.view()?)?, catalog, disk };
    let mut last: Option<ItemId> = None;
    loop {
        desk.look_up()?;
        let view = desk.books.view()?;
        let piece = state::nodes_after(&view, last.as_ref(), PIECE)?;
        let Some((item, _)) = piece.last() else { break };
        last = Some(item.clone());
        for (item, _) in piece {
            walk.item(&view, item)?;
        }
        drop(view);
        desk.note(&mut walk.clerk.notes)?;
    }
    Ok((walk.catalog, walk.disk))
}

struct Walk<'a> {
    clerk: Clerk<'a>,
    policy: &'a Drive,
    zones: HashMap<u16, ZoneRow>,
    catalog: Totals,
    disk: Totals,
}

impl Walk<'_> {
    fn item(&mut self, view: &View, item: ItemId) -> Result<(), RunError> {
        let (placement, mark) = (state::placement(view, &item)?, state::mark(view, &item)?);
        let held = Held { item, placement, mark };
        match standing(view, &held.item, &self.zones, self.policy)? {
            Standing::Unknown => Ok(()),
            Standing::Gone => {
                for (placement, file) in held.files().filter(|(_, file)| file.is_on_disk()) {
                    self.clerk.no_longer_in_icloud(&held, placement, file, "it was deleted in iCloud")?;
                }
                Ok(())
            }
            Standing::Adrift => {
                let name = named(view, &held.item)?;
                let reason = "the folder that it lies in has not been listed";
                self.clerk.found(
                    &held,
                    name,
                    Place::Catalog,
                    What::Waiting,
                    reason,
                    "listed by the next run",
                );
                Ok(())
            }
            Standing::OutOfScope(key) => {
                let name = named(view, &held.item)?;
                let here = held.files().any(|(_, file)| file.is_in_place());
                let what = if here { What::Extra } else { What::LeftOut };
                let reason = format!("the job file leaves it out ({key})");
                self.clerk.found(&held, name, Place::Disk, what, reason, "nothing");
                Ok(())
            }
            // The top is the destination itself.
            Standing::Wanted(node) if node.parent.is_none() => Ok(()),
            Standing::Wanted(node) if node.kind.holds_items() => self.folder(view, &held),
            Standing::Wanted(node) => self.file(view, &held, &node),
        }
    }

    /// A folder should have a directory.
    fn folder(&mut self, view: &View, held: &Held) -> Result<(), RunError> {
        self.catalog.folders += 1;
        let dir = held.placement.as_ref().filter(|placement| placement.files.is_empty());
        let path = dir.and_then(|dir| RelPath::parse(&dir.path(&dir.stem)).ok());
        let Some(path) = path else {
            let name = named(view, &held.item)?;
            self.clerk.not_fetched(held, name, "its directory has not been made");
            return Ok(());
        };
        match self.clerk.desk.root.stat(&path) {
            Ok(Some(facts)) if facts.kind == FileKind::Dir => {
                self.disk.folders += 1;
                self.settled(view, held, &path.to_string())?;
            }
            Err(error) if error.is_disk() => return Err(error.into()),
            _ => {
                let action = self.clerk.look_again(held, "made again by the next run");
                let (path, reason) = (path.to_string(), "its directory is not there");
                self.clerk.found(held, path, Place::Disk, What::Lost, reason, &action);
            }
        }
        Ok(())
    }

    fn file(&mut self, view: &View, held: &Held, node: &Node) -> Result<(), RunError> {
        self.catalog.files += 1;
        let placed = held.placement.as_ref().and_then(|placement| placement.file(Kind::File));
        let placed = placed.filter(|file| file.proof.is_some());
        let current = |file: &&PlacedFile| file.tag.as_deref() == Some(node.content_tag());
        let name = named(view, &held.item)?;
        match (&held.placement, placed.filter(current)) {
            (Some(placement), Some(file)) if file.is_in_place() => {
                if self.clerk.stands(held, placement, file)? {
                    self.disk.files += 1;
                    self.settled(view, held, &name)?;
                }
            }
            (_, Some(file)) => self.clerk.not_here(held, name, Some(file)),
            (_, None) if placed.is_some() => {
                self.clerk.not_fetched(held, name, "iCloud has a newer version of it");
            }
            (_, None) => self.clerk.not_fetched(held, name, "not fetched yet"),
        }
        Ok(())
    }

    /// What is there may have to be moved all the same.
    fn settled(&mut self, view: &View, held: &Held, name: &str) -> Result<(), RunError> {
        let (place, what) = (Place::Disk, What::Misplaced);
        if let Some(mark) = &held.mark {
            let reason = mark.why.as_deref().unwrap_or("it changed in iCloud, or the job file did");
            let action = format!("made good {}", words::when(mark, self.clerk.now));
            self.clerk.found(held, name.to_owned(), place, what, reason, &action);
            return Ok(());
        }
        let above = state::ancestors(view, &held.item)?;
        let above = match above.first() {
            Some((_, top)) if top.parent.is_none() => Some(String::new()),
            Some((folder, _)) => state::placement(view, folder)?.map(|dir| dir.path(&dir.stem)),
            None => None,
        };
        if held.placement.as_ref().is_some_and(|placement| above.as_ref() != Some(&placement.folder)) {
            let action = self.clerk.look_again(held, "moved by the next run");
            let reason = "it does not lie in the directory of its folder";
            self.clerk.found(held, name.to_owned(), place, what, reason, &action);
        }
        Ok(())
    }
}
