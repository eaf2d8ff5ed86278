//! The trials that every change has to pass, and the tests that they are.
//!
//! A trial is something that larder must survive: A transfers, B crashes, C disks, E deletion, F bit rot, G file systems, I sign-in
//! and secrets, J hostile input. Tests of a trial are named by it where they were written for it alone. That every test named here
//! exists is a test itself.
//!
//! | trial | what happens | tests |
//! |---|---|---|
//! | A1 | a body is cut at every boundary | `a1_a_body_cut_anywhere_is_fetched_again`, `a1_a_body_that_never_comes_whole_is_never_seen`, `a1_a_body_of_a_gigabyte_goes_on_where_it_broke` (by hand: it moves a gigabyte) |
//! | A2 | a flipped bit, swapped files of one length | `a2_wrong_bytes_of_the_right_length_are_refused`, `a2_wrong_bytes_that_stay_are_named` |
//! | A3 | `Range` that is ignored or answered wrongly, content that changes between parts | `a3_parts_are_never_joined_that_do_not_belong_together` |
//! | A4 | HTML, JSON, nothing, or a compressed body in place of a file | `a4_what_is_no_file_is_never_taken_for_one` |
//! | A5 | every refusal on every endpoint | `a5_refusals_of_lists`, `a5_refusals_of_lookups`, `a5_refusals_of_changes`, `a5_refusals_of_content_hosts`, `a5_refusals_of_the_stored_sign_in`, `a5_a_run_that_meets_too_much_trouble_ends_and_keeps_what_it_has`, `a5_a_service_that_asks_for_patience_again_and_again_is_left_alone` |
//! | A6 | URLs end in mid-run | `a6_urls_that_end_in_mid_run_are_renewed_many_at_a_time`, `a6_a_url_of_an_edit_that_is_outdated_by_then_is_not_used` |
//! | A8 | redirects to other hosts or to plain http | `a8_bodies_come_from_apple_alone` |
//! | A9 | pages that are empty, repeated, in another order, without end, or lack a master; tokens that end | `irregular_lists_lose_no_photo`, `irregular_changes_lose_nothing`, `more_changes_announced_for_ever`, `more_libraries_announced_for_ever` |
//! | A10 | an edit, and back | `a10_an_edit_and_back_keeps_every_version` |
//! | B1 | the process ends at every durable step | `b1_a_first_sync_that_is_cut_off_goes_on`, `b1_a_later_sync_that_is_cut_off_goes_on`, `b1_a_restore_or_a_login_that_is_cut_off_goes_on`, `b1_what_stands_in_where_a_file_system_cannot_do_all_is_cut_off_too`, `b1_every_stage_is_cut_off_at_every_point` (by hand: all stages times all points), `no_point_is_forgotten` |
//! | B5 | a sync that fails once | `b5_what_could_not_be_synced_is_fetched_again` |
//! | B6 | a state with changed pages, cut short, zeroed, or an older copy of it | `b6_a_damaged_state_never_panics`, `b6_a_power_cut_leaves_a_committed_state`, `a_state_with_a_page_of_other_bytes_is_never_believed`, `a_state_cut_short_is_put_aside_and_rebuilt`, `zeroes_at_the_end_of_a_state_do_no_harm`, `an_older_copy_put_back_loses_nothing_and_fetches_nothing` |
//! | C1 | the disk is full, or the quota | `c1_what_does_not_fit_is_not_begun_and_the_rest_comes`, `c1_a_disk_that_others_fill_meanwhile_ends_the_run_and_gets_its_partial_files_back`, `c1_a_state_on_a_full_disk_ends_the_run_and_goes_on_later`, `c1_a_disk_that_stays_full_is_told_every_time_and_loses_nothing` |
//! | C2 | every error of a disk at every call | `c1_c2_a_first_sync_whose_disk_fails_once_goes_on_later`, `c1_c2_a_later_sync_whose_disk_fails_once_goes_on_later`, `c1_c2_every_point_fails_with_every_error` (by hand: all errors times all points), `c2_one_bad_path_does_not_stop_the_others` |
//! | C3 | the destination is unmounted, empty, or another disk | `c3_an_unmounted_destination_is_refused_and_nothing_is_written_below_its_mount_point`, `c3_a_destination_that_goes_away_during_a_run_ends_it_and_nothing_is_written_below`, `c3_another_disk_at_the_same_place_is_refused_and_stays_as_it_is` |
//! | C4 | other programs replace, edit or link files between look and rename | `c4_a_name_that_is_taken_in_the_last_instant_is_never_replaced`, `c4_a_link_in_the_place_of_a_file_is_never_followed`, `c4_a_directory_that_is_swapped_for_a_link_all_the_time_leads_nothing_out`, `c4_a_file_that_is_edited_before_it_is_kept_is_kept_as_it_is_now`, `c4_what_is_exchanged_for_a_file_while_that_is_replaced_is_lost_by_nobody`, `c4_a_file_that_is_swapped_between_the_copy_for_the_attic_and_the_exchange_is_kept_too` |
//! | C5 | a disk that is read-only from the start | `c5_a_read_only_destination_ends_a_run_before_it_asks_icloud_and_can_be_looked_at` |
//! | E1 | an empty or halved library, a count of nothing, a missing zone, the session of somebody else | `e1_an_empty_library_removes_nothing`, `e1_half_of_a_library_removes_nothing`, `e1_a_count_of_nothing_removes_nothing`, `e1_a_missing_library_removes_nothing`, `e1_a_library_that_was_left_removes_nothing`, `e1_an_answer_without_libraries_stops_the_run`, `e1_another_owners_library_is_not_taken_for_ones_own`, `e1_the_session_of_another_apple_id_is_refused` |
//! | E2 | the brake; its limits are those of the job file, a share between 20 and 500 files | `e2_twenty_files_may_leave_and_twenty_one_may_not`, `e2_a_tenth_of_a_larger_library_may_leave`, `e2_the_brake_counts_files_that_leave_and_not_those_that_move` |
//! | E3 | a deleted twin with the same path | `e3_a_living_photo_keeps_its_file_when_its_double_is_deleted`, `e3_a_living_photo_keeps_its_file_when_its_namesake_is_deleted` |
//! | E4 | the job file leaves out what it had before | `e4_what_the_job_file_leaves_out_stays` |
//! | E5 | the attic: how long, on a full disk, and back from it | `e5_the_attic_forgets_what_is_old_enough_and_nothing_else`, `e5_the_attic_on_a_full_disk_keeps_what_leaves`, `e5_a_full_disk_loses_nothing` |
//! | E6 | files of others, markers, sidecars | `e6_what_others_put_there_is_never_touched` |
//! | F2 | bytes change while size and time stay | `every_flipped_bit_is_found_and_repaired`, `whatever_is_wrong_is_told_apart_and_put_right` |
//! | F3 | a slice a night reads everything | `every_file_is_read_within_as_many_nights_as_there_are_shares`, `everything_is_read_within_as_many_nights_as_there_are_shares` |
//! | G1, G2, G5, G7 | names that are one to a disk, coarse times, no hard links | `g1_g2_a_disk_that_folds_case_and_form_holds_twins`, `g1_g2_g5_g7_a_fat_disk_holds_twins_albums_and_times_in_steps_of_two_seconds`, `g1_an_xfs_that_folds_case_holds_twins` (each where the machine can mount such a disk) |
//! | G4 | what stands in where a file system cannot do all | `g4_ext4_in_an_image_holds_twins`, `b1_what_stands_in_where_a_file_system_cannot_do_all_is_cut_off_too`, `every_form_shows_the_same_and_can_be_changed_into_every_other` |
//! | I1 | all answers of the sign-in services | `what_account_login_says_to_a_stored_sign_in`, `what_statuses_of_setup_lead_to`, `what_complete_says_without_a_person`, `what_a_code_is_answered_with`, `recorded_sign_ins_end_as_they_did` |
//! | I2 | wrong codes, locks, no push, messages, keys, terms, regions | `a_wrong_code_may_be_followed_by_two_more_and_no_push_is_sent_for_it`, `accounts_that_cannot_be_used_are_told_apart_before_a_code_is_asked_for`, `security_keys_are_found_before_anything_is_asked`, `a_login_by_message`, `terms_and_web_access_are_for_the_person`, `another_region_is_named`, `a_refused_push_leaves_messages` |
//! | I3 | nobody is there: one attempt, no push | `without_a_person_no_code_is_asked_for`, `a_wrong_password_is_never_tried_twice`, `the_budget_of_handshakes_holds` |
//! | I4 | a session that ends in a long run | `a_session_that_ends_in_mid_run_is_renewed_in_silence`, `many_workers_are_served_by_one_renewal` |
//! | I5 | secrets in logs, arguments, environment, state, dumps | `no_secret_is_in_text_logs_or_files`, `no_secret_is_in_json_logs_or_files`, `a_running_larder_has_no_children_no_secret_arguments_and_no_core_dump`, `no_secret_is_logged_at_any_level` |
//! | I6 | files that others can read | `files_that_are_open_to_others_are_closed_and_that_is_told`, `files_and_directories_get_the_modes_of_the_job_file_and_hidden_ones_never` |
//! | J | parsers fed with anything | `records_of_a_page`, `names_of_files_and_albums`, `paths_of_the_mirror`, `job_files`, `layouts`, `session_files`, `rows_that_changed_are_read_or_refused`, `json_a_hundred_thousand_levels_deep`, `a_gzip_bomb`, `a_hundred_megabytes_of_headers` |
//!
//! Longer ones, by command: B2 `b2_kills_at_random_moments`, B3 `b3_whole_runs_converge_when_the_state_loses_what_was_not_synced`
//! (the state's storage drops, reorders and tears; for the tree, the order of its syncs is held by the failpoints). All at once:
//! `a_soak`, of which `a_short_soak` runs with every change.
//!
//! Left out, and why:
//!
//! * A7 in parts: a host that stalls, resets or trickles is in `hostile` and `transfers`; DNS, IPv6 and captive portals need a
//!   network of one's own.
//! * B4: power cuts of virtual machines need other kernels than tests can count on.
//! * B7: there is no import; a change of layout, a repair and a migration that are cut off are stages of B1.
//! * C6: other users and user namespaces need root and more than one account.
//! * F1 and F4 at their full size; F2 flips every bit of a small mirror, and reads go past the system's memory.
//! * I7, I8: consent for Advanced Data Protection and the sign-in page do not exist yet; that consent is missing is told.
//! * J: sidecars, HEIC boxes and packages are not read yet; differences to other tools' names are no promise.

