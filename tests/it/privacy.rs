//! Secrets stay in the session file: not in what is printed or logged, not in the state, not in the mirror.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use icloud_sim::photos::{Mutation, NewPhoto, PhotoKind, SharedRole};
use icloud_sim::{Account, Config, Fault, LibrarySpec, Loss, Rule};

use crate::environment::{CODE, Invocation, Ran, TestEnvironment, bytes_below};

const APPLE_ID: &str = "canary-apple-id@example.com";
const PASSWORD: &str = "canary password 7f3a";
const WRONG: &str = "canary wrong password 91bd";

/// What signed addresses consist of, in parts long enough to be no accident in binary files.
const ADDRESS_PARTS: [&str; 3] = ["ckc=com.apple.photos", "&fl=&r=", "icloud-content.com/B/"];

/// Everything that larder let out, and everything that must not be in it.
struct Watch {
    here: TestEnvironment,
    secrets: BTreeSet<String>,
    told: Vec<(String, Ran)>,
    format: &'static str,
}

impl Watch {
    fn new(format: &'static str) -> Self {
        let account = Account { apple_id: APPLE_ID.into(), password: PASSWORD.into(), ..Account::default() };
        let library = LibrarySpec {
            assets: 40,
            albums: 4,
            shared_library: SharedRole::Participant,
            ..LibrarySpec::default()
        };
        let here = TestEnvironment::new(Config { account, library, ..Config::default() });
        let secrets = [APPLE_ID, PASSWORD, WRONG, CODE].map(str::to_owned);
        Self { here, secrets: secrets.into(), told: vec![], format }
    }

    /// Runs a command as talkative as can be, and learns the secrets that the session file has after it.
    fn run(&mut self, arguments: &[&str], with: impl FnOnce(Invocation) -> Invocation, code: i32) {
        let more = ["-vv", "--log-format", self.format];
        let all: Vec<&str> = arguments.iter().chain(&more).copied().collect();
        let ran = with(self.here.larder(&all).env("LARDER_LOG", "trace")).run().expect(code);
        self.told.push((arguments.join(" "), ran));
        self.learn();
    }

    fn learn(&mut self) {
        let Ok(bytes) = fs::read(self.here.state_dir().join("session.json")) else { return };
        let file: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let mut values = vec![&file["session"]];
        while let Some(value) = values.pop() {
            match value {
                serde_json::Value::Object(members) => {
                    let tokens = members.iter().filter(|(name, _)| name.contains("token") || *name == "scnt");
                    self.secrets.extend(tokens.filter_map(|(_, token)| token.as_str().map(str::to_owned)));
                    values.extend(members.values());
                }
                serde_json::Value::Array(items) => values.extend(items),
                _ => {}
            }
        }
        for cookie in file["cookies"].as_array().unwrap() {
            let cookie = cookie["raw_cookie"].as_str().unwrap().split(';').next().unwrap();
            let value = cookie.split_once('=').unwrap().1.trim_matches('"');
            // Short values such as a country are no secrets.
            self.secrets.extend((value.len() > 12).then(|| value.to_owned()));
        }
    }

    fn nothing_leaked(&self) {
        assert!(self.secrets.len() > 10, "{} secrets are watched", self.secrets.len());
        for (command, ran) in &self.told {
            for (stream, text) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
                for line in text.lines() {
                    for secret in self.secrets.iter().map(String::as_str).chain(ADDRESS_PARTS) {
                        assert!(!line.contains(secret), "`{secret}` in {stream} of {command}: {line}");
                    }
                    assert!(!line.contains("&s=") && !line.contains("&e="), "{stream} of {command}: {line}");
                }
            }
        }
        let mut files = 0;
        for (path, bytes) in bytes_below(&self.here.path("")) {
            // The file that the person wrote, and the one that is for secrets.
            if path == self.here.job_file() || path.ends_with("session.json") {
                continue;
            }
            files += 1;
            for secret in self.secrets.iter().map(String::as_str).chain(ADDRESS_PARTS) {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "`{secret}` in {}", path.display());
            }
        }
        assert!(files > 40, "{files} files");
    }
}

#[test]
fn no_secret_is_in_text_logs_or_files() {
    no_secret_leaves_the_session_file("text");
}

#[test]
fn no_secret_is_in_json_logs_or_files() {
    no_secret_leaves_the_session_file("json");
}

