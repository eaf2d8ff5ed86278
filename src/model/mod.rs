//! The words of the field: zones, assets, masters, resources, albums, items of Drive, checksums. Data only; no I/O.
//!
//! Every other room may use these, and they use nothing of the crate.

mod album;
mod asset;
mod checksum;
mod id;
mod node;
mod part;
mod resource;

pub use album::{Album, AlbumKind, Member};
pub use asset::{Asset, Master};
pub use checksum::{Checksum, ContentHasher, Digest, hex};
pub use id::{Area, ItemId, ZoneId};
pub use node::{Node, NodeKind, Share};
pub use part::Part;
pub use resource::{Kind, Resource};
