//! Deletion safety: nothing leaves the mirror because iCloud answered badly.
//!
//! The trials of the design and the tests that carry them out:
//!
//! | trial | what is tried | test |
//! |---|---|---|
//! | E1 | an empty library, answered with 200 | `e1_an_empty_library_removes_nothing`, `e1_an_answer_without_libraries_stops_the_run` |
//! | E1 | half of the pages | `e1_half_of_a_library_removes_nothing` |
//! | E1 | a count of 0 | `e1_a_count_of_nothing_removes_nothing` |
//! | E1 | a library that is missing, for a while or for good | `e1_a_missing_library_removes_nothing`, `e1_a_library_that_was_left_removes_nothing` |
//! | E1 | the session of another account | `e1_the_session_of_another_apple_id_is_refused`, `e1_another_owners_library_is_not_taken_for_ones_own` |
//! | E2 | the brake; this project's is `stop_above`: 10 %, never below 20 files, never above 500 | `e2_twenty_files_may_leave_and_twenty_one_may_not`, `e2_a_tenth_of_a_larger_library_may_leave`; the upper end and `--confirm-removals` in `removals.rs` and beside the code |
//! | E3 | a deleted photo and a living one of the same name and day | `e3_a_living_photo_keeps_its_file_when_its_namesake_is_deleted`, `e3_a_living_photo_keeps_its_file_when_its_double_is_deleted` |
//! | E4 | the job's filters narrowed (there are no filters by album) | `e4_what_the_job_file_leaves_out_stays` |
//! | E5 | how long things stay in the attic. In place of a clock that is set, the folders of the attic are given older dates: their names are all that expiry looks at | `e5_the_attic_forgets_what_is_old_enough_and_nothing_else` |
//! | E5 | an attic on a full disk; needs to mount, skipped otherwise | `e5_a_full_disk_loses_nothing` |
//! | E6 | files of others, the marker, sidecars of other programs | `e6_what_others_put_there_is_never_touched` |

mod bad_answers;
mod brake;
mod retention;
mod strangers;

use icloud_sim::LibrarySpec;
use icloud_sim::photos::Mutation;

use crate::environment::{Ran, TestEnvironment, bytes_below};
use crate::tree::Tree;

/// A mirror of some photos that is up to date.
fn mirrored(library: LibrarySpec) -> TestEnvironment {
    let here = TestEnvironment::signed_in(library);
    here.sync().expect(0);
    here
}

/// The record names of the living photos of the personal library.
fn living(here: &TestEnvironment) -> Vec<String> {
    let zone = here.inventory().zones.swap_remove(0);
    zone.assets.into_iter().filter(|asset| !asset.deleted).map(|asset| asset.record_name).collect()
}

/// A run that may end as it likes, and removes nothing.
#[track_caller]
fn removes_nothing(here: &TestEnvironment) -> Ran {
    let before = Tree::read(&here.destination());
    let ran = here.sync();
    Tree::read(&here.destination()).must_equal(&before);
    assert_eq!(in_attic(here), 0);
    ran
}

/// How many files are in the attic.
fn in_attic(here: &TestEnvironment) -> usize {
    let attic = here.destination().join(".larder/attic");
    if attic.exists() { bytes_below(&attic).len() } else { 0 }
}

fn delete(here: &TestEnvironment, assets: impl IntoIterator<Item = String>) {
    for asset in assets {
        here.change(Mutation::Delete { asset });
    }
}
