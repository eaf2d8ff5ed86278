//! Keys of accounts with Advanced Data Protection, as Apple's answers have them.
//!
//! Apple holds no keys of such an account. A device of the person hands them out as cookies, for one application at a time,
//! after the person has agreed there; the agreement is good for about an hour (icloud-photos-sync's guide, rclone #9408,
//! foxt/icloud.js #4).

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::app::App;
use super::book::Book;
use super::endpoints::Endpoints;
use super::error::{Need, SessionError};
use super::requests::Call;
use super::says;
use crate::clock::Clock;
use crate::http::retry::with_retry;
use crate::http::{Answer, Client};

/// What Apple says of reading an account over the web.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Access {
    /// "Access iCloud Data on the Web" is on.
    pub(super) allowed: bool,
    /// The account has Advanced Data Protection.
    pub(super) protected: bool,
    /// A device agreed, and that holds.
    pub(super) consented: bool,
    /// Until when it holds.
    pub(super) until: Option<Timestamp>,
}

impl Access {
    fn read(body: &Value) -> Self {
        let is = |name: &str, value: bool| body.get(name).and_then(Value::as_bool) == Some(value);
        let until = body.get("deviceConsentForPCSExpiry").and_then(Value::as_i64).filter(|ms| *ms > 0);
        Self {
            allowed: !is("isWebAccessAllowed", false),
            // Apple's word for it: the service that recovers data for people who lost everything is off.
            protected: is("isICDRSDisabled", true),
            consented: is("isDeviceConsentedForPCS", true),
            until: until.and_then(|ms| Timestamp::from_millisecond(ms).ok()),
        }
    }
}

/// What comes of asking for keys once.
#[derive(Debug, PartialEq, Eq)]
enum Handed {
    Out,
    NotYet,
    /// Apple asked the devices for a new agreement.
    Arming,
}

impl Handed {
    fn read(body: &Value) -> Result<Self, SessionError> {
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        match (text("status"), text("message")) {
            ("success", _) => Ok(Self::Out),
            ("failure", "Requested a new device arming to upload cookies.") => Ok(Self::Arming),
            (
                "failure",
                "Requested the device to upload cookies." | "Cookies not available yet on server.",
            ) => Ok(Self::NotYet),
            (_, message) => Err(SessionError::NoKeys { why: message.chars().take(200).collect() }),
        }
    }
}

/// Asks for keys.
pub(super) struct Keys<'a> {
    pub(super) client: &'a Client,
    pub(super) endpoints: &'a Endpoints,
    pub(super) book: &'a Book,
    pub(super) clock: &'a dyn Clock,
}

impl Keys<'_> {
    /// Asks how the account stands. Shows nothing on any device.
    pub(super) async fn access(&self) -> Result<Access, SessionError> {
        Ok(Access::read(&self.send(&Call::WebAccess).await?))
    }

    /// Has the devices ask the person, and waits for the answer: the access that came of it, or `None` when nobody answered.
    /// A refusal looks the same: Apple tells of none.
    pub(super) async fn consent(
        &self,
        asked: impl FnOnce(),
        patience: SignedDuration,
    ) -> Result<Option<Access>, SessionError> {
        let body = self.send(&Call::AskConsent).await?;
        if body.get("isDeviceConsentNotificationSent").and_then(Value::as_bool) != Some(true) {
            return Err(SessionError::NoKeys { why: "no device could be asked".to_owned() });
        }
        asked();
        let mut looks = Looks::new(self.clock, patience);
        loop {
            match looks.bears(self.access().await)? {
                Some(access) if access.consented => return Ok(Some(access)),
                _ if looks.go_on().await => {}
                _ => return looks.over(None),
            }
        }
    }

    /// Takes the keys of an application, for which a device has agreed already. `false` when they did not come in time, or
    /// when nobody is there and a device would have to be asked anew.
    pub(super) async fn take(
        &self,
        app: App,
        by_person: bool,
        patience: SignedDuration,
    ) -> Result<bool, SessionError> {
        let mut looks = Looks::new(self.clock, patience);
        let mut clicked = by_person;
        loop {
            let call = Call::TakeKeys { app: app.name(), by_person: std::mem::take(&mut clicked) };
            let handed = self.send(&call).await.and_then(|body| Handed::read(&body));
            match looks.bears(handed)? {
                Some(Handed::Out) => break,
                Some(Handed::Arming) if !by_person => return Ok(false),
                _ if looks.go_on().await => {}
                _ => return looks.over(false),
            }
        }
        // A success without them has been seen (rclone).
        if app.cookies().iter().all(|name| self.client.cookies().has(name)) {
            return Ok(true);
        }
        Err(SessionError::NoKeys { why: "it says that it did, and did not".to_owned() })
    }

    async fn send(&self, call: &Call) -> Result<Value, SessionError> {
        let attempt = || async {
            let answer = self.client.call(call.request(self.book, self.endpoints)).await;
            answer.map_err(SessionError::from)
        };
        let answer = with_retry(call.step(), self.client.patience(), attempt).await?;
        read(call, &answer)
    }
}

