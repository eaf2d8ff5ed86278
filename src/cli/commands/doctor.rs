//! `larder doctor`: is everything in order for runs that nobody watches? It looks, signs in nowhere and changes nothing.

use std::os::unix::fs::PermissionsExt as _;

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::args::Global;
use crate::cli::job::{Loaded, job_file, load_file};
use crate::cli::{Console, Exit, Failure};
use crate::clock;
use crate::config::NAME_THE_PAGE;
use crate::daemon::is_present;
use crate::icloud::session::{Need, reach};
use crate::model::Part;
use crate::report::figures::{bytes, span};
use crate::report::{title, trust_left};
use crate::state::{self, MetaKey, StateError, last_run};
use crate::tree::{MirrorId, Root};

/// Days before the end of trust from which on it is warned of.
const SOON: i64 = 14;

/// Minutes that this machine's clock may be off.
const OFF: i64 = 5;

/// How one thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Ok,
    Warning,
    Wrong,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Look {
    what: String,
    verdict: Verdict,
    text: String,
    /// What the person can do.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
    #[serde(skip)]
    exit: Exit,
}

/// Everything that was looked at.
#[derive(Default)]
struct Looks(Vec<Look>);

impl Looks {
    fn fine(&mut self, what: &str, text: impl Into<String>) {
        self.add(what, Verdict::Ok, text.into(), None, Exit::Done);
    }

    fn warn(&mut self, what: &str, text: impl Into<String>, advice: &str) {
        self.add(what, Verdict::Warning, text.into(), Some(advice), Exit::Done);
    }

    fn wrong(&mut self, what: &str, text: impl Into<String>, advice: Option<&str>, exit: Exit) {
        self.add(what, Verdict::Wrong, text.into(), advice, exit);
    }

    fn failure(&mut self, what: &str, failure: Failure) {
        self.wrong(what, failure.message, failure.hint.as_deref(), failure.exit);
    }

    fn add(&mut self, what: &str, verdict: Verdict, text: String, advice: Option<&str>, exit: Exit) {
        let (what, advice) = (what.to_owned(), advice.map(str::to_owned));
        self.0.push(Look { what, verdict, text, advice, exit });
    }
}

pub(super) async fn doctor(global: &Global, console: &Console) -> Result<Exit, Failure> {
    let mut looks = Looks::default();
    let file = job_file(global)?;
    match load_file(&file) {
        Err(failure) => looks.failure("Job file", failure),
        Ok(loaded) => {
            looks.fine("Job file", file.display().to_string());
            private(&loaded, &mut looks);
            session(&loaded, &mut looks);
            for part in &loaded.parts {
                destination(&loaded, *part, &mut looks);
                runs(&loaded, *part, &mut looks);
            }
            icloud(&loaded, &mut looks).await;
            notices(&loaded, &mut looks);
            page(&loaded, &mut looks);
            daemon(&loaded, &mut looks)?;
        }
    }
    if console.json {
        console.out_json(&serde_json::json!({ "looks": looks.0 }))?;
    } else {
        for look in &looks.0 {
            let (mark, colour) = match look.verdict {
                Verdict::Ok => ("ok", "1;32"),
                Verdict::Warning => ("warning", "1;33"),
                Verdict::Wrong => ("wrong", "1;31"),
            };
            let mark = console.paint(&format!("{mark:<8}"), colour);
            console.out(&format!("{mark}{}: {}\n", look.what, look.text));
            if let Some(advice) = &look.advice {
                console.out(&format!("        what to do: {advice}\n"));
            }
        }
    }
    Ok(looks.0.iter().fold(Exit::Done, |worst, look| worst.worse(look.exit)))
}

/// Whether others can read what is larder's own.
fn private(loaded: &Loaded, looks: &mut Looks) {
    let dir = &loaded.job.state_dir;
    let open =
        |path: &std::path::Path| path.metadata().is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0);
    let session = dir.join("session.json");
    if open(&session) {
        let text = format!("others can read `{}`", session.display());
        let advice =
            "the next command closes it; if somebody may have read it, run `larder logout` and sign in again";
        looks.warn("State", text, advice);
    } else if dir.exists() {
        looks.fine("State", dir.display().to_string());
    } else {
        looks.warn("State", format!("`{}` is not there yet", dir.display()), "run `larder login`");
    }
}

