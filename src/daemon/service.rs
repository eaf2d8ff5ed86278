//! Telling the service manager (systemd's protocol) how the daemon is. Nothing happens where there is none.

use std::time::Duration;

use sd_notify::NotifyState;

/// Started, or started again with another job file.
pub(super) fn ready(status: &str) {
    say(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// A job file is read again.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => say(&[NotifyState::Reloading, now]),
        Err(error) => tracing::debug!(%error, "the service manager is not told of the reload"),
    }
}

/// On the way down.
pub(super) fn stopping() {
    say(&[NotifyState::Stopping]);
}

/// What the daemon is at.
pub(super) fn status(status: &str) {
    say(&[NotifyState::Status(status)]);
}

/// Tells that the daemon lives.
pub(super) fn alive() {
    say(&[NotifyState::Watchdog]);
}

/// How often it wants to hear that.
pub(super) fn wants_to_hear() -> Option<Duration> {
    // Twice as often as asked for, as its manual advises.
    sd_notify::watchdog_enabled().map(|span| span / 2).filter(|span| !span.is_zero())
}

fn say(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "the service manager could not be told");
    }
}
