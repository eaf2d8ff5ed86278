//! The job file as a whole.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::paths::Places;
use super::photos::{day, mode};
use super::reader::{Document, Section};
use super::removed::{Policy, Removed, StopAbove, days};
use super::size::size;
use super::{
    AlbumPath, AlbumView, Albums, ConfigError, Drive, Layout, Libraries, LivePhotos, Modes, NameRules,
    Notify, Page, Photos, Schedule, SmartAlbum, ZoneRule,
};
use crate::model::Part;

/// One job: an account, what of it is mirrored, and where to. Every path is absolute.
#[derive(Debug, Clone)]
pub struct Job {
    /// The job file.
    pub file: PathBuf,
    /// Name of the job: the file's stem.
    pub name: String,
    /// Where the state is kept.
    pub state_dir: PathBuf,
    /// `[account]`.
    pub account: Account,
    /// `[schedule]`.
    pub schedule: Schedule,
    /// `[photos]`. When a job mirrors Drive alone, everything but the destination, which is empty, is at its default.
    pub photos: Photos,
    /// `[drive]`.
    pub drive: Option<Drive>,
    /// `[removed]`.
    pub removed: Removed,
    /// `[verify]`.
    pub verify: Verify,
    /// `[notify]`.
    pub notify: Notify,
    /// `[page]`.
    pub page: Page,
    /// `[network]`.
    pub network: Network,
}

/// `[account]`.
#[derive(Debug, Clone)]
pub struct Account {
    /// The Apple ID: an e-mail address or a phone number. Never shown.
    pub apple_id: SecretString,
    /// Where the password comes from when nobody is there.
    pub password: PasswordSource,
    /// Where Apple keeps the account.
    pub region: AccountRegion,
}

/// Where Apple keeps an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AccountRegion {
    /// Where Apple says.
    #[default]
    Auto,
    /// Everywhere but in mainland China.
    Global,
    /// In mainland China.
    China,
}

impl AccountRegion {
    fn read(account: &Section<'_>) -> Result<Self, ConfigError> {
        match account.text("region")?.unwrap_or("auto") {
            "auto" => Ok(Self::Auto),
            "global" => Ok(Self::Global),
            "china" => Ok(Self::China),
            _ => Err(account.refuse("region", "must be \"auto\", \"global\" or \"china\"".into())),
        }
    }
}

/// Where a password comes from. It is kept nowhere else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum PasswordSource {
    /// From nowhere.
    #[default]
    None,
    /// The first line of a file.
    File(PathBuf),
    /// The first line that a program writes.
    Command(Vec<String>),
    /// A credential of the service manager, by its name.
    Credential(String),
    /// An entry of the keyring, by the name of its service; its user is the Apple ID.
    Keyring(String),
}

impl PasswordSource {
    fn read(account: &Section<'_>, places: &Places, base: &Path) -> Result<Self, ConfigError> {
        let file = account.text("password_file")?.filter(|text| !text.is_empty());
        let file = file.map(|text| places.resolve(text, base)).transpose();
        let file = file.map_err(|why| account.refuse("password_file", why))?;
        let command = account.texts("password_command")?.unwrap_or_default();
        let command: Vec<String> = command.into_iter().map(str::to_owned).collect();
        let credential = account.text("password_credential")?.unwrap_or_default();
        if credential.contains('/') || credential == ".." {
            return Err(account.refuse("password_credential", "must be a name, not a path".into()));
        }
        let keyring = account.text("password_keyring")?.unwrap_or_default();
        if !keyring.is_empty() && !cfg!(feature = "keyring") {
            let why = "asks the keyring, and this larder was built without that: \
                       `cargo install --locked --path . --features keyring`";
            return Err(account.refuse("password_keyring", why.into()));
        }
        let named = |name: &str| Some(name.to_owned()).filter(|name| !name.is_empty());
        let sources = [
            ("password_file", file.map(Self::File)),
            ("password_command", Some(command).filter(|command| !command.is_empty()).map(Self::Command)),
            ("password_credential", named(credential).map(Self::Credential)),
            ("password_keyring", named(keyring).map(Self::Keyring)),
        ];
        let mut given = sources.into_iter().filter_map(|(key, source)| Some((key, source?)));
        match (given.next(), given.next()) {
            (None, _) => Ok(Self::None),
            (Some((_, source)), None) => Ok(source),
            (Some((key, _)), Some(_)) => {
                let why = "is one source of the password too many: leave one of `password_file`, `password_command`, \
                           `password_credential` and `password_keyring`, and the others empty";
                Err(account.refuse(key, why.into()))
            }
        }
    }
}

