//! Integration tests: the real binary against a simulated iCloud over real HTTP.

mod environment;
mod first_sync;
mod foreign_files;
mod listing_cost;
mod names;
mod oracle;
mod privacy;
mod recorded;
mod refusals;
mod session;
mod tree;
