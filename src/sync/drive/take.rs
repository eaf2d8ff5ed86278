//! Taking listings of folders into the catalog, within one transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Scope;
use crate::icloud::drive::{BrokenItem, Folder, Identity, Item, ItemKind, Listing, Standing};
use crate::model::{ItemId, Node, NodeKind, ZoneId};
use crate::state::{self, Batch, Change, Queued, StateError, Turn};
use crate::sync::Context;

/// How often a folder is asked for in one crawl before it is left to the next.
const TRIES: u32 = 3;

/// Folders in folders that are followed.
const DEEPEST: u16 = 128;

/// A folder about to be listed.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) item: ItemId,
    pub(super) queued: Queued,
    pub(super) folder: Folder,
}

/// What listing folders gave.
pub(super) enum Answers {
    /// All that lies in them.
    Full(Vec<Listing>),
    /// Who lies in them, in which version.
    Outline(Vec<Listing<Option<(Identity, String)>>>),
    /// None of them can be listed at present.
    Nothing,
    /// Somebody else shares them, and they cannot be had this way (rclone #9477).
    Unreachable,
}

/// Folders and what listing them gave, in the same order.
pub(super) struct Answered {
    pub(super) asked: Vec<Asked>,
    pub(super) answers: Answers,
}

/// What was new in a batch of listings.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Items that came.
    pub(super) items: u64,
    added: u64,
    changed: u64,
    deleted: u64,
    broken: Vec<BrokenItem>,
    unknown: BTreeMap<String, u64>,
    warnings: Vec<String>,
}

impl Taken {
    /// Adds it to what the summary will tell.
    pub(super) fn tell(self, ctx: &Context) {
        for item in &self.broken {
            ctx.tally
                .broken(if item.what.is_empty() { "an item without a name" } else { &item.what }, item.why);
        }
        self.warnings.into_iter().for_each(|line| ctx.warn(line));
        ctx.tally.note(|out| {
            for (kind, count) in self.unknown {
                *out.ignored_records.entry(kind).or_default() += count;
            }
            let library = out.libraries.entry("iCloud Drive".to_owned()).or_default();
            library.added += self.added;
            library.changed += self.changed;
            library.deleted += self.deleted;
        });
    }

    pub(super) fn count(&mut self, change: Change) {
        match change {
            Change::New => self.added += 1,
            Change::Changed => self.changed += 1,
            Change::Left => self.deleted += 1,
            Change::Same => {}
        }
    }
}

/// Takes listings into the catalog and queues what they ask for.
pub(super) fn take(ctx: &Context, batch: &mut Batch<'_>, answered: &Answered) -> Result<Taken, StateError> {
    let mut taking = Taking { ctx, batch, zones: HashMap::new(), taken: Taken::default() };
    match &answered.answers {
        Answers::Full(listings) => {
            for (asked, listing) in answered.asked.iter().zip(listings) {
                if taking.stands(asked, listing.standing)? {
                    taking.full(asked, listing)?;
                }
            }
        }
        Answers::Outline(listings) => {
            for (asked, listing) in answered.asked.iter().zip(listings) {
                if taking.stands(asked, listing.standing)? {
                    taking.outline(asked, listing)?;
                }
            }
        }
        Answers::Nothing => {
            for asked in &answered.asked {
                taking.stands(asked, Standing::Missing)?;
            }
        }
        Answers::Unreachable => answered.asked.iter().try_for_each(|asked| taking.unreachable(asked))?,
    }
    Ok(taking.taken)
}

struct Taking<'a, 'tx> {
    ctx: &'a Context,
    batch: &'a mut Batch<'tx>,
    zones: HashMap<String, u16>,
    taken: Taken,
}

impl Taking<'_, '_> {
    /// Whether the folder was listed. One that was not is asked for again, and left to the next crawl in the end.
    fn stands(&mut self, asked: &Asked, standing: Standing) -> Result<bool, StateError> {
        match standing {
            Standing::Listed => return Ok(true),
            Standing::Invalid => {
                // It is gone, or its id was never one. Whoever asks for it by name learns which.
                let parent = state::node(self.batch, &asked.item)?.and_then(|node| node.parent);
                let folder = parent.unwrap_or_else(|| asked.item.clone());
                self.batch.put_absent(&asked.item, &folder, self.ctx.now())?;
                self.batch.folder_listed(&asked.item)?;
            }
            Standing::Missing => {
                if self.batch.requeue_folder(&asked.item)? >= TRIES {
                    self.batch.folder_listed(&asked.item)?;
                    self.incomplete(&asked.item, "iCloud left it out of its answers")?;
                }
            }
        }
        Ok(false)
    }

    fn full(&mut self, asked: &Asked, listing: &Listing) -> Result<(), StateError> {
        let folder = &asked.item;
        let mut left: BTreeSet<ItemId> = state::children(self.batch, folder)?.into_iter().collect();
        let names = self.names(folder)?;
        let mut whole = listing.is_whole;
        for item in &listing.items {
            self.taken.items += 1;
            match item {
                Ok(item) => {
                    let id = self.id(&item.identity)?;
                    left.remove(&id);
                    self.item(&id, item, asked, &names)?;
                }
                Err(broken) => {
                    self.taken.broken.push(broken.clone());
                    match Identity::parse(&broken.what) {
                        Some(identity) => drop(left.remove(&self.id(&identity)?)),
                        // It may be any of those that are known.
                        None => whole &= left.is_empty(),
                    }
                }
            }
        }
        for missing in left {
            if whole {
                self.batch.put_absent(&missing, folder, self.ctx.now())?;
            } else {
                self.incomplete(folder, "iCloud listed fewer items than it says there are")?;
                break;
            }
        }
        self.batch.folder_listed(folder)
    }

