//! What drivews answers.

use super::super::{Call, DriveQuirks, Kind, ListedSize, NewItem, ROOT, SharedBy, TRASH};
use super::{call, drive, item, list};
use serde_json::{Value, json};

#[test]
fn folders_are_answered_in_the_order_asked_and_bad_ids_do_not_fail_the_rest() {
    let mut drive = drive();
    let a = drive.add_folder(ROOT, "A").unwrap();
    let b = drive.add_folder(ROOT, "B").unwrap();
    let file = drive.add_file(&b, "x.txt", "x").unwrap();
    let answers = list(&mut drive, &[&b, "FOLDER::com.apple.CloudDocs::documents", &a, &file, ROOT]);
    let statuses: Vec<&str> = answers.iter().map(|answer| answer["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["OK", "ID_INVALID", "OK", "ID_INVALID", "OK"]);
    assert_eq!(answers[0]["items"][0]["drivewsid"], json!(file));
    assert_eq!((&answers[2]["numberOfItems"], &answers[2]["items"]), (&json!(0), &json!([])));
    assert_eq!((&answers[4]["name"], &answers[4]["parentId"]), (&json!(""), &Value::Null));
    assert_eq!(drive.tally().folders, 5);
}

#[test]
fn partial_data_and_hierarchy_are_as_clients_decode_them() {
    let mut drive = drive();
    let a = drive.add_folder(ROOT, "A").unwrap();
    let b = drive.add_folder(&a, "B").unwrap();
    let file = drive.add_file(&b, "x.txt", "x").unwrap();
    let body = json!([{ "drivewsid": b, "partialData": true, "includeHierarchy": true }]);
    let answer = call(&mut drive, &Call::List, &[], &body).unwrap()[0].clone();
    let child = answer["items"][0].as_object().unwrap();
    assert_eq!(child.keys().collect::<Vec<_>>(), ["docwsid", "drivewsid", "etag"]);
    let hierarchy = answer["hierarchy"].as_array().unwrap();
    assert_eq!(hierarchy[0], json!({ "drivewsid": ROOT }));
    assert_eq!((&hierarchy[1]["name"], &hierarchy[2]["drivewsid"]), (&json!("A"), &json!(b)));
    let body = json!([{ "items": [{ "drivewsid": file }, { "drivewsid": "FILE::z::x" }] }]);
    let details = call(&mut drive, &Call::Details, &[], &body).unwrap();
    assert_eq!((&details[0]["status"], &details[0]["name"]), (&json!("OK"), &json!("x")));
    assert_eq!(details[1], json!({ "drivewsid": "FILE::z::x", "status": "ID_INVALID" }));
    *drive.quirks() = DriveQuirks { nested_details: true, ..DriveQuirks::default() };
    let nested = call(&mut drive, &Call::Details, &[], &body).unwrap();
    assert_eq!(nested[0]["items"], details);
}

#[test]
fn too_many_folders_and_no_array_are_refused() {
    let mut drive = drive();
    drive.quirks().max_folders = 2;
    let body: Value = (0..3).map(|_| json!({ "drivewsid": ROOT })).collect();
    assert_eq!(call(&mut drive, &Call::List, &[], &body).unwrap_err().status, 400);
    assert_eq!(call(&mut drive, &Call::List, &[], &json!({ "drivewsid": ROOT })).unwrap_err().status, 400);
}

#[test]
fn names_come_decomposed_and_raw_ones_as_they_are() {
    let mut drive = drive();
    let mac = drive.add_file(ROOT, "Café.pdf", "x").unwrap();
    let web = drive.add(ROOT, NewItem::raw(Kind::File, "Café", "y").extension("pdf")).unwrap();
    assert_eq!(item(&mut drive, ROOT, &mac)["name"], "Cafe\u{301}");
    assert_eq!(item(&mut drive, ROOT, &web)["name"], "Caf\u{e9}");
    let dot = drive.add_file(ROOT, ".gitignore", "x").unwrap();
    let dot = item(&mut drive, ROOT, &dot);
    assert_eq!((&dot["name"], &dot["extension"]), (&json!(""), &json!("gitignore")));
}

#[test]
fn sizes_can_be_absent_null_or_wrong() {
    let mut drive = drive();
    for (size, expected) in [
        (ListedSize::Usual, Some(json!(3))),
        (ListedSize::Absent, None),
        (ListedSize::Null, Some(Value::Null)),
        (ListedSize::Wrong(7), Some(json!(7))),
    ] {
        let id = drive.add(ROOT, NewItem::file("x", "abc").listed(size)).unwrap();
        assert_eq!(item(&mut drive, ROOT, &id).get("size").cloned(), expected);
    }
}

#[test]
fn dates_alternate_between_their_two_forms_and_mean_the_same() {
    let mut drive = drive();
    let when = 1_714_695_317_000;
    for number in 0..40 {
        drive.add(ROOT, NewItem::file(&format!("{number}"), "x").dated(when, when)).unwrap();
    }
    let listed = list(&mut drive, &[ROOT]).remove(0);
    let dates: Vec<&str> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["dateModified"].as_str().unwrap())
        .collect();
    assert!(dates.iter().any(|date| date.ends_with('Z')));
    assert!(dates.iter().any(|date| date.contains("-08:00")));
    for date in dates {
        assert_eq!(date.parse::<jiff::Timestamp>().unwrap().as_millisecond(), when, "{date}");
    }
}

#[test]
fn app_libraries_have_zones_of_their_own_and_may_hide_from_the_root() {
    let mut drive = drive();
    let keynote = drive.add_library("com.apple.Keynote", "Keynote").unwrap();
    let hidden = drive.add_library("iCloud.md.obsidian", "Obsidian").unwrap();
    drive.set_unlisted(&hidden, true).unwrap();
    let file = drive.add_file(&keynote, "Slides.key", "PK\x03\x04").unwrap();
    assert!(file.starts_with("FILE::com.apple.Keynote::"), "{file}");
    let root = list(&mut drive, &[ROOT]).remove(0);
    assert_eq!(root["numberOfItems"], 1);
    let library = &root["items"][0];
    assert_eq!((&library["type"], &library["docwsid"]), (&json!("APP_LIBRARY"), &json!("documents")));
    assert!(library.get("item_id").is_none());
    let all = call(&mut drive, &Call::Libraries, &[], &Value::Null).unwrap();
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
    assert_eq!(list(&mut drive, &[&keynote])[0]["items"][0]["zone"], "com.apple.Keynote");
}

#[test]
fn the_trash_lists_what_was_thrown_away_with_its_way_back() {
    let mut drive = drive();
    let folder = drive.add_folder(ROOT, "Downloads").unwrap();
    let file = drive.add_file(&folder, "old draft.pages", "x").unwrap();
    let inner = drive.add_folder(&folder, "Inner").unwrap();
    let deep = drive.add_file(&inner, "deep.txt", "x").unwrap();
    drive.trash(&file).unwrap();
    drive.trash(&inner).unwrap();
    for id in [TRASH, "FOLDER::com.apple.CloudDocs::TRASH_ROOT"] {
        let bin = list(&mut drive, &[id]).remove(0);
        let keys: Vec<&String> = bin.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["drivewsid", "items", "numberOfItems"]);
        assert_eq!(bin["items"][0]["restorePath"], "Downloads/old draft.pages");
        assert_eq!(bin["items"][0]["parentId"], TRASH);
        assert!(bin["items"][0]["dateExpiration"].is_string());
    }
    assert_eq!(list(&mut drive, &[&inner])[0]["items"][0]["drivewsid"], json!(deep));
    assert_eq!(list(&mut drive, &[&folder])[0]["numberOfItems"], 0);
    drive.restore(&file).unwrap();
    drive.purge(&folder).unwrap();
    drive.restore(&inner).unwrap();
    assert_eq!(drive.find(&["Inner", "deep.txt"]), Some(deep));
    assert_eq!(list(&mut drive, &[&folder])[0]["status"], "ID_INVALID");
}

