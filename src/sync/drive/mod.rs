//! Bringing the catalog of iCloud Drive up to date: every folder is listed, and what a listing lacks is asked for by name
//! before anybody believes that it is gone.
//!
//! ```text
//! begin (every known folder is queued) -> list, 20 folders a request -> take into the catalog -> confirm what is absent
//! ```

mod begin;
mod confirm;
mod crawl;
mod scope;
mod standing;
mod take;

pub(super) use crawl::crawl;
use scope::Scope;
pub(in crate::sync) use standing::{Standing, standing};
