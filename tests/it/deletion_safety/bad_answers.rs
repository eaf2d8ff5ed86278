//! E1: answers that are well formed and wrong.

use std::fs;

use icloud_sim::photos::{Mutation, NewPhoto, Quirks, SharedRole};
use icloud_sim::{Account, Config, Fault, LibrarySpec, Rule};

use super::{in_attic, mirrored, removes_nothing};
use crate::environment::TestEnvironment;
use crate::oracle;
use crate::tree::Tree;

fn library() -> LibrarySpec {
    LibrarySpec { assets: 60, albums: 4, folders: 1, ..LibrarySpec::default() }
}

fn quirks(here: &TestEnvironment, quirks: Quirks) {
    here.control().photos(|photos| *photos.quirks() = quirks);
}

/// What iCloud last told is forgotten, so that it is all asked for again.
fn ask_for_everything(here: &TestEnvironment) {
    here.change(Mutation::ResetZone { zone: None });
}

/// Once iCloud answers well again, everything is as it was.
#[track_caller]
fn all_is_well_again(here: &TestEnvironment) {
    quirks(here, Quirks::default());
    here.control().clear_faults();
    here.add(NewPhoto::default());
    here.sync().expect(0);
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
    assert_eq!(in_attic(here), 0);
}

#[test]
fn e1_an_empty_library_removes_nothing() {
    for state_lost in [false, true] {
        let here = mirrored(library());
        let empty = Quirks { lists_end_after: Some(0), count_off_by: -1_000_000, ..Quirks::default() };
        quirks(&here, empty);
        if state_lost {
            here.lose_state();
        } else {
            ask_for_everything(&here);
        }
        removes_nothing(&here);
        removes_nothing(&here);
        if state_lost {
            // Nothing more comes by itself: what was listed as empty is empty. Another loss of tokens mends it.
            ask_for_everything(&here);
        }
        all_is_well_again(&here);
    }
}

#[test]
fn e1_an_answer_without_libraries_stops_the_run() {
    for body in [r#"{"zones":[]}"#, "{}"] {
        let here = mirrored(library());
        let empty = Fault::Status { status: 200, headers: vec![], body: body.to_owned() };
        here.control().add_fault(Rule::new("changes/zone", empty));
        let ran = removes_nothing(&here);
        assert_eq!(ran.code, Some(5), "{body}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.json()["error"].is_string());
        all_is_well_again(&here);
    }
}

#[test]
fn e1_half_of_a_library_removes_nothing() {
    let here = mirrored(library());
    quirks(&here, Quirks { lists_end_after: Some(30), ..Quirks::default() });
    ask_for_everything(&here);
    let ran = removes_nothing(&here);
    let warnings = ran.json()["warnings"].to_string();
    assert!(warnings.contains("listed again") && warnings.contains("counter"), "{warnings}");
    all_is_well_again(&here);
}

#[test]
fn e1_a_count_of_nothing_removes_nothing() {
    let here = mirrored(library());
    quirks(&here, Quirks { count_off_by: -1_000_000, ..Quirks::default() });
    ask_for_everything(&here);
    removes_nothing(&here);
    all_is_well_again(&here);
}

#[test]
fn e1_a_missing_library_removes_nothing() {
    for shared in [SharedRole::Owner, SharedRole::Participant] {
        for lost in [0, 1] {
            let here = mirrored(LibrarySpec { shared_library: shared, ..library() });
            let zone = here.inventory().zones[lost].name.clone();
            let gone =
                Quirks { unlisted_zones: vec![zone.clone()], closed_zones: vec![zone], ..Quirks::default() };
            quirks(&here, gone);
            for _ in 0..2 {
                let ran = removes_nothing(&here);
                let told = format!("{}{}", ran.stdout, ran.stderr);
                let library = ["Personal", "Shared Library"][lost];
                assert!(told.contains(&format!("{library}: ")), "{shared:?} {lost}: {told}");
            }
            all_is_well_again(&here);
        }
    }
}

#[test]
fn e1_a_library_that_was_left_removes_nothing() {
    for shared in [SharedRole::Owner, SharedRole::Participant] {
        let here = mirrored(LibrarySpec { shared_library: shared, ..library() });
        let zone = here.inventory().zones[1].name.clone();
        here.change(Mutation::RemoveZone { zone });
        let ran = removes_nothing(&here);
        let warnings = ran.json()["warnings"].to_string();
        assert!(warnings.contains("Shared Library") && warnings.contains("Nothing on disk"), "{warnings}");
        removes_nothing(&here);
    }
}

fn of(apple_id: &str, seed: u64) -> Config {
    let account = Account { apple_id: apple_id.to_owned(), ..Account::default() };
    Config { account, library: LibrarySpec { seed, ..library() }, ..Config::default() }
}

#[test]
fn e1_the_session_of_another_apple_id_is_refused() {
    let here = mirrored(library());
    let other = TestEnvironment::new(of("other@example.com", 5));
    other.login();
    fs::copy(other.state_dir().join("session.json"), here.state_dir().join("session.json")).unwrap();
    let ran = removes_nothing(&here);
    assert_eq!(ran.code, Some(2), "{}{}", ran.stdout, ran.stderr);

    // And the other way round: the job file names another account than the state is of.
    fs::copy(other.job_file(), here.job_file()).unwrap();
    let text = fs::read_to_string(here.job_file()).unwrap();
    let (theirs, ours) = (other.destination(), here.destination());
    fs::write(here.job_file(), text.replace(theirs.to_str().unwrap(), ours.to_str().unwrap())).unwrap();
    let ran = removes_nothing(&here);
    assert_eq!(ran.code, Some(2), "{}{}", ran.stdout, ran.stderr);
}

/// The Apple ID is the same and what answers is another account: its libraries have another owner.
#[test]
fn e1_another_owners_library_is_not_taken_for_ones_own() {
    // Under the name that one's own has, and under another one, as when Apple moves a library.
    for (assets, moved) in [(60, false), (10, false), (10, true)] {
        let here = mirrored(LibrarySpec { assets, ..library() });
        let other = TestEnvironment::new(of("you@example.com", 5));
        other.login();
        if moved {
            other.change(Mutation::MigrateZone);
        }
        let session = here.state_dir().join("session.json");
        let own = fs::read(&session).unwrap();
        fs::copy(other.state_dir().join("session.json"), &session).unwrap();
        let before = Tree::read(&here.destination());
        for _ in 0..2 {
            let endpoint = other.endpoint();
            let ran = here.larder(&["sync", "--once", "--json"]).env("LARDER_ENDPOINT", endpoint).run();
            Tree::read(&here.destination()).must_equal(&before);
            assert_eq!(other.content_requests(), 0, "nothing of theirs is fetched");
            assert_eq!(in_attic(&here), 0);
            assert_ne!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
        }
        fs::write(&session, own).unwrap();
        here.sync().expect(0);
        Tree::read(&here.destination()).must_equal(&before);
    }
}
