//! Answers of Drive have the members of the reference's examples, and one that no example has.

use super::browser::{Browser, start};
use super::wire::Received;
use crate::drive::{CLOUD_DOCS, PackageFile, ROOT, SharedBy, TRASH};
use crate::{Account, Control, Fault, Rule, Simulator};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// The response of `protocol/examples/drive/NAME.json`; none, with a message, where the examples are absent.
fn example(name: &str) -> Option<Value> {
    let shared = std::env::var_os("LARDER_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let path = shared.join("protocol/examples/drive").join(format!("{name}.json"));
    let Ok(bytes) = std::fs::read(&path) else {
        eprintln!("skipped: {} is absent", path.display());
        return None;
    };
    Some(serde_json::from_slice::<Value>(&bytes).unwrap()["response"].take())
}

/// The kinds of value at every path to a member. Lists are reduced to one element; an object with a `type` counts
/// for itself, apart from those of other types.
fn shape(value: &Value, at: &str, found: &mut BTreeMap<String, BTreeSet<&'static str>>) {
    let kind = match value {
        Value::Object(members) => {
            let at = members
                .get("type")
                .and_then(Value::as_str)
                .map_or(at.to_owned(), |kind| format!("{at}<{kind}>"));
            for (name, member) in members.iter().filter(|(name, _)| *name != "auxiliaryState") {
                shape(member, &format!("{at}/{name}"), found);
            }
            "object"
        }
        Value::Array(elements) => {
            for element in elements {
                shape(element, &format!("{at}[]"), found);
            }
            "array"
        }
        Value::String(_) => "string",
        Value::Number(_) => "number",
        Value::Bool(_) => "bool",
        Value::Null => "null",
    };
    found.entry(at.to_owned()).or_default().insert(kind);
}

fn shape_of(value: &Value) -> BTreeMap<String, BTreeSet<&'static str>> {
    let mut found = BTreeMap::new();
    shape(value, "", &mut found);
    found
}

/// Compares one answer with its example, except members below `free`: those that depend on the items at hand.
fn compare(name: &str, answer: &Received, free: &[&str]) {
    let Some(example) = example(name) else { return };
    assert_eq!(json!(answer.status), example["status"], "{name}");
    let content_type = &example["headers"]["Content-Type"];
    assert!(content_type.is_null() || json!(answer.header("Content-Type")) == *content_type, "{name}");
    let kept = |(path, _): &(String, BTreeSet<&str>)| !free.iter().any(|free| path.contains(free));
    let expected: Vec<_> = shape_of(&example["json"]).into_iter().filter(kept).collect();
    let found: Vec<_> = shape_of(&answer.json()).into_iter().filter(kept).collect();
    assert_eq!(found, expected, "{name}");
}

struct Here {
    _simulator: Simulator,
    control: Control,
    browser: Browser,
}

impl Here {
    async fn new() -> Here {
        let (simulator, control, mut browser) = start(Account::default()).await;
        browser.sign_in(&control).await;
        Here { _simulator: simulator, control, browser }
    }

    async fn list(&mut self, body: Value) -> Received {
        self.browser.drive("POST", "drivews", "retrieveItemDetailsInFolders", &body.to_string()).await
    }

    async fn by_id(&mut self, drivewsid: &str) -> Received {
        let docwsid = drivewsid.rsplit("::").next().unwrap();
        let call = format!("ws/{CLOUD_DOCS}/download/by_id?document_id={docwsid}");
        self.browser.drive("GET", "docws", &call, "").await
    }
}

fn folder(id: &str) -> Value {
    json!({ "drivewsid": id, "partialData": false })
}

#[tokio::test]
async fn listings_have_the_members_of_the_examples() {
    let mut here = Here::new().await;
    let (trip, notes, file) = here.control.drive(|drive| {
        drive.add_library("com.apple.Keynote", "Keynote").unwrap();
        let trip = drive.add_folder(ROOT, "Trip 2024").unwrap();
        let file = drive.add_file(&trip, "Packing list.txt", "socks").unwrap();
        let notes = drive.add_folder(&trip, "Notes").unwrap();
        drive.add_file(&notes, "Café résumé.pdf", "x").unwrap();
        let shared = drive.add_folder(ROOT, "Family budget").unwrap();
        drive.share(&shared, SharedBy::Other).unwrap();
        let old = drive.add_file(ROOT, "old draft.pages", "x").unwrap();
        drive.trash(&old).unwrap();
        (trip, notes, file)
    });
    // What an app can open is of no use to anybody.
    let apps = ["/supportedExtensions", "/supportedTypes"];
    compare("01-list-root", &here.list(json!([folder(ROOT)])).await, &apps);
    let many = json!([folder(&trip), folder(&notes), folder("FOLDER::com.apple.CloudDocs::documents")]);
    compare("02-list-many-folders", &here.list(many).await, &["hiddenExtension"]);
    let partial = json!([{ "drivewsid": trip, "partialData": true, "includeHierarchy": true }]);
    compare("03-list-partial-hierarchy", &here.list(partial).await, &[]);
    let details = json!([{ "items": [folder(&file)] }]).to_string();
    let details = here.browser.drive("POST", "drivews", "retrieveItemDetails", &details).await;
    compare("04-item-details", &details, &["hiddenExtension"]);
    compare("05-list-trash", &here.list(json!([folder(TRASH)])).await, &[]);
    let libraries = here.browser.drive("GET", "drivews", "retrieveAppLibraries", "").await;
    compare("07-app-libraries", &libraries, &apps);
}

