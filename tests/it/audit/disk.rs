//! What became of the files on the disk.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{Mutation, NewPhoto, PhotoKind};

use super::{Told, audit, mirrored, repaired, usual};
use crate::environment::{TestEnvironment, bytes_below};
use crate::oracle;
use crate::tree::Tree;

/// A mirror with a Live Photo `MINE.HEIC` of its own day, and the path of its still.
fn with_mine() -> (TestEnvironment, String) {
    let here = mirrored(usual());
    let photo = NewPhoto {
        kind: PhotoKind::Live,
        name: Some("MINE.HEIC".into()),
        date_ms: Some(1_400_000_000_000),
        time_zone_offset: Some(0),
        ..NewPhoto::default()
    };
    here.add(photo);
    here.sync().expect(0);
    let path = "2014/05/13/MINE.HEIC".to_owned();
    assert!(here.destination().join(&path).is_file());
    here.control().reset_counters();
    (here, path)
}

fn whole(here: &TestEnvironment) {
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
}

fn attic(here: &TestEnvironment) -> Vec<(PathBuf, Vec<u8>)> {
    let dir = here.destination().join(".larder/attic");
    if dir.exists() { bytes_below(&dir) } else { vec![] }
}

fn set_time(path: &Path, by: i64) {
    let file = fs::File::options().write(true).open(path).unwrap();
    let time = file.metadata().unwrap().modified().unwrap();
    let by_duration = Duration::from_secs(by.unsigned_abs());
    file.set_modified(if by < 0 { time - by_duration } else { time + by_duration }).unwrap();
}

#[test]
fn a_deleted_file_is_missing_and_comes_back() {
    let (here, path) = with_mine();
    fs::remove_file(here.destination().join(&path)).unwrap();
    // A run by itself does not look: nothing changed in iCloud.
    here.sync().expect(0);
    assert!(!here.destination().join(&path).exists());
    let told = audit(&here, &[], 1);
    let (item, reason, action) = told.one("lost");
    assert_eq!(item, path);
    assert!(reason.contains("not there") && action == "fetched by the next run", "{reason}; {action}");
    assert_eq!(told.differences().len(), 1);
    let [_, catalog, disk] = told.line(0, "live");
    assert_eq!(disk, catalog.map(|n| n - 1));
    // Until then it is known to be missing.
    let again = audit(&here, &[], 1);
    assert_eq!(again.one("not-fetched").0, path);
    repaired(&here);
    assert_eq!(here.content_requests(), 1);
    whole(&here);
}

#[test]
fn a_look_alone_notes_nothing_and_says_so() {
    let (here, path) = with_mine();
    fs::remove_file(here.destination().join(&path)).unwrap();
    let lock = fs::File::open(here.state_dir().join("lock")).unwrap();
    lock.lock().unwrap();
    let refused = here.larder(&["audit"]).run().expect(4);
    assert!(refused.stderr.contains("--no-repair"), "{}", refused.stderr);
    let before = fs::read(here.state_dir().join("state.redb")).unwrap();
    for _ in 0..2 {
        let told = audit(&here, &["--no-repair", "--deep"], 1);
        let (_, _, action) = told.one("lost");
        assert!(action.contains("once `larder audit` has noted it"), "{action}");
    }
    assert!(fs::read(here.state_dir().join("state.redb")).unwrap() == before);
    drop(lock);
    here.sync().expect(0);
    assert!(!here.destination().join(&path).exists());
}

#[test]
fn a_changed_file_is_set_aside_and_the_right_one_put_in_its_place() {
    let (here, path) = with_mine();
    let mine = b"my own version".to_vec();
    fs::write(here.destination().join(&path), &mine).unwrap();
    let told = audit(&here, &[], 1);
    let (item, reason, action) = told.one("altered");
    assert_eq!(item, path);
    assert!(reason.contains("14 bytes") && action.contains("set aside in the attic"), "{reason}; {action}");
    assert_eq!(told.differences().len(), 1);
    assert!(told.of("foreign").is_empty(), "it is told once");
    assert_eq!(audit(&here, &[], 1).one("altered").0, path);
    let ran = here.sync().expect(0);
    assert_eq!((ran.number("fetched"), ran.number("replaced")), (1, 1));
    assert_eq!(ran.json()["set_aside"], serde_json::json!([path]));
    let kept = attic(&here);
    assert_eq!(kept.len(), 1);
    assert!(kept[0].0.ends_with(&path) && kept[0].1 == mine, "{:?}", kept[0].0);
    repaired(&here);
    whole(&here);
}

