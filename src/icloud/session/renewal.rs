//! Renewing a session that a service refused, and refusing to try what cannot work.
//!
//! A token that `validate` accepts can still be refused by a service (pyicloud PR #310 tells of an endless
//! loop), so `validate` has no rung here: fresh connections after a 421, then the stored sign-in, then the
//! password.

use super::book::NeedsUser;
use super::driver::{Driver, Nobody};
use super::error::{Need, SessionError};
use super::flow::{Aim, Flow, Rung};
use super::{Book, Inner, Service, says};
use crate::http::Answer;
use crate::secret::Passwords;

/// How far up the session has gone since a service was last content.
#[derive(Debug, Default)]
pub(super) struct Ladder {
    next: Step,
    /// Changes with every renewal: tells whether somebody else has renewed meanwhile.
    epoch: u64,
    /// The password was used in the life of this session; never again.
    handshaken: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    #[default]
    Connections,
    StoredSignIn,
    Password,
    Nothing,
}

impl Ladder {
    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// A service was content.
    pub(super) fn went_well(&mut self) {
        self.next = Step::Connections;
    }

    /// Notes what a flow used up.
    pub(super) fn note(&mut self, flow: &Flow) {
        self.handshaken |= flow.used_password();
    }

    /// The step for this refusal, and the next one for the next.
    fn climb(&mut self, status: u16) -> Step {
        let step = match (status, self.next) {
            (421, step) => step,
            // Fresh connections help a 421 alone, the password brings no keys to a 423, and a 403 may be a limit.
            (403 | 423, Step::Password) => Step::Nothing,
            (_, step) => step.max(Step::StoredSignIn),
        };
        self.next = match step {
            Step::Connections => Step::StoredSignIn,
            Step::StoredSignIn => Step::Password,
            Step::Password | Step::Nothing => Step::Nothing,
        };
        step
    }
}

impl Inner {
    /// One step up for all workers that were refused in `epoch`.
    pub(super) async fn renew(
        &self,
        service: Service,
        epoch: u64,
        answer: &Answer,
    ) -> Result<(), SessionError> {
        let mut ladder = self.ladder.lock().await;
        if ladder.epoch != epoch {
            return Ok(());
        }
        let status = answer.status;
        let stood = ladder.next;
        let from = match ladder.climb(status) {
            Step::Connections => {
                self.client.reset_connections()?;
                ladder.epoch += 1;
                return Ok(());
            }
            Step::StoredSignIn => Rung::AccountLogin,
            Step::Password if self.passwords.get().is_some() => Rung::Handshake,
            // How accounts with security keys look to CloudKit; a lapsed session may look so too (kei #221).
            Step::Nothing if says(answer, &["no auth method found"]) => {
                return Err(Need::SecurityKey { keys: vec!["no names given".to_owned()] }.into());
            }
            Step::Nothing if status == 423 => {
                ladder.epoch += 1;
                return self.take_keys(service, status).await;
            }
            // Without a password there is nothing more to try, and nothing to remember: the stored sign-in has just
            // worked, so the next run may well find the service content again.
            Step::Password | Step::Nothing => return Err(SessionError::RenewalsUseless { status }),
        };
        tracing::debug!(status, ?from, "renewing the session");
        let alone = self.store.sign_in_alone().await;
        let aim = Aim::Unattended { from, may_handshake: !ladder.handshaken };
        let mut flow = Flow::new(aim, self.book().clone());
        let driver =
            Driver { client: &self.client, store: &self.store, account: &self.account, clock: &*self.clock };
        let ended = driver.run(&mut flow, &mut Nobody(&self.passwords)).await;
        ladder.note(&flow);
        ladder.epoch += 1;
        if flow.used_password() {
            ladder.next = Step::Nothing;
        } else if ended.is_err() {
            // The network or Apple failed, not the session: the same step is still to be tried.
            ladder.next = stood;
        }
        *self.book() = flow.into_book();
        drop(alone);
        ended.map(|_| ())
    }
}

/// Refuses without a request when the last run ended where a person is needed, unless a password has come
/// that was not there, or was another one.
pub(super) async fn refuse_at_once(book: &Book, passwords: &Passwords) -> Result<(), SessionError> {
    let Some(NeedsUser { why, .. }) = &book.needs_user else { return Ok(()) };
    let worth_a_try = match (why, passwords.get()) {
        (Need::SignIn, Some(_)) => true,
        (Need::Password { refused }, Some(password)) => {
            let refused = refused.clone();
            let same = tokio::task::spawn_blocking(move || refused.is(&password)).await;
            !same.map_err(|_| SessionError::Interrupted)?
        }
        _ => false,
    };
    if worth_a_try { Ok(()) } else { Err(why.clone().into()) }
}

/// Whether a service refuses the session: by the status, by a 403 that gives no reason (kei #226), or by the words of
/// an error that may come with any status, 200 too.
pub(super) fn refuses_session(answer: &Answer) -> bool {
    match answer.status {
        401 if says(answer, &["ACCESS_DENIED"]) => false,
        401 | 421 | 423 | 450 => true,
        403 if !says(answer, &["serverErrorCode"]) => true,
        _ => says(answer, &["AUTHENTICATION_FAILED", "AUTHENTICATION_REQUIRED", "nvalid global session"]),
    }
}
