//! The calls.

use std::collections::HashMap;

use tokio::sync::mpsc;

use super::decode::{Decoded, decode};
use super::list::{Listed, list_all};
use super::outline::{Outline, outline};
use super::page::Page;
use super::query::{self, List};
use crate::http::retry::with_retry;
use crate::icloud::cloudkit::{
    Batch, Call, Client, CloudKitError, Databases, Deltas, Fault, Queried, Record, ZoneEntry,
};
use crate::icloud::session::Session;
use crate::model::{Area, ZoneId};

/// Names in one lookup. Apple documents 200 for public databases; half of it is safe.
const LOOKUP: usize = 100;

/// Queries in one batch of counts; no limit is known.
pub const COUNTS: usize = 100;

/// Pages of libraries, and of the albums of one folder, after which the server is taken to make them up.
const MOST_PAGES: usize = 1_000;

/// The photos of an account, read only. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Photos {
    client: Client,
}

/// The zones of an area.
#[derive(Debug, Default)]
pub struct Zones {
    /// Zones that exist, each with the token of its state at this moment.
    pub zones: Vec<(ZoneId, Option<String>)>,
    /// Entries that were errors and not zones (`icloud_photos_downloader` PR #1367).
    pub refused: usize,
}

/// How far the server is with indexing a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indexing {
    /// `FINISHED`, `RUNNING`, `NOT_FINISHED` or a word not known yet; `None` when the answer has none.
    pub state: Option<String>,
    /// Per cent.
    pub progress: Option<i64>,
    /// The zone's token at this moment.
    pub sync_token: Option<String>,
}

impl Indexing {
    /// Whether lists are complete. When not, photos are served all the same, for days (kei #144), but nothing
    /// may be concluded from what a list lacks.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.state.as_deref() == Some("FINISHED")
    }
}

/// A page of the changes of a zone.
#[derive(Debug)]
pub struct DeltaPage<R = Decoded> {
    /// Changed records in their present state, and tombstones, in no order to rely on.
    pub records: Vec<R>,
    /// Where to go on from; valid even when more pages follow.
    pub token: String,
    /// Whether more pages follow. Many of them may be empty.
    pub more: bool,
}

impl Photos {
    /// The photos that `session` opens.
    #[must_use]
    pub fn new(session: Session) -> Self {
        Self { client: Client::new(session) }
    }

