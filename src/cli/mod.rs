//! The command line: the only code that prints or prompts.
//!
//! `args` is what was typed; each command has a file of its own in `commands`; `failure` turns any error into a
//! message, a hint and an exit code.

mod args;
mod commands;
mod console;
mod exit_code;
mod failure;
mod job;
mod logging;
mod mirror_path;
mod moment;
mod page;
mod panics;
mod progress;
mod prompt;
mod service;
mod telling;
mod unlocking;

use std::process::ExitCode;

use clap::Parser as _;

pub use args::Args;
pub use console::Console;
pub use exit_code::Exit;
pub use failure::Failure;

/// Memory holds tokens, and at times a password: should the process crash, the system is to write none of it to a disk.
fn no_core_dumps() {
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    // Where this cannot be had, a crash is as it always was.
    let _refused = rustix::process::setrlimit(rustix::process::Resource::Core, none);
}

/// Runs the program and tells the shell how it went.
#[must_use]
pub fn run() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help and version come this way too. A closed pipe is no reason to fail.
            let _closed = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() };
        }
    };
    no_core_dumps();
    let console = Console::new(&args.global);
    logging::start(&args.global, &console);
    match panics::caught(|| commands::run(&args, &console)) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            console.failure(&failure);
            failure.exit.into()
        }
    }
}
