//! What the page looks like. Nothing in it needs a script.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use super::door::{Door, Told};
use super::links::Links;
use crate::daemon::Standing;
use crate::model::Part;
use crate::report::figures::{bytes, count};
use crate::report::{HowFar, Status, title, trust_left};

const STYLE: &str = "\
:root{color-scheme:light dark;font:17px/1.5 system-ui,sans-serif}\
body{max-width:38rem;margin:0 auto;padding:1.5rem 1rem}\
h1{font-size:1.4rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .5rem .25rem 0;vertical-align:top}\
th{font-weight:400;opacity:.7;width:40%}\
form{margin:1rem 0}label{display:block;margin:.75rem 0 .25rem}\
input{font:inherit;padding:.6rem;width:100%;box-sizing:border-box;border:1px solid #888;border-radius:.4rem}\
input[inputmode=numeric]{font-size:1.6rem;letter-spacing:.3em;text-align:center}\
button{font:inherit;padding:.7rem 1rem;width:100%;margin-top:.75rem;border:0;border-radius:.4rem;background:#0a66d0;color:#fff}\
button.second{background:#8883;color:inherit}\
progress{display:block;width:100%;height:1rem;margin:.75rem 0;accent-color:#0a66d0}\
.note{padding:.75rem 1rem;border-radius:.4rem;background:#8882;margin:1rem 0}.bad{background:#d003;}.good{background:#0a02}";

/// What a browser may do with the page: nothing but show it, in its own style, and send its forms back here.
pub(super) fn policy() -> String {
    let style = BASE64_STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
}

/// `again`: after how many seconds the browser loads what.
fn page(heading: &str, again: Option<&str>, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                @if let Some(again) = again { meta http-equiv="refresh" content=(again); }
                title { "larder" }
                style { (PreEscaped(STYLE)) }
            }
            body { h1 { (heading) } (body) }
        }
    };
    page.into_string()
}

/// How all jobs stand. The page comes again by itself while something is going on, and only then.
pub(super) fn overview(doors: &[Door], links: &Links, now: Timestamp) -> String {
    let all: Vec<_> = doors.iter().map(|door| (door, Going::of(door, links))).collect();
    let again = all.iter().any(|(_, going)| *going != Going::Nothing).then_some("3");
    let body = html! { @for (door, going) in &all { (job(door, going, now)) } };
    page("larder", again, &body)
}

/// What is going on with a job.
#[derive(PartialEq, Eq)]
enum Going {
    Nothing,
    /// A run is at work.
    Run(HowFar),
    /// A person has signed in, and the run that was missed is about to begin.
    AboutToRun,
    /// Somebody is signing in.
    SignIn,
}

impl Going {
    fn of(door: &Door, links: &Links) -> Self {
        match door.standing.how_far() {
            Some(far) => Self::Run(far),
            None if door.standing.is_about_to_run() => Self::AboutToRun,
            None if links.is_under_way(&door.name) => Self::SignIn,
            None => Self::Nothing,
        }
    }
}

fn job(door: &Door, going: &Going, now: Timestamp) -> Markup {
    let standing = door.standing.get();
    let words = match &standing {
        _ if *going == Going::AboutToRun => "a run is about to begin".to_owned(),
        Some(standing) => standing.words(&TimeZone::system()),
        None => "begins".to_owned(),
    };
    let needs = matches!(standing, Some(Standing::NeedsPerson { .. })) && *going != Going::AboutToRun;
    let locked = (door.wants_consent)();
    html! {
        h2 { (door.name) }
        @match going {
            Going::Run(far) => (progress(far)),
            Going::AboutToRun => p.note.good { "You are signed in. The run that was missed begins in a moment." },
            Going::SignIn => p.note { "Somebody is signing in at this moment." },
            Going::Nothing => {}
        }
        @if needs || locked {
            @if locked {
                p.note.bad { "This account has Advanced Data Protection: a device of yours has to agree before more is mirrored." }
            } @else {
                p.note.bad { "iCloud wants a new sign-in, and nothing is mirrored until then." }
            }
            form method="post" action="/sign-in" {
                input type="hidden" name="job" value=(door.name);
                button { @if locked { "Ask my devices" } @else { "Sign in" } }
            }
        }
        table {
            tr { th { "Now" } td { (words) } }
            @if let Some(ends) = (door.trust_ends)() {
                tr { th { "Sign-in" } td { (trust_left(ends, now)) } }
            }
        }
        @match (door.status)() {
            Ok(parts) => { @for status in &parts { (part(status, now)) } }
            Err(why) => { p.note { (why) } }
        }
    }
}

/// How far a run is.
fn progress(far: &HowFar) -> Markup {
    let Some(part) = far.part else { return html! { p.note { "A run begins." } } };
    html! {
        div.note {
            b { (title(part)) } br;
            (far.headline())
            @if far.files > 0 {
                progress max=(far.files) value=(far.files_done) aria-label="Files that are done" {}
                (far.figures())
            }
        }
    }
}