#[tokio::test]
async fn app_libraries_and_shares_have_the_members_of_the_examples() {
    let mut here = Here::new().await;
    let (keynote, shared) = here.control.drive(|drive| {
        let keynote = drive.add_library("com.apple.Keynote", "Keynote").unwrap();
        drive.add_file(&keynote, "Quarterly.key", vec![PackageFile::new("a", "a")]).unwrap();
        let shared = drive.add_folder(ROOT, "Family budget").unwrap();
        drive.add_folder(&shared, "2024").unwrap();
        (keynote, drive.share(&shared, SharedBy::Other).unwrap())
    });
    let apps = ["/supportedExtensions", "/supportedTypes"];
    compare("06-list-app-library", &here.list(json!([folder(&keynote)])).await, &apps);
    let share_id = here.list(json!([folder(&shared)])).await.json()[0]["shareID"].clone();
    let top = json!([{ "drivewsid": shared, "partialData": false, "shareID": share_id }]);
    compare("08-list-shared-root", &here.list(top).await, &[]);
    let inner = here.control.drive(|drive| drive.find(&["Family budget", "2024"])).unwrap();
    assert!(inner.starts_with("FOLDER_IN_SHARED_FOLDER::"));
    compare("25-error-400-shared-subfolder", &here.list(json!([folder(&inner)])).await, &[]);
}

#[tokio::test]
async fn downloads_have_the_members_of_the_examples() {
    let mut here = Here::new().await;
    let (file, package, empty) = here.control.drive(|drive| {
        let package = vec![PackageFile::new("a", "a")];
        (
            drive.add_file(ROOT, "Packing list.txt", "socks").unwrap(),
            drive.add_file(ROOT, "Slides.key", package).unwrap(),
            drive.add_file(ROOT, "placeholder.txt", "").unwrap(),
        )
    });
    let answer = here.by_id(&file).await;
    compare("10-download-by-id-file", &answer, &[]);
    parameters("10-download-by-id-file", "data_token", &answer, &[]);
    let answer = here.by_id(&package).await;
    compare("11-download-by-id-package", &answer, &[]);
    // By which URLs are told apart here.
    parameters("11-download-by-id-package", "package_token", &answer, &["r"]);
    let ids: Value =
        [&file, &package].iter().map(|id| json!({ "document_id": id.rsplit("::").next() })).collect();
    let call = format!("ws/{CLOUD_DOCS}/download/batch");
    let batch = here.browser.drive("POST", "docws", &call, &ids.to_string()).await;
    compare("12-download-batch", &batch, &[]);
    compare("26-error-400-empty-file", &here.by_id(&empty).await, &[]);
    compare("23-error-404-not-found", &here.by_id("x::y::00000000-0000-4000-8000-000000000000").await, &[]);
}

/// A signed URL has the parameters of the example's, in their order.
fn parameters(name: &str, token: &str, answer: &Received, more: &[&str]) {
    let Some(example) = example(name) else { return };
    let names = |document: &Value| -> Vec<String> {
        let url = document[token]["url"].as_str().unwrap().to_owned();
        let query = url.split_once('?').unwrap().1.to_owned();
        query.split('&').map(|pair| pair.split_once('=').unwrap().0.to_owned()).collect()
    };
    let found: Vec<String> =
        names(&answer.json()).into_iter().filter(|name| !more.contains(&name.as_str())).collect();
    assert_eq!(found, names(&example["json"]), "{name}");
}

#[tokio::test]
async fn refusals_have_the_members_of_the_examples() {
    let mut here = Here::new().await;
    here.control.account(|account| account.advanced_protection = true);
    compare("20-error-423-pcs", &here.list(json!([folder(ROOT)])).await, &[]);
    here.control.account(|account| account.advanced_protection = false);
    here.control.add_fault(Rule::new("drive.", Fault::throttled(Some(30))).times(1));
    let throttled = here.list(json!([folder(ROOT)])).await;
    compare("24-error-503-throttled", &throttled, &[]);
    assert_eq!(throttled.header("Retry-After"), Some("30"));
    here.control.add_fault(Rule::new("drive.", Fault::throttled(None)).times(1));
    assert_eq!(here.list(json!([folder(ROOT)])).await.header("Retry-After"), None);
    here.control.add_fault(Rule::new("drive.", Fault::refused(421, "Authentication required")).times(1));
    compare("21-error-421", &here.list(json!([folder(ROOT)])).await, &[]);
    here.control.expire_sessions(crate::Loss::Cookies);
    compare("21-error-421", &here.list(json!([folder(ROOT)])).await, &[]);
    here.browser.jar.remove("X-APPLE-WEBAUTH-TOKEN");
    compare("22-error-401", &here.list(json!([folder(ROOT)])).await, &[]);
}

#[tokio::test]
async fn every_item_has_a_member_that_no_client_knows() {
    let mut here = Here::new().await;
    here.control.drive(|drive| drive.add_file(ROOT, "a", "a")).unwrap();
    let answer = here.list(json!([folder(ROOT)])).await.json();
    assert!(answer[0]["auxiliaryState"].is_object() && answer[0]["items"][0]["auxiliaryState"].is_object());
}