/// `[verify]`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verify {
    /// Within how many nights the runs read the whole mirror again; `None` = they do not.
    pub nightly: Option<u32>,
}

impl Verify {
    /// `"off"` or `"1/30"`. The error completes "`nightly` ...".
    fn nightly(text: &str) -> Result<Option<u32>, String> {
        if text == "off" {
            return Ok(None);
        }
        let nights = text.strip_prefix("1/").and_then(|nights| nights.parse().ok());
        let nights = nights.filter(|nights| (1..=1_000).contains(nights));
        nights.map(Some).ok_or_else(|| {
            format!("must be \"off\" or a share of the mirror such as \"1/30\", not \"{text}\"")
        })
    }
}

/// `[network]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// Downloads in flight, 1 to 64.
    pub connections: u32,
}

impl Default for Network {
    fn default() -> Self {
        Self { connections: 16 }
    }
}

impl Job {
    /// What it mirrors, in the order in which a run brings it up to date.
    #[must_use]
    pub fn parts(&self) -> Vec<Part> {
        Part::ALL.into_iter().filter(|part| !self.destination(*part).as_os_str().is_empty()).collect()
    }

    /// Where a part's mirror lies; empty for a part that is not mirrored.
    #[must_use]
    pub fn destination(&self, part: Part) -> &Path {
        match (part, &self.drive) {
            (Part::Photos, _) => &self.photos.destination,
            (Part::Drive, Some(drive)) => &drive.destination,
            (Part::Drive, None) => Path::new(""),
        }
    }

    /// Which permissions new files and directories of a part get.
    #[must_use]
    pub fn modes(&self, part: Part) -> Modes {
        match part {
            Part::Photos => self.photos.modes,
            Part::Drive => self.drive.as_ref().map_or_else(Modes::default, |drive| drive.modes),
        }
    }

    /// Bytes of the disk of a part's destination that larder leaves free.
    #[must_use]
    pub fn keep_free(&self, part: Part) -> u64 {
        match part {
            Part::Photos => self.photos.keep_free,
            Part::Drive => self.drive.as_ref().map_or(0, |drive| drive.keep_free),
        }
    }

