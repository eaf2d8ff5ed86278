//! Runs that are cut off, or whose disk fails, at each step in turn.
//!
//! The steps are the failpoints of `larder::failpoint`; `no_point_is_forgotten` fails when a point is never passed. Which
//! trials these are is in the table of [`crate::trials`].

mod aborts;
mod drive;
mod errors;
mod kills;
mod order;
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
const STAGES: [fn() -> Stage; 16] = [
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
    || Stage::drive_first(Disk::Able),
    || Stage::drive_second(Disk::Able),
    || Stage::drive_second(Disk::Split),
    || Stage::drive_second(Disk::Plain),
];

/// Whether a stage is meant: all are, or with `LARDER_STAGES=Drive` those with that in their name.
fn is_meant(stage: &Stage) -> bool {
    std::env::var("LARDER_STAGES").map_or(true, |part| stage.name.contains(&part))
}

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
