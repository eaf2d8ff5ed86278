//! Which directories larder writes to.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use super::super::{Opened, Root, TreeError};
use super::{Destination, Mounted, names, rel};

#[test]
fn a_destination_that_does_not_exist_is_not_created() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("absent");
    let error = Root::open(&path, None, true).unwrap_err();
    assert!(matches!(error, TreeError::Missing { .. }), "{error:?}");
    assert!(error.is_disk());
    assert!(!path.exists());
}

#[test]
fn a_file_is_no_destination() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("file");
    fs::write(&path, "").unwrap();
    assert!(matches!(Root::open(&path, None, false), Err(TreeError::NotADirectory { .. })));
}

#[test]
fn the_first_run_leaves_a_marker_and_later_runs_know_it() {
    let temp = tempfile::tempdir().unwrap();
    let Opened { id, fresh, .. } = Root::open(temp.path(), None, false).unwrap();
    assert!(fresh);
    let text = fs::read_to_string(temp.path().join(".larder/mirror.toml")).unwrap();
    assert!(text.contains(&format!("id = \"{id}\"")) && text.contains("created = \"2"), "{text}");
    assert_eq!(names(&temp.path().join(".larder")), ["incoming", "mirror.toml"]);
    assert_eq!(names(&temp.path().join(".larder/incoming")), [""; 0]);

    let again = Root::open(temp.path(), Some(&id), false).unwrap();
    assert!(!again.fresh && again.id == id);
    let adopted = Root::open(temp.path(), None, false).unwrap();
    assert!(!adopted.fresh && adopted.id == id, "a mirror whose state was lost keeps its identity");
}

#[test]
fn a_destination_whose_marker_is_gone_is_refused_and_left_alone() {
    let known = Destination::new();
    let id = Root::open(known.temp.path(), None, false).unwrap().id;
    let empty = tempfile::tempdir().unwrap();
    let error = Root::open(empty.path(), Some(&id), false).unwrap_err();
    assert!(matches!(error, TreeError::OtherMirror { found: None, .. }), "{error:?}");
    assert!(error.is_disk());
    assert_eq!(names(empty.path()), [""; 0], "nothing may be written to the mount point of an absent disk");

    let accepted = Root::open(empty.path(), Some(&id), true).unwrap();
    assert!(accepted.fresh && accepted.id != id);
}

#[test]
fn another_mirror_is_refused_unless_it_is_meant() {
    let (one, two) = (Destination::new(), Destination::new());
    let one = Root::open(one.temp.path(), None, false).unwrap().id;
    let theirs = Root::open(two.temp.path(), None, false).unwrap().id;
    let error = Root::open(two.temp.path(), Some(&one), false).unwrap_err();
    assert!(error.to_string().contains(&theirs.to_string()), "{error}");
    let accepted = Root::open(two.temp.path(), Some(&one), true).unwrap();
    assert!(!accepted.fresh && accepted.id == theirs);
}

#[test]
fn a_marker_that_cannot_be_read_is_an_error_not_a_fresh_start() {
    let known = Destination::new();
    for text in ["", "id = 5", "id = \"not-a-uuid\"", "\u{0}"] {
        fs::write(known.path(".larder/mirror.toml"), text).unwrap();
        let error = Root::open(known.temp.path(), None, true).unwrap_err();
        assert!(matches!(error, TreeError::Marker { .. }), "{text:?}: {error:?}");
    }
}

#[test]
fn a_destination_inside_another_mirror_is_refused() {
    let outer = Destination::new();
    fs::create_dir_all(outer.path("a/b")).unwrap();
    let error = Root::open(&outer.path("a/b"), None, true).unwrap_err();
    assert!(matches!(error, TreeError::InsideAnother { .. }), "{error:?}");
    let link = tempfile::tempdir().unwrap();
    symlink(outer.path("a/b"), link.path().join("link")).unwrap();
    let error = Root::open(&link.path().join("link"), None, true).unwrap_err();
    assert!(matches!(error, TreeError::InsideAnother { .. }), "by way of a link: {error:?}");
}

#[test]
fn larders_own_directory_must_not_be_a_link() {
    let (temp, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    symlink(elsewhere.path(), temp.path().join(".larder")).unwrap();
    let error = Root::open(temp.path(), None, false).unwrap_err();
    assert!(matches!(&error, TreeError::Link { component, .. } if component == ".larder"), "{error:?}");
    assert_eq!(names(elsewhere.path()), [""; 0]);
}

#[test]
fn larders_own_directory_is_closed_to_others() {
    let destination = Destination::new();
    let mode = fs::metadata(destination.path(".larder")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn a_read_only_file_system_is_said_to_be_one() {
    let temp = tempfile::tempdir().unwrap();
    let Some(mounted) = Mounted::at(temp.path(), "size=1m") else { return };
    let id = Root::open(temp.path(), None, false).unwrap().id;
    mounted.make_read_only();
    let error = Root::open(temp.path(), Some(&id), false).unwrap_err();
    assert!(matches!(error, TreeError::ReadOnly { .. }), "{error:?}");
}

#[test]
fn a_directory_of_somebody_else_is_a_matter_of_permission() {
    let temp = tempfile::tempdir().unwrap();
    fs::set_permissions(temp.path(), fs::Permissions::from_mode(0o555)).unwrap();
    if fs::metadata(temp.path()).unwrap().uid() == 0 {
        println!("skipped: the superuser can write everywhere");
        return;
    }
    let error = Root::open(temp.path(), None, false).unwrap_err();
    assert!(matches!(error, TreeError::Permission { .. }), "{error:?}");
}

#[test]
fn the_space_of_the_disk_is_told() {
    let destination = Destination::new();
    let space = destination.root.space().unwrap();
    assert!(space.free > 0 && space.free <= space.total);
}

#[test]
fn a_scan_gives_every_file_but_larders_own() {
    let destination = Destination::new();
    for path in ["a/b/c/1", "a/b/2", "a/3", "4", ".larderer/5"] {
        destination.place("x", path).unwrap();
    }
    fs::create_dir(destination.path("empty")).unwrap();
    symlink("/", destination.path("a/link")).unwrap();
    let mut found: Vec<_> = destination.root.scan().map(|item| item.unwrap().0.as_str().to_owned()).collect();
    found.sort();
    assert_eq!(found, [".larderer/5", "4", "a/3", "a/b/2", "a/b/c/1", "a/link"]);
    assert_eq!(destination.root.stat(&rel("absent/x")).unwrap(), None);
}
