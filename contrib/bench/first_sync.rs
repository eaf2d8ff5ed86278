//! What a first sync costs: the real program against a simulated iCloud in another process, with distance.
//!
//! `cargo bench --bench first_sync` prints a row for each run: the first sync of 1,000 and of 10,000 small photos,
//! a run in which nothing changed, and one with ten new photos. Figures are counts and the program's own processor
//! time; wall time includes the waiting for a simulator on the same machine.

#![expect(clippy::print_stdout, reason = "a bench prints its result")]

mod measure;

use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use icloud_sim::Config;
use icloud_sim::photos::{LibrarySpec, Mutation, NewPhoto, Sizes};

use measure::Bench;

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
    measure::head();
    let runtime = tokio::runtime::Runtime::new()?;
    options.assets.iter().try_for_each(|assets| runtime.block_on(library(&options, *assets)))
}

/// Every run of one library.
async fn library(options: &Options, assets: usize) -> Result<()> {
    let library = LibrarySpec { assets, albums: 0, seed: 1, sizes: Sizes::Small, ..LibrarySpec::default() };
    let latency = Duration::from_millis(options.latency);
    let config = Config { library, latency, ..Config::default() };
    let bench = Bench::start(config, &format!("connections = {}", options.connections)).await?;
    bench.sync("first").await?;
    bench.sync("no change").await?;
    for _ in 0..10 {
        bench.change(Mutation::AddPhoto(NewPhoto::default()))?;
    }
    bench.sync("ten new").await
}
