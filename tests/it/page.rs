//! The page of the daemon: how the mirror stands, and signing in by it.

mod headway;

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};
use std::{fs, thread};

use icloud_sim::{LibrarySpec, Loss};

use crate::environment::{CODE, Running, TestEnvironment};

/// A daemon with a page.
pub(crate) struct Daemon {
    pub(crate) here: TestEnvironment,
    port: u16,
    running: Option<Running>,
}

/// What the page answered.
pub(crate) struct Answer {
    status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}\n{}", self.head, self.body);
        self
    }

    /// The value of a field of its first form that has it.
    pub(crate) fn field(&self, name: &str) -> String {
        let (_, rest) = self.body.split_once(&format!("name=\"{name}\" value=\"")).expect("no such field");
        rest.split('"').next().unwrap().to_owned()
    }
}

#[track_caller]
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what} did not come");
        thread::sleep(Duration::from_millis(25));
    }
}

impl Daemon {
    pub(crate) fn start(here: TestEnvironment, more: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        here.write_job(&format!(
            "\n[notify]\ndesktop = false\n[page]\nlisten = \"127.0.0.1:{port}\"\n{more}"
        ));
        // Where a test has that file, it moves the clock by it.
        let clock = here.path("clock");
        let running = Some(here.larder(&["sync"]).env("LARDER_CLOCK", clock).start());
        let daemon = Self { here, port, running };
        until("the page", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        daemon
    }

    fn ask(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|header| header.starts_with("Host:")) {
            write!(head, "Host: 127.0.0.1:{}\r\n", self.port).unwrap();
        }
        for header in headers {
            write!(head, "{header}\r\n").unwrap();
        }
        let form = "Content-Type: application/x-www-form-urlencoded";
        write!(connection, "{head}{form}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// An address of the page.
    pub(crate) fn address(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "")
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Answer {
        self.ask("POST", path, &[&format!("Origin: http://127.0.0.1:{}", self.port)], body)
    }

    /// A link to sign in by, as whoever sits at the machine gets it.
    pub(crate) fn link(&self) -> String {
        let answer = self.post("/sign-in", "job=config").expect(303);
        let line = answer.head.lines().find(|line| line.to_lowercase().starts_with("location:")).unwrap();
        line.split_once(": ").unwrap().1.to_owned()
    }

    pub(crate) fn stop(mut self) -> String {
        let running = self.running.take().unwrap();
        let pid = running.pid().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let ended = running.wait();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        ended.stderr
    }
}

fn settled() -> TestEnvironment {
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 6, ..LibrarySpec::default() });
    here.sync().expect(0);
    here
}

/// A daemon whose person is needed: nothing stored works any more.
pub(crate) fn waiting(more: &str) -> Daemon {
    waiting_for(settled(), more)
}

/// The same of another mirror.
fn waiting_for(here: TestEnvironment, more: &str) -> Daemon {
    here.control().expire_sessions(Loss::Trust);
    fs::remove_file(here.state_dir().join("session.json")).unwrap();
    here.control().reset_counters();
    let daemon = Daemon::start(here, more);
    // The last run was a moment ago, so that the next is asked for.
    until("a daemon that can be asked", || daemon.here.larder(&["sync", "--now"]).run().code == Some(0));
    until("the refusal", || daemon.get("/healthz").body.contains("needs you"));
    daemon
}

#[test]
fn how_the_mirror_stands_is_shown_to_people_and_machines() {
    let daemon = Daemon::start(settled(), "");
    until("the standing", || daemon.get("/").body.contains("next run"));
    let page = daemon.get("/").expect(200);
    assert!(page.body.contains("6 photos and videos") && page.body.contains("nothing"), "{}", page.body);
    let head = page.head.to_lowercase();
    for header in
        ["content-security-policy: default-src 'none'", "cache-control: no-store", "x-frame-options"]
    {
        assert!(head.contains(header), "{head}");
    }
    let health = daemon.get("/healthz").expect(200);
    assert_eq!(health.body.trim(), "config: ok");
    let metrics = daemon.get("/metrics").expect(200).body;
    assert!(metrics.contains("larder_items{job_file=\"config\",part=\"photos\"} 6\n"), "{metrics}");
    assert!(metrics.contains("larder_needs_person{job_file=\"config\"} 0\n"), "{metrics}");
    for line in metrics.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("larder_") && value.parse::<f64>().is_ok(), "{line}");
    }
    daemon.get("/nowhere").expect(404);
    daemon.stop();
}

