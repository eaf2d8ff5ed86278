//! The daemon: runs jobs when they are due, and lives with what happens to a process that runs for years.
//!
//! ```text
//! schedule (pure: when?) -> tend (one job: wait, run, again) <- signals, requests of other processes, a new job file
//!                              |
//!                              '-> standing (watched by whoever wants to know) -> service manager
//! ```
//!
//! What a run is, the daemon does not know: it is handed a [`Work`]. State and lock are held during a run alone, so that
//! every other command works beside the daemon.

mod house;
pub mod page;
mod request;
pub mod schedule;
mod service;
mod standing;
mod tend;

pub use house::{Hear, Reload, keep_house};
pub use request::{Presence, ask_for_run, is_present};
pub use standing::{Ended, Standing};
pub use tend::{BellOf, Run, Work, tend};
