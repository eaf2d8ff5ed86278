//! One run: what changed, what to do about it, and doing it.
//!
//! [`run()`] reads from top to bottom. `plan` decides and is pure; `apply` carries out; `check` and `listing` bring
//! the catalog up to date, for Drive `drive` does; `views` shows albums beside the library; `tally` counts what the summary tells; `restore`
//! brings back what left. Called by the command line; calls `icloud`, `tree` and `state`, and never prints.

pub mod apply;
pub mod audit;
pub mod check;
pub mod classes;
pub mod context;
pub mod error;
pub mod have;
pub mod listing;
pub mod plan;
pub mod restore;
pub mod run;
pub mod tally;
pub mod verify;
pub mod views;

mod absorb;
mod drive;
mod lookup;
mod missed;
mod policy;
mod seen;
mod urls;

pub use context::Context;
pub use error::RunError;
pub use run::run;
pub use tally::{Outcome, Tally};
