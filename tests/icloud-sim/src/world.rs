//! All that a running simulator holds, and how one request is answered by it.

use crate::answer::Answer;
use crate::apple::Apple;
use crate::clock::Clock;
use crate::config::{Config, Region};
use crate::content::{self, Bend};
use crate::drive::{Drive, Host, Opened, Refusal};
use crate::endpoint::{DriveCall, Endpoint};
use crate::fault::FaultPlan;
use crate::ledger::{Ledger, Violation, ViolationKind};
use crate::photos::{ContentReply, Photos};
use crate::reply::Reply;
use crate::request::Incoming;
use crate::{auth, cloudkit, drivews, setup};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The state of a simulator. Locks are held for one step each and never two at a time.
pub(crate) struct World {
    pub(crate) clock: Clock,
    apple: Mutex<Apple>,
    photos: Mutex<Photos>,
    drive: Mutex<Drive>,
    ledger: Mutex<Ledger>,
    faults: Mutex<FaultPlan>,
    latency: Mutex<Duration>,
}

impl World {
    pub(crate) fn new(config: Config) -> World {
        World {
            clock: Clock::default(),
            photos: Mutex::new(Photos::new(&config.library)),
            drive: Mutex::new(Drive::new(&config.drive)),
            apple: Mutex::new(Apple::new(config.account)),
            ledger: Mutex::default(),
            faults: Mutex::default(),
            latency: Mutex::new(config.latency),
        }
    }

