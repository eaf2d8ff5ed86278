//! B1: the process ends at a point, the next run goes on.

use icloud_sim::LibrarySpec;

use super::stage::{Disk, Stage};
use super::{STAGES, can_fail, is_meant};
use crate::environment::TestEnvironment;

/// Points that only look: ending there is ending before whatever comes next.
const LOOKS: [&str; 4] = ["tree.open", "tree.stat", "tree.read", "tree.space"];

/// Cuts a stage off at some passings of every point that `wanted` names, and lets it recover.
pub(super) fn cut_off(stage: &Stage, wanted: impl Fn(&str) -> bool, passings: impl Fn(u64) -> Vec<u64>) {
    for (point, count) in stage.passings.iter().filter(|(point, _)| wanted(point)) {
        for nth in passings(*count) {
            println!("{}: {point}, passing {nth} of {count}", stage.name);
            let ran = stage.run(&format!("{point}=abort@{nth}"));
            // How often some points are passed is a matter of who is first.
            assert!(ran.code.is_none() || nth > 1, "{}", ran.stderr);
            stage.must_recover();
        }
    }
}

/// The first, the second and one in the middle.
pub(super) fn three(count: u64) -> Vec<u64> {
    let mut passings = vec![1, 2.min(count), count.div_ceil(2)];
    passings.sort_unstable();
    passings.dedup();
    passings
}

/// One at the beginning and one in the middle.
pub(super) fn two(count: u64) -> Vec<u64> {
    let mut passings = vec![1 + count % 2, count.div_ceil(2)];
    passings.sort_unstable();
    passings.dedup();
    passings.retain(|nth| *nth <= count);
    passings
}

fn changes_something(point: &str) -> bool {
    !LOOKS.contains(&point)
}

#[test]
fn b1_a_first_sync_that_is_cut_off_goes_on() {
    if can_fail() {
        cut_off(&Stage::first(Disk::Able), changes_something, three);
    }
}

#[test]
fn b1_a_later_sync_that_is_cut_off_goes_on() {
    if can_fail() {
        cut_off(&Stage::second(Disk::Able), changes_something, two);
        let again = |point: &str| ["staging.truncate", "staging.sweep", "state.commit"].contains(&point);
        cut_off(&Stage::third(Disk::Able), again, two);
    }
}

#[test]
fn b1_a_restore_or_a_login_that_is_cut_off_goes_on() {
    if !can_fail() {
        return;
    }
    let moves =
        |point: &str| ["move.rename", "state.commit", "state.committed", "tree.syncdir"].contains(&point);
    cut_off(&Stage::restore(Disk::Able, false), moves, two);
    cut_off(&Stage::restore(Disk::Able, true), |point| point.starts_with("outlet."), two);
    cut_off(&Stage::login(), |point| point.starts_with("secret."), two);
    let here = TestEnvironment::signed_in(LibrarySpec::default());
    let cut = here.larder(&["logout"]).env("LARDER_FAILPOINTS", "secret.remove=abort@1").run();
    assert_eq!(cut.code, None);
    here.larder(&["logout"]).run().expect(0);
    assert!(!here.state_dir().join("session.json").exists());
}

#[test]
fn b1_what_stands_in_where_a_file_system_cannot_do_all_is_cut_off_too() {
    const STAND_INS: [&str; 12] = [
        "beside.note",
        "beside.copy",
        "beside.rename",
        "beside.forget",
        "attic.copy",
        "attic.place",
        "attic.unlink",
        "move.unlink",
        "place.link",
        "place.unlink",
        "place.plain",
        "view.",
    ];
    if !can_fail() {
        return;
    }
    let stands_in = |point: &str| STAND_INS.iter().any(|name| point.starts_with(name));
    for disk in [Disk::Split, Disk::Plain, Disk::Linking] {
        cut_off(&Stage::second(disk), stands_in, two);
    }
    let removes = |point: &str| ["tree.remove", "attic.rename", "replace.exchange"].contains(&point);
    cut_off(&Stage::second(Disk::Plain), removes, two);
}

#[test]
#[ignore = "takes many minutes"]
fn b1_every_stage_is_cut_off_at_every_point() {
    if can_fail() {
        for stage in STAGES {
            let stage = stage();
            if !is_meant(&stage) {
                continue;
            }
            cut_off(
                &stage,
                |_| true,
                |count| (1..=count).step_by(1 + usize::try_from(count / 7).unwrap()).collect(),
            );
        }
    }
}
