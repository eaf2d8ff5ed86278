//! Signing in to iCloud and staying signed in.
//!
//! * [`Session`] asks services; it renews itself silently when one refuses it, as far as that needs no person.
//! * [`login`], [`request_code`] with [`submit_code`], and [`logout`] are for a [`Person`].
//! * [`unlock`] gets the keys of an account with Advanced Data Protection, for a [`Person`] too.
//! * `flow` decides and does nothing else; `driver` does; `store` remembers; `srp` proves the password.
//!
//! A run without a person makes one password handshake at the most, never asks for a code, and refuses at once
//! when the last one ended where a person is needed.

mod account;
mod answers;
mod app;
mod book;
mod budget;
mod consent;
mod driver;
mod endpoints;
mod error;
mod flow;
mod keys;
mod login;
mod person;
mod reach;
mod refused;
mod renewal;
mod requests;
mod srp;
mod store;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;

pub use account::Account;
pub use book::NeedsUser;
pub use consent::{Unlocked, unlock};
pub use endpoints::{Endpoints, Region, USER_AGENT};
pub use error::{Need, SessionError, Trouble};
pub use login::{CodeRequest, LoginDone, LoginOptions, LogoutDone, login, logout, request_code, submit_code};
pub use person::{CodePrompt, CodeReply, CodeSource, CodeWay, Notice, Person, Phone, PhoneId};
pub use reach::reach;
pub use refused::Refused;
pub use srp::SrpError;
pub use store::{Remembered, Store};

use crate::clock::Clock;
use crate::http::pacing::Pacer;
use crate::http::{Answer, Client, Patience};
use crate::secret::Passwords;
use app::App;
use book::Book;
use driver::{Driver, Nobody, WEB_TOKEN};
use flow::{Aim, Flow, Rung};
use renewal::Ladder;

/// Most calls in flight at one service.
const WIDEST: usize = 16;

/// Fewer at Drive's: people with many files met throttling there (icloud-docker #202, #250).
const WIDEST_DRIVE: usize = 2;

/// And at its documents.
const WIDEST_DOCUMENTS: usize = 4;

/// Largest answer of Drive's folders, bytes: a folder of some 100,000 items comes in one piece.
const LARGEST_LISTING: usize = 64 << 20;

/// Most times one call is sent, renewals between.
const MOST_TRIES: usize = 4;

/// A service of the account's service map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// `ckdatabasews`: CloudKit.
    CloudKit,
    /// `drivews`: the folders of Drive.
    Drive,
    /// `docws`: the documents of Drive.
    Documents,
}

impl Service {
    /// Apple's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::CloudKit => "ckdatabasews",
            Self::Drive => "drivews",
            Self::Documents => "docws",
        }
    }

    /// Whose keys it wants, where the account has Advanced Data Protection.
    fn app(self) -> App {
        match self {
            Self::CloudKit => App::Photos,
            Self::Drive | Self::Documents => App::Drive,
        }
    }
}

/// Who waits for which service.
#[derive(Debug)]
struct Pacers {
    cloudkit: Pacer,
    drive: Pacer,
    documents: Pacer,
}

impl Pacers {
    fn new(patience: &Patience) -> Self {
        let pacer = |widest| Pacer::new(widest, patience.clone());
        Self { cloudkit: pacer(WIDEST), drive: pacer(WIDEST_DRIVE), documents: pacer(WIDEST_DOCUMENTS) }
    }

    fn of(&self, service: Service) -> &Pacer {
        match service {
            Service::CloudKit => &self.cloudkit,
            Service::Drive => &self.drive,
            Service::Documents => &self.documents,
        }
    }
}

/// A session with iCloud that is ready for use. Cheap to clone; clones share everything.
#[derive(Debug, Clone)]
pub struct Session {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    store: Store,
    account: Account,
    passwords: Passwords,
    clock: Arc<dyn Clock>,
    book: Mutex<Book>,
    /// Held while the session is renewed, so that one renewal serves all workers.
    ladder: tokio::sync::Mutex<Ladder>,
    /// How many changes of the cookies are on disk.
    cookies_on_disk: tokio::sync::Mutex<u64>,
    pacers: Pacers,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner").field("book", &*self.book()).finish_non_exhaustive()
    }
}

