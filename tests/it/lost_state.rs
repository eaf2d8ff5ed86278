//! The state file lost, damaged, or not the one that it should be: told in a sentence, and rebuilt by content without a
//! request for a file.
//!
//! Every damage goes through the same story. Commands that only read say what is wrong or answer what is true. `sync
//! --once` puts the file aside, says so, and ends with the same mirror. Some bytes of the file mean nothing (pages that no
//! table uses): with those damaged everything goes on as if nothing had been.

use std::fs;
use std::path::{Path, PathBuf};

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{Mutation, NewPhoto, PhotoKind, SharedRole, Sizes};
use larder::state::{FORMAT, MetaKey, State};

use crate::environment::{Ran, TestEnvironment, bytes_below};
use crate::oracle;
use crate::tree::{Tree, nothing_is_left_in_staging};

fn mirrored() -> TestEnvironment {
    let here = TestEnvironment::signed_in(LibrarySpec {
        assets: 150,
        albums: 6,
        seed: 11,
        sizes: Sizes::Fixed(120),
        shared_library: SharedRole::Owner,
        ..LibrarySpec::default()
    });
    here.sync().expect(0);
    here
}

fn state_file(here: &TestEnvironment) -> PathBuf {
    here.state_dir().join("state.redb")
}

/// State files that were put aside.
fn put_aside(here: &TestEnvironment) -> Vec<PathBuf> {
    let entries = fs::read_dir(here.state_dir()).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.to_str().unwrap().contains("state.redb.damaged-")).collect()
}

#[track_caller]
fn no_panic(ran: &Ran, what: &str) {
    assert!(!ran.stderr.contains("panicked") && ran.code.is_some(), "{what}: {ran:?}");
}

/// Every command that reads alone, with a damaged state: says so and what to do, or has the answer of before.
fn reading_commands_are_honest(here: &TestEnvironment, truth: &[String], what: &str) {
    for (command, truth) in READING.iter().zip(truth) {
        let ran = here.larder(command).run();
        no_panic(&ran, what);
        if ran.code == Some(0) {
            assert_eq!(&ran.stdout, truth, "{what}: {command:?}");
        } else {
            assert!(matches!(ran.code, Some(2 | 6)), "{what}: {ran:?}");
            assert!(ran.stderr.contains("larder sync --once"), "{what}: {ran:?}");
            // What was printed before the damage was met is true, and visibly unfinished.
            assert!(truth.starts_with(&ran.stdout) && ran.stdout.len() < truth.len(), "{what}: {ran:?}");
        }
    }
}

const READING: [&[&str]; 2] = [&["ls", "--json"], &["history", "--json"]];

fn truth(here: &TestEnvironment) -> Vec<String> {
    READING.iter().map(|command| here.larder(command).run().expect(0).stdout).collect()
}

/// The next run makes everything good. `damaged` tells whether it must notice; none, when both will do.
#[track_caller]
fn is_rebuilt(here: &TestEnvironment, before: &Tree, damaged: Option<bool>, what: &str) {
    let bytes = fs::read(state_file(here)).unwrap_or_default();
    for old in put_aside(here) {
        fs::remove_file(old).unwrap();
    }
    here.control().reset_counters();
    let ran = here.sync();
    no_panic(&ran, what);
    assert_eq!(ran.code, Some(0), "{what}: {ran:?}");
    assert_eq!(here.content_requests(), 0, "{what}: files were fetched");
    let after = Tree::read(&here.destination());
    after.must_equal(before);
    nothing_is_left_in_staging(&here.destination());

    let aside = put_aside(here);
    assert!(damaged.is_none_or(|damaged| damaged != aside.is_empty()), "{what}: {aside:?}");
    if let [aside] = &aside[..] {
        let name = aside.to_str().unwrap();
        assert!(
            ran.stderr.contains("warning: The state was damaged") && ran.stderr.contains(name),
            "{what}: {ran:?}"
        );
        assert!(ran.json()["warnings"][0].as_str().unwrap().contains(name), "{what}: {ran:?}");
        assert!(fs::read(aside).unwrap() == bytes, "{what}: the file that was put aside is not as it was");
        let files = oracle::count(&oracle::mirror_of(&here.inventory()));
        assert_eq!(ran.number("adopted"), files, "{what}");
    }
    // And it is whole again.
    let again = here.sync().expect(0);
    assert_eq!((again.number("adopted"), here.content_requests()), (0, 0), "{what}");
}

