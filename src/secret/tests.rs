//! Tests of the room.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use secrecy::{ExposeSecret, SecretString};

use super::*;

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_was_written_is_read_by_the_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("session.json");
    assert!(read_private(&path).unwrap().is_none());
    write_private(&path, b"one").unwrap();
    write_private(&path, b"two").unwrap();
    let read = read_private(&path).unwrap().unwrap();
    assert_eq!((&read.bytes[..], read.mended, mode(&path)), (&b"two"[..], false, 0o600));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn a_file_open_to_others_is_mended_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("session.json");
    fs::write(&path, b"secret").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(read_private(&path).unwrap().unwrap().mended);
    assert_eq!(mode(&path), 0o600);
    assert!(!read_private(&path).unwrap().unwrap().mended);
}

#[test]
fn a_crash_before_the_rename_leaves_the_old_content_and_no_lasting_rest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("session.json");
    write_private(&path, b"old").unwrap();
    fs::write(folder.path().join("session.json.new"), b"half").unwrap();
    assert_eq!(&read_private(&path).unwrap().unwrap().bytes[..], b"old");
    write_private(&path, b"new").unwrap();
    assert_eq!(&read_private(&path).unwrap().unwrap().bytes[..], b"new");
    fs::write(folder.path().join("session.json.new"), b"half").unwrap();
    remove_private(&path).unwrap();
    remove_private(&path).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_planted_link_is_not_written_through() {
    let folder = tempfile::tempdir().unwrap();
    let (path, target) = (folder.path().join("session.json"), folder.path().join("elsewhere"));
    fs::write(&target, b"theirs").unwrap();
    std::os::unix::fs::symlink(&target, folder.path().join("session.json.new")).unwrap();
    write_private(&path, b"mine").unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"theirs");
    assert_eq!(fs::read(&path).unwrap(), b"mine");
}

#[test]
fn a_folder_is_closed_to_others_unless_somebody_keeps_something_beside() {
    let folder = tempfile::tempdir().unwrap();
    let open = |path: &std::path::Path, bits| {
        fs::set_permissions(path, fs::Permissions::from_mode(bits)).unwrap();
    };
    let (state, link) = (folder.path().join("state.redb"), folder.path().join("lock"));
    fs::write(&state, b"x").unwrap();
    let elsewhere = tempfile::NamedTempFile::new().unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), &link).unwrap();
    for path in [&state, folder.path(), elsewhere.path()] {
        open(path, 0o755);
    }
    assert_eq!(make_private(folder.path()).unwrap(), [folder.path(), &state]);
    assert_eq!((mode(&state), mode(folder.path()), mode(elsewhere.path())), (0o600, 0o700, 0o755));
    assert!(make_private(folder.path()).unwrap().is_empty());

    let theirs = folder.path().join("notes.txt");
    fs::write(&theirs, b"x").unwrap();
    for path in [&state, folder.path(), &theirs] {
        open(path, 0o755);
    }
    assert_eq!(make_private(folder.path()).unwrap(), [state.as_path()]);
    assert_eq!((mode(folder.path()), mode(&theirs)), (0o755, 0o755));
    assert!(make_private(&folder.path().join("none")).unwrap().is_empty());
}

#[test]
fn a_missing_folder_is_an_error_that_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let error = write_private(&folder.path().join("none/session.json"), b"x").unwrap_err();
    assert!(error.to_string().contains("none/session.json"), "{error}");
}

#[test]
fn sources_are_asked_in_order_and_empty_ones_passed_over() {
    let text = |passwords: &Passwords, variable: Option<&str>| {
        let found = passwords.get_with(|name| {
            assert_eq!(name, "LARDER_PASSWORD");
            variable.map(str::to_owned)
        });
        found.map(|password| password.expose_secret().to_owned())
    };
    let given = Passwords::given(SecretString::from("given"));
    let environment = Passwords::from_environment();
    assert_eq!(text(&Passwords::none(), Some("env")), None);
    assert_eq!(text(&environment, Some("env")).as_deref(), Some("env"));
    assert_eq!(text(&environment, Some("")), None);
    assert_eq!(text(&given.clone().or(environment.clone()), Some("env")).as_deref(), Some("given"));
    assert_eq!(text(&environment.clone().or(given.clone()), Some("env")).as_deref(), Some("env"));
    assert_eq!(text(&environment.or(given), None).as_deref(), Some("given"));
}

#[test]
fn no_password_is_shown() {
    assert!(!format!("{:?}", Passwords::given(SecretString::from("canary"))).contains("canary"));
}
