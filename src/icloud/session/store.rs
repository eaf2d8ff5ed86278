//! The session file: tokens, service map and cookies of one account, mode 0600, replaced at once.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Service;
use super::account::Account;
use super::book::{Book, NeedsUser};
use super::endpoints::Region;
use super::error::SessionError;
use crate::http::{Jar, SavedCookies};
use crate::secret;

/// Format of the file.
const VERSION: u32 = 1;

/// Cookies that Apple sets for as long as it trusts this machine.
const TRUST_COOKIE: &str = "X-APPLE-WEBAUTH-HSA-TRUST";

/// Where the session of one account is kept. Clones share the lock that keeps sign-ins apart.
#[derive(Debug, Clone)]
pub struct Store {
    path: PathBuf,
    signing_in: Arc<tokio::sync::Mutex<()>>,
}

/// What the file says, for people and without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// When trust ends and a code will be needed.
    pub trust_expires: Option<Timestamp>,
    /// When Apple last confirmed the session.
    pub validated_at: Option<Timestamp>,
    /// What the person has to do, if anything.
    pub needs_user: Option<NeedsUser>,
    /// Services that have no keys before a device agrees (see [`super::unlock`]).
    pub locked: Vec<Service>,
}

#[derive(Serialize, Deserialize)]
struct Record<B> {
    version: u32,
    session: B,
    cookies: SavedCookies,
}

impl Store {
    /// A session file; it need not exist, but its folder must.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), signing_in: Arc::new(tokio::sync::Mutex::new(())) }
    }

    /// What is remembered, without asking Apple. `None` when there is no session.
    pub fn remembered(&self) -> Result<Option<Remembered>, SessionError> {
        let Some((book, cookies)) = self.read()? else { return Ok(None) };
        let jar = Jar::default();
        jar.load(cookies);
        let trust_expires = trust_expires(&book, &jar);
        let services = [Service::CloudKit, Service::Drive, Service::Documents];
        let locked =
            services.into_iter().filter(|service| book.without_consent.contains_key(service.app().name()));
        Ok(Some(Remembered {
            trust_expires,
            validated_at: book.validated_at,
            locked: locked.collect(),
            needs_user: book.needs_user,
        }))
    }

    /// Where Apple keeps the account, as far as it said; the global region when nothing is stored that can be read. The
    /// file is left as it is: what is wrong with it is told by whoever uses it.
    #[must_use]
    pub fn region(&self) -> Region {
        let bytes = secret::peek_private(&self.path);
        let known = bytes.and_then(|bytes| self.parse(&bytes).ok());
        known.map_or(Region::Global, |(book, _)| book.region())
    }

    /// The book and the cookies, the latter put into `jar`; a new book when nothing is stored.
    pub(super) fn load(&self, account: &Account, jar: &Jar) -> Result<Book, SessionError> {
        let home = account.endpoints().home_origin();
        let new = || Book { home: Some(home.clone()), ..Book::new(account.apple_id()) };
        let Some((book, cookies)) = self.read()? else {
            jar.clear();
            return Ok(new());
        };
        if book.account_name != account.apple_id() {
            return Err(SessionError::OtherAccount { path: self.shown() });
        }
        if book.home.as_deref().map_or(Region::Global, Region::of) != Region::of(&home) {
            jar.clear();
            return Ok(new());
        }
        jar.load(cookies);
        Ok(book)
    }

    fn read(&self) -> Result<Option<(Book, SavedCookies)>, SessionError> {
        let Some(file) = secret::read_private(&self.path)? else { return Ok(None) };
        if file.mended {
            tracing::warn!(path = %self.path.display(), "the session file was open to others; it is not any more");
        }
        self.parse(&file.bytes).map(Some)
    }

    fn parse(&self, bytes: &[u8]) -> Result<(Book, SavedCookies), SessionError> {
        let bad = |why: String| SessionError::BadFile { path: self.shown(), why };
        // The message of the parser may quote what it read, so only the place is told.
        let place =
            |error: &serde_json::Error| bad(format!("line {}, column {}", error.line(), error.column()));
        let record: Record<Book> = serde_json::from_slice(bytes).map_err(|error| place(&error))?;
        if record.version != VERSION {
            return Err(bad(format!("its format is {}, this larder knows {VERSION}", record.version)));
        }
        Ok((record.session, record.cookies))
    }

    /// Writes everything, on a thread that may block.
    pub(super) async fn save(&self, book: &Book, cookies: SavedCookies) -> Result<(), SessionError> {
        let record = Record { version: VERSION, session: book, cookies };
        let text = serde_json::to_vec_pretty(&record).map(Zeroizing::new);
        let text =
            text.map_err(|error| SessionError::BadFile { path: self.shown(), why: error.to_string() })?;
        let path = self.path.clone();
        let written = tokio::task::spawn_blocking(move || secret::write_private(&path, &text));
        written.await.map_err(|_| SessionError::Interrupted)??;
        Ok(())
    }

    /// Removes the file.
    pub(super) fn forget(&self) -> Result<(), SessionError> {
        Ok(secret::remove_private(&self.path)?)
    }

    /// Keeps two sign-ins of this process apart: each would void the other's counter and code.
    pub(super) async fn sign_in_alone(&self) -> tokio::sync::OwnedMutexGuard<()> {
        Arc::clone(&self.signing_in).lock_owned().await
    }

    fn shown(&self) -> String {
        self.path.display().to_string()
    }
}

/// When trust ends: the cookie knows best (icloud-docker PR #530), the date of the last trust is the fallback.
pub(super) fn trust_expires(book: &Book, jar: &Jar) -> Option<Timestamp> {
    book.trust_token.as_ref()?;
    jar.expiry(TRUST_COOKIE).or_else(|| book.trust_end())
}
