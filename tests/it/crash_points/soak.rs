//! All at once, for as long as wanted: a tenth of all requests fails in mixed ways, runs are killed, the library changes:
//! `LARDER_SOAK_MINUTES=10 LARDER_SOAK_SEED=1 cargo test --test it soak -- --ignored --nocapture`.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use icloud_sim::photos::{Mutation, SharedRole};
use icloud_sim::{Fault, LibrarySpec, Rule};

use super::kills::{Person, compare, contents, precise};
use crate::environment::TestEnvironment;
use crate::faults::{of_bodies, unavailable};
use crate::tree::nothing_is_left_in_staging;

/// Changes of the library before each run, at the most.
const CHANGES: u64 = 6;

/// Runs that may end by themselves, of ten.
const LEFT_ALONE: u64 = 4;

/// Lets a tenth of all requests fail.
fn trouble(here: &TestEnvironment, seed: u64) {
    let calls =
        [unavailable(), Fault::Reset { after: Some(30) }, Fault::LostAnswer, Fault::Truncate { at: 60 }];
    for (number, fault) in (seed..).zip(of_bodies()) {
        here.control().add_fault(Rule::new("content", fault).chance(0.0125, number));
    }
    for (number, fault) in (seed..).zip(calls) {
        here.control().add_fault(Rule::new("ck.", fault).chance(0.025, number));
    }
}

/// Ends with the mirror equal to iCloud, nothing double and nothing left over.
fn soak(assets: usize, time: Duration, seed: u64) {
    let here = TestEnvironment::signed_in(LibrarySpec {
        assets,
        seed,
        shared_library: SharedRole::Owner,
        ..LibrarySpec::default()
    });
    let mut person = Person { dice: seed, photos: 0 };
    for number in 0..5 {
        let name = Some(format!("Album {number}"));
        here.change(Mutation::AddAlbum { name, parent: None, folder: false });
    }
    trouble(&here, seed);
    let arguments = ["sync", "--once", "--confirm-removals", "1000000"];
    let (begun, mut runs, mut kills, mut seen) = (Instant::now(), 0, 0, BTreeSet::new());
    while begun.elapsed() < time {
        (0..=person.below(CHANGES)).for_each(|_| person.change(&here));
        let mut run = here.larder(&arguments).start();
        runs += 1;
        let until = Instant::now() + Duration::from_millis(20 + person.below(3_000));
        let alone = person.below(10) < LEFT_ALONE;
        while !run.has_ended() && (alone || Instant::now() < until) && begun.elapsed() < time * 2 {
            std::thread::sleep(Duration::from_millis(5));
        }
        kills += u64::from(!run.has_ended());
        run.kill();
        seen.extend(contents(&here));
    }
    here.control().clear_faults();
    here.larder(&arguments).run().expect(0);
    compare(&here);
    nothing_is_left_in_staging(&here.destination());
    seen.extend(contents(&here));
    // A cut, an error and a body in place of a file are requests too.
    let (asked, different) = (here.content_requests(), seen.len() as u64);
    let again = asked.saturating_sub(different);
    println!(
        "{runs} runs, {kills} of them killed; {asked} requests for {different} different files: {:.1} % more than \
         without trouble",
        100.0 * precise(again) / precise(different)
    );
    // A tenth fails, and a kill costs what was on its way, sixteen files at the most.
    let most = different / 2 + kills * 17;
    assert!(again <= most, "{again} requests more than files, at most {most}");
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[test]
fn a_short_soak() {
    soak(120, Duration::from_secs(8), 20_260_102);
}

#[test]
#[ignore = "runs for as long as LARDER_SOAK_MINUTES says"]
fn a_soak() {
    let minutes = number("LARDER_SOAK_MINUTES", 10);
    soak(2_000, Duration::from_secs(60 * minutes), number("LARDER_SOAK_SEED", 1));
}
