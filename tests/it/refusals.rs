//! What larder refuses to do, how it says so, and with which exit code.

use std::fs;
use std::time::Instant;

use icloud_sim::{Config, LibrarySpec};

use crate::environment::{Ran, TestEnvironment, bytes_below};
use crate::oracle;
use crate::tree::Tree;

fn small() -> LibrarySpec {
    LibrarySpec { assets: 20, ..LibrarySpec::default() }
}

/// Requests of any kind.
fn requests(here: &TestEnvironment) -> u64 {
    here.control().counters().requests_to("")
}

#[track_caller]
fn says(ran: &Ran, words: &[&str]) {
    for word in words {
        assert!(ran.stderr.contains(word), "no `{word}` in:\n{}", ran.stderr);
    }
    assert!(ran.stderr.lines().any(|line| line.starts_with("error: ")), "{}", ran.stderr);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
}

#[test]
fn a_job_file_that_cannot_be_meant_is_refused_with_line_and_key() {
    let here = TestEnvironment::new(Config::default());
    let account = "[account]\napple_id = \"you@example.com\"\n";
    let photos = "[photos]\ndestination = \"../../mirror\"\n";
    for (text, words) in [
        (format!("{account}{photos}layuot = \"x\"\n"), vec!["Line 5", "photos.layuot", "`photos.layout`"]),
        (format!("stat_dir = \"x\"\n{account}{photos}"), vec!["Line 1", "`stat_dir`", "`state_dir`"]),
        (format!("{account}{photos}[netwrok]\nconnections = 3\n"), vec!["Line 5", "`netwrok`", "`network`"]),
        (format!("{account}{photos}hidden = \"yes\"\n"), vec!["Line 5", "photos.hidden", "true or false"]),
        (format!("{account}{photos}names = \"window\"\n"), vec!["Line 5", "photos.names", "\"windows\""]),
        (format!("{account}{photos}layout = \"{{creatd}}/{{name}}\"\n"), vec!["Line 5", "photos.layout"]),
        (format!("{account}{photos}[network]\nconnections = 0\n"), vec!["Line 6", "network.connections"]),
        (format!("{account}{photos}libraries = []\n"), vec!["Line 5", "photos.libraries"]),
        (format!("{account}[photos\n"), vec!["Line 3", "not TOML"]),
        (format!("{account}{photos}{photos}"), vec!["Line 5"]),
        (account.to_owned(), vec!["photos.destination"]),
        (photos.to_owned(), vec!["account.apple_id"]),
        (format!("[account]\napple_id = \"\"\n{photos}"), vec!["Line 2", "account.apple_id"]),
        (format!("state_dir = \"../../mirror/state\"\n{account}{photos}"), vec!["lie in each other"]),
    ] {
        fs::write(here.job_file(), &text).unwrap();
        for command in [&["sync", "--once"][..], &["login"], &["status"], &["ls"]] {
            says(&here.larder(command).run().expect(2), &words);
        }
    }
    fs::remove_file(here.job_file()).unwrap();
    says(&here.sync().expect(2), &["no job file", "config.toml"]);
    assert_eq!(requests(&here), 0);
    assert!(!here.state_dir().exists(), "nothing was started");
}

#[test]
fn arguments_that_nobody_knows_are_refused() {
    let here = TestEnvironment::new(Config::default());
    for arguments in
        [&["snyc"][..], &["sync", "--onec"], &["sync", "--dry-run"], &["sync", "--once", "--now"], &[]]
    {
        here.larder(arguments).run().expect(2);
    }
    assert_eq!(requests(&here), 0);
}

#[test]
fn a_destination_that_is_missing_is_named_and_never_created() {
    let here = TestEnvironment::signed_in(small());
    fs::remove_dir(here.destination()).unwrap();
    says(&here.sync().expect(6), &["does not exist", here.destination().to_str().unwrap()]);
    assert!(!here.destination().exists());
    assert_eq!(requests(&here), 0);
    fs::write(here.destination(), "a file").unwrap();
    says(&here.sync().expect(6), &["not a directory", here.destination().to_str().unwrap()]);
}

#[test]
fn a_destination_that_cannot_be_written_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let here = TestEnvironment::signed_in(small());
    fs::set_permissions(here.destination(), fs::Permissions::from_mode(0o500)).unwrap();
    if fs::write(here.destination().join("probe"), "").is_ok() {
        println!("skipped: this user may write everywhere");
        return;
    }
    says(&here.sync().expect(6), &["may not"]);
    assert_eq!(here.content_requests(), 0);
}

