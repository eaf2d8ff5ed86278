//! The library that a description gives.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::{call, rich};
use crate::photos::{Inventory, LibrarySpec, PhotoKind, Photos, SharedRole, Sizes};

fn inventory(spec: &LibrarySpec) -> Inventory {
    Photos::new(spec).inventory()
}

#[test]
fn the_same_description_gives_the_same_library_and_another_seed_another() {
    let spec = LibrarySpec { assets: 160, albums: 8, awkward: true, seed: 4, ..LibrarySpec::default() };
    let one = inventory(&spec);
    assert_eq!(one, inventory(&spec));
    assert_ne!(one, inventory(&LibrarySpec { seed: 5, ..spec }));
}

#[test]
fn a_library_has_as_many_of_everything_as_was_asked_for() {
    for (assets, albums, folders, awkward) in
        [(0, 0, 0, false), (1, 1, 1, true), (20, 3, 2, true), (333, 9, 4, false)]
    {
        let spec = LibrarySpec { assets, albums, folders, awkward, ..LibrarySpec::default() };
        let zone = inventory(&spec).zones.swap_remove(0);
        assert_eq!(zone.assets.len(), assets);
        assert_eq!(zone.albums.iter().filter(|album| album.folder).count(), folders);
        assert_eq!(zone.albums.len(), albums + folders);
    }
}

#[test]
fn an_awkward_library_has_one_of_everything() {
    let photos = rich();
    let zone = photos.inventory().zones.swap_remove(0);
    let any = |test: &dyn Fn(&crate::photos::AssetEntry) -> bool| zone.assets.iter().any(test);
    assert!(any(&|asset| asset.file_name.is_none()));
    assert!(any(&|asset| asset.file_name.as_ref().is_some_and(|name| name.len() == 300)));
    assert!(any(&|asset| asset.file_name.as_ref().is_some_and(|name| name.contains('\0'))));
    assert!(any(&|asset| asset.asset_date.is_none()));
    assert!(any(&|asset| asset.asset_date.is_some_and(|date| date < -62_000_000_000_000)));
    assert!(any(&|asset| asset.asset_date.is_some_and(|date| date > 80_000_000_000_000_000)));
    assert!(any(&|asset| asset.resources.iter().any(|each| each.size == 0)));
    assert!(any(&|asset| asset.resources.iter().any(|each| !each.downloadable)));
    assert!(any(&|asset| asset.resources.iter().any(|each| !each.file_checksum.starts_with('A'))));
    let known_form = |checksum: &str| STANDARD.decode(checksum).unwrap()[0] == 1;
    let files = zone.assets.iter().flat_map(|asset| &asset.resources);
    let disputed = files.filter(|each| !each.matches && known_form(&each.file_checksum));
    assert_eq!(disputed.count(), 1);
    let masters: BTreeSet<&str> = zone.assets.iter().map(|asset| asset.master.as_str()).collect();
    assert_eq!(zone.assets.len() - masters.len(), 3, "siblings on one master");
    let kinds: BTreeSet<&str> =
        zone.assets.iter().flat_map(|asset| asset.resources.iter().map(|each| each.kind.as_str())).collect();
    let all =
        ["resJPEGFull", "resOriginal", "resOriginalAlt", "resOriginalVidCompl", "resSidecar", "resVidFull"];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), all);
    let names: Vec<_> = zone.albums.iter().map(|album| album.name.as_deref()).collect();
    assert!(names.contains(&None) && names.contains(&Some("Trip / 2024")));
    let strangers = zone
        .albums
        .iter()
        .flat_map(|album| &album.members)
        .filter(|member| !zone.assets.iter().any(|asset| asset.record_name == **member));
    assert_eq!(strangers.count(), 1, "one member lives in the shared library");
}

#[test]
fn the_mix_resembles_recorded_libraries() {
    let zone = inventory(&LibrarySpec { assets: 2_000, ..LibrarySpec::default() }).zones.swap_remove(0);
    let share = |uti: &str| {
        let count = zone.assets.iter().filter(|asset| asset.resources[0].uti == uti).count();
        count * 100 / zone.assets.len()
    };
    assert!((45..75).contains(&share("public.heic")), "{}", share("public.heic"));
    assert!((15..30).contains(&share("public.jpeg")));
    assert!((7..15).contains(&share("public.png")));
    assert!((4..10).contains(&share("com.apple.quicktime-movie")));
}

