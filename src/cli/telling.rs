//! Telling the person who does not look: after a run, after a sign-in, and to try it.

use std::path::PathBuf;

use super::job::Loaded;
use super::{Console, Exit, Failure};
use crate::clock;
use crate::report::Summary;
use crate::report::notify::{Kind, Memory, Needs, Notice, Situation, Tried, Ways, series};
use crate::report::summary_text;
use crate::secret::{read_private, write_private};

/// How a run ended.
pub(super) struct Ended<'a> {
    pub(super) exit: Exit,
    pub(super) failures: &'a [Failure],
    pub(super) summaries: &'a [Summary],
}

/// Tells what a run gives reason to tell. Where somebody `watches` it, nothing is sent: it is on the screen.
pub(super) async fn after_run(loaded: &Loaded, ended: &Ended<'_>, link: Option<String>, watches: bool) {
    if ended.exit.is_stop() || ended.exit == Exit::Locked || !loaded.job.state_dir.is_dir() {
        return;
    }
    let needed = ended.failures.iter().find(|failure| failure.exit == Exit::SignIn);
    let needs = match (needed, ended.exit) {
        (Some(failure), _) => Needs::Person(plain(&failure.message)),
        (None, Exit::Done | Exit::SomeFailed) => Needs::Nobody,
        (None, _) => Needs::Unknown,
    };
    let told = ended.summaries.iter().any(|summary| !summary.is_quiet());
    let situation = Situation {
        needs,
        ended: Some((ended.exit.code(), why(ended))),
        summary: told.then(|| summary_text::texts(ended.summaries)),
        ..situation(loaded, link)
    };
    tell(loaded, &situation, watches).await;
}

/// Tells that a person signed in, where that was waited for.
pub(super) async fn after_login(loaded: &Loaded) {
    let situation = Situation { needs: Needs::Nobody, ..situation(loaded, None) };
    tell(loaded, &situation, false).await;
}

/// Tries every way, and gives what became of each.
pub(super) async fn try_ways(loaded: &Loaded) -> Vec<Tried> {
    let notice = Notice {
        kind: Kind::Test,
        job: loaded.job.name.clone(),
        title: "Notices of larder arrive".to_owned(),
        text: "Somebody ran `larder notify --test`.".to_owned(),
        link: None,
    };
    Ways::new(&loaded.job.notify).tell(&notice, &mut None).await
}

/// Tells a link by which a person signs in. The error says why no way took it.
pub(super) async fn tell_link(loaded: &Loaded, link: String) -> Result<(), String> {
    let notice = Notice {
        kind: Kind::SignInNeeded,
        job: loaded.job.name.clone(),
        title: "Sign in to iCloud".to_owned(),
        text: "Somebody asked for this link on larder's page. It is good for half an hour.".to_owned(),
        link: Some(link),
    };
    let tried = Ways::new(&loaded.job.notify).tell(&notice, &mut None).await;
    if tried.iter().any(|tried| tried.failed.is_none()) {
        return Ok(());
    }
    Err("larder has no way of sending you a link: set up `[notify]`, or run `larder login` on the machine itself".to_owned())
}

fn situation(loaded: &Loaded, link: Option<String>) -> Situation {
    let remembered = loaded.store.remembered().ok().flatten();
    Situation {
        job: loaded.job.name.clone(),
        now: clock::now(),
        trust_ends: remembered.and_then(|remembered| remembered.trust_expires),
        needs: Needs::Unknown,
        ended: None,
        summary: None,
        link,
    }
}

/// Why a run failed, and what can be done.
fn why(ended: &Ended<'_>) -> String {
    if let Some(failure) = ended.failures.first() {
        return match &failure.hint {
            Some(hint) => format!("{}. What to do: {hint}.", plain(&failure.message)),
            None => format!("{}.", plain(&failure.message)),
        };
    }
    let held: u64 = ended.summaries.iter().map(|summary| summary.outcome.held).sum();
    if held > 0 {
        return format!(
            "{held} files would leave the mirror at once and are held: `larder sync --once --confirm-removals {held}` lets them go."
        );
    }
    "`larder status` names what is missing, and why.".to_owned()
}

/// Without the stop at its end, and on one line.
fn plain(message: &str) -> String {
    message.trim().trim_end_matches('.').replace('\n', " ")
}

async fn tell(loaded: &Loaded, situation: &Situation, watches: bool) {
    let memory = memory(loaded);
    let (mut next, notices) = series::next(&memory, situation, &loaded.job.notify);
    // First what is remembered: should the process end in between, a notice is missed and not repeated for ever.
    if next != memory {
        remember(loaded, &next);
    }
    if watches {
        return;
    }
    let shown = next.shown;
    for notice in &notices {
        for Tried { way, failed } in Ways::new(&loaded.job.notify).tell(notice, &mut next.shown).await {
            if let Some(why) = failed {
                tracing::warn!(way, notice = notice.kind.as_str(), "a notice could not be told: {why}");
            }
        }
    }
    if next.shown != shown {
        remember(loaded, &next);
    }
}

fn file(loaded: &Loaded) -> PathBuf {
    loaded.job.state_dir.join("notices.json")
}

/// What was told; what cannot be read was not.
fn memory(loaded: &Loaded) -> Memory {
    let read = read_private(&file(loaded)).ok().flatten();
    read.and_then(|private| serde_json::from_slice(&private.bytes).ok()).unwrap_or_default()
}

fn remember(loaded: &Loaded, memory: &Memory) {
    let written = serde_json::to_vec(memory).map_err(|error| error.to_string());
    let written =
        written.and_then(|json| write_private(&file(loaded), &json).map_err(|error| error.to_string()));
    if let Err(error) = written {
        tracing::warn!("what was told cannot be remembered: {error}");
    }
}

/// Shows what became of trying every way.
pub(super) fn show(console: &Console, tried: &[Tried]) -> Exit {
    if tried.is_empty() {
        console.tell("No way of telling is set up: see `[notify]` in the job file.");
        return Exit::Usage;
    }
    for Tried { way, failed } in tried {
        match failed {
            None => console.tell(&format!("{way:<10}told")),
            Some(why) => console.tell(&format!("{way:<10}failed: {why}")),
        }
    }
    if tried.iter().any(|tried| tried.failed.is_some()) { Exit::SomeFailed } else { Exit::Done }
}
