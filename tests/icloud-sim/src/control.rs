//! The handle by which a test watches and steers a running simulator.

use crate::config::Account;
use crate::drive::{Drive, DriveInventory};
use crate::fault::{Loss, Rule};
use crate::ledger::{Counters, LoggedRequest, Violation};
use crate::photos::{Inventory, Photos};
use crate::world::World;
use serde::Serialize;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Watches and steers; clones mean the same simulator.
#[derive(Clone)]
pub struct Control(Arc<World>);

/// The codes that are good at this moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CurrentCodes {
    /// What the trusted devices show.
    pub device: Option<String>,
    /// What the last message or call said.
    pub sms: Option<String>,
}

impl Control {
    pub(crate) fn new(world: Arc<World>) -> Control {
        Control(world)
    }

    /// Requests and bytes by endpoint label.
    pub fn counters(&self) -> Counters {
        self.0.ledger().counters.clone()
    }

    /// Starts the counters and the log anew. Violations stay.
    pub fn reset_counters(&self) {
        self.0.ledger().reset();
    }

    /// Every request in order of its answer.
    pub fn log(&self) -> Vec<LoggedRequest> {
        self.0.ledger().log.iter().cloned().collect()
    }

    /// What the client did and may not do.
    pub fn violations(&self) -> Vec<Violation> {
        self.0.ledger().violations.clone()
    }

    /// The violations, which are then forgotten: the simulator can be dropped without a panic.
    pub fn take_violations(&self) -> Vec<Violation> {
        std::mem::take(&mut self.0.ledger().violations)
    }

    /// Adds a trouble; earlier ones come first.
    pub fn add_fault(&self, rule: Rule) {
        self.0.faults().add(rule);
    }

    /// Ends all troubles.
    pub fn clear_faults(&self) {
        self.0.faults().clear();
    }

    /// Waiting time before every answer from now on.
    pub fn set_latency(&self, latency: Duration) {
        *self.0.latency() = latency;
    }

    /// Moves the simulator's clock forward.
    pub fn advance_clock(&self, by: Duration) {
        self.0.clock.advance(by);
    }

    /// The simulator's time in milliseconds since 1970 UTC.
    pub fn now_ms(&self) -> i64 {
        self.0.clock.now_ms()
    }

    /// The codes a person would read off a device or a message now.
    pub fn codes(&self) -> CurrentCodes {
        let now_ms = self.0.clock.now_ms();
        let apple = self.0.apple();
        CurrentCodes { device: apple.codes.on_devices(now_ms), sms: apple.codes.in_message(now_ms) }
    }

    /// Ends what clients hold, as Apple does from time to time.
    pub fn expire_sessions(&self, loss: Loss) {
        self.0.apple().vault.lose(loss);
    }

    /// Reads or changes the account and how it is treated, from the next request on.
    pub fn account<T>(&self, change: impl FnOnce(&mut Account) -> T) -> T {
        change(&mut self.0.apple().account)
    }

    /// The person agrees on a device, for `consent_minutes`; false when no device shows the question.
    pub fn grant_consent(&self) -> bool {
        let now_ms = self.0.clock.now_ms();
        let apple = &mut *self.0.apple();
        apple.consent.grant(&apple.account, now_ms)
    }

    /// The person refuses on a device; false when no device shows the question.
    pub fn deny_consent(&self) -> bool {
        self.0.apple().consent.deny(self.0.clock.now_ms())
    }

    /// Consent ends early; cookies that were handed out stay good.
    pub fn withdraw_consent(&self) {
        self.0.apple().consent.withdraw();
    }

    /// How often devices were asked for consent, by whichever call.
    pub fn consent_prompts(&self) -> u64 {
        self.0.apple().consent.prompts
    }

    /// Reads or changes the photo library.
    pub fn photos<T>(&self, change: impl FnOnce(&mut Photos) -> T) -> T {
        change(&mut self.0.photos())
    }

    /// Reads or changes the drive, at the time of the simulator's clock.
    pub fn drive<T>(&self, change: impl FnOnce(&mut Drive) -> T) -> T {
        change(&mut self.0.drive())
    }

    /// All that lives in the drive.
    pub fn drive_inventory(&self) -> DriveInventory {
        self.0.drive().inventory()
    }

    /// All that a client can find and fetch of the photos.
    pub fn inventory(&self) -> Inventory {
        self.0.photos().inventory()
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").finish_non_exhaustive()
    }
}