#[test]
fn a_mirror_that_is_suddenly_empty_is_refused_until_that_is_meant() {
    let here = TestEnvironment::signed_in(small());
    here.sync().expect(0);
    fs::remove_dir_all(here.destination()).unwrap();
    fs::create_dir(here.destination()).unwrap();
    here.control().reset_counters();
    says(&here.sync().expect(6), &["not the disk that larder knows", "--accept-destination"]);
    says(&here.larder(&["sync", "--once", "--dry-run"]).run().expect(6), &["--accept-destination"]);
    assert_eq!((requests(&here), fs::read_dir(here.destination()).unwrap().count()), (0, 0));

    let photos = oracle::mirror_of(&here.inventory());
    let arguments = ["sync", "--once", "--json", "--accept-destination", "--dry-run"];
    assert_eq!(here.larder(&arguments).run().expect(0).number("to_fetch"), oracle::count(&photos));
    here.larder(&arguments[..4]).run().expect(0);
    Tree::read(&here.destination()).must_hold(&photos);
    here.sync().expect(0);
}

#[test]
fn another_mirror_in_its_place_is_refused_until_that_is_meant() {
    let here = TestEnvironment::signed_in(small());
    here.sync().expect(0);
    let marker = here.destination().join(".larder/mirror.toml");
    fs::write(&marker, "id = \"00000000-0000-4000-8000-000000000001\"\n").unwrap();
    let before = bytes_below(&here.destination());
    says(&here.sync().expect(6), &["not the disk that larder knows", "00000000-0000-4000-8000-000000000001"]);
    assert_eq!(bytes_below(&here.destination()), before);

    here.control().reset_counters();
    here.larder(&["sync", "--once", "--accept-destination"]).run().expect(0);
    assert_eq!(here.content_requests(), 0, "everything lies there already");
    here.sync().expect(0);
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
}

#[test]
fn a_job_that_another_larder_holds_is_left_alone() {
    let here = TestEnvironment::signed_in(small());
    let lock = fs::File::open(here.state_dir().join("lock")).unwrap();
    lock.lock().unwrap();
    says(&here.sync().expect(4), &["Another larder"]);
    says(&here.larder(&["login"]).run().expect(4), &["Another larder"]);
    assert_eq!(requests(&here), 0);
    drop(lock);
    here.sync().expect(0);
}

#[test]
fn without_a_session_nobody_is_disturbed() {
    let here = TestEnvironment::new(Config { library: small(), ..Config::default() });
    says(&here.sync().expect(3), &["larder login"]);
    says(&here.sync().expect(3), &["larder login"]);
    assert_eq!(requests(&here), 0);
}

#[test]
fn a_wrong_password_is_tried_once() {
    let here = TestEnvironment::new(Config { library: small(), ..Config::default() });
    for _ in 0..2 {
        let ran = here.larder(&["sync", "--once"]).env("LARDER_PASSWORD", "wrong").run().expect(3);
        says(&ran, &["larder login"]);
    }
    let counters = here.control().counters();
    assert_eq!((counters.requests("auth.complete"), counters.requests("auth.push")), (1, 0));
}

#[test]
fn icloud_out_of_reach_is_told_soon() {
    let here = TestEnvironment::signed_in(small());
    let start = Instant::now();
    // Nobody listens on the port of a listener that is gone.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let endpoint = format!("http://127.0.0.1:{port}");
    let ran = here.larder(&["sync", "--once"]).env("LARDER_ENDPOINT", endpoint).run().expect(5);
    says(&ran, &["Cannot connect", "check the network"]);
    assert!(start.elapsed().as_secs() < 60);
    assert_eq!(requests(&here), 0);
}

#[test]
fn the_state_of_another_account_is_left_alone() {
    let here = TestEnvironment::signed_in(small());
    here.sync().expect(0);
    here.control().account(|account| account.apple_id = "me@example.com".to_owned());
    here.write_job("");
    let before = bytes_below(&here.destination());
    here.control().reset_counters();
    says(&here.sync().expect(2), &["another Apple ID", "state_dir"]);
    assert_eq!(requests(&here), 0);
    assert_eq!(bytes_below(&here.destination()), before);
}
