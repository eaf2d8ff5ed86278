//! Accounts that Apple keeps in mainland China.

use std::fs;

use icloud_sim::{Account, Config, LibrarySpec, Region};

use crate::environment::{CODE, TestEnvironment};
use crate::oracle;
use crate::tree::Tree;

fn account_in_china() -> TestEnvironment {
    let account = Account { region: Region::China, ..Account::default() };
    let library = LibrarySpec { assets: 5, ..LibrarySpec::default() };
    TestEnvironment::new(Config { account, library, ..Config::default() })
}

fn typed(here: &TestEnvironment, times: usize) -> String {
    let password = here.control().account(|account| account.password.clone());
    format!("{password}\n{CODE}\n").repeat(times)
}

#[test]
fn a_login_follows_apple_to_the_region_of_the_account_and_runs_stay_there() {
    let here = account_in_china();
    let ran = here.larder(&["login"]).stdin(&typed(&here, 2)).run().expect(0);
    assert!(ran.stderr.contains("another region"), "{}", ran.stderr);
    here.sync().expect(0);
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
    // The next sign-in is there at once, where this computer is trusted.
    here.control().reset_counters();
    here.larder(&["login"]).stdin(&typed(&here, 1)).run().expect(0);
    let counters = here.control().counters();
    assert_eq!((counters.requests("auth.complete"), counters.requests("auth.push")), (1, 0));
}

#[test]
fn the_job_file_may_say_where_an_account_is() {
    let here = account_in_china();
    let job = fs::read_to_string(here.job_file()).unwrap();
    let with = |region: &str| {
        let text = job.replacen("[account]\n", &format!("[account]\nregion = {region:?}\n"), 1);
        fs::write(here.job_file(), text).unwrap();
    };
    with("global");
    let ran = here.larder(&["login"]).stdin(&typed(&here, 1)).run().expect(2);
    assert!(ran.stderr.contains("iCloud.com.cn") && ran.stderr.contains("auto"), "{}", ran.stderr);
    with("mars");
    assert!(here.sync().expect(2).stderr.contains("global"));
    with("china");
    here.larder(&["login"]).stdin(&typed(&here, 1)).run().expect(0);
    here.sync().expect(0);
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
}
