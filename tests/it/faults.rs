//! Troubles on the way: failing hosts, irregular lists, sessions that end.

use std::collections::BTreeSet;

use icloud_sim::photos::{Hole, Quirks};
use icloud_sim::{Fault, LibrarySpec, Loss, Rule};

use crate::environment::{Running, TestEnvironment};
use crate::oracle::{self, Photo};
use crate::tree::{Tree, nothing_is_left_in_staging};

/// Ways in which a body does not come whole that are over at once, and after which another try may bring it.
pub(crate) fn of_bodies() -> [Fault; 8] {
    [
        unavailable(),
        Fault::Reset { after: None },
        Fault::Reset { after: Some(100) },
        Fault::Truncate { at: 150 },
        Fault::Html,
        Fault::Gone,
        Fault::ContentLength { bytes: 40 },
        Fault::LostAnswer,
    ]
}

/// A service that is down.
pub(crate) fn unavailable() -> Fault {
    Fault::Status { status: 503, headers: vec![], body: String::new() }
}

/// Looks at the mirror again and again while the run goes on: never is a file visible that is not whole.
fn watch(here: &TestEnvironment, run: &mut Running, photos: &[Photo]) {
    while !run.has_ended() {
        Tree::read(&here.destination()).must_hold_nothing_else(photos);
    }
}

#[test]
fn a_tenth_of_all_bodies_failing_in_every_way_harms_nothing() {
    // Every file of it can be proven: nobody could tell a wrong bit in another.
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 500, seed: 11, ..LibrarySpec::default() });
    let photos = oracle::mirror_of(&here.inventory());
    // Each in another place: the same wrong bytes twice would be taken for what iCloud holds.
    for number in 1..=6 {
        let bit = Fault::Corrupt { at: number * 7, bit: 3 };
        here.control().add_fault(Rule::new("content", bit).nth(number * 80, 1, Some(1)));
    }
    let slow = Fault::Slow { bytes_per_second: 4_000 };
    for (seed, what) in (1..).zip(of_bodies().into_iter().chain([slow])) {
        here.control().add_fault(Rule::new("content", what).chance(0.01, seed));
    }
    // Silence is borne for half a minute.
    here.control().add_fault(Rule::new("content", Fault::Stall { after: Some(60) }).nth(100, 1, Some(1)));
    let mut run = here.larder(&["sync", "--once", "--json"]).start();
    watch(&here, &mut run, &photos);
    let ran = run.wait();
    assert!(matches!(ran.code, Some(0 | 1)), "{}\n{}", ran.stdout, ran.stderr);
    assert_eq!(ran.number("disputed"), 0, "an altered body passes for what iCloud holds");
    if ran.code == Some(1) {
        here.sync().expect(0);
    }
    Tree::read(&here.destination()).must_hold(&photos);
    nothing_is_left_in_staging(&here.destination());
}

#[test]
fn irregular_lists_lose_no_photo() {
    let spec = LibrarySpec { assets: 420, albums: 7, folders: 2, ..LibrarySpec::default() };
    let here = TestEnvironment::signed_in(spec);
    let inventory = here.inventory();
    let photos = oracle::mirror_of(&inventory);
    let ids: BTreeSet<&str> = photos.iter().map(|photo| photo.id.as_str()).collect();
    let usual = Quirks::default();
    for quirks in [
        Quirks { hole: Some(Hole { rank: 200, ranks: 100 }), ..usual.clone() },
        Quirks { hole: Some(Hole { rank: 100, ranks: 200 }), no_marker: true, ..usual.clone() },
        Quirks { short_pages: Some(37), ..usual.clone() },
        Quirks { pages_without_masters: true, ..usual.clone() },
        Quirks { repeated_assets: true, ..usual.clone() },
        Quirks { count_off_by: -150, ..usual.clone() },
        Quirks { count_off_by: -150, no_marker: true, ..usual.clone() },
        Quirks { count_off_by: 150, ..usual.clone() },
        Quirks { no_marker: true, ..usual.clone() },
        Quirks { indexing_running: true, ..usual.clone() },
        Quirks {
            short_pages: Some(23),
            hole: Some(Hole { rank: 100, ranks: 100 }),
            pages_without_masters: true,
            repeated_assets: true,
            count_off_by: -40,
            ..usual.clone()
        },
    ] {
        here.control().photos(|photos| *photos.quirks() = quirks.clone());
        here.lose_state();
        // The files are there already: it is the list that is tried.
        let ran = here.sync();
        assert_eq!(ran.code, Some(0), "{quirks:?}: {}{}", ran.stdout, ran.stderr);
        Tree::read(&here.destination()).must_hold(&photos);
        let listed = here.larder(&["ls", "--json"]).run().expect(0).json();
        let listed = listed["photos"].as_array().unwrap();
        let found: BTreeSet<&str> = listed.iter().map(|photo| photo["id"].as_str().unwrap()).collect();
        assert_eq!((found == ids, listed.len()), (true, ids.len()), "{quirks:?}");
    }
}

