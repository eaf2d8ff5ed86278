//! What `larder history` tells: what came, changed, moved, left and returned, when and why.

use std::fs;
use std::path::PathBuf;

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{Mutation, NewPhoto, PhotoKind};
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use serde_json::Value;

use crate::environment::{TestEnvironment, bytes_below};
use crate::oracle;

/// 2024-07-14, noon UTC.
const NOON: i64 = 1_720_958_400_000;

fn mirrored() -> TestEnvironment {
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 20, ..LibrarySpec::default() });
    here.sync().expect(0);
    here
}

/// A photo of 2024-07-14.
fn photo(here: &TestEnvironment, kind: PhotoKind, name: &str) -> String {
    let (name, date_ms) = (Some(name.to_owned()), Some(NOON));
    here.add(NewPhoto { kind, name, date_ms, ..NewPhoto::default() })
}

fn attic(here: &TestEnvironment) -> Vec<(PathBuf, Vec<u8>)> {
    let dir = here.destination().join(".larder/attic");
    if dir.exists() { bytes_below(&dir) } else { vec![] }
}

/// Events, as `larder history` tells them with these arguments.
#[track_caller]
fn events(here: &TestEnvironment, arguments: &[&str]) -> Vec<Value> {
    let ran = here.larder(&[&["history", "--json"], arguments].concat()).run().expect(0);
    ran.json()["events"].as_array().unwrap().clone()
}

/// What happened, in words.
#[track_caller]
fn words(here: &TestEnvironment, arguments: &[&str]) -> Vec<String> {
    let word =
        |event: &Value| format!("{} {}", event["what"].as_str().unwrap(), event["why"].as_str().unwrap());
    events(here, arguments).iter().map(word).collect()
}

/// The day at which the tests' computer stands.
fn today() -> jiff::civil::Date {
    Timestamp::now().to_zoned_datetime(TimeZone::get("Pacific/Kiritimati").unwrap()).date()
}

#[test]
fn everything_that_happens_to_a_file_is_told_by_each_of_its_paths() {
    let here = mirrored();
    let asset = photo(&here, PhotoKind::Heic, "A.HEIC");
    here.change(Mutation::Edit { asset: asset.clone() });
    here.sync().expect(0);
    here.change(Mutation::Edit { asset: asset.clone() });
    here.sync().expect(0);
    let date_ms = Some(NOON + 86_400_000);
    here.change(Mutation::SetDate { asset: asset.clone(), date_ms, time_zone_offset: Some(0) });
    here.sync().expect(0);
    here.change(Mutation::Delete { asset: asset.clone() });
    here.sync().expect(0);
    here.change(Mutation::Restore { asset });
    here.sync().expect(0);
    let original = ["came new", "moved rearranged", "left deleted", "returned undeleted"];
    let edited = ["came edited", "changed edited", "moved rearranged", "left deleted", "returned undeleted"];
    for day in ["14", "15"] {
        assert_eq!(words(&here, &[&format!("2024/07/{day}/A.HEIC")]), original);
        assert_eq!(words(&here, &[&format!("2024/07/{day}/A-edited.JPG")]), edited);
    }
    let absolute = here.destination().join("2024/07/15/A.HEIC");
    assert_eq!(words(&here, &[absolute.to_str().unwrap()]), original);
    assert_eq!(words(&here, &["2024/07/15"]).len(), 6, "what happened in that folder");
    assert_eq!(words(&here, &["2024/07"]).len(), 9);
    assert!(words(&here, &["2024/0"]).is_empty());

    let all = events(&here, &["2024/07/15/A-edited.JPG"]);
    assert_eq!(all[2]["from"], "2024/07/14/A-edited.JPG");
    assert_eq!(all[2]["kind"], "edited");
    assert_eq!((&all[3]["in_attic"], &all[1]["in_attic"]), (&false.into(), &true.into()));
    let until = today().checked_add(90.days()).unwrap().to_string();
    assert_eq!(all[1]["kept_until"], until.as_str());
    let text = here.larder(&["history", "2024/07/15/A-edited.JPG"]).run().expect(0).stdout;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 5);
    assert!(lines.iter().all(|line| line.starts_with(&today().strftime("%Y-%m-").to_string())), "{text}");
    let attic = format!(".larder/attic/{}/2024/07/14/A-edited.JPG until {until}", today());
    assert!(lines[1].contains("changed   2024/07/14/A-edited.JPG") && lines[1].contains(&attic), "{text}");
    assert!(lines[2].contains("2024/07/14/A-edited.JPG -> 2024/07/15/A-edited.JPG"), "{text}");
    assert!(lines[3].contains("no longer in the attic"), "{text}");
}

