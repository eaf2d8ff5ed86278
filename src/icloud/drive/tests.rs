//! Reading answers: by hand, of the documents and as recorded.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::error::read;
use super::item::{BrokenItem, Identity, Item, ItemKind, ROOT};
use super::listing::{Listing, Standing, details};
use super::token::{Form, Token};
use crate::http::Answer;
use crate::http::retry::{Class, Classify as _};
use crate::icloud::fixture;
use crate::model::Checksum;

/// The answer of an example, when the documents are here.
fn example(name: &str) -> Option<Value> {
    Some(fixture::example(&format!("drive/{name}.json"))?["response"]["json"].clone())
}

fn folder(id: &str, items: &Value, said: u64) -> Value {
    json!({ "drivewsid": id, "items": items, "numberOfItems": said, "status": "OK", "new": {} })
}

fn file(changes: &Value) -> Value {
    let mut file = json!({
        "drivewsid": "FILE::com.apple.CloudDocs::0D15", "docwsid": "0D15", "zone": "com.apple.CloudDocs",
        "name": "Packing list", "extension": "txt", "parentId": ROOT, "dateModified": "2024-05-03T00:15:17Z",
        "size": 1834, "etag": "32::2x", "type": "FILE", "unknown": [1],
    });
    file.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    file
}

#[test]
fn identities_split_at_the_first_two_colons() {
    let identity = |text| Identity::parse(text).map(|known| (known.zone, known.document));
    assert_eq!(identity("FILE::z::a::b"), Some(("z".into(), "a::b".into())));
    assert_eq!(identity(ROOT), Some(("com.apple.CloudDocs".into(), "root".into())));
    for none in ["TRASH_ROOT", "FILE::z", "FILE::::x", "FILE::z::", ""] {
        assert_eq!(identity(none), None, "{none}");
    }
}

#[test]
fn an_item_is_read_whatever_may_be_missing() {
    let item = Item::read(&file(&json!({}))).unwrap();
    assert_eq!((item.name.as_str(), item.size, item.kind), ("Packing list.txt", Some(1834), ItemKind::File));
    let utc: Timestamp = "2024-05-03T00:15:17Z".parse().unwrap();
    assert_eq!(item.modified_ms, Some(utc.as_millisecond()));
    let offset = Item::read(&file(&json!({ "dateModified": "2024-05-02T17:15:17-07:00" }))).unwrap();
    assert_eq!(offset.modified_ms, item.modified_ms);
    for (changes, name) in [
        (json!({ "name": "", "extension": "gitignore" }), ".gitignore"),
        (json!({ "name": ".gitignore", "extension": "" }), ".gitignore"),
        (json!({ "name": "a.b", "extension": null }), "a.b"),
    ] {
        assert_eq!(Item::read(&file(&changes)).unwrap().name, name);
    }
    for size in [json!(null), json!("12"), json!(-1)] {
        assert_eq!(Item::read(&file(&json!({ "size": size }))).unwrap().size, None);
    }
    let bare = json!({ "drivewsid": "FOLDER::com.apple.Keynote::documents", "type": "APP_LIBRARY" });
    let bare = Item::read(&bare).unwrap();
    assert_eq!((bare.identity.zone.as_str(), bare.kind), ("com.apple.Keynote", ItemKind::Library));
    let odd = Item::read(&file(&json!({ "type": "ALIAS" }))).unwrap();
    assert_eq!(odd.kind, ItemKind::Unknown("ALIAS".into()));
}

#[test]
fn an_item_without_sense_is_told() {
    let broken = |json: Value| Item::read(&json).unwrap_err();
    let nameless = BrokenItem { what: "x".into(), why: "it has no `drivewsid`" };
    assert_eq!(broken(json!({ "name": "x", "type": "FILE" })), nameless);
    assert_eq!(broken(json!({ "drivewsid": "TRASH_ROOT", "type": "FILE" })).what, "TRASH_ROOT");
    assert_eq!(broken(json!({ "drivewsid": "FILE::z::a" })).why, "it has no `type`");
    assert_eq!(broken(json!(7)).what, "");
}

#[test]
fn entries_are_found_whatever_their_order_and_each_has_its_standing() {
    let answer = [
        folder("b", &json!([]), 1),
        json!({ "drivewsid": "c", "status": "ID_INVALID" }),
        folder("a", &json!([file(&json!({})), 7]), 2),
        json!({ "drivewsid": "e", "status": "SOMETHING" }),
    ];
    let listings = Listing::read_all(&answer, &["a", "b", "c", "d", "e"]);
    let standings: Vec<_> = listings.iter().map(|listing| (listing.standing, listing.is_whole)).collect();
    assert_eq!(
        standings,
        [
            (Standing::Listed, true),
            (Standing::Listed, false),
            (Standing::Invalid, false),
            (Standing::Missing, false),
            (Standing::Missing, false)
        ]
    );
    assert_eq!(listings[0].items.len(), 2);
    assert!(listings[0].items[0].is_ok() && listings[0].items[1].is_err());
}

#[test]
fn details_come_in_either_shape() {
    let flat = [file(&json!({})), json!({ "drivewsid": "x", "status": "ID_INVALID" })];
    let nested = [json!({ "items": flat })];
    assert_eq!(details(&flat), details(&nested));
    assert_eq!(details(&[folder(ROOT, &json!([file(&json!({}))]), 1)]).len(), 1, "a folder is one item");
}

