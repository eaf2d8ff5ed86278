//! How far the crawl of Drive is that is under way, so that it goes on after a crash where it was.
//!
//! A folder is queued once in a crawl, and listed once: who is queued again is told apart by rank, so that folders that lie in
//! each other end. Each answered batch of listings is one transaction with what it brought.

use redb::ReadableTable as _;
use serde::{Deserialize, Serialize};

use super::StateError;
use super::key::{name, pack};
use super::meta::{MetaKey, number};
use super::row::{decode, encode};
use super::tables::{Batch, Tables};
use crate::model::ItemId;

/// What a crawl lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CrawlKind {
    /// Every folder.
    Full,
    /// Every known folder in outline, and those in full that changed.
    Partial,
}

/// The crawl that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crawl {
    /// What it lists.
    pub kind: CrawlKind,
    /// When it began: seconds since 1970.
    pub began: i64,
    /// Whether every listing so far was whole. Nothing is concluded from absence after a crawl that was not.
    pub complete: bool,
}

/// When a queued folder has its turn; the lower comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Turn {
    /// Something of it changed, or it is new.
    Soon = 0,
    /// It looks as it did.
    Late = 1,
}

/// Rank of folders that were listed in this crawl.
const LISTED: u8 = 2;

/// A folder that waits to be listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queued {
    /// Folders above it, as far as it was found: 0 for the root.
    pub depth: u16,
    /// Failed tries in this crawl.
    pub tries: u32,
}

/// The crawl that is under way, if one is.
pub fn crawl(tables: &impl Tables) -> Result<Option<Crawl>, StateError> {
    let row = tables.meta().get(MetaKey::Crawl.name())?;
    row.filter(|row| !row.value().is_empty()).map(|row| decode("meta", row.value())).transpose()
}

/// When the last complete full crawl ended: seconds since 1970.
pub fn last_full_crawl(tables: &impl Tables) -> Result<Option<i64>, StateError> {
    Ok(number(tables, MetaKey::FullCrawl)?.map(u64::cast_signed))
}

/// Up to `limit` folders that wait to be listed, in their turn.
pub fn queued(tables: &impl Tables, limit: usize) -> Result<Vec<(ItemId, Turn, Queued)>, StateError> {
    let mut folders = Vec::new();
    for entry in tables.crawl().range(..(LISTED, 0, [].as_slice()))?.take(limit) {
        let (key, row) = entry?;
        let (rank, zone, record) = key.value();
        let turn = if rank == Turn::Soon as u8 { Turn::Soon } else { Turn::Late };
        folders.push((ItemId { zone, record: name("crawl", record)? }, turn, decode("crawl", row.value())?));
    }
    Ok(folders)
}

/// Whether a folder was listed in the crawl under way.
pub fn is_listed(tables: &impl Tables, folder: &ItemId) -> Result<bool, StateError> {
    Ok(tables.crawl().get((LISTED, folder.zone, pack(&folder.record).as_slice()))?.is_some())
}