#[test]
fn a_share_of_somebody_else_needs_its_id_and_ends_below_its_top() {
    let mut drive = drive();
    let folder = drive.add_folder(ROOT, "Family budget").unwrap();
    let inner = drive.add_folder(&folder, "2024").unwrap();
    drive.add_file(&folder, "January.csv", "1").unwrap();
    let shared = drive.share(&folder, SharedBy::Other).unwrap();
    assert!(shared.starts_with("SHARED_FOLDER::com.apple.CloudDocs::"));
    let inner = inner.replacen("FOLDER", "FOLDER_IN_SHARED_FOLDER", 1);
    let bare = list(&mut drive, &[&shared]).remove(0);
    assert_eq!((&bare["status"], &bare["numberOfItems"]), (&json!("OK"), &json!(0)));
    let share_id = bare["shareID"].clone();
    let ask = |id: &str, share_id: &Value| json!([{ "drivewsid": id, "shareID": share_id }]);
    let full = call(&mut drive, &Call::List, &[], &ask(&shared, &share_id)).unwrap();
    assert_eq!(full[0]["numberOfItems"], 2);
    let mut altered = share_id.clone();
    altered["shareChangeTag"] = "zz".into();
    assert_eq!(call(&mut drive, &Call::List, &[], &ask(&shared, &altered)).unwrap()[0]["numberOfItems"], 0);
    assert_eq!(call(&mut drive, &Call::List, &[], &ask(&inner, &share_id)).unwrap_err().status, 400);
    drive.quirks().others_subfolders_list = true;
    assert_eq!(call(&mut drive, &Call::List, &[], &ask(&inner, &share_id)).unwrap()[0]["status"], "OK");
    assert_eq!(call(&mut drive, &Call::List, &[], &ask(&inner, &Value::Null)).unwrap_err().status, 400);
}