#[test]
fn a_token_tells_form_address_and_checksum() {
    let data = json!({ "url": "https://cvws.icloud-content.com/B/x?e=1778756400", "signature": "8QbW4K+8lp2xNxCQvF2uKRI8hJ4B" });
    let answer = |file: Value, package: Value| {
        Token::read(&json!({
            "document_id": "0D15", "data_token": file, "package_token": package, "double_etag": "32::2x"
        }))
    };
    let token = answer(data.clone(), Value::Null).unwrap();
    assert_eq!((token.form, token.etag.as_deref()), (Form::File, Some("32::2x")));
    let signature = token.signature.unwrap();
    assert!(signature.provable().is_some(), "the marker at the end is the one at the front");
    assert_eq!(signature, Checksum::parse("AfEG1uCvvJadsTcQkLxdrikSPISe"));
    assert_eq!(answer(Value::Null, data.clone()).unwrap().form, Form::Package);
    assert_eq!(answer(data.clone(), data).unwrap().form, Form::File);
    assert!(answer(Value::Null, json!({ "url": null })).is_none(), "nothing to fetch yet");
}

#[test]
fn refusals_are_told_apart() {
    let answer = |status, body: &str| Answer {
        status,
        content_type: None,
        retry_after: None,
        body: bytes::Bytes::copy_from_slice(body.as_bytes()),
    };
    let class = |status, body| read(&answer(status, body)).map_err(|error| error.class());
    assert!(class(200, "[]").is_ok());
    assert_eq!(class(200, "<html>").unwrap_err(), Class::Transient);
    assert_eq!(class(200, "").unwrap_err(), Class::Transient);
    assert_eq!(class(500, "{}").unwrap_err(), Class::Transient);
    let throttled = r#"{"serverErrorCode":"THROTTLED","retryAfter":30}"#;
    assert_eq!(class(503, throttled).unwrap_err(), Class::Throttled(Some(Duration::from_secs(30))));
    assert_eq!(class(200, r#"{"serverErrorCode":"THROTTLED"}"#).unwrap_err(), Class::Throttled(None));
    assert_eq!(class(429, "").unwrap_err(), Class::Throttled(None));
    assert_eq!(class(503, "").unwrap_err(), Class::Transient);
    assert_eq!(class(404, "{}").unwrap_err(), Class::Gone);
    assert_eq!(class(400, "{}").unwrap_err(), Class::Permanent);
    assert!(read(&answer(400, "{}")).unwrap_err().is_about_size());
    assert!(!read(&answer(404, "{}")).unwrap_err().is_about_size());
}

#[test]
fn the_documents_examples_are_read() {
    let Some(root) = example("01-list-root") else { return };
    let listings = Listing::read_all(root.as_array().unwrap(), &[ROOT]);
    let items: Vec<&Item> = listings[0].items.iter().map(|item| item.as_ref().unwrap()).collect();
    assert!(items.iter().any(|item| item.kind == ItemKind::Library && item.name == "Keynote"));
    assert!(items.iter().any(|item| item.share.is_some()));

    let many = example("02-list-many-folders").unwrap();
    let asked = [
        "FOLDER::com.apple.CloudDocs::7A1D0C52-3F0B-4E5B-9C1E-2D4A6F8B0C11",
        "FOLDER::com.apple.CloudDocs::19C0FFEE-0B1D-4C2A-8E3F-5A6B7C8D9E0F",
        "FOLDER::com.apple.CloudDocs::documents",
    ];
    let listings = Listing::read_all(many.as_array().unwrap(), &asked);
    assert_eq!(listings[2].standing, Standing::Invalid);
    assert!(listings.iter().flat_map(|listing| &listing.items).all(Result::is_ok));

    let partial = example("03-list-partial-hierarchy").unwrap();
    let id = partial[0]["drivewsid"].as_str().unwrap().to_owned();
    let outlines = Listing::outlines(partial.as_array().unwrap(), &[&id]);
    assert!(!outlines[0].items.is_empty() && outlines[0].items.iter().all(Option::is_some));

    let one = example("04-item-details").unwrap();
    assert!(details(one.as_array().unwrap()).into_iter().all(|item| Item::read(item).is_ok()));
    for name in ["05-list-trash", "06-list-app-library", "08-list-shared-root"] {
        let answer = example(name).unwrap();
        let items = answer[0]["items"].as_array().unwrap();
        assert!(!items.is_empty() && items.iter().all(|item| Item::read(item).is_ok()), "{name}");
    }
    assert_eq!(Token::read(&example("10-download-by-id-file").unwrap()).unwrap().form, Form::File);
    assert_eq!(Token::read(&example("11-download-by-id-package").unwrap()).unwrap().form, Form::Package);
    let batch = example("12-download-batch").unwrap();
    assert!(batch.as_array().unwrap().iter().all(|one| Token::read(one).is_some()));
}

#[test]
fn recorded_listings_are_read() {
    let Some(recorded) = fixture::recorded("drive_pyicloud.json") else { return };
    let mut items = 0;
    walk(&recorded, &mut |json| {
        if json.get("drivewsid").is_some() && json.get("type").is_some() {
            Item::read(json).unwrap();
            items += 1;
        }
    });
    assert!(items > 15, "{items}");
}

fn walk(json: &Value, each: &mut impl FnMut(&Value)) {
    each(json);
    match json {
        Value::Array(list) => list.iter().for_each(|one| walk(one, each)),
        Value::Object(members) => members.values().for_each(|one| walk(one, each)),
        _ => {}
    }
}
