//! New versions, and what happens to the old ones.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::civil::Date;

use super::super::{Finish, Replaced, TreeError};
use super::{Destination, names, rel};

fn today() -> Date {
    "2026-11-23".parse().unwrap()
}

fn replace(destination: &Destination, content: &str, path: &str) -> Result<Replaced, TreeError> {
    destination.root.replace(destination.staged("cd", content), &rel(path), today(), Finish::default())
}

#[test]
fn the_old_version_is_in_the_attic_and_the_new_one_in_its_place() {
    let destination = Destination::new();
    destination.place("old", "2024/a.jpg").unwrap();
    let replaced = replace(&destination, "new", "2024/a.jpg").unwrap();
    assert_eq!(replaced.attic, Some(rel(".larder/attic/2026-11-23/2024/a.jpg")));
    assert_eq!(destination.read("2024/a.jpg"), "new");
    assert_eq!(destination.read(".larder/attic/2026-11-23/2024/a.jpg"), "old");
    assert_eq!(replaced.placed.facts.nlink, 1);
    assert_eq!(destination.incoming(), [""; 0]);
}

#[test]
fn several_old_versions_of_one_day_are_numbered() {
    let destination = Destination::new();
    destination.place("1", "a.jpg").unwrap();
    for (content, kept) in [("2", "a.jpg"), ("3", "a-2.jpg"), ("4", "a-3.jpg")] {
        let attic = replace(&destination, content, "a.jpg").unwrap().attic.unwrap();
        assert_eq!(attic.file_name(), kept);
    }
    let attic = destination.path(".larder/attic/2026-11-23");
    assert_eq!(names(&attic), ["a-2.jpg", "a-3.jpg", "a.jpg"]);
    assert_eq!(fs::read_to_string(attic.join("a-3.jpg")).unwrap(), "3");
    assert_eq!(destination.read("a.jpg"), "4");
}

#[test]
fn a_directory_of_the_attic_gets_a_number_where_a_file_has_its_name() {
    let destination = Destination::new();
    for (path, kept) in [
        ("a/b.pages", "a/b.pages"),
        ("a/b.pages/c/d.txt", "a/b.pages-2/c/d.txt"),
        ("a/b.pages/c/e.txt", "a/b.pages-2/c/e.txt"),
        ("a/b.pages-2", "a/b.pages-2-2"),
        ("a/b.pages/c", "a/b.pages-2/c-2"),
        ("a/b.pages/c/d.txt", "a/b.pages-2/c/d-2.txt"),
    ] {
        destination.place(path, path).unwrap();
        let attic = destination.root.retire(&rel(path), today()).unwrap();
        assert_eq!(attic, rel(&format!(".larder/attic/2026-11-23/{kept}")));
        assert_eq!(destination.read(&attic.to_string()), path);
        fs::remove_dir_all(destination.path("a")).unwrap();
    }
    // A link is somebody else's.
    std::os::unix::fs::symlink("/tmp", destination.path(".larder/attic/2026-11-23/link")).unwrap();
    destination.place("x", "link/x").unwrap();
    assert!(matches!(destination.root.retire(&rel("link/x"), today()), Err(TreeError::Link { .. })));
}

#[test]
fn replacing_what_is_gone_is_placing() {
    let destination = Destination::new();
    let replaced = replace(&destination, "new", "2024/a.jpg").unwrap();
    assert_eq!(replaced.attic, None);
    assert_eq!(destination.read("2024/a.jpg"), "new");
}

#[test]
fn a_replacement_that_was_cut_off_after_linking_goes_on_without_a_second_copy() {
    let destination = Destination::new();
    destination.place("old", "a.jpg").unwrap();
    let attic = destination.path(".larder/attic/2026-11-23");
    fs::create_dir_all(&attic).unwrap();
    fs::hard_link(destination.path("a.jpg"), attic.join("a.jpg")).unwrap();
    replace(&destination, "new", "a.jpg").unwrap();
    assert_eq!(names(&attic), ["a.jpg"]);
    assert_eq!(destination.read(".larder/attic/2026-11-23/a.jpg"), "old");
}

#[test]
fn a_replacement_that_was_cut_off_after_the_exchange_loses_neither_version() {
    let destination = Destination::new();
    destination.place("new", "a.jpg").unwrap();
    let attic = destination.path(".larder/attic/2026-11-23");
    fs::create_dir_all(&attic).unwrap();
    fs::write(attic.join("a.jpg"), "old").unwrap();
    fs::hard_link(attic.join("a.jpg"), destination.path(".larder/incoming/cd.part")).unwrap();
    let staging = destination.root.stage("cd").unwrap();
    assert_eq!(staging.size(), 0, "what is staged under that key is the old version, and safe");
    assert_eq!(destination.read(".larder/attic/2026-11-23/a.jpg"), "old");
}

#[test]
fn the_path_is_a_whole_file_at_every_instant() {
    let destination = Destination::new();
    destination.place(&"0".repeat(1000), "a.jpg").unwrap();
    let done = AtomicBool::new(false);
    let looks = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut looks = 0;
            while !done.load(Ordering::Relaxed) {
                let seen = destination.read("a.jpg");
                assert!(seen.len() == 1000 && seen.bytes().all(|b| b == seen.as_bytes()[0]));
                looks += 1;
            }
            looks
        });
        for round in 1..30 {
            replace(&destination, &(round % 10).to_string().repeat(1000), "a.jpg").unwrap();
        }
        done.store(true, Ordering::Relaxed);
        watcher.join().unwrap()
    });
    assert!(looks > 0);
}

#[test]
fn a_retired_file_is_in_the_attic_alone() {
    let destination = Destination::new();
    destination.place("x", "2024/a.jpg").unwrap();
    let attic = destination.root.retire(&rel("2024/a.jpg"), today()).unwrap();
    assert_eq!(destination.read(attic.as_str()), "x");
    assert!(!destination.path("2024/a.jpg").exists());
    destination.place("y", "2024/a.jpg").unwrap();
    let attic = destination.root.retire(&rel("2024/a.jpg"), today()).unwrap();
    assert_eq!(attic.file_name(), "a-2.jpg");
    assert!(destination.root.retire(&rel("2024/a.jpg"), today()).is_err());
    assert!(matches!(destination.root.retire(&rel("2024"), today()), Err(TreeError::InTheWay { .. })));
}

#[test]
fn a_day_of_the_attic_goes_when_it_is_before_the_day_that_is_named_and_not_on_it() {
    let destination = Destination::new();
    let days = [today().yesterday().unwrap(), today(), today().tomorrow().unwrap()];
    for day in days {
        destination.place("x", "a.jpg").unwrap();
        destination.root.retire(&rel("a.jpg"), day).unwrap();
    }
    assert_eq!(destination.root.expire_attic(today()).unwrap(), 1);
    assert_eq!(destination.root.attic_days().unwrap(), days[1..]);
    assert_eq!(destination.root.expire_attic(days[0]).unwrap(), 0);
}
