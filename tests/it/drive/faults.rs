//! Answers of Drive's services that are refused, broken, or not what was asked for. The run ends as it is documented, and the
//! next one repairs.

use icloud_sim::drive::ROOT;
use icloud_sim::{Fault, Rule};

use super::{DriveEnvironment, furnish};
use crate::tree::Found;

const LISTING: &str = "drive.retrieveItemDetailsInFolders";

/// An answer with this status, which asks for a second's patience where `told`.
fn status(status: u16, told: bool) -> Fault {
    let headers = if told { vec![("Retry-After".to_owned(), "1".to_owned())] } else { vec![] };
    Fault::Status { status, headers, body: String::new() }
}

/// Refusals and answers that are none, each with the exit code of a run that never gets another.
fn refusals() -> Vec<(Fault, i32)> {
    vec![
        (Fault::refused(421, "Authentication required"), 5),
        (Fault::refused(423, "Locked"), 5),
        (status(429, true), 5),
        (status(503, true), 5),
        (Fault::throttled(Some(1)), 5),
        (status(503, false), 5),
        (Fault::refused(500, "Internal"), 5),
        (Fault::refused(403, "Forbidden"), 5),
        (Fault::Html, 5),
        (Fault::Truncate { at: 60 }, 5),
        (Fault::Status { status: 200, headers: vec![], body: "[{\"drivewsid\":".to_owned() }, 5),
    ]
}

/// Tries several at once: they mostly wait.
fn each<T: Sync>(cases: &[T], test: impl Fn(&T) + Sync) {
    for some in cases.chunks(8) {
        std::thread::scope(|scope| {
            for case in some {
                scope.spawn(|| test(case));
            }
        });
    }
}

fn settled() -> DriveEnvironment {
    let here = DriveEnvironment::new();
    here.drive(furnish);
    here.sync();
    here
}

/// Changes of every kind, one of which is a deletion.
fn change(here: &DriveEnvironment) {
    here.drive(|drive| {
        let note = |drive: &icloud_sim::drive::Drive, n: u64| {
            drive.find(&["Documents", "Zoë's trips", &format!("note {n}.txt")]).unwrap()
        };
        for (n, to) in [(1, "renamed.txt"), (2, "note 1.txt")] {
            let id = note(drive, n);
            drive.rename(&id, to).unwrap();
        }
        let (gone, edited) = (note(drive, 3), note(drive, 4));
        drive.trash(&gone).unwrap();
        drive.edit(&edited, "edited").unwrap();
        drive.add_file(ROOT, "later.txt", "later").unwrap();
    });
}

#[test]
fn a_listing_that_is_refused_once_is_asked_for_again() {
    each(&refusals(), |(fault, _)| {
        let here = settled();
        change(&here);
        here.0.control().add_fault(Rule::new(LISTING, fault.clone()).times(1));
        here.sync();
        here.must_hold();
    });
}

#[test]
fn a_listing_that_is_refused_for_good_ends_the_run_and_removes_nothing() {
    // A bare 503 is waited for much longer than any other; `parts` has it, where the first listing is of one folder.
    let bare = |fault: &Fault| matches!(fault, Fault::Status { status: 503, headers, body } if headers.is_empty() && body.is_empty());
    let refusals: Vec<_> = refusals().into_iter().filter(|(fault, _)| !bare(fault)).collect();
    each(&refusals, |(fault, code)| {
        let here = settled();
        let before = here.tree();
        change(&here);
        here.0.control().add_fault(Rule::new(LISTING, fault.clone()));
        let ran = here.0.sync().expect(*code);
        let json = ran.json();
        assert!(json["error"].is_string() && json["complete"] == false, "{fault:?}: {}", ran.stdout);
        assert_eq!(ran.number("removed") + ran.number("held") + ran.number("moved"), 0, "{}", ran.stdout);
        here.tree().must_equal(&before);
        here.0.control().clear_faults();
        if *code == 3 {
            here.0.login();
        }
        here.sync();
        here.must_hold();
    });
}

