//! Where a password comes from when nobody is there, and that a wrong one is sent once.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use icloud_sim::{Account, Config, Loss};

use crate::environment::{CODE, TestEnvironment, bytes_below};

pub(crate) const PASSWORD: &str = "canary password 7f3a";

/// A person whose session is worth nothing any more but whose computer is trusted, so that the password alone signs in.
pub(crate) fn lapsed(keys: &str) -> TestEnvironment {
    let account = Account { password: PASSWORD.into(), ..Account::default() };
    let here = TestEnvironment::new(Config { account, ..Config::default() });
    here.login();
    account_keys(&here, keys);
    here.control().expire_sessions(Loss::Tokens);
    here.control().reset_counters();
    here
}

pub(crate) fn account_keys(here: &TestEnvironment, keys: &str) {
    here.write_job("");
    let job = fs::read_to_string(here.job_file()).unwrap();
    fs::write(here.job_file(), job.replacen("[account]\n", &format!("[account]\n{keys}\n"), 1)).unwrap();
}

fn handshakes(here: &TestEnvironment) -> u64 {
    here.control().counters().requests("auth.complete")
}

#[test]
fn a_password_comes_from_a_file_a_program_or_the_service_manager() {
    let file = |here: &TestEnvironment| {
        let path = here.path("password");
        fs::write(&path, format!("{PASSWORD}\n")).unwrap();
        path
    };
    let here = lapsed("");
    here.sync().expect(3);
    let path = file(&here);
    for keys in [
        format!("password_file = {path:?}"),
        format!("password_command = [\"cat\", {path:?}]"),
        "password_credential = \"password\"".to_owned(),
    ] {
        let here = lapsed(&keys);
        let own = file(&here);
        account_keys(&here, &keys.replace(path.to_str().unwrap(), own.to_str().unwrap()));
        let ran = here
            .larder(&["sync", "--once", "-vv"])
            .env("LARDER_LOG", "trace")
            .env("CREDENTIALS_DIRECTORY", own.parent().unwrap())
            .run()
            .expect(0);
        assert!(!ran.stderr.contains(PASSWORD) && !ran.stdout.contains(PASSWORD), "{keys}");
        for (name, bytes) in bytes_below(&here.state_dir()) {
            let holds = bytes.windows(PASSWORD.len()).any(|part| part == PASSWORD.as_bytes());
            assert!(!holds, "{} holds the password", name.display());
        }
        if keys.starts_with("password_file") {
            assert_eq!(fs::metadata(&own).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}

#[test]
fn a_source_that_fails_is_told_and_two_are_refused() {
    let here = lapsed("password_command = [\"sh\", \"-c\", \"exit 4\"]");
    let ran = here.sync().expect(3);
    assert!(
        ran.stderr.contains("password_command") && ran.stderr.contains("exit status: 4"),
        "{}",
        ran.stderr
    );
    account_keys(&here, "password_file = \"/a\"\npassword_command = [\"b\"]");
    let ran = here.sync().expect(2);
    assert!(ran.stderr.contains("one source of the password too many"), "{}", ran.stderr);
}

#[test]
#[cfg(not(feature = "keyring"))]
fn without_the_keyring_in_it_larder_says_how_to_build_it_in() {
    let here = lapsed("password_keyring = \"larder\"");
    let ran = here.sync().expect(2);
    for part in ["Line 2, column 20", "`account.password_keyring`", "--features keyring"] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
}

#[test]
fn a_wrong_password_of_a_source_is_sent_once_also_by_a_login() {
    let here = lapsed("password_command = [\"echo\", \"wrong canary 91bd\"]");
    here.sync().expect(3);
    let once = handshakes(&here);
    assert_eq!(once, 1);
    here.sync().expect(3);
    assert_eq!(handshakes(&here), once);
    // A person who signs in is asked, and what the source has is not tried again.
    let ran = here.larder(&["login"]).stdin(&format!("{PASSWORD}\n{CODE}\n")).run().expect(0);
    assert!(ran.stderr.contains("not sent again"), "{}", ran.stderr);
    assert_eq!(handshakes(&here), once + 1);
    here.sync().expect(0);
}
