//! A person's computer and a simulated iCloud, for tests that run the real program as a process of its own.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use icloud_sim::photos::{Inventory, Mutation, NewPhoto, Photos};
use icloud_sim::{Account, Config, Control, LibrarySpec, Simulator};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Longer than any command of a test may take; whatever takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// What every trusted device shows.
pub(crate) const CODE: &str = "314159";

/// A home, a job file, an empty destination and a simulated iCloud.
///
/// When the simulator saw what no client may do (a write, a leaked cookie), dropping this fails the test.
pub(crate) struct TestEnvironment {
    // Before the runtime that serves it.
    simulator: Simulator,
    _runtime: Runtime,
    home: TempDir,
}

impl TestEnvironment {
    /// Nobody has signed in yet.
    pub(crate) fn new(config: Config) -> Self {
        let config =
            Config { account: Account { device_code: Some(CODE.to_owned()), ..config.account }, ..config };
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let simulator = runtime.block_on(Simulator::start(config)).unwrap();
        let environment = Self { simulator, _runtime: runtime, home: tempfile::tempdir().unwrap() };
        for dir in [environment.destination(), environment.path("tmp"), environment.path("config/larder")] {
            fs::create_dir_all(dir).unwrap();
        }
        environment.write_job("");
        environment
    }

    /// Signed in, with that library, and counters at zero.
    pub(crate) fn signed_in(library: LibrarySpec) -> Self {
        let environment = Self::new(Config { library, ..Config::default() });
        environment.login();
        environment
    }

    /// Watches and steers the simulator.
    pub(crate) fn control(&self) -> Control {
        self.simulator.control()
    }

    /// What iCloud holds.
    pub(crate) fn inventory(&self) -> Inventory {
        self.control().inventory()
    }

    /// Changes the library as a person with a phone does; answers the names of what was made.
    #[track_caller]
    pub(crate) fn change(&self, mutation: Mutation) -> Value {
        let now = self.control().now_ms();
        self.control().photos(|photos| photos.mutate(mutation, now)).unwrap()
    }

    /// A new photo; answers its record name.
    #[track_caller]
    pub(crate) fn add(&self, photo: NewPhoto) -> String {
        self.change(Mutation::AddPhoto(photo))["asset"].as_str().unwrap().to_owned()
    }

    /// Requests for file contents since the counters were last reset.
    pub(crate) fn content_requests(&self) -> u64 {
        self.control().counters().requests("content")
    }

    /// A place in the home directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The mirror.
    pub(crate) fn destination(&self) -> PathBuf {
        self.path("mirror")
    }

    /// Where larder keeps its state.
    pub(crate) fn state_dir(&self) -> PathBuf {
        self.path("state/larder/config")
    }

    /// The job file.
    pub(crate) fn job_file(&self) -> PathBuf {
        self.path("config/larder/config.toml")
    }

    /// Writes the usual job file, with `more` at its end, in section `[photos]`.
    pub(crate) fn write_job(&self, more: &str) {
        let apple_id = self.control().account(|account| account.apple_id.clone());
        let destination = self.destination();
        let text = format!(
            "[account]\napple_id = \"{apple_id}\"\n\n[photos]\ndestination = {destination:?}\n{more}\n"
        );
        fs::write(self.job_file(), text).unwrap();
    }

    /// Where the simulator listens.
    pub(crate) fn endpoint(&self) -> String {
        self.simulator.url()
    }

    /// larder with these arguments, not yet started.
    pub(crate) fn larder(&self, arguments: &[&str]) -> Invocation {
        self.program(env!("CARGO_BIN_EXE_larder"), arguments)
    }

