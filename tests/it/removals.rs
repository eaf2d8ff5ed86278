//! What leaves the mirror and when, and what is moved instead of fetched.

use std::fs;

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{Mutation, NewPhoto, PhotoKind, Sizes};

use crate::environment::{Ran, TestEnvironment, bytes_below};
use crate::oracle;
use crate::tree::Tree;

fn mirrored(assets: usize) -> TestEnvironment {
    let here = TestEnvironment::signed_in(LibrarySpec { assets, ..LibrarySpec::default() });
    here.sync().expect(0);
    here
}

/// A run that fetches nothing, after which the tree is what iCloud holds.
#[track_caller]
fn settle(here: &TestEnvironment, arguments: &[&str]) -> Ran {
    here.control().reset_counters();
    let ran = here.larder(&[&["sync", "--once", "--json"], arguments].concat()).run().expect(0);
    assert_eq!(here.content_requests(), 0);
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
    ran
}

fn attic(here: &TestEnvironment) -> usize {
    let dir = here.destination().join(".larder/attic");
    if dir.exists() { bytes_below(&dir).len() } else { 0 }
}

fn removed_section(here: &TestEnvironment, text: &str) {
    here.write_job(&format!("\n[removed]\n{text}"));
}

fn assets(here: &TestEnvironment) -> Vec<String> {
    let zones = here.inventory().zones;
    zones[0].assets.iter().filter(|asset| !asset.deleted).map(|asset| asset.record_name.clone()).collect()
}

#[test]
fn a_deleted_photo_goes_to_the_attic_with_all_its_files_and_comes_back_without_a_fetch() {
    let here = mirrored(40);
    let asset = here.add(NewPhoto { kind: PhotoKind::Live, ..NewPhoto::default() });
    here.sync().expect(0);
    here.change(Mutation::Delete { asset: asset.clone() });
    let foreseen = here.larder(&["sync", "--once", "--dry-run", "--json"]).run().expect(0);
    assert_eq!((foreseen.number("to_remove"), attic(&here)), (2, 0));
    assert_eq!(settle(&here, &[]).number("removed"), 2);
    assert_eq!(attic(&here), 2);
    here.change(Mutation::Restore { asset });
    assert_eq!(settle(&here, &[]).number("moved"), 2);
    assert_eq!(attic(&here), 0);
}

#[test]
fn a_photo_that_a_stopped_run_brought_back_and_that_is_deleted_again_leaves_again() {
    if !larder::failpoint::PRESENT {
        return;
    }
    let here = mirrored(4);
    let asset = here.add(NewPhoto { kind: PhotoKind::Live, ..NewPhoto::default() });
    here.sync().expect(0);
    here.change(Mutation::Delete { asset: asset.clone() });
    settle(&here, &[]);
    here.change(Mutation::Restore { asset: asset.clone() });
    let stopped = here.larder(&["sync", "--once"]).env("LARDER_FAILPOINTS", "move.rename=abort@2").run();
    assert_eq!((stopped.code, attic(&here)), (None, 1), "one of two files is back");
    here.change(Mutation::Delete { asset });
    settle(&here, &[]);
    assert_eq!(attic(&here), 2);
}

#[test]
fn a_photo_that_a_stopped_run_removed_and_that_is_undeleted_comes_back() {
    if !larder::failpoint::PRESENT {
        return;
    }
    for policy in ["attic", "delete"] {
        let here = mirrored(4);
        removed_section(&here, &format!("policy = \"{policy}\""));
        let asset = here.add(NewPhoto { kind: PhotoKind::Live, ..NewPhoto::default() });
        here.sync().expect(0);
        here.change(Mutation::Delete { asset: asset.clone() });
        let point = if policy == "attic" { "attic.rename" } else { "tree.remove" };
        let order = format!("{point}=abort@2");
        let stopped = here.larder(&["sync", "--once"]).env("LARDER_FAILPOINTS", &order).run();
        assert_eq!(stopped.code, None, "{}", stopped.stderr);
        here.change(Mutation::Restore { asset });
        here.control().reset_counters();
        here.sync().expect(0);
        let fetched = u64::from(policy == "delete");
        assert_eq!(here.content_requests(), fetched, "{policy}");
        Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
    }
}

