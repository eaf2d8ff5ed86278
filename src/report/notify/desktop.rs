//! A notification of the desktop. Where there is no desktop, nothing is told this way, which is no failure.

use super::notice::{Kind, Notice};

/// How long a notice stays that nobody has to do anything about, milliseconds.
#[cfg(all(unix, not(target_os = "macos")))]
const SHORT: u32 = 10_000;

/// Shows a notice, in place of the one of the series that is shown.
#[cfg(all(unix, not(target_os = "macos")))]
pub(super) async fn tell(notice: &Notice, shown: &mut Option<u32>) -> Result<(), String> {
    use notify_rust::{Hint, Notification, NotificationResponse, Timeout, Urgency};

    // Without the address of a session bus, a library would start one.
    if std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_none_or(|address| address.is_empty()) {
        return if notice.kind == Kind::Test {
            Err("there is no desktop session here".to_owned())
        } else {
            Ok(())
        };
    }
    let mut notification = Notification::new();
    notification
        .appname("larder")
        .summary(&notice.title)
        .body(&escaped(&notice.text))
        .icon("folder-pictures");
    let stays = matches!(notice.kind, Kind::SignInNeeded | Kind::SignInSoon | Kind::Failure);
    let urgency = if notice.kind == Kind::SignInNeeded { Urgency::Critical } else { Urgency::Normal };
    notification.urgency(urgency).hint(Hint::Category("network".to_owned()));
    notification.timeout(if stays { Timeout::Never } else { Timeout::Milliseconds(SHORT) });
    if notice.link.is_some() {
        // The first is for a click on the notice itself, and no button of its own.
        notification.action("default", "Sign in").action("sign-in", "Sign in").action("later", "Later");
    }
    if let Some(id) = shown.filter(|_| notice.kind.is_of_the_series()) {
        notification.id(id);
    }
    let handle = notification.show_async().await.map_err(|error| error.to_string())?;
    if notice.kind.is_of_the_series() {
        *shown = (notice.kind != Kind::SignedIn).then_some(handle.id());
    }
    if let Some(link) = notice.link.clone() {
        // Whoever clicks may do so days later; the task ends with the process.
        tokio::spawn(async move {
            let clicked = move |response: &NotificationResponse| match response {
                NotificationResponse::Default => open(&link),
                NotificationResponse::Action(action) if action == "sign-in" => open(&link),
                _ => {}
            };
            handle.wait_for_action_async(clicked).await;
        });
    }
    Ok(())
}

/// Shows a notice.
#[cfg(not(all(unix, not(target_os = "macos"))))]
pub(super) async fn tell(notice: &Notice, _shown: &mut Option<u32>) -> Result<(), String> {
    let mut notification = notify_rust::Notification::new();
    notification.appname("larder").summary(&notice.title).body(&notice.text);
    notification.show_async().await.map(drop).map_err(|error| error.to_string())
}

/// Servers take markup in the text.
#[cfg(all(unix, not(target_os = "macos")))]
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Opens the page in the person's browser.
#[cfg(all(unix, not(target_os = "macos")))]
fn open(link: &str) {
    let opened = std::process::Command::new("xdg-open")
        .arg(link)
        .env_remove(crate::secret::PASSWORD_VARIABLE)
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn();
    if let Err(error) = opened {
        tracing::warn!(%error, "the page could not be opened: `xdg-open` cannot be started");
    }
}
