//! `larder have`: which files of a folder are in the mirror, by content.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{Mutation, NewPhoto, PhotoKind};

use crate::environment::{Ran, TestEnvironment, bytes_below};
use crate::oracle;
use crate::tree::Tree;

fn mirrored(spec: LibrarySpec) -> TestEnvironment {
    let here = TestEnvironment::signed_in(spec);
    here.sync().expect(0);
    here.control().reset_counters();
    here
}

/// Where nobody answers.
fn have(here: &TestEnvironment, dir: &Path, arguments: &[&str]) -> Ran {
    let dir = dir.to_str().unwrap();
    let all = [&["have", "--json", dir], arguments].concat();
    here.larder(&all).env("LARDER_ENDPOINT", "http://127.0.0.1:9").run()
}

/// How each file stands.
fn standings(ran: &Ran) -> BTreeMap<String, String> {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let files = ran.json()["files"].as_array().unwrap().clone();
    files.iter().map(|file| (text(&file["path"]), text(&file["standing"]))).collect()
}

#[test]
fn every_file_of_the_mirror_is_known_again_under_any_name() {
    let here = mirrored(LibrarySpec { assets: 150, awkward: true, disputed: true, ..LibrarySpec::default() });
    let photos = oracle::mirror_of(&here.inventory());
    let card = here.path("card");
    for (number, path) in Tree::read(&here.destination()).files.keys().enumerate() {
        let dir = card.join(format!("DCIM/{}APPLE", number % 3));
        fs::create_dir_all(&dir).unwrap();
        fs::copy(here.destination().join(path), dir.join(format!("IMG_{number}.BIN"))).unwrap();
    }
    let before = bytes_below(&card);
    let state = bytes_below(&here.state_dir());
    let ran = have(&here, &card, &[]).expect(0);
    assert_eq!(ran.json()["totals"]["there"].as_u64(), Some(oracle::count(&photos)));
    let standings = standings(&ran);
    let not_provable = standings.values().filter(|standing| *standing == "not_provable").count() as u64;
    assert_eq!(not_provable, oracle::not_provable(&photos));
    assert!(standings.values().any(|standing| standing == "disputed"));
    assert_eq!(here.control().counters().requests_to(""), 0);
    assert!(bytes_below(&card) == before && bytes_below(&here.state_dir()) == state, "it only reads");
    let text = here.larder(&["have", card.to_str().unwrap(), "--missing-only"]).run().expect(0).stdout;
    assert!(text.lines().count() == 1 && text.contains("all in the mirror"), "{text}");
}

#[test]
fn what_is_not_in_the_mirror_is_named() {
    let here = mirrored(LibrarySpec { assets: 20, ..LibrarySpec::default() });
    let noon = Some(1_720_958_400_000);
    let named = |name: &str, kind| NewPhoto {
        name: Some(name.to_owned()),
        kind,
        date_ms: noon,
        ..NewPhoto::default()
    };
    let live = here.add(named("LIVE.HEIC", PhotoKind::Live));
    here.change(Mutation::Edit { asset: live });
    let gone = here.add(named("GONE.HEIC", PhotoKind::Heic));
    here.add(named("LOST.HEIC", PhotoKind::Heic));
    here.add(named("CHANGED.HEIC", PhotoKind::Heic));
    here.sync().expect(0);
    let day = here.destination().join("2024/07/14");
    let card = here.path("card");
    fs::create_dir(&card).unwrap();
    for name in ["LIVE.HEIC", "LIVE.MOV", "LIVE-edited.JPG", "GONE.HEIC", "LOST.HEIC", "CHANGED.HEIC"] {
        fs::copy(day.join(name), card.join(name)).unwrap();
    }
    fs::copy(day.join("LIVE.MOV"), card.join("again.mov")).unwrap();
    let mut other = fs::read(day.join("LIVE.MOV")).unwrap();
    other[7] ^= 1;
    fs::write(card.join("near.mov"), &other).unwrap();
    fs::write(card.join("notes.txt"), "never in iCloud").unwrap();
    fs::write(here.path("secret"), "not of this folder").unwrap();
    symlink(here.path("secret"), card.join("link")).unwrap();
    symlink(here.destination(), card.join("mirror")).unwrap();
    here.change(Mutation::Delete { asset: gone });
    here.sync().expect(0);
    fs::remove_file(day.join("LOST.HEIC")).unwrap();
    fs::write(day.join("CHANGED.HEIC"), "mine").unwrap();
    let expected: BTreeMap<String, String> = [
        ("LIVE.HEIC", "proven"),
        ("LIVE.MOV", "proven"),
        ("LIVE-edited.JPG", "proven"),
        ("again.mov", "proven"),
        ("near.mov", "unknown"),
        ("notes.txt", "unknown"),
        ("GONE.HEIC", "attic"),
        ("LOST.HEIC", "icloud"),
        ("CHANGED.HEIC", "icloud"),
    ]
    .map(|(name, standing)| (name.to_owned(), standing.to_owned()))
    .into();
    let ran = have(&here, &card, &[]).expect(1);
    assert_eq!(standings(&ran), expected);
    assert_eq!(ran.json()["totals"]["skipped"], 2, "links are not followed");
    let missing = standings(&have(&here, &card, &["--missing-only"]).expect(1));
    assert_eq!(missing.len(), 5);
    let text = here.larder(&["have", card.to_str().unwrap()]).run().expect(1).stdout;
    assert!(text.contains("Here            again.mov is 2024/07/14/LIVE.MOV"), "{text}");
    assert!(text.contains("Not here        notes.txt"), "{text}");
    assert!(text.contains("4 in the mirror, 5 not"), "{text}");
    have(&here, &here.path("nowhere"), &[]).expect(6);
}

#[test]
fn an_empty_folder_is_all_there_and_a_run_may_be_at_work() {
    let here = mirrored(LibrarySpec { assets: 20, ..LibrarySpec::default() });
    let card = here.path("card");
    fs::create_dir(&card).unwrap();
    have(&here, &card, &[]).expect(0);
    for _ in 0..20 {
        here.add(NewPhoto::default());
    }
    let path = Tree::read(&here.destination()).files.into_keys().next().unwrap();
    fs::copy(here.destination().join(path), card.join("x")).unwrap();
    here.control().set_latency(std::time::Duration::from_millis(200));
    let mut run = here.larder(&["sync", "--once"]).start();
    have(&here, &card, &[]).expect(0);
    assert!(!run.has_ended());
    here.control().set_latency(std::time::Duration::ZERO);
    run.wait().expect(0);
}
