//! The drive alone, without HTTP.

mod changes;
mod downloads;
mod edits;
mod generator;
mod listings;
mod packages;
mod random;

use super::{Call, Drive, DriveSpec, Host, Refusal};
use crate::config::Account;
use serde_json::{Value, json};
use std::collections::HashMap;

/// 2026-01-01 00:00:00 UTC.
const NOW_MS: i64 = 1_767_225_600_000;

fn drive() -> Drive {
    Drive::new(&DriveSpec { seed: 1, ..DriveSpec::default() })
}

fn call(drive: &mut Drive, call: &Call, query: &[(&str, &str)], body: &Value) -> Result<Value, Refusal> {
    let query: HashMap<String, String> =
        query.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    drive.call(call, &query, body, &Host::new(&Account::default()))
}

/// Lists folders and gives their answers.
fn list(drive: &mut Drive, ids: &[&str]) -> Vec<Value> {
    let body: Value = ids.iter().map(|id| json!({ "drivewsid": id, "partialData": false })).collect();
    call(drive, &Call::List, &[], &body).unwrap().as_array().unwrap().clone()
}

/// The item as the listing of its folder shows it.
fn item(drive: &mut Drive, folder: &str, id: &str) -> Value {
    let listed = list(drive, &[folder]).remove(0);
    listed["items"].as_array().unwrap().iter().find(|item| item["drivewsid"] == id).unwrap().clone()
}

fn by_id(drive: &mut Drive, zone: &str, drivewsid: &str) -> Result<Value, u16> {
    let docwsid = drivewsid.rsplit("::").next().unwrap();
    call(drive, &Call::ById(zone.to_owned()), &[("document_id", docwsid)], &Value::Null)
        .map_err(|refusal| refusal.status)
}
