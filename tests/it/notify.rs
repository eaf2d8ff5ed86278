//! A person who does not look is told, once, in every way that the job file names.

mod desktop;
mod screen;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use icloud_sim::{Config, Fault, LibrarySpec, Loss, Rule};
use serde_json::{Value, json};

use crate::environment::TestEnvironment;

/// A server on loopback that takes requests and answers them all alike.
pub(crate) struct Listener {
    pub(crate) address: String,
    heard: Receiver<(String, Value)>,
    asked: std::sync::Arc<std::sync::atomic::AtomicU64>,
}

impl Listener {
    pub(crate) fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (tell, heard) = channel();
        let asked = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
        let count = asked.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let _gone = tell.send(request(connection, answer));
                count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            }
        });
        Self { address, heard, asked }
    }

    /// How many requests came at all.
    pub(crate) fn count(&self) -> u64 {
        self.asked.load(std::sync::atomic::Ordering::SeqCst)
    }

    /// What was asked for since the last time: head and body.
    pub(crate) fn heard(&self) -> Vec<(String, Value)> {
        self.heard.try_iter().collect()
    }
}

fn request(mut connection: TcpStream, answer: &str) -> (String, Value) {
    let mut reader = BufReader::new(connection.try_clone().unwrap());
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some((_, value)) =
            line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        {
            length = value.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    write!(connection, "HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
    (head, serde_json::from_slice(&body).unwrap())
}

/// A mirror of a few photos, whose job file has `section` below `[notify]`.
fn mirror(section: &str) -> TestEnvironment {
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 4, ..LibrarySpec::default() });
    write(&here, section);
    here.sync().expect(0);
    here
}

fn write(here: &TestEnvironment, section: &str) {
    here.write_job(&format!("\n[notify]\ndesktop = false\n{section}\n"));
}

/// iCloud forgets the session: nothing stored works any more.
fn sign_out(here: &TestEnvironment) {
    here.control().expire_sessions(Loss::Trust);
    fs::remove_file(here.state_dir().join("session.json")).unwrap();
}

#[test]
fn that_a_person_is_needed_is_told_once_and_that_it_is_done() {
    let server = Listener::start("200 OK");
    let here = mirror(&format!("webhook = \"{}/hook\"", server.address));
    assert_eq!(server.heard(), []);
    sign_out(&here);
    for _ in 0..3 {
        here.sync().expect(3);
    }
    let heard = server.heard();
    let kinds: Vec<_> = heard.iter().map(|(_, notice)| notice["kind"].clone()).collect();
    assert_eq!(kinds, ["sign-in-needed"]);
    assert!(heard[0].0.starts_with("POST /hook "), "{}", heard[0].0);
    let text = heard[0].1["text"].as_str().unwrap();
    assert!(text.contains("larder login"), "{text}");
    here.login();
    let kinds: Vec<_> = server.heard().iter().map(|(_, notice)| notice["kind"].clone()).collect();
    assert_eq!(kinds, ["signed-in"]);
    here.sync().expect(0);
    assert_eq!(server.heard(), []);
    let memory = fs::metadata(here.state_dir().join("notices.json")).unwrap();
    assert_eq!(memory.permissions().mode() & 0o777, 0o600);
}

#[test]
fn failures_are_told_when_they_stay_and_when_they_are_over() {
    let server = Listener::start("200 OK");
    let template = r#"'{"content": "{title}", "n": 1}'"#;
    let here = mirror(&format!("webhook = \"{}\"\nwebhook_template = {template}", server.address));
    here.add(icloud_sim::photos::NewPhoto::default());
    here.control().add_fault(Rule::new("content", Fault::Gone));
    here.sync().expect(1);
    assert_eq!(server.heard(), [], "it may come back by itself");
    here.sync().expect(1);
    here.sync().expect(1);
    let heard: Vec<Value> = server.heard().into_iter().map(|(_, body)| body).collect();
    assert_eq!(heard, [json!({"content": "Some items cannot be mirrored", "n": 1})]);
    here.control().clear_faults();
    // Items that failed are tried again later; nothing of it is to be seen here.
    here.larder(&["audit"]).run();
    while here.sync().code != Some(0) {
        std::thread::sleep(Duration::from_millis(200));
    }
    let heard: Vec<Value> = server.heard().into_iter().map(|(_, body)| body["content"].clone()).collect();
    assert_eq!(heard, ["The mirror is up to date again"]);
}