    fn item(&mut self, id: &ItemId, item: &Item, asked: &Asked, names: &[String]) -> Result<(), StateError> {
        let kind = match &item.kind {
            ItemKind::File => NodeKind::File,
            ItemKind::Folder => NodeKind::Folder,
            ItemKind::Library => NodeKind::Library,
            ItemKind::Unknown(kind) => {
                *self.taken.unknown.entry(kind.clone()).or_default() += 1;
                // What lies on disk of it stays.
                return self.batch.found(id);
            }
        };
        let node = node(item, kind, asked.item.clone());
        let old = state::node(self.batch, id)?;
        let is_new = old.is_none_or(|old| old.gone || !old.kind.holds_items());
        let follow = kind.holds_items() && self.is_followed(&node, &item.identity.zone, names);
        let change = self.batch.put_node(id, node)?;
        self.taken.count(change);
        let depth = asked.queued.depth.saturating_add(1);
        if follow && depth <= DEEPEST {
            self.batch.queue_folder(id, if is_new { Turn::Soon } else { Turn::Late }, depth)?;
        } else if follow {
            self.incomplete(id, "it lies too deep")?;
        }
        Ok(())
    }

    /// Whether anything in a folder may be in scope.
    fn is_followed(&self, node: &Node, zone: &str, names: &[String]) -> bool {
        let Some(drive) = &self.ctx.job.drive else { return true };
        let scope = Scope(drive);
        let shown: Vec<&str> =
            names.iter().map(String::as_str).chain(std::iter::once(node.name.as_str())).collect();
        scope.leaves_out_library(node, &ZoneId::drive(zone, None)).is_none()
            && scope.is_excluded(&shown, true).is_none()
    }

    fn outline(
        &mut self,
        asked: &Asked,
        listing: &Listing<Option<(Identity, String)>>,
    ) -> Result<(), StateError> {
        let mut known = BTreeMap::new();
        for child in state::children(self.batch, &asked.item)? {
            if let Some(node) = state::node(self.batch, &child)? {
                known.insert(child, node.etag);
            }
        }
        let mut same = listing.is_whole && listing.items.len() == known.len();
        for item in &listing.items {
            let Some((identity, etag)) = item.as_ref().filter(|_| same) else {
                same = false;
                break;
            };
            same = known.get(&self.id(identity)?) == Some(etag);
        }
        self.taken.items += listing.items.len() as u64;
        if same {
            return self.batch.folder_listed(&asked.item);
        }
        self.batch.queue_folder(&asked.item, Turn::Soon, asked.queued.depth).map(drop)
    }

    /// Somebody else shares the folder in a way that this service does not give: what is here of it stays as it is.
    fn unreachable(&mut self, asked: &Asked) -> Result<(), StateError> {
        let names = self.names(&asked.item)?.join("/");
        self.taken.warnings.push(format!(
            "`{names}` is shared by someone else and iCloud does not give what is in it this way: what is here of it stays \
             as it is"
        ));
        self.batch.folder_listed(&asked.item)
    }

    /// Nothing is concluded from absence in this crawl.
    fn incomplete(&mut self, folder: &ItemId, why: &str) -> Result<(), StateError> {
        let names = self.names(folder)?.join("/");
        let shown =
            if names.is_empty() { "The top folder of iCloud Drive".to_owned() } else { format!("`{names}`") };
        self.taken
            .warnings
            .push(format!("{shown} was not listed as a whole ({why}): nothing is removed in this run"));
        self.batch.crawl_is_incomplete()
    }

    /// Names from the top down to a folder; empty for the top.
    fn names(&self, folder: &ItemId) -> Result<Vec<String>, StateError> {
        let own = state::node(self.batch, folder)?.map(|node| node.name);
        let above = state::ancestors(self.batch, folder)?.into_iter().map(|(_, node)| node.name);
        let mut names: Vec<String> = own.into_iter().chain(above).filter(|name| !name.is_empty()).collect();
        names.reverse();
        Ok(names)
    }

    fn id(&mut self, identity: &Identity) -> Result<ItemId, StateError> {
        let zone = if let Some(zone) = self.zones.get(&identity.zone) {
            *zone
        } else {
            let zone = self.batch.drive_zone(&ZoneId::drive(&identity.zone, None))?;
            self.zones.insert(identity.zone.clone(), zone);
            zone
        };
        Ok(ItemId { zone, record: identity.document.clone() })
    }
}

/// The catalog's row for an item that lies in `parent`.
pub(super) fn node(item: &Item, kind: NodeKind, parent: ItemId) -> Node {
    Node {
        record: item.identity.document.clone(),
        drivewsid: item.drivewsid.clone(),
        parent: Some(parent),
        kind,
        name: item.name.clone(),
        etag: item.etag.clone(),
        size: item.size,
        modified_ms: item.modified_ms,
        created_ms: item.created_ms,
        share: item.share.clone(),
        package: None,
        gone: false,
    }
}
