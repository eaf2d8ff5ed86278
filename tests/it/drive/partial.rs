//! Listings that lack what is there: nothing leaves the mirror because of one.

use icloud_sim::drive::ROOT;
use icloud_sim::{Fault, Rule};

use super::{DriveEnvironment, furnish};
use crate::environment::Ran;

const LISTING: &str = "drive.retrieveItemDetailsInFolders";

/// A run whose listings meet this trouble. All that is here stays, and iCloud is not asked for a file.
#[track_caller]
fn all_stays(here: &DriveEnvironment, trouble: &Fault) -> Ran {
    let before = here.tree();
    here.0.control().add_fault(Rule::new(LISTING, trouble.clone()));
    let ran = here.sync();
    here.0.control().clear_faults();
    let left = (ran.number("removed"), ran.number("held"), ran.number("moved"), here.bodies());
    assert_eq!(left, (0, 0, 0, 0), "{trouble:?}: {}", ran.stdout);
    here.tree().must_equal(&before);
    assert!(!here.destination().join(".larder/attic").exists(), "{trouble:?}");
    ran
}

/// What is gone from a drive that is listed well again leaves, and nothing else.
#[track_caller]
fn all_is_well_again(here: &DriveEnvironment) {
    here.drive(|drive| {
        let note = drive.find(&["Documents", "Zoë's trips", "note 3.txt"]).unwrap();
        drive.trash(&note).unwrap();
    });
    assert_eq!(here.sync().number("removed"), 1);
    here.must_hold();
}

fn settled() -> DriveEnvironment {
    let here = DriveEnvironment::new();
    here.drive(furnish);
    here.sync();
    here
}

fn warned(ran: &Ran, of: &str) -> bool {
    let warnings = ran.json()["warnings"].take();
    warnings.as_array().unwrap().iter().any(|line| line.as_str().unwrap().contains(of))
}

#[test]
fn a_listing_that_says_that_it_is_short_removes_nothing_and_nobody_is_asked_by_name() {
    for keep in [0, 1] {
        let here = settled();
        let ran = all_stays(&here, &Fault::ItemsCut { keep, silent: false });
        assert!(warned(&ran, "was not listed as a whole"), "{}", ran.stdout);
        let asked = here.0.control().counters().requests("drive.retrieveItemDetails");
        assert_eq!(asked, 0, "absence means nothing in such a crawl");
        all_is_well_again(&here);
    }
}

#[test]
fn a_listing_that_is_short_in_silence_removes_nothing_that_its_name_still_finds() {
    for keep in [0, 1] {
        let here = settled();
        let ran = all_stays(&here, &Fault::ItemsCut { keep, silent: true });
        assert!(warned(&ran, "does not say that it is gone"), "{}", ran.stdout);
        all_is_well_again(&here);
    }
}

#[test]
fn a_deletion_waits_until_every_folder_was_listed_as_a_whole() {
    let here = settled();
    here.drive(|drive| {
        let empty = drive.find(&["empty"]).unwrap();
        drive.trash(&empty).unwrap();
        drive.add_file(ROOT, "later.txt", "later").unwrap();
    });
    here.0.control().add_fault(Rule::new(LISTING, Fault::ItemsCut { keep: 2, silent: false }));
    let ran = here.sync();
    here.0.control().clear_faults();
    assert_eq!((ran.number("removed"), ran.number("held")), (0, 0), "{}", ran.stdout);
    assert!(here.destination().join("empty").exists());
    assert_eq!(here.sync().number("removed"), 1);
    here.must_hold();
}
