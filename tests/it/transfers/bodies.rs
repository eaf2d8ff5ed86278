//! Bodies that do not come as they should.

use std::time::Duration;

use icloud_sim::photos::Mutation;
use icloud_sim::{Fault, Rule};

use super::{add, all_is_well, empty, library, status, sync_with};
use crate::environment::{TestEnvironment, bytes_below};
use crate::oracle;
use crate::tree::Tree;

const PIECE: u64 = 64 << 10;

/// One that is collected in memory, and one that goes to disk as it comes.
const SIZES: [u64; 2] = [2 * PIECE + 777, 5 * PIECE + 777];

#[test]
fn a1_a_body_cut_anywhere_is_fetched_again() {
    let here = empty();
    for size in SIZES {
        let pieces = (1..=size / PIECE).map(|piece| piece * PIECE);
        for at in [0, 1, size - 1].into_iter().chain(pieces) {
            add(&here, size);
            let ran = sync_with(&here, "content", &[Fault::Truncate { at }], 0);
            assert_eq!((ran.number("fetched"), ran.number("proven")), (1, 1), "{size} cut at {at}");
            assert_eq!(here.content_requests(), 2, "{size} cut at {at}");
            let sent = here.control().counters().bytes_from("content");
            let goes_on = if size == SIZES[1] { size } else { size + at };
            assert_eq!(sent, goes_on, "{size} cut at {at}");
        }
    }
    all_is_well(&here);
}

#[test]
fn a1_a_body_that_never_comes_whole_is_never_seen() {
    let here = empty();
    for size in SIZES {
        add(&here, size);
        add(&here, size);
    }
    here.control().reset_counters();
    here.control().add_fault(Rule::new("content", Fault::Truncate { at: 100 }));
    let mut run = here.larder(&["sync", "--once", "--json"]).start();
    while !run.has_ended() {
        assert!(Tree::read(&here.destination()).files.is_empty());
        std::thread::sleep(Duration::from_millis(20));
    }
    let ran = run.wait().expect(1);
    assert_eq!((ran.number("failed"), ran.number("fetched")), (4, 0));
    assert_eq!(here.content_requests(), 4 * 5);
    assert!(Tree::read(&here.destination()).files.is_empty());
    here.control().clear_faults();
    here.sync().expect(0);
    all_is_well(&here);
}

#[test]
fn a1_what_came_of_a_body_that_failed_is_there_for_the_next_run() {
    let here = empty();
    let (size, came) = (SIZES[1], 4 * PIECE + 5);
    add(&here, size);
    let ran = sync_with(&here, "content", &[Fault::Truncate { at: came }, Fault::Gone, Fault::Gone], 1);
    assert_eq!((ran.number("failed"), ran.number("fetched")), (1, 0));
    let ran = sync_with(&here, "content", &[], 0);
    assert_eq!((ran.number("fetched"), ran.number("proven")), (1, 1));
    assert_eq!(here.control().counters().bytes_from("content"), size - came);
    all_is_well(&here);
}

#[test]
#[ignore = "moves four gigabytes"]
fn a1_a_body_of_a_gigabyte_goes_on_where_it_broke() {
    let here = empty();
    for size in [1_010_000_000, 1 << 30] {
        add(&here, size);
        let cut = Fault::Truncate { at: size - 1 };
        let ran = sync_with(&here, "content", &[Fault::Reset { after: Some(size / 2) }, cut], 0);
        assert_eq!(ran.number("proven"), 1);
        assert!(here.control().counters().bytes_from("content") < size + size / 4);
    }
    all_is_well(&here);
}

#[test]
fn a2_wrong_bytes_of_the_right_length_are_refused() {
    let here = empty();
    for size in SIZES {
        for fault in [
            Fault::Corrupt { at: 0, bit: 7 },
            Fault::Corrupt { at: size / 2, bit: 0 },
            Fault::Corrupt { at: size - 1, bit: 3 },
            Fault::OtherBody,
        ] {
            add(&here, size);
            let ran = sync_with(&here, "content", std::slice::from_ref(&fault), 0);
            assert_eq!((ran.number("proven"), ran.number("disputed")), (1, 0), "{fault:?}");
            let counters = here.control().counters();
            assert_eq!(
                (counters.requests("content"), counters.requests("ck.private.records/lookup")),
                (2, 1),
                "again, by a fresh URL: {fault:?}"
            );
        }
    }
    all_is_well(&here);
}

