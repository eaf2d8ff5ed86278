//! Runs that are cut off, or whose disk fails, at each step in turn.
//!
//! The steps are the failpoints of `larder::failpoint`; `no_point_is_forgotten` fails when a point is never passed. The
//! trials of the design, and the tests that carry them out:
//!
//! | trial | what is tried | test |
//! |---|---|---|
//! | B1 | the process ends at every durable step | `b1_...` in `aborts.rs`; all stages, points and many passings with `--ignored` |
//! | B2 | `kill -9` at random moments | `b2_kills_at_random_moments` (`--ignored`, `LARDER_KILLS=N`), and in `crashes.rs` |
//! | B3 | writes that were not synced are dropped, torn, out of order: the state's only, for the mirror needs a file system that does so | `b3_...` in `power_cut/syncs.rs` |
//! | B4 | a machine whose power is cut | not here: it needs one |
//! | B5 | a sync that fails once | `b5_what_could_not_be_synced_is_fetched_again` |
//! | B6 | the state's file after a power cut, damaged | `b6_...` in `power_cut/mod.rs` |
//! | C1 | a disk that is full, for a moment or for good | `c1_...` in `errors.rs` and, on real file systems, in `disks/space.rs` |
//! | C2 | every other error, at every step | `c2_...`, `c1_c2_...` in `errors.rs`; all of them at all steps with `--ignored` |
//! | C3 | a destination that is unmounted, swapped, goes away | `c3_...` in `disks/missing.rs` |
//! | C4 | other programs between a look and an act | `c4_...` beside the code, in `src/tree/tests/racing.rs`, `links.rs`, `placing.rs` |
//! | C5 | a destination that is read-only | `c5_...` in `disks/missing.rs` |
//! | E5 | the attic on a full disk | `e5_the_attic_on_a_full_disk_keeps_what_leaves`, and in `deletion_safety/retention.rs` |
//! | G1, G2, G5, G7 | names that are one to a disk, coarse times, no hard links | `g1_...` in `disks/able.rs`, where the machine mounts FAT, casefold or XFS; `src/tree/name.rs` and `src/sync/plan/tests/names.rs` everywhere |
//! | G4 | what stands in where a file system cannot do all | `b1_what_stands_in_...`, `g4_...`, `albums/forms.rs` |

mod aborts;
mod errors;
mod kills;
mod soak;
mod stage;

use std::collections::BTreeSet;

use icloud_sim::LibrarySpec;
use larder::failpoint::{PRESENT, Point};
use stage::{Disk, Stage};

use crate::environment::TestEnvironment;

/// Whether this build has failpoints. A release build has none, and the tests say so.
fn can_fail() -> bool {
    if !PRESENT {
        println!("skipped: a release build has no failpoints");
    }
    PRESENT
}

/// Every stage, in turn: each holds a simulated iCloud, so that few live at a time.
const STAGES: [fn() -> Stage; 12] = [
    Stage::login,
    || Stage::first(Disk::Able),
    || Stage::second(Disk::Able),
    || Stage::third(Disk::Able),
    || Stage::restore(Disk::Able, false),
    || Stage::restore(Disk::Able, true),
    || Stage::first(Disk::Split),
    || Stage::second(Disk::Split),
    || Stage::restore(Disk::Split, false),
    || Stage::first(Disk::Plain),
    || Stage::second(Disk::Plain),
    || Stage::second(Disk::Linking),
];

#[test]
fn no_point_is_forgotten() {
    if !can_fail() {
        return;
    }
    let mut left: BTreeSet<&str> = Point::ALL.iter().map(|point| point.name()).collect();
    for stage in STAGES {
        let stage = stage();
        left.retain(|point| !stage.passings.contains_key(*point));
    }
    // Signing out leaves nothing that could be compared.
    let here = TestEnvironment::signed_in(LibrarySpec::default());
    let told = here.larder(&["logout"]).env("LARDER_LOG", "larder::failpoint=trace").run().expect(0).stderr;
    left.retain(|point| !told.contains(&format!("passes {point}")));
    assert!(left.is_empty(), "no stage passes {left:?}");
}
