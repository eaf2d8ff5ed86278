//! After a sign-in: the keys of an account with Advanced Data Protection.

use super::job::Loaded;
use super::{Console, Exit, Failure};
use crate::clock::SystemClock;
use crate::icloud::session::{self, Need, Person, SessionError, Unlocked};

/// Gets the keys that the job's services want, where the account needs any. A trouble that leaves open whether it does is
/// only told: the next run finds out.
pub(super) async fn unlock<P: Person>(
    loaded: &Loaded,
    console: &Console,
    person: &mut P,
) -> Result<Unlocked, Failure> {
    let (http, store, account) = (&loaded.http, &loaded.store, &loaded.account);
    let services = loaded.services();
    match session::unlock(http, store, account, &SystemClock, person, &services).await {
        Ok(unlocked) => Ok(unlocked),
        Err(error) if error.need() == Some(&Need::DeviceConsent) => Err(Failure::new(
            Exit::SignIn,
            "You are signed in, but no device of yours agreed within 5 minutes, so nothing can be read: run `larder login` \
             again with a device at hand",
        )),
        Err(error @ (SessionError::Needs(_) | SessionError::NoKeys { .. })) => Err(error.into()),
        Err(error) => {
            console.warning(&format!("Whether a device of yours has to agree cannot be told now: {error}"));
            Ok(Unlocked::NotProtected)
        }
    }
}
