//! One file per command.

mod audit;
mod completions;
mod daemon;
#[cfg(feature = "demo")]
mod demo;
mod doctor;
mod have;
mod history;
mod init;
mod login;
mod logout;
mod ls;
mod ls_drive;
mod man;
mod notify;
mod restore;
mod service;
mod status;
mod sync;
mod verify;

use super::args::{Args, Command};
use super::{Console, Exit, Failure};

/// Carries out what was typed.
pub(super) fn run(args: &Args, console: &Console) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Disk, format!("Cannot start: {error}")))?;
    let global = &args.global;
    let result = runtime.block_on(async {
        match &args.command {
            Command::Init(options) => init::init(global, console, options).await,
            Command::Login(login) => login::login(global, console, login).await,
            Command::Logout => logout::logout(global, console).await,
            Command::Sync(sync) if sync.now => daemon::now(global, console),
            Command::Sync(sync) if !sync.once => daemon::daemon(global, console, sync).await,
            Command::Sync(sync) => sync::sync(global, console, sync).await,
            Command::Audit(audit) => audit::audit(global, console, audit).await,
            Command::Verify(verify) => verify::verify(global, console, verify).await,
            Command::Have(have) => have::have(global, console, have).await,
            Command::Status(of) => status::status(global, console, of),
            Command::Ls(ls) => ls::ls(global, console, ls),
            Command::History(of) => history::history(global, console, of),
            Command::Restore(restore) => restore::restore(global, console, restore),
            Command::Doctor => doctor::doctor(global, console).await,
            Command::Service(what) => service::service(global, console, what),
            Command::Notify(_) => notify::notify(global, console).await,
            Command::Completions(of) => Ok(completions::completions(console, of)),
            Command::Man(man) => man::man(console, man),
            #[cfg(feature = "demo")]
            Command::Demo(demo) => demo::demo(global, console, demo).await,
        }
    });
    // A prompt may still sit on a blocking thread, waiting for a line that will not come.
    runtime.shutdown_background();
    result
}
