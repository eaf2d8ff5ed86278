//! The slice of a night: within as many nights as there are shares, everything is read.

use std::collections::BTreeSet;
use std::fs;

use icloud_sim::LibrarySpec;
use icloud_sim::photos::PhotoKind;
use larder::state::{State, rereads};

use super::{attic, flip, mirrored, photo, small};
use crate::environment::{Ran, TestEnvironment};
use crate::oracle;
use crate::tree::Tree;

/// Lets the last slice be of the night before.
fn next_night(here: &TestEnvironment) {
    let state = State::open(&here.state_dir().join("state.redb")).unwrap();
    state
        .write(|batch| {
            let mut map = rereads(batch)?;
            map.last_slice_ms -= 24 * 3600 * 1000;
            batch.put_rereads(&map)
        })
        .unwrap();
}

fn read(ran: &Ran) -> u64 {
    ran.json()["reread"]["files"].as_u64().unwrap()
}

#[test]
fn every_file_is_read_within_as_many_nights_as_there_are_shares() {
    let here = mirrored(LibrarySpec { assets: 300, ..small() });
    here.write_job("\n[verify]\nnightly = \"1/3\"");
    let all = oracle::count(&oracle::mirror_of(&here.inventory()));
    let first = here.sync().expect(0);
    assert!(read(&first) >= all / 3 && read(&first) < all * 2 / 3, "{} of {all}", read(&first));
    assert_eq!(read(&here.sync().expect(0)), 0, "one slice a night");
    // Every one of these nights, what came and what was there goes bad.
    let mut damaged = BTreeSet::new();
    for night in 0..3 {
        next_night(&here);
        let name = format!("N{night}.HEIC");
        photo(&here, PhotoKind::Heic, &name);
        let ran = here.sync().expect(0);
        assert!(read(&ran) > 0);
        let path = format!("2024/07/14/{name}");
        // Since it came, or since its slice was read.
        flip(&here.destination().join(&path), 55);
        damaged.insert(path);
    }
    let tree = Tree::read(&here.destination());
    for path in tree.files.keys().step_by(10).filter(|path| !path.starts_with("2024/07/14/")) {
        flip(&here.destination().join(path), 55);
        damaged.insert(path.clone());
    }
    here.control().reset_counters();
    let mut repaired = 0;
    for _ in 0..3 {
        next_night(&here);
        let ran = here.sync().expect(0);
        repaired += ran.json()["reread"]["wrong"].as_u64().unwrap();
        assert_eq!(ran.json()["reread"]["left"], 0, "repaired in the same run: {}", ran.stdout);
    }
    assert_eq!(repaired, damaged.len() as u64);
    assert_eq!(here.content_requests(), repaired);
    assert_eq!(attic(&here).len() as u64, repaired);
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
    let status = here.larder(&["status", "--json"]).run().expect(0);
    assert!(status.json()["reread_since"].is_string(), "{}", status.stdout);
}

#[test]
fn a_night_leaves_what_a_person_changed_and_says_so() {
    let here = mirrored(small());
    photo(&here, PhotoKind::Heic, "A.HEIC");
    here.write_job("\n[verify]\nnightly = \"1/1\"");
    here.sync().expect(0);
    let file = here.destination().join("2024/07/14/A.HEIC");
    fs::write(&file, "mine").unwrap();
    next_night(&here);
    let ran = here.larder(&["sync", "--once"]).run().expect(0);
    assert!(ran.stdout.contains("2024/07/14/A.HEIC: it has 4 bytes"), "{}", ran.stdout);
    assert_eq!(fs::read(&file).unwrap(), b"mine");
    next_night(&here);
    assert_eq!(fs::read(&file).unwrap(), b"mine");
    let status = here.larder(&["status"]).run().expect(0).stdout;
    assert!(status.contains("Wrong           1 file on this disk"), "{status}");
}

#[test]
fn a_night_that_cannot_repair_says_so_until_a_night_can() {
    let here = mirrored(small());
    photo(&here, PhotoKind::Heic, "A.HEIC");
    here.write_job("\n[verify]\nnightly = \"1/1\"");
    here.sync().expect(0);
    let file = here.destination().join("2024/07/14/A.HEIC");
    let good = fs::read(&file).unwrap();
    flip(&file, 20);
    next_night(&here);
    let gone = icloud_sim::Fault::Status { status: 500, headers: vec![], body: String::new() };
    here.control().add_fault(icloud_sim::Rule::new("content", gone));
    let ran = here.sync().expect(1);
    assert_eq!((ran.number("failed"), &ran.json()["reread"]["left"]), (1, &1.into()));
    here.control().clear_faults();
    here.sync().expect(0);
    assert_eq!(fs::read(&file).unwrap(), good);
    assert_eq!(here.larder(&["status", "--json"]).run().expect(0).number("wrong"), 0);
}

#[test]
fn without_the_key_a_quiet_night_reads_and_writes_nothing() {
    let here = mirrored(small());
    flip(&here.destination().join(Tree::read(&here.destination()).files.keys().next().unwrap()), 8);
    let ran = here.sync().expect(0);
    assert_eq!(read(&ran), 0);
    assert_eq!(here.control().counters().requests_to(""), 1);
    let map = rereads(&State::open(&here.state_dir().join("state.redb")).unwrap().view().unwrap()).unwrap();
    assert_eq!(map, larder::state::Rereads::default());
    for wrong in ["1/0", "30", "on", "2/3"] {
        here.write_job(&format!("\n[verify]\nnightly = {wrong:?}"));
        assert!(here.sync().expect(2).stderr.contains("verify.nightly"), "{wrong}");
    }
}
