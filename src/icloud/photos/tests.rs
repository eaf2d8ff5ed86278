//! The protocol's example messages: what is asked is what the examples ask, and what they answer is understood.

use std::collections::HashMap;

use serde_json::Value;

use super::client::{DeltaPage, Indexing, Zones, counts_of, deltas_of, found};
use super::decode::{Decoded, decode};
use super::name::{file_name, text};
use super::page::Page;
use super::query::{self, List};
use super::smart::SmartAlbum;
use super::uti::shows_video;
use crate::icloud::cloudkit::CloudKitError::{NotFound, Stuck, Unanswered, ZoneNotFound};
use crate::icloud::cloudkit::{Batch, Databases, Deltas, Field, Queried};
use crate::icloud::fixture::example;
use crate::model::{AlbumKind, Area, Asset, Checksum, ContentHasher, Kind, Master, Resource, ZoneId};

const OWNER: &str = "_7c1d0e5fa2b94836b1e0d3c2a4f59687";
const TOKEN: &str = "AQAAAAAAABDBf/////////9dL3ocngtMOKbR8A3K/gEH";

fn zone(name: &str) -> ZoneId {
    ZoneId {
        area: Area::Private,
        name: name.into(),
        owner: Some(OWNER.into()),
        zone_type: Some("REGULAR_CUSTOM_ZONE".into()),
    }
}

fn primary() -> ZoneId {
    zone("PrimarySync")
}

fn photos(name: &str) -> Option<Value> {
    example(&format!("photos/{name}.json"))
}

fn read<T: serde::de::DeserializeOwned>(name: &str) -> Option<T> {
    Some(serde_json::from_str(&photos(name)?.to_string()).unwrap())
}

/// Changes of one zone, from a point before all examples.
fn changes(name: &str, zone: ZoneId) -> Option<DeltaPage> {
    let answer: Deltas = read(name)?;
    let mut pages = deltas_of(&[(zone, Some("before".into()))], answer.zones.unwrap(), decode);
    Some(pages.pop().unwrap().1.unwrap())
}

fn page(name: &str, list: &List) -> Option<Page> {
    Some(Page::of(list, read::<Queried>(name)?))
}

fn masters(records: &[Decoded]) -> HashMap<&str, &Master> {
    let masters = records.iter().filter_map(|record| match record {
        Decoded::Master { master, .. } => Some((master.record.as_str(), master)),
        _ => None,
    });
    masters.collect()
}

fn assets(records: &[Decoded]) -> Vec<&Asset> {
    let assets = records.iter().filter_map(|record| match record {
        Decoded::Asset { asset, .. } => Some(asset),
        _ => None,
    });
    assets.collect()
}

fn kinds(resources: &[Resource]) -> Vec<Kind> {
    resources.iter().map(|resource| resource.kind).collect()
}

/// A request without what a client may choose: the names of fields, and how many records.
fn bare(mut request: Value) -> Value {
    let strip = |part: &mut Value| {
        if let Some(members) = part.as_object_mut() {
            members.remove("desiredKeys");
            members.remove("resultsLimit");
        }
    };
    strip(&mut request);
    request["zones"].as_array_mut().into_iter().flatten().for_each(strip);
    if request["zones"].is_null() {
        request.as_object_mut().unwrap().remove("zones");
    }
    request
}

