//! E5: how long things stay in the attic, and what a full disk does.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{Mutation, NewPhoto, PhotoKind};
use jiff::{Span, Timestamp, tz::TimeZone};

use super::{delete, in_attic, living, mirrored};
use crate::environment::{TestEnvironment, bytes_below};
use crate::oracle;
use crate::tree::{Tree, nothing_is_left_in_staging};

/// The name of the attic's folder of so many days ago.
fn days_ago(days: i64) -> String {
    let today = Timestamp::now().to_zoned_datetime(TimeZone::UTC).date();
    today.checked_sub(Span::new().days(days)).unwrap().to_string()
}

#[test]
fn e5_the_attic_forgets_what_is_old_enough_and_nothing_else() {
    let here = mirrored(LibrarySpec { assets: 40, ..LibrarySpec::default() });
    here.write_job("\n[removed]\nkeep_for = \"30d\"");
    delete(&here, living(&here).into_iter().take(2));
    let files = usize::try_from(here.sync().expect(0).number("removed")).unwrap();
    let attic = here.destination().join(".larder/attic");
    let folder = fs::read_dir(&attic).unwrap().next().unwrap().unwrap().path();
    // A day on either side is left for the zone in which the machine reckons.
    for days in [28, 32] {
        copy_below(&folder, &attic.join(days_ago(days)));
    }
    for other in ["mine", "2019", "2019-99-99"] {
        fs::create_dir(attic.join(other)).unwrap();
        fs::write(attic.join(other).join("note.txt"), other).unwrap();
    }
    here.sync().expect(0);
    assert!(attic.join(days_ago(28)).exists() && !attic.join(days_ago(32)).exists());
    for other in ["mine", "2019", "2019-99-99"] {
        assert_eq!(fs::read_to_string(attic.join(other).join("note.txt")).unwrap(), other);
    }
    assert_eq!(in_attic(&here), 2 * files + 3, "today's, those of 28 days ago, and three notes");
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
}

fn copy_below(from: &Path, to: &Path) {
    for (path, bytes) in bytes_below(from) {
        let path = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// A small file system in memory.
struct Small(PathBuf);

impl Small {
    /// None where it cannot be mounted.
    fn mount(at: PathBuf, kib: u64) -> Option<Self> {
        let size = format!("size={kib}k");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "larder-test"]).arg(&at).output();
        mount.is_ok_and(|mount| mount.status.success()).then_some(Self(at))
    }

    /// Takes all the room that is left; the file can be removed again.
    fn fill(&self) -> PathBuf {
        use std::io::Write as _;
        let filler = self.0.join("filler");
        let mut file = fs::File::create(&filler).unwrap();
        while file.write_all(&[7; 512]).is_ok() {}
        filler
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // Lazily: a failing test may still have something open.
        drop(Command::new("umount").arg("-l").arg(&self.0).output());
    }
}

/// Contents in the mirror and in the attic.
fn contents(here: &TestEnvironment) -> Vec<Vec<u8>> {
    let mirror = here.destination();
    let (own, attic) = (mirror.join(".larder"), mirror.join(".larder/attic"));
    bytes_below(&mirror)
        .into_iter()
        .filter(|(path, _)| !path.starts_with(&own) || path.starts_with(&attic))
        .map(|(_, bytes)| bytes)
        .collect()
}

#[test]
fn e5_a_full_disk_loses_nothing() {
    let here = TestEnvironment::signed_in(LibrarySpec::default());
    let Some(small) = Small::mount(here.destination(), 2_000) else {
        println!("skipped: no file system can be mounted here");
        return;
    };
    here.write_job("keep_free = \"0\"");
    let photo = |number: i64| NewPhoto {
        kind: PhotoKind::Edited,
        name: Some(format!("IMG_{number}.JPG")),
        date_ms: Some(1_720_958_400_000 + number * 86_400_000),
        size: Some(30_000),
        ..NewPhoto::default()
    };
    let assets: Vec<String> = (0..4).map(|number| here.add(photo(number))).collect();
    here.sync().expect(0);
    let before = contents(&here);
    let filler = small.fill();

    // One is to leave, another's edit is to be replaced.
    here.change(Mutation::Delete { asset: assets[0].clone() });
    here.change(Mutation::Edit { asset: assets[1].clone() });
    for _ in 0..2 {
        here.sync().expect(6);
        let now = contents(&here);
        assert!(before.iter().all(|content| now.contains(content)), "something is lost");
    }

    fs::remove_file(filler).unwrap();
    here.sync().expect(0);
    Tree::read(&here.destination()).must_hold(&oracle::mirror_of(&here.inventory()));
    nothing_is_left_in_staging(&here.destination());
    assert_eq!(in_attic(&here), 3, "a photo with its edit, and the earlier edit of another");
    let after = contents(&here);
    assert!(before.iter().all(|content| after.contains(content)), "something is lost in the end");
}