#[test]
fn a_deleted_state_is_rebuilt_without_a_request_for_a_file() {
    let here = mirrored();
    let before = Tree::read(&here.destination());
    fs::remove_file(state_file(&here)).unwrap();
    for command in READING {
        let ran = here.larder(command).run().expect(2);
        assert!(ran.stderr.contains("larder sync --once"), "{}", ran.stderr);
    }
    is_rebuilt(&here, &before, Some(false), "deleted");
}

#[test]
fn a_state_cut_short_is_put_aside_and_rebuilt() {
    let here = mirrored();
    let (before, truth) = (Tree::read(&here.destination()), truth(&here));
    let whole = fs::read(state_file(&here)).unwrap();
    for length in [0, 1, 9, 64, 320, 4096, 5000, whole.len() / 2, whole.len() - 4096, whole.len() - 1] {
        let what = format!("{length} of {} bytes", whole.len());
        fs::write(state_file(&here), &whole[..length]).unwrap();
        reading_commands_are_honest(&here, &truth, &what);
        is_rebuilt(&here, &before, Some(true), &what);
    }
}

#[test]
fn zeroes_at_the_end_of_a_state_do_no_harm() {
    let here = mirrored();
    let (before, truth) = (Tree::read(&here.destination()), truth(&here));
    let whole = fs::read(state_file(&here)).unwrap();
    // Disks lose whole blocks. Of a page that is half zeroes, the keys in that half look as if they had never been there: redb
    // does not prove pages that it reads.
    let blocks = |bytes: usize| bytes / 4096 * 4096;
    let (quarter, half) = (blocks(whole.len() / 4), blocks(whole.len() / 2));
    for zeroes in [1, 4096, 8192, quarter, half, whole.len() - 4096, whole.len()] {
        let what = format!("{zeroes} zeroes at the end of {} bytes", whole.len());
        let mut bytes = whole.clone();
        bytes[whole.len() - zeroes..].fill(0);
        fs::write(state_file(&here), bytes).unwrap();
        reading_commands_are_honest(&here, &truth, &what);
        is_rebuilt(&here, &before, (zeroes >= whole.len() - 4096).then_some(true), &what);
    }
}

#[test]
fn a_state_with_a_page_of_other_bytes_is_never_believed() {
    let here = mirrored();
    let (before, truth) = (Tree::read(&here.destination()), truth(&here));
    let whole = fs::read(state_file(&here)).unwrap();
    let pages = whole.len() / 4096;
    let mut put_aside_times = 0;
    for page in (0..pages).step_by((pages / 24).max(1)) {
        let what = format!("page {page} of {pages}");
        let mut bytes = whole.clone();
        for byte in &mut bytes[page * 4096..(page + 1) * 4096] {
            *byte ^= 0xa5;
        }
        fs::write(state_file(&here), bytes).unwrap();
        reading_commands_are_honest(&here, &truth, &what);
        is_rebuilt(&here, &before, None, &what);
        put_aside_times += put_aside(&here).len();
    }
    assert!(put_aside_times > 3, "{put_aside_times} of {pages} pages mattered");
}

#[test]
fn one_bit_that_flipped_is_found_by_the_next_run() {
    let here = mirrored();
    let before = Tree::read(&here.destination());
    let whole = fs::read(state_file(&here)).unwrap();
    let mut put_aside_times = 0;
    for step in 0..24_usize {
        // Spread over the file and over the places in a page.
        let at = (step * whole.len() / 24 + step * 173) % whole.len();
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (step % 8);
        fs::write(state_file(&here), bytes).unwrap();
        for command in READING {
            no_panic(&here.larder(command).run(), &format!("bit of byte {at}"));
        }
        is_rebuilt(&here, &before, None, &format!("bit of byte {at}"));
        put_aside_times += put_aside(&here).len();
    }
    assert!(put_aside_times > 3, "{put_aside_times}");
}

