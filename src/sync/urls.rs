//! Signed URLs: those that came with records, and new ones when they have run out.
//!
//! URLs are long, secret and die after an hour, so they are never stored. Those of the pages just read are kept in
//! memory up to a bound; for the rest, records are looked up again, a hundred at a time, just before the fetch.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::oneshot;

use super::absorb::absorb;
use super::{Context, RunError};
use crate::http::SignedUrl;
use crate::icloud::cloudkit::CloudKitError;
use crate::icloud::photos::Decoded;
use crate::model::{Kind, Resource};
use crate::state;

/// Bytes of URLs that are kept: about 25,000 of them.
const ROOM: usize = 16 << 20;

/// A URL that dies sooner than this is no longer used (the documents' advice is five minutes).
const MARGIN: SignedDuration = SignedDuration::from_mins(5);

/// Records of one lookup.
const LOOKUP: usize = 100;

/// How long a lookup waits for company.
const LINGER: Duration = Duration::from_millis(20);

/// URLs at hand, by zone and record.
#[derive(Default)]
pub(super) struct Urls(Mutex<Known>);

#[derive(Default)]
struct Known {
    by_record: HashMap<(u16, String), Vec<(Kind, SignedUrl)>>,
    bytes: usize,
}

impl Urls {
    /// Keeps the URLs of a record while there is room.
    pub(super) fn keep(&self, zone: u16, record: &str, urls: Vec<(Kind, SignedUrl)>) {
        let mut known = self.lock();
        let bytes = weight(&urls);
        if urls.is_empty() || known.bytes + bytes > ROOM {
            return;
        }
        known.bytes += bytes;
        if let Some(old) = known.by_record.insert((zone, record.to_owned()), urls) {
            known.bytes -= weight(&old);
        }
    }

    /// A URL that lives long enough to be used.
    pub(super) fn get(&self, zone: u16, record: &str, kind: Kind, now: Timestamp) -> Option<SignedUrl> {
        let known = self.lock();
        let (_, url) = known.by_record.get(&(zone, record.to_owned()))?.iter().find(|(of, _)| *of == kind)?;
        // A URL that does not tell its end came with a page of this run, or is used once and refused.
        let alive = url.expires_at().is_none_or(|end| end.duration_since(now) > MARGIN);
        alive.then(|| url.clone())
    }

    /// Lets go of the URLs of a record.
    pub(super) fn forget(&self, zone: u16, record: &str) {
        let mut known = self.lock();
        if let Some(old) = known.by_record.remove(&(zone, record.to_owned())) {
            known.bytes -= weight(&old);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes that URLs take in memory, roughly.
fn weight(urls: &[(Kind, SignedUrl)]) -> usize {
    urls.iter().map(|(_, url)| url.expose().as_str().len() + 200).sum()
}

/// What looking a record up gave.
#[derive(Clone)]
pub(super) enum Renewed {
    /// Its resources as they are now, and URLs for those that can be fetched.
    Found { resources: Vec<Resource>, urls: Vec<(Kind, SignedUrl)> },
    /// iCloud does not give it, and why.
    Gone(String),
}

/// Looks records up in batches, for many workers at once: whoever comes first waits a moment for company, then
/// asks for all.
#[derive(Clone, Default)]
pub(super) struct Renewer {
    queue: Arc<Mutex<Vec<Ask>>>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

struct Ask {
    zone: u16,
    record: String,
    reply: oneshot::Sender<Renewed>,
}

impl Renewer {
    /// Looks a record up. The error ends the run.
    pub(super) async fn renew(&self, ctx: &Context, zone: u16, record: &str) -> Result<Renewed, RunError> {
        let (reply, mut answer) = oneshot::channel();
        self.lock().push(Ask { zone, record: record.to_owned(), reply });
        loop {
            tokio::select! {
                biased;
                renewed = &mut answer => match renewed {
                    Ok(renewed) => return Ok(renewed),
                    // Whoever asked for all failed, and that error ends the run: there is nothing to wait for.
                    Err(_) => std::future::pending().await,
                },
                _turn = self.turn.lock() => {
                    tokio::time::sleep(LINGER).await;
                    let batch = self.take_batch();
                    if !batch.is_empty() {
                        serve(ctx, batch).await?;
                    }
                }
            }
        }
    }

    /// The asks for one zone, as many as one lookup takes.
    fn take_batch(&self) -> Vec<Ask> {
        let mut queue = self.lock();
        let Some(zone) = queue.first().map(|ask| ask.zone) else { return vec![] };
        let (mut batch, mut rest) = (vec![], vec![]);
        for ask in queue.drain(..) {
            let fits = ask.zone == zone && batch.len() < LOOKUP;
            if fits { batch.push(ask) } else { rest.push(ask) }
        }
        *queue = rest;
        batch
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Ask>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn serve(ctx: &Context, batch: Vec<Ask>) -> Result<(), RunError> {
    let Some(zone) = batch.first().map(|ask| ask.zone) else { return Ok(()) };
    let mut names: Vec<String> = batch.iter().map(|ask| ask.record.clone()).collect();
    names.sort();
    names.dedup();
    let found: HashMap<String, Renewed> = look_up(ctx, zone, &names).await?.into_iter().collect();
    for ask in batch {
        let gone = || Renewed::Gone("iCloud no longer gives its record".into());
        // A worker that is gone has no use for the answer.
        let _nobody = ask.reply.send(found.get(&ask.record).cloned().unwrap_or_else(gone));
    }
    Ok(())
}

/// Asks for records by name and takes what comes into the catalog: a photo that was edited meanwhile is marked anew.
pub(super) async fn look_up(
    ctx: &Context,
    zone: u16,
    names: &[String],
) -> Result<Vec<(String, Renewed)>, RunError> {
    let zones = ctx.read(state::zones).await?;
    let Some(id) = zones.into_iter().find(|(number, _)| *number == zone).map(|(_, row)| row.id) else {
        return Ok(vec![]);
    };
    let mut found = Vec::with_capacity(names.len());
    let mut records = Vec::with_capacity(names.len());
    for (name, answer) in ctx.photos.lookup(&id, names).await? {
        found.push((name, renewed(&answer)));
        records.extend(answer);
    }
    let catalog = ctx.clone();
    ctx.write(move |batch| absorb(&catalog, batch, zone, &records, false)).await?;
    Ok(found)
}

fn renewed(answer: &Result<Decoded, CloudKitError>) -> Renewed {
    let found = |resources: &[Resource], urls: &[(Kind, SignedUrl)]| Renewed::Found {
        resources: resources.to_vec(),
        urls: urls.to_vec(),
    };
    match answer {
        Ok(Decoded::Master { master, urls, .. }) => found(&master.resources, urls),
        Ok(Decoded::Asset { asset, urls, .. }) => found(&asset.resources, urls),
        Ok(Decoded::Gone { .. }) => Renewed::Gone("it was removed from iCloud meanwhile".into()),
        Ok(Decoded::Broken { why, .. }) => Renewed::Gone(why.clone()),
        Ok(_) => Renewed::Gone("iCloud gave a record of another type".into()),
        Err(error) => Renewed::Gone(error.to_string()),
    }
}