fn part(status: &Status, now: Timestamp) -> Markup {
    let in_icloud = match status.part {
        Part::Photos => format!("{} photos and videos", count(status.photos)),
        Part::Drive => format!("{} files in {} folders", count(status.documents), count(status.folders)),
    };
    let last = status.last_run.as_ref().map(|run| {
        let ago = crate::report::figures::span(now.duration_since(run.started));
        match &run.error {
            Some(error) => format!("{ago} ago, stopped: {error}"),
            None if run.complete => format!("{ago} ago, complete"),
            None => format!("{ago} ago, some items are missing"),
        }
    });
    html! {
        h2 { (title(status.part)) }
        table {
            tr { th { "Last run" } td { (last.unwrap_or_else(|| "none has finished yet".to_owned())) } }
            tr { th { "In iCloud" } td { (in_icloud) } }
            tr { th { "On disk" } td { (count(status.files)) " files, " (bytes(status.bytes)) } }
            tr { th { "Proven" } td { (count(status.proven)) } }
            @if status.not_provable > 0 { tr { th { "Not provable" } td { (count(status.not_provable)) } } }
            @if status.disputed > 0 { tr { th { "Disputed" } td { (count(status.disputed)) } } }
            @if status.wrong > 0 { tr { th { "Wrong on this disk" } td { (count(status.wrong)) } } }
            tr { th { "Missing" } td { @if status.missing == 0 { "nothing" } @else { (count(status.missing)) } } }
        }
    }
}

/// The first page of a sign-in: nothing was asked of Apple yet.
pub(super) fn begin(job: &str, csrf: &str, asks_password: bool, trouble: Option<&str>) -> String {
    let body = html! {
        p { "Job " b { (job) } ": Apple wants to know that it is you. It sends a code when you ask for one here, and not before." }
        @if let Some(trouble) = trouble { p.note.bad { (trouble) } }
        form method="post" {
            input type="hidden" name="csrf" value=(csrf);
            @if asks_password {
                label for="password" { "Password of your Apple Account" }
                input id="password" name="password" type="password" autocomplete="current-password";
            }
            button name="way" value="devices" { "Show a code on my devices" }
            button.second name="way" value="sms" { "Send a text message" }
            button.second name="way" value="call" { "Call me" }
        }
    };
    page("Sign in to iCloud", None, &body)
}

/// The first page where all that is missing is that a device agrees: nothing was asked yet.
pub(super) fn consent(job: &str, csrf: &str, trouble: Option<&str>) -> String {
    let body = html! {
        p {
            "Job " b { (job) } ": this account has Advanced Data Protection. A device of yours has to agree that larder reads \
            it, for about an hour each time. The devices ask you when you press this, and not before: have one at hand."
        }
        @if let Some(trouble) = trouble { p.note.bad { (trouble) } }
        form method="post" {
            input type="hidden" name="csrf" value=(csrf);
            button name="way" value="devices" { "Ask my devices" }
        }
    };
    page("Let larder read iCloud", None, &body)
}

/// Devices ask the person.
pub(super) fn asked() -> String {
    let body = html! {
        p.note { "Your devices ask now whether iCloud's data may be read on the web. Agree on one of them." }
        p { "This page waits for it and goes on by itself. The question stands for 5 minutes." }
    };
    page("Agree on a device", Some("3"), &body)
}

/// The second page: the code.
pub(super) fn code(csrf: &str, told: &Told, trouble: Option<&str>) -> String {
    let Told::Sent { whence, digits, phones } = told else { return done() };
    let body = html! {
        p { "A code of " (digits) " digits " (whence) "." }
        @if let Some(trouble) = trouble { p.note.bad { (trouble) } }
        form method="post" {
            input type="hidden" name="csrf" value=(csrf);
            label for="code" { "Code" }
            input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="12" autofocus required;
            button name="way" value="finish" { "Sign in" }
        }
        form method="post" {
            input type="hidden" name="csrf" value=(csrf);
            button.second name="way" value="devices" { "Show another code on my devices" }
        }
        @for (at, phone) in phones.iter().enumerate() {
            form method="post" {
                input type="hidden" name="csrf" value=(csrf);
                input type="hidden" name="phone" value=(at);
                button.second name="way" value="sms" { "Send a text message to " (phone) }
                button.second name="way" value="call" { "Call " (phone) }
            }
        }
    };
    page("Sign in to iCloud", None, &body)
}

/// The end.
pub(super) fn done() -> String {
    let body = html! {
        p.note.good { "You are signed in. The run that was missed begins now." }
        p { a href="/" { "How it goes on" } }
    };
    // On, when there was time to read the line.
    page("Signed in", Some("3;url=/"), &body)
}

/// A link that is good for nothing.
pub(super) fn too_old() -> String {
    let body = html! {
        p.note { "This link is too old or was used. One is good for half an hour and for one sign-in." }
        p { a href="/" { "How the mirror stands" } " – there you get a new one." }
    };
    page("This link is too old", None, &body)
}

/// A new link was told elsewhere.
pub(super) fn told_elsewhere(done: Result<(), String>) -> String {
    let body = html! {
        @match done {
            Ok(()) => { p.note.good { "A new link was sent the way larder tells you things. Open it there." } }
            Err(why) => { p.note.bad { (why) } }
        }
    };
    page("Sign in to iCloud", None, &body)
}
