//! Albums that nobody made.

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{Mutation, NewPhoto, PhotoKind, SharedRole};

use super::{NOON, acts, album, empty, photo, shown};
use crate::environment::TestEnvironment;

fn smart(here: &TestEnvironment, words: &[&str]) {
    here.write_job(&format!("albums = {{ smart = {words:?} }}"));
}

#[test]
fn favourites_follow_the_heart() {
    let here = empty();
    smart(&here, &["favourites"]);
    let asset = here.add(NewPhoto { name: Some("IMG_1.HEIC".into()), ..NewPhoto::default() });
    here.sync().expect(0);
    assert!(shown(&here).is_empty());
    for _ in 0..2 {
        here.change(Mutation::SetFavorite { asset: asset.clone(), on: true });
        here.control().reset_counters();
        let ran = here.sync().expect(0);
        assert_eq!((acts(&ran), ran.number("calls"), here.content_requests()), ([1, 0, 0], 1, 0));
        assert_eq!(shown(&here), ["Favourites/IMG_1.HEIC"]);
        here.change(Mutation::SetFavorite { asset: asset.clone(), on: false });
        assert_eq!(acts(&here.sync().expect(0)), [0, 0, 1]);
        assert!(shown(&here).is_empty());
    }
    here.change(Mutation::SetFavorite { asset: asset.clone(), on: true });
    here.sync().expect(0);
    here.change(Mutation::SetHidden { asset, on: true });
    here.sync().expect(0);
    assert!(shown(&here).is_empty());
    smart(&here, &[]);
    assert_eq!(acts(&here.sync().expect(0)), [0, 0, 0]);
}

#[test]
fn kinds_of_photos_are_known_from_the_catalog() {
    let here = empty();
    let all = [
        "videos",
        "live",
        "slo-mo",
        "screenshots",
        "animated",
        "bursts",
        "panoramas",
        "time-lapse",
        "portrait",
        "long-exposure",
    ];
    smart(&here, &all);
    for (name, kind) in [
        ("video", PhotoKind::Mov),
        ("live", PhotoKind::Live),
        ("slomo", PhotoKind::Slomo),
        ("shot", PhotoKind::Screenshot),
        ("gif", PhotoKind::Gif),
        ("burst", PhotoKind::Burst),
        ("pano", PhotoKind::Panorama),
        ("lapse", PhotoKind::Timelapse),
        ("portrait", PhotoKind::Portrait),
        ("long", PhotoKind::LongExposure),
        ("plain", PhotoKind::Heic),
    ] {
        here.add(NewPhoto {
            kind,
            name: Some(format!("{name}.X")),
            date_ms: Some(NOON),
            ..NewPhoto::default()
        });
    }
    here.sync().expect(0);
    let found = shown(&here);
    let has =
        |album: &str, name: &str| found.iter().any(|path| path.starts_with(&format!("{album}/{name}.")));
    for (album, name) in [
        ("Videos", "video"),
        ("Videos", "slomo"),
        ("Live Photos", "live"),
        ("Slo-mo", "slomo"),
        ("Screenshots", "shot"),
        ("Animated", "gif"),
        ("Bursts", "burst"),
        ("Panoramas", "pano"),
        ("Time-lapse", "lapse"),
        ("Portrait", "portrait"),
        ("Long Exposure", "long"),
    ] {
        assert!(has(album, name), "{album}/{name} in {found:?}");
    }
    assert!(!found.iter().any(|path| path.contains("plain")), "{found:?}");
    smart(&here, &["live"]);
    here.control().reset_counters();
    here.sync().expect(0);
    assert!(shown(&here).iter().all(|path| path.starts_with("Live Photos/")));
    assert_eq!(here.content_requests(), 0);
}

#[test]
fn a_persons_own_album_of_that_name_keeps_it() {
    let here = empty();
    let videos = album(&here, "Videos");
    photo(&here, &videos, "IMG_1.HEIC");
    here.sync().expect(0);
    here.add(NewPhoto { kind: PhotoKind::Mov, ..NewPhoto::default() });
    smart(&here, &["videos"]);
    here.sync().expect(0);
    let found = shown(&here);
    assert!(found.contains(&"Videos/IMG_1.HEIC".to_owned()), "{found:?}");
    assert!(found.iter().any(|path| path.starts_with("Videos-")), "{found:?}");
}

#[test]
fn smart_albums_span_the_libraries() {
    let library = LibrarySpec { shared_library: SharedRole::Owner, assets: 20, ..LibrarySpec::default() };
    let here = TestEnvironment::signed_in(library);
    smart(&here, &["favourites"]);
    let zone = here.inventory().zones[1].name.clone();
    for (zone, name) in [(None, "mine.HEIC"), (Some(zone), "ours.HEIC")] {
        here.add(NewPhoto { zone, name: Some(name.into()), favorite: true, ..NewPhoto::default() });
    }
    here.sync().expect(0);
    let found = shown(&here);
    for name in ["Favourites/mine.HEIC", "Favourites/ours.HEIC"] {
        assert!(found.contains(&name.to_owned()), "{found:?}");
    }
    let zones = here.inventory().zones;
    let expected = zones.iter().flat_map(|zone| &zone.assets);
    let expected = expected.filter(|asset| asset.favorite && !asset.deleted && !asset.hidden).count();
    assert!(found.len() >= expected, "{} of {expected}", found.len());
}
