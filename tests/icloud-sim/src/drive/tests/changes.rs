//! Changes that are written down, and their moments.

use super::super::{CLOUD_DOCS, Change, Moment, NewItem, ROOT, TRASH};
use super::{by_id, drive, list};
use serde_json::{Value, json};

#[test]
fn a_change_waits_for_its_moment_and_the_answer_of_that_moment_does_not_show_it() {
    let mut drive = drive();
    let file = drive.add_file(ROOT, "a.txt", "a").unwrap();
    let folder = drive.add_folder(ROOT, "F").unwrap();
    let name = |drive: &mut _| list(drive, &[ROOT])[0]["items"][0]["name"].clone();
    drive
        .later(Moment::AfterListing(2), Change::Rename { item: file.clone(), full_name: "b.txt".to_owned() });
    drive.later(Moment::AfterListing(3), Change::MoveTo { item: file.clone(), folder: folder.clone() });
    drive.later(Moment::AfterDocument(1), Change::Trash { item: file.clone() });
    drive.later(Moment::AfterDocument(1), Change::Purge { item: "FILE::z::x".to_owned() });
    let names: Vec<Value> = (0..4).map(|_| name(&mut drive)).collect();
    assert_eq!(names, ["a", "a", "b", "F"]);
    assert_eq!(drive.take_happened(), [Ok(file.clone()), Ok(file.clone())]);
    by_id(&mut drive, CLOUD_DOCS, &file).unwrap();
    assert_eq!(by_id(&mut drive, CLOUD_DOCS, &file), Err(404));
    let happened = drive.take_happened();
    assert_eq!((happened.len(), &happened[0]), (2, &Ok(file)));
    assert!(happened[1].is_err());
    assert_eq!(list(&mut drive, &[TRASH])[0]["numberOfItems"], 1);
}

#[test]
fn changes_have_a_form_in_json() {
    let change: Change = serde_json::from_value(json!({
        "action": "add",
        "parent": ROOT,
        "item": { "name": "a", "extension": "txt", "content": { "plain": { "text": "hello" } } },
    }))
    .unwrap();
    let item = NewItem::file("a.txt", "hello");
    assert_eq!(change, Change::Add { parent: ROOT.to_owned(), item });
    let again: Change = serde_json::from_value(serde_json::to_value(&change).unwrap()).unwrap();
    assert_eq!(again, change);
    let package = json!({
        "action": "edit", "file": "FILE::z::x",
        "content": { "package": [{ "path": "a", "bytes": { "noise": { "seed": 1, "len": 9 } } }] },
    });
    assert!(serde_json::from_value::<Change>(package).is_ok());
    assert!(serde_json::from_value::<Change>(json!({ "action": "open", "item": "x" })).is_err());
}

#[test]
fn two_items_change_their_names_and_keep_their_ids() {
    let mut drive = drive();
    let one = drive.add_file(ROOT, "one.txt", "1").unwrap();
    let other = drive.add_file(ROOT, "other", "2").unwrap();
    drive.swap_names(&one, &other).unwrap();
    assert_eq!(drive.find(&["one.txt"]), Some(other));
    assert_eq!(drive.find(&["other"]), Some(one));
}
