//! The page as a person uses it, in a real browser without scripts, on a desk and on a phone.

mod driver;

use std::thread;
use std::time::{Duration, Instant};

use driver::{Browser, Screen};
use icloud_sim::photos::NewPhoto;

use crate::adp;
use crate::oracle;
use crate::page::{Daemon, until, waiting};
use crate::tree::Tree;

/// A browser with that screen, or a word that there is none.
fn browser(screen: Screen) -> Option<Browser> {
    let browser = Browser::start(screen);
    if browser.is_none() {
        eprintln!("skipped: there is no chromium with chromedriver (Debian: chromium, chromium-driver)");
    }
    browser
}

/// Nothing hangs over the edge of a phone, and what is to be pressed is large enough for a thumb.
#[track_caller]
fn fits(browser: &Browser) {
    let all = browser.all("input:not([type=hidden]), button, table, p, h1, h2, progress");
    assert!(!all.is_empty());
    for rect in all.iter().filter_map(|element| browser.rect(element)) {
        assert!(rect.left >= 0.0 && rect.left + rect.width <= 390.0, "{rect:?}\n{}", browser.reads());
    }
    let pressed = browser.all("button, input:not([type=hidden])");
    for rect in pressed.iter().filter_map(|element| browser.rect(element)) {
        assert!(rect.height >= 44.0, "{rect:?}\n{}", browser.reads());
    }
}

struct Visit {
    daemon: Daemon,
    browser: Browser,
    screen: Screen,
}

impl Visit {
    /// What is read holds these words, and a picture is kept for whoever wants to look.
    #[track_caller]
    fn sees(&self, shot: &str, words: &[&str]) {
        // What is pressed may take a moment.
        let (start, patience) = (Instant::now(), Duration::from_secs(30));
        loop {
            let read = self.browser.reads();
            match words.iter().find(|word| !read.contains(*word)) {
                None => break,
                Some(word) if start.elapsed() > patience => panic!("no {word:?} on:\n{read}"),
                Some(_) => thread::sleep(Duration::from_millis(50)),
            }
        }
        if self.screen == Screen::Phone {
            fits(&self.browser);
        }
        self.browser.shoot(shot);
    }

    /// The run that was missed has mirrored everything.
    fn is_whole(&self) {
        let wanted = oracle::count(&oracle::mirror_of(&self.daemon.here.inventory()));
        until("the missed run", || {
            Tree::read(&self.daemon.here.destination()).library().len() as u64 == wanted
        });
        until("rest", || self.daemon.get("/healthz").body.trim() == "config: ok");
    }
}

/// From the page that says that a person is needed to the run that was missed.
fn signs_in(screen: Screen) {
    let Some(browser) = browser(screen) else { return };
    let visit = Visit { daemon: waiting(""), browser, screen };
    let (daemon, browser) = (&visit.daemon, &visit.browser);
    let control = daemon.here.control();
    daemon.here.add(NewPhoto::default());
    browser.open(&daemon.address("/"));
    visit.sees("needs-you", &["wants a new sign-in", "Sign in"]);
    browser.presses("Sign in");
    visit.sees("begin", &["when you ask for one here, and not before", "Show a code on my devices"]);
    let link = browser.address();
    let asked = || {
        let counters = daemon.here.control().counters();
        (counters.requests("auth.init").min(1), counters.requests("auth.push"), counters.requests("auth.sms"))
    };
    assert_eq!(asked(), (0, 0, 0), "nothing is asked of Apple before the person asks");
    browser.types("password", "not this one");
    browser.presses("Show a code");
    visit.sees("wrong-password", &["refused the password"]);
    browser.types("password", &control.account(|account| account.password.clone()));
    browser.presses("Show a code");
    visit.sees("code", &["is shown on your trusted devices"]);
    browser.types("code", "000000");
    browser.presses("Sign in");
    visit.sees("wrong-code", &["refused the code", "Code"]);

    // Then by message; too many were asked for, and Apple wants to be left alone.
    control.account(|account| account.sends_allowed = 0);
    // What was typed is not asked for again.
    browser.presses("Send a text message to");
    visit.sees("too-many", &["takes no codes from this account for now"]);
    control.account(|account| account.sends_allowed = 100);
    browser.types("password", &control.account(|account| account.password.clone()));
    browser.presses("Send a text message");
    visit.sees("message", &["was sent to"]);
    let code = control.codes().sms.expect("no message was sent");
    browser.types("code", &code);
    // Slow enough for somebody to look at it.
    control.add_fault(icloud_sim::Rule::new("content", icloud_sim::Fault::Delay { ms: 25_000 }));
    browser.presses("Sign in");
    visit.sees("done", &["You are signed in"]);
    // It goes on by itself to how the run goes on.
    until("the progress", || browser.reads().contains("of 1 file"));
    visit.sees("progress", &["running since", "0 of 1 file"]);
    control.clear_faults();
    browser.open(&link);
    visit.sees("used", &["too old or was used"]);
    visit.is_whole();
    browser.open(&daemon.address("/"));
    visit.sees("well", &["next run", "Missing nothing"]);
}

#[test]
fn a_person_at_a_desk_signs_in() {
    signs_in(Screen::Desktop);
}

#[test]
fn a_person_with_a_phone_signs_in() {
    signs_in(Screen::Phone);
}

#[test]
fn a_person_with_a_phone_agrees_that_protected_data_is_read() {
    let screen = Screen::Phone;
    let Some(browser) = browser(screen) else { return };
    let visit = Visit { daemon: adp::waiting(), browser, screen };
    let (daemon, browser) = (&visit.daemon, &visit.browser);
    browser.open(&daemon.address("/"));
    visit.sees("locked", &["a device of yours has to agree"]);
    browser.presses("Ask my devices");
    visit.sees("consent", &["for about an hour each time"]);
    browser.presses("Ask my devices");
    visit.sees("asked", &["Agree on one of them"]);
    assert!(daemon.here.control().grant_consent());
    // The page waits for it by itself.
    until("the end of it", || browser.reads().contains("You are signed in"));
    visit.sees("agreed", &["You are signed in"]);
    visit.is_whole();
}
