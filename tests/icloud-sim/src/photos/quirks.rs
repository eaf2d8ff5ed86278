//! Irregular behaviour that was seen at Apple, to be switched on by tests.

use serde::{Deserialize, Serialize};

/// Switches for irregular behaviour; all off by default. They change answers, never the library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quirks {
    /// Photo lists give at most this many items a page, with more to follow (rclone #9955).
    pub short_pages: Option<usize>,
    /// An empty stretch in the middle of every photo list (kei #239).
    pub hole: Option<Hole>,
    /// Pages that begin in every second hundred of ranks come without masters (kei #140).
    pub pages_without_masters: bool,
    /// Every page of a photo list after the first begins with the last item of the page before (kei #500).
    pub repeated_assets: bool,
    /// Added to every count (icloudpd #1165, #1272); a count never falls below 0.
    pub count_off_by: i64,
    /// Photo lists never carry a `continuationMarker`; album lists still do, they have no other paging.
    pub no_marker: bool,
    /// Up to this many empty delta pages with `moreComing` before the records of each mutation made while it is set.
    pub empty_delta_pages: u64,
    /// Deltas say `moreComing` for ever and return the token they were asked with.
    pub stuck_delta: bool,
    /// Deltas since a token say that nothing changed, and give the present token: what changed meanwhile is never told. The
    /// whole history has it.
    pub lost_changes: bool,
    /// Relations in deltas come with empty `fields` (rclone parses the record name for it).
    pub bare_relations: bool,
    /// On a delta page relations come first, then assets, then masters.
    pub relations_first: bool,
    /// Tombstones come without `recordChangeTag` and without `recordType`.
    pub bare_tombstones: bool,
    /// Lists of photos, members and albums end after so many items, as if there were no more; 0 is an empty library.
    pub lists_end_after: Option<usize>,
    /// Zones that `zones/list` and `changes/database` leave out, although they answer.
    pub unlisted_zones: Vec<String>,
    /// Zones that answer as if they did not exist.
    pub closed_zones: Vec<String>,
    /// `CheckIndexingState` says `RUNNING`, 42 per cent.
    pub indexing_running: bool,
    /// Life of a download URL in seconds.
    pub url_lifetime_s: i64,
    /// What download URLs begin with: scheme and host.
    pub url_origin: String,
}

/// Ranks at which a list has nothing, although more follows. A client that probes in steps of 100 ranks, as kei does,
/// crosses a hole without loss when both numbers are multiples of 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hole {
    /// First empty rank.
    pub rank: usize,
    /// How many ranks are empty.
    pub ranks: usize,
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            short_pages: None,
            hole: None,
            pages_without_masters: false,
            repeated_assets: false,
            count_off_by: 0,
            no_marker: false,
            empty_delta_pages: 0,
            stuck_delta: false,
            lost_changes: false,
            bare_relations: false,
            relations_first: false,
            bare_tombstones: false,
            lists_end_after: None,
            unlisted_zones: Vec::new(),
            closed_zones: Vec::new(),
            indexing_running: false,
            url_lifetime_s: 3_600,
            url_origin: "https://cvws.icloud-content.com".to_owned(),
        }
    }
}