#[test]
fn a_directory_that_cannot_be_removed_at_once_holds_nothing_up() {
    if !larder::failpoint::PRESENT {
        return;
    }
    // On the last day of another year, alone in its directory.
    let date_ms = Some(1_009_800_000_000);
    for error in ["ETXTBSY", "EIO"] {
        let here = mirrored(5);
        let run = || {
            let order = format!("tree.rmdir={error}@1");
            let run =
                here.larder(&["sync", "--once", "--json"]).env("LARDER_FAILPOINTS", order).run().expect(0);
            Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
            assert!(!here.destination().join("2001").exists(), "{error}: {}", run.stdout);
            run
        };
        let asset = here.add(NewPhoto { date_ms, ..NewPhoto::default() });
        here.sync().expect(0);
        assert!(here.destination().join("2001").exists());
        here.control().reset_counters();
        here.change(Mutation::Delete { asset: asset.clone() });
        let ran = run();
        assert_eq!((ran.number("removed"), ran.number("failed"), attic(&here)), (1, 0, 1));
        here.change(Mutation::Restore { asset: asset.clone() });
        assert_eq!(settle(&here, &[]).number("moved"), 1, "the ledger knows where in the attic it is");
        here.change(Mutation::SetDate { asset, date_ms: Some(1_700_000_000_000), time_zone_offset: None });
        let ran = run();
        assert_eq!((ran.number("moved"), ran.number("fetched"), here.content_requests()), (1, 0, 0));
    }
}

#[test]
fn much_at_once_is_held_until_it_is_confirmed() {
    let here = mirrored(60);
    let before = Tree::read(&here.destination());
    for asset in assets(&here).into_iter().take(30) {
        here.change(Mutation::Purge { asset });
    }
    for _ in 0..2 {
        let ran = here.sync().expect(1);
        assert!(ran.number("held") >= 30, "{}", ran.stdout);
        Tree::read(&here.destination()).must_equal(&before);
    }
    let held = here.sync().expect(1).number("held");
    let too_few = (held - 1).to_string();
    here.larder(&["sync", "--once", "--confirm-removals", &too_few]).run().expect(1);
    Tree::read(&here.destination()).must_equal(&before);
    let status = here.larder(&["status"]).run().expect(0).stdout;
    assert!(status.contains("Missing         nothing"), "{status}");
    assert_eq!(settle(&here, &["--confirm-removals", &held.to_string()]).number("removed"), held);
}

#[test]
fn the_job_file_says_what_becomes_of_removed_files() {
    let here = mirrored(30);
    let before = Tree::read(&here.destination());
    removed_section(&here, "policy = \"keep\"");
    here.change(Mutation::Delete { asset: assets(&here)[0].clone() });
    assert_eq!(here.sync().expect(0).number("kept"), 1);
    Tree::read(&here.destination()).must_equal(&before);

    removed_section(&here, "policy = \"delete\"");
    let asset = here.add(NewPhoto::default());
    here.sync().expect(0);
    here.change(Mutation::Delete { asset });
    assert_eq!(here.sync().expect(0).number("removed"), 1);
    assert_eq!(attic(&here), 0);
    Tree::read(&here.destination()).must_equal(&before);
}

#[test]
fn a_file_that_somebody_changed_is_set_aside_and_never_deleted() {
    let here = mirrored(30);
    removed_section(&here, "policy = \"delete\"");
    let asset = here.add(NewPhoto { name: Some("CHANGED.HEIC".into()), ..NewPhoto::default() });
    here.sync().expect(0);
    let (path, bytes) = bytes_below(&here.destination())
        .into_iter()
        .find(|(path, _)| path.ends_with("CHANGED.HEIC"))
        .unwrap();
    let mine: Vec<u8> = bytes.iter().map(|byte| !byte).collect();
    fs::write(here.destination().join(&path), &mine).unwrap();
    here.change(Mutation::Delete { asset });
    let ran = here.sync().expect(0);
    assert!(ran.json()["set_aside"][0].as_str().unwrap().ends_with("CHANGED.HEIC"));
    let kept = bytes_below(&here.destination().join(".larder/attic"));
    assert_eq!(kept.into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>(), [mine]);
}

#[test]
fn a_file_moves_with_its_date_and_its_hiding() {
    let here = mirrored(30);
    let asset = here.add(NewPhoto { kind: PhotoKind::Live, ..NewPhoto::default() });
    here.sync().expect(0);
    let day = 1_400_000_000_000;
    for date_ms in [day, day + 3_600_000] {
        let time_zone_offset = Some(0);
        here.change(Mutation::SetDate { asset: asset.clone(), date_ms: Some(date_ms), time_zone_offset });
        settle(&here, &[]);
    }
    here.change(Mutation::SetHidden { asset: asset.clone(), on: true });
    assert_eq!(settle(&here, &[]).number("moved"), 2);
    here.change(Mutation::SetHidden { asset, on: false });
    assert_eq!(settle(&here, &[]).number("moved"), 2);
    assert_eq!(attic(&here), 0);
}

