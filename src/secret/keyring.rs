//! A password from the keyring: that of the desktop (the Secret Service of D-Bus), or the keychain of macOS.
//!
//! A keyring that is locked asks a person to unlock it, and may do so for ever. Nobody waits longer than [`PATIENCE`] for it,
//! and there is one question at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

/// How long the keyring may take, which may ask somebody who sits at the machine to unlock it.
const PATIENCE: Duration = Duration::from_secs(20);

/// What to do about a keyring that does not open.
const UNLOCK: &str = "unlock it, as signing in to the desktop does; for a machine where nobody does that, `password_file` or \
                      `password_credential` is the better source";

/// One entry of the keyring.
#[derive(Clone)]
pub(super) struct Keyring {
    service: String,
    account: SecretString,
    /// Whether the keyring has not answered yet. A second question would be a second window on the person's screen.
    asked: Arc<AtomicBool>,
}

/// Takes the question back, however its thread ends.
struct Asking(Arc<AtomicBool>);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Keyring {
    pub(super) fn new(service: String, account: SecretString) -> Self {
        Self { service, account, asked: Arc::default() }
    }

    /// The password, read anew.
    pub(super) fn password(&self) -> Result<SecretString, String> {
        self.within(PATIENCE, read)
    }

    /// On a thread of its own, which stays behind when the keyring does not answer in time: nothing can call it back.
    fn within(
        &self,
        patience: Duration,
        read: fn(&str, &str) -> Result<SecretString, String>,
    ) -> Result<SecretString, String> {
        if self.asked.swap(true, Ordering::AcqRel) {
            return Err(format!("the keyring has not answered yet; {UNLOCK}"));
        }
        let asking = Asking(self.asked.clone());
        let (tell, told) = sync_channel(1);
        let (service, account) = (self.service.clone(), self.account.clone());
        std::thread::spawn(move || {
            let answer = read(&service, account.expose_secret());
            drop(asking);
            // Whoever asked may have gone.
            let _heard = tell.send(answer);
        });
        match told.recv_timeout(patience) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Timeout) => Err(format!(
                "the keyring did not answer within {} s: it may be locked and wait for somebody to open it; {UNLOCK}",
                patience.as_secs()
            )),
            Err(RecvTimeoutError::Disconnected) => Err("the keyring cannot be asked".to_owned()),
        }
    }
}

#[cfg(not(feature = "keyring"))]
fn read(_: &str, _: &str) -> Result<SecretString, String> {
    Err("this larder was built without it".to_owned())
}

#[cfg(feature = "keyring")]
fn read(service: &str, account: &str) -> Result<SecretString, String> {
    #[cfg(target_os = "macos")]
    use apple_native_keyring_store::keychain::Store;
    use keyring_core::Error;
    use keyring_core::api::CredentialStoreApi as _;
    #[cfg(not(target_os = "macos"))]
    use zbus_secret_service_keyring_store::Store;

    // A connection of its own each time: the session that it belongs to may end and begin again while larder runs.
    let secret = Store::new()
        .and_then(|store| store.build(service, account, None))
        .and_then(|entry| entry.get_secret())
        .map(zeroize::Zeroizing::new);
    let secret = secret.map_err(|error| match error {
        Error::NoEntry => {
            let how = if cfg!(target_os = "macos") {
                format!("security add-generic-password -s {service} -a APPLE_ID -w")
            } else {
                format!("secret-tool store --label={service} service {service} username APPLE_ID")
            };
            format!("the keyring has none for the service `{service}` and this Apple ID; put it there with `{how}`")
        }
        Error::Ambiguous(_) => {
            format!("the keyring has several for the service `{service}` and this Apple ID; remove all but one")
        }
        // Its own words for this may have the bytes in them.
        Error::BadEncoding(_) | Error::BadDataFormat(..) => "what the keyring has is no text".to_owned(),
        Error::NoStorageAccess(why) => format!("the keyring is locked ({why}); {UNLOCK}"),
        error => format!(
            "the keyring cannot be asked ({error}); larder must run in the session of the person whose keyring it is, as \
             a service that `larder service install` makes does, and jobs of cron do not"
        ),
    })?;
    let text = std::str::from_utf8(&secret).map_err(|_| "what the keyring has is no text".to_owned())?;
    super::source::first_line(text, "the keyring")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Keyring {
        Keyring::new("larder".to_owned(), SecretString::from("you@example.com"))
    }

    #[test]
    fn a_keyring_that_does_not_answer_is_asked_once_and_left() {
        let keyring = entry();
        let slow = |_: &str, _: &str| {
            std::thread::sleep(Duration::from_millis(300));
            Ok(SecretString::from("late"))
        };
        let late = keyring.within(Duration::from_millis(20), slow).unwrap_err();
        assert!(late.contains("did not answer") && late.contains("unlock it"), "{late}");
        let again = keyring.clone().within(Duration::from_secs(9), |_, _| unreachable!()).unwrap_err();
        assert!(again.contains("has not answered yet"), "{again}");
        // Once it answers, it is asked again.
        std::thread::sleep(Duration::from_millis(600));
        let answer = keyring.within(Duration::from_secs(9), |service, account| {
            Ok(SecretString::from(format!("{service} {account}")))
        });
        assert_eq!(answer.unwrap().expose_secret(), "larder you@example.com");
    }

    #[test]
    fn a_question_that_goes_wrong_is_not_the_last() {
        let keyring = entry();
        assert!(
            keyring.within(Duration::from_secs(9), |_, _| std::panic::resume_unwind(Box::new(()))).is_err()
        );
        assert!(keyring.within(Duration::from_secs(9), |_, _| Ok(SecretString::from("x"))).is_ok());
    }
}
