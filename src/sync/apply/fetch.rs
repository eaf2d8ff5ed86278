//! Bringing one file home: URL, body, again where it broke, verdict.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::sync::mpsc;

use super::body::{Landed, Next, Partial};
use super::document::{self, Met};
use super::local;
use super::record::{Report, Settled};
use super::task::{Length, Task};
use crate::event::Event;
use crate::http::retry::{self, Class, Classify as _};
use crate::http::{Download, HttpError, SignedUrl};
use crate::model::{ContentHasher, Digest};
use crate::sync::context::blocking;
use crate::sync::lookup::{Renewed, Renewer};
use crate::sync::{Context, RunError};
use crate::tree::TreeError;

/// Bodies that failed one after the other, over all workers.
#[derive(Debug, Default)]
pub(super) struct Streak {
    length: AtomicU64,
    last: Mutex<String>,
}

impl Streak {
    pub(super) fn length(&self) -> u64 {
        self.length.load(Ordering::Relaxed)
    }

    pub(super) fn last(&self) -> String {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn broken(&self) {
        self.length.store(0, Ordering::Relaxed);
    }

    fn failed(&self, why: &str) {
        self.length.fetch_add(1, Ordering::Relaxed);
        why.clone_into(&mut self.last.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// What a try came to.
enum Attempt {
    Done(Landed),
    /// The URL is of no use: another one may be.
    Useless(String),
    /// What is on disk of it does not fit what the host has.
    Misfit,
    /// The host asks for patience.
    Throttled(Option<Duration>),
    /// Worth another try.
    Broken(String),
    /// It is not the host but this disk: another try brings the same.
    Local(String),
}

/// Brings a file home, or tells why not. The error ends the run.
pub(super) async fn bring(
    ctx: &Context,
    renewer: &Renewer,
    streak: &Streak,
    mut task: Box<Task>,
) -> Result<Report, RunError> {
    if let Some(report) = local::bring(ctx, &mut task).await? {
        return Ok(report);
    }
    let mut before: Option<Digest> = None;
    let mut why = String::new();
    let (mut renew, mut useless) = (false, false);
    // Whether the next request is none that trouble makes again.
    let (mut tries, mut free) = (0, true);
    while let Some(wait) = retry::BODY.get(tries) {
        if !std::mem::take(&mut free) {
            ctx.http.patience().spend()?;
        }
        tries += 1;
        tokio::select! {
            () = ctx.stop.cancelled() => return Err(RunError::Interrupted),
            () = tokio::time::sleep(*wait) => {}
        }
        let url = match url_for(ctx, renewer, &mut task, renew).await? {
            Ok(url) => url,
            Err(settled) => return Ok(Report::Settled { task, settled }),
        };
        match attempt(ctx, &task, url.as_ref(), before.as_ref()).await? {
            Attempt::Done(Landed::Placed(home)) => {
                streak.broken();
                return Ok(Report::Settled { task, settled: Settled::Placed(home) });
            }
            Attempt::Done(Landed::Wrong(digest)) => {
                why = "the bytes that came do not match Apple's checksum".into();
                // A fresh URL: a damaged copy may sit in a cache on the way.
                (before, renew) = (Some(digest), true);
            }
            Attempt::Done(Landed::Short { have }) => {
                why = format!("only {have} of {} bytes came", task.wanted.resource.size);
            }
            Attempt::Done(Landed::Long) => {
                why = format!("more than the {} bytes of the file came", task.wanted.resource.size);
            }
            Attempt::Useless(reason) => {
                why = reason;
                // A fresh one as well: it is not the URL.
                if std::mem::replace(&mut useless, true) {
                    break;
                }
                // URLs end, and renewing one is no trouble: at once.
                (renew, free, tries) = (true, true, tries - 1);
            }
            Attempt::Misfit => {
                why = "the content host has another file".into();
                let (root, key) = (ctx.root.clone(), task.staging_key());
                blocking(move || root.discard(&key)).await?;
                renew = true;
            }
            Attempt::Throttled(_) => {
                // Everybody waits before the next turn. It says nothing about this body.
                tries -= 1;
                why = "the content host asks for patience".into();
            }
            Attempt::Broken(reason) => why = reason,
            Attempt::Local(why) => return Ok(Report::Settled { task, settled: Settled::Failed(why) }),
        }
        tracing::debug!(path = %task.path, %why, "a body did not come whole");
    }
    streak.failed(&why);
    Ok(Report::Settled { task, settled: Settled::Failed(why) })
}

/// A URL that is good for the wanted content: one at hand, or a renewed one. `None` where none is needed.
async fn url_for(
    ctx: &Context,
    renewer: &Renewer,
    task: &mut Task,
    renew: bool,
) -> Result<Result<Option<SignedUrl>, Settled>, RunError> {
    if let Some(document) = task.document.clone() {
        return Ok(match document::meet(ctx, renewer, task, &document).await? {
            Met::At(url) => Ok(Some(url)),
            Met::Empty => Ok(None),
            Met::Settled(settled) => Err(settled),
        });
    }
    let (zone, kind) = (task.item.zone, task.wanted.resource.kind);
    if !renew && let Some(url) = ctx.urls.get(zone, &task.record, kind, ctx.clock.now()) {
        return Ok(Ok(Some(url)));
    }
    Ok(match renewer.renew(ctx, zone, &task.record).await? {
        Renewed::Found { resources, mut urls } => {
            let now = resources.iter().find(|resource| resource.kind == kind);
            if now.is_none_or(|now| now.checksum != task.wanted.resource.checksum) {
                Err(Settled::Changed)
            } else {
                match urls.iter().position(|(of, _)| *of == kind) {
                    Some(at) => Ok(Some(urls.swap_remove(at).1)),
                    None => Err(Settled::Waiting("a device has not finished uploading it")),
                }
            }
        }
        Renewed::Gone(why) => Err(Settled::Failed(why)),
        Renewed::Document(_) | Renewed::NotYet | Renewed::Refused => {
            Err(Settled::Failed("iCloud gave a file of Drive for it".into()))
        }
    })
}

/// Bodies up to this size are collected in memory and written at once: one change of threads a file in place of one
/// a chunk. Larger ones go to disk as they come, and a broken one goes on where it broke.
const SMALL: u64 = 256 << 10;

/// One request for the body, or for what is missing of it.
async fn attempt(
    ctx: &Context,
    task: &Task,
    url: Option<&SignedUrl>,
    before: Option<&Digest>,
) -> Result<Attempt, RunError> {
    let turn = ctx.bodies.turn().await;
    let attempt = if task.length == Length::Exact && task.wanted.resource.size <= SMALL {
        small(ctx, task, url, before).await?
    } else {
        large(ctx, task, url, before).await?
    };
    match attempt {
        Attempt::Done(_) => turn.succeeded(),
        Attempt::Throttled(told) => ctx.bodies.throttled(told),
        _ => {}
    }
    Ok(attempt)
}

/// A body that is collected first.
async fn small(
    ctx: &Context,
    task: &Task,
    url: Option<&SignedUrl>,
    before: Option<&Digest>,
) -> Result<Attempt, RunError> {
    let resource = &task.wanted.resource;
    let mut body = Vec::new();
    // The content of an empty file is known when its checksum says so; some hosts answer 400 for it.
    let known = resource.size == 0 && ContentHasher::new(false).finish().apple == resource.checksum;
    if let Some(url) = url.filter(|_| !known) {
        let mut download = match ctx.http.open(url, 0).await {
            Ok(download) => download,
            Err(error) => return unanswered(error),
        };
        if let Usable::No(attempt) = usable(&download, 0, Some(resource.size)) {
            return Ok(attempt);
        }
        while let Some(bytes) = download.stream.next().await {
            match bytes {
                Ok(bytes) if body.len() as u64 <= resource.size => {
                    ctx.tell(&Event::Received(bytes.len() as u64));
                    body.extend_from_slice(&bytes);
                }
                Ok(_) => break,
                Err(error) => return Ok(Attempt::Broken(error.to_string())),
            }
        }
    }
    let (root, task, before) = (ctx.root.clone(), task.clone(), before.cloned());
    let (class, date) = (ctx.classes.counts(resource.kind), ctx.today());
    let with_sha256 = resource.checksum.provable().is_none();
    landed(
        blocking(move || {
            let mut partial = Partial::open(&root, &task, with_sha256)?;
            partial.restart(with_sha256)?;
            let mut body = Some(Bytes::from(body));
            let next = || body.take().map_or(Next::End, Next::Bytes);
            partial.land(&root, &task, next, class, before.as_ref(), date)
        })
        .await,
        None,
    )
}

/// A body that goes to disk as it comes.
async fn large(
    ctx: &Context,
    task: &Task,
    url: Option<&SignedUrl>,
    before: Option<&Digest>,
) -> Result<Attempt, RunError> {
    let resource = &task.wanted.resource;
    let with_sha256 = resource.checksum.provable().is_none();
    let mut partial = {
        let (root, task) = (ctx.root.clone(), task.clone());
        blocking(move || Partial::open(&root, &task, with_sha256)).await?
    };
    let mut body = None;
    let size = (task.length == Length::Exact).then_some(resource.size);
    if let Some(url) = url.filter(|_| size.is_none_or(|size| size > partial.have())) {
        let download = match ctx.http.open(url, partial.have()).await {
            Ok(download) => download,
            Err(error) => return unanswered(error),
        };
        match usable(&download, partial.have(), size) {
            Usable::Yes => {}
            Usable::FromStart => {
                partial = blocking(move || partial.restart(with_sha256).map(|()| partial)).await?;
            }
            Usable::No(attempt) => return Ok(attempt),
        }
        body = Some(download);
    }
    let (chunks, mut inbox) = mpsc::channel(8);
    let landing = {
        let (root, task, before) = (ctx.root.clone(), task.clone(), before.cloned());
        let (class, date) = (ctx.classes.counts(resource.kind), ctx.today());
        tokio::task::spawn_blocking(move || {
            partial.land(
                &root,
                &task,
                || inbox.blocking_recv().unwrap_or(Next::Broken),
                class,
                before.as_ref(),
                date,
            )
        })
    };
    let broken = if let Some(body) = body {
        pump(ctx, body, chunks).await
    } else {
        // Whoever gave up has told why.
        let _gave_up = chunks.send(Next::End).await;
        drop(chunks);
        None
    };
    landed(landing.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic())), broken)
}

/// What a try came to, given how the blocking side ended and why the connection broke.
fn landed(landed: Result<Landed, TreeError>, broken: Option<String>) -> Result<Attempt, RunError> {
    match (landed, broken) {
        (Ok(Landed::Short { .. }), Some(why)) => Ok(Attempt::Broken(why)),
        (Ok(landed), _) => Ok(Attempt::Done(landed)),
        (Err(error), _) if error.is_disk() => Err(error.into()),
        (Err(error), _) => Ok(Attempt::Local(error.to_string())),
    }
}

/// What a request that got no answer comes to.
fn unanswered(error: HttpError) -> Result<Attempt, RunError> {
    match error {
        HttpError::LeftAlone(alone) => Err(alone.into()),
        error if error.class() == Class::Transient => Ok(Attempt::Broken(error.to_string())),
        error => Ok(Attempt::Useless(error.to_string())),
    }
}

enum Usable {
    Yes,
    FromStart,
    No(Attempt),
}

/// Whether an answer can be the file: by status, by offset and by the length that the host promises.
fn usable(download: &Download, from: u64, size: Option<u64>) -> Usable {
    let broken = |why: String| Usable::No(Attempt::Broken(why));
    match download.status {
        // What is here does not fit what the host has now.
        416 => return Usable::No(Attempt::Misfit),
        status => {
            let answered = || format!("the content host answered {status}");
            match retry::of_content(status, download.retry_after) {
                None => {}
                Some(Class::Throttled(told)) => return Usable::No(Attempt::Throttled(told)),
                Some(Class::Gone) => return Usable::No(Attempt::Useless(answered())),
                Some(_) => return broken(answered()),
            }
        }
    }
    if let (Some(total), Some(size)) = (download.total_len, size)
        && total != size
    {
        return broken(format!("the content host has {total} bytes where iCloud says {size}"));
    }
    match download.start {
        start if start == from => Usable::Yes,
        0 => Usable::FromStart,
        start => broken(format!("the content host sent bytes from {start} where {from} was asked")),
    }
}

/// Hands the bytes on as they come. `Some` when the connection broke.
async fn pump(ctx: &Context, mut body: Download, chunks: mpsc::Sender<Next>) -> Option<String> {
    loop {
        let next = tokio::select! {
            () = ctx.stop.cancelled() => return Some("stopped".into()),
            next = body.stream.next() => next,
        };
        match next {
            Some(Ok(bytes)) => {
                ctx.tell(&Event::Received(bytes.len() as u64));
                if chunks.send(Next::Bytes(bytes)).await.is_err() {
                    return None;
                }
            }
            Some(Err(error)) => return Some(error.to_string()),
            None => {
                // Whoever gave up has told why.
                let _gave_up = chunks.send(Next::End).await;
                return None;
            }
        }
    }
}