fn session(loaded: &Loaded, looks: &mut Looks) {
    let what = "Sign-in";
    match loaded.store.remembered() {
        Err(error) => looks.failure(what, error.into()),
        Ok(None) => looks.wrong(what, "not signed in", Some("run `larder login`"), Exit::SignIn),
        Ok(Some(known)) => match (known.needs_user, known.trust_expires) {
            (Some(needs), _) => looks.wrong(what, needs.why.to_string(), None, Exit::SignIn),
            _ if loaded.wants_consent() => {
                looks.wrong(what, Need::DeviceConsent.to_string(), None, Exit::SignIn);
            }
            (None, None) => looks.fine(what, "signed in"),
            (None, Some(ends)) => {
                let text = trust_left(ends, clock::now());
                if ends.duration_since(clock::now()).as_hours() / 24 < SOON {
                    looks.warn(what, text, "run `larder login` when you have a minute, and no run is missed");
                } else {
                    looks.fine(what, text);
                }
            }
        },
    }
}

fn destination(loaded: &Loaded, part: Part, looks: &mut Looks) {
    let what = format!("Destination of {}", title(part));
    let path = loaded.job.destination(part);
    let known = loaded.reader(part).ok().and_then(|reader| {
        let text = state::text(&reader.view().ok()?, MetaKey::Mirror).ok()??;
        text.parse::<MirrorId>().ok()
    });
    let looked =
        Root::inspect(path, known.as_ref(), false).and_then(|(root, found)| Ok((root.space()?, found)));
    match looked {
        Err(error) => looks.failure(&what, error.into()),
        Ok((space, found)) => {
            let text = format!("`{}`, {} free", path.display(), bytes(space.free));
            if space.free < loaded.job.keep_free(part) {
                looks.warn(
                    &what,
                    text,
                    "make room: less is free than `keep_free`, so nothing more is fetched",
                );
            } else if found.is_none() {
                looks.fine(&what, format!("{text}, empty of larder's so far"));
            } else {
                looks.fine(&what, text);
            }
        }
    }
}

fn runs(loaded: &Loaded, part: Part, looks: &mut Looks) {
    let what = format!("Last run of {}", title(part));
    let last = || -> Result<_, StateError> {
        let reader = crate::state::Reader::open(&loaded.state_file(part))?;
        last_run(&reader.view()?)
    };
    match last() {
        Err(StateError::Absent { .. }) | Ok(None) => {
            looks.warn(&what, "none yet", "run `larder sync --once`");
        }
        Err(error) => looks.failure(&what, error.into()),
        Ok(Some((started_ms, _))) => {
            let ago = Timestamp::from_millisecond(started_ms).map_or_else(
                |_| "at some time".to_owned(),
                |began| format!("{} ago", span(clock::now().duration_since(began))),
            );
            looks.fine(&what, ago);
        }
    }
}

/// Whether iCloud can be reached, and whether this machine's clock is that of the rest of the world.
async fn icloud(loaded: &Loaded, looks: &mut Looks) {
    match reach(&loaded.http, &loaded.account).await {
        Err(error) => looks.failure("iCloud", error.into()),
        Ok(date) => {
            looks.fine("iCloud", "can be reached");
            let Some(there) = date else { return };
            let off = clock::now().duration_since(there).as_mins();
            if off.abs() > OFF {
                let text = format!("{} minutes {}", off.abs(), if off > 0 { "ahead" } else { "behind" });
                looks.warn("Clock", text, "set this machine's clock: sign-in and certificates go by it");
            } else {
                looks.fine("Clock", "right");
            }
        }
    }
}

fn notices(loaded: &Loaded, looks: &mut Looks) {
    let notify = &loaded.job.notify;
    let desktop = notify.desktop && std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some();
    let ways: Vec<&str> = [
        (desktop, "desktop"),
        (!notify.command.is_empty(), "command"),
        (notify.webhook.is_some(), "webhook"),
        (notify.ntfy.is_some(), "ntfy"),
        (notify.email.is_some(), "email"),
    ]
    .into_iter()
    .filter_map(|(set, way)| set.then_some(way))
    .collect();
    if ways.is_empty() {
        let advice = "set up a way in `[notify]`, and try it with `larder notify --test`";
        looks.warn("Notices", "nobody is told when Apple wants a new sign-in", advice);
    } else {
        looks.fine("Notices", format!("by {}", ways.join(", ")));
    }
}

fn page(loaded: &Loaded, looks: &mut Looks) {
    let page = &loaded.job.page;
    let Some(base) = page.base() else { return };
    if page.lacks_an_address() {
        looks.warn("Page", format!("links say {base}, which others cannot open"), NAME_THE_PAGE);
    } else {
        looks.fine("Page", base);
    }
}

fn daemon(loaded: &Loaded, looks: &mut Looks) -> Result<(), Failure> {
    let present = is_present(&loaded.job.state_dir)
        .map_err(|error| Failure::new(Exit::Disk, format!("Cannot look for the daemon: {error}")))?;
    if let Some(pid) = present {
        looks.fine("Daemon", format!("runs (process {pid})"));
    } else {
        let advice = "start `larder sync`, by systemd for example (see contrib/), unless cron runs `larder sync --once`";
        looks.warn("Daemon", "none runs this job", advice);
    }
    Ok(())
}