    /// All zones of an area, with tokens to start from.
    pub async fn zones(&self, area: Area) -> Result<Zones, CloudKitError> {
        let mut all = Zones::default();
        let mut token: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let body = query::zones(token.as_deref());
            let answer: Databases = self.client.post(area, Call::ChangesDatabase, &body).await?;
            all.take(area, answer.zones.unwrap_or_default());
            if !answer.more {
                return Ok(all);
            }
            if answer.sync_token.is_none() || answer.sync_token == token {
                break;
            }
            token = answer.sync_token;
        }
        Err(CloudKitError::Stuck { what: "the list of libraries" })
    }

    /// How far the server is with indexing `zone`.
    pub async fn indexing(&self, zone: &ZoneId) -> Result<Indexing, CloudKitError> {
        let answer: Queried = self.client.post(zone.area, Call::Query, &query::indexing(zone)).await?;
        Ok(Indexing::of(answer))
    }

    /// How many items the server believes lists to have, in the order asked; `None` where it did not say. A hint
    /// for splitting work and a plausibility check: it is wrong both ways (`icloud_photos_downloader` #1165,
    /// #1272), so it never ends a loop and never proves anything.
    pub async fn counts(
        &self,
        area: Area,
        asked: &[(ZoneId, List)],
    ) -> Result<Vec<Option<u64>>, CloudKitError> {
        let mut all = Vec::with_capacity(asked.len());
        for some in asked.chunks(COUNTS) {
            let answer: Batch = self.client.post(area, Call::QueryBatch, &query::counts(some)).await?;
            all.extend(counts_of(some, answer.batch.unwrap_or_default()));
        }
        Ok(all)
    }

    /// The page of a list that begins with the item of rank `start_rank`, newest first.
    pub async fn page(&self, zone: &ZoneId, list: &List, start_rank: u64) -> Result<Page, CloudKitError> {
        let body = query::page(zone, list, start_rank);
        let answer: Queried = self.client.post(zone.area, Call::Query, &body).await?;
        Ok(Page::of(list, answer))
    }

    /// A whole list: pages go to `out` in no order, up to `width` requests are in flight. See [`Listed`].
    pub async fn list(
        &self,
        zone: &ZoneId,
        list: &List,
        count_hint: Option<u64>,
        width: usize,
        out: mpsc::Sender<Page>,
    ) -> Result<Listed, CloudKitError> {
        let fetch = |rank| self.page(zone, list, rank);
        list_all(fetch, list.stride(), count_hint, width, &out).await
    }

    /// The albums and folders within a folder, or at root level: [`Decoded::Album`] and [`Decoded::Broken`]
    /// alone. Pages hold 200; clients that did not follow the marker showed 200 (pyicloud #388).
    pub async fn albums(&self, zone: &ZoneId, parent: Option<&str>) -> Result<Vec<Decoded>, CloudKitError> {
        let mut all = Vec::new();
        let mut marker: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let body = query::albums(zone, parent, marker.as_deref());
            let answer: Queried = self.client.post(zone.area, Call::Query, &body).await?;
            all.extend(
                answer
                    .records
                    .into_iter()
                    .flatten()
                    .map(decode)
                    .filter(|record| matches!(record, Decoded::Album(_) | Decoded::Broken { .. })),
            );
            match answer.marker {
                None => return Ok(all),
                same if same == marker => break,
                next => marker = next,
            }
        }
        Err(CloudKitError::Stuck { what: "the list of albums" })
    }

    /// Queried by name, with fresh URLs: one entry for each name, in the order asked. A record that is gone is
    /// [`CloudKitError::NotFound`] or [`Decoded::Gone`].
    pub async fn lookup(
        &self,
        zone: &ZoneId,
        names: &[String],
    ) -> Result<Vec<(String, Result<Decoded, CloudKitError>)>, CloudKitError> {
        let mut all = Vec::with_capacity(names.len());
        let (mut rest, mut at_once) = (names, LOOKUP);
        while !rest.is_empty() {
            let (some, after) = rest.split_at(at_once.min(rest.len()));
            let body = query::lookup(zone, some);
            match self.client.post::<Queried>(zone.area, Call::Lookup, &body).await {
                Ok(answer) => all.extend(found(some, answer.records.unwrap_or_default())),
                Err(CloudKitError::TooManyRecords { .. }) if some.len() > 1 => {
                    at_once = some.len() / 2;
                    continue;
                }
                Err(error) => return Err(error),
            }
            rest = after;
        }
        Ok(all)
    }

    /// A page of changes for each zone, all in one request: what came since its token, or its whole history where
    /// there is none. In the order asked; zones fail one by one.
    pub async fn changes(&self, area: Area, zones: &[Since]) -> Result<Vec<Delta>, CloudKitError> {
        self.deltas(area, zones, Form { body: query::changes, read: decode }).await
    }

    /// As [`Photos::changes`], in outline: no download address is made for it.
    pub async fn outlines(&self, area: Area, zones: &[Since]) -> Result<Vec<Delta<Outline>>, CloudKitError> {
        self.deltas(area, zones, Form { body: query::outlines, read: outline }).await
    }

    async fn deltas<R>(
        &self,
        area: Area,
        zones: &[Since],
        form: Form<R>,
    ) -> Result<Vec<Delta<R>>, CloudKitError> {
        let mut all = self.deltas_once(area, zones, form).await?;
        for (asked, (_, page)) in zones.iter().zip(&mut all) {
            // An op-lock comes within an answer of status 200 (kei #94), where the retry of the call is blind to
            // it: so the entry counts as the first try of this zone.
            let mut first = Some(std::mem::replace(page, Err(UNANSWERED)));
            *page = with_retry(Call::ChangesZone.path(), self.client.patience(), || {
                let answered = first.take();
                async move {
                    match answered {
                        Some(page) => page,
                        None => self.delta_of(area, asked, form).await,
                    }
                }
            })
            .await;
        }
        Ok(all)
    }

    async fn delta_of<R>(
        &self,
        area: Area,
        asked: &Since,
        form: Form<R>,
    ) -> Result<DeltaPage<R>, CloudKitError> {
        let mut answers = self.deltas_once(area, std::slice::from_ref(asked), form).await?;
        answers.pop().map_or(Err(UNANSWERED), |(_, page)| page)
    }

    async fn deltas_once<R>(
        &self,
        area: Area,
        zones: &[Since],
        form: Form<R>,
    ) -> Result<Vec<Delta<R>>, CloudKitError> {
        let answer: Deltas = self.client.post(area, Call::ChangesZone, &(form.body)(zones)).await?;
        Ok(deltas_of(zones, answer.zones.unwrap_or_default(), form.read))
    }
}

/// A zone and the token to ask its changes from; its whole history where there is none.
pub type Since = (ZoneId, Option<String>);

/// A page of a zone's changes, or why there is none.
pub type Delta<R = Decoded> = (ZoneId, Result<DeltaPage<R>, CloudKitError>);