#[test]
fn requests_are_those_of_the_examples() {
    let zone = primary();
    let album = List::Album("961698FA-6495-4BD6-9343-7EBC7931A899".into());
    let marker = "EggZAAAAAAQIGigKJDQ0NzMxRjVGLTEyRTgtNDZBNy04Q0I1LTM0RDg2OEFFQjAzOBAB";
    let shared = ZoneId { name: "SharedSync-3F6C1B2A-9D47-4E10-8A55-0C7B21E4D9F0".into(), ..zone.clone() };
    let shared_token = "AQAAAAAAAAE2f/////////+4HETwqdNOJ5CqXhH+7QII";
    let names = [
        "AUB98oNfxbG+3GZwjvop+vvLfZ4u",
        "B0E303F3-AF78-4CE5-AB02-221A240B757C",
        "AQAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ];
    let requests = [
        ("all_photos_query_request", query::page(&zone, &List::Library, 0)),
        ("all_photos_page2_request", query::page(&zone, &List::Library, 7)),
        ("album_query_request", query::page(&zone, &album, 0)),
        ("smart_album_query_request", query::page(&zone, &List::Smart(SmartAlbum::Favourites), 0)),
        ("recently_deleted_request", query::page(&zone, &List::Deleted, 0)),
        ("albums_query_request", query::albums(&zone, None, None)),
        ("albums_query_page2_request", query::albums(&zone, None, Some(marker))),
        ("albums_children_request", query::albums(&zone, Some("44731F5F-12E8-46A7-8CB5-34D868AEB038"), None)),
        ("check_indexing_state_request", query::indexing(&zone)),
        (
            "count_batch_request",
            query::counts(&[(zone.clone(), List::Library), (zone.clone(), album.clone())]),
        ),
        ("changes_database_request_bootstrap", query::zones(None)),
        ("changes_database_request", query::zones(Some("HwoECJ7guZGSNmr7+86tRQ1N1VOdoHqG6ezh4gXkgM+"))),
        ("changes_zone_request", query::changes(&[(zone.clone(), Some(TOKEN.into()))])),
        ("changes_zone_request_full_history", query::changes(&[(zone.clone(), None)])),
        ("changes_zone_request_full_history", query::changes(&[(zone.clone(), Some(String::new()))])),
        (
            "changes_zone_request_two_zones",
            query::changes(&[(zone.clone(), Some(TOKEN.into())), (shared, Some(shared_token.into()))]),
        ),
        ("records_lookup_request", query::lookup(&zone, &names.map(str::to_owned))),
    ];
    for (name, request) in requests {
        let Some(expected) = photos(name) else { return };
        assert_eq!(bare(request), bare(expected), "{name}");
    }
}

#[test]
fn only_fields_of_the_examples_are_asked_for() {
    let Some(request) = photos("all_photos_query_request") else { return };
    let Some(albums) = photos("albums_query_request") else { return };
    let known: Vec<&Value> =
        [&request, &albums].into_iter().flat_map(|r| r["desiredKeys"].as_array().unwrap()).collect();
    for name in super::keys::everything() {
        let size = name.ends_with("Width") || name.ends_with("Height");
        assert!(size || known.contains(&&Value::from(name.as_str())), "{name}");
    }
}

#[test]
fn zones_are_listed_with_their_tokens() {
    let Some(answer) = read::<Databases>("changes_database_bootstrap") else { return };
    let mut zones = Zones::default();
    zones.take(Area::Private, answer.zones.unwrap());
    assert_eq!((zones.zones.len(), zones.refused), (3, 0));
    assert_eq!(zones.zones[0], (primary(), Some(TOKEN.into())));
    assert!(zones.zones[1].0.is_shared_library());
    assert!(!zones.zones[2].0.is_personal() && !zones.zones[2].0.is_shared_library());
}

#[test]
fn an_error_in_the_list_of_zones_costs_that_zone_alone() {
    let Some(answer) = read::<Databases>("zones_list_with_error_entry") else { return };
    let mut zones = Zones::default();
    zones.take(Area::Private, answer.zones.unwrap());
    assert_eq!(zones.refused, 1);
    assert_eq!(zones.zones, [(zone("PrimarySync1"), None)]);
    assert!(zones.zones[0].0.is_personal());
}

#[test]
fn the_other_zone_answers_are_understood() {
    for (name, count) in [
        ("zones_list_private", 4),
        ("zones_list_shared_empty", 0),
        ("zones_list_shared_participant", 1),
        ("changes_database_nochange", 0),
        ("changes_database_changed", 1),
    ] {
        let Some(answer) = read::<Databases>(name) else { return };
        let file = photos(name).unwrap();
        let gone = file["zones"].as_array().unwrap().iter().filter(|zone| zone["deleted"] == true).count();
        assert!(!answer.more);
        let mut zones = Zones::default();
        zones.take(Area::Shared, answer.zones.unwrap());
        assert_eq!((zones.zones.len() + gone, zones.refused), (count, 0), "{name}");
    }
}

#[test]
fn indexing_and_counts_are_read() {
    let Some(answer) = read("check_indexing_state_finished") else { return };
    let state = Indexing::of(answer);
    assert!(state.is_finished() && state.progress == Some(100) && state.sync_token.is_some());
    let running = Indexing::of(read("check_indexing_state_running").unwrap());
    assert_eq!((running.is_finished(), running.state.as_deref()), (false, Some("RUNNING")));

    let batch: Batch = read("count_batch_response").unwrap();
    let album = List::Album("961698FA-6495-4BD6-9343-7EBC7931A899".into());
    let asked = [(primary(), album), (primary(), List::Hidden), (primary(), List::Library)];
    assert_eq!(counts_of(&asked, batch.batch.unwrap()), [Some(3), None, Some(15)]);
    let other: Batch = read("count_batch_response").unwrap();
    assert_eq!(counts_of(&[(zone("Other"), List::Library)], other.batch.unwrap()), [None]);
}

#[test]
fn the_library_of_the_examples_is_read_in_full() {
    let Some(first) = page("all_photos_page1_with_marker", &List::Library) else { return };
    let second = page("all_photos_page2_last", &List::Library).unwrap();
    let empty = page("all_photos_page3_empty", &List::Library).unwrap();
    assert_eq!((first.received, first.marker), (14, true));
    assert_eq!((second.received, second.marker), (15, false));
    assert_eq!((empty.received, empty.records.len(), empty.marker), (0, 0, false));
    assert!([&first, &second, &empty].iter().all(|page| page.sync_token.as_deref() == Some(TOKEN)));

    let records: Vec<Decoded> = first.records.into_iter().chain(second.records).collect();
    let (masters, assets) = (masters(&records), assets(&records));
    assert_eq!((masters.len(), assets.len()), (14, 15));
    assert!(assets.iter().all(|asset| masters.contains_key(asset.master.as_deref().unwrap())));
    for record in &records {
        let (Decoded::Master { urls, broken, .. } | Decoded::Asset { urls, broken, .. }) = record else {
            panic!("{record:?}");
        };
        assert!(broken.is_empty());
        assert!(urls.iter().all(|(_, url)| url.expires_at().is_some()));
    }
    let of = |asset: &str| {
        let asset = *assets.iter().find(|known| known.record.starts_with(asset)).unwrap();
        (asset, masters[asset.master.as_deref().unwrap()])
    };

    let (live, master) = of("4D86A76B");
    assert_eq!(kinds(&master.resources), [Kind::Original, Kind::Motion]);
    assert_eq!((live.subtype_v2, live.favourite, live.zone_offset.is_some()), (2, true, true));
    assert_eq!(master.filename.as_deref(), Some("IMG_0101.HEIC"));
    let original = master.resource(Kind::Original).unwrap();
    assert_eq!(original.checksum, Checksum::parse(&master.record));
    assert_eq!((original.size, original.uti.as_deref()), (4096, Some("public.heic")));
    assert!(!shows_video(master));

    let (edited, _) = of("DC4235D7");
    assert_eq!(kinds(&edited.resources), [Kind::EditedStill, Kind::EditedMotion]);
    assert_eq!(edited.adjustment.as_deref(), Some("com.apple.photo"));
    let (_, pair) = of("5E94C063");
    assert_eq!(kinds(&pair.resources), [Kind::Original, Kind::Alternative]);
    let (slow, clip) = of("F9FBEB92");
    assert_eq!((slow.adjustment.as_deref(), slow.resources.len()), (Some("com.apple.video.slomo"), 0));
    assert!(shows_video(clip) && slow.duration_ms > 0);
    assert_eq!(of("9D285B26").1.record, of("56B77F0B").1.record, "two photos on one master");
    assert_eq!(of("B5C70CF9").1.filename, None);
    assert_eq!(of("64E53714").1.filename.as_deref(), Some("Ferien Zu\u{308}rich.jpg"), "a STRING");
    assert_eq!(of("B9AAFCE4").0.asset_date, Some(-62_009_366_400_000), "in the year 5");
}

#[test]
fn recently_deleted_photos_are_marked() {
    let Some(page) = page("recently_deleted_response", &List::Hidden) else { return };
    let asset = assets(&page.records)[0];
    assert!(asset.deleted && !asset.expunged && asset.is_gone());
}

#[test]
fn an_album_page_gives_its_members_alone() {
    let album = "961698FA-6495-4BD6-9343-7EBC7931A899";
    let Some(page) = page("album_query_response", &List::Album(album.into())) else { return };
    assert_eq!((page.received, page.records.len()), (9, 3));
    for record in &page.records {
        assert!(matches!(record, Decoded::Member(member) if member.album == album && !member.deleted));
    }
}

#[test]
fn albums_and_folders_are_read_and_roots_are_not() {
    let mut albums = Vec::new();
    for name in ["albums_query_page1", "albums_query_page2", "albums_children_response"] {
        let Some(answer) = read::<Queried>(name) else { return };
        albums.extend(answer.records.unwrap().into_iter().map(decode).filter_map(|record| match record {
            Decoded::Album(album) => Some(album),
            _ => None,
        }));
    }
    let summary: Vec<_> =
        albums.iter().map(|a| (a.name.as_deref().unwrap(), a.kind, a.parent.as_deref(), a.deleted)).collect();
    let trips = Some("44731F5F-12E8-46A7-8CB5-34D868AEB038");
    assert_eq!(
        summary,
        [
            ("Bern", AlbumKind::Album, None, false),
            ("Trips", AlbumKind::Folder, None, false),
            ("Old", AlbumKind::Album, None, true),
            ("Work", AlbumKind::Album, None, false),
            ("2025", AlbumKind::Folder, trips, false),
            ("Tokyo", AlbumKind::Album, trips, false),
        ]
    );
    assert!(read::<Queried>("albums_query_page1").unwrap().marker.is_some());
    assert!(read::<Queried>("albums_query_page2").unwrap().marker.is_none());
}

/// The worked example of the protocol: record by record.
#[test]
fn a_delta_of_few_changes_is_understood() {
    let Some(delta) = changes("changes_zone_few_changes", primary()) else { return };
    assert!(!delta.more && delta.token != TOKEN);
    let [
        Decoded::Asset { asset: new, urls: no_urls, .. },
        Decoded::Album(tokyo),
        Decoded::Member(with_fields),
        Decoded::Master { master, urls, .. },
        Decoded::Asset { asset: favourite, .. },
        Decoded::Asset { asset: edited, urls: render, .. },
        Decoded::Master { master: deleted_master, .. },
        Decoded::Asset { asset: deleted, .. },
        Decoded::Member(without_fields),
        Decoded::Gone { record: relation },
        Decoded::Gone { record: unknown },
        Decoded::Ignored { record_type },
    ] = delta.records.as_slice()
    else {
        panic!("{:?}", delta.records);
    };
    assert_eq!(new.master.as_deref(), Some(master.record.as_str()));
    assert!(no_urls.is_empty());
    assert_eq!(master.filename.as_deref(), Some("IMG_0120.HEIC"));
    assert_eq!(kinds(&master.resources), [Kind::Original, Kind::Motion]);
    assert_eq!(urls.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [Kind::Original, Kind::Motion]);
    assert_eq!(tokyo.name.as_deref(), Some("Tokyo & Kyoto"));
    assert_eq!((with_fields.album.as_str(), with_fields.position), (tokyo.record.as_str(), 1024));
    assert_eq!(without_fields.album, tokyo.record);
    assert_eq!(without_fields.asset, "5E94C063-C489-443A-9597-F5F3B44F4C57");
    assert!(favourite.favourite && favourite.resources.is_empty());
    assert_eq!((kinds(&edited.resources), render.len()), (vec![Kind::EditedStill], 1));
    assert!(deleted.is_gone() && deleted.master.as_ref() == Some(&deleted_master.record));
    let (asset, album) = super::member_of(relation).unwrap();
    assert!(asset.starts_with("D3A464C7") && album.starts_with("961698FA"));
    assert!(unknown.starts_with("D611DD11") && super::member_of(unknown).is_none());
    assert_eq!(record_type, "CPLLibraryInfo");
}

#[test]
fn flags_that_went_and_records_that_are_purged_are_understood() {
    let Some(delta) = changes("changes_zone_flags", primary()) else { return };
    let [
        Decoded::Asset { asset: hidden, .. },
        Decoded::Asset { asset: edited, .. },
        Decoded::Asset { asset: restored, .. },
        Decoded::Gone { .. },
        Decoded::Gone { .. },
        Decoded::Album(album),
        Decoded::Ignored { .. },
        Decoded::Ignored { .. },
        Decoded::Ignored { .. },
    ] = delta.records.as_slice()
    else {
        panic!("{:?}", delta.records);
    };
    assert!(hidden.hidden && !hidden.is_gone());
    assert_eq!(kinds(&edited.resources), [Kind::EditedStill]);
    assert!(!restored.is_gone());
    assert!(album.deleted);
}

#[test]
fn pages_that_are_empty_or_split_or_of_another_zone_are_understood() {
    let Some(empty) = changes("changes_zone_empty_more_coming", primary()) else { return };
    assert!(empty.more && empty.records.is_empty());
    let same = changes("changes_zone_nochange", primary()).unwrap();
    assert_eq!((same.more, same.records.len(), same.token.as_str()), (false, 0, TOKEN));
    let first = changes("changes_zone_page_split_1", primary()).unwrap();
    let second = changes("changes_zone_page_split_2", primary()).unwrap();
    assert!(first.more && !second.more);
    let master = assets(&first.records)[0].master.clone().unwrap();
    assert!(masters(&second.records).contains_key(master.as_str()));
    let file = photos("changes_zone_shared").unwrap();
    let name = file["zones"][0]["zoneID"]["zoneName"].as_str().unwrap();
    let shared = changes("changes_zone_shared", zone(name)).unwrap();
    assert_eq!((masters(&shared.records).len(), assets(&shared.records).len()), (1, 2));
}

#[test]
fn zones_fail_one_by_one_and_are_matched_by_name() {
    let Some(answer) = read::<Deltas>("changes_zone_one_zone_missing") else { return };
    let asked = ["SharedSync", "PrimarySync", "Unmentioned"].map(|name| (zone(name), None));
    let pages = deltas_of(&asked, answer.zones.unwrap(), decode);
    assert!(matches!(&pages[0].1, Err(ZoneNotFound { .. })));
    assert!(matches!(&pages[1].1, Ok(page) if page.token == TOKEN));
    assert!(matches!(&pages[2].1, Err(Unanswered { .. })));
}

#[test]
fn a_zone_that_promises_more_without_moving_on_is_an_error() {
    let Some(answer) = read::<Deltas>("changes_zone_empty_more_coming") else { return };
    let entries = answer.zones.unwrap();
    let token = entries[0].sync_token.clone();
    let pages = deltas_of(&[(primary(), token)], entries, decode);
    assert!(matches!(&pages[0].1, Err(Stuck { .. })));
}

#[test]
fn a_lookup_is_answered_name_by_name() {
    let Some(answer) = read::<Queried>("records_lookup_response") else { return };
    let names = ["nobody", "AQAAAAAAAAAAAAAAAAAAAAAAAAAA", "AUB98oNfxbG+3GZwjvop+vvLfZ4u"].map(str::to_owned);
    let found = found(&names, answer.records.unwrap());
    assert!(matches!(&found[0].1, Err(Unanswered { .. })));
    assert!(matches!(&found[1].1, Err(NotFound { .. })));
    assert!(matches!(&found[2].1, Ok(Decoded::Master { urls, .. }) if urls.len() == 2));
}

#[test]
fn encoded_fields_are_decoded_as_the_vectors_say() {
    let Some(vectors) = photos("field_decode_vectors") else { return };
    let field = |vector: &Value| serde_json::from_str::<Field>(&vector["field"].to_string()).unwrap();
    for vector in vectors["filenameEnc"].as_array().unwrap() {
        let name = file_name(Some(&field(vector)));
        match vector["expect_nfc"].as_str() {
            Some(expected) => {
                use unicode_normalization::UnicodeNormalization as _;
                assert_eq!(name.unwrap().nfc().collect::<String>(), expected);
            }
            None => assert_eq!(name.as_deref(), vector["expect"].as_str(), "{vector}"),
        }
    }
    for kind in ["captionEnc", "timeZoneNameEnc"] {
        for vector in vectors[kind].as_array().unwrap() {
            assert_eq!(text(Some(&field(vector))).as_deref(), vector["expect"].as_str(), "{vector}");
        }
    }
}

#[test]
fn checksums_hold_for_the_vectors() {
    let Some(file) = photos("checksum_vectors") else { return };
    for vector in file["vectors"].as_array().unwrap() {
        let content = match (vector["utf8"].as_str(), vector["name"].as_str().unwrap()) {
            (Some(text), _) => text.as_bytes().to_vec(),
            (None, "three zero bytes") => vec![0; 3],
            (None, line) => {
                let size = usize::try_from(vector["size"].as_u64().unwrap()).unwrap();
                format!("larder-fixture:{line}\n").bytes().cycle().take(size).collect()
            }
        };
        let mut hasher = ContentHasher::new(false);
        hasher.update(&content);
        let expected = Checksum::parse(vector["fileChecksum"].as_str().unwrap());
        assert_eq!(hasher.finish().apple, expected, "{vector}");
        assert_eq!(Checksum::parse(vector["url_path_form"].as_str().unwrap()), expected);
    }
}