#[test]
fn a_folder_that_a_moved_and_replaced_photo_leaves_goes_with_the_last_file() {
    let here = mirrored(30);
    let day = 1_400_000_000_000;
    let new = |number| NewPhoto {
        name: Some(format!("IMG_{number}.HEIC")),
        date_ms: Some(day),
        ..NewPhoto::default()
    };
    let assets: Vec<String> = (0..12).map(|number| here.add(new(number))).collect();
    here.sync().expect(0);
    for (number, asset) in assets.into_iter().enumerate() {
        if number % 2 == 0 {
            here.change(Mutation::ReplaceOriginal { asset: asset.clone(), same_master: false });
        }
        here.change(Mutation::SetDate { asset, date_ms: Some(day + 86_400_000), time_zone_offset: None });
    }
    here.sync().expect(0);
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
    assert_eq!(attic(&here), 6);
}

#[test]
fn a_new_layout_moves_every_file_and_fetches_none() {
    let here = mirrored(60);
    let files = bytes_below(&here.destination()).len();
    here.write_job("layout = \"{created:%Y}/{name}\"");
    let foreseen = here.larder(&["sync", "--once", "--dry-run", "--json"]).run().expect(0);
    let moved = foreseen.number("to_move");
    here.control().reset_counters();
    let ran = here.sync().expect(0);
    assert_eq!((ran.number("moved"), here.content_requests()), (moved, 0));
    let after = bytes_below(&here.destination());
    assert_eq!(after.len(), files);
    let mirror = here.destination();
    for (path, _) in &after {
        let path = path.strip_prefix(&mirror).unwrap_or(path);
        let own = path.starts_with(".larder") || path.starts_with("Hidden");
        assert!(own || path.components().count() == 2, "{}", path.display());
    }
    here.write_job("");
    settle(&here, &[]);
}

#[test]
fn an_earlier_version_of_the_same_size_in_the_attic_is_not_taken_for_a_file_that_is_missing() {
    let here = TestEnvironment::signed_in(LibrarySpec { sizes: Sizes::Fixed(500), ..LibrarySpec::default() });
    let asset = here.add(NewPhoto { kind: PhotoKind::Heic, ..NewPhoto::default() });
    for _ in 0..2 {
        here.change(Mutation::Edit { asset: asset.clone() });
        here.sync().expect(0);
    }
    let kept = bytes_below(&here.destination().join(".larder/attic"));
    let edited =
        Tree::read(&here.destination()).files.into_keys().find(|path| path.contains("-edited")).unwrap();
    let edited = here.destination().join(edited);
    assert_eq!((kept.len(), kept[0].1.len() as u64), (1, fs::metadata(&edited).unwrap().len()));
    fs::remove_file(&edited).unwrap();
    here.change(Mutation::SetFavorite { asset, on: true });
    here.control().reset_counters();
    let ran = here.sync().expect(0);
    assert_eq!((ran.number("fetched"), ran.number("moved")), (1, 0), "{}", ran.stdout);
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
    assert_eq!(bytes_below(&here.destination().join(".larder/attic")), kept);
}

#[test]
fn a_file_that_cannot_be_moved_is_fetched_and_leaves_its_old_place() {
    if !larder::failpoint::PRESENT {
        return;
    }
    let here = TestEnvironment::signed_in(LibrarySpec::default());
    let photo = NewPhoto { date_ms: Some(1_720_958_400_000), ..NewPhoto::default() };
    let asset = here.add(photo);
    here.sync().expect(0);
    here.change(Mutation::SetDate { asset, date_ms: Some(1_730_000_000_000), time_zone_offset: None });
    here.control().reset_counters();
    let run = here.larder(&["sync", "--once"]).env("LARDER_FAILPOINTS", "move.rename=ENAMETOOLONG@1");
    run.run().expect(0);
    assert_eq!(here.content_requests(), 1);
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
    let attic = crate::environment::bytes_below(&here.destination().join(".larder/attic"));
    assert_eq!(attic.len(), 1, "what could not be moved is kept");
}