/// How changes are asked for, and how their records are read.
struct Form<R> {
    body: fn(&[Since]) -> serde_json::Value,
    read: fn(Record) -> R,
}

impl<R> Clone for Form<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Form<R> {}

const UNANSWERED: CloudKitError = CloudKitError::Unanswered { what: "the changes of a library" };

impl Zones {
    pub(super) fn take(&mut self, area: Area, entries: Vec<ZoneEntry>) {
        for entry in entries {
            let Some(name) = entry.zone.zone_name.into_text() else {
                self.refused += 1;
                continue;
            };
            if entry.fault.is_some_and(|fault| fault.is_error()) {
                self.refused += 1;
                continue;
            }
            // A zone that is named again on a later page has its later state.
            self.zones.retain(|(known, _)| known.name != name);
            if !entry.deleted {
                let owner = entry.zone.owner.into_text();
                let zone_type = entry.zone.zone_type.into_text();
                self.zones.push((ZoneId { area, name, owner, zone_type }, entry.sync_token));
            }
        }
    }
}

impl Indexing {
    pub(super) fn of(answer: Queried) -> Self {
        let record = answer.records.into_iter().flatten().next().unwrap_or_default();
        Self {
            state: record.fields.text("state").map(str::to_owned),
            progress: record.fields.integer("progress"),
            sync_token: answer.sync_token,
        }
    }
}

/// Matches counts by zone and index, as the order of a batch is not promised.
pub(super) fn counts_of(asked: &[(ZoneId, List)], batch: Vec<Queried>) -> Vec<Option<u64>> {
    let answers: Vec<Record> = batch.into_iter().filter_map(|one| one.records).flatten().collect();
    asked
        .iter()
        .map(|(zone, list)| {
            let id = list.count_id();
            let answer = answers.iter().find(|answer| {
                let same_zone = answer.zone.as_ref().is_none_or(|name| *name == zone.name);
                answer.name.as_ref() == Some(&id) && same_zone
            })?;
            answer.fields.integer("itemCount").and_then(|count| u64::try_from(count).ok())
        })
        .collect()
}

/// Matches found records by name: entries of missing records are errors, and the order is not promised.
pub(super) fn found(names: &[String], records: Vec<Record>) -> Vec<(String, Result<Decoded, CloudKitError>)> {
    let mut by_name: HashMap<String, Record> =
        records.into_iter().filter_map(|record| Some((record.name.clone()?, record))).collect();
    names
        .iter()
        .map(|name| {
            let found = match by_name.remove(name) {
                None => Err(CloudKitError::Unanswered { what: "a record" }),
                Some(Record { fault: Some(fault), .. }) if fault.is_error() => {
                    Err(fault.into_error(200, None))
                }
                Some(record) => Ok(decode(record)),
            };
            (name.clone(), found)
        })
        .collect()
}

/// Matches the entries of zones by name.
pub(super) fn deltas_of<R>(
    asked: &[Since],
    mut entries: Vec<ZoneEntry>,
    read: fn(Record) -> R,
) -> Vec<Delta<R>> {
    asked
        .iter()
        .map(|(zone, token)| {
            let place =
                entries.iter().position(|entry| entry.zone.zone_name.text() == Some(zone.name.as_str()));
            let page = match place {
                Some(place) => delta(entries.swap_remove(place), token.as_deref(), read),
                None => Err(UNANSWERED),
            };
            (zone.clone(), page)
        })
        .collect()
}

fn delta<R>(
    entry: ZoneEntry,
    from: Option<&str>,
    read: fn(Record) -> R,
) -> Result<DeltaPage<R>, CloudKitError> {
    if let Some(fault) = entry.fault.filter(Fault::is_error) {
        return Err(fault.into_error(200, None));
    }
    let (Some(records), Some(token)) = (entry.records, entry.sync_token) else {
        return Err(CloudKitError::Unreadable { status: 200, what: "a library without changes or token" });
    };
    if entry.more && from == Some(token.as_str()) {
        return Err(CloudKitError::Stuck { what: "the changes of a library" });
    }
    Ok(DeltaPage { records: records.into_iter().map(read).collect(), token, more: entry.more })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Callers spawn calls, so every one must be free to move between threads: this compiles, or it does not.
    const _: fn(&Photos, &ZoneId, mpsc::Sender<Page>) = |photos, zone, out| {
        fn sent<T: Send>(_: T) {}
        sent(photos.list(zone, &List::Library, None, 4, out));
        sent(photos.lookup(zone, &[]));
        sent(photos.changes(Area::Private, &[]));
        sent(photos.outlines(Area::Private, &[]));
        sent(photos.albums(zone, None));
        sent(photos.zones(Area::Shared));
        sent(photos.counts(Area::Private, &[]));
    };
}
