//! Answers of Drive that lack something, although their status is 200 (drive.md 4.1 and 19).

use crate::answer::Answer;
use crate::delivery::Payload;
use crate::fault::Fault;
use bytes::Bytes;
use serde_json::{Value, json};

/// Takes out of a list what the trouble says; other answers and troubles stay as they are.
pub(crate) fn tear(answer: &mut Answer, fault: &Fault) {
    let gaps =
        matches!(fault, Fault::ItemsCut { .. } | Fault::EntryLeftOut { .. } | Fault::EntryInvalid { .. });
    let (Payload::Bytes(bytes), true, 200) = (&answer.payload, gaps, answer.status) else { return };
    let Ok(Value::Array(mut entries)) = serde_json::from_slice(bytes) else { return };
    match fault {
        Fault::ItemsCut { keep, silent } => entries.iter_mut().for_each(|entry| cut(entry, *keep, *silent)),
        Fault::EntryLeftOut { at } if !entries.is_empty() => {
            entries.remove(at % entries.len());
        }
        Fault::EntryInvalid { at } if !entries.is_empty() => {
            let place = at % entries.len();
            let id = entries[place]["drivewsid"].take();
            entries[place] = json!({ "drivewsid": id, "status": "ID_INVALID" });
        }
        _ => {}
    }
    answer.payload = Payload::Bytes(Bytes::from(Value::Array(entries).to_string()));
}

fn cut(entry: &mut Value, keep: usize, silent: bool) {
    let Some(items) = entry["items"].as_array_mut() else { return };
    items.truncate(keep);
    let left = items.len();
    if silent {
        entry["numberOfItems"] = left.into();
    }
}