    /// Reads the job file at `path`.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(ConfigError::Absent { path: path.to_owned() });
            }
            Err(error) => return Err(unreadable(error)),
        };
        let path = std::path::absolute(path).map_err(unreadable)?;
        Self::parse(&text, &path, &Places::from_env()?)
    }

    /// Reads the text of the job file `file` (absolute), for a person whose directories are `places`.
    pub fn parse(text: &str, file: &Path, places: &Places) -> Result<Self, ConfigError> {
        let document = Document::parse(file, text)?;
        let (top, account) = (document.section("")?, document.section("account")?);
        let (photos, network) = (document.section("photos")?, document.section("network")?);
        let (removed, verify) = (document.section("removed")?, document.section("verify")?);
        let base = file.parent().unwrap_or(Path::new("/"));
        let name =
            file.file_stem().map_or_else(|| "config".into(), |stem| stem.to_string_lossy().into_owned());

        let state_dir =
            top.parsed("state_dir", places.state_dir(&name), |text| places.resolve(text, base))?;
        let apple_id =
            account.required_text("apple_id", "write `apple_id = \"you@example.com\"` below `[account]`")?;
        if apple_id.is_empty() || apple_id.contains(char::is_whitespace) {
            let why = "must be an e-mail address or a phone number, without blanks".to_owned();
            return Err(account.refuse("apple_id", why));
        }
        let drive = Drive::read(&document.section("drive")?, places, base)?;
        let destination = if drive.is_some() && photos.is_absent() {
            PathBuf::new()
        } else {
            let hint = "write `destination = \"/path/to/the/mirror\"` below `[photos]`";
            let destination = photos.required_text("destination", hint)?;
            places.resolve(destination, base).map_err(|why| photos.refuse("destination", why))?
        };
        apart(&state_dir, &destination, drive.as_ref().map(|drive| drive.destination.as_path()))?;

        let (usual, kept) = (Photos::defaults(destination), Removed::default());
        let words = [("personal", Library::Personal), ("shared", Library::Shared)];
        let libraries =
            photos.some_choices("libraries", &words)?.map_or(usual.libraries, |chosen| Libraries {
                personal: chosen.contains(&Library::Personal),
                shared: chosen.contains(&Library::Shared),
            });
        let albums = document.section("photos.albums")?;
        let layout = |text: &str| Layout::parse(text).map_err(|error| error.to_string());
        let from = photos.parsed("from", usual.from, day)?;
        let until = photos.parsed("until", usual.until, day)?;
        if from.zip(until).is_some_and(|(from, until)| from > until) {
            return Err(photos.refuse("until", "must be no day before `photos.from`".to_owned()));
        }
        let modes = Modes {
            file: photos.parsed("file_mode", None, |text| mode(text, 0o600, 0o666))?,
            dir: photos.parsed("dir_mode", None, |text| mode(text, 0o700, 0o2777))?,
        };
        let connections = Network::default().connections;
        let layout = photos.parsed("layout", usual.layout, layout)?;
        let shown = Albums {
            view: albums.choice("view", usual.albums.view, &AlbumView::WORDS)?,
            path: albums.parsed("path", usual.albums.path, AlbumPath::parse)?,
            include: albums.patterns("include", usual.albums.include)?,
            exclude: albums.patterns("exclude", usual.albums.exclude)?,
            smart: albums.choices("smart", &SmartAlbum::WORDS)?.unwrap_or_default(),
        };
        if let Some(first) = shown.path.dirs().first().filter(|first| layout.may_begin_with(first)) {
            let why =
                format!("begins with `{first}`, where photos may lie by the layout; begin it otherwise");
            return Err(albums.refuse("path", why));
        }
        Ok(Self {
            file: file.to_owned(),
            name,
            state_dir,
            schedule: Schedule::read(&document.section("schedule")?)?,
            account: Account {
                apple_id: SecretString::from(apple_id),
                password: PasswordSource::read(&account, places, base)?,
                region: AccountRegion::read(&account)?,
            },
            photos: Photos {
                libraries,
                layout,
                time_zone: photos.parsed("time_zone", usual.time_zone, ZoneRule::parse)?,
                names: photos.choice("names", usual.names, &NameRules::WORDS)?,
                live_photos: photos.choice("live_photos", usual.live_photos, &LivePhotos::WORDS)?,
                edited: photos.flag("edited", usual.edited)?,
                originals: photos.flag("originals", usual.originals)?,
                raw: photos.flag("raw", usual.raw)?,
                bursts: photos.flag("bursts", usual.bursts)?,
                hidden: photos.flag("hidden", usual.hidden)?,
                stills: photos.flag("stills", usual.stills)?,
                videos: photos.flag("videos", usual.videos)?,
                screenshots: photos.flag("screenshots", usual.screenshots)?,
                from,
                until,
                modes,
                keep_free: photos.parsed("keep_free", usual.keep_free, size)?,
                albums: shown,
                destination: usual.destination,
            },
            drive,
            removed: Removed {
                policy: removed.choice("policy", kept.policy, &Policy::WORDS)?,
                keep_days: removed.parsed("keep_for", kept.keep_days, days)?,
                stop_above: removed.parsed("stop_above", kept.stop_above, StopAbove::parse)?,
            },
            verify: Verify { nightly: verify.parsed("nightly", None, Verify::nightly)? },
            page: Page::read(&document.section("page")?)?,
            notify: Notify::read(
                &document.section("notify")?,
                &document.section("notify.email")?,
                places,
                base,
            )?,
            network: Network { connections: network.number("connections", connections, 1..65)? },
        })
    }
}

/// Makes sure that no place lies in another one. An empty `photos` is none.
fn apart(state_dir: &Path, photos: &Path, drive: Option<&Path>) -> Result<(), ConfigError> {
    let photos = Some(photos).filter(|photos| !photos.as_os_str().is_empty());
    let state = "The state directory";
    let pairs = [
        (state, Some(state_dir), photos),
        (state, Some(state_dir), drive),
        ("The destination", photos, drive),
    ];
    for (what, one, destination) in pairs {
        if let (Some(one), Some(destination)) = (one, destination)
            && (one.starts_with(destination) || destination.starts_with(one))
        {
            let (one, destination) = (one.to_owned(), destination.to_owned());
            return Err(ConfigError::Nested { what, one, destination });
        }
    }
    Ok(())
}

/// The words of `libraries`.
#[derive(Clone, Copy, PartialEq)]
enum Library {
    Personal,
    Shared,
}
