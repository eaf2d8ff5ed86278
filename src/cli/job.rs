//! From the job file to what commands work with.

use std::path::PathBuf;
use std::sync::Arc;

use secrecy::ExposeSecret as _;

use super::args::Global;
use super::{Console, Exit, Failure};
use crate::config::env_vars::LARDER_ENDPOINT;
use crate::config::{self, AccountRegion, Job, PasswordSource, paths::Places};
use crate::http::{self, Settings};
use crate::icloud::session::{Account, Endpoints, Region, Remembered, Service, Store, USER_AGENT};
use crate::model::Part;
use crate::secret::{Passwords, make_private};
use crate::state::{JobLock, Reader, State, StateError, put_aside};
use crate::tree::Root;

/// A job, loaded, with the pieces that its commands share.
pub(super) struct Loaded {
    pub(super) job: Arc<Job>,
    pub(super) http: http::Client,
    pub(super) store: Store,
    pub(super) account: Account,
    /// Where a password comes from when nobody is there.
    pub(super) passwords: Passwords,
    /// What of the job is meant.
    pub(super) parts: Vec<Part>,
}

/// Path of the job file: as given, or the default.
pub(super) fn job_file(global: &Global) -> Result<PathBuf, Failure> {
    match &global.config[..] {
        [] => Ok(Places::from_env()?.job_file()),
        [one] => Ok(one.clone()),
        _ => {
            let message = "Several job files: only the daemon, `larder sync`, takes more than one";
            Err(Failure::new(Exit::Usage, message.to_owned()))
        }
    }
}

/// The job files that the daemon tends: those named, and all `.toml` files of directories that are named.
pub(super) fn job_files(global: &Global) -> Result<Vec<PathBuf>, Failure> {
    if global.config.is_empty() {
        return Ok(vec![Places::from_env()?.job_file()]);
    }
    let mut files = Vec::new();
    for path in &global.config {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let failed = |error| Failure::new(Exit::Usage, format!("Cannot list `{}`: {error}", path.display()));
        let mut found = Vec::new();
        for entry in std::fs::read_dir(path).map_err(failed)? {
            let file = entry.map_err(failed)?.path();
            found.extend((file.extension().is_some_and(|end| end == "toml")).then_some(file));
        }
        if found.is_empty() {
            let message = format!("No job file (`.toml`) is in `{}`", path.display());
            return Err(Failure::new(Exit::Usage, message));
        }
        found.sort();
        files.append(&mut found);
    }
    Ok(files)
}

/// Loads the job file that the arguments name, or the default one.
pub(super) fn load(global: &Global) -> Result<Loaded, Failure> {
    load_file(&job_file(global)?)
}

/// Loads a job file.
pub(super) fn load_file(file: &std::path::Path) -> Result<Loaded, Failure> {
    let job = Job::load(file)?;
    let endpoint = std::env::var(LARDER_ENDPOINT).ok().filter(|text| !text.is_empty());
    prepare(job, endpoint.as_deref())
}

/// What the commands of a job share. `endpoint` is where requests go in place of Apple's hosts.
pub(super) fn prepare(job: Job, endpoint: Option<&str>) -> Result<Loaded, Failure> {
    let endpoint = endpoint
        .map(|text| {
            url::Url::parse(text).map_err(|error| {
                Failure::new(Exit::Usage, format!("`{LARDER_ENDPOINT}` is no address: {error}"))
            })
        })
        .transpose()?;
    let http = http::Client::new(&Settings { endpoint, user_agent: USER_AGENT.to_owned() })?;
    let store = Store::new(&job.state_dir.join("session.json"));
    let region = match job.account.region {
        AccountRegion::Auto => store.region(),
        AccountRegion::Global => Region::Global,
        AccountRegion::China => Region::China,
    };
    let endpoints = Endpoints::of(region)
        .map_err(|error| Failure::new(Exit::Usage, format!("Apple's addresses are no addresses: {error}")))?;
    let account = Account::new(job.account.apple_id.expose_secret(), endpoints);
    let parts = job.parts();
    let passwords = passwords(&job.account);
    Ok(Loaded { job: Arc::new(job), http, store, account, passwords, parts })
}

fn passwords(account: &config::Account) -> Passwords {
    let source = match &account.password {
        PasswordSource::None => Passwords::none(),
        PasswordSource::File(path) => Passwords::file(path.clone()),
        PasswordSource::Command(command) => Passwords::command(command.clone()),
        PasswordSource::Credential(name) => Passwords::credential(name.clone()),
        PasswordSource::Keyring(service) => Passwords::keyring(service.clone(), account.apple_id.clone()),
    };
    Passwords::from_environment().or(source)
}

impl Loaded {
    /// The same job, of which only this part is meant. All of it for `None`.
    pub(super) fn only(self, part: Option<Part>) -> Result<Self, Failure> {
        let Some(part) = part else { return Ok(self) };
        if self.parts.contains(&part) {
            return Ok(Self { parts: vec![part], ..self });
        }
        let (file, name) = (self.job.file.display(), part.as_str());
        let message = format!("The job file `{file}` has no section `[{name}]`, so there is no mirror of it");
        Err(Failure::new(Exit::Usage, message))
    }

    /// Whether nothing is of use before a person was there. Where one service alone wants something of the person, the
    /// others are not kept waiting.
    pub(super) fn waits_for_person(&self) -> bool {
        let locked =
            |known: &Remembered| self.services().iter().all(|service| known.locked.contains(service));
        let known = self.store.remembered().ok().flatten();
        known.is_none_or(|known| known.needs_user.is_some() || locked(&known))
    }