#[test]
fn a2_wrong_bytes_that_stay_are_named() {
    let here = empty();
    add(&here, 700);
    // Never the same twice, so that nobody takes them for what iCloud holds.
    let wrong: Vec<Fault> = (0..5).map(|at| Fault::Corrupt { at, bit: 1 }).collect();
    let ran = sync_with(&here, "content", &wrong, 1);
    assert_eq!((ran.number("failed"), ran.number("fetched")), (1, 0));
    let why = ran.json()["failed_items"][0]["why"].as_str().unwrap().to_owned();
    assert!(why.contains("Apple's checksum"), "{why}");
    assert!(Tree::read(&here.destination()).files.is_empty());
    // The same bytes twice are what iCloud has; they are kept, and named.
    let ran = sync_with(&here, "content", &[Fault::OtherBody, Fault::OtherBody], 0);
    assert_eq!((ran.number("fetched"), ran.number("proven"), ran.number("disputed")), (1, 0, 1));
    assert_eq!(ran.json()["disputed_items"].as_array().unwrap().len(), 1);
}

#[test]
fn a3_parts_are_never_joined_that_do_not_belong_together() {
    let here = empty();
    let size = SIZES[1];
    let cut = Fault::Truncate { at: 4 * PIECE + 5 };
    for (then, requests, lookups) in [
        (Fault::WholeBody, 2, 0),
        (Fault::ShiftedRange { by: 10 }, 3, 0),
        (status(206, &[], "x"), 3, 0),
        (status(416, &[("Content-Range", &format!("bytes */{size}"))], ""), 3, 1),
        (Fault::Corrupt { at: 0, bit: 1 }, 3, 1),
        (Fault::OtherBody, 3, 1),
    ] {
        add(&here, size);
        let ran = sync_with(&here, "content", &[cut.clone(), then.clone()], 0);
        assert_eq!((ran.number("proven"), ran.number("disputed")), (1, 0), "{then:?}");
        let counters = here.control().counters();
        assert_eq!(
            (counters.requests("content"), counters.requests("ck.private.records/lookup")),
            (requests, lookups),
            "{then:?}"
        );
    }
    all_is_well(&here);
}

#[test]
fn a4_what_is_no_file_is_never_taken_for_one() {
    let here = empty();
    for size in SIZES {
        let whole = "x".repeat(usize::try_from(size).unwrap());
        let media = ("Content-Type", "image/heic");
        let error = r#"{"uuid":"1","serverErrorCode":"INTERNAL_ERROR","reason":"Internal error"}"#;
        for answer in [
            Fault::Html,
            status(200, &[("Content-Type", "text/html")], &whole),
            status(200, &[], error),
            status(200, &[media], ""),
            status(200, &[media, ("Content-Encoding", "gzip")], &whole),
            status(200, &[media, ("Content-Encoding", "br")], "x"),
            status(204, &[], ""),
            // Cut without any sign of it.
            Fault::ContentLength { bytes: size - 10 },
            Fault::ContentLength { bytes: size + 10 },
        ] {
            add(&here, size);
            let ran = sync_with(&here, "content", std::slice::from_ref(&answer), 0);
            let figures = (ran.number("fetched"), ran.number("proven"), here.content_requests());
            assert_eq!(figures, (1, 1, 2), "{answer:?}");
        }
    }
    all_is_well(&here);
}

#[test]
fn a6_urls_that_end_in_mid_run_are_renewed_many_at_a_time() {
    let here = TestEnvironment::signed_in(library(400));
    here.control().set_latency(Duration::from_millis(30));
    let run = here.larder(&["sync", "--once", "--json"]).start();
    while here.content_requests() < 40 {
        std::thread::sleep(Duration::from_millis(2));
    }
    here.control().advance_clock(Duration::from_secs(7200));
    run.wait().expect(0);
    all_is_well(&here);
    let ended = here.control().log().iter().filter(|request| request.status == 410).count() as u64;
    let lookups = here.control().counters().requests("ck.private.records/lookup");
    assert!(ended >= 50, "{ended}");
    assert!(lookups * 3 <= ended, "{lookups} lookups for {ended} URLs");
    let files = oracle::requests(&oracle::mirror_of(&here.inventory()));
    assert!(here.content_requests() <= files + ended, "each is asked for once more");
}