#[test]
fn sizes_are_as_told() {
    let spec = LibrarySpec { assets: 40, sizes: Sizes::Fixed(777), ..LibrarySpec::default() };
    let zone = inventory(&spec).zones.swap_remove(0);
    assert!(zone.assets.iter().flat_map(|asset| &asset.resources).all(|each| each.size == 777));
    let spec = LibrarySpec { assets: 300, sizes: Sizes::Small, ..LibrarySpec::default() };
    let zone = inventory(&spec).zones.swap_remove(0);
    let sum: u64 = zone.assets.iter().flat_map(|asset| &asset.resources).map(|each| each.size).sum();
    assert!((8_000..60_000).contains(&(sum / 300)), "{}", sum / 300);
}

#[test]
fn zones_are_listed_where_they_belong() {
    let zones = |photos: &mut Photos, area: &str| -> Vec<String> {
        let (_, answer) = super::call_in(photos, area, "zones/list", &json!({}));
        let zones = answer["zones"].as_array().unwrap();
        zones.iter().map(|zone| zone["zoneID"]["zoneName"].as_str().unwrap().to_owned()).collect()
    };
    let mut owner = rich();
    assert_eq!(zones(&mut owner, "shared"), Vec::<String>::new());
    let listed = zones(&mut owner, "private");
    for prefix in ["PrimarySync", "SharedSync-", "CMM-", "SharedCollection-", "AppLibrarySync-"] {
        assert!(listed.iter().any(|name| name.starts_with(prefix)), "{prefix}");
    }
    let spec = LibrarySpec {
        assets: 10,
        shared_library: SharedRole::Participant,
        personal_zone: "PrimarySync1".to_owned(),
        ..LibrarySpec::default()
    };
    let mut guest = Photos::new(&spec);
    assert_eq!(zones(&mut guest, "private"), ["PrimarySync1"]);
    assert!(zones(&mut guest, "shared")[0].starts_with("SharedSync-"));
}

#[test]
fn zones_that_are_no_libraries_answer_as_documented() {
    let mut photos = rich();
    let answer = call(&mut photos, "zones/list", &json!({}));
    let zone = |prefix: &str| {
        let zones = answer["zones"].as_array().unwrap().iter();
        let mut named = zones.filter(|zone| zone["zoneID"]["zoneName"].as_str().unwrap().starts_with(prefix));
        named.next().unwrap()["zoneID"].clone()
    };
    let collection = zone("SharedCollection-");
    let state = json!({ "query": { "recordType": "CheckIndexingState" }, "zoneID": collection });
    call(&mut photos, "records/query", &state);
    for id in [zone("CMM-"), collection.clone()] {
        let albums = json!({ "query": { "recordType": "CPLAlbumByPositionLive" }, "zoneID": id });
        let refused = super::reason(&mut photos, "records/query", &albums);
        assert_eq!(refused, (400, "Index has invalid data".to_owned()));
    }
    let changes = call(&mut photos, "changes/zone", &json!({ "zones": [{ "zoneID": collection }] }));
    assert_eq!(changes["zones"][0]["reason"], "syncToken operations supported only in SyncZone");
}

#[test]
fn a_description_and_its_kinds_can_be_written_as_json() {
    let spec: LibrarySpec =
        serde_json::from_value(json!({ "assets": 5, "sizes": { "fixed": 100 }, "shared_library": "owner" }))
            .unwrap();
    assert_eq!((spec.assets, spec.sizes, spec.shared_library), (5, Sizes::Fixed(100), SharedRole::Owner));
    assert!(serde_json::from_value::<LibrarySpec>(json!({ "asets": 5 })).is_err());
    assert_eq!(serde_json::to_value(PhotoKind::JpegWithRaw).unwrap(), "jpeg_with_raw");
}
