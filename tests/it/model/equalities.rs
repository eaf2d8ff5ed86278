//! What must come to the same: a history synced once at its end, after every few changes, and from zero with the state
//! lost. And when a run says that nothing changed, a fresh listing finds nothing either.

use std::collections::BTreeMap;

use icloud_sim::photos::SharedRole;

use super::cloud;
use super::disk::Disk;
use super::steps::{Cloud, changes};
use super::world::{library, moment};
use super::{each_case, number};
use crate::environment::TestEnvironment;

/// Changes of a history within the test suite.
const STEPS: u64 = 14;

/// How many changes are made between two runs, by the number of the case.
const PIECES: [usize; 4] = [1, 2, 3, 5];

/// A mirror as far as the order of events cannot matter to it: how many files of which content, time and name, the marks
/// that tell namesakes apart taken off.
type Sum = BTreeMap<(String, String, i64), usize>;

fn sum(disk: &Disk) -> Sum {
    let mut sum = Sum::new();
    for (path, file) in disk.all() {
        *sum.entry((unmarked(path), file.sha256.clone(), file.mtime_ms)).or_default() += 1;
    }
    sum
}

/// A path without the mark of eight or 32 hexadecimal digits.
fn unmarked(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let is_mark = |part: &str| {
        let digits = part.chars().take_while(char::is_ascii_hexdigit).count();
        let rest = &part[digits..];
        (digits == 8 || digits == 32) && (rest.is_empty() || rest.starts_with('.'))
    };
    let mut parts = name.split('-');
    let mut plain = format!("{folder}/{}", parts.next().unwrap_or_default());
    for part in parts {
        if is_mark(part) {
            plain.push_str(part.trim_start_matches(|c: char| c.is_ascii_hexdigit()));
        } else {
            plain.push('-');
            plain.push_str(part);
        }
    }
    plain
}

/// Makes changes, those from `from` on; the time of each depends on its place in the history alone.
fn change(here: &TestEnvironment, from: usize, changes: &[Cloud]) {
    for (number, change) in changes.iter().enumerate() {
        if let Some(mutation) = cloud::mutation(change, &here.inventory()) {
            let now = moment(from + number);
            let _refused = here.control().photos(|photos| photos.mutate(mutation, now));
        }
    }
}

/// A run that must end well, and what lies there after it.
fn synced(here: &TestEnvironment) -> Result<Disk, String> {
    let ran = here.larder(&["sync", "--once", "--json", "--confirm-removals", "1000000"]).run();
    if ran.code == Some(0) {
        Ok(Disk::read(&here.destination()))
    } else {
        Err(format!("the run ended with {:?}\n{}{}", ran.code, ran.stdout, ran.stderr))
    }
}

/// A run that asks what changed, if that is all it asks.
fn unchanged(here: &TestEnvironment) -> Result<bool, String> {
    here.control().reset_counters();
    synced(here)?;
    Ok(here.control().counters().by_label.keys().all(|label| label.ends_with(".changes/zone")))
}

/// A run that has no state fetches nothing and finds the very same mirror.
fn found_again(here: &TestEnvironment, before: &Disk) -> Result<(), String> {
    here.lose_state();
    here.control().reset_counters();
    let after = synced(here)?;
    let fetched = here.control().counters().requests("content");
    if fetched > 0 {
        return Err(format!("{fetched} files were fetched although everything was there"));
    }
    differences(&before.files, &after.files)?;
    differences(&before.shown, &after.shown)
}

fn differences<K: Ord + std::fmt::Debug, V: PartialEq + std::fmt::Debug>(
    one: &BTreeMap<K, V>,
    other: &BTreeMap<K, V>,
) -> Result<(), String> {
    let only = |a: &BTreeMap<K, V>, b: &BTreeMap<K, V>| {
        a.iter()
            .filter(|(key, value)| b.get(key) != Some(value))
            .map(|entry| format!("{entry:?}"))
            .collect::<Vec<_>>()
    };
    let (here, there) = (only(one, other), only(other, one));
    if here.is_empty() && there.is_empty() {
        Ok(())
    } else {
        Err(format!("only the one has\n{}\nonly the other has\n{}", here.join("\n"), there.join("\n")))
    }
}

fn all_ways_are_equal(
    here: &TestEnvironment,
    shared: SharedRole,
    seed: u64,
    changes: &[Cloud],
) -> Result<(), String> {
    let spec = library(shared, seed);
    here.start_over(&spec);
    synced(here)?;
    let piece = PIECES[usize::try_from(seed).unwrap() % PIECES.len()];
    for (number, some) in changes.chunks(piece).enumerate() {
        change(here, number * piece, some);
        synced(here)?;
    }
    let in_pieces = synced(here)?;
    let inventory = here.inventory();
    if unchanged(here)? {
        found_again(here, &in_pieces).map_err(|wrong| format!("with the state lost: {wrong}"))?;
    }

    here.start_over(&spec);
    synced(here)?;
    change(here, 0, changes);
    let at_once = synced(here)?;
    assert_eq!(here.inventory(), inventory, "the simulator does not do the same again");
    differences(&sum(&in_pieces), &sum(&at_once))
        .map_err(|wrong| format!("in pieces of {piece} and by one delta: {wrong}"))?;

    here.start_over(&spec);
    change(here, 0, changes);
    let from_zero = synced(here)?;
    differences(&sum(&in_pieces), &sum(&from_zero))
        .map_err(|wrong| format!("in pieces of {piece} and from zero: {wrong}"))
}

fn equal(name: &str, shared: SharedRole) {
    let here = TestEnvironment::signed_in(library(shared, 0));
    let steps = usize::try_from(number("LARDER_MODEL_STEPS", STEPS)).unwrap();
    each_case(name, &changes(steps), |seed, changes| all_ways_are_equal(&here, shared, seed, changes));
}

#[test]
fn once_or_in_pieces_or_from_zero_with_a_library_of_ones_own() {
    equal("equal", SharedRole::None);
}

#[test]
fn once_or_in_pieces_or_from_zero_with_a_shared_library() {
    equal("equal, shared", SharedRole::Participant);
}

#[test]
fn marks_are_taken_off_names() {
    assert_eq!(unmarked("2024/07/14/IMG_1-0A1B2C3D.JPG"), "2024/07/14/IMG_1.JPG");
    assert_eq!(unmarked("2024/07/14/IMG_1-0A1B2C3D-edited.JPG"), "2024/07/14/IMG_1-edited.JPG");
    assert_eq!(unmarked("a/IMG-1-2.JPG"), "a/IMG-1-2.JPG");
    assert_eq!(unmarked("a/IMG_1-edited.JPG"), "a/IMG_1-edited.JPG");
}
