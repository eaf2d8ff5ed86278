//! Reading the mirror again and proving every file: what was lost, damaged or changed on this disk since it came.
//!
//! ```text
//! spans (what was read when) -> group (some items) -> look (one file, past the system's memory) -> note (believed and noted)
//! ```
//!
//! Nothing is asked of iCloud. A verification reads beside runs: what seems to be wrong is believed only while no run is at
//! work ([`Books`]), after another look. What was read is noted every second, so that one that was cut off goes on where
//! it stopped. `slice` is the share of a night; `repair` brings back from this disk what iCloud has no more. Everything else
//! is repaired by an ordinary run, to which the ledger says that the file is not there.

pub mod books;
mod desk;
mod foreign;
mod group;
pub mod known;
mod look;
mod nightly;
mod note;
mod pass;
mod repair;
pub mod result;
mod slice;

use std::hash::RandomState;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::RunError;
use crate::clock::Clock;
use crate::config::Job;
use crate::event::Observer;
use crate::model::Part;
use crate::state::{self, MetaKey};
use crate::tree::{Dir, MirrorId, Root};
pub use books::Books;
use desk::{Desk, Manner};
pub use known::{Known, known};
pub(super) use nightly::{nightly, settle};
use pass::{Extent, Pass};
pub use repair::{Mended, Outcome, mend, outcomes};
pub use result::{Found, Verified};

/// What a verification needs from outside.
#[derive(Clone)]
pub struct Edges {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who watches.
    pub observer: Arc<dyn Observer>,
    /// Cancelled when it should end soon.
    pub cancel: CancellationToken,
}

/// What is to be read.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Files and folders of the mirror; none = all of it.
    pub of: Vec<Dir>,
    /// What was read since then need not be read again.
    pub since: Option<Timestamp>,
    /// A random share: of ten thousand files so many.
    pub sample: Option<u64>,
    /// One that was interrupted is not gone on with.
    pub restart: bool,
    /// What is wrong is noted in the ledger, so that a run repairs it; disputed files are fetched again.
    pub repair: bool,
}

/// A verification that ended.
#[derive(Debug)]
pub struct Finished {
    /// What it found.
    pub result: Verified,
    /// When an interrupted one began that this one went on with.
    pub resumed: Option<Timestamp>,
    /// What ended it early.
    pub error: Option<RunError>,
}

/// Reads what is asked for. Blocks.
pub fn verify(job: Arc<Job>, part: Part, books: Books, edges: &Edges, request: &Request) -> Finished {
    match begin(job, part, books, edges, request) {
        Err(error) => Finished { result: Verified::default(), resumed: None, error: Some(error) },
        Ok((desk, extent, resumed)) => {
            let error = Pass::new(&desk, extent).run().err();
            let result = desk.result.into_inner().unwrap_or_else(PoisonError::into_inner);
            Finished { result, resumed, error }
        }
    }
}

type Begun = (Desk, Extent, Option<Timestamp>);

fn begin(
    job: Arc<Job>,
    part: Part,
    books: Books,
    edges: &Edges,
    request: &Request,
) -> Result<Begun, RunError> {
    let view = books.view()?;
    let root = mirror(&job, part, &view)?;
    let now = edges.clock.now();
    let whole = request.of.is_empty() && request.since.is_none() && request.sample.is_none();
    let going = match state::text(&view, MetaKey::VerifyPass)? {
        Some(json) if whole && !request.restart => serde_json::from_str::<Verified>(&json).ok(),
        _ => None,
    };
    drop(view);
    let resumed = going.as_ref().map(|going| going.began);
    let result = going.unwrap_or(Verified { began: now, whole, ..Verified::default() });
    let of = if request.of.is_empty() { vec![Dir::ROOT] } else { request.of.clone() };
    let extent = match (request.sample, request.since) {
        (Some(share), _) => Extent::Sample(of, share, RandomState::new()),
        (None, Some(since)) => Extent::Since(since.as_millisecond()),
        (None, None) if resumed.is_some() => Extent::Since(result.began.as_millisecond()),
        (None, None) if whole => Extent::All,
        (None, None) => Extent::Of(of),
    };
    let desk = Desk {
        job,
        part,
        books,
        root,
        clock: edges.clock.clone(),
        observer: edges.observer.clone(),
        cancel: edges.cancel.clone(),
        manner: if request.repair { Manner::Repair } else { Manner::Look },
        result: Mutex::new(result),
    };
    desk.phase(if resumed.is_some() {
        "Going on reading the mirror again"
    } else {
        "Reading the mirror again"
    });
    Ok((desk, extent, resumed))
}

/// Opens the destination to look at, which must hold the mirror that the state knows.
fn mirror(job: &Job, part: Part, view: &state::View) -> Result<Root, RunError> {
    let known = state::text(view, MetaKey::Mirror)?.and_then(|id| id.parse::<MirrorId>().ok());
    Ok(Root::inspect(job.destination(part), known.as_ref(), false)?.0)
}
