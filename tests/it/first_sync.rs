//! The first run on a large and awkward library, and the runs after it.

use std::time::Duration;

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{Mutation, NewPhoto, PhotoKind, SharedRole};

use crate::environment::TestEnvironment;
use crate::oracle;
use crate::tree::{Tree, nothing_is_left_in_staging};

/// 2024-07-14, noon UTC.
const NOON: i64 = 1_720_958_400_000;

fn awkward(shared_library: SharedRole, seed: u64) -> LibrarySpec {
    LibrarySpec {
        assets: 1_000,
        albums: 30,
        folders: 6,
        seed,
        awkward: true,
        shared_library,
        disputed: true,
        ..LibrarySpec::default()
    }
}

#[test]
fn everything_comes_home_with_a_shared_library_of_ones_own() {
    everything_comes_home(SharedRole::Owner, 1);
}

#[test]
fn everything_comes_home_with_a_shared_library_of_somebody_else() {
    everything_comes_home(SharedRole::Participant, 2);
}

fn everything_comes_home(shared: SharedRole, seed: u64) {
    let here = TestEnvironment::signed_in(awkward(shared, seed));
    let inventory = here.inventory();
    let photos = oracle::mirror_of(&inventory);
    let (files, disputed) = (oracle::count(&photos), oracle::disputed(&photos));
    assert!(photos.len() > 1_100 && disputed == 1, "{} photos, {disputed} disputed", photos.len());

    let ran = here.sync().expect(0);
    Tree::read(&here.destination()).must_hold(&photos);
    nothing_is_left_in_staging(&here.destination());
    assert_eq!(here.content_requests(), oracle::requests(&photos));
    let not_provable = oracle::not_provable(&photos);
    let waiting = oracle::waiting(&photos);
    assert!(not_provable > 0 && waiting > 0, "the library is not awkward");
    for (key, expected) in [
        ("fetched", oracle::fetches(&photos)),
        ("fetched_bytes", oracle::fetched_bytes(&photos)),
        ("proven", files - not_provable - disputed),
        ("not_provable", not_provable),
        ("disputed", disputed),
        ("waiting", waiting),
        ("broken", 0),
        ("failed", 0),
        ("adopted", files - oracle::fetches(&photos)),
        ("kept", 0),
    ] {
        assert_eq!(ran.number(key), expected, "{key} in {}", ran.stdout);
    }
    assert_eq!(ran.json()["complete"], true);
    assert_eq!(ran.json()["disputed_items"].as_array().unwrap().len(), 1);

    nothing_is_listed_or_fetched_again(&here, &photos);
}

fn nothing_is_listed_or_fetched_again(here: &TestEnvironment, photos: &[oracle::Photo]) {
    let before = Tree::read(&here.destination());
    here.control().reset_counters();
    let ran = here.sync().expect(0);
    assert_eq!(here.content_requests(), 0);
    assert_eq!(here.control().counters().requests("ck.private.records/query"), 0, "nothing is listed");
    assert_eq!((ran.number("fetched"), ran.number("waiting")), (0, oracle::waiting(photos)));
    Tree::read(&here.destination()).must_equal(&before);
}

#[test]
fn a_run_that_lost_its_state_recognises_every_file() {
    let library = LibrarySpec { disputed: false, ..awkward(SharedRole::Owner, 3) };
    recognises_every_file(&TestEnvironment::signed_in(library));
}

#[test]
fn a_run_that_lost_its_state_recognises_what_no_checksum_proves() {
    recognises_every_file(&TestEnvironment::signed_in(awkward(SharedRole::Participant, 4)));
}

#[test]
fn a_run_that_lost_its_state_tells_photos_of_one_content_apart() {
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 20, ..LibrarySpec::default() });
    let photo = NewPhoto { kind: PhotoKind::Live, date_ms: Some(NOON), ..NewPhoto::default() };
    let asset = here.add(photo);
    // Each becomes known after the ones before it; in a listing some are before them and some behind.
    for date in [NOON - 2_000, NOON + 1_000, NOON - 3_000] {
        here.sync().expect(0);
        let copy = here.change(Mutation::Duplicate { asset: asset.clone() });
        let asset = copy["asset"].as_str().unwrap().to_owned();
        here.change(Mutation::SetDate { asset, date_ms: Some(date), time_zone_offset: None });
    }
    recognises_every_file(&here);
}

fn recognises_every_file(here: &TestEnvironment) {
    here.sync().expect(0);
    let photos = oracle::mirror_of(&here.inventory());
    let before = Tree::read(&here.destination());
    here.lose_state();
    here.control().reset_counters();

    let ran = here.sync().expect(0);
    Tree::read(&here.destination()).must_equal(&before);
    let (not_provable, disputed) = (oracle::not_provable(&photos), oracle::disputed(&photos));
    assert_eq!(
        here.content_requests(),
        not_provable + 2 * disputed,
        "only files that no checksum proves are fetched, to compare them"
    );
    assert_eq!(ran.number("adopted"), oracle::count(&photos) - not_provable - disputed);
    nothing_is_left_in_staging(&here.destination());
}

#[test]
fn a_run_without_news_says_so() {
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 30, ..LibrarySpec::default() });
    here.sync().expect(0);
    let ran = here.larder(&["sync", "--once"]).run().expect(0);
    assert!(ran.stdout.starts_with("Up to date "), "{}", ran.stdout);
}

/// A first run during which the library changes when some of its pages have come and some are still to come.
#[track_caller]
fn changed_while_listed(change: impl Fn(&TestEnvironment, String)) -> TestEnvironment {
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 400, ..LibrarySpec::default() });
    // One page after the other.
    here.write_job("\n[network]\nconnections = 1");
    let pages = |here: &TestEnvironment| here.control().counters().requests("ck.private.records/query");
    here.control().set_latency(Duration::from_millis(100));
    let run = here.larder(&["sync", "--once", "--json"]).start();
    while pages(&here) < 4 {
        std::thread::sleep(Duration::from_millis(2));
    }
    let assets = here.inventory().zones.swap_remove(0).assets;
    for asset in assets.into_iter().filter(|asset| !asset.deleted).step_by(20) {
        change(&here, asset.record_name);
    }
    let before = pages(&here);
    here.control().set_latency(Duration::ZERO);
    run.wait().expect(0);
    assert!(pages(&here) > before, "it was not listed to its end");
    here
}

#[test]
fn what_changes_while_a_library_is_listed_is_not_passed_by() {
    let here = changed_while_listed(|here, asset| drop(here.change(Mutation::Edit { asset })));
    here.sync().expect(0);
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
}

#[test]
fn what_slips_between_two_pages_because_others_were_deleted_is_not_passed_by() {
    // As many come as go, so that the counter tells nothing.
    let here = changed_while_listed(|here, asset| {
        here.change(Mutation::Delete { asset });
        // The oldest, which come on the last page.
        here.add(NewPhoto { date_ms: Some(0), ..NewPhoto::default() });
    });
    here.sync().expect(0);
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
}
