//! Histories by lot: whatever happens in iCloud, in whatever order, with runs in between, the mirror ends as the
//! drive is. A failure names its seed.

use std::fs;
use std::time::Duration;

use super::DriveEnvironment;
use icloud_sim::drive::{Carry, DriveSpec, Signatures};

/// Changes of a history.
const CHANGES: u64 = 160;

fn history(seed: u64, kills: bool) {
    let here = DriveEnvironment::with(DriveSpec {
        files: 60,
        folders: 15,
        packages: 4,
        libraries: 2,
        depth: 4,
        seed,
        ..DriveSpec::default()
    });
    let job = fs::read_to_string(here.0.job_file()).unwrap();
    fs::write(here.0.job_file(), format!("{job}\n[removed]\nstop_above = \"100000\"\n")).unwrap();
    here.drive(|drive| {
        let quirks = drive.quirks();
        quirks.carry = [Carry::None, Carry::ContentOnly, Carry::All][usize::try_from(seed % 3).unwrap()];
        quirks.signatures = if seed.is_multiple_of(2) { Signatures::Salted } else { Signatures::Opaque };
    });
    let theirs = here.destination().join("mine.txt");
    let mut told = Vec::new();
    for change in 0..CHANGES {
        let dice = seed.wrapping_mul(1_000_003).wrapping_add(change);
        let happened = here.drive(|drive| drive.happen(dice));
        told.push(format!("{change}: {happened:?}").chars().take(200).collect::<String>());
        match dice % 23 {
            0 | 7 => {
                let ran = here.0.sync();
                assert!(matches!(ran.code, Some(0 | 1)), "seed {seed}\n{}\n{}", told.join("\n"), ran.stderr);
            }
            3 if kills => {
                let running = here.0.larder(&["sync", "--once"]).start();
                std::thread::sleep(Duration::from_millis(20 + dice % 140));
                running.kill();
            }
            // A person's own file lies about; no run touches it.
            11 => fs::write(&theirs, "mine").unwrap(),
            _ => {}
        }
    }
    let had = theirs.exists();
    here.0.control().reset_counters();
    let ran = here.0.sync();
    assert_eq!(ran.code, Some(0), "seed {seed}\n{}\n{}\n{}", told.join("\n"), ran.stdout, ran.stderr);
    if had {
        assert_eq!(fs::read_to_string(&theirs).unwrap(), "mine", "seed {seed}");
        fs::remove_file(&theirs).unwrap();
    }
    println!("seed {seed}\n{}", told.join("\n"));
    here.must_hold();
    let before = here.tree();
    here.sync();
    assert_eq!(here.bodies(), 0, "seed {seed}");
    here.tree().must_equal(&before);
}

#[test]
fn a_history_ends_as_the_drive_is() {
    (0..3).for_each(|seed| history(seed, false));
}

#[test]
fn a_history_with_runs_that_are_killed_ends_as_the_drive_is() {
    (3..8).for_each(|seed| history(seed, true));
}

/// `LARDER_HISTORIES=200 cargo test --test it drive::model -- --ignored`; with `LARDER_KILLS=1` runs are killed as well.
#[test]
#[ignore = "takes as long as wanted"]
fn many_histories_end_as_the_drive_is() {
    let many = std::env::var("LARDER_HISTORIES").ok().and_then(|text| text.parse().ok()).unwrap_or(50);
    let kills = std::env::var_os("LARDER_KILLS").is_some();
    (100..100 + many).for_each(|seed| history(seed, kills));
}
