//! What a first sync costs: the real program against a simulated iCloud in another process, with distance.
//!
//! `cargo bench --bench first_sync` prints a row for each run: the first sync of 1,000 and of 10,000 small photos,
//! a run in which nothing changed, and one with ten new photos. Figures are counts and the program's own processor
//! time; wall time includes the waiting for a simulator on the same machine.

#![expect(clippy::print_stdout, reason = "a bench prints its result")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use icloud_sim::photos::{LibrarySpec, Mutation, NewPhoto, Sizes};
use icloud_sim::{Config, Control, Simulator};

/// Options.
#[derive(Debug, Parser)]
struct Options {
    /// Photos in the library; may be given several times
    #[arg(long, default_values_t = [1_000, 10_000])]
    assets: Vec<usize>,
    /// Waiting time before every answer of the simulator, in milliseconds
    #[arg(long, default_value_t = 50)]
    latency: u64,
    /// Downloads in flight
    #[arg(long, default_value_t = 16)]
    connections: u32,
    /// What cargo adds
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let options = Options::parse();
    println!(
        "{:>7} {:<10} {:>5} {:>7} {:>8} {:>10} {:>9} {:>10}",
        "assets", "run", "calls", "bodies", "wall s", "CPU us/as", "RSS MiB", "API B/as"
    );
    let runtime = tokio::runtime::Runtime::new()?;
    options.assets.iter().try_for_each(|assets| runtime.block_on(library(&options, *assets)))
}

/// Every run of one library.
async fn library(options: &Options, assets: usize) -> Result<()> {
    let spec = LibrarySpec { assets, albums: 0, seed: 1, sizes: Sizes::Small, ..LibrarySpec::default() };
    let latency = Duration::from_millis(options.latency);
    let mut config = Config { library: spec, latency, ..Config::default() };
    config.account.device_code = Some("123456".to_owned());
    let simulator = Simulator::start(config).await?;
    let home = tempfile::tempdir()?;
    std::fs::create_dir(home.path().join("Photos"))?;
    std::fs::write(
        home.path().join("job.toml"),
        format!(
            "state_dir = \"state\"\n[account]\napple_id = \"you@example.com\"\n[photos]\ndestination = \"Photos\"\n\
             [network]\nconnections = {}\n",
            options.connections
        ),
    )?;
    let bench = Bench { control: simulator.control(), url: simulator.url(), home: home.path(), assets };
    bench.login()?;
    bench.sync("first").await?;
    bench.sync("no change").await?;
    for _ in 0..10 {
        let now = bench.control.now_ms();
        let new = Mutation::AddPhoto(NewPhoto::default());
        bench.control.photos(|photos| photos.mutate(new, now)).map_err(anyhow::Error::msg)?;
    }
    bench.sync("ten new").await
}

struct Bench<'a> {
    control: Control,
    url: String,
    home: &'a Path,
    assets: usize,
}

impl Bench<'_> {
    fn larder(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_larder"));
        command.arg("--config").arg(self.home.join("job.toml")).args(arguments);
        command.env("LARDER_ENDPOINT", &self.url).env("LARDER_PASSWORD", "correct horse battery");
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn login(&self) -> Result<()> {
        ensure!(self.larder(&["login", "--request-code"]).status()?.success(), "the login failed");
        ensure!(self.larder(&["login", "--code", "123456"]).status()?.success(), "the code was refused");
        Ok(())
    }

    async fn sync(&self, what: &str) -> Result<()> {
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