#[test]
fn a_person_signs_in_by_the_page_and_the_missed_run_follows() {
    let daemon = waiting("");
    let control = daemon.here.control();
    let sent = || {
        let counters = daemon.here.control().counters();
        counters.requests("auth.push") + counters.requests("auth.sms") + counters.requests("auth.init")
    };
    assert!(daemon.get("/").body.contains("wants a new sign-in"));
    let link = daemon.link();
    let first = daemon.get(&link).expect(200);
    assert!(first.body.contains("autocomplete=\"current-password\""), "{}", first.body);
    assert_eq!(sent(), 0, "nothing is sent before the person asks");
    let csrf = first.field("csrf");

    let wrong = daemon.post(&link, &format!("csrf={csrf}&way=devices&password=not+this+one")).expect(200);
    assert!(wrong.body.contains("refused the password"), "{}", wrong.body);
    let password = control.account(|account| account.password.clone()).replace(' ', "+");
    let code = daemon.post(&link, &format!("csrf={csrf}&way=devices&password={password}")).expect(200);
    assert!(code.body.contains("autocomplete=\"one-time-code\""), "{}", code.body);
    let wrong = daemon.post(&link, &format!("csrf={csrf}&way=finish&code=000000")).expect(200);
    assert!(wrong.body.contains("code"), "{}", wrong.body);
    let runs = daemon.here.control().counters().requests_to("ck.");
    let done = daemon.post(&link, &format!("csrf={csrf}&way=finish&code={CODE}")).expect(200);
    assert!(done.body.contains("You are signed in"), "{}", done.body);
    daemon.get(&link).expect(410);
    until("the missed run", || daemon.here.control().counters().requests_to("ck.") > runs);
    until("rest", || daemon.get("/healthz").body.trim() == "config: ok");
    let told = daemon.stop();
    assert!(told.contains("/sign-in/"), "{told}");
}

#[test]
fn a_code_comes_by_message_as_well() {
    let daemon = waiting("");
    let link = daemon.link();
    let csrf = daemon.get(&link).field("csrf");
    let password = daemon.here.control().account(|account| account.password.clone()).replace(' ', "+");
    let code = daemon.post(&link, &format!("csrf={csrf}&way=sms&password={password}")).expect(200);
    assert!(code.body.contains("was sent to"), "{}", code.body);
    assert!(daemon.here.control().counters().requests("auth.sms") > 0);
    let wrong = daemon.post(&link, &format!("csrf={csrf}&way=finish&code=000000")).expect(200);
    assert!(wrong.body.contains("refused the code") && wrong.body.contains("was sent to"), "{}", wrong.body);
    assert!(wrong.body.contains("Send a text message to"), "other ways stay open: {}", wrong.body);
    // What those forms send: the password was typed, and is not asked for again.
    let called = daemon.post(&link, &format!("csrf={csrf}&way=call&phone=1")).expect(200);
    assert!(called.body.contains("calls"), "{}", called.body);
    // What Apple refused is not sent again by itself.
    daemon.here.control().account(|account| account.sends_allowed = 0);
    let refused = daemon.post(&link, &format!("csrf={csrf}&way=sms&phone=0")).expect(200);
    assert!(refused.body.contains("takes no codes"), "{}", refused.body);
    let asked = daemon.post(&link, &format!("csrf={csrf}&way=sms&phone=0")).expect(200);
    assert!(asked.body.contains("Apple wants the password"), "{}", asked.body);
    daemon.stop();
}

#[test]
fn pages_of_others_and_used_links_get_nothing() {
    let daemon = waiting("");
    let link = daemon.link();
    let csrf = daemon.get(&link).field("csrf");
    let before = daemon.here.control().counters().requests_to("auth.");
    let step = format!("csrf={csrf}&way=devices&password=x");
    daemon.ask("GET", "/", &["Host: evil.example"], "").expect(403);
    daemon.ask("POST", &link, &["Origin: http://evil.example"], &step).expect(403);
    daemon.ask("POST", "/sign-in", &["Sec-Fetch-Site: cross-site"], "job=config").expect(403);
    daemon.post(&link, "csrf=guessed&way=devices&password=x").expect(403);
    daemon.get("/sign-in/0123456789abcdef").expect(410);
    daemon.post("/sign-in", "job=other").expect(404);
    // Somebody far away, behind a proxy: no password, and no link but the one that is told.
    let far = ["X-Forwarded-For: 203.0.113.9"];
    let page = daemon.ask("GET", &link, &far, "").expect(200);
    assert!(!page.body.contains("type=\"password\""), "{}", page.body);
    daemon.ask("POST", &link, &far, &step).expect(403);
    let asked = daemon.ask("POST", "/sign-in", &far, "job=config").expect(200);
    assert!(asked.body.contains("no way of sending you a link"), "{}", asked.body);
    assert_eq!(daemon.here.control().counters().requests_to("auth."), before, "none of it reached Apple");
    daemon.stop();
}

#[test]
fn a_page_that_cannot_be_served_is_said_so() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let here = settled();
    here.write_job(&format!("\n[page]\nlisten = \"{}\"", taken.local_addr().unwrap()));
    let ran = here.larder(&["sync"]).run().expect(2);
    assert!(ran.stderr.contains("page.listen"), "{}", ran.stderr);
}
