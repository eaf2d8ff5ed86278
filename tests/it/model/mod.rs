//! The model test: random histories of a library, of a person at the disk, and of runs that end too early, played with
//! the real program against the simulator. After each run that ends by itself the mirror, the attic and the catalog are
//! held against a naive model (`truth.rs`).
//!
//! What must hold: every file of every living photo is there byte for byte, unless the person took it away and nothing
//! has asked larder to look since; nothing that was ever in the mirror, of iCloud's or of the person's bytes, is lost
//! (it is in its place or in the attic); a file that is not larder's is not touched; names once given stay; nothing is
//! left in the staging directory; a run without news asks what changed and does nothing.
//!
//! `LARDER_MODEL_CASES` (histories of each test), `LARDER_MODEL_STEPS` (their length) and `LARDER_MODEL_SEED` make a
//! longer run, `LARDER_MODEL_CASE` plays one of its histories alone:
//!
//! ```text
//! LARDER_MODEL_CASES=300 LARDER_MODEL_STEPS=25 cargo test --test it model::
//! ```
//!
//! The same seed gives the same histories; only the instant at which a run is killed is the machine's. A failure prints
//! the shortest history that was found and how to play it again. Histories can be pasted into `found.rs`.

mod cloud;
mod disk;
mod equalities;
mod found;
mod person;
mod steps;
mod truth;
mod world;

use std::fmt::Debug;

use icloud_sim::photos::SharedRole;
use proptest::strategy::{BoxedStrategy, Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use crate::environment::TestEnvironment;
use steps::Step;
use world::{World, library};

/// Histories of each test, and their length, within the test suite.
const CASES: u64 = 14;
const STEPS: u64 = 12;

/// How long a failing history is shortened.
const SHORTER_MS: u32 = 90_000;

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().map_or(usual, |text| text.parse().unwrap())
}

/// Plays one history from the beginning.
fn play(here: &TestEnvironment, shared: SharedRole, seed: u64, steps: &[Step]) -> Result<(), String> {
    World::new(here, &library(shared, seed))?.play(steps)
}

/// Plays random histories with a library of one's own and, if any, a shared one.
fn histories(name: &str, shared: SharedRole) {
    let here = TestEnvironment::signed_in(library(shared, 0));
    let steps = usize::try_from(number("LARDER_MODEL_STEPS", STEPS)).unwrap();
    each_case(name, &steps::history(steps), |seed, steps| play(&here, shared, seed, steps));
}

/// Draws values, each from the run's seed and its own number, and shortens the first that fails.
fn each_case<T: Debug>(
    name: &str,
    strategy: &BoxedStrategy<T>,
    test: impl Fn(u64, &T) -> Result<(), String>,
) {
    let seed = number("LARDER_MODEL_SEED", 1);
    let cases = match number("LARDER_MODEL_CASE", u64::MAX) {
        u64::MAX => 0..number("LARDER_MODEL_CASES", CASES),
        one => one..one + 1,
    };
    for case in cases {
        let mut bytes = [0; 32];
        for (at, part) in [seed, case, name.len() as u64].into_iter().enumerate() {
            bytes[at * 8..at * 8 + 8].copy_from_slice(&part.to_le_bytes());
        }
        let config = Config {
            max_shrink_time: SHORTER_MS,
            max_shrink_iters: u32::MAX,
            failure_persistence: None,
            ..Config::default()
        };
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut runner = TestRunner::new_with_rng(config, rng);
        let tree = strategy.new_tree(&mut runner).unwrap();
        let drawn = tree.current();
        let ran = runner.run_one(tree, |value| test(case, &value).map_err(TestCaseError::fail));
        if let Err(TestError::Fail(why, shortest)) = ran {
            panic!(
                "{name}: LARDER_MODEL_SEED={seed} LARDER_MODEL_CASE={case} fails:\n{why}\nshortest history found \
                 (library seed {case}): {shortest:?}\ndrawn: {drawn:?}"
            );
        }
    }
}

#[test]
fn histories_of_a_library_of_ones_own() {
    histories("own", SharedRole::None);
}

#[test]
fn histories_with_a_shared_library_of_ones_own() {
    histories("owner", SharedRole::Owner);
}

#[test]
fn histories_with_a_shared_library_of_somebody_else() {
    histories("participant", SharedRole::Participant);
}
