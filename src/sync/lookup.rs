//! Looking records up by name: for URLs that have run out, for what the catalog lacks, and for files of Drive, whose
//! listings have no URLs.
//!
//! Many at a time, just before they are needed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::absorb::absorb;
use super::{Context, RunError};
use crate::http::SignedUrl;
use crate::icloud::cloudkit::CloudKitError;
use crate::icloud::drive::{DriveError, TOKENS, Token};
use crate::icloud::photos::Decoded;
use crate::model::{Kind, Part, Resource};
use crate::state;

/// Records of one lookup.
const LOOKUP: usize = 100;

/// How long a lookup waits for company.
const LINGER: Duration = Duration::from_millis(20);

/// What looking a record up gave.
#[derive(Clone)]
pub(super) enum Renewed {
    /// Its resources as they are now, and URLs for those that can be fetched.
    Found { resources: Vec<Resource>, urls: Vec<(Kind, SignedUrl)> },
    /// A file of Drive, and where its bytes are.
    Document(Token),
    /// A file of Drive for which there is nothing to fetch yet.
    NotYet,
    /// A file of Drive that iCloud refuses to give, as it does with empty ones (pyicloud).
    Refused,
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
                    let batch = self.take_batch(if ctx.part == Part::Drive { TOKENS } else { LOOKUP });
                    if !batch.is_empty() {
                        serve(ctx, batch).await?;
                    }
                }
            }
        }
    }

    /// The asks for one zone, as many as one lookup takes.
    fn take_batch(&self, most: usize) -> Vec<Ask> {
        let mut queue = self.lock();
        let Some(zone) = queue.first().map(|ask| ask.zone) else { return vec![] };
        let (mut batch, mut rest) = (vec![], vec![]);
        for ask in queue.drain(..) {
            let fits = ask.zone == zone && batch.len() < most;
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
    let found = match ctx.part {
        Part::Photos => look_up(ctx, zone, &names).await?,
        Part::Drive => documents(ctx, zone, &names).await?,
    };
    let found: HashMap<String, Renewed> = found.into_iter().collect();
    for ask in batch {
        let gone = || Renewed::Gone("iCloud no longer gives its record".into());
        // A worker that is gone has no use for the answer.
        let _nobody = ask.reply.send(found.get(&ask.record).cloned().unwrap_or_else(gone));
    }
    Ok(())
}

/// Asks where the bytes of files of Drive are. Those that an answer for many leaves out are asked for one by one, which tells
/// why.
async fn documents(ctx: &Context, zone: u16, names: &[String]) -> Result<Vec<(String, Renewed)>, RunError> {
    let zones = ctx.read(state::zones).await?;
    let Some(id) = zones.into_iter().find(|(number, _)| *number == zone).map(|(_, row)| row.id) else {
        return Ok(vec![]);
    };
    let mut tokens = match ctx.drive.tokens(&id.name, names).await {
        Ok(tokens) => tokens,
        // One of them may be what it stumbles over (icloud-docker #198).
        Err(DriveError::Refused { .. } | DriveError::NotFound { .. } | DriveError::Busy { .. }) => {
            HashMap::new()
        }
        Err(error) => return Err(error.into()),
    };
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        let renewed = match tokens.remove(name) {
            Some(token) => Renewed::Document(token),
            None => match ctx.drive.token(&id.name, name).await {
                Ok(Some(token)) => Renewed::Document(token),
                Ok(None) => Renewed::NotYet,
                Err(DriveError::Refused { .. }) => Renewed::Refused,
                Err(error @ (DriveError::NotFound { .. } | DriveError::Busy { .. })) => {
                    Renewed::Gone(error.to_string())
                }
                Err(error) => return Err(error.into()),
            },
        };
        found.push((name.clone(), renewed));
    }
    Ok(found)
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

/// Asks for records of which it is doubtful what they are by now, and takes the answer for the truth: one that iCloud does
/// not have under its name is gone, and one that it gives is settled unless it makes no sense.
pub(super) async fn ask_for_truth(ctx: &Context, zone: u16, names: &[String]) -> Result<(), RunError> {
    let zones = ctx.read(state::zones).await?;
    let Some(id) = zones.into_iter().find(|(number, _)| *number == zone).map(|(_, row)| row.id) else {
        return Ok(());
    };
    let mut records = Vec::with_capacity(names.len());
    let mut settled = Vec::with_capacity(names.len());
    for (name, answer) in ctx.photos.lookup(&id, names).await? {
        let record = match answer {
            Ok(record) => record,
            Err(CloudKitError::NotFound { .. }) => Decoded::Gone { record: name.clone() },
            Err(error) => Decoded::Broken { record: name.clone(), why: error.to_string() },
        };
        settled.extend((!matches!(record, Decoded::Broken { .. })).then_some(name));
        records.push(record);
    }
    let catalog = ctx.clone();
    ctx.write(move |batch| {
        // Before the records: one of them may turn out to be without sense again.
        settled.iter().try_for_each(|name| batch.settle(zone, name))?;
        absorb(&catalog, batch, zone, &records, false)
    })
    .await?;
    Ok(())
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
