//! Histories that once went wrong, the shortest that were found.

use icloud_sim::photos::SharedRole;

use super::play;
use super::steps::{Cloud, Step};
use super::world::library;
use crate::environment::TestEnvironment;

#[track_caller]
fn goes_well(shared: SharedRole, seed: u64, steps: &[Step]) {
    let here = TestEnvironment::signed_in(library(shared, 0));
    if let Err(wrong) = play(&here, shared, seed, steps) {
        panic!("{wrong}");
    }
}

/// The item was planned as it was when the run began, failed, and was not looked at again although it had changed.
#[test]
fn a_photo_that_changes_while_it_fails() {
    let pending =
        Cloud::Add { kind: 0, name: 0, day: 0, hidden: false, pending: true, shared: false, album: None };
    goes_well(
        SharedRole::None,
        12,
        &[Step::Cloud(pending), Step::Sync, Step::Cloud(Cloud::Edit(6)), Step::Sync],
    );
}

/// The item rested when the run began, and was not looked at again although it changed on a later page.
#[test]
fn a_photo_that_changes_while_it_rests() {
    let pending =
        Cloud::Add { kind: 0, name: 0, day: 0, hidden: false, pending: true, shared: false, album: None };
    goes_well(
        SharedRole::None,
        52,
        &[
            Step::Cloud(Cloud::Quirk(5)),
            Step::Cloud(pending),
            Step::Sync,
            Step::Sync,
            Step::Sync,
            Step::Sync,
            Step::Cloud(Cloud::Edit(6)),
        ],
    );
}

/// The end of an upload changes nothing in the record but that there is an address now: the photo rested on.
#[test]
fn a_photo_whose_upload_ends_while_it_rests() {
    let pending =
        Cloud::Add { kind: 0, name: 0, day: 0, hidden: false, pending: true, shared: false, album: None };
    let mut steps = vec![Step::Cloud(pending)];
    steps.extend(vec![Step::Sync; 5]);
    steps.push(Step::Cloud(Cloud::FinishUpload(0, false)));
    goes_well(SharedRole::None, 36, &steps);
}
