//! The daemon's page, as far as it takes the jobs: signing in, and how the mirrors stand.

use std::sync::Arc;

use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::job::Loaded;
use super::telling::{after_login, tell_link};
use super::unlocking::unlock;
use super::{Console, Exit, Failure};
use crate::clock::SystemClock;
use crate::config::{self, NAME_THE_PAGE, PasswordSource};
use crate::daemon::page::{Answer, CodeBy, Consent, Door, Links, Page, Seen, Told, Wish, serve};
use crate::icloud::session::{
    self, CodePrompt, CodeReply, CodeRequest, CodeSource, CodeWay, LoginOptions, Need, NeedsUser, Notice,
    Person, Phone, PhoneId, Refused,
};
use crate::report;
use crate::secret::{PASSWORD_VARIABLE, Passwords};
use crate::state::JobLock;

/// How links to the page are made.
#[derive(Clone)]
pub(super) struct Entrance {
    links: Arc<Links>,
    base: String,
}

impl Entrance {
    /// A link by which a person signs in to the account of a job, once.
    pub(super) fn link(&self, job: &str) -> String {
        format!("{}{}", self.base, self.links.fresh(job))
    }
}

/// The page's settings: those of the first job that has a page.
pub(super) fn settings<'a>(
    jobs: impl Iterator<Item = &'a Arc<Loaded>>,
) -> Result<Option<config::Page>, Failure> {
    let mut found: Option<config::Page> = None;
    for loaded in jobs {
        let page = &loaded.job.page;
        match &found {
            _ if page.listen.is_none() => {}
            None => found = Some(page.clone()),
            Some(other) if other == page => {}
            Some(_) => {
                let message = "The jobs name different pages: one daemon has one, so leave `[page]` the same in all of them";
                return Err(Failure::new(Exit::Usage, message.to_owned()));
            }
        }
    }
    Ok(found)
}

/// Opens the page and gives how links to it are made. It is served until `stop` is cancelled.
pub(super) async fn open(
    settings: config::Page,
    jobs: Vec<(Arc<Loaded>, Seen)>,
    console: &Console,
    stop: CancellationToken,
) -> Result<Option<Entrance>, Failure> {
    let (Some(listen), Some(base)) = (settings.listen, settings.base()) else { return Ok(None) };
    let listener = TcpListener::bind(listen).await.map_err(|error| {
        Failure::new(Exit::Usage, format!("The page cannot listen at `{listen}` (`page.listen`): {error}"))
    })?;
    let links = Arc::new(Links::default());
    let doors = jobs.into_iter().map(|(loaded, standing)| door(&loaded, standing, console)).collect();
    console.tell(&format!("The page is at {base}"));
    if settings.lacks_an_address() {
        console.warning(&format!("Links to the page are of use on this machine alone: {NAME_THE_PAGE}"));
    }
    let page = Page { doors, links: links.clone(), settings };
    tokio::spawn(async move {
        if let Err(error) = serve(listener, page, stop).await {
            tracing::warn!(%error, "the page is not served any more");
        }
    });
    Ok(Some(Entrance { links, base }))
}

/// A job, as the page sees it.
fn door(loaded: &Arc<Loaded>, standing: Seen, console: &Console) -> Door {
    let from_outside = std::env::var_os(PASSWORD_VARIABLE).is_some_and(|text| !text.is_empty());
    let (status, trust, asked, told) = (loaded.clone(), loaded.clone(), loaded.clone(), loaded.clone());
    let (console, locked) = (console.clone(), loaded.clone());
    let consent: Arc<watch::Sender<Consent>> = Arc::default();
    let seen = consent.subscribe();
    Door {
        name: loaded.job.name.clone(),
        standing,
        status: Arc::new(move || {
            let look = || -> Result<_, Failure> {
                let mut all = Vec::new();
                for (part, reader) in status.readers()? {
                    all.push(report::status(&reader.view()?, part, None)?);
                }
                Ok(all)
            };
            look().map_err(|failure| failure.message)
        }),
        trust_ends: Arc::new(move || trust.store.remembered().ok().flatten()?.trust_expires),
        has_password: from_outside || loaded.job.account.password != PasswordSource::None,
        ask: Arc::new(move |wish| {
            let (loaded, console, consent) = (asked.clone(), console.clone(), consent.clone());
            let answer: Answer<Told> = Box::pin(async move {
                ask(&loaded, &console, &consent, wish).await.map_err(|failure| failure.message)
            });
            answer
        }),
        wants_consent: Arc::new(move || locked.wants_consent()),
        consent: Arc::new(move || seen.borrow().clone()),
        tell: Arc::new(move |link| {
            let loaded = told.clone();
            let answer: Answer<()> = Box::pin(async move { tell_link(&loaded, link).await });
            answer
        }),
    }
}

