//! Drive over HTTP: the gate, signed URLs, troubles, and what no client may do.

use super::browser::{Browser, start};
use super::wire::Received;
use crate::ViolationKind::Write;
use crate::drive::{CLOUD_DOCS, Content, PackageFile, ROOT};
use crate::{Account, AccountKind, Control, DriveService, Fault, Loss, Rule, Simulator};
use serde_json::{Value, json};
use std::time::Duration;

const LIST: &str = "drive.retrieveItemDetailsInFolders";

async fn signed_in(account: Account) -> (Simulator, Control, Browser) {
    let (simulator, control, mut browser) = start(account).await;
    browser.sign_in(&control).await;
    (simulator, control, browser)
}

async fn list(browser: &mut Browser, ids: &[&str]) -> Received {
    let body: Value = ids.iter().map(|id| json!({ "drivewsid": id, "partialData": false })).collect();
    browser.drive("POST", "drivews", "retrieveItemDetailsInFolders", &body.to_string()).await
}

async fn by_id(browser: &mut Browser, drivewsid: &str) -> Received {
    let docwsid = drivewsid.rsplit("::").next().unwrap();
    let call = format!("ws/{CLOUD_DOCS}/download/by_id?document_id={docwsid}");
    browser.drive("GET", "docws", &call, "").await
}

/// Fetches a signed URL without a cookie.
async fn fetch(simulator: &Simulator, url: &Value, range: Option<&str>) -> Received {
    let path = url.as_str().unwrap().replace("https://", "/");
    super::content::get(&simulator.url(), &path, range).await
}

#[tokio::test]
async fn a_signed_in_browser_lists_and_downloads() {
    let (simulator, control, mut browser) = signed_in(Account::default()).await;
    let file = control.drive(|drive| drive.add_file(ROOT, "a.txt", "0123456789")).unwrap();
    let package = Content::from(vec![PackageFile::new("a", "a")]);
    let package = control.drive(|drive| drive.add_file(ROOT, "b.key", package)).unwrap();
    let listed = list(&mut browser, &[ROOT]).await;
    assert_eq!((listed.status, &listed.json()[0]["numberOfItems"]), (200, &json!(2)));
    let answer = by_id(&mut browser, &file).await.json();
    let url = &answer["data_token"]["url"];
    let whole = fetch(&simulator, url, None).await;
    assert_eq!((whole.status, whole.body.as_slice()), (200, &b"0123456789"[..]));
    let part = fetch(&simulator, url, Some("bytes=4-6")).await;
    assert_eq!((part.status, part.body.as_slice()), (206, &b"456"[..]));
    assert_eq!(part.header("Content-Range"), Some("bytes 4-6/10"));
    control.advance_clock(Duration::from_secs(3_601));
    assert_eq!(fetch(&simulator, url, None).await.status, 403);
    let answer = by_id(&mut browser, &package).await.json();
    let zip = fetch(&simulator, &answer["package_token"]["url"], Some("bytes=1-")).await;
    assert_eq!((zip.status, &zip.body[..4]), (200, &b"PK\x03\x04"[..]));
    let counters = control.counters();
    assert_eq!(counters.requests(LIST), 1);
    assert_eq!(counters.requests("drive.download/by_id"), 2);
    assert_eq!((counters.requests("drive.content"), counters.requests("drive.package")), (3, 1));
    assert!(counters.bytes_from("drive.content") >= 13);
}

