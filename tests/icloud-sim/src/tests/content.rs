//! Bodies from the content host.

use super::browser::Browser;
use super::wire::{self, Received};
use crate::photos::Sizes;
use crate::{Config, Control, LibrarySpec, Simulator};
use serde_json::{Value, json};
use std::time::Duration;

/// Bytes of every file in these tests: more than two pieces on the wire.
pub(super) const SIZE: usize = 150_000;

/// A simulator with one photo and the path of its original on the content host.
pub(super) async fn with_photo() -> (Simulator, Control, String) {
    let library = LibrarySpec { assets: 1, sizes: Sizes::Fixed(SIZE as u64), ..LibrarySpec::default() };
    let simulator = Simulator::start(Config { library, ..Config::default() }).await.unwrap();
    let control = simulator.control();
    let mut browser = Browser::new(&simulator.url());
    browser.sign_in(&control).await;
    let path = first_url(&mut browser).await;
    (simulator, control, path)
}

/// Where the simulator serves the first original of the library.
pub(super) async fn first_url(browser: &mut Browser) -> String {
    let filter = |name: &str, kind: &str, value: Value| json!({ "fieldName": name, "comparator": "EQUALS", "fieldValue": { "type": kind, "value": value } });
    let body = json!({
        "query": {
            "recordType": "CPLAssetAndMasterByAssetDateWithoutHiddenOrDeleted",
            "filterBy": [filter("startRank", "INT64", json!(0)), filter("direction", "STRING", json!("ASCENDING"))],
        },
        "resultsLimit": 200,
        "zoneID": { "zoneName": "PrimarySync" },
    });
    let answer = browser.database("records/query?remapEnums=true", &body.to_string()).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let answer = answer.json();
    let records = answer["records"].as_array().unwrap();
    let url =
        records.iter().find_map(|record| record["fields"]["resOriginalRes"]["value"]["downloadURL"].as_str());
    url.unwrap().replace("https://", "/").replace("${f}", "$%7Bf%7D")
}

pub(super) async fn get(url: &str, path: &str, range: Option<&str>) -> Received {
    let range: Vec<(String, String)> =
        range.map(|range| ("Range".to_owned(), range.to_owned())).into_iter().collect();
    wire::send(url, "GET", path, &range, b"").await.unwrap()
}

#[tokio::test]
async fn bodies_come_whole_or_in_ranges() {
    let (simulator, control, path) = with_photo().await;
    let url = simulator.url();
    control.reset_counters();
    let whole = get(&url, &path, None).await;
    assert_eq!((whole.status, whole.body.len(), whole.cut), (200, SIZE, None));
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    assert_eq!(whole.header("content-type"), Some("application/octet-stream"));
    let part = get(&url, &path, Some("bytes=1024-")).await;
    assert_eq!((part.status, part.header("content-range")), (206, Some("bytes 1024-149999/150000")));
    assert_eq!(part.body, whole.body[1024..]);
    let middle = get(&url, &path, Some("bytes=70000-70009")).await;
    assert_eq!(middle.body, whole.body[70_000..70_010]);
    let outside = get(&url, &path, Some("bytes=150000-")).await;
    assert_eq!((outside.status, outside.header("content-range")), (416, Some("bytes */150000")));
    let counters = control.counters();
    assert_eq!(counters.requests("content"), 4);
    assert_eq!(counters.bytes_from("content"), (SIZE + SIZE - 1024 + 10) as u64);
}

#[tokio::test]
async fn bodies_are_never_compressed_and_documents_are_when_asked() {
    let (simulator, control, path) = with_photo().await;
    let url = simulator.url();
    let gzip = [("Accept-Encoding".to_owned(), "gzip, br".to_owned())];
    let body = wire::send(&url, "GET", &path, &gzip, b"").await.unwrap();
    assert_eq!((body.header("content-encoding"), body.body.len()), (None, SIZE));
    let mut browser = Browser::new(&url);
    browser.sign_in(&control).await;
    browser.odd("Accept-Encoding", Some("gzip"));
    control.reset_counters();
    let packed = browser.validate().await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert_eq!(control.counters().bytes_from("setup.validate"), packed.body.len() as u64, "counted as sent");
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(packed.body.as_slice()), &mut text)
        .unwrap();
    assert!(text.contains("webservices"));
}

#[tokio::test]
async fn urls_end() {
    let (simulator, control, path) = with_photo().await;
    let url = simulator.url();
    assert_eq!(get(&url, &path.replace("/B/", "/B/x"), None).await.status / 100, 4);
    control.advance_clock(Duration::from_secs(3_601));
    assert_eq!(get(&url, &path, None).await.status, 410);
}
