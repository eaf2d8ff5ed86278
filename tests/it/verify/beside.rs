//! A verification beside a run, and one that is killed.

use std::fs;
use std::time::Duration;

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{Mutation, PhotoKind, Sizes};
use larder::state::{MetaKey, Reader, text};

use super::{flip, found, mirrored, photo, small, verify};
use crate::environment::TestEnvironment;
use crate::oracle;
use crate::tree::Tree;

#[test]
fn what_a_run_replaces_meanwhile_is_not_wrong() {
    let here = mirrored(LibrarySpec { assets: 150, ..small() });
    let assets: Vec<String> =
        (0..40).map(|n| photo(&here, PhotoKind::Edited, &format!("E{n:02}.HEIC"))).collect();
    here.sync().expect(0);
    for round in 0..3 {
        for asset in &assets {
            here.change(Mutation::Edit { asset: asset.clone() });
            let date_ms = Some(super::NOON + i64::from(round) * 86_400_000);
            here.change(Mutation::SetDate { asset: asset.clone(), date_ms, time_zone_offset: Some(0) });
        }
        here.control().set_latency(Duration::from_millis(20));
        let run = here.larder(&["sync", "--once", "--json"]).start();
        let mut seen = 0;
        for _ in 0..4 {
            let ran = verify(&here, &[]).expect(0);
            seen += ran.number("files");
        }
        assert!(seen > 0);
        here.control().set_latency(Duration::ZERO);
        run.wait().expect(0);
        Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
    }
}

#[test]
fn damage_is_found_beside_a_run_and_noted_when_it_ends() {
    let here = mirrored(small());
    photo(&here, PhotoKind::Heic, "A.HEIC");
    here.sync().expect(0);
    flip(&here.destination().join("2024/07/14/A.HEIC"), 99);
    for n in 0..20 {
        photo(&here, PhotoKind::Heic, &format!("B{n:02}.HEIC"));
    }
    here.control().set_latency(Duration::from_millis(300));
    let mut run = here.larder(&["sync", "--once", "--json"]).start();
    std::thread::sleep(Duration::from_millis(200));
    let beside = here.larder(&["verify", "--json"]).start();
    assert!(!run.has_ended(), "the run is at work");
    let ran = beside.wait().expect(1);
    here.control().set_latency(Duration::ZERO);
    run.wait().expect(0);
    assert_eq!(found(&ran).into_keys().collect::<Vec<_>>(), ["2024/07/14/A.HEIC"]);
    assert_eq!(here.larder(&["status", "--json"]).run().expect(0).number("wrong"), 1);
}

#[test]
fn what_is_put_right_before_it_is_noted_is_not_wrong() {
    let here = mirrored(small());
    for name in ["A.HEIC", "B.HEIC", "C.HEIC"] {
        photo(&here, PhotoKind::Heic, name);
    }
    here.sync().expect(0);
    let file = |name: &str| here.destination().join("2024/07/14").join(name);
    let mtime = fs::metadata(file("A.HEIC")).unwrap().modified().unwrap();
    let good = fs::read(file("A.HEIC")).unwrap();
    flip(&file("A.HEIC"), 40);
    fs::rename(file("B.HEIC"), here.path("B")).unwrap();
    flip(&file("C.HEIC"), 40);
    // As a run would hold it.
    let lock = fs::File::open(here.state_dir().join("lock")).unwrap();
    lock.lock().unwrap();
    let mut beside = here.larder(&["verify", "--json"]).start();
    std::thread::sleep(Duration::from_millis(700));
    assert!(!beside.has_ended(), "it waits for the run to end");
    // Another file with the right bytes, as a run puts it there.
    fs::write(here.path("A"), &good).unwrap();
    fs::File::open(here.path("A")).unwrap().set_modified(mtime).unwrap();
    fs::rename(here.path("A"), file("A.HEIC")).unwrap();
    fs::rename(here.path("B"), file("B.HEIC")).unwrap();
    drop(lock);
    let ran = beside.wait().expect(1);
    assert!(ran.stderr.contains("Waiting for the run at work to end"), "{}", ran.stderr);
    assert_eq!(found(&ran).into_keys().collect::<Vec<_>>(), ["2024/07/14/C.HEIC"]);
}

#[test]
fn a_version_that_a_run_placed_and_could_not_record_is_not_wrong() {
    let here = mirrored(small());
    let asset = photo(&here, PhotoKind::Edited, "A.HEIC");
    here.sync().expect(0);
    here.change(Mutation::Edit { asset });
    let gone = icloud_sim::Fault::Status { status: 500, headers: vec![], body: String::new() };
    here.control().add_fault(icloud_sim::Rule::new("content", gone));
    here.sync().expect(1);
    let (state, before) = (here.state_dir().join("state.redb"), here.path("before.redb"));
    fs::copy(&state, &before).unwrap();
    here.control().clear_faults();
    here.sync().expect(0);
    let after = Tree::read(&here.destination());
    // The power was cut between the two.
    fs::copy(&before, &state).unwrap();
    assert!(found(&verify(&here, &["--repair"]).expect(0)).is_empty());
    here.control().reset_counters();
    here.sync().expect(0);
    assert_eq!(here.content_requests(), 0);
    Tree::read(&here.destination()).must_equal(&after);
}

/// A mirror that takes a second or two to read.
fn large() -> TestEnvironment {
    mirrored(LibrarySpec { assets: 150, sizes: Sizes::Fixed(4 << 20), ..small() })
}

/// Whether a verification has noted something and is not at its end.
fn is_going(here: &TestEnvironment) -> bool {
    let reader = Reader::open(&here.state_dir().join("state.redb")).unwrap();
    text(&reader.view().unwrap(), MetaKey::VerifyPass).unwrap().is_some_and(|json| !json.is_empty())
}

#[test]
fn one_that_was_cut_off_goes_on_where_it_stopped() {
    let here = large();
    let all = oracle::count(&oracle::mirror_of(&here.inventory()));
    let paths: Vec<String> = Tree::read(&here.destination()).files.into_keys().collect();
    for path in paths.iter().step_by(7) {
        flip(&here.destination().join(path), 1234);
    }
    let damaged = paths.iter().step_by(7).count() as u64;
    for by_a_person in [true, false] {
        let mut cut = false;
        for _ in 0..5 {
            let mut run = here.larder(&["verify", "--restart"]).start();
            if by_a_person {
                std::thread::sleep(Duration::from_millis(400));
                run.interrupt();
                cut = run.wait().code == Some(130);
            } else {
                while !is_going(&here) && !run.has_ended() {
                    std::thread::sleep(Duration::from_millis(2));
                }
                run.kill();
                here.larder(&["status"]).run().expect(0);
                cut = is_going(&here);
            }
            if cut {
                break;
            }
        }
        if !cut {
            println!("skipped: this machine reads faster than a verification can be cut off");
            return;
        }
        let ran = verify(&here, &[]).expect(1);
        assert!(ran.json()["resumed"].is_string(), "{}", ran.stdout);
        assert_eq!((ran.number("files"), ran.number("damaged")), (all, damaged));
        assert_eq!(found(&ran).len() as u64, damaged);
        let status = here.larder(&["status", "--json"]).run().expect(0);
        assert_eq!((status.number("reread"), status.number("wrong")), (all, damaged));
    }
    let again = verify(&here, &["--restart"]).expect(1);
    assert!(again.json()["resumed"].is_null());
    assert_eq!((again.number("files"), again.number("damaged")), (all, damaged));
}