    pub(crate) fn apple(&self) -> MutexGuard<'_, Apple> {
        lock(&self.apple)
    }

    pub(crate) fn photos(&self) -> MutexGuard<'_, Photos> {
        lock(&self.photos)
    }

    /// The drive, at the time of the clock.
    pub(crate) fn drive(&self) -> MutexGuard<'_, Drive> {
        let mut drive = lock(&self.drive);
        drive.set_time(self.clock.now_ms());
        drive
    }

    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.ledger)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, FaultPlan> {
        lock(&self.faults)
    }

    pub(crate) fn latency(&self) -> MutexGuard<'_, Duration> {
        lock(&self.latency)
    }

    /// Carries a request out.
    pub(crate) fn answer(&self, endpoint: &Endpoint, request: &Incoming, bend: Bend) -> Answer {
        let now_ms = self.clock.now_ms();
        if let Some(detail) = leak(request) {
            self.violate(ViolationKind::Leak, detail);
        }
        match endpoint {
            Endpoint::Auth(call) => auth::answer(&mut self.apple(), *call, request, now_ms),
            Endpoint::Setup(region, call) => {
                setup::answer(&mut self.apple(), *region, *call, request, now_ms)
            }
            Endpoint::CloudKit { region, partition, area, call } => {
                self.database((*region, *partition), area, call, request, now_ms)
            }
            Endpoint::Content => self.content(request, bend, now_ms),
            Endpoint::Drive { region, partition, call } => {
                self.documents((*region, *partition), call, request, now_ms)
            }
            Endpoint::DriveContent { .. } => self.drive_content(request, bend, now_ms),
            Endpoint::Front => {
                Answer::noted(Reply::html(200, "<html><body>iCloud</body></html>"), "front page")
            }
            Endpoint::Unknown => {
                let detail = format!("{} {}", request.method, request.target());
                self.violate(ViolationKind::UnknownEndpoint, detail);
                Answer::noted(
                    Reply::html(404, "<html><body><h1>404 Not Found</h1></body></html>"),
                    "unknown endpoint",
                )
            }
        }
    }

    fn database(
        &self,
        place: (Region, u32),
        area: &str,
        call: &str,
        request: &Incoming,
        now_ms: i64,
    ) -> Answer {
        if Photos::is_write(call) {
            self.violate(ViolationKind::Write, format!("{} {}", request.method, request.target()));
        }
        let admitted = cloudkit::admit(&self.apple(), place, call, request, now_ms);
        match admitted {
            Ok(()) => {
                let reply = self.photos().call(area, call, &request.query, &request.body, now_ms);
                Answer::from(cloudkit::dressed(reply, &self.apple(), now_ms))
            }
            Err(refusal) => {
                let mut answer = Answer::from(refusal);
                let dressing = cloudkit::dressed(Reply::empty(answer.status), &self.apple(), now_ms);
                answer.headers.extend(dressing.headers);
                answer
            }
        }
    }

    fn content(&self, request: &Incoming, bend: Bend, now_ms: i64) -> Answer {
        if request.method != "GET" {
            self.violate(ViolationKind::Write, format!("{} to a content host", request.method));
            return Answer::noted(Reply::empty(405), "not a GET");
        }
        let found = self.photos().content(&request.path_and_query, now_ms);
        match found {
            ContentReply::Body { body, last_modified_ms } => {
                content::deliver(body.into(), last_modified_ms, request.header("Range"), bend, now_ms)
            }
            ContentReply::Refused { reply } => Answer::from(reply),
        }
    }

    fn documents(&self, place: (Region, u32), call: &DriveCall, request: &Incoming, now_ms: i64) -> Answer {
        if matches!(call, DriveCall::Write(_)) {
            self.violate(ViolationKind::Write, format!("{} {}", request.method, request.target()));
        }
        let admitted = drivews::admit(&self.apple(), place, call, request, now_ms);
        let host = Host::new(&self.apple().account);
        let outcome = admitted.and_then(|()| match call {
            DriveCall::Read(call) => self.drive().call(call, &request.query, &request.json(), &host),
            DriveCall::Write(_) => Err(Refusal::drivews(403, "Operation not permitted", "A writing call")),
        });
        let (reply, note) = match outcome {
            Ok(value) => (Reply::json(200, &value), None),
            Err(refusal) => (refusal.reply(), Some(refusal.why)),
        };
        Answer { note, ..Answer::from(cloudkit::dressed(reply, &self.apple(), now_ms)) }
    }

    fn drive_content(&self, request: &Incoming, bend: Bend, now_ms: i64) -> Answer {
        if request.method != "GET" {
            self.violate(ViolationKind::Write, format!("{} to a content host", request.method));
            return Answer::noted(Reply::empty(405), "not a GET");
        }
        let opened = self.drive().content(&request.path_and_query);
        match opened {
            Opened::File { bytes, last_modified_ms } => {
                content::deliver(bytes, last_modified_ms, request.header("Range"), bend, now_ms)
            }
            // It is made anew each time: no ranges (drive.md 11).
            Opened::Zip(zip) => content::whole(zip.into(), now_ms),
            Opened::Refused(status, why) => {
                Answer::noted(Reply::empty(status).header("Content-Type", "application/json"), why)
            }
        }
    }

    fn violate(&self, kind: ViolationKind, detail: String) {
        self.ledger().violations.push(Violation { kind, detail });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A cookie or token where it does not belong, by name; the value stays out of it.
fn leak(request: &Incoming) -> Option<String> {
    let at = |domain: &str| {
        let host = request.host.strip_suffix(".cn").unwrap_or(&request.host);
        host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
    };
    let (at_icloud, at_apple) = (at("icloud.com"), at("apple.com"));
    let stray = |name: &str| {
        let of_icloud = name.starts_with("X-APPLE-") || name.starts_with("X_APPLE_");
        let of_apple = matches!(name, "aasp" | "acn01") || name.starts_with("DES");
        (of_icloud && !at_icloud) || (of_apple && !at_apple)
    };
    let cookie = request.cookies().into_iter().map(|(name, _)| name).find(|name| stray(name));
    let header = ["scnt", "x-apple-id-session-id", "x-apple-session-token", "x-apple-twosv-trust-token"]
        .into_iter()
        .find(|name| !at_apple && request.headers.contains_key(*name));
    let what = cookie.map(|name| format!("cookie {name}")).or(header.map(|name| format!("header {name}")))?;
    Some(format!("{what} was sent to {}", request.host))
}
