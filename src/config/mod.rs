//! The job file: what one mirror is to hold, and where.
//!
//! [`Job::load`] reads it completely or not at all: an unknown key, a value of the wrong kind, a template that
//! makes no sense are errors that name the place and, where something similar is known, the nearest name. A key
//! is known when what it says is done; `config.example.toml` shows all of them with their defaults.

mod albums;
mod drive;
pub mod env_vars;
mod error;
mod ignore;
mod job;
mod keys;
mod layout;
mod notify;
mod page;
pub mod paths;
mod photos;
mod reader;
mod removed;
mod schedule;
mod size;
#[cfg(test)]
mod tests;

pub use albums::{AlbumPath, AlbumView, Albums, Patterns, SmartAlbum};
pub use drive::Drive;
pub use error::{At, ConfigError};
pub use ignore::Ignore;
pub use job::{Account, AccountRegion, Job, Network, PasswordSource, Verify};
pub use layout::{HIDDEN, Layout, LayoutError, LayoutFacts, SHARED_LIBRARY};
pub use notify::{Email, Notify, Ntfy, Security, Told, Webhook};
pub use page::{NAME_THE_PAGE, Page};
pub use photos::{Libraries, LivePhotos, Modes, NameRules, Photos, ZoneRule};
pub use removed::{Policy, Removed, StopAbove};
pub use schedule::{Rule, Schedule};
pub use size::Size;
