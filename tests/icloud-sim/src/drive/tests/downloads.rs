//! What docws and the content host answer.

use super::super::url::Opened;
use super::super::{CLOUD_DOCS, Call, Content, Drive, ROOT, SharedBy, Signatures};
use super::{NOW_MS, by_id, call, drive, item};
use crate::file_bytes::FileBytes;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

fn path_of(answer: &Value) -> String {
    let url = answer["data_token"]["url"].as_str().unwrap();
    url.strip_prefix("https://cvws.icloud-content.com").unwrap().to_owned()
}

fn status(drive: &Drive, path: &str) -> u16 {
    match drive.content(path) {
        Opened::Refused(status, _) => status,
        _ => 200,
    }
}

#[test]
fn a_url_gives_the_bytes_it_was_issued_for_until_it_expires() {
    let mut drive = drive();
    let file = drive.add_file(ROOT, "Packing list.txt", "socks").unwrap();
    let answer = by_id(&mut drive, CLOUD_DOCS, &file).unwrap();
    assert_eq!(answer["double_etag"], item(&mut drive, ROOT, &file)["etag"]);
    let path = path_of(&answer);
    assert!(path.contains("/Packing+list.txt?o="), "{path}");
    assert!(path.contains(&format!("&e={}&", NOW_MS / 1000 + 3_600)), "{path}");
    drive.edit(&file, "shoes").unwrap();
    let Opened::File { bytes, .. } = drive.content(&path) else { panic!("refused") };
    assert_eq!(bytes.to_bytes().as_ref(), b"socks");
    assert_eq!(status(&drive, &path.replace("&v=1", "&v=2")), 403);
    assert_eq!(status(&drive, &path.replace("&e=17", "&e=18")), 403);
    assert_eq!(status(&drive, path.split_once("&s=").unwrap().0), 403);
    drive.set_time(NOW_MS + 3_599_000);
    assert_eq!(status(&drive, &path), 200);
    drive.set_time(NOW_MS + 3_600_000);
    assert_eq!(status(&drive, &path), 403);
}

#[test]
fn documents_are_found_in_their_own_zone_alone() {
    let mut drive = drive();
    let library = drive.add_library("com.apple.Keynote", "Keynote").unwrap();
    let file = drive.add_file(&library, "Slides.key", "PK").unwrap();
    assert_eq!(by_id(&mut drive, CLOUD_DOCS, &file), Err(404));
    assert!(by_id(&mut drive, "com.apple.Keynote", &file).is_ok());
}

#[test]
fn what_has_no_content_has_no_url() {
    let mut drive = drive();
    let empty = drive.add_file(ROOT, "empty.txt", "").unwrap();
    let pending = drive.add_file(ROOT, "pending.txt", Content::Pending).unwrap();
    let binned = drive.add_file(ROOT, "binned.txt", "x").unwrap();
    let folder = drive.add_folder(ROOT, "Theirs").unwrap();
    drive.add_file(&folder, "theirs.txt", "x").unwrap();
    drive.trash(&binned).unwrap();
    drive.share(&folder, SharedBy::Other).unwrap();
    let theirs = drive.find(&["Theirs", "theirs.txt"]).unwrap();
    assert!(theirs.starts_with("FILE_IN_SHARED_FOLDER::"));
    assert_eq!(by_id(&mut drive, CLOUD_DOCS, &empty), Err(400));
    for missing in [&binned, &theirs, &folder, &"FILE::z::nothing".to_owned()] {
        assert_eq!(by_id(&mut drive, CLOUD_DOCS, missing), Err(404), "{missing}");
    }
    let answer = by_id(&mut drive, CLOUD_DOCS, &pending).unwrap();
    assert!(answer.get("data_token").is_none() && answer.get("package_token").is_none());
    let file = drive.add_file(ROOT, "plain.txt", "x").unwrap();
    drive.quirks().no_tokens = true;
    assert!(by_id(&mut drive, CLOUD_DOCS, &file).unwrap().get("data_token").is_none());
}

#[test]
fn a_batch_answers_each_id_for_itself() {
    let mut drive = drive();
    let one = drive.add_file(ROOT, "1.txt", "1").unwrap();
    let two = drive.add_file(ROOT, "2.txt", "2").unwrap();
    let id = |id: &str| json!({ "document_id": id.rsplit("::").next().unwrap() });
    let body = json!([id(&one), id("x::y::nothing"), id(&two)]);
    let zone = Call::Batch(CLOUD_DOCS.to_owned());
    let answers = call(&mut drive, &zone, &[], &body).unwrap();
    assert_eq!(answers[1]["serverErrorCode"], "NOT_FOUND");
    assert!(answers[0]["data_token"].is_object() && answers[2]["data_token"].is_object());
    drive.quirks().batch_drops_failures = true;
    drive.quirks().batch_reversed = true;
    let answers = call(&mut drive, &zone, &[], &body).unwrap();
    let ids: Vec<Value> = answers.as_array().unwrap().iter().map(|one| one["document_id"].clone()).collect();
    assert_eq!(ids, [body[2]["document_id"].clone(), body[0]["document_id"].clone()]);
    drive.quirks().max_batch = 2;
    assert_eq!(call(&mut drive, &zone, &[], &body).unwrap_err().status, 400);
}

#[test]
fn signatures_are_21_bytes_with_the_marker_last_and_follow_a_formula_or_none() {
    let mut drive = drive();
    let file = drive.add_file(ROOT, "a.txt", "larder").unwrap();
    let same = drive.add_file(ROOT, "b.txt", "larder").unwrap();
    let other = drive.add_file(ROOT, "c.txt", "lardes").unwrap();
    let signature = |drive: &mut Drive, id: &str| {
        let answer = by_id(drive, CLOUD_DOCS, id).unwrap();
        URL_SAFE_NO_PAD.decode(answer["data_token"]["signature"].as_str().unwrap()).unwrap()
    };
    let opaque = signature(&mut drive, &file);
    assert_eq!((opaque.len(), opaque[20]), (21, 1));
    assert_eq!(opaque, signature(&mut drive, &same));
    assert_ne!(opaque, signature(&mut drive, &other));
    drive.quirks().signatures = Signatures::Salted;
    let salted = signature(&mut drive, &file);
    let photos = STANDARD.decode("AUiMCTZkS9Jhdoh3BH0Od/eQj8YW").unwrap();
    assert_eq!((&salted[..20], salted[20]), (&photos[1..], photos[0]));
    assert_ne!(opaque, salted);
}

#[test]
fn made_bytes_and_given_bytes_read_alike() {
    let made = FileBytes::noise(3, 10_000);
    let given = FileBytes::Given(made.to_bytes());
    assert_eq!((made.sha256(), made.salted_sha1()), (given.sha256(), given.salted_sha1()));
    let (mut one, mut other) = ([0; 100], [0; 100]);
    assert_eq!((made.read_at(9_950, &mut one), given.read_at(9_950, &mut other)), (50, 50));
    assert_eq!(one, other);
    assert_eq!(given.read_at(10_001, &mut one), 0);
}
