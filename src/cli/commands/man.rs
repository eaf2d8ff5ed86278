//! `larder man`: manual pages, made from the definition of the command line.

use std::path::Path;

use clap::{Command, CommandFactory as _};

use crate::cli::args::{Args, Man};
use crate::cli::{Console, Exit, Failure};

pub(super) fn man(console: &Console, args: &Man) -> Result<Exit, Failure> {
    let mut all = Args::command().disable_help_subcommand(true);
    all.build();
    if let Some(dir) = &args.dir {
        let count = write_all(&all, dir)?;
        console.tell(&format!("{count} pages are in `{}` now.", dir.display()));
        return Ok(Exit::Done);
    }
    let mut command = &all;
    for name in &args.command {
        command = command.find_subcommand(name).ok_or_else(|| {
            let known: Vec<_> =
                command.get_subcommands().map(|known| format!("`{}`", known.get_name())).collect();
            let more =
                if known.is_empty() { String::new() } else { format!("; there are {}", known.join(", ")) };
            Failure::new(Exit::Usage, format!("There is no command `{name}` to have a page{more}"))
        })?;
    }
    console.out(&String::from_utf8_lossy(&page(command)?.1));
    Ok(Exit::Done)
}

/// Writes the pages of a command and of all below it, and counts them.
fn write_all(command: &Command, dir: &Path) -> Result<usize, Failure> {
    let (name, page) = page(command)?;
    let path = dir.join(name);
    std::fs::write(&path, page)
        .map_err(|error| Failure::new(Exit::Disk, format!("Cannot write `{}`: {error}", path.display())))?;
    let mut count = 1;
    for below in command.get_subcommands() {
        count += write_all(below, dir)?;
    }
    Ok(count)
}

/// The name of a page's file, and the page.
fn page(command: &Command) -> Result<(String, Vec<u8>), Failure> {
    let page = clap_mangen::Man::new(command.clone()).manual("larder");
    let mut text = Vec::new();
    page.render(&mut text)
        .map_err(|error| Failure::new(Exit::Disk, format!("Cannot make the page: {error}")))?;
    Ok((page.get_filename(), text))
}