#[test]
fn irregular_changes_lose_nothing() {
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 30, albums: 3, ..LibrarySpec::default() });
    here.sync().expect(0);
    let usual = Quirks::default();
    for quirks in [
        Quirks { empty_delta_pages: 3, ..usual.clone() },
        Quirks { relations_first: true, bare_relations: true, ..usual.clone() },
        Quirks { bare_tombstones: true, ..usual.clone() },
    ] {
        here.control().photos(|photos| *photos.quirks() = quirks.clone());
        let album = here.inventory().zones[0].albums[0].record_name.clone();
        let photo = icloud_sim::photos::NewPhoto { album: Some(album), ..Default::default() };
        here.add(photo);
        here.change(icloud_sim::photos::Mutation::AddAndPurge { zone: None });
        assert_eq!(here.sync().expect(0).number("fetched"), 1, "{quirks:?}");
        Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
    }
    here.control().photos(|photos| *photos.quirks() = Quirks { stuck_delta: true, ..usual });
    here.add(icloud_sim::photos::NewPhoto::default());
    let ran = here.sync().expect(5);
    assert!(ran.json()["error"].is_string(), "changes that never end are told: {}", ran.stdout);
}

#[test]
fn urls_that_end_soon_are_renewed_many_at_a_time() {
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 400, ..LibrarySpec::default() });
    here.control().photos(|photos| photos.quirks().url_lifetime_s = 5);
    let photos = oracle::mirror_of(&here.inventory());
    here.sync().expect(0);
    Tree::read(&here.destination()).must_hold(&photos);
    let lookups = here.control().counters().requests("ck.private.records/lookup");
    let files = oracle::count(&photos);
    assert!(lookups > 0 && lookups <= files / 5, "{lookups} lookups for {files} files");
}

#[test]
fn a_session_that_ends_in_the_middle_is_renewed_without_a_person() {
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 900, albums: 20, ..LibrarySpec::default() });
    let expired = Fault::SessionExpired { loss: Loss::Cookies };
    here.control().add_fault(Rule::new("ck.", expired).nth(5, 14, Some(2)));
    here.sync().expect(0);
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
    let counters = here.control().counters();
    assert_eq!(counters.requests_to("auth."), 0, "{:?}", counters.by_label);
    assert_eq!(counters.requests("setup.accountLogin"), 2, "{:?}", counters.by_label);
}

#[test]
fn a_throttled_run_waits_as_told_and_completes() {
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 300, ..LibrarySpec::default() });
    let after = |seconds: &str| vec![("Retry-After".to_owned(), seconds.to_owned())];
    let told = Fault::Status { status: 429, headers: after("2"), body: String::new() };
    here.control().add_fault(Rule::new("ck.", told).nth(2, 1, Some(2)));
    let body = r#"{"uuid":"1","serverErrorCode":"THROTTLED","retryAfter":1,"reason":"slow down"}"#.to_owned();
    let answer = Fault::Status { status: 503, headers: vec![], body };
    here.control().add_fault(Rule::new("ck.", answer).nth(5, 1, Some(1)));
    let ran = here.sync().expect(0);
    assert!(ran.json()["seconds"].as_f64().unwrap() >= 2.0, "{}", ran.stdout);
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
}

#[test]
fn an_answer_500_now_and_then_is_asked_for_again() {
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 300, albums: 3, ..LibrarySpec::default() });
    let broken = Fault::Status { status: 500, headers: vec![], body: "<html>oops</html>".into() };
    here.control().add_fault(Rule::new("ck.", broken).nth(1, 5, Some(3)));
    here.sync().expect(0);
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
}
