//! What the page needs of a job: how it stands, and somebody who signs in.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use secrecy::SecretString;

use crate::daemon::Standing;
use crate::report::{HowFar, Live, Status};

/// A job, as the page sees it.
#[derive(Clone)]
pub struct Door {
    /// Its name.
    pub name: String,
    /// How it stands.
    pub standing: Seen,
    /// How its mirrors stand, one for each part; why that cannot be told.
    pub status: Arc<dyn Fn() -> Result<Vec<Status>, String> + Send + Sync>,
    /// When trust is expected to end.
    pub trust_ends: Arc<dyn Fn() -> Option<Timestamp> + Send + Sync>,
    /// Whether a password comes from somewhere without a person.
    pub has_password: bool,
    /// Asks Apple for a code, or finishes a sign-in.
    pub ask: Ask,
    /// Whether all that is missing is that a device agrees.
    pub wants_consent: Arc<dyn Fn() -> bool + Send + Sync>,
    /// How it goes with the devices that a sign-in had asked.
    pub consent: Arc<dyn Fn() -> Consent + Send + Sync>,
    /// Tells a new link in the ways of the job.
    pub tell: Arc<dyn Fn(String) -> Answer<()> + Send + Sync>,
}

/// How long after a sign-in the missed run may take to begin, at the most.
const BEGINS_WITHIN: Duration = Duration::from_secs(30);

/// How a job stands, as it was last heard.
#[derive(Clone, Default)]
pub struct Seen {
    heard: Arc<Mutex<Heard>>,
    live: Live,
}

#[derive(Default)]
struct Heard {
    standing: Option<Standing>,
    /// When a person signed in by the page, which the job has not noticed yet.
    signed_in: Option<Instant>,
}

impl Seen {
    /// One of whose runs `live` hears.
    #[must_use]
    pub fn new(live: Live) -> Self {
        Self { live, ..Self::default() }
    }

    /// How far the run at work is; `None` when none is.
    #[must_use]
    pub fn how_far(&self) -> Option<HowFar> {
        matches!(self.get(), Some(Standing::Running { .. })).then(|| self.live.now())
    }

    /// It stands so from now on.
    pub fn set(&self, standing: &Standing) {
        *self.lock() = Heard { standing: Some(standing.clone()), signed_in: None };
    }

    /// How it stands; `None` before it began.
    #[must_use]
    pub fn get(&self) -> Option<Standing> {
        self.lock().standing.clone()
    }

    /// A person has signed in by the page. The job notices that when it looks the next time.
    pub(super) fn signed_in(&self) {
        self.lock().signed_in = Some(Instant::now());
    }

    /// Whether a person has signed in by the page, and the run that was missed is about to begin.
    pub(super) fn is_about_to_run(&self) -> bool {
        let heard = self.lock();
        matches!(heard.standing, Some(Standing::NeedsPerson { .. }))
            && heard.signed_in.is_some_and(|at| at.elapsed() < BEGINS_WITHIN)
    }

    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer that takes its time.
pub type Answer<T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send>>;

/// Does what the person asks for.
pub type Ask = Arc<dyn Fn(Wish) -> Answer<Told> + Send + Sync>;

/// How a code comes. Phones are by their place in the list that was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeBy {
    /// Shown on the trusted devices.
    Devices,
    /// By text message.
    Message(usize),
    /// Read out in a phone call.
    Call(usize),
}

/// What the person asks for.
pub enum Wish {
    /// A code.
    Code {
        /// The password, where it was typed.
        password: Option<SecretString>,
        /// How it is to come.
        way: CodeBy,
    },
    /// To be signed in with this code.
    Finish(String),
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// A code is on its way.
    Sent {
        /// Where it is.
        whence: String,
        /// How many digits it has.
        digits: usize,
        /// Phones that it can be sent to instead.
        phones: Vec<String>,
    },
    /// The person is signed in.
    Done,
    /// The person is signed in, and devices ask them to agree: see [`Door::consent`].
    Asked,
    /// The person is signed in, and nothing can be read for this reason.
    Locked(String),
}

/// Devices of an account with Advanced Data Protection, which have to agree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Consent {
    /// Nobody knows yet whether they have to.
    #[default]
    Unknown,
    /// They ask the person.
    Asked,
    /// One agreed, or none had to.
    Given,
    /// None agreed, or Apple did not hand out the keys.
    Refused(String),
}
