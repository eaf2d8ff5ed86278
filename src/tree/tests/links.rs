//! Attacks by links: whatever lies in the tree, nothing outside of it is read or written.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use tempfile::TempDir;

use super::super::{FileKind, Finish, TreeError};
use super::{Destination, names, rel};

/// A destination in which `album` is a link to a directory outside that holds `secret`.
fn with_linked_directory() -> (Destination, TempDir) {
    let (destination, outside) = (Destination::new(), tempfile::tempdir().unwrap());
    fs::write(outside.path().join("secret"), "secret").unwrap();
    symlink(outside.path(), destination.path("album")).unwrap();
    (destination, outside)
}

fn is_link(error: &TreeError, at: &str) -> bool {
    matches!(error, TreeError::Link { component, .. } if component == at)
}

#[test]
fn nothing_is_read_or_written_through_a_linked_directory() {
    let (destination, outside) = with_linked_directory();
    let root = &destination.root;
    for path in ["album/secret", "album/new/deep"] {
        let errors = [
            root.stat(&rel(path)).unwrap_err(),
            root.hash(&rel(path), false).unwrap_err(),
            destination.place("x", path).unwrap_err(),
            root.replace(
                root.stage("ab").unwrap(),
                &rel(path),
                "2026-01-02".parse().unwrap(),
                Finish::default(),
            )
            .unwrap_err(),
            root.retire(&rel(path), "2026-01-02".parse().unwrap()).unwrap_err(),
            root.sync_dirs(&[rel(path).parent()]).unwrap_err(),
        ];
        for error in errors {
            assert!(is_link(&error, "album") && !error.is_disk(), "{error:?}");
        }
    }
    assert_eq!(names(outside.path()), ["secret"]);
    assert_eq!(fs::read_to_string(outside.path().join("secret")).unwrap(), "secret");
}

#[test]
fn a_directory_that_turns_into_a_link_between_two_files_is_noticed() {
    let (destination, outside) = (Destination::new(), tempfile::tempdir().unwrap());
    destination.place("x", "2024/06/a").unwrap();
    fs::rename(destination.path("2024"), outside.path().join("2024")).unwrap();
    symlink(outside.path().join("2024"), destination.path("2024")).unwrap();
    let error = destination.place("y", "2024/06/b").unwrap_err();
    assert!(is_link(&error, "2024"), "{error:?}");
    assert_eq!(names(&outside.path().join("2024/06")), ["a"]);
}

#[test]
fn a_link_in_the_place_of_a_file_is_neither_followed_nor_replaced() {
    let (destination, outside) = (Destination::new(), tempfile::NamedTempFile::new().unwrap());
    fs::write(outside.path(), "outside").unwrap();
    symlink(outside.path(), destination.path("photo")).unwrap();
    let root = &destination.root;
    assert_eq!(root.stat(&rel("photo")).unwrap().unwrap().kind, FileKind::Link);
    assert!(is_link(&root.hash(&rel("photo"), false).unwrap_err(), "photo"));
    assert!(matches!(destination.place("new", "photo"), Err(TreeError::AlreadyThere { .. })));
    let date = "2026-01-02".parse().unwrap();
    let error = root.replace(root.stage("ab").unwrap(), &rel("photo"), date, Finish::default()).unwrap_err();
    assert!(matches!(error, TreeError::InTheWay { kind: FileKind::Link, .. }), "{error:?}");
    assert!(fs::symlink_metadata(destination.path("photo")).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(outside.path()).unwrap(), "outside");
}

#[test]
fn a_dangling_link_is_no_free_name() {
    let destination = Destination::new();
    symlink("/nonexistent/target", destination.path("photo")).unwrap();
    assert!(matches!(destination.place("x", "photo"), Err(TreeError::AlreadyThere { .. })));
}

#[test]
fn a_file_where_a_directory_is_needed_is_in_the_way() {
    let destination = Destination::new();
    destination.place("x", "2024").unwrap();
    let error = destination.place("y", "2024/06/a").unwrap_err();
    assert!(
        matches!(&error, TreeError::InTheWay { path, kind: FileKind::File } if path == "2024"),
        "{error:?}"
    );
}

#[test]
fn a_named_pipe_is_not_waited_for() {
    let destination = Destination::new();
    if !Command::new("mkfifo").arg(destination.path("pipe")).status().is_ok_and(|s| s.success()) {
        println!("skipped: there is no mkfifo here");
        return;
    }
    let error = destination.root.hash(&rel("pipe"), false).unwrap_err();
    assert!(matches!(error, TreeError::InTheWay { kind: FileKind::Other, .. }), "{error:?}");
}

#[test]
fn larders_own_directory_holds_no_photos() {
    let destination = Destination::new();
    for path in [".larder/mirror.toml", ".larder/x", ".Larder/x"] {
        assert!(matches!(destination.place("x", path), Err(TreeError::Reserved { .. })), "{path}");
        let date = "2026-01-02".parse().unwrap();
        assert!(
            matches!(destination.root.retire(&rel(path), date), Err(TreeError::Reserved { .. })),
            "{path}"
        );
    }
}
