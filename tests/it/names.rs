//! What files are called when several photos want one name.

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{NewPhoto, PhotoKind};

use crate::environment::TestEnvironment;
use crate::oracle;
use crate::tree::Tree;

/// 2024-07-14, noon UTC.
const NOON: i64 = 1_720_958_400_000;

#[test]
fn names_too_long_for_a_disk_are_told_apart_and_companions_stay_together() {
    let here = TestEnvironment::signed_in(LibrarySpec::default());
    for name in [format!("{}.HEIC", "long".repeat(80)), format!("{}.HEIC", "ü".repeat(122))] {
        for _ in 0..3 {
            here.add(NewPhoto {
                kind: PhotoKind::EditedLive,
                name: Some(name.clone()),
                date_ms: Some(NOON),
                ..NewPhoto::default()
            });
        }
    }
    here.sync().expect(0);
    let tree = Tree::read(&here.destination());
    tree.must_hold(&oracle::mirror_of(&here.inventory()));
    assert_eq!(tree.files.len(), 6 * 4);
}
