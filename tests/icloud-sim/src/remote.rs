//! [`Control`] over HTTP, for those who run the simulator as a program: JSON under `/control/`.

use crate::config::Account;
use crate::control::Control;
use crate::drive::{Change, DriveQuirks, Moment};
use crate::fault::{Loss, Rule};
use crate::photos::Mutation;
use crate::reply::Reply;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;

/// Every call, as `GET /control/` shows them.
const CALLS: [&str; 23] = [
    "GET counters",
    "DELETE counters",
    "GET log",
    "GET violations",
    "DELETE violations",
    "POST faults RULE",
    "DELETE faults",
    "PUT latency {\"ms\":N}",
    "POST clock {\"advance_ms\":N}",
    "GET codes",
    "POST sessions \"cookies\"|\"tokens\"|\"trust\"",
    "POST consent \"grant\"|\"deny\"|\"withdraw\"",
    "GET account",
    "PATCH account {KEY:VALUE}",
    "GET photos/inventory",
    "POST photos/mutate MUTATION",
    "GET drive/inventory",
    "POST drive/change CHANGE",
    "POST drive/later {\"moment\":{\"after_listing\":N}|{\"after_document\":N},\"change\":CHANGE}",
    "POST drive/happen {\"seed\":N}",
    "GET drive/tally",
    "GET drive/quirks",
    "PATCH drive/quirks {KEY:VALUE}",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Latency {
    ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Clock {
    advance_ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Later {
    moment: Moment,
    change: Change,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lot {
    seed: u64,
}

/// Answers `/control/CALL`.
pub(crate) fn answer(control: &Control, method: &str, call: &str, body: &Bytes) -> Reply {
    match carry_out(control, method, call.trim_end_matches('/'), body) {
        Ok(Some(value)) => Reply::json(200, &value),
        Ok(None) => Reply::json(404, &json!({ "error": "There is no such call", "calls": CALLS })),
        Err(error) => Reply::json(400, &json!({ "error": error })),
    }
}

fn carry_out(control: &Control, method: &str, call: &str, body: &Bytes) -> Result<Option<Value>, String> {
    let done = Ok(Some(json!({ "done": true })));
    match (method, call) {
        ("GET", "") => shown(&json!({ "calls": CALLS })),
        ("GET", "counters") => shown(&control.counters()),
        ("DELETE", "counters") => {
            control.reset_counters();
            done
        }
        ("GET", "log") => shown(&control.log()),
        ("GET", "violations") => shown(&control.violations()),
        ("DELETE", "violations") => shown(&control.take_violations()),
        ("POST", "faults") => {
            control.add_fault(given::<Rule>(body)?);
            done
        }
        ("DELETE", "faults") => {
            control.clear_faults();
            done
        }
        ("PUT", "latency") => {
            control.set_latency(Duration::from_millis(given::<Latency>(body)?.ms));
            done
        }
        ("POST", "clock") => {
            control.advance_clock(Duration::from_millis(given::<Clock>(body)?.advance_ms));
            shown(&json!({ "now_ms": control.now_ms() }))
        }
        ("GET", "codes") => shown(&control.codes()),
        ("POST", "sessions") => {
            control.expire_sessions(given::<Loss>(body)?);
            done
        }
        ("POST", "consent") => {
            let done = match given::<String>(body)?.as_str() {
                "grant" => control.grant_consent(),
                "deny" => control.deny_consent(),
                "withdraw" => {
                    control.withdraw_consent();
                    true
                }
                other => return Err(format!("{other} is no answer of a device")),
            };
            shown(&json!({ "done": done }))
        }
        ("GET", "account") => shown(&control.account(|account| account.clone())),
        ("PATCH", "account") => {
            let patch: serde_json::Map<String, Value> = given(body)?;
            control.account(|account| patched::<Account>(account, patch))?;
            done
        }
        ("GET", "photos/inventory") => shown(&control.inventory()),
        ("POST", "photos/mutate") => {
            let mutation: Mutation = given(body)?;
            let now_ms = control.now_ms();
            control.photos(|photos| photos.mutate(mutation, now_ms)).map(Some)
        }
        ("GET", "drive/inventory") => shown(&control.drive_inventory()),
        ("POST", "drive/change") => {
            let change: Change = given(body)?;
            let id = control.drive(|drive| drive.apply(change))?;
            shown(&json!({ "drivewsid": id }))
        }
        ("POST", "drive/later") => {
            let Later { moment, change } = given(body)?;
            control.drive(|drive| drive.later(moment, change));
            done
        }
        ("POST", "drive/happen") => {
            let Lot { seed } = given(body)?;
            shown(&control.drive(|drive| drive.happen(seed)))
        }
        ("GET", "drive/tally") => shown(&control.drive(|drive| drive.tally())),
        ("GET", "drive/quirks") => shown(&control.drive(|drive| drive.quirks().clone())),
        ("PATCH", "drive/quirks") => {
            let patch: serde_json::Map<String, Value> = given(body)?;
            control.drive(|drive| patched::<DriveQuirks>(drive.quirks(), patch))?;
            done
        }
        _ => Ok(None),
    }
}

fn patched<T: Serialize + DeserializeOwned>(
    settings: &mut T,
    patch: serde_json::Map<String, Value>,
) -> Result<(), String> {
    let mut document = serde_json::to_value(&*settings).map_err(|error| error.to_string())?;
    for (key, value) in patch {
        document[key] = value;
    }
    *settings = serde_json::from_value(document).map_err(|error| error.to_string())?;
    Ok(())
}

fn given<T: DeserializeOwned>(body: &Bytes) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

fn shown<T: Serialize>(value: &T) -> Result<Option<Value>, String> {
    serde_json::to_value(value).map(Some).map_err(|error| error.to_string())
}
