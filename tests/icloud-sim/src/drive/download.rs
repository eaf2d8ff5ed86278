//! What docws answers: a signed URL for each document (drive.md 10).

use super::content::Content;
use super::node::{At, Kind, SharedBy};
use super::quirks::Signatures;
use super::refusal::Refusal;
use super::{Drive, Host};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

impl Drive {
    /// `download/by_id`.
    pub(super) fn by_id(&mut self, zone: &str, id: &str, host: &Host) -> Result<Value, Refusal> {
        self.tally.documents += 1;
        let answer = self.document(zone, id).map(|at| self.tokens(at, host));
        self.after_document();
        answer
    }

    /// `download/batch`: documents of one zone.
    pub(super) fn batch(&mut self, zone: &str, body: &Value, host: &Host) -> Result<Value, Refusal> {
        let bad = |why: &str| Refusal::docws(400, "Bad Request", why);
        let asked = body.as_array().ok_or_else(|| bad("The body is not an array"))?;
        if asked.len() > self.quirks.max_batch {
            return Err(bad(&format!("{} documents in one request", asked.len())));
        }
        let mut answers = Vec::new();
        for entry in asked {
            let id = entry["document_id"].as_str().ok_or_else(|| bad("An entry without document_id"))?;
            match self.by_id(zone, id, host) {
                Ok(answer) => answers.push(answer),
                Err(_) if self.quirks.batch_drops_failures => {}
                Err(refusal) => {
                    let mut answer = refusal.body;
                    answer["document_id"] = id.into();
                    answers.push(answer);
                }
            }
        }
        if self.quirks.batch_reversed {
            answers.reverse();
        }
        Ok(answers.into())
    }

    /// A file that there is a URL for, in this zone and no other.
    fn document(&self, zone: &str, id: &str) -> Result<At, Refusal> {
        let at = self.find_document(zone, id).ok_or_else(|| Refusal::no_document("No such document"))?;
        let node = &self.nodes[at];
        let share = self.share_of(at).and_then(|top| self.nodes[top].share.as_ref());
        if node.kind.is_folder() || matches!(node.kind, Kind::Other { .. }) {
            return Err(Refusal::no_document("Not a file"));
        }
        if self.is_trashed(at) {
            return Err(Refusal::no_document("In the trash"));
        }
        if share.is_some_and(|share| share.by == SharedBy::Other) {
            return Err(Refusal::no_document("Shared by somebody else"));
        }
        if self.quirks.failing.contains(&self.drivewsid(at)) {
            return Err(Refusal::docws(500, "Internal Server Error", "A file that Apple fails on"));
        }
        if matches!(&node.content, Content::Plain(bytes) if bytes.is_empty()) {
            return Err(Refusal::docws(400, "Bad Request", "An empty file"));
        }
        Ok(at)
    }

    fn tokens(&mut self, at: At, host: &Host) -> Value {
        let owner = self.owner(at, host);
        let node = &self.nodes[at];
        let (content, name) = (node.content.clone(), node.full_name());
        let zone = self.zones[node.zone].name.clone();
        let mut answer = json!({
            "document_id": node.docwsid,
            "item_id": super::item::item_id(owner, &node.docwsid),
            "owner_dsid": owner,
            "double_etag": node.etag(),
        });
        let modified_ms = node.modified_ms;
        if self.quirks.no_tokens || content == Content::Pending {
            return answer;
        }
        let package = matches!(content, Content::Package(_));
        // The marker byte stands at the end here, unlike photos' (drive.md 14).
        let mut signature =
            content.signature(self.quirks.signatures == Signatures::Salted, self.seed).to_vec();
        signature.push(1);
        let spelled = URL_SAFE_NO_PAD.encode(&signature);
        let reference: [u8; 20] = crate::noise::bytes(crate::noise::of_text(&spelled));
        let token = json!({
            "token": STANDARD.encode(&reference[..14]),
            "signature": if package { STANDARD.encode(&signature) } else { spelled.clone() },
            "wrapping_key": STANDARD.encode(content.wrapping_key()),
            "reference_signature": STANDARD_NO_PAD.encode([&[1][..], &reference].concat()),
            "url": if package {
                self.package_url(&name, content, modified_ms, host)
            } else {
                self.content_url(&spelled, &name, &zone, content, modified_ms, host)
            },
        });
        answer[if package { "package_token" } else { "data_token" }] = token;
        answer
    }
}
