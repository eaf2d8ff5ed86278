//! Running the real program against a simulated iCloud in this process, and reading what it used.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use icloud_sim::photos::Mutation;
use icloud_sim::{Config, Control, Simulator};
use tempfile::TempDir;

/// Prints what the columns are.
pub(crate) fn head() {
    println!(
        "{:>7} {:<10} {:>5} {:>7} {:>8} {:>10} {:>9} {:>10}",
        "assets", "run", "calls", "bodies", "wall s", "CPU us/as", "RSS MiB", "API B/as"
    );
}

/// A person's computer and a simulated iCloud.
pub(crate) struct Bench {
    /// The library, and what it was asked.
    pub(crate) control: Control,
    url: String,
    home: TempDir,
    assets: usize,
    _simulator: Simulator,
}

impl Bench {
    /// Signed in; `network` is that section of the job file.
    pub(crate) async fn start(mut config: Config, network: &str) -> Result<Self> {
        config.account.device_code = Some("123456".to_owned());
        let assets = config.library.assets;
        let simulator = Simulator::start(config).await?;
        let home = tempfile::tempdir()?;
        std::fs::create_dir(home.path().join("Photos"))?;
        std::fs::write(
            home.path().join("job.toml"),
            format!(
                "state_dir = \"state\"\n[account]\napple_id = \"you@example.com\"\n[photos]\ndestination = \"Photos\"\n\
                 [network]\n{network}\n"
            ),
        )?;
        let (control, url) = (simulator.control(), simulator.url());
        let bench = Self { control, url, home, assets, _simulator: simulator };
        bench.login()?;
        Ok(bench)
    }

    /// Changes the library.
    pub(crate) fn change(&self, mutation: Mutation) -> Result<()> {
        let now = self.control.now_ms();
        self.control.photos(|photos| photos.mutate(mutation, now)).map_err(anyhow::Error::msg)?;
        Ok(())
    }

    fn larder(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_larder"));
        command.arg("--config").arg(self.home.path().join("job.toml")).args(arguments);
        command.env("LARDER_ENDPOINT", &self.url).env("LARDER_PASSWORD", "correct horse battery");
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn login(&self) -> Result<()> {
        ensure!(self.larder(&["login", "--request-code"]).status()?.success(), "the login failed");
        ensure!(self.larder(&["login", "--code", "123456"]).status()?.success(), "the code was refused");
        Ok(())
    }

    /// One run, and a line about it.
    pub(crate) async fn sync(&self, what: &str) -> Result<()> {
        self.control.reset_counters();
        let started = Instant::now();
        let child = self.larder(&["sync", "--once", "--quiet"]).spawn()?;
        let used = watch(child).await?;
        let wall = started.elapsed().as_secs_f64();
        let counters = self.control.counters();
        let bodies = counters.requests("content");
        let calls = counters.requests_to("") - bodies;
        let wire = counters.bytes_from("ck.") / self.assets as u64;
        let each = used.cpu.as_micros() / self.assets as u128;
        println!(
            "{:>7} {what:<10} {calls:>5} {bodies:>7} {wall:>8.2} {each:>10} {:>9.1} {wire:>10}",
            self.assets, used.peak_mib
        );
        Ok(())
    }
}

/// What a finished process used.
struct Used {
    cpu: Duration,
    peak_mib: f64,
}

/// Waits for a process, reading from `/proc` what it uses. The zombie still tells its processor time.
async fn watch(mut child: std::process::Child) -> Result<Used> {
    let proc = format!("/proc/{}", child.id());
    let mut peak_mib = 0.0;
    loop {
        let stat = std::fs::read_to_string(format!("{proc}/stat")).context("no /proc on this system")?;
        // The name in parentheses may hold blanks; what follows does not. Fields 3, 14 and 15 of proc(5).
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
        if fields.first() == Some(&"Z") {
            ensure!(child.wait()?.success(), "larder failed");
            let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
            return Ok(Used { cpu: Duration::from_millis(ticks * 10), peak_mib });
        }
        let status = std::fs::read_to_string(format!("{proc}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        if let Some(kib) = line.and_then(|line| line.split_whitespace().next()) {
            peak_mib = kib.parse::<f64>()? / 1024.0;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
