//! Files on their way in.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::super::{Root, TreeError};
use super::{Destination, Mounted};

#[test]
fn a_staged_file_is_its_owners_alone_and_can_be_resumed() {
    let destination = Destination::new();
    let staging = destination.staged("0a", "first ");
    drop(staging);
    let mode = fs::metadata(destination.path(".larder/incoming/0a.part")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let mut staging = destination.root.stage("0a").unwrap();
    assert_eq!(staging.size(), 6);
    let mut seen = Vec::new();
    staging.read_existing(|chunk| seen.extend_from_slice(chunk)).unwrap();
    assert_eq!(seen, b"first ");
    staging.append(b"second").unwrap();
    staging.sync().unwrap();
    assert_eq!(destination.read(".larder/incoming/0a.part"), "first second");
}

#[test]
fn truncating_cuts_and_never_lengthens() {
    let destination = Destination::new();
    let mut staging = destination.staged("0a", "0123456789");
    staging.truncate(4).unwrap();
    staging.truncate(8).unwrap();
    assert_eq!(staging.size(), 4);
    staging.append(b"x").unwrap();
    assert_eq!(destination.read(".larder/incoming/0a.part"), "0123x");
    staging.truncate(0).unwrap();
    staging.append(b"y").unwrap();
    assert_eq!(destination.read(".larder/incoming/0a.part"), "y");
}

#[test]
fn a_key_that_is_not_hexadecimal_is_refused() {
    let destination = Destination::new();
    for key in ["", "..", "a/b", "xyz", "ab.part", &"a".repeat(256)] {
        assert!(matches!(destination.root.stage(key), Err(TreeError::Reserved { .. })), "{key}");
    }
}

#[test]
fn a_discarded_file_is_gone() {
    let destination = Destination::new();
    destination.staged("0a", "x");
    destination.root.discard("0a").unwrap();
    destination.root.discard("0a").unwrap();
    assert_eq!(destination.incoming(), [""; 0]);
}

#[test]
fn sweeping_removes_what_nobody_will_resume() {
    let destination = Destination::new();
    for key in ["0a", "0b"] {
        destination.staged(key, "x");
    }
    fs::write(destination.path(".larder/incoming/mirror.toml"), "half").unwrap();
    fs::write(destination.path(".larder/incoming/7-9.old"), "half").unwrap();
    assert_eq!(destination.root.sweep_incoming(|key| key == "0b").unwrap(), 3);
    assert_eq!(destination.incoming(), ["0b.part"]);
}

#[test]
fn a_staged_file_that_has_another_name_too_is_left_to_that_name() {
    let destination = Destination::new();
    destination.staged("0a", "whole");
    fs::hard_link(destination.path(".larder/incoming/0a.part"), destination.path("placed")).unwrap();
    let mut staging = destination.root.stage("0a").unwrap();
    assert_eq!(staging.size(), 0);
    staging.append(b"other").unwrap();
    assert_eq!(destination.read("placed"), "whole");
}

#[test]
fn a_link_among_the_staged_files_is_not_followed() {
    let destination = Destination::new();
    let outside = tempfile::NamedTempFile::new().unwrap();
    symlink(outside.path(), destination.path(".larder/incoming/0a.part")).unwrap();
    assert!(matches!(destination.root.stage("0a"), Err(TreeError::Link { .. })));
    destination.root.discard("0a").unwrap();
    assert!(outside.path().exists());
    assert!(destination.root.stage("0a").is_ok());
}

#[test]
fn a_full_disk_is_said_to_be_full_and_the_size_stays_true() {
    let temp = tempfile::tempdir().unwrap();
    let Some(_mounted) = Mounted::at(temp.path(), "size=256k") else { return };
    let root = Root::open(temp.path(), None, false).unwrap().root;
    let mut staging = root.stage("0a").unwrap();
    let error = loop {
        if let Err(error) = staging.append(&[7; 10_000]) {
            break error;
        }
    };
    assert!(matches!(error, TreeError::NoSpace { .. }) && error.is_disk(), "{error:?}");
    let on_disk = fs::metadata(temp.path().join(".larder/incoming/0a.part")).unwrap().len();
    assert_eq!(staging.size(), on_disk);
    assert!(on_disk > 0);
}
