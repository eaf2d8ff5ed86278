//! `larder login`: sign in, or renew the trust of this computer.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cli::args::{Global, Login};
use crate::cli::job::{Loaded, load};
use crate::cli::prompt::Prompt;
use crate::cli::telling::after_login;
use crate::cli::unlocking::unlock;
use crate::cli::{Console, Exit, Failure};
use crate::clock::{self, SystemClock};
use crate::icloud::session::{
    self, CodeRequest, CodeSource, CodeWay, LoginDone, LoginOptions, Need, NeedsUser, SessionError, Unlocked,
};

pub(super) async fn login(global: &Global, console: &Console, args: &Login) -> Result<Exit, Failure> {
    let loaded = load(global)?;
    let _lock = loaded.lock(console)?;
    let (loaded, request) = match sign_in(&loaded, console, args).await {
        // Each region has a sign-in, a code and tokens of its own.
        Err(error) if args.code.is_none() && matches!(error.need(), Some(Need::Region { .. })) => {
            let there = load(global)?;
            if there.account == loaded.account {
                return Err(error.into());
            }
            console.tell(
                "Apple keeps this account in another region: signing in there, which takes another code",
            );
            let request = sign_in(&there, console, args).await?;
            (there, request)
        }
        request => (loaded, request?),
    };
    if let Some(trouble) = loaded.passwords.trouble() {
        console.warning(&trouble);
    }
    match request {
        CodeRequest::AlreadyDone(done) => {
            if !console.json {
                tell(console, &done);
            }
            let mut person = Prompt::new(console, loaded.passwords.clone(), None);
            let unlocked = unlock(&loaded, console, &mut person).await?;
            if console.json {
                console.out_json(&document(&done, unlocked))?;
            } else if let Unlocked::Ready { until } = unlocked {
                tell_keys(console, until);
            }
            after_login(&loaded).await;
        }
        CodeRequest::Sent(prompt) => {
            let whence = match prompt.source {
                CodeSource::Devices => "is shown on your trusted devices".to_owned(),
                CodeSource::Phone(phone) => format!("was sent to {}", phone.number),
                CodeSource::Nowhere => "could not be sent; try `--sms`".to_owned(),
            };
            console.tell(&format!("The code {whence}. Finish with `larder login --code CODE`."));
        }
    }
    Ok(Exit::Done)
}

/// Signs in, or asks for a code.
async fn sign_in(loaded: &Loaded, console: &Console, args: &Login) -> Result<CodeRequest, SessionError> {
    let (http, store, account) = (&loaded.http, &loaded.store, &loaded.account);
    let refused = match store.remembered()?.and_then(|remembered| remembered.needs_user) {
        Some(NeedsUser { why: Need::Password { refused }, .. }) => Some(refused),
        _ => None,
    };
    let mut person = Prompt::new(console, loaded.passwords.clone(), refused);
    let options = LoginOptions { way: if args.sms { CodeWay::Message } else { CodeWay::Devices } };
    if let Some(code) = &args.code {
        let done = session::submit_code(http, store, account, &SystemClock, &mut person, code).await?;
        return Ok(CodeRequest::AlreadyDone(done));
    }
    if args.request_code {
        return session::request_code(http, store, account, &SystemClock, &mut person, options).await;
    }
    let done = session::login(http, store, account, &SystemClock, &mut person, options).await?;
    Ok(CodeRequest::AlreadyDone(done))
}

fn document(done: &LoginDone, unlocked: Unlocked) -> serde_json::Value {
    let text = |instant: Option<Timestamp>| instant.map(|instant| instant.to_string());
    let keys_until = match unlocked {
        Unlocked::NotProtected => None,
        Unlocked::Ready { until } => text(until),
    };
    serde_json::json!({
        "signed_in": true, "trust_ends": text(done.trust_expires),
        "advanced_data_protection": unlocked != Unlocked::NotProtected, "keys_until": keys_until,
    })
}

fn tell_keys(console: &Console, until: Option<Timestamp>) {
    let until = until.map_or("for about an hour".to_owned(), |until| {
        format!("until {}", until.to_zoned_datetime(TimeZone::system()).strftime("%H:%M"))
    });
    console.tell(&format!(
        "{} A device agreed: larder may read {until}. Run `larder sync --once` now, or leave it to the daemon, which begins \
         by itself.",
        console.paint("✓", "1;32")
    ));
}

fn tell(console: &Console, done: &LoginDone) {
    let until = match done.trust_expires {
        Some(end) => {
            format!(" Good for {} days.", (end.duration_since(clock::now()).as_hours() + 12) / 24)
        }
        None => String::new(),
    };
    console.tell(&format!("{} Signed in.{until}", console.paint("✓", "1;32")));
}
