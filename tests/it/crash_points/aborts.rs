//! B1: the process ends at a point, the next run goes on.

use super::stage::{Disk, Stage};
use super::{STAGES, can_fail};

/// Cuts a stage off at the first, second and a later passing of every point that `wanted` names, and lets it recover.
fn cut_off(stage: &Stage, wanted: impl Fn(&str) -> bool, passings: impl Fn(u64) -> Vec<u64>) -> u64 {
    let mut trials = 0;
    for (point, count) in stage.passings.iter().filter(|(point, _)| wanted(point)) {
        for nth in passings(*count) {
            println!("{}: {point}, passing {nth} of {count}", stage.name);
            let ran = stage.run(&format!("{point}=abort@{nth}"));
            // How often some points are passed is a matter of who is first.
            assert!(ran.code.is_none() || nth > 1, "{}", ran.stderr);
            stage.must_recover();
            trials += 1;
        }
    }
    trials
}

/// The first, the second and one in the middle.
fn three(count: u64) -> Vec<u64> {
    let mut passings = vec![1, 2.min(count), count.div_ceil(2)];
    passings.sort_unstable();
    passings.dedup();
    passings
}

#[test]
fn b1_a_first_sync_that_is_cut_off_goes_on() {
    if can_fail() {
        cut_off(&Stage::first(Disk::Able), |_| true, three);
    }
}
