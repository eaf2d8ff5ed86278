//! Telling what happened and what there is: the summary of a run, history, the status of the mirror, what iCloud holds,
//! an audit.
//!
//! Text for people and JSON for machines come from the same values. Nothing here prints.

pub mod audit;
mod audit_text;
pub mod figures;
pub mod folders;
pub mod had;
pub mod history;
pub mod holdings;
pub mod how_far;
pub mod notify;
pub mod parts;
pub mod restored;
pub mod status;
pub mod summary;
pub mod summary_text;
pub mod verified;

pub use holdings::{Holdings, holdings};
pub use how_far::{HowFar, Live};
pub use parts::{Parts, title, titled};
pub use status::{Status, status, trust_left};
pub use summary::Summary;