#[test]
fn a_first_sync_tells_of_every_file_and_a_quiet_night_of_none() {
    let here = mirrored();
    let files = oracle::count(&oracle::mirror_of(&here.inventory()));
    let first = events(&here, &[]);
    assert_eq!(first.len() as u64, files);
    assert!(first.iter().all(|event| event["what"] == "came"), "{first:?}");
    here.sync().expect(0);
    assert_eq!(events(&here, &[]), first);
    here.lose_state();
    here.sync().expect(0);
    let again = events(&here, &[]);
    assert_eq!(again.len(), first.len());
    // What no checksum can prove is fetched and compared.
    let found = again.iter().filter(|event| event["what"] == "found").count() as u64;
    assert_eq!(found, files - oracle::not_provable(&oracle::mirror_of(&here.inventory())));
}

#[test]
fn history_is_bounded_by_time_and_number() {
    let here = mirrored();
    let before = Timestamp::now().to_string();
    std::thread::sleep(std::time::Duration::from_millis(5));
    for name in ["A.HEIC", "B.HEIC", "C.HEIC"] {
        photo(&here, PhotoKind::Heic, name);
        here.sync().expect(0);
    }
    let paths = |arguments: &[&str]| -> Vec<String> {
        events(&here, arguments)
            .iter()
            .map(|event| event["path"].as_str().unwrap()[11..].to_owned())
            .collect()
    };
    assert_eq!(paths(&["--since", &before]), ["A.HEIC", "B.HEIC", "C.HEIC"]);
    assert_eq!(paths(&["--limit", "2"]), ["B.HEIC", "C.HEIC"]);
    assert_eq!(paths(&["2024/07/14", "--limit", "1"]), ["C.HEIC"]);
    assert_eq!(paths(&["--since", "1h", "--limit", "1"]), ["C.HEIC"]);
    assert_eq!(paths(&["--until", &before]).len() + 3, paths(&[]).len());
    assert_eq!(paths(&["--until", &today().to_string()]), paths(&[]));
    assert!(paths(&["--until", "2d"]).is_empty());
    let none = here.larder(&["history", "nowhere"]).run().expect(0);
    assert!(none.stdout.is_empty() && none.stderr.contains("Nothing"), "{}", none.stderr);
    let wrong = here.larder(&["history", "--since", "whenever"]).run().expect(2);
    assert!(wrong.stderr.contains("`--since whenever`"), "{}", wrong.stderr);
    let outside = here.larder(&["history", "/etc/passwd"]).run().expect(2);
    assert!(outside.stderr.contains("does not lie in the mirror"), "{}", outside.stderr);
}

#[test]
fn a_changed_file_that_should_move_stays_and_is_told() {
    let here = mirrored();
    let asset = photo(&here, PhotoKind::Heic, "MINE.HEIC");
    here.sync().expect(0);
    let file = here.destination().join("2024/07/14/MINE.HEIC");
    fs::write(&file, b"mine").unwrap();
    let date_ms = Some(NOON + 86_400_000);
    here.change(Mutation::SetDate { asset, date_ms, time_zone_offset: Some(0) });
    let ran = here.sync().expect(0);
    assert_eq!(fs::read(&file).unwrap(), b"mine");
    assert!(here.destination().join("2024/07/15/MINE.HEIC").exists());
    assert!(ran.json()["warnings"][0].as_str().unwrap().contains("2024/07/14/MINE.HEIC"), "{}", ran.stdout);
    assert_eq!(words(&here, &["2024/07/15/MINE.HEIC"]).last().unwrap(), "came lost");
}

#[test]
fn a_file_that_somebody_changed_is_set_aside_when_an_edit_replaces_it() {
    let here = mirrored();
    let asset = photo(&here, PhotoKind::Heic, "MINE.HEIC");
    here.change(Mutation::Edit { asset: asset.clone() });
    here.sync().expect(0);
    let path = "2024/07/14/MINE-edited.JPG";
    let file = here.destination().join(path);
    let mine: Vec<u8> = fs::read(&file).unwrap().iter().map(|byte| !byte).collect();
    fs::write(&file, &mine).unwrap();
    here.change(Mutation::Edit { asset });
    let ran = here.sync().expect(0);
    assert_eq!((ran.number("replaced"), &ran.json()["set_aside"][0]), (1, &path.into()));
    assert_ne!(fs::read(&file).unwrap(), mine);
    assert_eq!(attic(&here).into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>(), [mine]);
    let last = events(&here, &[path]).pop().unwrap();
    assert_eq!((&last["what"], &last["set_aside"]), (&"changed".into(), &true.into()));
}
