//! `status` and `ls`: while a run writes, and after it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use icloud_sim::LibrarySpec;
use icloud_sim::photos::{AssetEntry, Inventory, SharedRole};
use serde_json::Value;

use crate::environment::TestEnvironment;
use crate::oracle;
use crate::tree::Tree;

#[test]
fn the_state_can_be_read_while_a_run_writes() {
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 300, albums: 4, ..LibrarySpec::default() });
    here.control().set_latency(Duration::from_millis(40));
    let mut run = here.larder(&["sync", "--once"]).start();
    while !here.state_dir().join("state.redb").exists() {
        std::thread::sleep(Duration::from_millis(2));
    }
    let (mut looks, mut files) = (0, BTreeSet::new());
    while !run.has_ended() {
        for command in [&["status"][..], &["ls"], &["ls", "photos", "Personal"]] {
            // A library is unknown until the run has heard of it.
            let ran = here.larder(command).run();
            let unknown = ran.code == Some(2) && ran.stderr.contains("No library or album");
            assert!(ran.code == Some(0) || unknown, "{command:?}: {:?}\n{}", ran.code, ran.stderr);
        }
        files.insert(here.larder(&["status", "--json"]).run().expect(0).number("files"));
        looks += 1;
    }
    run.wait().expect(0);
    assert!(looks > 3 && files.len() > 2, "{looks} looks saw {files:?}");
    let status = here.larder(&["status", "--json"]).run().expect(0);
    assert_eq!(status.number("files"), oracle::count(&oracle::mirror_of(&here.inventory())));
}

#[test]
fn the_status_after_a_run_tells_what_is_there_and_what_is_not() {
    let here = TestEnvironment::signed_in(LibrarySpec {
        assets: 250,
        awkward: true,
        disputed: true,
        shared_library: SharedRole::Participant,
        ..LibrarySpec::default()
    });
    here.sync().expect(0);
    let photos = oracle::mirror_of(&here.inventory());
    let status = here.larder(&["status", "--json"]).run().expect(0);
    let (not_provable, disputed) = (oracle::not_provable(&photos), oracle::disputed(&photos));
    let missing = photos.iter().filter(|photo| photo.waiting > 0).count() as u64;
    for (key, expected) in [
        ("photos", photos.len() as u64),
        ("files", oracle::count(&photos)),
        ("bytes", oracle::bytes(&photos)),
        ("proven", oracle::count(&photos) - not_provable - disputed),
        ("not_provable", not_provable),
        ("disputed", disputed),
        ("missing", missing),
        ("unreadable", 0),
    ] {
        assert_eq!(status.number(key), expected, "{key}");
    }
    assert_eq!(status.json()["last_run"]["complete"], true);
    let trust = status.json()["trust_ends"].as_str().unwrap().to_owned();
    assert!(trust.parse::<jiff::Timestamp>().is_ok(), "{trust}");
    let text = here.larder(&["status"]).run().expect(0).stdout;
    assert!(text.contains("Last run") && text.contains("good for 29 more days"), "{text}");
}

#[test]
fn everything_that_icloud_holds_is_listed() {
    let here = TestEnvironment::signed_in(LibrarySpec {
        assets: 300,
        albums: 12,
        folders: 4,
        shared_library: SharedRole::Owner,
        ..LibrarySpec::default()
    });
    here.sync().expect(0);
    let inventory = here.inventory();
    let listed = here.larder(&["ls", "--json"]).run().expect(0).json();
    let photos: BTreeMap<&str, &Value> = listed["photos"]
        .as_array()
        .unwrap()
        .iter()
        .map(|photo| (photo["id"].as_str().unwrap(), photo))
        .collect();
    let tree = Tree::read(&here.destination());
    let mut count = 0;
    for (zone, library) in inventory.zones.iter().zip(["Personal", "Shared Library"]) {
        for asset in zone.assets.iter().filter(|asset| !asset.deleted) {
            count += 1;
            let photo = photos[asset.record_name.as_str()];
            is_listed(asset, photo);
            assert_eq!(photo["libraries"], serde_json::json!([library]));
            let mut albums: Vec<String> = asset.albums.iter().map(|album| path(&album.path)).collect();
            albums.sort();
            let mut told: Vec<&str> =
                photo["albums"].as_array().unwrap().iter().map(|album| album.as_str().unwrap()).collect();
            told.sort_unstable();
            assert_eq!(told, albums, "{photo}");
            files_are_listed(asset, photo, &tree);
        }
    }
    assert_eq!(photos.len(), count);
    albums_are_listed(&inventory, &listed);
}

fn path(names: &[Option<String>]) -> String {
    names.iter().map(|name| name.clone().unwrap()).collect::<Vec<_>>().join("/")
}

