//! Completions and manual pages, which come from the definition of the command line.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use clap::CommandFactory as _;
use icloud_sim::Config;
use larder::cli::Args;

use crate::environment::TestEnvironment;

/// The names of the pages of a command and of all below it.
fn pages(command: &clap::Command, name: &str) -> Vec<String> {
    let below = command.get_subcommands().filter(|below| below.get_name() != "help");
    let mut all: Vec<_> =
        below.flat_map(|below| pages(below, &format!("{name}-{}", below.get_name()))).collect();
    all.push(format!("{name}.1"));
    all
}

#[test]
fn every_command_has_a_manual_page() {
    let here = TestEnvironment::new(Config::default());
    let dir = here.path("man");
    fs::create_dir(&dir).unwrap();
    here.larder(&["man", "--dir", dir.to_str().unwrap()]).run().expect(0);
    let mut expected = pages(&Args::command(), "larder");
    let mut written: Vec<_> =
        fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    expected.sort();
    written.sort();
    assert_eq!(written, expected);
    for name in &written {
        let page = fs::read_to_string(dir.join(name)).unwrap();
        for part in [".TH ", ".SH NAME", ".SH SYNOPSIS"] {
            assert!(page.contains(part), "{name} has no `{part}`");
        }
        assert!(!page.contains(here.path("").to_str().unwrap()), "{name} tells of this machine");
    }
    let main = here.larder(&["man"]).run().expect(0).stdout;
    assert_eq!(main, fs::read_to_string(dir.join("larder.1")).unwrap());
    let sync = here.larder(&["man", "sync"]).run().expect(0).stdout;
    assert_eq!(sync, fs::read_to_string(dir.join("larder-sync.1")).unwrap());
    let ran = here.larder(&["man", "snyc"]).run().expect(2);
    assert!(ran.stderr.contains("`snyc`") && ran.stderr.contains("`sync`"), "{}", ran.stderr);
}

#[test]
fn completions_are_what_their_shell_can_read() {
    let here = TestEnvironment::new(Config::default());
    for (shell, check) in
        [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute"), ("elvish", ""), ("powershell", "")]
    {
        let script = here.larder(&["completions", shell]).run().expect(0).stdout;
        for command in Args::command().get_subcommands() {
            assert!(script.contains(command.get_name()), "{shell}: {}", command.get_name());
        }
        if check.is_empty() {
            continue;
        }
        let started = Command::new(shell).arg(check).stdin(Stdio::piped()).spawn();
        let Ok(mut child) = started else {
            eprintln!("skipped: {shell} is not here to read its completions");
            continue;
        };
        child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success(), "{shell} cannot read its completions");
    }
    here.larder(&["completions", "tcl"]).run().expect(2);
}
