//! `larder init`: from nothing to a job that runs.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use icloud_sim::{Config, LibrarySpec};

use crate::environment::{CODE, TestEnvironment};
use crate::oracle;
use crate::tree::Tree;

/// A person who has nothing yet.
fn nobody() -> TestEnvironment {
    let here = TestEnvironment::new(Config {
        library: LibrarySpec { assets: 5, ..LibrarySpec::default() },
        ..Config::default()
    });
    fs::remove_dir_all(here.path("config")).unwrap();
    here
}

#[test]
fn a_job_file_is_written_by_asking_and_runs() {
    let here = nobody();
    let (apple_id, password) =
        here.control().account(|account| (account.apple_id.clone(), account.password.clone()));
    let photos = here.destination().display().to_string();
    let drive = here.path("a \"new\" drive");
    let answers = [
        &apple_id,
        "everything",
        "both",
        &photos,
        drive.to_str().unwrap(),
        "25:00",
        "",
        "pigeon",
        "ntfy",
        "no address",
        "https://ntfy.example.com/my-larder",
        "yes",
        &password,
        CODE,
    ];
    let ran = here.larder(&["init"]).stdin(&(answers.join("\n") + "\n")).run().expect(0);
    let text = fs::read_to_string(here.job_file()).unwrap();
    assert_eq!(fs::metadata(here.job_file()).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(text.contains("at = \"03:00\"") && text.contains("desktop = false"), "{text}");
    assert!(text.contains("ntfy = \"https://ntfy.example.com/my-larder\""), "{text}");
    assert!(!text.contains(&password) && drive.is_dir());
    assert!(
        ran.stdout.contains("Would fetch") && ran.stderr.contains("larder service install"),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
    assert!(Tree::read(&here.destination()).files.is_empty(), "a plan only");
    here.sync().expect(0);
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));

    let before = text;
    let again = here.larder(&["init"]).stdin("you@example.com\n").run().expect(2);
    assert!(again.stderr.contains("was not touched"), "{}", again.stderr);
    assert_eq!(fs::read_to_string(here.job_file()).unwrap(), before);
}

#[test]
fn nothing_is_written_before_all_is_answered() {
    let here = nobody();
    let missing = here.path("not mounted");
    let missing = missing.to_str().unwrap();
    for (answers, told) in [
        ("", "Apple Account"),
        ("you@example.com\nphotos\n", "Directory for the photos"),
        (&format!("you@example.com\nphotos\n{missing}\n\n\n\n")[..], "is not there"),
        // The first may be made, the second not: neither is.
        (&format!("you@example.com\nboth\n{missing}\n{missing}2\n\n\nyes\nno\n")[..], "is not there"),
        ("you@example.com\nx\ny\nz\n", "`z` is no answer"),
    ] {
        let ran = here.larder(&["init", "--no-login"]).stdin(answers).run().expect(2);
        assert!(ran.stderr.contains(told), "{}", ran.stderr);
        assert!(!here.path("config").exists() && !std::path::Path::new(missing).exists(), "{answers}");
    }
    let photos = here.destination().display().to_string();
    here.larder(&["init", "--no-login"])
        .stdin(&format!("you@example.com\nphotos\n{photos}\n04:30\nwebhook\nhttps://hooks.example.com/x\n"))
        .run()
        .expect(0);
    let text = fs::read_to_string(here.job_file()).unwrap();
    assert!(
        text.contains("at = \"04:30\"") && text.contains("webhook = \"https://hooks.example.com/x\""),
        "{text}"
    );
}
