//! What `larder history` tells: what came, changed, moved, left and returned, when and why.

use std::fs;
use std::path::PathBuf;

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{Mutation, NewPhoto, PhotoKind};

use crate::environment::{TestEnvironment, bytes_below};

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
    let text = here.larder(&["sync", "--once"]).run().expect(0).stdout;
    assert!(text.contains("Up to date"), "{text}");
}