#[test]
fn a_share_of_ones_own_lists_as_anything_else_unless_told_otherwise() {
    let mut drive = drive();
    let folder = drive.add_folder(ROOT, "Project").unwrap();
    drive.add_file(&folder, "plan.txt", "1").unwrap();
    let shared = drive.share(&folder, SharedBy::Me).unwrap();
    let listed = list(&mut drive, &[&shared]).remove(0);
    assert_eq!(listed["numberOfItems"], 1);
    assert_eq!(listed["items"][0]["shareID"], listed["shareID"]);
    drive.quirks().own_shares_need_id = true;
    assert_eq!(list(&mut drive, &[&shared])[0]["numberOfItems"], 0);
    let folder = drive.unshare(&shared).unwrap();
    assert_eq!(list(&mut drive, &[&folder])[0]["numberOfItems"], 1);
}

#[test]
fn unknown_types_look_like_files_or_can_be_listed() {
    let mut drive = drive();
    let other = |kind: &str, folder| Kind::Other { kind: kind.to_owned(), folder };
    let alias = drive.add(ROOT, NewItem::raw(other("ALIAS", false), "Link", "bookmark")).unwrap();
    let container = drive.add(ROOT, NewItem::raw(other("APP_CONTAINER", true), "App", "")).unwrap();
    drive.add_file(&container, "x.txt", "x").unwrap();
    assert!(alias.starts_with("ALIAS::") && container.starts_with("FOLDER::"));
    let answers = list(&mut drive, &[&alias, &container]);
    assert_eq!((&answers[0]["status"], &answers[1]["numberOfItems"]), (&json!("ID_INVALID"), &json!(1)));
}

#[test]
fn children_can_come_in_another_order_each_time() {
    let mut drive = drive();
    (0..20).for_each(|number| drop(drive.add_file(ROOT, &number.to_string(), "x").unwrap()));
    let names = |drive: &mut _| -> Vec<Value> {
        let items = list(drive, &[ROOT]).remove(0)["items"].take();
        items.as_array().unwrap().iter().map(|item| item["name"].clone()).collect()
    };
    let usual = names(&mut drive);
    drive.quirks().shuffled = true;
    let (mut one, mut other) = (names(&mut drive), names(&mut drive));
    assert!(one != usual && one != other);
    let by_number = |names: &mut Vec<Value>| {
        names.sort_by_key(|name| name.as_str().unwrap().parse::<u32>().unwrap());
    };
    by_number(&mut one);
    by_number(&mut other);
    assert_eq!([&one, &other], [&usual, &usual]);
}
