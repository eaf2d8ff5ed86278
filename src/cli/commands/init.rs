//! `larder init`: writes a job file by asking, signs in, and shows what the first run would do.

use std::fmt::Write as _;
use std::path::Path;

use super::{login, sync};
use crate::cli::args::{Global, Init, Login, Sync};
use crate::cli::job::job_file;
use crate::cli::prompt::Prompt;
use crate::cli::{Console, Exit, Failure};
use crate::config::{Job, paths::Places};
use crate::model::Part;
use crate::secret::{Passwords, write_private};

/// How often a question is asked before larder gives up.
const TRIES: usize = 3;

/// What is left to do.
const NEXT: &str = "`larder sync --once` mirrors, `larder service install` has it done every night, `larder doctor` says whether \
                    all is in order";

pub(super) async fn init(global: &Global, console: &Console, options: &Init) -> Result<Exit, Failure> {
    let file = job_file(global)?;
    if file.exists() {
        let message = format!("There is a job file already, `{}`, and it was not touched", file.display());
        let hint = "change it by hand, or name another with `--config`".to_owned();
        return Err(Failure { hint: Some(hint), ..Failure::new(Exit::Usage, message) });
    }
    let person = Prompt::new(console, Passwords::none(), None);
    let asker = Asker { console, person: &person, file: &file };
    let mut text = String::from(
        "# Written by `larder init`. Every key, with what it means, is in larder's config.example.toml.\n\n",
    );
    asker.account(&mut text).await?;
    asker.parts(&mut text).await?;
    asker.schedule(&mut text).await?;
    asker.notices(&mut text).await?;
    let job = Job::parse(&text, &file, &Places::from_env()?)?;
    let mut missing = Vec::new();
    for part in job.parts() {
        let destination = job.destination(part);
        if !destination.is_dir() {
            asker.may_make(destination).await?;
            missing.push(destination);
        }
    }
    // All is answered: from here on it is done.
    for dir in missing.into_iter().chain(file.parent()) {
        std::fs::create_dir_all(dir).map_err(|error| cannot("create", dir, &error))?;
    }
    write_private(&file, text.as_bytes())
        .map_err(|error| Failure::new(Exit::Disk, format!("Cannot write the job file: {error}")))?;
    console.tell(&format!("Written: {}", file.display()));
    if options.no_login {
        console.tell(&format!(
            "Next: `larder login`, `larder sync --once --dry-run` to see what a run would do; {NEXT}"
        ));
        return Ok(Exit::Done);
    }
    login::login(global, console, &Login { sms: false, request_code: false, code: None }).await?;
    console.tell("What the first run would do (nothing is touched now):");
    let plan = Sync {
        once: true,
        now: false,
        dry_run: true,
        confirm_removals: 0,
        accept_destination: false,
        only: None,
    };
    let exit = sync::sync(global, console, &plan).await?;
    console.tell(&format!("Next: {NEXT}"));
    Ok(exit)
}

/// Asks, in the order of the job file.
struct Asker<'a> {
    console: &'a Console,
    person: &'a Prompt,
    file: &'a Path,
}