impl Session {
    /// Takes up the stored session, or gets a new one without a person.
    ///
    /// Costs no request when Apple confirmed the session less than 20 hours ago. Otherwise it tries, cheapest
    /// first: the session cookies, the stored sign-in, and the password if one of `passwords` has it; once
    /// each. When only a person can help it says so, and says it again at once the next time.
    pub async fn resume(
        client: Client,
        store: Store,
        account: Account,
        passwords: Passwords,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SessionError> {
        let alone = store.sign_in_alone().await;
        let mut book = store.load(&account, client.cookies())?;
        let mut ladder = Ladder::default();
        if !(book.is_fresh(clock.now()) && client.cookies().has(WEB_TOKEN)) {
            renewal::refuse_at_once(&book, &passwords).await?;
            let mut flow = Flow::new(Aim::Unattended { from: Rung::Validate, may_handshake: true }, book);
            let driver = Driver { client: &client, store: &store, account: &account, clock: &*clock };
            driver.run(&mut flow, &mut Nobody(&passwords)).await?;
            ladder.note(&flow);
            book = flow.into_book();
        }
        drop(alone);
        let cookies_on_disk = tokio::sync::Mutex::new(client.cookies().changes());
        let inner = Inner {
            pacers: Pacers::new(client.patience()),
            client,
            store,
            account,
            passwords,
            clock,
            book: Mutex::new(book),
            ladder: tokio::sync::Mutex::new(ladder),
            cookies_on_disk,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// `POST`s `body` as `text/plain` to `path` (which begins with `/` and may carry a query) of `service`,
    /// with cookies, client parameters and headers added. A refusal of the session (401, 421, 423, 450, a 403
    /// without a reason, or the words for it) is answered by a silent renewal and another try. Any other answer is given back whatever its status.
    ///
    /// Waits for its turn at the service's [`Pacer`]; a 429 or 503 makes everybody wait.
    pub async fn call(&self, service: Service, path: &str, body: Bytes) -> Result<Answer, SessionError> {
        self.ask(service, path, Some(body)).await
    }

    /// As [`Session::call`], as a `GET`.
    pub async fn get(&self, service: Service, path: &str) -> Result<Answer, SessionError> {
        self.ask(service, path, None).await
    }

    async fn ask(&self, service: Service, path: &str, body: Option<Bytes>) -> Result<Answer, SessionError> {
        let inner = &self.inner;
        if inner.book().wants_consent(service.app(), inner.clock.now()) {
            return Err(Need::DeviceConsent.into());
        }
        let mut last = 0;
        for _ in 0..MOST_TRIES {
            let epoch = inner.ladder.lock().await.epoch();
            let answer = inner.send(service, path, body.clone()).await?;
            if !renewal::refuses_session(&answer) {
                inner.keep_cookies().await?;
                if is_good(&answer) {
                    inner.ladder.lock().await.went_well();
                }
                return Ok(answer);
            }
            last = answer.status;
            inner.renew(service, epoch, &answer).await?;
        }
        Err(SessionError::RenewalsUseless { status: last })
    }

    /// Who waits for the service, and how long. For troubles that only the body of an answer tells, such as
    /// `THROTTLED`.
    pub fn pacer(&self, service: Service) -> &Pacer {
        self.inner.pacers.of(service)
    }

    /// How much trouble the run bears.
    pub fn patience(&self) -> &Patience {
        self.inner.client.patience()
    }

    /// The account's number, as text.
    pub fn dsid(&self) -> Option<String> {
        self.inner.book().dsid.clone()
    }

    /// When trust ends and a person will be needed.
    pub fn trust_expires(&self) -> Option<Timestamp> {
        store::trust_expires(&self.inner.book(), self.inner.client.cookies())
    }
}

impl Inner {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn send(&self, service: Service, path: &str, body: Option<Bytes>) -> Result<Answer, SessionError> {
        let off = || SessionError::ServiceOff { service: service.name() };
        let request = {
            let book = self.book();
            let entry = book.services.get(service.name()).filter(|entry| entry.active).ok_or_else(off)?;
            let request = requests::service_request(&entry.url, path, body, &book, self.account.endpoints());
            let request = request.ok_or_else(off)?;
            if service == Service::Drive { request.at_most(LARGEST_LISTING) } else { request }
        };
        let pacer = self.pacers.of(service);
        let turn = pacer.turn().await;
        let answer = self.client.call(request).await?;
        match answer.status {
            200..300 if is_good(&answer) => turn.succeeded(),
            429 | 503 => pacer.throttled(answer.retry_after),
            _ => {}
        }
        Ok(answer)
    }

    /// Writes the cookies down when an answer changed them.
    async fn keep_cookies(&self) -> Result<(), SessionError> {
        let jar = self.client.cookies();
        // Workers whose change another one is writing need not wait for it.
        let Ok(mut on_disk) = self.cookies_on_disk.try_lock() else { return Ok(()) };
        if *on_disk == jar.changes() {
            return Ok(());
        }
        // A renewal writes too; the older book must not land on top of the newer one.
        let _alone = self.store.sign_in_alone().await;
        let (changes, book) = (jar.changes(), self.book().clone());
        self.store.save(&book, jar.save()).await?;
        *on_disk = changes;
        Ok(())
    }
}

/// Largest answer that is looked through for the words of an error: errors are short.
const LARGEST_ERROR: usize = 4096;

/// Whether a service did what it was asked. An error may come with status 200.
fn is_good(answer: &Answer) -> bool {
    (200..300).contains(&answer.status) && !says(answer, &["serverErrorCode"])
}

/// Whether an answer that is short enough to be an error has one of these words.
fn says(answer: &Answer, words: &[&str]) -> bool {
    let holds = |word: &&str| answer.body.windows(word.len()).any(|window| window == word.as_bytes());
    answer.body.len() <= LARGEST_ERROR && words.iter().any(holds)
}
