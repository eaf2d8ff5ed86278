//! Signing in and out with a person.

use jiff::{SignedDuration, Timestamp};

use super::account::Account;
use super::answers::Reply;
use super::book::Book;
use super::driver::{Driver, Ended, Nobody};
use super::error::SessionError;
use super::flow::{Aim, CodeText, Flow, Rung};
use super::person::{CodePrompt, CodeWay, Person};
use super::requests::Call;
use super::store::{Store, trust_expires};
use crate::clock::Clock;
use crate::http::{Client, Jar};
use crate::secret::Passwords;

/// Trust that ends sooner than this is made new by a sign-in with a person: they came because of a reminder.
const RENEW_BEFORE: SignedDuration = SignedDuration::from_hours(15 * 24);

/// How a person wants to sign in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LoginOptions {
    /// How the code is to come.
    pub way: CodeWay,
}

/// A sign-in that worked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginDone {
    /// Whether a code had to be entered.
    pub asked_code: bool,
    /// When trust ends and a code will be needed again.
    pub trust_expires: Option<Timestamp>,
}

/// The first of two calls of a sign-in without a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeRequest {
    /// A code is on its way; [`submit_code`] takes it.
    Sent(CodePrompt),
    /// None was needed.
    AlreadyDone(LoginDone),
}

/// A sign-out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogoutDone {
    /// Whether Apple confirmed it. When not, the session ends by itself within weeks; nothing of it is kept
    /// here either way.
    pub confirmed: bool,
}

/// Signs in with a person: password, code if Apple wants one, trust. What was stored before stays as it was
/// unless this works. Must be the only sign-in of the account: the caller holds the job's lock.
pub async fn login<P: Person>(
    client: &Client,
    store: &Store,
    account: &Account,
    clock: &dyn Clock,
    person: &mut P,
    options: LoginOptions,
) -> Result<LoginDone, SessionError> {
    let _alone = store.sign_in_alone().await;
    let driver = Driver { client, store, account, clock };
    let book = store.load(account, client.cookies())?;
    let book = match without_password(&driver, book).await? {
        Still::Good(done) => return Ok(done),
        Still::Not(book) => book,
    };
    let renew = wants_new_trust(&book, client.cookies(), clock.now());
    let mut flow = Flow::new(Aim::Login { way: options.way, renew }, *book);
    match driver.run(&mut flow, person).await? {
        Ended::Ready { asked_code } => Ok(done(asked_code, flow.book(), client.cookies())),
        Ended::CodeRequested(_) => Err(SessionError::Interrupted),
    }
}

/// Begins a sign-in whose code another process will bring: gets as far as having a code sent. The person is
/// asked for the password and, with several phones and a message or a call, for the phone.
pub async fn request_code<P: Person>(
    client: &Client,
    store: &Store,
    account: &Account,
    clock: &dyn Clock,
    person: &mut P,
    options: LoginOptions,
) -> Result<CodeRequest, SessionError> {
    let _alone = store.sign_in_alone().await;
    let driver = Driver { client, store, account, clock };
    let book = store.load(account, client.cookies())?;
    let book = match without_password(&driver, book).await? {
        Still::Good(done) => return Ok(CodeRequest::AlreadyDone(done)),
        Still::Not(book) => book,
    };
    let renew = wants_new_trust(&book, client.cookies(), clock.now());
    let mut flow = Flow::new(Aim::RequestCode { way: options.way, renew }, *book);
    Ok(match driver.run(&mut flow, person).await? {
        Ended::CodeRequested(prompt) => CodeRequest::Sent(prompt),
        Ended::Ready { asked_code } => {
            CodeRequest::AlreadyDone(done(asked_code, flow.book(), client.cookies()))
        }
    })
}

/// Finishes what [`request_code`] began, within 15 minutes. A wrong code may be followed by another call, three
/// in all.
pub async fn submit_code<P: Person>(
    client: &Client,
    store: &Store,
    account: &Account,
    clock: &dyn Clock,
    person: &mut P,
    code: &str,
) -> Result<LoginDone, SessionError> {
    let _alone = store.sign_in_alone().await;
    let mut book = store.load(account, client.cookies())?;
    book.without_consent.clear();
    let mut flow = Flow::new(Aim::SubmitCode { code: CodeText(code.to_owned()) }, book);
    let driver = Driver { client, store, account, clock };
    match driver.run(&mut flow, person).await? {
        Ended::Ready { asked_code } => Ok(done(asked_code, flow.book(), client.cookies())),
        Ended::CodeRequested(_) => Err(SessionError::Interrupted),
    }
}

/// Ends the session at Apple, as far as it can be reached, and forgets everything that was stored.
pub async fn logout(client: &Client, store: &Store, account: &Account) -> Result<LogoutDone, SessionError> {
    let _alone = store.sign_in_alone().await;
    let confirmed = match store.load(account, client.cookies()) {
        Ok(book) if book.dsid.is_some() => {
            match client.exchange(Call::Logout.request(&book, account.endpoints())).await {
                Ok((answer, headers)) => Reply::new(&answer, &headers, false).ok(),
                Err(error) => {
                    tracing::debug!(%error, "the session could not be ended at Apple");
                    false
                }
            }
        }
        // Nothing to end; and a file that cannot be used is to be forgotten all the same.
        Ok(_) | Err(SessionError::BadFile { .. } | SessionError::OtherAccount { .. }) => false,
        Err(error) => return Err(error),
    };
    client.cookies().clear();
    store.forget()?;
    Ok(LogoutDone { confirmed })
}

/// Whether a session needs no password.
enum Still {
    Good(LoginDone),
    Not(Box<Book>),
}

/// Takes up the session without a person, where all that it lacked was the consent of a device. That is forgotten: it is
/// asked for next.
async fn without_password(driver: &Driver<'_>, mut book: Book) -> Result<Still, SessionError> {
    let (jar, now) = (driver.client.cookies(), driver.clock.now());
    let lacked_it = !std::mem::take(&mut book.without_consent).is_empty();
    if !lacked_it || book.needs_user.is_some() || wants_new_trust(&book, jar, now) {
        return Ok(Still::Not(Box::new(book)));
    }
    let mut flow = Flow::new(Aim::Unattended { from: Rung::Validate, may_handshake: false }, book);
    match driver.run(&mut flow, &mut Nobody(&Passwords::none())).await {
        Ok(_) => Ok(Still::Good(done(false, flow.book(), jar))),
        Err(error) if error.need().is_some() => Ok(Still::Not(Box::new(flow.into_book()))),
        Err(error) => Err(error),
    }
}

fn wants_new_trust(book: &Book, jar: &Jar, now: Timestamp) -> bool {
    trust_expires(book, jar).is_some_and(|end| end.duration_since(now) < RENEW_BEFORE)
}

fn done(asked_code: bool, book: &Book, jar: &Jar) -> LoginDone {
    LoginDone { asked_code, trust_expires: trust_expires(book, jar) }
}
