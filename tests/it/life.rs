//! Sixty days of a daemon whose clock, and Apple's, a test moves: runs every night, what is told, and that nobody but a
//! person signs in.

use std::time::{Duration, Instant};
use std::{fs, thread};

use icloud_sim::photos::NewPhoto;
use icloud_sim::{LibrarySpec, Loss};

use crate::environment::{CODE, Running, TestEnvironment};
use crate::notify::Listener;
use crate::oracle;
use crate::tree::Tree;

const DAY: u64 = 86_400;

/// A person's box, whose daemon tells a webhook.
struct Life {
    here: TestEnvironment,
    server: Listener,
    daemon: Option<Running>,
    day: u64,
    /// Day and kind of everything that was told.
    told: Vec<(u64, String)>,
}

impl Life {
    fn begin() -> Self {
        let server = Listener::start("200 OK");
        let here = TestEnvironment::signed_in(LibrarySpec { assets: 4, ..LibrarySpec::default() });
        here.write_job(&format!(
            "\n[schedule]\nat = \"03:00\"\ntime_zone = \"UTC\"\njitter = \"0s\"\n[notify]\ndesktop = false\nwebhook = \"{}\"\n",
            server.address
        ));
        fs::write(here.path("clock"), "0").unwrap();
        Self { here, server, daemon: None, day: 0, told: vec![] }
    }

    fn larder(&self, arguments: &[&str]) -> crate::environment::Invocation {
        self.here.larder(arguments).env("LARDER_CLOCK", self.here.path("clock"))
    }

    /// The box starts, as after a power cut when the daemon was at work.
    fn start(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            daemon.kill();
        }
        self.daemon = Some(self.larder(&["sync"]).start());
    }

    /// A day passes, on which a photo is taken.
    fn pass(&mut self) {
        self.here.add(NewPhoto::default());
        self.day += 1;
        self.here.control().advance_clock(Duration::from_secs(DAY));
        // In one step: the daemon must not read half of it.
        fs::write(self.here.path("clock.new"), (self.day * DAY).to_string()).unwrap();
        fs::rename(self.here.path("clock.new"), self.here.path("clock")).unwrap();
    }

    fn hear(&mut self) {
        for (_, notice) in self.server.heard() {
            self.told.push((self.day, notice["kind"].as_str().unwrap().to_owned()));
        }
    }

    fn holds_all(&self) -> bool {
        let wanted = oracle::count(&oracle::mirror_of(&self.here.inventory()));
        let tree = Tree::read(&self.here.destination());
        u64::try_from(tree.library().len()).unwrap() == wanted
    }

    #[track_caller]
    fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !holds(self) {
            let patience = Duration::from_secs(60);
            assert!(
                start.elapsed() < patience,
                "day {}: {what} did not come; told: {:?}",
                self.day,
                self.told
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until the run of the day has ended, by what the daemon's own summary says.
    fn mirrored(&mut self) {
        self.until("what is new", Self::holds_all);
        self.until("the end of the run", |life| life.larder(&["audit", "--quiet"]).run().code == Some(0));
        self.hear();
    }

    fn attempts(&self) -> (u64, u64) {
        let counters = self.here.control().counters();
        (counters.requests("auth.push") + counters.requests("auth.sms"), counters.requests_to("auth."))
    }
}

#[test]
fn sixty_days_of_a_daemon() {
    if !larder::failpoint::PRESENT {
        println!("skipped: a release build keeps the system's time");
        return;
    }
    let mut life = Life::begin();
    life.start();
    life.mirrored();
    // Signed in for thirty days. The box loses power now and then.
    while life.day < 29 {
        life.pass();
        if [10, 24].contains(&life.day) {
            life.start();
        }
        life.mirrored();
    }
    assert_eq!(life.attempts(), (0, 0), "nobody signs in where the session is good");
    let soon = |day: u64| (day, "sign-in-soon".to_owned());
    assert_eq!(life.told, [16, 23, 27, 29].map(soon), "two weeks, one, three days and one before the end");
    // Apple ends it, nobody is there for a week, and the box is started anew in between.
    life.here.control().expire_sessions(Loss::Trust);
    let before = Tree::read(&life.here.destination()).library().len();
    let heard = life.server.count();
    life.pass();
    life.until("the notice", |life| life.server.count() > heard);
    life.hear();
    while life.day < 38 {
        if life.day == 33 {
            life.start();
            // It finds out anew that somebody is needed, without a word.
            life.until("the daemon", |life| life.larder(&["sync", "--now"]).run().code == Some(0));
        }
        thread::sleep(Duration::from_millis(300));
        life.pass();
    }
    life.hear();
    assert_eq!(life.told.split_off(4), [(30, "sign-in-needed".to_owned())], "once");
    assert_eq!(Tree::read(&life.here.destination()).library().len(), before);
    let (pushes, attempts) = life.attempts();
    assert_eq!(pushes, 0, "no code is sent to anybody's phone");
    assert!(attempts <= 2, "{attempts} attempts to sign in, with nobody there");
    // They are back, and what was missed comes at once.
    let password = life.here.control().account(|account| account.password.clone());
    life.larder(&["login"]).stdin(&format!("{password}\n{CODE}\n")).run().expect(0);
    life.mirrored();
    assert_eq!(life.told.split_off(4), [(38, "signed-in".to_owned())]);
    let (pushes, with_login) = life.attempts();
    assert_eq!(pushes, 1, "theirs");
    while life.day < 60 {
        life.pass();
        life.mirrored();
    }
    assert_eq!(life.told.split_off(4), [soon(54)]);
    assert_eq!(life.attempts(), (1, with_login));
    Tree::read(&life.here.destination()).must_hold(&oracle::mirror_of(&life.here.inventory()));
    life.daemon.take().unwrap().kill();
}

#[test]
fn a_session_that_outlives_its_estimate_is_not_said_to_be_over() {
    if !larder::failpoint::PRESENT {
        return;
    }
    let mut life = Life::begin();
    life.day = 15;
    for _ in 0..2 {
        life.pass();
        // Each run finds the session good, and Apple prolongs it.
        life.larder(&["sync", "--once"]).run().expect(0);
        life.day += 14;
    }
    life.pass();
    life.larder(&["sync", "--once"]).run().expect(0);
    let told = life.larder(&["status"]).run().expect(0).stdout;
    assert!(told.contains("Apple may ask at any time") && !told.contains("needed"), "{told}");
}
