//! Integration tests: the real binary against a simulated iCloud over real HTTP.

mod recorded;
mod session;