impl Asker<'_> {
    async fn account(&self, text: &mut String) -> Result<(), Failure> {
        let valid = |answer: &str| (!answer.is_empty()).then(|| answer.to_owned());
        let apple_id = self.ask("Apple Account (e-mail address or phone number):", "", valid).await?;
        let _ok =
            writeln!(text, "[account]\napple_id = {}\n# The password is kept nowhere.\n", quoted(&apple_id));
        Ok(())
    }

    async fn parts(&self, text: &mut String) -> Result<(), Failure> {
        let valid = |answer: &str| match answer.to_lowercase().as_str() {
            "photos" => Some(vec![Part::Photos]),
            "drive" => Some(vec![Part::Drive]),
            "both" => Some(vec![Part::Photos, Part::Drive]),
            _ => None,
        };
        for part in self.ask("What is to be kept: `photos`, `drive` or `both`?", "both", valid).await? {
            let (what, usual) = match part {
                Part::Photos => ("the photos", "~/iCloud/Photos"),
                Part::Drive => ("the files of iCloud Drive", "~/iCloud/Drive"),
            };
            let fits = |answer: &str| {
                let section = format!("[{}]\ndestination = {}", part.as_str(), quoted(answer));
                self.reads(&section).then(|| answer.to_owned())
            };
            let path = self.ask(&format!("Directory for {what}:"), usual, fits).await?;
            let _ok = writeln!(text, "[{}]\ndestination = {}\n", part.as_str(), quoted(&path));
        }
        Ok(())
    }

    async fn schedule(&self, text: &mut String) -> Result<(), Failure> {
        let fits = |answer: &str| {
            let section = format!("[drive]\ndestination = \"/d\"\n[schedule]\nat = {}", quoted(answer));
            self.reads(&section).then(|| answer.to_owned())
        };
        let at = self.ask("When is `larder sync` to run every day?", "03:00", fits).await?;
        let _ok = writeln!(text, "[schedule]\nat = {}\n", quoted(&at));
        Ok(())
    }

    async fn notices(&self, text: &mut String) -> Result<(), Failure> {
        let way =
            |answer: &str| ["desktop", "ntfy", "webhook", "nothing"].into_iter().find(|way| *way == answer);
        let question = "How to tell you that Apple wants a new sign-in: on the `desktop`, by `ntfy`, by a `webhook`, or `nothing`?";
        let way = self.ask(question, "desktop", way).await?;
        let _ok = writeln!(text, "[notify]\ndesktop = {}", way == "desktop");
        if ["ntfy", "webhook"].contains(&way) {
            let fits = |answer: &str| {
                let section = format!("[drive]\ndestination = \"/d\"\n[notify]\n{way} = {}", quoted(answer));
                (!answer.is_empty() && self.reads(&section)).then(|| answer.to_owned())
            };
            let address = self.ask("Its address (https://...):", "", fits).await?;
            let _ok = writeln!(text, "{way} = {}", quoted(&address));
        }
        Ok(())
    }

    /// Whether the reader of job files takes these sections.
    fn reads(&self, sections: &str) -> bool {
        let text = format!("[account]\napple_id = \"a\"\n{sections}");
        Places::from_env().is_ok_and(|places| Job::parse(&text, self.file, &places).is_ok())
    }

    /// A destination must be there, and is made only where the person says so: an empty mount point looks like a new directory.
    async fn may_make(&self, path: &Path) -> Result<(), Failure> {
        let valid = |answer: &str| match answer.to_lowercase().as_str() {
            "yes" | "y" => Some(true),
            "no" | "n" => Some(false),
            _ => None,
        };
        let question =
            format!("`{}` is not there (is its disk mounted?). Make it, `yes` or `no`?", path.display());
        if self.ask(&question, "no", valid).await? {
            return Ok(());
        }
        let message = format!("`{}` is not there; nothing was written", path.display());
        let hint = "mount its disk or make the directory, and run `larder init` again".to_owned();
        Err(Failure { hint: Some(hint), ..Failure::new(Exit::Usage, message) })
    }

    /// Asks until the answer is a valid one; an empty answer is the usual one.
    async fn ask<T>(
        &self,
        question: &str,
        usual: &str,
        valid: impl Fn(&str) -> Option<T>,
    ) -> Result<T, Failure> {
        let shown = if usual.is_empty() { question.to_owned() } else { format!("{question} [{usual}]") };
        for _ in 0..TRIES {
            let Some(answer) = self.person.line(&shown).await else { break };
            let answer = if answer.is_empty() { usual } else { &answer };
            if let Some(valid) = valid(answer) {
                return Ok(valid);
            }
            self.console.warning(&format!("`{answer}` is no answer to: {question}"));
        }
        Err(Failure::new(Exit::Usage, format!("No answer to: {question} Nothing was written")))
    }
}

/// A text as TOML.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Exit::Disk, format!("Cannot {what} `{}`: {error}", path.display()))
}