#[test]
fn a_text_in_its_place_is_put_aside() {
    let here = mirrored();
    let (before, truth) = (Tree::read(&here.destination()), truth(&here));
    fs::write(state_file(&here), "dear diary\n".repeat(2_000)).unwrap();
    reading_commands_are_honest(&here, &truth, "text");
    // A dry run touches nothing, and names the file that the person knows.
    let ran = here.larder(&["sync", "--once", "--dry-run"]).run().expect(6);
    assert!(ran.stderr.contains(state_file(&here).to_str().unwrap()), "{}", ran.stderr);
    assert!(put_aside(&here).is_empty());
    is_rebuilt(&here, &before, Some(true), "text");
}

#[test]
fn a_directory_in_its_place_is_left_to_the_person() {
    let here = mirrored();
    let before = Tree::read(&here.destination());
    fs::remove_file(state_file(&here)).unwrap();
    fs::create_dir(state_file(&here)).unwrap();
    for command in [&["sync", "--once"][..], &["status"], &["ls"], &["history"]] {
        let ran = here.larder(command).run().expect(6);
        assert!(ran.stderr.contains("is no file") && ran.stderr.contains("move it away"), "{}", ran.stderr);
    }
    assert!(fs::metadata(state_file(&here)).unwrap().is_dir());
    fs::remove_dir(state_file(&here)).unwrap();
    is_rebuilt(&here, &before, Some(false), "directory");
}

#[test]
fn a_state_of_a_newer_larder_is_refused_untouched() {
    let here = mirrored();
    let before = bytes_below(&here.destination());
    let state = State::open(&state_file(&here)).unwrap();
    state.write(|batch| batch.set_meta_number(MetaKey::Format, u64::from(FORMAT) + 1)).unwrap();
    drop(state);
    let ours = fs::read(state_file(&here)).unwrap();
    // The byte by which redb tells the form of its files.
    let mut redbs = ours.clone();
    redbs[64] += 1;
    redbs[192] += 1;
    for bytes in [ours, redbs] {
        fs::write(state_file(&here), &bytes).unwrap();
        here.control().reset_counters();
        for command in [
            &["sync", "--once"][..],
            &["sync", "--once", "--dry-run"],
            &["sync", "--once", "--accept-destination"],
            &["status"],
            &["ls"],
            &["history"],
            &["restore", "2024"],
            &["audit"],
        ] {
            let ran = here.larder(command).run().expect(2);
            assert!(
                ran.stderr.contains("newer larder") && ran.stderr.contains("update larder"),
                "{command:?}: {ran:?}"
            );
            assert!(ran.stderr.contains(state_file(&here).to_str().unwrap()), "{ran:?}");
        }
        assert!(fs::read(state_file(&here)).unwrap() == bytes, "the file was touched");
        assert_eq!(here.control().counters().requests_to(""), 0);
    }
    assert!(put_aside(&here).is_empty() && bytes_below(&here.destination()) == before);
}

#[test]
fn a_damaged_state_and_an_empty_mount_point_are_not_taken_for_a_new_beginning() {
    let here = mirrored();
    fs::write(state_file(&here), "damaged").unwrap();
    let away = here.path("unmounted");
    fs::rename(here.destination(), &away).unwrap();
    fs::create_dir(here.destination()).unwrap();
    for _ in 0..2 {
        let ran = here.sync().expect(6);
        assert!(ran.stderr.contains("mount the right disk"), "{}", ran.stderr);
    }
    assert_eq!(fs::read_dir(here.destination()).unwrap().count(), 0);
    assert_eq!(fs::read(state_file(&here)).unwrap(), b"damaged");
    fs::remove_dir(here.destination()).unwrap();
    fs::rename(&away, here.destination()).unwrap();
    let before = Tree::read(&here.destination());
    is_rebuilt(&here, &before, Some(true), "mounted again");
}

