//! What changes cost: the real program against a simulated iCloud in another process.
//!
//! `cargo bench --bench changes` prints a row for each run on a library of 100,000 tiny photos that are all on disk: one in
//! which nothing changed, one after every photo became a favourite (as many records, and nothing to do on disk), one after
//! every photo was given another day (as many files are moved), and one more in which nothing changed.

#![expect(clippy::print_stdout, reason = "a bench prints its result")]

mod measure;

use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use icloud_sim::Config;
use icloud_sim::photos::{LibrarySpec, Mutation, Sizes};

use measure::Bench;

/// Options.
#[derive(Debug, Parser)]
struct Options {
    /// Photos in the library
    #[arg(long, default_value_t = 100_000)]
    assets: usize,
    /// Waiting time before every answer of the simulator, in milliseconds
    #[arg(long, default_value_t = 0)]
    latency: u64,
    /// What cargo adds
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let options = Options::parse();
    measure::head();
    tokio::runtime::Runtime::new()?.block_on(runs(&options))
}

async fn runs(options: &Options) -> Result<()> {
    let library =
        LibrarySpec { assets: options.assets, seed: 1, sizes: Sizes::Fixed(64), ..LibrarySpec::default() };
    let latency = Duration::from_millis(options.latency);
    let bench = Bench::start(Config { library, latency, ..Config::default() }, "").await?;
    bench.sync("first").await?;
    bench.sync("no change").await?;
    let zone = bench.control.inventory().zones.swap_remove(0);
    let photos: Vec<_> = zone
        .assets
        .into_iter()
        .filter(|asset| !asset.deleted)
        .map(|asset| (asset.record_name, asset.asset_date))
        .collect();
    for (asset, _) in &photos {
        bench.change(Mutation::SetFavorite { asset: asset.clone(), on: true })?;
    }
    bench.sync("favourites").await?;
    for (asset, date) in photos {
        let date_ms = Some(date.unwrap_or_default() - 86_400_000);
        bench.change(Mutation::SetDate { asset, date_ms, time_zone_offset: None })?;
    }
    bench.sync("other days").await?;
    bench.sync("no change").await
}
