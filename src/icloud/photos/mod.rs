//! iCloud Photos over CloudKit, for a client that only reads.
//!
//! [`Photos`] makes the calls, [`decode()`] turns records into the words of [`crate::model`], [`Photos::list`]
//! reads a whole list with several pages in flight. Nothing here decides what a change means for a mirror.

mod client;
mod decode;
mod keys;
mod list;
mod name;
mod outline;
mod page;
mod query;
mod resource;
mod smart;
#[cfg(test)]
mod tests;
mod uti;
mod walk;

pub use client::{COUNTS, Delta, DeltaPage, Indexing, Photos, Since, Zones};
pub use decode::{Decoded, decode, member_of};
pub use list::Listed;
pub use outline::Outline;
pub use page::Page;
pub use query::List;
pub use resource::{BrokenResource, Urls};
pub use smart::SmartAlbum;
pub use uti::{Family, extension, family, is_video, shows_video};
