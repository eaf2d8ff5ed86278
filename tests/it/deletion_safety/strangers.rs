//! E6: what is not larder's.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{Mutation, NewPhoto, PhotoKind};

use super::{living, mirrored};
use crate::environment::TestEnvironment;

/// What other programs leave beside photos: sidecars of darktable, digiKam, Lightroom, osxphotos and Takeout, thumbnails of
/// a Synology NAS, of macOS and of Windows, Nextcloud's and Android's markers.
const BESIDE: [&str; 8] = [
    "IMG_A.HEIC.xmp",
    "IMG_A.xmp",
    "IMG_A.HEIC.json",
    "IMG_A.AAE",
    ".DS_Store",
    "Thumbs.db",
    "@eaDir/IMG_A.HEIC/SYNOPHOTO_THUMB_XL.jpg",
    "._IMG_A.HEIC",
];

const AT_THE_TOP: [&str; 6] = [
    "digikam4.db",
    ".nomedia",
    ".picasa.ini",
    "lost+found/inode-7",
    ".stfolder/x",
    "Albums of mine/list.txt",
];

/// Bytes, time and inode of a file.
type Facts = (Vec<u8>, i64, u64);

fn facts(path: &Path) -> Facts {
    let facts = fs::symlink_metadata(path).unwrap();
    (fs::read(path).unwrap(), facts.mtime_nsec() + facts.mtime() * 1_000_000_000, facts.ino())
}

fn put(path: PathBuf) -> (PathBuf, Facts) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, format!("of another program: {}", path.display())).unwrap();
    let facts = facts(&path);
    (path, facts)
}

#[test]
fn e6_what_others_put_there_is_never_touched() {
    let here = mirrored(LibrarySpec { assets: 20, ..LibrarySpec::default() });
    let (noon, day) = (1_720_958_400_000, 86_400_000);
    let new = |name: &str| NewPhoto {
        kind: PhotoKind::EditedLive,
        name: Some(name.into()),
        date_ms: Some(noon),
        ..NewPhoto::default()
    };
    let asset = here.add(new("IMG_A.HEIC"));
    let album = here.change(Mutation::AddAlbum { name: Some("Lisbon".into()), parent: None, folder: false });
    here.sync().expect(0);

    let mirror = here.destination();
    let marker = mirror.join(".larder/mirror.toml");
    let mut strangers = vec![(marker.clone(), facts(&marker))];
    strangers.extend(AT_THE_TOP.map(|name| put(mirror.join(name))));
    strangers.extend(BESIDE.map(|name| put(mirror.join("2024/07/14").join(name))));
    // Where the photo will go, too.
    strangers.extend(BESIDE.map(|name| put(mirror.join("2024/07/15").join(name))));
    let link = mirror.join("2024/07/15/link to elsewhere");
    symlink("/nowhere", &link).unwrap();

    let all_there = |here: &TestEnvironment, what: &str| {
        let ran = here.sync().expect(0);
        assert_eq!(ran.number("held"), 0);
        for (path, before) in &strangers {
            assert!(path.exists(), "{what}: {} is gone", path.display());
            assert!(facts(path) == *before, "{what}: {} was touched", path.display());
        }
        assert_eq!(fs::read_link(&link).unwrap(), Path::new("/nowhere"), "{what}");
    };
    for (what, change) in [
        ("an edit", Mutation::Edit { asset: asset.clone() }),
        (
            "another date",
            Mutation::SetDate { asset: asset.clone(), date_ms: Some(noon + day), time_zone_offset: None },
        ),
        (
            "an album",
            Mutation::AddMember { album: album["album"].as_str().unwrap().to_owned(), asset: asset.clone() },
        ),
        ("hiding", Mutation::SetHidden { asset: asset.clone(), on: true }),
        ("a deletion", Mutation::Delete { asset: asset.clone() }),
        ("a purge", Mutation::Purge { asset }),
    ] {
        here.change(change);
        all_there(&here, what);
    }
    here.write_job("layout = \"{created:%Y}/{name}\"");
    all_there(&here, "another layout");
    here.write_job("\n[removed]\npolicy = \"delete\"");
    for asset in living(&here).into_iter().take(5) {
        here.change(Mutation::Purge { asset });
    }
    all_there(&here, "deleting");
    here.lose_state();
    all_there(&here, "a lost state");
}
