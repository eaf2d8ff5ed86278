//! `larder completions`: what a shell needs to complete larder's commands and options.

use clap::CommandFactory as _;

use crate::cli::args::{Args, Completions};
use crate::cli::{Console, Exit};

pub(super) fn completions(console: &Console, args: &Completions) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "larder", &mut script);
    console.out(&String::from_utf8_lossy(&script));
    Exit::Done
}
