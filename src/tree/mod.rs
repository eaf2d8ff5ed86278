//! The local destination: one directory of the person's, and the only code that touches it.
//!
//! A [`Root`] is an open directory that carries the mirror's marker. Every path is a [`RelPath`] below it and is
//! walked one component at a time without following a link, so nothing that anybody puts into the tree can
//! lead larder out of it. A file comes into being in three steps: bytes are appended to a [`Staging`] file
//! under `.larder/incoming/`, [`Root::place`] (or [`Root::replace`]) gives the finished file its final name,
//! and [`Root::sync_dirs`] makes the names last. Nothing else ever creates a file of the mirror under a final name; an
//! [`Outlet`] is a directory of the person's own, for copies.
//!
//! All calls block; `sync` runs them on threads of their own. This room knows neither iCloud nor the state.

mod attic;
mod bundle;
mod error;
mod facts;
mod folder;
mod link;
mod marker;
pub mod name;
mod outlet;
mod path;
mod place;
mod reread;
mod root;
mod scan;
mod shelves;
mod staging;
mod transfer;
mod walk;

#[cfg(test)]
mod tests;

pub use bundle::ZIP;
pub use error::TreeError;
pub use facts::{Facts, FileKind, Space};
pub use folder::Folder;
pub use link::Abilities;
pub use marker::MirrorId;
pub use outlet::Outlet;
pub use path::{BadPath, Dir, RelPath};
pub use place::{Access, Finish, Placed, Replaced};
pub use root::{Opened, Root};
pub use scan::Scan;
pub use shelves::origin;
pub use staging::Staging;
