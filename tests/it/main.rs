//! Integration tests: the real binary against a simulated iCloud over real HTTP.

mod environment;
mod first_sync;
mod listing_cost;
mod names;
mod oracle;
mod recorded;
mod session;
mod tree;