#[test]
fn a_file_changed_within_its_size_is_set_aside_and_one_that_was_only_touched_is_dated() {
    let (here, path) = with_mine();
    let still = here.destination().join(&path);
    let clip = here.destination().join(path.replace(".HEIC", ".MOV"));
    let mine: Vec<u8> = fs::read(&still).unwrap().iter().map(|byte| !byte).collect();
    fs::write(&still, &mine).unwrap();
    set_time(&clip, 3_600);
    let told = audit(&here, &[], 1);
    assert_eq!(told.of("altered").len(), 2, "{:#}", told.0["findings"]);
    here.control().reset_counters();
    let ran = here.sync().expect(0);
    assert_eq!((ran.number("fetched"), ran.number("adopted")), (1, 1));
    assert_eq!(attic(&here).into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>(), [mine]);
    repaired(&here);
    whole(&here);
    assert_eq!(here.content_requests(), 1);
}

#[test]
fn a_touched_file_that_no_checksum_proves_is_known_by_larders_own() {
    let here = mirrored(LibrarySpec { assets: 300, awkward: true, disputed: true, ..LibrarySpec::default() });
    let photos = oracle::mirror_of(&here.inventory());
    let tree = Tree::read(&here.destination());
    let mut touched = 0;
    for file in oracle::files(&photos).filter(|file| !file.provable || !file.matches) {
        let (path, _) = tree.files.iter().find(|(_, found)| found.sha256 == file.sha256).unwrap();
        set_time(&here.destination().join(path), -86_400);
        touched += 1;
    }
    assert_eq!(touched, 3);
    assert_eq!(audit(&here, &[], 1).of("altered").len(), touched);
    repaired(&here);
    Tree::read(&here.destination()).must_equal(&tree);
    assert_eq!(here.content_requests(), 0);
    assert!(attic(&here).is_empty());
}

#[test]
fn what_lies_in_the_place_of_a_file_is_neither_followed_nor_replaced() {
    let (here, path) = with_mine();
    let (still, clip) =
        (here.destination().join(&path), here.destination().join(path.replace("HEIC", "MOV")));
    let elsewhere = here.path("elsewhere.heic");
    fs::rename(&still, &elsewhere).unwrap();
    symlink(&elsewhere, &still).unwrap();
    fs::remove_file(&clip).unwrap();
    fs::create_dir(&clip).unwrap();
    let told = audit(&here, &[], 1);
    let reasons: Vec<_> =
        told.of("displaced").iter().map(|f| f["reason"].as_str().unwrap().to_owned()).collect();
    assert_eq!(reasons.len(), 2, "{:#}", told.0["findings"]);
    assert!(reasons.iter().any(|reason| reason.contains("symbolic link")), "{reasons:?}");
    assert!(reasons.iter().any(|reason| reason.contains("directory")), "{reasons:?}");
    repaired(&here);
    assert_eq!(fs::read_link(&still).unwrap(), elsewhere);
    assert!(clip.is_dir());
    let day = still.parent().unwrap();
    let files = fs::read_dir(day).unwrap().filter(|e| e.as_ref().unwrap().file_type().unwrap().is_file());
    assert_eq!(files.count(), 2, "both are there under another name");
}

#[test]
fn a_folder_that_became_a_link_is_told_and_its_files_come_when_it_is_gone() {
    let (here, path) = with_mine();
    let day = here.destination().join(&path).parent().unwrap().to_owned();
    fs::rename(&day, here.path("elsewhere")).unwrap();
    symlink(here.path("elsewhere"), &day).unwrap();
    let told = audit(&here, &[], 1);
    assert_eq!(told.of("displaced").len(), 2, "{:#}", told.0["findings"]);
    here.sync().expect(1);
    audit(&here, &[], 1);
    fs::remove_file(&day).unwrap();
    repaired(&here);
    whole(&here);
    assert_eq!(fs::read_dir(here.path("elsewhere")).unwrap().count(), 2);
}

