//! A page of a list of photos.

use super::decode::{Decoded, decode};
use super::query::List;
use crate::icloud::cloudkit::Queried;

/// A page of a list.
#[derive(Debug, Default)]
pub struct Page {
    /// What was on it. Pages of an album have its memberships alone: the photos come with too few fields to be
    /// of use.
    pub records: Vec<Decoded>,
    /// Queried that the server sent, which tells a full page from a short one.
    pub received: usize,
    /// The zone's token at this moment.
    pub sync_token: Option<String>,
    /// Whether the server says that more follows.
    pub marker: bool,
}

impl Page {
    pub(super) fn of(list: &List, answer: Queried) -> Self {
        let records = answer.records.unwrap_or_default();
        let received = records.len();
        let decoded = records.into_iter().map(decode).filter(|record| {
            let photo = matches!(record, Decoded::Master { .. } | Decoded::Asset { .. });
            !(photo && matches!(list, List::Album(_)))
        });
        Self {
            records: decoded.collect(),
            received,
            sync_token: answer.sync_token,
            marker: answer.marker.is_some(),
        }
    }
}