use std::fs;
use std::path::{Path, PathBuf};

/// Every source file below a directory.
fn sources(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn every_test_that_the_table_names_exists() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for dir in ["src", "tests/it", "tests/icloud-sim/src"] {
        sources(&top.join(dir), &mut files);
    }
    let code: String = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let mut named = 0;
    for line in include_str!("trials.rs").lines().filter(|line| line.starts_with("//!")) {
        let words = line.split('`').skip(1).step_by(2);
        for name in words.filter(|word| word.contains('_') && !word.contains(['.', '/'])) {
            assert!(code.contains(&format!("fn {name}(")), "there is no test `{name}`");
            named += 1;
        }
    }
    assert!(named > 80, "{named}");
    // A test of a trial that the table forgot is not found by whoever looks for it.
    for line in code.lines().filter_map(|line| line.trim().strip_prefix("fn ")) {
        let name = line.split('(').next().unwrap_or_default();
        let id = name.split('_').next().unwrap_or_default();
        let trial = id.len() >= 2 && id[1..].bytes().all(|digit| digit.is_ascii_digit());
        if trial && id.starts_with(['a', 'b', 'c', 'e', 'f', 'i', 'j']) {
            let letter = id.to_uppercase();
            let known = include_str!("trials.rs").contains(&format!("| {letter} |"));
            assert!(known || include_str!("trials.rs").contains(&format!(" {letter} ")), "{name}");
        }
    }
}
