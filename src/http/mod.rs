//! Talking HTTP to Apple: one client for API hosts and content hosts, cookies, retry, pacing, redaction.
//!
//! * [`Client`] sends one request and gives back one answer; it follows no redirect of an API host, knows no
//!   account, and lets nothing out to a host that is not Apple's.
//! * [`Jar`] keeps cookies by the rules that Apple's sign-in needs.
//! * [`retry`] is the one retry policy, [`pacing`] makes all workers wait when the service asks for it, and [`Patience`] ends
//!   a run that only meets trouble.
//! * [`SignedUrl`] is a download address that never shows its signature.
//!
//! Only `transport` builds a TLS client.

mod answer;
mod client;
mod cookies;
mod download;
pub mod elsewhere;
mod error;
pub mod pacing;
mod patience;
pub mod redact;
pub mod retry;
mod route;
#[cfg(test)]
mod tests;
mod transport;

pub use answer::Answer;
pub use client::{Client, Request, Sent, Settings};
pub use cookies::{Jar, SavedCookies};
pub use download::Download;
pub use error::HttpError;
pub use patience::{LeftAlone, Patience};
pub use redact::SignedUrl;
pub use reqwest::Method;
pub use reqwest::header::HeaderMap;
