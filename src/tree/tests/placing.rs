//! How a file gets its final name.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use jiff::Timestamp;

use super::super::{Access, Dir, Finish, TreeError};
use super::{Destination, rel};
use crate::model::ContentHasher;

fn mode(destination: &Destination, path: &str) -> u32 {
    fs::metadata(destination.path(path)).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_placed_file_is_whole_and_nothing_is_left_behind() {
    let destination = Destination::new();
    let placed = destination.place("content", "2024/06/IMG_1.HEIC").unwrap();
    assert_eq!(destination.read("2024/06/IMG_1.HEIC"), "content");
    assert_eq!(placed.facts.size, 7);
    assert_eq!(placed.facts.nlink, 1);
    assert_eq!(Some(placed.facts), destination.root.stat(&rel("2024/06/IMG_1.HEIC")).unwrap());
    assert_eq!(destination.incoming(), [""; 0]);
}

#[test]
fn syncing_takes_directories_once_with_all_above_them() {
    let destination = Destination::new();
    destination.place("1", "2024/06/a").unwrap();
    let dirs = [rel("2024/06/a").parent(), Dir::ROOT, rel("2024/06/a").parent()];
    destination.root.sync_dirs(&dirs).unwrap();
    destination.root.sync_dirs(&[]).unwrap();
    assert!(destination.root.sync_dirs(&[rel("2025/06/a").parent()]).is_err());
    destination.root.sync_left(&[rel("2025/06/a").parent()]).unwrap();
}

#[test]
fn only_empty_directories_are_pruned() {
    let destination = Destination::new();
    destination.place("1", "2024/06/a").unwrap();
    destination.place("2", "2024/07/b").unwrap();
    destination.root.prune(&rel("2024/06/a").parent()).unwrap();
    assert_eq!(destination.read("2024/06/a"), "1");
    destination.root.remove(&rel("2024/06/a")).unwrap();
    destination.root.prune(&rel("2024/06/a").parent()).unwrap();
    assert_eq!(destination.root.stat(&rel("2024/06")).unwrap(), None);
    assert_eq!(destination.read("2024/07/b"), "2");
    destination.root.remove(&rel("2024/07/b")).unwrap();
    destination.root.prune(&rel("2024/07/b").parent()).unwrap();
    assert_eq!(destination.root.stat(&rel("2024")).unwrap(), None);
}

#[test]
fn a_private_directory_has_a_parent_that_is_not() {
    let destination = Destination::new();
    destination.root.ensure_dir(&rel("Shared Library/Hidden"), Access::Private).unwrap();
    destination.root.ensure_dir(&rel("Shared Library/Hidden"), Access::Shared).unwrap();
    fs::create_dir(destination.path("usual-dir")).unwrap();
    assert_eq!(mode(&destination, "Shared Library"), mode(&destination, "usual-dir"));
    assert_eq!(mode(&destination, "Shared Library/Hidden"), 0o700);
    assert!(destination.root.ensure_dir(&rel(".larder/x"), Access::Shared).is_err());
}

#[test]
fn a_relocated_file_keeps_content_and_time() {
    let destination = Destination::new();
    let before = destination.place("x", "2024/a").unwrap().facts;
    let after = destination.root.relocate(&rel("2024/a"), &rel("2025/01/b"), Access::Shared).unwrap();
    assert!(after.is_same_version(&before));
    assert!(!destination.path("2024/a").exists());
    destination.place("y", "2024/a").unwrap();
    let error = destination.root.relocate(&rel("2024/a"), &rel("2025/01/b"), Access::Shared).unwrap_err();
    assert!(matches!(error, TreeError::AlreadyThere { .. }), "{error:?}");
    assert_eq!((destination.read("2024/a"), destination.read("2025/01/b")), ("y".into(), "x".into()));
}

#[test]
fn a_file_that_is_there_is_never_replaced() {
    let destination = Destination::new();
    destination.place("old", "a/photo").unwrap();
    let error = destination.place("new", "a/photo").unwrap_err();
    assert!(matches!(&error, TreeError::AlreadyThere { path } if path == "a/photo"), "{error:?}");
    assert!(!error.is_disk());
    assert_eq!(destination.read("a/photo"), "old");
    assert_eq!(destination.root.stage("ab").unwrap().size(), 3, "the new version is still staged");
}

#[test]
fn an_empty_directory_is_not_replaced_either() {
    let destination = Destination::new();
    fs::create_dir(destination.path("photo")).unwrap();
    assert!(matches!(destination.place("new", "photo"), Err(TreeError::AlreadyThere { .. })));
}

#[test]
fn the_modification_time_is_the_photos() {
    let destination = Destination::new();
    for (i, text) in ["2019-06-05T10:11:12.123456789Z", "1969-12-31T23:59:58.25Z", "1970-01-01T00:00:00Z"]
        .iter()
        .enumerate()
    {
        let mtime: Timestamp = text.parse().unwrap();
        let path = rel(&format!("photo-{i}"));
        let finish = Finish { mtime: Some(mtime), ..Finish::default() };
        let placed = destination.root.place(destination.staged("ab", "x"), &path, finish).unwrap();
        assert!(placed.mtime_set);
        assert_eq!(i128::from(placed.facts.mtime_ns), mtime.as_nanosecond(), "{text}");
    }
}

#[test]
fn an_absurd_modification_time_does_not_cost_the_photo() {
    let destination = Destination::new();
    for (i, mtime) in [Timestamp::MIN, Timestamp::MAX].into_iter().enumerate() {
        let path = rel(&format!("photo-{i}"));
        let finish = Finish { mtime: Some(mtime), ..Finish::default() };
        destination.root.place(destination.staged("ab", "x"), &path, finish).unwrap();
        assert_eq!(destination.read(path.as_str()), "x");
    }
}

#[test]
fn modes_follow_the_umask_or_are_private() {
    let destination = Destination::new();
    fs::write(destination.path("usual"), "").unwrap();
    fs::create_dir(destination.path("usual-dir")).unwrap();
    destination.place("x", "2024/a").unwrap();
    assert_eq!(mode(&destination, "2024/a"), mode(&destination, "usual"));
    assert_eq!(mode(&destination, "2024"), mode(&destination, "usual-dir"));

    let finish = Finish { access: Access::Private, ..Finish::default() };
    destination.root.place(destination.staged("ab", "x"), &rel("Hidden/2024/b"), finish).unwrap();
    assert_eq!(mode(&destination, "Hidden"), 0o700);
    assert_eq!(mode(&destination, "Hidden/2024"), 0o700);
    assert_eq!(mode(&destination, "Hidden/2024/b"), 0o600);
}

#[test]
fn a_name_too_long_is_trouble_with_that_name_alone() {
    let destination = Destination::new();
    destination.place("x", &"n".repeat(255)).unwrap();
    // Longer than the system takes in one call, which walking one component at a time does not mind.
    let deep = vec!["d".repeat(250); 20].join("/");
    destination.place("x", &deep).unwrap();
    assert_eq!(destination.root.hash(&rel(&deep), false).unwrap().size, 1);
}

#[test]
fn two_workers_that_want_one_name_do_not_both_get_it() {
    let destination = Destination::new();
    let won = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..8)
            .map(|i| {
                let destination = &destination;
                scope.spawn(move || {
                    let staging = destination.staged(&format!("{i:x}"), &i.to_string());
                    destination
                        .root
                        .place(staging, &rel("x/y/z/photo"), Finish::default())
                        .is_ok()
                        .then_some(i)
                })
            })
            .collect();
        workers.into_iter().filter_map(|w| w.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(won.len(), 1);
    assert_eq!(destination.read("x/y/z/photo"), won[0].to_string());
}

#[test]
fn the_digest_is_that_of_the_content() {
    let destination = Destination::new();
    let content = "larder ".repeat(100_000);
    destination.place(&content, "photo").unwrap();
    let mut hasher = ContentHasher::new(true);
    hasher.update(content.as_bytes());
    assert_eq!(destination.root.hash(&rel("photo"), true).unwrap(), hasher.finish());
    assert!(destination.root.hash(&rel("absent"), true).is_err());
    assert_eq!(fs::metadata(destination.path("photo")).unwrap().nlink(), 1);
}

#[test]
fn a_directory_that_is_removed_because_it_is_empty_is_made_again() {
    let destination = Destination::new();
    let (root, ended) = (destination.root.clone(), std::sync::atomic::AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(std::sync::atomic::Ordering::Relaxed) {
                root.prune(&Dir::from(rel("a/b/c"))).unwrap();
            }
        });
        for number in 0..200 {
            let staged = destination.staged(&format!("{number:04x}"), "content");
            let placed = destination.root.place(staged, &rel("a/b/c/IMG"), Finish::default());
            let moved = placed.and_then(|_| {
                destination.root.relocate(&rel("a/b/c/IMG"), &rel("a/b/c/d/IMG"), Access::Shared)
            });
            let removed = moved.and_then(|_| destination.root.remove(&rel("a/b/c/d/IMG")));
            ended.store(removed.is_err(), std::sync::atomic::Ordering::Relaxed);
            removed.unwrap();
            destination.root.prune(&Dir::from(rel("a/b/c/d"))).unwrap();
        }
        ended.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}
