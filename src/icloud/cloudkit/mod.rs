//! CloudKit's web service as Photos uses it: reading calls, tolerant records, errors at every level.
//!
//! Knows nothing of photos: what the fields mean is [`super::photos`]' business. Apple documents none of this;
//! the shapes were learnt from recordings of `icloud_photos_downloader` and from kei, rclone and pyicloud.

mod answer;
mod client;
mod error;
mod lenient;
mod record;
#[cfg(test)]
mod tests;
mod value;

pub(crate) use answer::{Batch, Databases, Deltas, Queried, ZoneEntry};
pub use client::{Call, Client};
pub use error::{CloudKitError, Fault};
pub use record::{Field, FieldType, Fields, Record};
pub use value::{Object, Value};

#[cfg(test)]
pub(in crate::icloud) use value::tests::any_json;
