//! Runs that end in the middle, as at a power cut.

use std::time::{Duration, Instant};

use icloud_sim::photos::{Mutation, NewPhoto, PhotoKind};
use icloud_sim::{Fault, LibrarySpec, Rule};

use crate::environment::TestEnvironment;
use crate::oracle;
use crate::tree::{Tree, nothing_is_left_in_staging};

/// Files whose places are recorded together.
const GROUP: u64 = 64;

/// Downloads at a time.
const CONNECTIONS: u64 = 16;

/// A run moves a file and is killed before it has recorded that; before the next one the photo changes again.
#[test]
fn a_file_that_was_moved_but_not_recorded_is_not_left_behind() {
    let day = 1_400_000_000_000;
    let date = |asset: &str, days: i64| Mutation::SetDate {
        asset: asset.to_owned(),
        date_ms: Some(day + days * 86_400_000),
        time_zone_offset: None,
    };
    for what in 0..4 {
        let here = TestEnvironment::signed_in(LibrarySpec { assets: 10, ..LibrarySpec::default() });
        let new = NewPhoto {
            kind: PhotoKind::Live,
            name: Some("MOVED.HEIC".into()),
            date_ms: Some(day),
            ..NewPhoto::default()
        };
        let asset = here.add(new);
        here.sync().expect(0);
        // Another photo keeps the run from coming to its end.
        here.add(NewPhoto::default());
        here.control().add_fault(Rule::new("content", Fault::Stall { after: None }).times(1));
        here.change(date(&asset, 1));
        let moved = here.destination().join("2014/05/14");
        let before = here.content_requests();
        let run = here.larder(&["sync", "--once"]).start();
        let start = Instant::now();
        // The request for the other photo must not be counted after the kill.
        while !(moved.join("MOVED.HEIC").exists() && moved.join("MOVED.MOV").exists())
            || here.content_requests() == before
        {
            assert!(start.elapsed() < Duration::from_secs(20), "nothing is moved");
            std::thread::sleep(Duration::from_millis(1));
        }
        run.kill();
        here.control().clear_faults();
        here.change(match what {
            0 => date(&asset, 2),
            1 => date(&asset, 0),
            2 => Mutation::Purge { asset },
            _ => Mutation::SetHidden { asset, on: true },
        });
        here.control().reset_counters();
        here.sync().expect(0);
        // The kill may have come before the directory that was left was removed.
        for dir in ["2014/05/13", "2014/05", "2014"] {
            drop(std::fs::remove_dir(here.destination().join(dir)));
        }
        Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
        assert_eq!(here.content_requests(), 1, "only the other photo is fetched, {what}");
    }
}

#[test]
fn runs_that_were_killed_cost_little_and_leave_no_trace() {
    const KILLS: u64 = 8;
    let here = TestEnvironment::signed_in(LibrarySpec {
        assets: 500,
        albums: 5,
        awkward: true,
        seed: 7,
        ..LibrarySpec::default()
    });
    let photos = oracle::mirror_of(&here.inventory());
    here.control().set_latency(Duration::from_millis(10));
    let (mut delay, mut ended) = (7_u64, 0);
    for _ in 0..KILLS {
        let mut run = here.larder(&["sync", "--once"]).start();
        // From 50 to 450 ms, always the same ones.
        delay = delay.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_millis(50 + (delay >> 33) % 400));
        ended += u64::from(run.has_ended());
        run.kill();
        Tree::read(&here.destination()).must_hold_nothing_else(&photos);
    }
    assert!(ended < 3, "{ended} of {KILLS} runs ended before they were killed");
    here.sync().expect(0);
    Tree::read(&here.destination()).must_hold(&photos);
    nothing_is_left_in_staging(&here.destination());
    let most = oracle::requests(&photos) + KILLS * (GROUP + CONNECTIONS);
    assert!(here.content_requests() <= most, "{} requests, at most {most}", here.content_requests());
    here.control().reset_counters();
    here.sync().expect(0);
    assert_eq!(here.content_requests(), 0);
}
