//! iCloud Drive over `drivews` and `docws`, for a client that only reads.
//!
//! [`Drive`] makes the calls: listings of many folders in one request, details of single items, and download addresses.
//! Answers become [`Listing`], [`Item`] and [`Token`]. Nothing here decides what a change means for a mirror.

mod client;
mod error;
mod item;
mod listing;
mod token;

pub use client::{Drive, Folder, TOKENS};
pub use error::DriveError;
pub use item::{BrokenItem, Identity, Item, ItemKind, ROOT};
pub use listing::{Listing, Standing};
pub use token::{Form, Token};

#[cfg(test)]
mod tests;