    /// Whether a device has to agree before some service of the job can be read.
    pub(super) fn wants_consent(&self) -> bool {
        let known = self.store.remembered().ok().flatten();
        known.is_some_and(|known| {
            known.needs_user.is_none() && self.services().iter().any(|service| known.locked.contains(service))
        })
    }

    /// The services that mirroring asks.
    pub(super) fn services(&self) -> Vec<Service> {
        let of = |part: &Part| match part {
            Part::Photos => Service::CloudKit,
            Part::Drive => Service::Drive,
        };
        self.parts.iter().map(of).collect()
    }

    /// Takes the job's lock: one writer at a time. What of larder's own files was open to others is closed, and told.
    pub(super) fn lock(&self, console: &Console) -> Result<JobLock, Failure> {
        let lock = JobLock::take(&self.job.state_dir)?;
        self.keep_others_out(console)?;
        Ok(lock)
    }

    /// As [`Loaded::lock`], for a run: it is not given up because a verification notes something in that instant.
    pub(super) fn lock_for_run(&self, console: &Console) -> Result<JobLock, Failure> {
        const PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);
        let lock = JobLock::take_within(&self.job.state_dir, PATIENCE)?;
        self.keep_others_out(console)?;
        Ok(lock)
    }

    fn keep_others_out(&self, console: &Console) -> Result<(), Failure> {
        let dir = &self.job.state_dir;
        let mended = make_private(dir).map_err(|error| {
            Failure::new(Exit::Disk, format!("Cannot keep others out of `{}`: {error}", dir.display()))
        })?;
        for path in mended {
            let shown = path.display();
            let more = if path.ends_with("session.json") {
                ". Who has read it can act as you at iCloud: if that may be, run `larder logout` and sign in again"
            } else {
                ""
            };
            console.warning(&format!("Others could read `{shown}`; now its owner alone can{more}"));
        }
        Ok(())
    }

    /// Opens the state for writing.
    pub(super) fn state(&self, part: Part) -> Result<State, Failure> {
        Ok(State::open(&self.state_file(part))?)
    }

    /// Opens the state for a run. One that is damaged is put aside and a new one begun, which the run fills from iCloud
    /// and the files on disk; the line that says so comes with it.
    ///
    /// Only where the destination is seen to be a mirror, or said to be meant: the damaged state alone knew which disk
    /// that is, and an empty mount point is not to be filled in its place.
    pub(super) fn state_for_run(
        &self,
        part: Part,
        accept_destination: bool,
    ) -> Result<(State, Option<String>), Failure> {
        let path = self.state_file(part);
        let damage = match State::open(&path) {
            Ok(state) => return Ok((state, None)),
            Err(StateError::Damaged { source, .. }) => source,
            Err(error) => return Err(error.into()),
        };
        let destination = self.job.destination(part);
        if !accept_destination && Root::inspect(destination, None, false)?.1.is_none() {
            let (path, destination) = (path.display(), destination.display());
            return Err(Failure {
                exit: Exit::Disk,
                message: format!(
                    "The state `{path}` is damaged ({damage}), and `{destination}` does not look like a mirror of larder's: \
                     nothing was touched"
                ),
                hint: Some(
                    "mount the right disk; if an empty destination is meant, run \
                     `larder sync --once --accept-destination`"
                        .to_owned(),
                ),
            });
        }
        let aside = put_aside(&path, &jiff::ZonedDateTime::now().date().to_string())?;
        let line = format!(
            "The state was damaged ({damage}) and lies at `{}` now. This run rebuilds it: files that are there are \
             recognised by their content and not fetched again; history and the record of past runs begin anew",
            aside.display()
        );
        Ok((State::open(&path)?, Some(line)))
    }

    /// A copy of the state that may be thrown away, and where it lies until it is dropped.
    pub(super) fn state_copy(&self, part: Part) -> Result<(State, Scratch), Failure> {
        let scratch = Scratch::new()?;
        let copy = scratch.0.join("state.redb");
        let file = self.state_file(part);
        if file.exists() {
            std::fs::copy(&file, &copy)
                .map_err(|error| Failure::new(Exit::Disk, format!("Cannot copy the state: {error}")))?;
        }
        // Whoever reads of trouble knows the original alone.
        let state = State::open(&copy).map_err(|error| error.of(&file))?;
        Ok((state, scratch))
    }

    /// Opens the state for reading, also beside a run. After a power cut it has to be put right first, which a reader cannot.
    pub(super) fn reader(&self, part: Part) -> Result<Reader, Failure> {
        let file = self.state_file(part);
        if let Err(StateError::Unclean { .. }) = Reader::open(&file) {
            let _lock = JobLock::take(&self.job.state_dir)?;
            drop(self.state(part)?);
        }
        Ok(Reader::open(&file)?)
    }

    /// The states of the parts that are meant, for reading. A part of which nothing was ever mirrored is left out where there
    /// is another.
    pub(super) fn readers(&self) -> Result<Vec<(Part, Reader)>, Failure> {
        let never = |part: &&Part| !self.state_file(**part).exists();
        let all = self.parts.iter().filter(never).count() == self.parts.len();
        let parts = self.parts.iter().filter(|part| all || !never(part));
        parts.map(|part| Ok((*part, self.reader(*part)?))).collect()
    }

    /// Where the state of a part is.
    pub(super) fn state_file(&self, part: Part) -> PathBuf {
        self.job.state_dir.join(match part {
            Part::Photos => "state.redb",
            Part::Drive => "drive.redb",
        })
    }
}

/// A directory of this process's own, removed when dropped.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("larder-{}", uuid::Uuid::new_v4()));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).map_err(|error| {
            Failure::new(Exit::Disk, format!("Cannot create `{}`: {error}", path.display()))
        })?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!("cannot remove `{}`: {error}", self.0.display());
        }
    }
}