fn read(call: &Call, answer: &Answer) -> Result<Value, SessionError> {
    let (step, status) = (call.step(), answer.status);
    match status {
        200..300 => serde_json::from_slice(&answer.body).map_err(|_| SessionError::Unexpected {
            step,
            status,
            code: None,
        }),
        // New terms look so, and a session that Apple does not trust (rclone #9658).
        500 if says(answer, &["Missing X-APPLE-WEBAUTH-TOKEN"]) => Err(Need::Repair.into()),
        429 | 500.. => Err(SessionError::Unavailable { step, status, retry_after: answer.retry_after }),
        _ => Err(SessionError::Unexpected { step, status, code: None }),
    }
}

/// Looking again and again until the time is over. Trouble on the way counts as nothing seen; it is told when it is what there
/// was in the end.
struct Looks<'a> {
    clock: &'a dyn Clock,
    end: Timestamp,
    trouble: Option<SessionError>,
}

impl<'a> Looks<'a> {
    fn new(clock: &'a dyn Clock, patience: SignedDuration) -> Self {
        let now = clock.now();
        Self { clock, end: now.saturating_add(patience).unwrap_or(now), trouble: None }
    }

    /// What was seen, `None` where passing trouble was in the way. Other trouble ends it.
    fn bears<T>(&mut self, seen: Result<T, SessionError>) -> Result<Option<T>, SessionError> {
        self.trouble = None;
        match seen {
            Ok(seen) => Ok(Some(seen)),
            Err(error @ (SessionError::Unavailable { .. } | SessionError::Http(_))) => {
                tracing::debug!(%error, "looking again");
                self.trouble = Some(error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Waits for the next look, when there is time for one.
    async fn go_on(&self) -> bool {
        let in_time = self.clock.now() < self.end;
        if in_time {
            tokio::time::sleep(self.clock.glance()).await;
        }
        in_time
    }

    fn over<T>(self, nothing: T) -> Result<T, SessionError> {
        self.trouble.map_or(Ok(nothing), Err)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn what_is_not_said_is_no_protection_and_no_consent() {
        let plain = Access::read(&json!({ "dsid": 1, "isWebAccessAllowed": true }));
        assert_eq!(plain, Access { allowed: true, protected: false, consented: false, until: None });
        let given = Access::read(&json!({
            "isWebAccessAllowed": true, "isDeviceConsentedForPCS": true, "isICDRSDisabled": true,
            "deviceConsentForPCSExpiry": 1_778_752_800_000_i64,
        }));
        let until = Some("2026-05-14T10:00:00Z".parse().unwrap());
        assert_eq!(given, Access { allowed: true, protected: true, consented: true, until });
        assert!(!Access::read(&json!({ "isWebAccessAllowed": false })).allowed);
    }

    #[test]
    fn only_known_failures_are_waited_for() {
        let read = |status: &str, message: &str| {
            Handed::read(&json!({ "status": status, "message": message })).map_err(|error| error.to_string())
        };
        assert_eq!(read("success", "Cookies already present."), Ok(Handed::Out));
        assert_eq!(read("failure", "Cookies not available yet on server."), Ok(Handed::NotYet));
        assert_eq!(read("failure", "Requested a new device arming to upload cookies."), Ok(Handed::Arming));
        assert!(read("failure", "The device denied the request.").unwrap_err().contains("denied"));
        assert!(Handed::read(&Value::Null).is_err());
    }

    /// A clock that a test moves, and at which one looks without a pause.
    struct Hasty(ManualClock);

    impl Clock for Hasty {
        fn now(&self) -> Timestamp {
            self.0.now()
        }

        fn glance(&self) -> Duration {
            Duration::ZERO
        }
    }

    #[tokio::test]
    async fn trouble_on_the_way_is_told_only_when_it_lasts() {
        let (clock, patience) =
            (Hasty(ManualClock::new(Timestamp::UNIX_EPOCH)), SignedDuration::from_mins(5));
        let trouble =
            || SessionError::Unavailable { step: "requestWebAccessState", status: 503, retry_after: None };
        let mut looks = Looks::new(&clock, patience);
        let mut count = 1;
        while looks.bears::<()>(Err(trouble())).unwrap().is_none() && looks.go_on().await {
            clock.0.advance(SignedDuration::from_mins(1));
            count += 1;
        }
        assert_eq!(count, 6);
        assert_eq!(looks.bears(Ok(7)).unwrap(), Some(7));
        assert!(looks.over(()).is_ok());
        let mut looks = Looks::new(&clock, patience);
        looks.bears::<()>(Err(trouble())).unwrap();
        assert!(looks.over(()).is_err());
        assert!(Looks::new(&clock, patience).bears::<()>(Err(Need::Repair.into())).is_err());
    }
}