#[test]
fn a_foreign_file_is_counted_and_left_alone() {
    let (here, path) = with_mine();
    let day = here.destination().join(&path).parent().unwrap().to_owned();
    fs::write(day.join("mine.heic"), "on a disk that knows case").unwrap();
    fs::create_dir_all(here.destination().join("Scans/2020")).unwrap();
    fs::write(here.destination().join("Scans/2020/letter.pdf"), "12345").unwrap();
    fs::write(here.destination().join(".larder/incoming/abc.part"), "half").unwrap();
    symlink("letter.pdf", here.destination().join("Scans/2020/link")).unwrap();
    let told = audit(&here, &[], 0);
    let mut foreign: Vec<_> =
        told.of("foreign").iter().map(|f| f["item"].as_str().unwrap().to_owned()).collect();
    foreign.sort();
    assert_eq!(foreign, ["2014/05/13/mine.heic", "Scans/2020/letter.pdf", "Scans/2020/link"]);
    assert!(told.of("foreign").iter().all(|found| found["action"] == "nothing: not larder's"));
    assert_eq!(told.0["disk"]["foreign"], 3);
    assert_eq!((&told.0["disk"]["partial"], &told.0["disk"]["partial_bytes"]), (&1.into(), &4.into()));
    assert!(told.one("partial").0.ends_with("abc.part"));
}

#[test]
fn what_somebody_took_out_of_an_album_on_disk_is_made_again() {
    for view in ["hardlink", "symlink", "copy", "playlist"] {
        let here = TestEnvironment::signed_in(usual());
        here.write_job(&format!("[photos.albums]\nview = \"{view}\""));
        here.sync().expect(0);
        let told = audit(&here, &[], 0);
        let entries = everything_below(&here.destination().join("Albums"));
        assert!(!entries.is_empty());
        assert_eq!(
            (&told.0["disk"]["in_albums"], &told.0["disk"]["foreign"]),
            (&entries.len().into(), &0.into())
        );

        fs::remove_file(&entries[0]).unwrap();
        fs::write(entries[0].parent().unwrap().join("mine.txt"), "x").unwrap();
        let told = audit(&here, &[], 1);
        let (item, reason, action) = told.one("lost");
        assert!(entries[0].ends_with(&item) && reason.contains("album"), "{item}: {reason}");
        assert_eq!((action.as_str(), told.of("foreign").len()), ("made again by the next run", 1), "{view}");
        here.control().reset_counters();
        repaired(&here);
        assert!(entries[0].symlink_metadata().is_ok());
        assert_eq!(here.content_requests(), 0);
    }
}

#[test]
fn a_changed_file_is_put_right_in_the_albums_too() {
    let here = mirrored(usual());
    let zone = here.inventory().zones[0].clone();
    let album = zone.albums.iter().find(|album| album.members.len() == 1).unwrap();
    let photos = oracle::mirror_of(&here.inventory());
    let photo = photos.iter().find(|photo| photo.id == album.members[0]).unwrap();
    let path = here.destination().join(&photo.folder).join(&photo.names("")[0]);
    // Another name of the file changes with it.
    let mine = b"written into the file".to_vec();
    fs::write(&path, &mine).unwrap();
    let entry =
        here.destination().join("Albums").join(album.name.as_deref().unwrap()).join(&photo.names("")[0]);
    assert_eq!(fs::read(&entry).unwrap(), mine);
    audit(&here, &[], 1);
    repaired(&here);
    whole(&here);
    assert_eq!(fs::read(&entry).unwrap(), fs::read(&path).unwrap());
    assert!(attic(&here).iter().all(|(_, bytes)| *bytes == mine) && !attic(&here).is_empty());
}

/// Paths of everything but directories.
fn everything_below(dir: &Path) -> Vec<PathBuf> {
    let (mut found, mut dirs) = (vec![], vec![dir.to_owned()]);
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
            let into = if entry.file_type().unwrap().is_dir() { &mut dirs } else { &mut found };
            into.push(entry.path());
        }
    }
    found.sort();
    found
}

#[test]
fn a_name_that_is_no_text_does_not_end_an_audit() {
    use std::os::unix::ffi::OsStrExt as _;
    let here = mirrored(usual());
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.jpg");
    if fs::write(here.destination().join(name), "x").is_err() {
        println!("skipped: this file system takes text alone");
        return;
    }
    let told = audit(&here, &[], 0);
    assert!(told.one("foreign").1.contains("not UTF-8"));
}

#[test]
fn what_was_deleted_in_icloud_is_held_kept_or_in_the_attic() {
    let here = mirrored(usual());
    let assets: Vec<String> =
        here.inventory().zones[0].assets.iter().map(|a| a.record_name.clone()).collect();
    for asset in &assets[..30] {
        here.change(Mutation::Purge { asset: asset.clone() });
    }
    let held = here.sync().expect(1).number("held");
    let told = audit(&here, &[], 1);
    assert_eq!(told.of("held").len() as u64, held);
    let action = told.of("held")[0]["action"].as_str().unwrap().to_owned();
    assert_eq!(action, format!("held by the brake: larder sync --once --confirm-removals {held}"));
    assert_eq!(told.differences().len() as u64, held, "{:#}", told.0["findings"]);

    here.write_job("\n[removed]\npolicy = \"keep\"");
    here.sync().expect(0);
    let told = audit(&here, &["--deep"], 0);
    assert_eq!(told.of("kept").len() as u64, held);

    // A kept file that somebody deletes is nowhere any more: that is told once.
    let lost = here.destination().join(told.of("kept")[0]["item"].as_str().unwrap());
    fs::remove_file(lost).unwrap();
    assert!(audit(&here, &[], 1).one("lost").2.contains("nobody has it"));
    assert_eq!(audit(&here, &[], 0).of("kept").len() as u64, held - 1);
}

