//! Destinations as they come in real life: small, full, read-only, absent, another one, and those that cannot do all.
//!
//! Most of it needs to mount file systems and is skipped, with a message, where this user may not.

mod able;
mod missing;
mod mount;
mod space;