#[tokio::test]
async fn the_gate_wants_origin_cookie_and_a_living_session() {
    let (_simulator, control, mut browser) = signed_in(Account::default()).await;
    browser.odd("Origin", None);
    assert_eq!(list(&mut browser, &[ROOT]).await.status, 401);
    browser.odd.clear();
    let jar = browser.jar.clone();
    browser.jar.remove("X-APPLE-WEBAUTH-TOKEN");
    let refused = list(&mut browser, &[ROOT]).await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.json(), json!({ "reason": "Missing X-APPLE-WEBAUTH-TOKEN cookie", "error": 1 }));
    browser.jar = jar;
    browser.odd("Content-Type", Some("text/html"));
    assert_eq!(list(&mut browser, &[ROOT]).await.status, 415);
    browser.odd.clear();
    control.account(|account| account.advanced_protection = true);
    let refused = list(&mut browser, &[ROOT]).await;
    assert_eq!((refused.status, &refused.json()["errorCode"]), (423, &json!(423)));
    control.account(|account| account.advanced_protection = false);
    assert_eq!(list(&mut browser, &[ROOT]).await.status, 200);
    control.expire_sessions(Loss::Cookies);
    assert_eq!(list(&mut browser, &[ROOT]).await.status, 421);
    control.account(|account| account.partition = 62);
    assert_eq!(list(&mut browser, &[ROOT]).await.status, 421);
}

#[tokio::test]
async fn an_account_without_drive_says_so_in_its_service_map() {
    for (drive, expected) in [
        (DriveService::Active, json!("active")),
        (DriveService::Inactive, json!("inactive")),
        (DriveService::Absent, Value::Null),
    ] {
        let (_simulator, _, mut browser) = signed_in(Account { drive, ..Account::default() }).await;
        let map = browser.validate().await.json()["webservices"].clone();
        assert_eq!([&map["drivews"]["status"], &map["docws"]["status"]], [&expected, &expected]);
        let status = list(&mut browser, &[ROOT]).await.status;
        assert_eq!(status, if drive == DriveService::Active { 200 } else { 403 });
    }
    let kind = AccountKind::WebAccessOff;
    let (_simulator, _, mut browser) = signed_in(Account { kind, ..Account::default() }).await;
    assert_eq!(list(&mut browser, &[ROOT]).await.status, 403);
}

#[tokio::test]
async fn writing_is_refused_and_counted() {
    let (_simulator, control, mut browser) = signed_in(Account::default()).await;
    for (service, call) in [
        ("drivews", "createFolders"),
        ("drivews", "moveItemsToTrash"),
        ("docws", "ws/com.apple.CloudDocs/upload/web"),
        ("docws", "ws/com.apple.CloudDocs/update/documents"),
    ] {
        assert_eq!(browser.drive("POST", service, call, "{}").await.status, 403);
    }
    let violations = control.take_violations();
    assert_eq!(violations.iter().filter(|violation| violation.kind == Write).count(), 4);
}

#[tokio::test]
async fn redirects_lead_to_the_same_bytes() {
    let (simulator, control, mut browser) = signed_in(Account::default()).await;
    let file = control.drive(|drive| drive.add_file(ROOT, "a.txt", "moved")).unwrap();
    let answer = by_id(&mut browser, &file).await.json();
    let origin = "https://cvws-h2.icloud-content.com".to_owned();
    control.add_fault(Rule::new("drive.content", Fault::Redirect { status: 330, origin }).times(1));
    let moved = fetch(&simulator, &answer["data_token"]["url"], None).await;
    assert_eq!(moved.status, 330);
    let location = json!(moved.header("Location").unwrap());
    assert!(location.as_str().unwrap().starts_with("https://cvws-h2."), "{location}");
    assert_eq!(fetch(&simulator, &location, None).await.body, b"moved");
}

#[tokio::test]
async fn bodies_come_without_a_length_cut_or_short() {
    let (simulator, control, mut browser) = signed_in(Account::default()).await;
    let file = control.drive(|drive| drive.add_file(ROOT, "a.txt", "0123456789")).unwrap();
    let url = by_id(&mut browser, &file).await.json()["data_token"]["url"].clone();
    control.add_fault(Rule::new("drive.content", Fault::NoLength).times(1));
    let chunked = fetch(&simulator, &url, None).await;
    assert_eq!((chunked.header("Content-Length"), chunked.status), (None, 200));
    control.add_fault(Rule::new("drive.content", Fault::Truncate { at: 4 }).times(1));
    let cut = fetch(&simulator, &url, None).await;
    assert!(cut.cut.is_some() && cut.body == b"0123");
    control.add_fault(Rule::new("drive.content", Fault::ContentLength { bytes: 4 }).times(1));
    let short = fetch(&simulator, &url, None).await;
    assert_eq!((short.status, short.body.as_slice(), short.cut), (200, &b"0123"[..], None));
}

