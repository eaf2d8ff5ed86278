//! Permissions of the mirror's files and directories: the umask's, or those of the job file; hidden ones never open.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{Mutation, NewPhoto, PhotoKind};

use crate::environment::TestEnvironment;
use crate::oracle;
use crate::tree::Tree;

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Every mode below `dir`, of files and of directories, each with how often; hidden photos and larder's own apart.
fn modes(dir: &Path) -> (Vec<u32>, Vec<u32>) {
    let (mut files, mut dirs) = (Vec::new(), Vec::new());
    let mut rest = vec![dir.to_owned()];
    while let Some(dir) = rest.pop() {
        for entry in fs::read_dir(&dir).unwrap().map(Result::unwrap) {
            if [".larder", "Hidden"].iter().any(|own| entry.file_name() == *own) {
                continue;
            }
            if entry.file_type().unwrap().is_dir() {
                dirs.push(mode(&entry.path()));
                rest.push(entry.path());
            } else {
                files.push(mode(&entry.path()));
            }
        }
    }
    for modes in [&mut files, &mut dirs] {
        modes.sort_unstable();
        modes.dedup();
    }
    (files, dirs)
}

#[test]
fn files_and_directories_get_the_modes_of_the_job_file_and_hidden_ones_never() {
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 40, albums: 3, ..LibrarySpec::default() });
    let hidden = here.add(NewPhoto::default());
    here.change(Mutation::SetHidden { asset: hidden, on: true });
    here.write_job("file_mode = \"0664\"\ndir_mode = \"2775\"");
    let ran = here.sync().expect(0);
    assert!(!ran.stdout.contains("file_mode"), "nothing changed yet: {}", ran.stdout);
    assert_eq!(modes(&here.destination()), (vec![0o664], vec![0o2775]), "whatever the umask says");
    let hidden = here.destination().join("Hidden");
    assert_eq!(mode(&hidden) & 0o777, 0o700);
    let (files, dirs) = modes(&hidden);
    assert_eq!(files, [0o600]);
    assert!(dirs.iter().all(|mode| mode & 0o777 == 0o700), "{dirs:?}");

    // Closer from now on: new ones get it, those that are there keep theirs, and that is told once.
    here.write_job("file_mode = \"0640\"\ndir_mode = \"0750\"");
    here.add(NewPhoto { kind: PhotoKind::Live, date_ms: Some(1_000_000_000_000), ..NewPhoto::default() });
    let ran = here.sync().expect(0);
    assert!(ran.stdout.contains("`photos.file_mode` or `photos.dir_mode` changed"), "{}", ran.stdout);
    let (files, dirs) = modes(&here.destination());
    assert_eq!(files, [0o640, 0o664]);
    assert!(dirs.contains(&0o2775) && dirs.iter().any(|mode| mode & 0o777 == 0o750), "{dirs:?}");
    let ran = here.sync().expect(0);
    assert!(!ran.stdout.contains("file_mode"), "{}", ran.stdout);
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
}

#[test]
fn modes_that_would_lock_larder_out_are_refused() {
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 5, ..LibrarySpec::default() });
    for (line, key) in [
        ("file_mode = \"0440\"", "photos.file_mode"),
        ("file_mode = \"0755\"", "photos.file_mode"),
        ("file_mode = 640", "photos.file_mode"),
        ("dir_mode = \"0640\"", "photos.dir_mode"),
        ("dir_mode = \"rwxr-x---\"", "photos.dir_mode"),
    ] {
        here.write_job(line);
        let ran = here.sync().expect(2);
        assert!(ran.stderr.contains(key) && ran.stderr.contains("must be"), "{}", ran.stderr);
    }
}
