//! What a power cut asks for and no kill can show: content lasts before it has a name, names last before the state tells of
//! them, and an older version is kept before a newer one takes its place.
//!
//! The order of the steps is read from the failpoints that a run passes, one file at a time.

use std::fs;

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{Mutation, NewPhoto, PhotoKind};

use super::can_fail;
use crate::environment::TestEnvironment;

/// An empty mirror that is up to date.
fn empty() -> TestEnvironment {
    let here = TestEnvironment::signed_in(LibrarySpec::default());
    here.sync().expect(0);
    here
}

/// The points that a command passes, in order.
#[track_caller]
fn steps(here: &TestEnvironment, command: &[&str]) -> Vec<String> {
    let ran = here.larder(command).env("LARDER_LOG", "larder::failpoint=trace").run().expect(0);
    ran.stderr.lines().filter_map(|line| Some(line.split_once(" passes ")?.1.to_owned())).collect()
}

/// Fails unless, from the last passing of `from` to the first one of `to` after it, `between` is passed.
#[track_caller]
fn must_pass(steps: &[String], from: &str, between: &str, to: &str) {
    let start =
        steps.iter().rposition(|step| step == from).unwrap_or_else(|| panic!("no {from} in {steps:?}"));
    let end = steps[start..].iter().position(|step| step == to).map_or(steps.len(), |end| start + end);
    assert!(steps[start..end].iter().any(|step| step == between), "no {between}: {:?}", &steps[start..end]);
}

#[test]
fn b3_a_new_file_lasts_before_it_has_a_name_and_its_name_before_it_is_recorded() {
    if !can_fail() {
        return;
    }
    let here = empty();
    here.add(NewPhoto { kind: PhotoKind::Heic, ..NewPhoto::default() });
    let steps = steps(&here, &["sync", "--once"]);
    must_pass(&steps, "staging.write", "place.sync", "place.rename");
    must_pass(&steps, "place.rename", "tree.syncdir", "state.commit");
}

#[test]
fn b3_an_older_version_is_kept_for_good_before_a_newer_one_takes_its_place() {
    if !can_fail() {
        return;
    }
    let here = empty();
    let asset = here.add(NewPhoto { kind: PhotoKind::Heic, ..NewPhoto::default() });
    here.change(Mutation::Edit { asset: asset.clone() });
    here.sync().expect(0);
    here.change(Mutation::Edit { asset });
    let steps = steps(&here, &["sync", "--once"]);
    must_pass(&steps, "staging.write", "place.sync", "replace.exchange");
    must_pass(&steps, "attic.link", "tree.syncdir", "replace.exchange");
    must_pass(&steps, "replace.exchange", "tree.syncdir", "state.commit");
}

#[test]
fn b3_what_leaves_is_in_the_attic_for_good_before_that_is_recorded_and_so_is_what_comes_back() {
    if !can_fail() {
        return;
    }
    let here = empty();
    let asset = here.add(NewPhoto { kind: PhotoKind::Heic, ..NewPhoto::default() });
    here.sync().expect(0);
    here.change(Mutation::Delete { asset: asset.clone() });
    must_pass(&steps(&here, &["sync", "--once"]), "attic.rename", "tree.syncdir", "state.commit");
    here.change(Mutation::Restore { asset });
    must_pass(&steps(&here, &["sync", "--once"]), "move.rename", "tree.syncdir", "state.commit");
}

#[test]
fn b3_a_copy_for_a_person_lasts_before_it_has_a_name() {
    if !can_fail() {
        return;
    }
    let here = empty();
    let asset = here.add(NewPhoto { kind: PhotoKind::Heic, ..NewPhoto::default() });
    here.sync().expect(0);
    here.change(Mutation::Delete { asset });
    here.sync().expect(0);
    let out = here.path("out");
    let year = fs::read_dir(here.destination().join(".larder/attic")).unwrap().next().unwrap().unwrap();
    let year = fs::read_dir(year.path()).unwrap().next().unwrap().unwrap().file_name().into_string().unwrap();
    let steps = steps(&here, &["restore", "--to", out.to_str().unwrap(), &year]);
    must_pass(&steps, "outlet.write", "outlet.sync", "outlet.rename");
    must_pass(&steps, "outlet.rename", "tree.syncdir", "none");
}
