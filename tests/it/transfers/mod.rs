//! Transfers: whatever happens to a body or an answer on the way, the mirror shows whole files alone, iCloud is asked a bounded
//! number of times, and nobody is asked to sign in without need.
//!
//! The trials of the design and the tests that carry them out:
//!
//! | trial | what is tried | test |
//! |---|---|---|
//! | A1 | a body cut at 0, 1, each 64 KiB and before its last byte | `a1_a_body_cut_anywhere_is_fetched_again`, `a1_a_body_that_never_comes_whole_is_never_seen`, `a1_what_came_of_a_body_that_failed_is_there_for_the_next_run` |
//! | A1 | bodies of 2^30 and 1.01e9 bytes, cut in the middle; takes minutes, so only with `--ignored` | `a1_a_body_of_a_gigabyte_goes_on_where_it_broke` |
//! | A2 | one wrong bit, or the bytes of another file of the same length | `a2_wrong_bytes_of_the_right_length_are_refused`, `a2_wrong_bytes_that_stay_are_named`; in mass: `faults.rs` |
//! | A3 | a range that is ignored, begins elsewhere, is refused, or belongs to other bytes | `a3_parts_are_never_joined_that_do_not_belong_together` |
//! | A4 | something else in place of the body, with status 200 | `a4_what_is_no_file_is_never_taken_for_one` |
//! | A5 | every refusal, once, of every kind of service | `a5_refusals_of_content_hosts`, `a5_refusals_of_changes`, `a5_refusals_of_lists`, `a5_refusals_of_lookups`, `a5_refusals_of_the_stored_sign_in` |
//! | A5 | refusals that stay: the run ends politely | `a5_a_lock_out_is_not_asked_twice`, `a5_a_service_that_asks_for_patience_again_and_again_is_left_alone`, `a5_a_long_pause_is_kept`, `a5_a_run_that_meets_too_much_trouble_ends_and_keeps_what_it_has`; the rules beside the code, `http/patience.rs` and `http/pacing.rs` |
//! | A5 | a session that ends in the middle | `a5_a_session_that_ends_during_a_lookup_is_renewed_once`, `a5_a_session_that_only_a_person_can_renew_ends_the_run_and_keeps_what_it_has`; while listing: `faults.rs`; words and ladders: `session/renewal.rs` |
//! | A6 | URLs that end in the middle of a run | `a6_urls_that_end_in_mid_run_are_renewed_many_at_a_time`, `a6_a_url_of_an_edit_that_is_outdated_by_then_is_not_used`; that end soon: `faults.rs` |
//! | A7 | silence, a slow body, resets, nobody there | `a_tenth_of_all_bodies_failing_in_every_way_harms_nothing` in `faults.rs`, `icloud_out_of_reach_is_told_soon` in `refusals.rs`; the rest needs real networks and runs at night |
//! | A8 | redirects to other hosts or to plain http; such URLs | `a8_bodies_come_from_apple_alone`; beside the code: `http/tests.rs` |
//! | A9 | holes, repeats, missing masters, counts and markers that are wrong, changes that never end | `irregular_lists_lose_no_photo`, `irregular_changes_lose_nothing` in `faults.rs`; a token that ended: `a_lost_history_is_listed_again_and_nothing_is_fetched_twice` in `changes.rs`; half of a list: `deletion_safety`; every damage to a page: `hostile` where it is there, and `icloud/photos/tests.rs` |
//! | A10 | an edit, another, and back | `a10_an_edit_and_back_keeps_every_version` |

mod bodies;
mod endings;
mod refused;

use icloud_sim::photos::{NewPhoto, PhotoKind, Sizes};
use icloud_sim::{Fault, LibrarySpec, Rule};

use crate::environment::{Ran, TestEnvironment};
use crate::oracle;
use crate::tree::{Tree, nothing_is_left_in_staging};

/// A mirror of nothing yet.
fn empty() -> TestEnvironment {
    let here = TestEnvironment::signed_in(LibrarySpec::default());
    here.sync().expect(0);
    here
}

/// Photos of one size each.
fn library(assets: usize) -> LibrarySpec {
    LibrarySpec { assets, sizes: Sizes::Fixed(500), ..LibrarySpec::default() }
}

/// A photo of one file of so many bytes.
fn add(here: &TestEnvironment, size: u64) {
    here.add(NewPhoto { kind: PhotoKind::Heic, size: Some(size), ..NewPhoto::default() });
}

/// An answer in place of another.
fn status(status: u16, headers: &[(&str, &str)], body: &str) -> Fault {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Fault::Status { status, headers, body: body.to_owned() }
}

/// A run that meets these troubles, one after the other, at the requests that match.
#[track_caller]
fn sync_with(here: &TestEnvironment, on: &str, faults: &[Fault], code: i32) -> Ran {
    here.control().clear_faults();
    here.control().reset_counters();
    for fault in faults {
        here.control().add_fault(Rule::new(on, fault.clone()).times(1));
    }
    let ran = here.sync();
    assert_eq!(ran.code, Some(code), "{on} {faults:?}\n{}\n{}", ran.stdout, ran.stderr);
    here.control().clear_faults();
    ran
}

/// The mirror is what iCloud holds.
#[track_caller]
fn all_is_well(here: &TestEnvironment) {
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
    nothing_is_left_in_staging(&here.destination());
}
