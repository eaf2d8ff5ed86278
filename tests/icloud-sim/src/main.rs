//! The simulator as a program: prints where it listens and runs until Ctrl-C.

use clap::Parser;
use icloud_sim::photos::Sizes;
use icloud_sim::{
    Account, AccountKind, CodeAnswer, Config, DriveSpec, LibrarySpec, Protocol, Region, Simulator,
};
use std::io::{self, Write};
use std::time::Duration;

/// A simulated iCloud on 127.0.0.1
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Photos and videos in the library
    #[arg(long, default_value_t = 0)]
    assets: usize,
    /// Albums in the library
    #[arg(long, default_value_t = 0)]
    albums: usize,
    /// Folders of albums in the library
    #[arg(long, default_value_t = 0)]
    folders: usize,
    /// Files in the drive, packages included
    #[arg(long, default_value_t = 0)]
    drive_files: usize,
    /// How many of the drive's files are packages
    #[arg(long, default_value_t = 0)]
    drive_packages: usize,
    /// Folders in the drive
    #[arg(long, default_value_t = 0)]
    drive_folders: usize,
    /// Folders in one another at the most
    #[arg(long, default_value_t = 6)]
    drive_depth: usize,
    /// App libraries in the drive, at most 8
    #[arg(long, default_value_t = 0)]
    drive_libraries: usize,
    /// Put in everything that was ever seen to trouble a client; into the drive too, when it has files
    #[arg(long)]
    awkward: bool,
    /// How large the files are: tiny, small, real, or a number of bytes
    #[arg(long, default_value = "tiny", value_parser = sizes)]
    sizes: Sizes,
    /// Seed of library and drive: the same seed makes the same ones
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What happens after a right password
    #[arg(long, value_enum, default_value = "two-factor")]
    account_kind: AccountKind,
    /// How a right code is acknowledged
    #[arg(long, value_enum, default_value = "accepted")]
    code_answer: CodeAnswer,
    /// Where the account lives
    #[arg(long, value_enum, default_value = "global")]
    region: Region,
    /// How the password is hashed
    #[arg(long, value_enum, default_value = "s2k")]
    protocol: Protocol,
    /// Account name
    #[arg(long, default_value = "you@example.com")]
    apple_id: String,
    /// Password
    #[arg(long, default_value = "correct horse battery")]
    password: String,
    /// The code of every push and message; drawn anew each time when not given
    #[arg(long)]
    code: Option<String>,
    /// Waiting time before every answer, in milliseconds
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
}

impl Arguments {
    fn config(self) -> Config {
        let account = Account {
            apple_id: self.apple_id.to_lowercase(),
            password: self.password,
            kind: self.account_kind,
            code_answer: self.code_answer,
            region: self.region,
            protocol: self.protocol,
            device_code: self.code.clone(),
            sms_code: self.code,
            ..Account::default()
        };
        let library = LibrarySpec {
            assets: self.assets,
            albums: self.albums,
            folders: self.folders,
            awkward: self.awkward,
            sizes: self.sizes,
            seed: self.seed,
            ..LibrarySpec::default()
        };
        let drive = DriveSpec {
            files: self.drive_files,
            packages: self.drive_packages,
            folders: self.drive_folders,
            depth: self.drive_depth,
            libraries: self.drive_libraries,
            awkward: self.awkward && self.drive_files > 0,
            sizes: self.sizes,
            seed: self.seed,
            ..DriveSpec::default()
        };
        Config { port: self.port, account, library, drive, latency: Duration::from_millis(self.latency_ms) }
    }
}

fn sizes(text: &str) -> Result<Sizes, String> {
    match text {
        "tiny" => Ok(Sizes::Tiny),
        "small" => Ok(Sizes::Small),
        "real" => Ok(Sizes::Real),
        number => {
            number.parse().map(Sizes::Fixed).map_err(|_| "neither a word nor a number of bytes".to_owned())
        }
    }
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let config = Arguments::parse().config();
    let account = config.account.clone();
    let simulator = Simulator::start(config).await?;
    let url = simulator.url();
    let mut out = io::stdout().lock();
    writeln!(out, "iCloud       {url}")?;
    writeln!(out, "Account      {}", account.apple_id)?;
    writeln!(out, "Password     {}", account.password)?;
    writeln!(out, "Codes        curl {url}/control/codes")?;
    writeln!(out, "Control      {url}/control/")?;
    out.flush()?;
    drop(out);
    tokio::signal::ctrl_c().await?;
    let mut out = io::stdout().lock();
    for violation in simulator.control().take_violations() {
        writeln!(out, "Violation    {:?}: {}", violation.kind, violation.detail)?;
    }
    Ok(())
}
