//! Links that let one person sign in once: drawn by lot, good for half an hour, forgotten when they were used.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::door::Told;

/// How long a link is good.
const LIFE: Duration = Duration::from_secs(30 * 60);

/// How often something may be sent to Apple by one link.
const TRIES: u32 = 10;

/// How long after its last step a sign-in counts as under way: codes are good for about so long.
pub(super) const UNDER_WAY: Duration = Duration::from_secs(10 * 60);

/// Between two new links that somebody asks for from afar.
const PAUSE: Duration = Duration::from_secs(5 * 60);

/// The links of all jobs. Of a link itself only the hash is kept.
#[derive(Debug, Default)]
pub struct Links {
    open: Mutex<HashMap<[u8; 32], Link>>,
    told: Mutex<HashMap<String, Instant>>,
}

/// What a link is good for.
#[derive(Debug, Clone)]
pub(super) struct Link {
    /// The job.
    pub(super) job: String,
    /// What forms must bring back, which another page cannot know.
    pub(super) csrf: String,
    /// Devices were asked, and are waited for.
    pub(super) waits: bool,
    /// The code that is on its way, and the password that Apple took before it sent it: another code takes the password again.
    pub(super) sent: Option<(Told, Option<SecretString>)>,
    since: Instant,
    tries: u32,
    tried: Option<Instant>,
}

impl Links {
    /// A new link for a job, as the end of its address.
    #[must_use]
    pub fn fresh(&self, job: &str) -> String {
        // Each of them holds 122 bits of the system's own randomness.
        let token = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        let csrf = Uuid::new_v4().simple().to_string();
        let since = Instant::now();
        let link = Link { job: job.to_owned(), csrf, waits: false, sent: None, since, tries: 0, tried: None };
        let mut open = self.open();
        open.retain(|_, link| link.since.elapsed() < LIFE);
        open.insert(hash(&token), link);
        format!("/sign-in/{token}")
    }

    /// What a link is good for; `None` when it is too old, used, or none.
    pub(super) fn find(&self, token: &str) -> Option<Link> {
        // Found by its hash, so that how long it takes tells nothing of the token.
        self.open().get(&hash(token)).filter(|link| link.since.elapsed() < LIFE).cloned()
    }

    /// Counts a try; `false` when there were enough.
    pub(super) fn try_once(&self, token: &str) -> bool {
        self.open().get_mut(&hash(token)).is_some_and(|link| {
            link.tries += 1;
            link.tried = Some(Instant::now());
            link.tries <= TRIES
        })
    }

    /// Notes whether its visitor waits for devices.
    pub(super) fn wait(&self, token: &str, waits: bool) {
        if let Some(link) = self.open().get_mut(&hash(token)) {
            link.waits = waits;
        }
    }

    /// Whether somebody is signing in to the account of a job: something was asked for, and the end has not come.
    pub(super) fn is_under_way(&self, job: &str) -> bool {
        let lately = |link: &Link| link.tried.is_some_and(|at| at.elapsed() < UNDER_WAY);
        self.open().values().any(|link| link.job == job && link.since.elapsed() < LIFE && lately(link))
    }

    /// A code is on its way; with `None`, none is any more, and the password is forgotten.
    pub(super) fn sent(&self, token: &str, sent: Option<(Told, Option<SecretString>)>) {
        if let Some(link) = self.open().get_mut(&hash(token)) {
            link.sent = sent;
        }
    }

    /// The link was used.
    pub(super) fn used(&self, token: &str) {
        self.open().remove(&hash(token));
    }

    /// Whether a new link may be told for a job, which is not every moment.
    pub(super) fn may_tell(&self, job: &str) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let due = told.get(job).is_none_or(|last| last.elapsed() >= PAUSE);
        if due {
            told.insert(job.to_owned(), Instant::now());
        }
        due
    }

    fn open(&self) -> MutexGuard<'_, HashMap<[u8; 32], Link>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_good_for_its_job_a_few_tries_and_one_sign_in() {
        let links = Links::default();
        let path = links.fresh("config");
        let token = path.strip_prefix("/sign-in/").unwrap();
        assert_eq!(token.len(), 64);
        assert_eq!(links.find(token).unwrap().job, "config");
        assert!(links.find("other").is_none());
        assert!(!links.is_under_way("config"), "a link alone is no sign-in");
        assert!((0..TRIES).all(|_| links.try_once(token)));
        assert!(!links.try_once(token));
        assert!(links.is_under_way("config") && !links.is_under_way("other"));
        links.used(token);
        assert!(!links.is_under_way("config"));
        assert!(links.find(token).is_none() && !links.try_once(token));
        assert_ne!(links.fresh("config"), path);
        assert!(links.may_tell("config") && !links.may_tell("config") && links.may_tell("other"));
    }
}
