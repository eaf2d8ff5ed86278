//! What iCloud says lies in each folder, held against the catalog: by identity and version, or, in a deep look, by
//! everything that is listed.

use std::collections::{BTreeSet, HashMap};

use super::{LIBRARY, Totals, named, zones};
use crate::icloud::drive::{
    Drive, DriveError, Folder, Identity, Item, ItemKind, Listing, Standing as Listed,
};
use crate::model::{ItemId, Node};
use crate::state::{self, MetaKey, View};
use crate::sync::RunError;
use crate::sync::audit::desk::Desk;
use crate::sync::audit::difference::{Difference, Place, What};
use crate::sync::drive::{Standing, standing};

/// Folders in one request: so many are known to work.
const BATCH: usize = 20;

/// Items that are looked at in one view of the state.
const PIECE: usize = 500;

/// Asks for every folder that the job file asks for. How much there is, when that is told: in a deep look.
pub(super) async fn compare(desk: &Desk, drive: &Drive, deep: bool) -> Result<Option<Totals>, RunError> {
    let mut look =
        Look { desk, zones: HashMap::new(), totals: Totals::default(), folders: vec![], wrong: false };
    for (number, row) in zones(&desk.books.view()?)? {
        look.zones.insert(row.id.name.clone(), number);
    }
    for batch in batches(folders(desk)?) {
        desk.look_up()?;
        let asked: Vec<Folder> = batch.iter().map(|(_, folder)| folder.clone()).collect();
        let answer = if deep {
            drive.list(&asked).await.map(Answers::Full)
        } else {
            drive.outline(&asked).await.map(Answers::Outline)
        };
        let view = desk.books.view()?;
        match answer {
            Ok(Answers::Full(listings)) => {
                for ((folder, _), listing) in batch.iter().zip(listings) {
                    look.listing(&view, folder, listing, Look::full)?;
                }
            }
            Ok(Answers::Outline(listings)) => {
                for ((folder, _), listing) in batch.iter().zip(listings) {
                    look.listing(&view, folder, listing, Look::outline)?;
                }
            }
            Err(DriveError::Refused { .. } | DriveError::NotFound { .. })
                if batch.iter().all(|(_, folder)| folder.share.is_some()) =>
            {
                for (folder, _) in &batch {
                    let reason = "somebody else shares it, and iCloud does not give it this way";
                    look.tell(&view, folder, What::LeftOut, reason, "what is here of it stays as it is")?;
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    for asked in std::mem::take(&mut look.folders).chunks(BATCH) {
        desk.look_up()?;
        let ids: Vec<String> = asked.iter().map(|(_, node)| node.drivewsid.clone()).collect();
        let details = drive.details(&ids).await?;
        let view = desk.books.view()?;
        for (item, known) in asked {
            if let Some(Some(now)) = details.get(&known.drivewsid) {
                look.folder(&view, item, known, now)?;
            }
        }
    }
    if look.wrong {
        // Runs between full listings go by versions alone.
        desk.books.write(|batch| batch.set_meta_number(MetaKey::FullCrawl, 0))?;
    }
    Ok(deep.then_some(look.totals))
}

enum Answers {
    Full(Vec<Listing>),
    Outline(Vec<Listing<Option<(Identity, String)>>>),
}

/// The folders that the job file asks for.
fn folders(desk: &Desk) -> Result<Vec<(ItemId, Folder)>, RunError> {
    let (mut folders, mut last) = (Vec::new(), None::<ItemId>);
    loop {
        let view = desk.books.view()?;
        let piece = state::nodes_after(&view, last.as_ref(), PIECE)?;
        let Some((item, _)) = piece.last() else { return Ok(folders) };
        last = Some(item.clone());
        let (zones, policy) = (zones(&view)?, desk.job.drive.as_ref());
        for (item, node) in piece.into_iter().filter(|(_, node)| node.kind.holds_items() && !node.gone) {
            let Some(policy) = policy else { continue };
            if matches!(standing(&view, &item, &zones, policy)?, Standing::Wanted(_)) {
                let share = state::share_of(&view, &item)?;
                folders.push((item, Folder { drivewsid: node.drivewsid, share }));
            }
        }
    }
}

/// What goes into one request. A folder that is shared goes by itself: one that iCloud refuses has the others refused.
fn batches(folders: Vec<(ItemId, Folder)>) -> Vec<Vec<(ItemId, Folder)>> {
    let (shared, own): (Vec<_>, Vec<_>) = folders.into_iter().partition(|(_, folder)| folder.share.is_some());
    let mut batches: Vec<_> = own.chunks(BATCH).map(<[_]>::to_vec).collect();
    batches.extend(shared.into_iter().map(|one| vec![one]));
    batches
}

struct Look<'a> {
    desk: &'a Desk,
    /// Numbers of the zones, by name.
    zones: HashMap<String, u16>,
    totals: Totals,
    /// Folders whose version is another one, which tells nothing of their names.
    folders: Vec<(ItemId, Node)>,
    /// Whether the catalog is wrong about something of which iCloud's version is the same.
    wrong: bool,
}

impl Look<'_> {
    /// Holds the listing of a folder against the catalog. `each` looks at one item and gives its identity, when it has one.
    fn listing<T>(
        &mut self,
        view: &View,
        folder: &ItemId,
        listing: Listing<T>,
        each: impl Fn(&mut Self, &View, &ItemId, T) -> Result<Option<ItemId>, RunError>,
    ) -> Result<(), RunError> {
        match listing.standing {
            Listed::Listed => {}
            Listed::Invalid => {
                let reason = "iCloud has no such folder any more";
                return self.tell(view, folder, What::Gone, reason, "asked for by name by the next run");
            }
            Listed::Missing => {
                let reason = "iCloud left the folder out of its answer";
                return self.tell(view, folder, What::NotListed, reason, "listed by the next run");
            }
        }
        let mut left: BTreeSet<ItemId> = state::children(view, folder)?.into_iter().collect();
        let mut whole = listing.is_whole;
        for item in listing.items {
            match each(self, view, folder, item)? {
                Some(item) => drop(left.remove(&item)),
                // It may be any of those that are known.
                None => whole = false,
            }
        }
        for missing in left.iter().filter(|_| whole) {
            let reason = "the listing of its folder does not have it";
            self.tell(view, missing, What::Gone, reason, "asked for by name by the next run")?;
        }
        Ok(())
    }

    fn outline(
        &mut self,
        view: &View,
        folder: &ItemId,
        item: Option<(Identity, String)>,
    ) -> Result<Option<ItemId>, RunError> {
        let Some((identity, etag)) = item else { return self.unreadable(view, folder, "it makes no sense") };
        let Some(item) = self.known(&identity, || identity.document.clone()) else { return Ok(None) };
        match catalog(view, &item)? {
            None => {
                self.tell(view, &item, What::New, "it came since the last run", "listed by the next run")?;
            }
            // The version of a folder changes with what is in it.
            Some(known) if known.etag != etag && known.kind.holds_items() => {
                self.folders.push((item.clone(), known));
            }
            Some(known) if known.etag != etag => {
                let reason = "it changed since the last run";
                self.tell(view, &item, What::Changed, reason, "listed by the next run")?;
            }
            Some(known) => self.place(view, folder, &item, &known)?,
        }
        Ok(Some(item))
    }

    fn full(
        &mut self,
        view: &View,
        folder: &ItemId,
        item: Result<Item, crate::icloud::drive::BrokenItem>,
    ) -> Result<Option<ItemId>, RunError> {
        let item = match item {
            Ok(item) => item,
            Err(broken) => return self.unreadable(view, folder, broken.why),
        };
        match item.kind {
            ItemKind::File => self.totals.files += 1,
            ItemKind::Folder | ItemKind::Library => self.totals.folders += 1,
            // The summary of a run counts those.
            ItemKind::Unknown(_) => return Ok(self.zone_of(&item.identity)),
        }
        let Some(id) = self.known(&item.identity, || item.name.clone()) else { return Ok(None) };
        match catalog(view, &id)? {
            None => {
                let what = (Place::Icloud, What::New);
                let (reason, action) = ("the catalog does not know it", "listed by the next run");
                self.desk.found(&Difference::new(LIBRARY, &item.name, what, reason, action).of(&id.record));
            }
            Some(known) if known.etag != item.etag && known.kind.holds_items() => {
                self.folder(view, &id, &known, &item)?;
            }
            Some(known) if known.etag != item.etag => {
                let reason = "it changed since the last run";
                self.tell(view, &id, What::Changed, reason, "listed by the next run")?;
            }
            Some(known) => {
                let same =
                    (&known.name, known.size, known.modified_ms) == (&item.name, item.size, item.modified_ms);
                if same {
                    self.place(view, folder, &id, &known)?;
                } else {
                    self.wrong = true;
                    let reason = "its name, size or date is another one, though its version is the same";
                    let action = self.desk.will("listed in full by the next run");
                    self.tell(view, &id, What::Changed, reason, &action)?;
                }
            }
        }
        Ok(Some(id))
    }

    /// A folder of another version: its name may be another one, or only something in it changed.
    fn folder(&self, view: &View, id: &ItemId, known: &Node, item: &Item) -> Result<(), RunError> {
        if known.name == item.name {
            return Ok(());
        }
        let reason = format!("it is called `{}` now", item.name);
        self.tell(view, id, What::Changed, &reason, "listed by the next run")
    }

    /// Whether the catalog has an item in the folder in which iCloud has it.
    fn place(&mut self, view: &View, folder: &ItemId, item: &ItemId, known: &Node) -> Result<(), RunError> {
        if known.parent.as_ref() == Some(folder) {
            return Ok(());
        }
        self.wrong = true;
        let action = self.desk.will("listed in full by the next run");
        self.tell(view, item, What::Changed, "it lies in another folder", &action)
    }

    /// The item of an identity. One in a zone that is not known is told.
    fn known(&self, identity: &Identity, name: impl Fn() -> String) -> Option<ItemId> {
        let item = self.zone_of(identity);
        if item.is_none() {
            let what = (Place::Icloud, What::New);
            let (reason, action) = ("the catalog does not know its library", "listed by the next run");
            self.desk.found(&Difference::new(LIBRARY, name(), what, reason, action).of(&identity.document));
        }
        item
    }

    fn zone_of(&self, identity: &Identity) -> Option<ItemId> {
        let zone = *self.zones.get(&identity.zone)?;
        Some(ItemId { zone, record: identity.document.clone() })
    }

    fn unreadable(&self, view: &View, folder: &ItemId, why: &str) -> Result<Option<ItemId>, RunError> {
        let reason = format!("an item in it cannot be read: {why}");
        self.tell(view, folder, What::Unreadable, &reason, "listed again by the next run")?;
        Ok(None)
    }

    fn tell(
        &self,
        view: &View,
        item: &ItemId,
        what: What,
        reason: &str,
        action: &str,
    ) -> Result<(), RunError> {
        let found = Difference::new(LIBRARY, named(view, item)?, (Place::Icloud, what), reason, action);
        self.desk.found(&found.of(&item.record));
        Ok(())
    }
}

fn catalog(view: &View, item: &ItemId) -> Result<Option<Node>, RunError> {
    Ok(state::node(view, item)?.filter(|node| !node.gone))
}
