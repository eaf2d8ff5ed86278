//! Playlists.

use std::fs;

use icloud_sim::photos::{Mutation, NewPhoto, PhotoKind};
use serde_json::Value;

use super::{NOON, acts, album, empty, make, photo, settle, shown, sync_as};
use crate::album_oracle::View;
use crate::environment::{TestEnvironment, bytes_below};

fn playlists() -> (TestEnvironment, String) {
    let here = empty();
    here.write_job("albums = { view = \"playlist\" }");
    let travel = make(&here, "Travel", None, true);
    let japan = make(&here, "Japan", Some(&travel), false);
    (here, japan)
}

fn list(here: &TestEnvironment, name: &str) -> String {
    fs::read_to_string(here.destination().join("Albums").join(name)).unwrap()
}

fn lines(here: &TestEnvironment, name: &str) -> Vec<String> {
    list(here, name).lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn a_playlist_names_the_photos_in_the_order_of_the_album() {
    let (here, japan) = playlists();
    // By name and by date they would come in other orders.
    photo(&here, &japan, "B.HEIC");
    let live = here.add(NewPhoto {
        album: Some(japan.clone()),
        name: Some("A.HEIC".into()),
        date_ms: Some(NOON),
        kind: PhotoKind::Live,
        ..NewPhoto::default()
    });
    let last = photo(&here, &japan, "0.HEIC");
    assert_eq!(acts(&here.sync().expect(0)), [2, 0, 0]);
    assert_eq!(shown(&here), ["Travel/Japan.json", "Travel/Japan.m3u8"]);
    let text = list(&here, "Travel/Japan.m3u8");
    assert!(text.starts_with("#EXTM3U\n#PLAYLIST:Japan\n"), "{text}");
    let paths = ["B", "A", "0"].map(|name| format!("../../2024/07/14/{name}.HEIC"));
    assert_eq!(lines(&here, "Travel/Japan.m3u8"), paths);
    for path in paths {
        assert!(here.destination().join("Albums/Travel").join(path).exists());
    }
    let json: Value = serde_json::from_str(&list(&here, "Travel/Japan.json")).unwrap();
    assert_eq!((json["name"].as_str(), json["path"].as_str()), (Some("Japan"), Some("Travel/Japan")));
    assert_eq!(json["record"], japan);
    assert_eq!(json["members"][1]["record"], live);
    assert_eq!(json["members"][1]["files"].as_array().unwrap().len(), 2);
    assert_eq!(json["members"][0]["date"], "2024-07-14T12:00:00Z");

    let before = bytes_below(&here.destination());
    assert_eq!(acts(&here.sync().expect(0)), [0, 0, 0]);
    assert!(bytes_below(&here.destination()) == before);
    here.change(Mutation::SetFavorite { asset: last.clone(), on: true });
    assert_eq!(acts(&here.sync().expect(0)), [1, 0, 0], "only the JSON says so");
    here.change(Mutation::Edit { asset: last.clone() });
    here.sync().expect(0);
    assert_eq!(lines(&here, "Travel/Japan.m3u8")[2], "../../2024/07/14/0-edited.JPG");
    here.change(Mutation::SetDate { asset: last.clone(), date_ms: Some(0), time_zone_offset: None });
    here.sync().expect(0);
    assert_eq!(lines(&here, "Travel/Japan.m3u8")[2], "../../1970/01/01/0-edited.JPG");
    here.change(Mutation::RemoveMember { album: japan, asset: last, soft: false });
    here.sync().expect(0);
    assert_eq!(lines(&here, "Travel/Japan.m3u8").len(), 2);
    assert!(!here.destination().join(".larder/attic").exists());
}

#[test]
fn playlists_follow_renames_and_leave_with_their_albums() {
    let (here, japan) = playlists();
    photo(&here, &japan, "A.HEIC");
    let other = album(&here, "Other");
    photo(&here, &other, "B.HEIC");
    here.sync().expect(0);
    here.change(Mutation::RenameAlbum { album: japan.clone(), name: Some("Nippon".into()) });
    here.sync().expect(0);
    assert_eq!(shown(&here), ["Other.json", "Other.m3u8", "Travel/Nippon.json", "Travel/Nippon.m3u8"]);
    // Two swap their names.
    here.change(Mutation::MoveAlbum { album: japan.clone(), parent: None });
    here.sync().expect(0);
    here.change(Mutation::RenameAlbum { album: japan.clone(), name: Some("Other".into()) });
    here.change(Mutation::RenameAlbum { album: other.clone(), name: Some("Nippon".into()) });
    here.sync().expect(0);
    assert_eq!(lines(&here, "Other.m3u8"), ["../2024/07/14/A.HEIC"]);
    assert_eq!(lines(&here, "Nippon.m3u8"), ["../2024/07/14/B.HEIC"]);
    here.lose_state();
    let before = bytes_below(&here.destination());
    assert_eq!(acts(&here.sync().expect(0)), [0, 0, 0]);
    assert!(bytes_below(&here.destination()) == before);
    here.change(Mutation::DeleteAlbum { album: other });
    here.sync().expect(0);
    assert_eq!(shown(&here), ["Other.json", "Other.m3u8"]);
    here.write_job("");
    assert_eq!(acts(&settle(&here)), [1, 0, 2]);
    here.write_job("albums = { view = \"playlist\" }");
    here.sync().expect(0);
    here.write_job("albums = { view = \"off\" }");
    sync_as(&here, View::Off);
    assert!(!here.destination().join("Albums").exists());
    assert!(!here.destination().join(".larder/attic").exists());
}

#[test]
fn a_playlist_that_somebody_changed_is_set_aside() {
    let (here, japan) = playlists();
    photo(&here, &japan, "A.HEIC");
    here.sync().expect(0);
    fs::write(here.destination().join("Albums/Travel/Japan.m3u8"), "mine\n").unwrap();
    photo(&here, &japan, "B.HEIC");
    let ran = here.sync().expect(0);
    assert_eq!(ran.json()["set_aside"], serde_json::json!(["Albums/Travel/Japan.m3u8"]));
    assert_eq!(lines(&here, "Travel/Japan.m3u8").len(), 2);
    let kept = bytes_below(&here.destination().join(".larder/attic"));
    assert_eq!(kept.into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>(), [b"mine\n".to_vec()]);
}

#[test]
fn a_foreign_playlist_is_left_alone() {
    let (here, japan) = playlists();
    photo(&here, &japan, "A.HEIC");
    let path = here.destination().join("Albums/Travel/Japan.m3u8");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "mine\n").unwrap();
    let ran = here.sync().expect(1);
    assert_eq!(ran.json()["views"]["failed"], 1);
    assert_eq!(fs::read(&path).unwrap(), b"mine\n");
    fs::remove_file(&path).unwrap();
    here.sync().expect(0);
    assert_eq!(lines(&here, "Travel/Japan.m3u8").len(), 1);
}
