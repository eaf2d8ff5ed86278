//! Does what the state machine asks for: sends, waits, asks, computes and writes down.

use secrecy::{ExposeSecret, SecretString};
use tokio::task::spawn_blocking;

use super::account::Account;
use super::answers::Reply;
use super::book::Book;
use super::error::{Need, SessionError};
use super::flow::{Effect, Event, Flow};
use super::person::{CodePrompt, CodeReply, Notice, Person, Phone, PhoneId};
use super::refused::Refused;
use super::requests::Call;
use super::srp::{self, Ephemeral};
use super::store::Store;
use crate::clock::Clock;
use crate::http::Client;
use crate::secret::Passwords;

/// The cookie that makes a web session.
pub(super) const WEB_TOKEN: &str = "X-APPLE-WEBAUTH-TOKEN";

/// What a sign-in runs with.
pub(super) struct Driver<'a> {
    pub(super) client: &'a Client,
    pub(super) store: &'a Store,
    pub(super) account: &'a Account,
    pub(super) clock: &'a dyn Clock,
}

/// A good end.
#[derive(Debug)]
pub(super) enum Ended {
    Ready { asked_code: bool },
    CodeRequested(CodePrompt),
}

/// Stands in when nobody is there: knows a password at most.
pub(super) struct Nobody<'a>(pub(super) &'a Passwords);

impl Person for Nobody<'_> {
    async fn password(&mut self) -> Option<SecretString> {
        self.0.get()
    }

    async fn code(&mut self, _: &CodePrompt) -> CodeReply {
        CodeReply::GiveUp
    }

    async fn choose_phone(&mut self, _: &[Phone]) -> Option<PhoneId> {
        None
    }

    fn tell(&mut self, _: &Notice) {}
}

impl Driver<'_> {
    /// Runs a flow to its end. What it knows is on disk before each thing it does, so that a crash loses no
    /// token and no count of handshakes.
    pub(super) async fn run<P: Person>(
        &self,
        flow: &mut Flow,
        person: &mut P,
    ) -> Result<Ended, SessionError> {
        let mut written: Option<(Book, u64)> = None;
        let mut password: Option<SecretString> = None;
        let mut effect = flow.start(self.client.cookies().has(WEB_TOKEN), self.clock.now());
        loop {
            if let (Effect::Fail(error), Some(password)) =
                (&effect, password.take_if(|_| is_refusal(&effect)))
            {
                tracing::debug!(%error, "the password was refused");
                let hash = spawn_blocking(move || Refused::new(&password)).await;
                flow.note_refused(hash.map_err(|_| SessionError::Interrupted)?);
            }
            self.write_down(flow.book(), &mut written).await?;
            tracing::debug!(?effect, "sign-in");
            let event = match effect {
                Effect::Send(call) => self.send(&call, flow.book()).await?,
                Effect::Wait(time) => {
                    tokio::time::sleep(time).await;
                    Event::Waited
                }
                Effect::AskPassword => {
                    let answer = person.password().await;
                    if is_same(password.as_ref(), answer.as_ref()) {
                        // Refused a moment ago: Apple is not asked again.
                        return Err(Need::Password { refused: Refused::default() }.into());
                    }
                    password.clone_from(&answer);
                    Event::Password(answer)
                }
                Effect::Draw => Event::Drawn(computed(Ephemeral::draw).await?),
                Effect::Prove(sums) => {
                    let prove = move || {
                        srp::prove(&sums.ephemeral, &sums.account_name, &sums.password, &sums.challenge)
                    };
                    Event::Proved(computed(prove).await?)
                }
                Effect::AskCode(prompt) => Event::Code(person.code(&prompt).await),
                Effect::ChoosePhone(phones) => Event::Phone(person.choose_phone(&phones).await),
                Effect::Tell(notice) => {
                    person.tell(&notice);
                    Event::Told
                }
                Effect::Ready { asked_code } => return Ok(Ended::Ready { asked_code }),
                Effect::CodeRequested(prompt) => return Ok(Ended::CodeRequested(prompt)),
                Effect::Fail(error) => return Err(error),
            };
            effect = flow.on(event, self.clock.now());
        }
    }

    async fn send(&self, call: &Call, book: &Book) -> Result<Event, SessionError> {
        let sent = self.client.exchange(call.request(book, self.account.endpoints())).await;
        let (answer, headers) = match sent {
            Ok(answered) => answered,
            Err(error) => return Ok(Event::Unreachable(error)),
        };
        if answer.status == 421 {
            self.client.reset_connections()?;
        }
        Ok(Event::Answered(Reply::new(&answer, &headers, self.client.cookies().has(WEB_TOKEN))))
    }

    async fn write_down(&self, book: &Book, written: &mut Option<(Book, u64)>) -> Result<(), SessionError> {
        let jar = self.client.cookies();
        let changes = jar.changes();
        if written.as_ref().is_some_and(|(last, mark)| last == book && *mark == changes) {
            return Ok(());
        }
        self.store.save(book, jar.save()).await?;
        *written = Some((book.clone(), changes));
        Ok(())
    }
}

fn is_refusal(effect: &Effect) -> bool {
    matches!(effect, Effect::Fail(SessionError::Needs(Need::Password { .. })))
}

fn is_same(one: Option<&SecretString>, other: Option<&SecretString>) -> bool {
    matches!((one, other), (Some(one), Some(other)) if one.expose_secret() == other.expose_secret())
}

/// Computes on a thread that may be busy.
async fn computed<T: Send + 'static>(
    compute: impl FnOnce() -> T + Send + 'static,
) -> Result<T, SessionError> {
    spawn_blocking(compute).await.map_err(|_| SessionError::Interrupted)
}
