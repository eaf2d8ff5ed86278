//! Runs that end in the middle, as at a power cut.

use std::time::Duration;

use icloud_sim::LibrarySpec;

use crate::environment::TestEnvironment;
use crate::oracle;
use crate::tree::{Tree, nothing_is_left_in_staging};

/// Files whose places are recorded together.
const GROUP: u64 = 64;

/// Downloads at a time.
const CONNECTIONS: u64 = 16;

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
