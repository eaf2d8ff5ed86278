//! What larder remembers, in one redb file: the catalog (what iCloud holds, as last seen), the ledger (what this
//! machine holds), the dirty marks between them, history, and the record of past runs.
//!
//! This room alone knows tables, encodings and versions. Writing happens in [`State::write`]: one closure, one
//! durable transaction. Reading happens in short [`View`]s, also from other processes while a run writes
//! ([`Reader`]). The state is a cache of the truth: with the file gone, a run rebuilds it.

mod absent;
mod aside;
mod audit;
mod broken;
mod catalog;
mod crawl;
mod dirty;
mod error;
mod history;
mod key;
mod ledger;
mod lock;
mod meta;
mod nodes;
mod open;
mod reread;
mod row;
mod runs;
mod tables;
mod view_marks;
mod views;
mod wrong;
mod zone;

pub use absent::{Absent, absent_after};
pub use aside::put_aside;
pub use audit::{Fate, is_member};
pub use broken::{Broken, broken_after};
pub use catalog::{
    Change, Gone, MasterRow, album, albums, asset, assets_after, assets_of, each_asset, master, members,
    memberships,
};
pub use crawl::{Crawl, CrawlKind, Queued, Turn, crawl, is_listed, last_full_crawl, queued};
pub use dirty::{Mark, dirty_after, mark};
pub use error::StateError;
pub use history::{HistoryEvent, Moment, Order, What, Why, history, oldest_event};
pub use ledger::{
    Lies, PlacedFile, Placement, Proof, Root, class_counts, each_placement, left_dirs, owner, placement,
    placements_after, placements_behind,
};
pub use lock::JobLock;
pub use meta::{MetaKey, number, text};
pub use nodes::{ancestors, children, is_node_gone, node, nodes_after, share_of};
pub use open::{FORMAT, Reader, State};
pub use reread::{Place, Reading, Rereads, Span, rereads};
pub use runs::last_run;
pub use tables::{Batch, Tables, View};
pub use view_marks::{SMART_ZONE, ViewMark, has_view_mark, marked_album_after, view_marks_after, views};
pub use views::{
    Form, Shown, ViewAlbum, ViewEntry, ViewList, members_after, position, view_album, view_albums,
    view_entries_after, view_entry, view_files,
};
pub use wrong::{Condition, Wrong, wrong, wrong_after};
pub use zone::{Progress, ZoneRow, zones};

#[cfg(test)]
mod tests;
