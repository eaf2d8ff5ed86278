//! Telling a person who does not look: that Apple wants a new sign-in or soon will, that runs fail, that all is well again.
//!
//! [`series`] decides what is told, and tells nothing twice; [`Ways`] tell it. A way that fails leaves the others alone.

mod command;
mod desktop;
mod mail;
mod memory;
mod notice;
mod ntfy;
pub mod series;
mod web;
mod webhook;

use std::time::Duration;

use futures_util::future::join_all;

use crate::config::Notify;
pub use memory::Memory;
pub use notice::{Kind, Notice};
pub use series::{Needs, Situation};

/// How long one way may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The ways in which a job tells.
#[derive(Debug)]
pub struct Ways<'a>(&'a Notify);

/// What became of telling in one way.
#[derive(Debug)]
pub struct Tried {
    /// The way, as the job file calls it.
    pub way: &'static str,
    /// Why it failed.
    pub failed: Option<String>,
}

impl<'a> Ways<'a> {
    /// The ways of a job.
    #[must_use]
    pub fn new(notify: &'a Notify) -> Self {
        Self(notify)
    }

    /// Tells a notice in every way. `shown` is the notification of the desktop that it takes the place of, and is the new one
    /// afterwards.
    pub async fn tell(&self, notice: &Notice, shown: &mut Option<u32>) -> Vec<Tried> {
        let Notify { desktop, command, webhook, ntfy, email, .. } = self.0;
        let mut ways: Vec<(&'static str, Telling<'_>)> = Vec::new();
        if *desktop {
            ways.push(("desktop", Box::pin(async { desktop::tell(notice, shown).await })));
        }
        if !command.is_empty() {
            ways.push(("command", Box::pin(command::tell(command, notice))));
        }
        if let Some(webhook) = webhook {
            ways.push(("webhook", Box::pin(webhook::tell(webhook, notice))));
        }
        if let Some(ntfy) = ntfy {
            ways.push(("ntfy", Box::pin(ntfy::tell(ntfy, notice))));
        }
        if let Some(email) = email {
            ways.push(("email", Box::pin(mail::tell(email, notice))));
        }
        let tries = ways.into_iter().map(|(way, telling)| async move {
            let told = tokio::time::timeout(PATIENCE, telling).await;
            let failed =
                told.unwrap_or_else(|_| Err(format!("it took longer than {} s", PATIENCE.as_secs())));
            Tried { way, failed: failed.err() }
        });
        join_all(tries).await
    }
}

type Telling<'a> = std::pin::Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;
