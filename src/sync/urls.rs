//! Signed URLs that came with records.
//!
//! URLs are long, secret and die after an hour, so they are never stored. Those of the pages just read are kept in
//! memory up to a bound; `lookup` gets new ones for the rest.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::http::SignedUrl;
use crate::model::Kind;

/// Bytes of URLs that are kept: about 25,000 of them.
const ROOM: usize = 16 << 20;

/// A URL that dies sooner than this is no longer used (the documents' advice is five minutes).
const MARGIN: SignedDuration = SignedDuration::from_mins(5);

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
