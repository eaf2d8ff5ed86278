//! What drivews answers: folders, single items, app libraries, the trash (drive.md 4, 6 and 7).

use super::node::{At, Kind, SharedBy};
use super::refusal::Refusal;
use super::{Drive, Host, TRASH};
use crate::noise::Dice;
use serde_json::{Value, json};

impl Drive {
    /// `retrieveItemDetailsInFolders`: an array in, an array out, in the same order.
    pub(super) fn list(&mut self, body: &Value, host: &Host) -> Result<Value, Refusal> {
        let bad = |why: &str| Refusal::drivews(400, "Bad Request", why);
        let asked = body.as_array().ok_or_else(|| bad("The body is not an array"))?;
        if asked.len() > self.quirks.max_folders {
            return Err(bad(&format!("{} folders in one request", asked.len())));
        }
        self.tally.listings += 1;
        self.tally.folders += asked.len() as u64;
        let answer = asked.iter().map(|entry| self.list_one(entry, host)).collect();
        self.after_listing();
        answer
    }

    fn list_one(&self, entry: &Value, host: &Host) -> Result<Value, Refusal> {
        let id = entry["drivewsid"]
            .as_str()
            .ok_or_else(|| Refusal::drivews(400, "Bad Request", "An entry without drivewsid"))?;
        let partial = entry["partialData"] == true;
        let children = |children: &[At]| -> Vec<Value> {
            let show = |at: &At| {
                if partial { self.partial_item(*at) } else { Value::Object(self.item(*at, host)) }
            };
            let mut children: Vec<At> =
                children.iter().copied().filter(|at| !self.nodes[*at].unlisted).collect();
            if self.quirks.shuffled {
                Dice::new(self.tally.listings).shuffle(&mut children);
            }
            children.iter().map(show).collect()
        };
        if id == TRASH || id == "FOLDER::com.apple.CloudDocs::TRASH_ROOT" {
            let items = children(&self.bin);
            return Ok(json!({ "numberOfItems": items.len(), "items": items, "drivewsid": TRASH }));
        }
        let Some(at) = self.find_id(id).filter(|at| self.nodes[*at].kind.is_folder()) else {
            return Ok(json!({ "drivewsid": id, "status": "ID_INVALID" }));
        };
        let mut folder = self.item(at, host);
        let items = if self.shows_children(at, &entry["shareID"])? {
            children(&self.nodes[at].children)
        } else {
            Vec::new()
        };
        folder.insert("numberOfItems".to_owned(), items.len().into());
        folder.insert("items".to_owned(), items.into());
        folder.insert("status".to_owned(), "OK".into());
        if entry["includeHierarchy"] == true {
            folder.insert("hierarchy".to_owned(), self.hierarchy(at));
        }
        Ok(Value::Object(folder))
    }

    /// Whether a folder shows what it holds to one who sends this `shareID`.
    fn shows_children(&self, at: At, sent: &Value) -> Result<bool, Refusal> {
        let Some(top) = self.share_of(at) else { return Ok(true) };
        let known = self.share_id(at).is_some_and(|share| share == *sent);
        match self.nodes[top].share.as_ref().map(|share| share.by) {
            Some(SharedBy::Me) => Ok(known || !self.quirks.own_shares_need_id),
            _ if top == at => Ok(known),
            _ if known && self.quirks.others_subfolders_list => Ok(true),
            _ => Err(Refusal::drivews(400, "Bad Request", "Below a share of somebody else")),
        }
    }

    /// `retrieveItemDetails`: items without their children.
    pub(super) fn details(&self, body: &Value, host: &Host) -> Result<Value, Refusal> {
        let bad = |why: &str| Refusal::drivews(400, "Bad Request", why);
        let groups = body.as_array().ok_or_else(|| bad("The body is not an array"))?;
        let mut found = Vec::new();
        for group in groups {
            let entries = group["items"].as_array().ok_or_else(|| bad("An entry without items"))?;
            for entry in entries {
                let id = entry["drivewsid"].as_str().ok_or_else(|| bad("An item without drivewsid"))?;
                found.push(self.detail(id, entry, host));
            }
        }
        Ok(if self.quirks.nested_details { json!([{ "items": found }]) } else { Value::Array(found) })
    }

    fn detail(&self, id: &str, entry: &Value, host: &Host) -> Value {
        let Some(at) = self.find_id(id) else {
            return json!({ "drivewsid": id, "status": "ID_INVALID" });
        };
        let mut item = if entry["partialData"] == true {
            self.partial_item(at)
        } else {
            Value::Object(self.item(at, host))
        };
        item["status"] = "OK".into();
        if entry["includeHierarchy"] == true {
            item["hierarchy"] = self.hierarchy(at);
        }
        item
    }

    /// `retrieveAppLibraries`: those that the root does not show too.
    pub(super) fn app_libraries(&self, host: &Host) -> Value {
        let libraries = self
            .nodes
            .iter()
            .enumerate()
            .filter(|(at, node)| node.kind == Kind::AppLibrary && !node.gone && !self.is_trashed(*at));
        let items: Vec<Value> = libraries.map(|(at, _)| Value::Object(self.item(at, host))).collect();
        json!({ "items": items })
    }
}