#[tokio::test]
async fn listings_can_lack_items_entries_and_folders() {
    let (_simulator, control, mut browser) = signed_in(Account::default()).await;
    let folder = control.drive(|drive| drive.add_folder(ROOT, "F")).unwrap();
    control.drive(|drive| (0..5).map(|n| drive.add_file(&folder, &format!("{n}"), "x")).for_each(drop));
    let ids = [ROOT, folder.as_str()];
    let counts = |answer: &Value| {
        (answer[1]["items"].as_array().unwrap().len(), answer[1]["numberOfItems"].as_u64().unwrap())
    };
    control.add_fault(Rule::new(LIST, Fault::ItemsCut { keep: 2, silent: false }).times(1));
    assert_eq!(counts(&list(&mut browser, &ids).await.json()), (2, 5));
    control.add_fault(Rule::new(LIST, Fault::ItemsCut { keep: 0, silent: true }).times(1));
    assert_eq!(counts(&list(&mut browser, &ids).await.json()), (0, 0));
    control.add_fault(Rule::new(LIST, Fault::EntryLeftOut { at: 0 }).times(1));
    let answer = list(&mut browser, &ids).await.json();
    assert_eq!((answer.as_array().unwrap().len(), &answer[0]["drivewsid"]), (1, &json!(folder)));
    control.add_fault(Rule::new(LIST, Fault::EntryInvalid { at: 1 }).times(1));
    let answer = list(&mut browser, &ids).await.json();
    assert_eq!((&answer[0]["status"], &answer[1]["status"]), (&json!("OK"), &json!("ID_INVALID")));
    assert_eq!(counts(&list(&mut browser, &ids).await.json()), (5, 5));
}

#[tokio::test]
async fn the_control_changes_the_drive_over_http() {
    let (simulator, control, mut browser) = signed_in(Account::default()).await;
    let url = simulator.url();
    let send = async |method: &str, call: &str, body: Value| {
        let path = format!("/control/{call}");
        let answer = super::wire::send(&url, method, &path, &[], body.to_string().as_bytes()).await.unwrap();
        assert_eq!(answer.status, 200, "{call}: {}", String::from_utf8_lossy(&answer.body));
        answer.json()
    };
    let item = json!({ "name": "a", "extension": "txt", "content": { "plain": { "text": "hello" } } });
    let made = send("POST", "drive/change", json!({ "action": "add", "parent": ROOT, "item": item })).await;
    let id = made["drivewsid"].as_str().unwrap().to_owned();
    let inventory = send("GET", "drive/inventory", Value::Null).await;
    assert_eq!(inventory["files"][0]["path"], json!(["a.txt"]));
    let rename = json!({ "action": "rename", "item": id, "full_name": "b.txt" });
    send("POST", "drive/later", json!({ "moment": { "after_listing": 1 }, "change": rename })).await;
    assert_eq!(list(&mut browser, &[ROOT]).await.json()[0]["items"][0]["name"], "a");
    assert_eq!(list(&mut browser, &[ROOT]).await.json()[0]["items"][0]["name"], "b");
    assert_eq!(send("GET", "drive/tally", Value::Null).await["listings"], 2);
    send("PATCH", "drive/quirks", json!({ "max_folders": 1, "carry": "all" })).await;
    assert_eq!(list(&mut browser, &[ROOT, ROOT]).await.status, 400);
    assert_eq!(send("GET", "drive/quirks", Value::Null).await["carry"], "all");
    assert!(send("POST", "drive/happen", json!({ "seed": 5 })).await["action"].is_string());
    assert!(control.violations().is_empty());
}
