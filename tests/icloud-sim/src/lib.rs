//! A simulated iCloud on loopback.
//!
//! Apple's sign-in, setup, photo database, Drive and content hosts as public clients know them, in one process behind
//! one base URL: `https://HOST/PATH` is served at `http://127.0.0.1:PORT/HOST/PATH`. Cookie domains, `Origin`,
//! redirects and URLs in answers are those of Apple. It is strict where Apple is: stale `scnt`, missing headers,
//! lost cookies and wrong proofs are refused as reported, and what no client may do (a write, a cookie sent to a
//! foreign host, a path nobody knows) is a [`Violation`] that fails the test.
//!
//! ```text
//! request -> server -> fault -> endpoint -+-> auth      password, second factor, trust  --+
//!                                         +-> setup     web session, service map          +-> apple, vault
//!                                         +-> cloudkit  the gate, then photos             +
//!                                         +-> drivews   the gate, then drive              +
//!                                         +-> content   bodies of photos and drive
//!            answer -> delivery -> wire      (ledger: counters, log, violations)
//! ```
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use icloud_sim::{Config, Fault, Rule, Simulator};
//! let simulator = Simulator::start(Config::default()).await?;
//! let control = simulator.control();
//! control.add_fault(Rule::new("content", Fault::Truncate { at: 1000 }).times(1));
//! // … point a client at simulator.url() …
//! assert_eq!(control.counters().requests("auth.push"), 1);
//! # Ok(())
//! # }
//! ```

pub mod drive;
pub mod photos;

mod answer;
mod apple;
mod auth;
mod body;
mod clock;
mod cloudkit;
mod config;
mod connection;
mod content;
mod control;
mod delivery;
mod drivews;
mod endpoint;
mod entropy;
mod fault;
mod file_bytes;
mod gaps;
mod ledger;
mod noise;
mod remote;
mod reply;
mod request;
mod server;
mod setup;
mod vault;
mod world;

pub use config::{
    Account, AccountKind, CodeAnswer, Config, DriveService, LeadingZero, OptionsForm, Padding, Phone,
    Protocol, Region, TrustAnswer,
};
pub use control::{Control, CurrentCodes};
pub use drive::DriveSpec;
pub use fault::{Fault, Loss, Rule, When};
pub use file_bytes::FileBytes;
pub use ledger::{Count, Counters, LoggedRequest, Violation, ViolationKind};
pub use photos::LibrarySpec;
pub use reply::Reply;
pub use server::Simulator;

#[cfg(test)]
mod tests;