fn is_listed(asset: &AssetEntry, photo: &Value) {
    let time =
        |key: &str| photo[key].as_str().map(|text| text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
    assert_eq!(photo["name"].as_str(), asset.file_name.as_deref());
    assert_eq!((time("created"), time("added")), (asset.asset_date, Some(asset.added_date)), "{photo}");
    assert_eq!((&photo["favourite"], &photo["hidden"]), (&asset.favorite.into(), &asset.hidden.into()));
    let original = asset.resources.iter().find(|each| each.kind == "resOriginal").unwrap();
    assert_eq!(photo["size"], original.size);
    for key in ["width", "height"] {
        assert!(photo[key].as_u64().is_some_and(|pixels| pixels > 0), "{photo}");
    }
}

fn files_are_listed(asset: &AssetEntry, photo: &Value, tree: &Tree) {
    let kinds = BTreeMap::from([
        ("original", "resOriginal"),
        ("alternative", "resOriginalAlt"),
        ("motion", "resOriginalVidCompl"),
        ("edited", "resJPEGFull"),
        ("edited-motion", "resVidFull"),
    ]);
    let resources = photo["resources"].as_array().unwrap();
    let expected = asset.resources.iter().filter(|each| kinds.values().any(|kind| each.kind == *kind));
    assert_eq!(resources.len(), expected.count(), "{photo}");
    for told in resources {
        let kind = kinds[told["kind"].as_str().unwrap()];
        let resource = asset.resources.iter().find(|each| each.kind == kind).unwrap();
        assert_eq!(
            (&told["size"], &told["checksum"], &told["uti"], &told["proof"]),
            (
                &resource.size.into(),
                &resource.file_checksum.as_str().into(),
                &resource.uti.as_str().into(),
                &"proven".into()
            )
        );
        assert_eq!(tree.files[told["path"].as_str().unwrap()].sha256, resource.sha256);
    }
}

fn albums_are_listed(inventory: &Inventory, listed: &Value) {
    let libraries = listed["libraries"].as_array().unwrap();
    let names: Vec<_> = libraries.iter().map(|library| library["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Personal", "Shared Library"]);
    let told: BTreeMap<&str, (bool, u64)> = libraries[0]["albums"]
        .as_array()
        .unwrap()
        .iter()
        .map(|album| {
            let facts = (album["folder"].as_bool().unwrap(), album["photos"].as_u64().unwrap());
            (album["id"].as_str().unwrap(), facts)
        })
        .collect();
    let zone = &inventory.zones[0];
    let living: BTreeSet<&str> =
        zone.assets.iter().filter(|asset| !asset.deleted).map(|asset| asset.record_name.as_str()).collect();
    let expected: BTreeMap<&str, (bool, u64)> = zone
        .albums
        .iter()
        .filter(|album| !album.deleted)
        .map(|album| {
            let members = album.members.iter().filter(|id| living.contains(id.as_str())).count() as u64;
            (album.record_name.as_str(), (album.folder, members))
        })
        .collect();
    assert_eq!(told, expected);
}

#[test]
fn a_library_or_an_album_is_listed_by_its_name() {
    let here = TestEnvironment::signed_in(LibrarySpec { assets: 100, albums: 3, ..LibrarySpec::default() });
    here.sync().expect(0);
    let inventory = here.inventory();
    let album = inventory.zones[0].albums.iter().find(|album| album.members.len() == 66).unwrap();
    let name = album.name.as_deref().unwrap();
    for path in [name, &format!("Personal/{name}")] {
        let photos = here.larder(&["ls", "--json", "photos", path]).run().expect(0).json()["photos"].clone();
        let ids: BTreeSet<&str> =
            photos.as_array().unwrap().iter().map(|photo| photo["id"].as_str().unwrap()).collect();
        assert_eq!(ids, album.members.iter().map(String::as_str).collect());
        let text = here.larder(&["ls", "photos", path]).run().expect(0).stdout;
        assert_eq!(text.lines().count(), 66, "{text}");
    }
    let text = here.larder(&["ls"]).run().expect(0).stdout;
    assert!(text.contains("Personal") && text.contains(name), "{text}");
    let ran = here.larder(&["ls", "photos", "No such album"]).run().expect(2);
    assert!(ran.stderr.contains("No such album") && ran.stderr.contains("Personal"), "{}", ran.stderr);
}

#[test]
fn before_the_first_run_there_is_nothing_to_read_and_that_is_told() {
    let here = TestEnvironment::signed_in(LibrarySpec::default());
    for command in ["status", "ls"] {
        let ran = here.larder(&[command]).run().expect(2);
        assert!(ran.stderr.contains("larder sync --once"), "{}", ran.stderr);
    }
}