impl Batch<'_> {
    /// Begins a crawl; one that was under way is forgotten.
    pub fn begin_crawl(&mut self, kind: CrawlKind, now: i64) -> Result<(), StateError> {
        self.crawl.retain(|_, _| false)?;
        self.put_crawl(&Crawl { kind, began: now, complete: true })
    }

    /// Queues a folder for the crawl under way. Tells whether that is news: one that waits or was listed is not queued
    /// again, but may have its turn sooner.
    pub fn queue_folder(&mut self, folder: &ItemId, turn: Turn, depth: u16) -> Result<bool, StateError> {
        let packed = pack(&folder.record);
        let waits = |turn: Turn| (turn as u8, folder.zone, packed.as_slice());
        if is_listed(self, folder)? || self.crawl.get(waits(Turn::Soon))?.is_some() {
            return Ok(false);
        }
        if turn == Turn::Late && self.crawl.get(waits(Turn::Late))?.is_some() {
            return Ok(false);
        }
        let sooner = self.crawl.remove(waits(Turn::Late))?.map(|row| row.value().to_vec());
        let row = match &sooner {
            Some(known) => known.clone(),
            None => encode("crawl", &Queued { depth, tries: 0 })?,
        };
        self.crawl.insert(waits(turn), row.as_slice())?;
        Ok(sooner.is_none())
    }

    /// Notes that listing a folder failed, and gives the number of its failures in this crawl. It has its turn with those
    /// that look as they did.
    pub fn requeue_folder(&mut self, folder: &ItemId) -> Result<u32, StateError> {
        let Some(mut queued) = self.take_queued(folder)? else { return Ok(0) };
        queued.tries = queued.tries.saturating_add(1);
        let row = encode("crawl", &queued)?;
        let key = (Turn::Late as u8, folder.zone, pack(&folder.record));
        self.crawl.insert((key.0, key.1, key.2.as_slice()), row.as_slice())?;
        Ok(queued.tries)
    }

    /// Notes that a folder was listed, or that it is not going to be in this crawl.
    pub fn folder_listed(&mut self, folder: &ItemId) -> Result<(), StateError> {
        let queued = self.take_queued(folder)?.unwrap_or(Queued { depth: 0, tries: 0 });
        let row = encode("crawl", &queued)?;
        self.crawl.insert((LISTED, folder.zone, pack(&folder.record).as_slice()), row.as_slice())?;
        Ok(())
    }

    /// Notes that a listing was not whole: nothing is concluded from absence at the end of this crawl.
    pub fn crawl_is_incomplete(&mut self) -> Result<(), StateError> {
        match crawl(self)? {
            Some(crawl) => self.put_crawl(&Crawl { complete: false, ..crawl }),
            None => Ok(()),
        }
    }

    /// Ends the crawl under way. `now`, in seconds since 1970, is kept as the time of the last full crawl when it was
    /// one and complete. What listings lacked is settled before; what is left of it is forgotten, to be found again.
    pub fn end_crawl(&mut self, now: i64) -> Result<(), StateError> {
        if crawl(self)?.is_some_and(|crawl| crawl.complete && crawl.kind == CrawlKind::Full) {
            self.set_meta_number(MetaKey::FullCrawl, now.cast_unsigned())?;
        }
        self.crawl.retain(|_, _| false)?;
        self.absent.retain(|_, _| false)?;
        self.meta.remove(MetaKey::Crawl.name())?;
        Ok(())
    }

    fn put_crawl(&mut self, crawl: &Crawl) -> Result<(), StateError> {
        let row = encode("meta", crawl)?;
        self.meta.insert(MetaKey::Crawl.name(), row.as_slice())?;
        Ok(())
    }

    fn take_queued(&mut self, folder: &ItemId) -> Result<Option<Queued>, StateError> {
        let packed = pack(&folder.record);
        for turn in [Turn::Soon, Turn::Late] {
            if let Some(row) = self.crawl.remove((turn as u8, folder.zone, packed.as_slice()))? {
                return decode("crawl", row.value()).map(Some);
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{State, absent_after};
    use super::*;

    fn folder(record: &str) -> ItemId {
        ItemId { zone: 0, record: record.into() }
    }

    fn waiting(state: &State) -> Vec<String> {
        queued(&state.view().unwrap(), 9).unwrap().into_iter().map(|(folder, ..)| folder.record).collect()
    }

    fn queue(state: &State, record: &str, turn: Turn) -> bool {
        state.write(|b| b.queue_folder(&folder(record), turn, 1)).unwrap()
    }

    fn missed_something(state: &State) {
        state
            .write(|b| {
                b.crawl_is_incomplete()?;
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn a_folder_is_queued_and_listed_once_in_a_crawl() {
        let state = State::in_memory().unwrap();
        state.write(|b| b.begin_crawl(CrawlKind::Full, 5)).unwrap();
        assert!(queue(&state, "A", Turn::Late) && queue(&state, "B", Turn::Late));
        assert!(queue(&state, "C", Turn::Soon));
        assert_eq!(waiting(&state), ["C", "A", "B"]);
        assert!(!queue(&state, "B", Turn::Soon), "it has its turn sooner");
        assert!(!queue(&state, "C", Turn::Late) && !queue(&state, "A", Turn::Late));
        assert_eq!(waiting(&state), ["B", "C", "A"]);
        state.write(|b| b.folder_listed(&folder("C"))).unwrap();
        assert!(!queue(&state, "C", Turn::Soon), "folders that lie in each other end");
        assert!(is_listed(&state.view().unwrap(), &folder("C")).unwrap());
        assert_eq!(state.write(|b| b.requeue_folder(&folder("B"))).unwrap(), 1);
        assert_eq!(state.write(|b| b.requeue_folder(&folder("B"))).unwrap(), 2);
        assert_eq!(waiting(&state), ["A", "B"]);
        assert_eq!(queued(&state.view().unwrap(), 1).unwrap()[0].2, Queued { depth: 1, tries: 0 });
    }

    #[test]
    fn only_a_complete_full_crawl_counts_as_one() {
        let state = State::in_memory().unwrap();
        let last = || last_full_crawl(&state.view().unwrap()).unwrap();
        for (kind, complete, then) in [
            (CrawlKind::Partial, true, None),
            (CrawlKind::Full, false, None),
            (CrawlKind::Full, true, Some(30)),
            (CrawlKind::Full, false, Some(30)),
        ] {
            state.write(|b| b.begin_crawl(kind, 20)).unwrap();
            queue(&state, "A", Turn::Soon);
            state.write(|b| b.put_absent(&folder("X"), &folder("A"), 21)).unwrap();
            if !complete {
                missed_something(&state);
            }
            let known = crawl(&state.view().unwrap()).unwrap();
            assert_eq!(known, Some(Crawl { kind, began: 20, complete }));
            state.write(|b| b.end_crawl(30)).unwrap();
            assert_eq!(last(), then);
            let view = state.view().unwrap();
            assert_eq!(crawl(&view).unwrap(), None);
            assert!(waiting(&state).is_empty() && absent_after(&view, None, 9).unwrap().is_empty());
        }
    }

    #[test]
    fn a_crawl_that_begins_forgets_the_one_before() {
        let state = State::in_memory().unwrap();
        state.write(|b| b.begin_crawl(CrawlKind::Full, 1)).unwrap();
        state.write(|b| b.folder_listed(&folder("A"))).unwrap();
        missed_something(&state);
        state.write(|b| b.begin_crawl(CrawlKind::Full, 2)).unwrap();
        assert!(crawl(&state.view().unwrap()).unwrap().unwrap().complete);
        assert!(queue(&state, "A", Turn::Late));
    }
}