fn no_secret_leaves_the_session_file(format: &'static str) {
    let mut watch = Watch::new(format);
    let control = watch.here.control();
    let no_stdin = |invocation| invocation;
    watch.run(&["login"], |larder| larder.stdin(&format!("{WRONG}\n")), 3);
    watch.run(&["login"], |larder| larder.stdin(&format!("{PASSWORD}\n000000\n{CODE}\n")), 0);
    watch.run(&["sync", "--once"], no_stdin, 0);
    modes_are_strict(&watch.here);
    watch.run(&["ls", "--json"], no_stdin, 0);
    watch.run(&["status"], no_stdin, 0);
    for audit in [&["audit"][..], &["audit", "--deep"], &["audit", "--json"], &["audit", "--csv"]] {
        watch.run(audit, no_stdin, 0);
    }
    let gone = watch.here.inventory().zones[0].assets.iter().find(|asset| !asset.deleted).unwrap().clone();
    watch.here.change(Mutation::Delete { asset: gone.record_name });
    watch.run(&["sync", "--once", "--dry-run"], no_stdin, 0);
    watch.run(&["sync", "--once"], no_stdin, 0);
    watch.run(&["history"], no_stdin, 0);
    watch.run(&["history", "--json"], no_stdin, 0);
    watch.run(&["restore", "--since", "1h", "--dry-run"], no_stdin, 0);
    watch.run(&["restore", "--since", "1h", "--json"], no_stdin, 0);
    // A state that is damaged, rebuilt, and read.
    fs::write(watch.here.state_dir().join("state.redb"), "damaged").unwrap();
    watch.run(&["status"], no_stdin, 6);
    watch.run(&["sync", "--once"], no_stdin, 0);

    // Renewed in mid-run, with the password at hand.
    control.expire_sessions(Loss::Cookies);
    watch.run(&["sync", "--once", "--json"], |larder| larder.env("LARDER_PASSWORD", PASSWORD), 0);
    // Bodies that never come, whatever the host says.
    watch.here.add(NewPhoto { kind: PhotoKind::Live, ..NewPhoto::default() });
    control.add_fault(Rule::new("content", Fault::Html).nth(1, 3, None));
    control.add_fault(Rule::new("content", Fault::Gone).nth(2, 3, None));
    control.add_fault(Rule::new("content", Fault::Reset { after: None }));
    watch.run(&["sync", "--once", "--json"], no_stdin, 1);
    watch.run(&["status", "--json"], no_stdin, 0);
    control.clear_faults();
    let body = r#"{"uuid":"1","serverErrorCode":"BAD_REQUEST","reason":"no"}"#.to_owned();
    control.add_fault(Rule::new("ck.", Fault::Status { status: 400, headers: vec![], body }));
    watch.run(&["sync", "--once"], no_stdin, 5);
    control.clear_faults();
    // Nothing but a person helps.
    control.expire_sessions(Loss::Trust);
    watch.run(&["sync", "--once"], |larder| larder.env("LARDER_PASSWORD", WRONG), 3);
    watch.run(&["logout"], no_stdin, 0);
    watch.nothing_leaked();
}

fn modes_are_strict(here: &TestEnvironment) {
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&here.state_dir()), 0o700);
    let files =
        ["session.json", "state.redb", "lock", "notices.json"].map(|name| here.state_dir().join(name));
    for path in &files {
        assert_eq!(mode(path), 0o600, "{}", path.display());
    }
    assert_eq!(fs::read_dir(here.state_dir()).unwrap().count(), files.len());
    for own in [".larder", ".larder/incoming"] {
        assert_eq!(mode(&here.destination().join(own)), 0o700, "{own}");
    }
}

#[test]
fn files_that_are_open_to_others_are_closed_and_that_is_told() {
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 5, ..LibrarySpec::default() });
    here.sync().expect(0);
    let files = ["session.json", "state.redb", "lock"].map(|name| here.state_dir().join(name));
    for path in files.iter().chain([&here.state_dir()]) {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let ran = here.larder(&["sync", "--once", "--quiet"]).run().expect(0);
    for path in &files {
        assert!(ran.stderr.contains(&format!("Others could read `{}`", path.display())), "{}", ran.stderr);
    }
    assert!(ran.stderr.contains("larder logout"), "{}", ran.stderr);
    modes_are_strict(&here);
    assert_eq!(here.larder(&["sync", "--once", "--quiet"]).run().expect(0).stderr, "");
}

#[test]
fn a_session_file_that_cannot_be_read_is_not_quoted() {
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 5, ..LibrarySpec::default() });
    let path = here.state_dir().join("session.json");
    let whole = fs::read_to_string(&path).unwrap();
    for text in [
        "canary-7f3a".to_owned(),
        "{\"version\": \"canary-7f3a\"}".to_owned(),
        "{\"version\": 1, \"session\": [\"canary-7f3a\"]}".to_owned(),
        whole.replacen("\"version\": 1", "\"version\": 7, \"canary-7f3a\": 1", 1),
        whole.replacen(':', ": canary-7f3a", 3),
        whole[..whole.len() / 2].to_owned() + "canary-7f3a",
    ] {
        fs::write(&path, &text).unwrap();
        for command in [&["sync", "--once"][..], &["status"]] {
            let ran = here.larder(command).env("LARDER_LOG", "trace").run();
            assert!(ran.code.is_some_and(|code| code < 7), "{ran:?}");
            assert!(!format!("{ran:?}").contains("canary-7f3a"), "{ran:?}");
            assert!(!ran.stderr.contains("panicked"), "{ran:?}");
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_running_larder_has_no_children_no_secret_arguments_and_no_core_dump() {
    let account = Account { password: PASSWORD.into(), ..Account::default() };
    let library = LibrarySpec { assets: 60, ..LibrarySpec::default() };
    let here = TestEnvironment::new(Config { account, library, ..Config::default() });
    here.login();
    here.control().expire_sessions(Loss::Cookies);
    here.control().set_latency(std::time::Duration::from_millis(30));
    let mut run = here.larder(&["sync", "--once"]).env("LARDER_PASSWORD", PASSWORD).start();
    let proc = std::path::PathBuf::from(format!("/proc/{}", run.pid()));
    let mut looks = 0;
    while !run.has_ended() {
        // Gone in between, it tells nothing.
        let (Ok(arguments), Ok(limits)) =
            (fs::read_to_string(proc.join("cmdline")), fs::read_to_string(proc.join("limits")))
        else {
            continue;
        };
        if arguments.is_empty() {
            continue;
        }
        assert!(!arguments.contains(PASSWORD));
        if here.content_requests() > 0 {
            let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
            assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
            looks += 1;
        }
        for task in fs::read_dir(proc.join("task")).into_iter().flatten().flatten() {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            assert_eq!(children, "", "larder started another program, which inherits its environment");
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    run.wait().expect(0);
    assert!(looks > 3, "{looks} looks");
}