async fn ask(
    loaded: &Arc<Loaded>,
    console: &Console,
    consent: &Arc<watch::Sender<Consent>>,
    wish: Wish,
) -> Result<Told, Failure> {
    let lock = loaded.lock_for_run(console).map_err(|failure| match failure.exit {
        Exit::Locked => Failure::new(Exit::Locked, "A run is at work: try again when it is done".to_owned()),
        _ => failure,
    })?;
    let (http, store, account) = (&loaded.http, &loaded.store, &loaded.account);
    let refused = match store.remembered()?.and_then(|remembered| remembered.needs_user) {
        Some(NeedsUser { why: Need::Password { refused }, .. }) => Some(refused),
        _ => None,
    };
    let passwords = loaded.passwords.clone();
    let mut visitor = Visitor { passwords, refused, typed: None, phone: None, consent: consent.clone() };
    match wish {
        Wish::Code { password, way } => {
            let (way, phone) = match way {
                CodeBy::Devices => (CodeWay::Devices, None),
                CodeBy::Message(phone) => (CodeWay::Message, Some(phone)),
                CodeBy::Call(phone) => (CodeWay::Call, Some(phone)),
            };
            (visitor.typed, visitor.phone) = (password, phone);
            let options = LoginOptions { way };
            let asked =
                session::request_code(http, store, account, &SystemClock, &mut visitor, options).await;
            match asked.map_err(for_visitors)? {
                CodeRequest::Sent(prompt) => Ok(sent(&prompt, way)),
                CodeRequest::AlreadyDone(_) => Ok(signed_in(loaded, console, visitor, lock).await),
            }
        }
        Wish::Finish(code) => {
            let done = session::submit_code(http, store, account, &SystemClock, &mut visitor, &code).await;
            done.map_err(for_visitors)?;
            Ok(signed_in(loaded, console, visitor, lock).await)
        }
    }
}

/// The person is signed in. Where devices have to agree, they are waited for behind the page, which tells how it goes.
async fn signed_in(loaded: &Arc<Loaded>, console: &Console, mut visitor: Visitor, lock: JobLock) -> Told {
    let (loaded, console) = (loaded.clone(), console.clone());
    visitor.consent.send_replace(Consent::Unknown);
    let mut seen = visitor.consent.subscribe();
    tokio::spawn(async move {
        let end = match unlock(&loaded, &console, &mut visitor).await {
            Ok(_) => {
                after_login(&loaded).await;
                Consent::Given
            }
            Err(failure) => Consent::Refused(for_visitors(failure).message),
        };
        drop(lock);
        visitor.consent.send_replace(end);
    });
    match seen.wait_for(|consent| *consent != Consent::Unknown).await.as_deref() {
        Ok(Consent::Asked) => Told::Asked,
        Ok(Consent::Refused(why)) => Told::Locked(why.clone()),
        _ => Told::Done,
    }
}

/// The same words, where they speak of the command line.
fn for_visitors(error: impl Into<Failure>) -> Failure {
    let mut failure = error.into();
    for (there, here) in [
        ("; run `larder login` for a new one", ": ask for a new one"),
        ("; begin with `larder login --request-code`", ": ask for a code"),
        ("; run `larder login` again", ": begin again"),
        (", then run `larder login`", ", then begin again"),
        ("Not signed in: run `larder login`", "Apple wants the password"),
        // All that a visitor can leave out.
        ("Sign-in was given up; nothing has changed", "Apple wants the password"),
        ("run `larder login` again", "ask again"),
        ("run `larder login`", "begin again"),
    ] {
        failure.message = failure.message.replace(there, here);
    }
    failure
}

fn sent(prompt: &CodePrompt, way: CodeWay) -> Told {
    let whence = match &prompt.source {
        CodeSource::Devices => "is shown on your trusted devices".to_owned(),
        CodeSource::Phone(phone) if way == CodeWay::Call || phone.voice_only => {
            format!("is read out by Apple, which calls {}", phone.number)
        }
        CodeSource::Phone(phone) => format!("was sent to {}", phone.number),
        CodeSource::Nowhere => "could not be shown anywhere; try a text message".to_owned(),
    };
    let phones = prompt.phones.iter().map(|phone| phone.number.clone()).collect();
    Told::Sent { whence, digits: prompt.digits, phones }
}

/// The person at the page: one answer at a time.
struct Visitor {
    passwords: Passwords,
    /// The password that Apple refused, which is not sent again by itself.
    refused: Option<Refused>,
    typed: Option<SecretString>,
    phone: Option<usize>,
    /// Hears that devices ask the person.
    consent: Arc<watch::Sender<Consent>>,
}

impl Person for Visitor {
    async fn password(&mut self) -> Option<SecretString> {
        if let Some(typed) = self.typed.take() {
            return Some(typed);
        }
        // A program or the keyring may take its time, and others look at the page meanwhile.
        let passwords = self.passwords.clone();
        let known = tokio::task::spawn_blocking(move || passwords.get()).await.ok()??;
        let refused = self.refused.as_ref().is_some_and(|refused| refused.is(&known));
        (!refused).then_some(known)
    }

    async fn code(&mut self, _: &CodePrompt) -> CodeReply {
        CodeReply::GiveUp
    }

    async fn choose_phone(&mut self, phones: &[Phone]) -> Option<PhoneId> {
        phones.get(self.phone.unwrap_or(0)).or(phones.first()).map(|phone| phone.id.clone())
    }

    fn tell(&mut self, notice: &Notice) {
        if *notice == Notice::AgreeOnDevice {
            self.consent.send_replace(Consent::Asked);
        }
    }
}