#[test]
fn a_folder_that_a_listing_lacks_removes_nothing_and_comes_with_the_next_run() {
    let cases = [
        Fault::EntryLeftOut { at: 0 },
        Fault::EntryLeftOut { at: 2 },
        Fault::EntryInvalid { at: 1 },
        Fault::ItemsCut { keep: 1, silent: false },
        Fault::ItemsCut { keep: 1, silent: true },
    ];
    each(&cases, |fault| {
        let here = settled();
        let before = here.tree();
        change(&here);
        let living = here.0.control().drive_inventory();
        here.0.control().add_fault(Rule::new(LISTING, fault.clone()));
        let ran = here.0.sync();
        assert!(matches!(ran.code, Some(0 | 1 | 5)), "{fault:?}: {:?} {}", ran.code, ran.stderr);
        assert!(ran.number("removed") <= 1, "{fault:?}: {}", ran.stdout);
        let now = here.tree();
        for (path, found) in &before.files {
            let same = |other: &Found| other.sha256 == found.sha256;
            let lives = living.files.iter().any(|file| file.sha256.as_ref() == Some(&found.sha256));
            assert!(!lives || now.files.values().any(same), "{fault:?}: {path} left");
        }
        here.0.control().clear_faults();
        here.sync();
        here.must_hold();
    });
}

/// What may come in place of a body, or become of it on the way.
fn of_bodies() -> Vec<(&'static str, Fault)> {
    let longer = Fault::Status { status: 200, headers: vec![], body: "longer than was said ".repeat(99_000) };
    let mut cases = vec![
        ("drive.content", Fault::ContentLength { bytes: 20 }),
        ("drive.content", Fault::Corrupt { at: 3, bit: 4 }),
        ("drive.content", Fault::Stall { after: Some(5) }),
        ("drive.content", longer),
    ];
    for on in ["drive.content", "drive.package"] {
        for code in [403, 404, 410, 500] {
            cases.push((on, status(code, false)));
        }
        let reset = Fault::Reset { after: Some(5) };
        for fault in [status(429, true), Fault::Truncate { at: 5 }, reset, Fault::NoLength, Fault::LostAnswer]
        {
            cases.push((on, fault));
        }
    }
    cases
}

#[test]
fn a_body_that_fails_once_is_fetched_again() {
    each(&of_bodies(), |(on, fault)| {
        let here = DriveEnvironment::new();
        here.drive(furnish);
        here.0.control().add_fault(Rule::new(on, fault.clone()).times(1));
        let ran = here.sync();
        assert_eq!((ran.number("failed"), ran.number("disputed")), (0, 0), "{on} {}", ran.stdout);
        here.must_hold();
    });
}

/// The other files come, one is named, and the next run brings it.
#[track_caller]
fn one_fails(here: &DriveEnvironment, case: &str) {
    let ran = here.0.sync().expect(1);
    let all = here.0.control().drive_inventory().files.len() as u64;
    assert_eq!((ran.number("failed"), ran.number("fetched")), (1, all - 1), "{case}: {}", ran.stdout);
    assert_eq!(here.tree().files.len() as u64, all - 1, "{case}");
    here.0.control().clear_faults();
    here.drive(|drive| drive.quirks().failing.clear());
    let ran = here.sync();
    assert_eq!(ran.number("fetched"), 1, "{case}: {}", ran.stdout);
    here.must_hold();
}

#[test]
fn a_body_that_fails_for_good_stops_no_other() {
    let faults = [Fault::Gone, status(403, false), status(500, false), Fault::Truncate { at: 5 }];
    each(&faults, |fault| {
        let here = DriveEnvironment::new();
        here.drive(furnish);
        here.0.control().add_fault(Rule::new("drive.package", fault.clone()));
        one_fails(&here, &format!("{fault:?}"));
    });
}

#[test]
fn a_document_without_an_address_stops_no_other() {
    // Where one request for many is refused, each is asked for by itself.
    let (gone, broken) = (Fault::refused(404, "Not Found"), Fault::refused(500, "Internal"));
    each(
        &[("gone", Some(gone), 1), ("broken", Some(broken), 4), ("failing", None, 0)],
        |(case, fault, times)| {
            let here = DriveEnvironment::new();
            here.drive(furnish);
            if let Some(fault) = fault {
                here.0
                    .control()
                    .add_fault(Rule::new("drive.download/batch", Fault::refused(404, "Not Found")));
                here.0.control().add_fault(Rule::new("drive.download/by_id", fault.clone()).times(*times));
            } else {
                here.drive(|drive| {
                    let note = drive.find(&["Documents", "Zoë's trips", "note 3.txt"]).unwrap();
                    drive.quirks().failing.push(note);
                });
            }
            one_fails(&here, case);
        },
    );
}