    /// A larder of another age.
    pub(crate) fn program(&self, larder: &str, arguments: &[&str]) -> Invocation {
        let mut command = Command::new(larder);
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.path())
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("XDG_STATE_HOME", self.path("state"))
            .env("TMPDIR", self.path("tmp"))
            // Where the machine stands must not matter.
            .env("TZ", "Pacific/Kiritimati")
            .env("LARDER_ENDPOINT", self.simulator.url());
        Invocation { command, stdin: String::new() }
    }

    /// Signs in with password and code, then starts counting anew.
    pub(crate) fn login(&self) {
        let password = self.control().account(|account| account.password.clone());
        self.larder(&["login"]).stdin(&format!("{password}\n{CODE}\n")).run().expect(0);
        self.control().reset_counters();
    }

    /// One run, summed up as JSON.
    pub(crate) fn sync(&self) -> Ran {
        self.larder(&["sync", "--once", "--json"]).run()
    }

    /// A new home for the mirror, an account with this library, and a session: as if somebody had just signed in.
    pub(crate) fn start_over(&self, library: &LibrarySpec) {
        self.lose_state();
        fs::remove_dir_all(self.destination()).unwrap();
        fs::create_dir(self.destination()).unwrap();
        self.control().clear_faults();
        self.control().photos(|photos| *photos = Photos::new(library));
        self.control().reset_counters();
    }

    /// Forgets everything but the session.
    pub(crate) fn lose_state(&self) {
        for entry in fs::read_dir(self.state_dir()).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().unwrap() != "session.json" {
                fs::remove_file(path).unwrap();
            }
        }
    }
}

/// A command to be run.
pub(crate) struct Invocation {
    command: Command,
    stdin: String,
}

impl Invocation {
    /// What the person types.
    pub(crate) fn stdin(mut self, text: &str) -> Self {
        text.clone_into(&mut self.stdin);
        self
    }

    /// An environment variable.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Starts it.
    pub(crate) fn start(mut self) -> Running {
        let (stdout, stderr) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
        let mut child = self
            .command
            .stdin(Stdio::piped())
            .stdout(stdout.try_clone().unwrap())
            .stderr(stderr.try_clone().unwrap())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A command that asks nothing may be gone already.
        let _closed = stdin.write_all(self.stdin.as_bytes());
        Running { child, stdout, stderr }
    }

    /// Runs it to its end.
    pub(crate) fn run(self) -> Ran {
        self.start().wait()
    }
}

/// A command that runs.
pub(crate) struct Running {
    child: Child,
    stdout: File,
    stderr: File,
}

impl Running {
    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The number of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, as Ctrl-C does.
    pub(crate) fn interrupt(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Ran {
        let start = Instant::now();
        let code = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status.code();
            }
            if start.elapsed() > PATIENCE {
                self.child.kill().unwrap();
                self.child.wait().unwrap();
                let (out, err) = (text(&mut self.stdout), text(&mut self.stderr));
                panic!("larder hangs\nstdout:\n{out}\nstderr:\n{err}");
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        Ran { code, stdout: text(&mut self.stdout), stderr: text(&mut self.stderr) }
    }
}

fn text(file: &mut File) -> String {
    use std::io::{Read as _, Seek as _};
    let mut text = String::new();
    file.rewind().unwrap();
    file.read_to_string(&mut text).unwrap();
    text
}

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Exit code; none when a signal ended it.
    pub(crate) code: Option<i32>,
    /// What it printed.
    pub(crate) stdout: String,
    /// What it told.
    pub(crate) stderr: String,
}

impl Ran {
    /// Fails the test unless it ended with this code.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Standard output as one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        match serde_json::from_str(&self.stdout) {
            Ok(value) => value,
            Err(error) => panic!("{error} in:\n{}\nstderr:\n{}", self.stdout, self.stderr),
        }
    }

    /// A number of the JSON document, at its top.
    #[track_caller]
    pub(crate) fn number(&self, key: &str) -> u64 {
        let json = self.json();
        json[key].as_u64().unwrap_or_else(|| panic!("`{key}` is {} in:\n{}", json[key], self.stdout))
    }
}

/// Every file below a directory with its bytes, to compare before and after.
pub(crate) fn bytes_below(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                dirs.push(entry.path());
            } else if entry.file_type().unwrap().is_file() {
                all.push((entry.path(), fs::read(entry.path()).unwrap()));
            }
        }
    }
    all.sort();
    all
}