#[test]
fn a6_a_url_of_an_edit_that_is_outdated_by_then_is_not_used() {
    let here = empty();
    add(&here, 700);
    here.sync().expect(0);
    let asset = here.inventory().zones[0].assets[0].record_name.clone();
    here.change(Mutation::Edit { asset: asset.clone() });
    here.control().reset_counters();
    here.control().add_fault(Rule::new("content", Fault::Gone).times(1));
    here.control().set_latency(Duration::from_millis(300));
    let run = here.larder(&["sync", "--once", "--json"]).start();
    while here.content_requests() < 1 {
        std::thread::sleep(Duration::from_millis(2));
    }
    here.change(Mutation::Edit { asset });
    let ran = run.wait().expect(0);
    here.control().set_latency(Duration::ZERO);
    all_is_well(&here);
    let asked = (ran.number("fetched"), here.content_requests());
    assert_eq!(asked, (1, 2), "the URL that had ended, and the one of the later edit");
}

#[test]
fn a8_bodies_come_from_apple_alone() {
    let here = empty();
    for target in [
        "https://evil.example/x",
        "http://cvws.icloud-content.com/x",
        "https://icloud-content.com.evil.example/x",
        "https://www.icloud.com/x",
    ] {
        add(&here, 700);
        sync_with(&here, "content", &[status(302, &[("Location", target)], "")], 0);
        assert_eq!(here.content_requests(), 2, "{target}");
    }
    all_is_well(&here);
    let before = Tree::read(&here.destination());
    add(&here, 700);
    for (origin, host) in [
        ("https://evil.example", "evil.example"),
        ("http://cvws.icloud-content.com", "cvws.icloud-content.com"),
        ("https://you:secret@cvws.icloud-content.com", "cvws.icloud-content.com"),
    ] {
        here.control().photos(|photos| photos.quirks().url_origin = origin.to_owned());
        let ran = sync_with(&here, "content", &[], 1);
        let why = ran.json()["failed_items"][0]["why"].as_str().unwrap().to_owned();
        assert!(why.contains(&format!("Refused to talk to `{host}`")), "{why}");
        assert_eq!(here.content_requests(), 0);
        assert!(here.control().counters().requests("ck.private.records/lookup") <= 2);
        Tree::read(&here.destination()).must_equal(&before);
    }
    here.control().photos(|photos| photos.quirks().url_origin = "https://cvws.icloud-content.com".to_owned());
    here.sync().expect(0);
    all_is_well(&here);
    assert!(here.control().violations().is_empty(), "nothing was sent elsewhere");
}

#[test]
fn a10_an_edit_and_back_keeps_every_version() {
    let here = empty();
    add(&here, 700);
    here.sync().expect(0);
    let asset = here.inventory().zones[0].assets[0].record_name.clone();
    let original = Tree::read(&here.destination());
    let mut versions = Vec::new();
    for _ in 0..2 {
        here.change(Mutation::Edit { asset: asset.clone() });
        here.sync().expect(0);
        all_is_well(&here);
        let tree = Tree::read(&here.destination());
        let edited = tree.files.keys().find(|path| path.contains("-edited")).unwrap().clone();
        versions.push((edited.clone(), std::fs::read(here.destination().join(&edited)).unwrap()));
    }
    here.change(Mutation::Revert { asset });
    here.sync().expect(0);
    all_is_well(&here);
    Tree::read(&here.destination()).must_equal(&original);
    let attic: Vec<_> = bytes_below(&here.destination().join(".larder/attic"));
    for (_, bytes) in &versions {
        assert_eq!(attic.iter().filter(|(_, kept)| kept == bytes).count(), 1, "each version is kept once");
    }
    let told = here.larder(&["history", "--json", &versions[0].0]).run().expect(0).json();
    let told: Vec<&str> =
        told["events"].as_array().unwrap().iter().map(|event| event["what"].as_str().unwrap()).collect();
    assert_eq!(told, ["came", "changed", "left"]);
}