#[test]
fn every_way_is_tried_and_one_that_fails_leaves_the_others_alone() {
    let (good, bad) = (Listener::start("200 OK"), Listener::start("403 Forbidden"));
    let here = mirror("");
    let token = here.path("token");
    fs::write(&token, "tk_secret\nmore").unwrap();
    fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).unwrap();
    let out = here.path("told");
    let script = format!(
        "cat > {out:?}; printf '%s' \"$LARDER_NOTICE_KIND|$LARDER_NOTICE_TITLE|${{LARDER_PASSWORD-none}}\" >> {out:?}"
    );
    let (mail_address, mails) = mail_server();
    let section = |ntfy: &str| {
        format!(
            "webhook = \"{}\"\nntfy = \"{ntfy}/my-topic\"\nntfy_token_file = {token:?}\n\
             command = [\"sh\", \"-c\", {script:?}]\n[notify.email]\nserver = \"127.0.0.1\"\nport = {mail_address}\n\
             security = \"none\"\nfrom = \"larder@example.com\"\nto = \"you@example.com\"",
            good.address
        )
    };
    write(&here, &section(&good.address));
    let ran = here.larder(&["notify", "--test"]).env("LARDER_PASSWORD", "canary").run().expect(0);
    for way in ["command", "webhook", "ntfy", "email"] {
        assert!(ran.stderr.contains(&format!("{way:<10}told")), "{}{}", ran.stdout, ran.stderr);
    }
    let heard = good.heard();
    assert_eq!(heard.len(), 2);
    let (head, body) = heard.iter().find(|(_, body)| body["topic"] == "my-topic").unwrap();
    assert!(head.to_lowercase().contains("authorization: bearer tk_secret"), "{head}");
    assert_eq!(body["title"], "Notices of larder arrive");
    let told = fs::read_to_string(&out).unwrap();
    assert!(
        told.starts_with("{\"kind\":\"test\"") && told.ends_with("}test|Notices of larder arrive|none"),
        "{told}"
    );
    let mail = mails.recv_timeout(Duration::from_secs(10)).unwrap();
    assert!(mail.contains("Subject: larder: Notices of larder arrive"), "{mail}");
    assert!(mail.contains("To: you@example.com"), "{mail}");

    write(&here, &section(&bad.address));
    let ran = here.larder(&["notify", "--test", "--json"]).run().expect(1);
    let ways = ran.json()["ways"].as_array().unwrap().clone();
    let failed: Vec<_> = ways.iter().filter(|way| way["told"] == false).collect();
    assert_eq!((ways.len(), failed.len(), &failed[0]["way"]), (4, 1, &json!("ntfy")));
    assert!(failed[0]["why"].as_str().unwrap().contains("check the token"), "{failed:?}");
    assert!(!ran.stderr.contains("tk_secret") && !ran.stdout.contains("tk_secret"));
}

/// A mail server that takes one mail after the other. Its port, and the mails.
fn mail_server() -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, mails) = channel();
    std::thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            let mut lines = BufReader::new(connection.try_clone().unwrap()).lines();
            connection.write_all(b"220 here\r\n").unwrap();
            let (mut mail, mut reading) = (String::new(), false);
            while let Some(Ok(line)) = lines.next() {
                if reading && line == "." {
                    reading = false;
                    let _gone = tell.send(std::mem::take(&mut mail));
                } else if reading {
                    mail.push_str(&line);
                    mail.push('\n');
                    continue;
                }
                let answer = match line.split(' ').next().unwrap_or_default() {
                    "DATA" => {
                        reading = true;
                        "354 go on"
                    }
                    "QUIT" => "221 bye",
                    _ => "250 ok",
                };
                if connection.write_all(format!("{answer}\r\n").as_bytes()).is_err() {
                    break;
                }
            }
        }
    });
    (port, mails)
}

#[test]
fn nothing_secret_is_told() {
    let server = Listener::start("200 OK");
    let (apple_id, password) = ("canary-apple-id@example.com", "canary password 7f3a");
    let account = icloud_sim::Account {
        apple_id: apple_id.into(),
        password: password.into(),
        ..icloud_sim::Account::default()
    };
    let here = TestEnvironment::new(Config { account, ..Config::default() });
    write(&here, &format!("on = [\"sign-in\", \"failure\", \"summary\"]\nwebhook = \"{}\"", server.address));
    here.login();
    here.sync().expect(0);
    sign_out(&here);
    here.sync().expect(3);
    here.larder(&["sync", "--once"]).env("LARDER_PASSWORD", "wrong canary 91bd").run();
    fs::remove_dir_all(here.destination()).unwrap();
    here.login();
    here.sync().expect(6);
    let heard = server.heard();
    assert!(heard.len() >= 4, "{heard:?}");
    for (head, body) in heard {
        for secret in [apple_id, password, "wrong canary 91bd"] {
            assert!(!head.contains(secret) && !body.to_string().contains(secret), "{body}");
        }
    }
}

#[test]
fn a_run_in_which_nothing_is_wrong_tells_nothing_and_no_way_is_said_so() {
    let server = Listener::start("200 OK");
    let here = mirror(&format!("webhook = \"{}\"", server.address));
    here.larder(&["sync", "--once", "--dry-run"]).run().expect(0);
    here.sync().expect(0);
    assert_eq!(server.heard(), []);
    write(&here, "");
    let ran = here.larder(&["notify", "--test"]).run().expect(2);
    assert!(ran.stderr.contains("[notify]"), "{}", ran.stderr);
}
