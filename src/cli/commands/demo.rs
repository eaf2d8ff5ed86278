//! `larder demo`: a simulated iCloud in this process, signed in to, mirrored, changed, mirrored again.

mod library;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use icloud_sim::{Account, Config, Control, Simulator};
use secrecy::SecretString;

use crate::cli::args::{Demo, Global};
use crate::cli::commands::sync::{Audience, Signals, once};
use crate::cli::job::{Loaded, prepare};
use crate::cli::{Console, Exit, Failure};
use crate::clock::SystemClock;
use crate::config::Job;
use crate::icloud::session::{self, CodePrompt, CodeReply, LoginOptions, Notice, Person, Phone, PhoneId};
use crate::sync::run::Options;

/// Left in the folder, so that a second demonstration knows its own.
const MARK: &str = "made-by-larder-demo.txt";

/// How far away the simulated iCloud is.
const LATENCY: Duration = Duration::from_millis(60);

pub(super) async fn demo(global: &Global, console: &Console, args: &Demo) -> Result<Exit, Failure> {
    let dir = prepare_folder(&args.dir)?;
    let simulator = Simulator::start(Config {
        library: library::spec(args.assets),
        latency: LATENCY,
        ..Config::default()
    })
    .await
    .map_err(|error| Failure::new(Exit::Service, format!("Cannot start the simulated iCloud: {error}")))?;
    let control = simulator.control();
    let account = control.account(|account| account.clone());
    let job_file = write_job(&dir, &account)?;
    if args.serve {
        serve(console, &simulator, &account, &job_file).await;
        return Ok(Exit::Done);
    }
    let loaded = prepare(Job::load(&job_file)?, Some(&simulator.url()))?;
    let story = Story { console, control: &control, loaded: &loaded };
    story.begin(&simulator.url(), args.assets);
    story.sign_in(&account).await?;
    story.heading("First run: everything is new");
    let first = story.sync().await?;
    if first.is_stop() {
        return Ok(first);
    }
    story.heading("Meanwhile, on a phone");
    for line in library::change(&control)? {
        console.tell(&format!("  {line}"));
    }
    story.heading("Second run: only what changed");
    let second = story.sync().await?;
    if second.is_stop() {
        return Ok(second);
    }
    story.heading("Third run: nothing changed");
    let third = story.sync().await?;
    if third.is_stop() {
        return Ok(third);
    }
    story.end(&dir, global);
    Ok([first, second, third].into_iter().find(|exit| *exit != Exit::Done).unwrap_or(Exit::Done))
}

/// Makes an empty folder for the demonstration, in place of an earlier one's. Any other folder is left alone.
fn prepare_folder(dir: &Path) -> Result<PathBuf, Failure> {
    let disk = |error: std::io::Error| Failure::new(Exit::Disk, format!("`{}`: {error}", dir.display()));
    let own = dir.join(MARK).exists();
    let used = match std::fs::read_dir(dir) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        Err(error) => return Err(disk(error)),
    };
    if used && !own {
        let message = format!("`{}` is not empty and not an earlier demonstration", dir.display());
        let hint = Some("name another folder: `larder demo DIR`".to_owned());
        return Err(Failure { exit: Exit::Disk, message, hint });
    }
    if own {
        std::fs::remove_dir_all(dir).map_err(disk)?;
    }
    std::fs::create_dir_all(dir.join("Photos")).map_err(disk)?;
    let note = "`larder demo` made this folder and may remove it.\n";
    std::fs::write(dir.join(MARK), note).map_err(disk)?;
    std::path::absolute(dir).map_err(disk)
}

/// Writes the job file that a person would write.
fn write_job(dir: &Path, account: &Account) -> Result<PathBuf, Failure> {
    let path = dir.join("larder.toml");
    let text = format!(
        "# A job file as you would write it for your own account.\nstate_dir = \"state\"\n\n[account]\n\
         apple_id = \"{}\"\n\n[photos]\ndestination = \"Photos\"\n",
        account.apple_id
    );
    std::fs::write(&path, text)
        .map_err(|error| Failure::new(Exit::Disk, format!("`{}`: {error}", path.display())))?;
    Ok(path)
}