#[test]
fn what_is_in_the_attic_is_measured() {
    let (here, _) = with_mine();
    let asset = here.inventory().zones[0].assets.last().unwrap().record_name.clone();
    here.change(Mutation::Delete { asset });
    here.sync().expect(0);
    let told = audit(&here, &["--deep"], 0);
    let kept = attic(&here);
    let bytes: usize = kept.iter().map(|(_, bytes)| bytes.len()).sum();
    assert_eq!(
        (&told.0["disk"]["attic"], &told.0["disk"]["attic_bytes"]),
        (&kept.len().into(), &bytes.into())
    );
    assert!(kept.len() == 2 && told.of("kept").is_empty());
}

#[test]
fn what_the_job_file_leaves_out_is_named_with_its_key() {
    let here = TestEnvironment::signed_in(usual());
    here.write_job("videos = false\nhidden = false");
    here.sync().expect(0);
    let told = audit(&here, &["--deep"], 0);
    let zone = &here.inventory().zones[0];
    let living = || zone.assets.iter().filter(|asset| !asset.deleted);
    let is_video = |asset: &&icloud_sim::photos::AssetEntry| {
        let original = asset.resources.iter().find(|each| each.kind == "resOriginal").unwrap();
        original.uti.contains("movie") || original.uti.contains("mpeg-4")
    };
    let videos = living().filter(|a| !a.hidden).filter(is_video).count();
    let hidden = living().filter(|asset| asset.hidden).count();
    let with = |told: &Told, key: &str| {
        told.of("left-out").iter().filter(|f| f["reason"].as_str().unwrap().contains(key)).count()
    };
    assert!(videos > 0 && hidden > 0);
    assert_eq!((with(&told, "videos = false"), with(&told, "hidden = false")), (videos, hidden));
    assert_eq!(told.line(0, "videos"), [Some(videos as u64), Some(videos as u64), Some(0)]);

    // With another job file what it asks for now is missing, until the next run.
    here.write_job("");
    let told = audit(&here, &[], 1);
    let (reasons, fetched) = (told.of("not-fetched"), "fetched by the next run");
    assert!(reasons.iter().any(|f| f["reason"] == "the job file asks for it now" && f["action"] == fetched));
    repaired(&here);
    whole(&here);
}

#[test]
fn a_file_of_an_edit_that_was_taken_back_is_an_extra() {
    let (here, path) = with_mine();
    let asset = here.add(NewPhoto { kind: PhotoKind::Edited, ..NewPhoto::default() });
    here.sync().expect(0);
    here.change(Mutation::Revert { asset });
    here.sync().expect(0);
    let told = audit(&here, &["--deep"], 0);
    let extras = told.of("extra");
    assert!(extras.iter().all(|found| found["item"].as_str().unwrap().contains("-edited")), "{extras:?}");
    assert!(here.destination().join(path).exists());
}

#[test]
fn a_disk_that_is_another_is_refused() {
    let (here, _) = with_mine();
    fs::rename(here.destination(), here.path("unplugged")).unwrap();
    let ran = here.larder(&["audit"]).run().expect(6);
    assert!(ran.stderr.contains("does not exist"), "{}", ran.stderr);
    fs::create_dir(here.destination()).unwrap();
    let ran = here.larder(&["audit", "--json"]).run().expect(6);
    assert!(ran.stderr.contains("not the disk that larder knows"), "{}", ran.stderr);
    assert!(ran.json()["error"].as_str().unwrap().contains("not the disk"));
    assert_eq!(ran.json()["complete"], false);
    assert_eq!(fs::read_dir(here.destination()).unwrap().count(), 0);
    fs::remove_dir(here.destination()).unwrap();
    fs::rename(here.path("unplugged"), here.destination()).unwrap();
    let old = SystemTime::UNIX_EPOCH;
    assert!(fs::metadata(here.destination()).unwrap().modified().unwrap() > old);
    audit(&here, &[], 0);
}