#[test]
fn a_run_that_was_cut_off_is_no_damage() {
    let here = mirrored();
    here.control().set_latency(std::time::Duration::from_millis(60));
    for _ in 0..30 {
        here.add(NewPhoto::default());
    }
    let run = here.larder(&["sync", "--once"]).start();
    std::thread::sleep(std::time::Duration::from_millis(300));
    run.kill();
    here.control().set_latency(std::time::Duration::ZERO);
    let ran = here.larder(&["status"]).run();
    no_panic(&ran, "cut off");
    assert!(!ran.stderr.contains("damaged"), "{}", ran.stderr);
    here.sync().expect(0);
    assert!(put_aside(&here).is_empty());
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
}

/// Much happens after the copy was made: new photos, edits, names and dates, hidden ones, deleted ones, albums.
fn a_busy_week(here: &TestEnvironment) {
    let photos: Vec<String> = here.inventory().zones[0]
        .assets
        .iter()
        .filter(|asset| !asset.deleted && !asset.hidden)
        .map(|asset| asset.record_name.clone())
        .take(12)
        .collect();
    for kind in [PhotoKind::Heic, PhotoKind::Live, PhotoKind::EditedLive, PhotoKind::Mov] {
        here.add(NewPhoto { kind, ..NewPhoto::default() });
    }
    for asset in &photos[..3] {
        here.change(Mutation::Delete { asset: asset.clone() });
    }
    for asset in &photos[3..6] {
        let date_ms = Some(1_700_000_000_000);
        here.change(Mutation::SetDate { asset: asset.clone(), date_ms, time_zone_offset: None });
    }
    for asset in &photos[6..8] {
        here.change(Mutation::SetHidden { asset: asset.clone(), on: true });
    }
    for asset in &photos[8..10] {
        here.change(Mutation::Edit { asset: asset.clone() });
    }
}

#[test]
fn an_older_copy_put_back_loses_nothing_and_fetches_nothing() {
    let here = mirrored();
    let copy = fs::read(state_file(&here)).unwrap();
    a_busy_week(&here);
    here.sync().expect(0);
    a_busy_week(&here);
    here.sync().expect(0);
    let before = Tree::read(&here.destination());
    before.must_hold(&oracle::mirror_of(&here.inventory()));
    let all = bytes_below(&here.destination());

    fs::write(state_file(&here), &copy).unwrap();
    here.control().reset_counters();
    let ran = here.sync().expect(0);
    Tree::read(&here.destination()).must_equal(&before);
    assert_eq!(here.content_requests(), 0, "{}", ran.stdout);
    // Nothing that was there is gone, not from the attic either.
    no_content_is_lost(&here, &all);
    assert!(put_aside(&here).is_empty(), "an older state is no damaged one");
    let again = here.sync().expect(0);
    assert_eq!((again.number("fetched"), again.number("moved"), again.number("failed")), (0, 0, 0));
    Tree::read(&here.destination()).must_equal(&before);
}

#[test]
fn an_older_copy_with_a_token_that_icloud_forgot_loses_nothing() {
    let here = mirrored();
    let copy = fs::read(state_file(&here)).unwrap();
    a_busy_week(&here);
    here.sync().expect(0);
    let before = Tree::read(&here.destination());
    let all = bytes_below(&here.destination());
    here.change(Mutation::ResetZone { zone: None });
    fs::write(state_file(&here), &copy).unwrap();
    here.control().reset_counters();
    here.sync().expect(0);
    Tree::read(&here.destination()).must_equal(&before);
    assert_eq!(here.content_requests(), 0);
    no_content_is_lost(&here, &all);
}

/// Every content that the mirror and its attic held is there still.
fn no_content_is_lost(here: &TestEnvironment, before: &[(PathBuf, Vec<u8>)]) {
    let photos = |all: &[(PathBuf, Vec<u8>)]| -> std::collections::BTreeSet<Vec<u8>> {
        let own = |path: &Path| path.ends_with(".larder/mirror.toml");
        all.iter().filter(|(path, _)| !own(path)).map(|(_, bytes)| bytes.clone()).collect()
    };
    let (before, after) = (photos(before), photos(&bytes_below(&here.destination())));
    assert!(before.is_subset(&after), "{} contents are gone", before.difference(&after).count());
}