/// How this program was called, so that the commands shown can be typed.
fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "larder".to_owned())
}

/// Keeps the simulated iCloud running until interrupted.
async fn serve(console: &Console, simulator: &Simulator, account: &Account, job_file: &Path) {
    let (url, job, larder) = (simulator.url(), job_file.display(), program());
    console.out(&format!(
        "A simulated iCloud runs at {url} until you press Ctrl-C.\n\n\
         In another terminal, sign in (password `{}`; the code is at {url}/control/codes):\n\n  \
         LARDER_ENDPOINT={url} {larder} --config '{job}' login\n\n\
         and mirror it:\n\n  \
         LARDER_ENDPOINT={url} {larder} --config '{job}' sync --once\n\n",
        account.password
    ));
    if tokio::signal::ctrl_c().await.is_err() {
        console.tell("Cannot wait for Ctrl-C; stopping.");
    }
}

/// Tells the story as it goes.
struct Story<'a> {
    console: &'a Console,
    control: &'a Control,
    loaded: &'a Loaded,
}

impl Story<'_> {
    fn begin(&self, url: &str, assets: u32) {
        let name = self.console.paint("larder", "1;36");
        self.console.tell(&format!("{name} on a simulated iCloud with {assets} photos and videos ({url})."));
        self.console.tell("Nothing leaves this machine.");
    }

    fn heading(&self, text: &str) {
        self.console.tell(&format!("\n{}", self.console.paint(text, "1;36")));
    }

    async fn sign_in(&self, account: &Account) -> Result<(), Failure> {
        self.heading("Signing in");
        let _lock = self.loaded.lock(self.console)?;
        let Loaded { http, store, account: own, .. } = self.loaded;
        let mut actor = Actor { console: self.console, control: self.control, account };
        let options = LoginOptions::default();
        session::login(http, store, own, &SystemClock, &mut actor, options).await?;
        self.console.tell(&format!("  {} trusted from now on", self.console.paint("✓", "1;32")));
        Ok(())
    }

    async fn sync(&self) -> Result<Exit, Failure> {
        let audience = Audience { watches: true, ..Audience::default() };
        once(self.loaded, self.console, Options::default(), &Signals::listen(), &audience).await
    }

    fn end(&self, dir: &Path, global: &Global) {
        if global.quiet {
            return;
        }
        let job = dir.join("larder.toml");
        let (photos, job) = (dir.join("Photos"), job.display().to_string());
        self.heading("Look around");
        self.console.tell(&format!("  {}", photos.display()));
        for command in ["status", "ls", "history"] {
            self.console.tell(&format!("  {} --config '{job}' {command}", program()));
        }
    }
}

/// Plays the person: types the password, reads the code from the simulated phone.
struct Actor<'a> {
    console: &'a Console,
    control: &'a Control,
    account: &'a Account,
}

impl Person for Actor<'_> {
    async fn password(&mut self) -> Option<SecretString> {
        self.console.tell("  Password: ********************");
        Some(SecretString::from(self.account.password.clone()))
    }

    async fn code(&mut self, _: &CodePrompt) -> CodeReply {
        let Some(code) = self.control.codes().device else { return CodeReply::GiveUp };
        self.console
            .tell(&format!("  The phone shows {}; it is typed in here", self.console.paint(&code, "1;33")));
        CodeReply::Code(code)
    }

    async fn choose_phone(&mut self, phones: &[Phone]) -> Option<PhoneId> {
        phones.first().map(|phone| phone.id.clone())
    }

    fn tell(&mut self, notice: &Notice) {
        tracing::debug!(?notice, "sign-in of the demonstration");
    }
}
