//! Getting a device of the person to hand out keys, where the account has Advanced Data Protection.

use jiff::{SignedDuration, Timestamp};

use super::account::Account;
use super::app::App;
use super::book::{Book, NeedsUser};
use super::error::{Need, SessionError};
use super::keys::Keys;
use super::person::{Notice, Person};
use super::store::Store;
use super::{Inner, Service};
use crate::clock::Clock;
use crate::http::Client;

/// How long a person is waited for who has to agree on a device, as rclone and icloud-photos-sync do.
const PERSON: SignedDuration = SignedDuration::from_mins(5);

/// How long keys are waited for that a device was told to hand out, without a person.
const ALONE: SignedDuration = SignedDuration::from_mins(1);

/// Whether services may be asked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlocked {
    /// The account has no Advanced Data Protection, and services want no keys.
    NotProtected,
    /// The keys are there.
    Ready {
        /// Until when, as far as Apple says.
        until: Option<Timestamp>,
    },
}

/// Gets the keys of these services, with a person who has just signed in: where the account needs it, the devices ask the
/// person, who is told so and waited for. Must be the only sign-in of the account, as [`super::login`].
///
/// Fails with [`Need::DeviceConsent`] when no device agreed in time, and with [`Need::WebAccess`] when the account cannot be
/// read over the web at all.
pub async fn unlock<P: Person>(
    client: &Client,
    store: &Store,
    account: &Account,
    clock: &dyn Clock,
    person: &mut P,
    services: &[Service],
) -> Result<Unlocked, SessionError> {
    let _alone = store.sign_in_alone().await;
    let mut book = store.load(account, client.cookies())?;
    let mut apps: Vec<App> = services.iter().map(|service| service.app()).collect();
    apps.sort_unstable();
    apps.dedup();
    let keys = Keys { client, endpoints: account.endpoints(), book: &book, clock };
    let unlocked = with_person(&keys, person, &apps).await;
    for app in apps {
        match &unlocked {
            Ok(_) => book.without_consent.remove(app.name()),
            Err(error) if error.need() == Some(&Need::DeviceConsent) => {
                book.without_consent.insert(app.name().to_owned(), clock.now())
            }
            Err(_) => None,
        };
    }
    store.save(&book, client.cookies().save()).await?;
    unlocked
}

async fn with_person<P: Person>(
    keys: &Keys<'_>,
    person: &mut P,
    apps: &[App],
) -> Result<Unlocked, SessionError> {
    let mut access = keys.access().await?;
    if !access.allowed {
        return Err(Need::WebAccess.into());
    }
    if !access.protected {
        return Ok(Unlocked::NotProtected);
    }
    if !access.consented {
        let asked = || person.tell(&Notice::AgreeOnDevice);
        access = keys.consent(asked, PERSON).await?.ok_or(Need::DeviceConsent)?;
    }
    for app in apps {
        if !keys.take(*app, true, PERSON).await? {
            return Err(Need::DeviceConsent.into());
        }
    }
    Ok(Unlocked::Ready { until: access.until })
}

impl Inner {
    /// Gets the keys that a service misses, without a person: only where a device has agreed already. Asking a device may
    /// light up a screen at night, so it is left to a person, and the service is not asked again for a while.
    pub(super) async fn take_keys(&self, service: Service, status: u16) -> Result<(), SessionError> {
        let book = self.book().clone();
        let (endpoints, clock) = (self.account.endpoints(), &*self.clock);
        let keys = Keys { client: &self.client, endpoints, book: &book, clock };
        let access = keys.access().await?;
        let need = if !access.allowed {
            Need::WebAccess
        } else if !access.protected {
            // Then it is the session that it does not like, and that has been renewed.
            return Err(SessionError::RenewalsUseless { status });
        } else if access.consented && keys.take(service.app(), false, ALONE).await? {
            return self.keep_cookies().await;
        } else {
            Need::DeviceConsent
        };
        let now = self.clock.now();
        self.remember(|book| {
            if need == Need::DeviceConsent {
                book.without_consent.insert(service.app().name().to_owned(), now);
            } else {
                book.needs_user = Some(NeedsUser { why: need.clone(), since: now });
                book.validated_at = None;
            }
        })
        .await?;
        Err(need.into())
    }

    /// Changes what is known of the session, and writes it down.
    async fn remember(&self, change: impl FnOnce(&mut Book)) -> Result<(), SessionError> {
        let _alone = self.store.sign_in_alone().await;
        let book = {
            let mut book = self.book();
            change(&mut book);
            book.clone()
        };
        self.store.save(&book, self.client.cookies().save()).await
    }
}
