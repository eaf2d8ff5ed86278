//! What README, notes and checks say, held against what is there.

use std::fs;
use std::path::Path;

use clap::Parser as _;
use larder::cli::{Args, Exit};

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

#[test]
fn the_checks_run_exactly_the_test_command_of_the_readme() {
    let checks = read(".ci/run");
    let command = checks.trim_end().lines().last().unwrap();
    assert!(command.starts_with("cargo fmt"), "{command}");
    let told = read("README.md").lines().filter(|line| line.trim() == command).count();
    assert_eq!(told, 1, "README.md must have this line once: {command}");
}

#[test]
fn every_command_that_the_readme_names_exists() {
    let readme = read("README.md");
    let mut commands = 0;
    for line in readme.lines().filter(|line| line.starts_with("    ")) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some(at) = words.iter().position(|word| *word == "larder" || word.ends_with("/larder")) else {
            continue;
        };
        let command = words[at..].split(|word| matches!(*word, "||" | "|" | ">")).next().unwrap();
        let parsed = Args::try_parse_from(command);
        assert!(parsed.is_ok(), "{line}\n{}", parsed.unwrap_err());
        commands += 1;
    }
    for span in readme.split('`').skip(1).step_by(2).filter(|span| span.starts_with("larder ")) {
        let command = span.replace('"', "").replace("Travel/Japan", "x");
        let parsed = Args::try_parse_from(command.split_whitespace());
        assert!(parsed.is_ok(), "`{span}`\n{}", parsed.unwrap_err());
        commands += 1;
    }
    assert!(commands > 5, "the commands were not found");
}

#[test]
fn the_readme_tells_every_exit_code() {
    let all = [
        Exit::Done,
        Exit::SomeFailed,
        Exit::Usage,
        Exit::SignIn,
        Exit::Locked,
        Exit::Service,
        Exit::Disk,
        Exit::Interrupted,
        Exit::Terminated,
    ];
    let readme = read("README.md");
    let table = readme.split("### Exit codes").nth(1).unwrap().split("##").next().unwrap();
    let told: Vec<u8> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| "))
        .flat_map(|row| row.split('|').next().unwrap().split(','))
        .filter_map(|code| code.trim().parse().ok())
        .collect();
    assert_eq!(told, all.map(Exit::code));
}

#[test]
fn every_link_to_a_file_leads_somewhere() {
    let mut links = 0;
    for paper in ["README.md", "CHANGELOG.md", "contrib/doc/protocol.md", "contrib/doc/state.md"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(paper);
        let text = read(paper);
        for target in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            if !target.starts_with("http") {
                assert!(folder.parent().unwrap().join(target).exists(), "{paper}: {target}");
                links += 1;
            }
        }
    }
    assert!(links > 3, "the links were not found");
}
