//! An item as listings show it (drive.md 5 to 7).

use super::node::{At, Kind, ListedSize, Node, SharedBy};
use super::{Drive, Host, ROOT_AT};
use crate::noise;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

/// Days that something stays in the trash, in milliseconds.
const TRASH_MS: i64 = 30 * 86_400_000;

impl Drive {
    /// The whole item, without what a listing adds.
    pub(super) fn item(&self, at: At, host: &Host) -> Map<String, Value> {
        let node = &self.nodes[at];
        let mut item = Map::new();
        let mut put = |key: &str, value: Value| {
            item.insert(key.to_owned(), value);
        };
        put("drivewsid", self.drivewsid(at).into());
        put("docwsid", node.docwsid.clone().into());
        put("zone", self.zones[node.zone].name.clone().into());
        put("name", node.name.clone().into());
        put("etag", node.etag().into());
        put("type", node.kind.name().into());
        // Members appear over time; no client may mind.
        put("auxiliaryState", json!({ "version": 1, "flags": null }));
        if let Some(parent) = self.parent_id(at) {
            put("parentId", parent.into());
        }
        if at != ROOT_AT {
            put("dateCreated", self.date(at, 1, node.created_ms).into());
            if node.kind != Kind::AppLibrary {
                put("item_id", item_id(self.owner(at, host), &node.docwsid).into());
            }
        }
        if let Some(extension) = &node.extension {
            put("extension", extension.clone().into());
        }
        if let Some(share) = self.share_id(at) {
            put("shareID", share);
        }
        match &node.kind {
            Kind::AppLibrary => {
                put("maxDepth", "ANY".into());
                put("icons", self.icons(node, host));
                put("supportedExtensions", json!([]));
                put("supportedTypes", json!([]));
            }
            kind if kind.is_folder() => {
                let shares = node.children.iter().filter(|child| self.nodes[**child].share.is_some());
                put("assetQuota", node.quota.into());
                put("fileCount", node.files.into());
                put("shareCount", shares.count().into());
                put("shareAliasCount", 0.into());
                put("directChildrenCount", node.children.len().into());
            }
            _ => {
                put("dateModified", self.date(at, 2, node.modified_ms).into());
                put("dateChanged", self.date(at, 3, node.changed_ms).into());
                put("lastOpenTime", self.date(at, 3, node.opened_ms).into());
                match node.listed_size {
                    ListedSize::Usual => put("size", node.content.listed_len().into()),
                    ListedSize::Absent => {}
                    ListedSize::Null => put("size", Value::Null),
                    ListedSize::Wrong(size) => put("size", size.into()),
                }
                if node.hidden_extension {
                    put("hiddenExtension", true.into());
                }
            }
        }
        if let Some(trashed) = node.trashed {
            let mut path = self.path(trashed.from);
            path.push(node.full_name());
            put("dateExpiration", self.date(at, 4, trashed.since_ms + TRASH_MS).into());
            put("restorePath", path.join("/").into());
            put("isChainedToParent", true.into());
        }
        item
    }

    /// The item as `partialData` asks for it.
    pub(super) fn partial_item(&self, at: At) -> Value {
        let node = &self.nodes[at];
        json!({ "drivewsid": self.drivewsid(at), "docwsid": node.docwsid, "etag": node.etag() })
    }

    /// The folders from the root down to and including this one.
    pub(super) fn hierarchy(&self, at: At) -> Value {
        let mut places = self.above(at);
        places.reverse();
        places.push(at);
        let entry = |at: At| {
            let node = &self.nodes[at];
            if at == ROOT_AT {
                return json!({ "drivewsid": self.drivewsid(at) });
            }
            let mut entry =
                json!({ "drivewsid": self.drivewsid(at), "name": node.name, "etag": node.etag() });
            if let Some(extension) = &node.extension {
                entry["extension"] = extension.clone().into();
            }
            entry
        };
        places.into_iter().map(entry).collect()
    }

    /// The share that a node belongs to, as clients have to send it back.
    pub(super) fn share_id(&self, at: At) -> Option<Value> {
        let top = self.share_of(at)?;
        let share = self.nodes[top].share.as_ref()?;
        let owner = match share.by {
            SharedBy::Me => noise::pair(self.seed, noise::of_text("owner")),
            SharedBy::Other => noise::pair(share.salt, 1),
        };
        Some(json!({
            "shareName": self.nodes[top].docwsid,
            "recordName": format!("cloudkit.share-{}", noise::uuid_text(noise::uuid(share.salt))),
            "zoneID": {
                "zoneName": self.zones[self.nodes[top].zone].name,
                "ownerRecordName": format!("_{}", crate::body::hex(&noise::bytes::<16>(owner))),
                "zoneType": "REGULAR_CUSTOM_ZONE",
            },
            "shareChangeTag": super::node::base36(share.salt % 46_656),
        }))
    }

    /// The `dsid` of the one whom a node belongs to.
    pub(super) fn owner(&self, at: At, host: &Host) -> u64 {
        let share = self.share_of(at).and_then(|top| self.nodes[top].share.as_ref());
        match share {
            Some(share) if share.by == SharedBy::Other => 20_000_000_000 + share.salt % 1_000_000_000,
            _ => host.dsid,
        }
    }

    /// A time in one of the two forms that recordings mix.
    fn date(&self, at: At, member: u64, ms: i64) -> String {
        let draw = noise::pair(noise::pair(self.seed, at as u64), member);
        let hours = [0, 0, -8, -7, 2, 9][usize::try_from(draw % 6).unwrap_or(0)];
        let minutes = if draw.is_multiple_of(5) && hours > 0 { 30 } else { 0 };
        let east_s = hours * 3_600 + minutes * 60;
        let time = jiff::Timestamp::from_second(ms.div_euclid(1000) + east_s)
            .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
            .strftime("%Y-%m-%dT%H:%M:%S");
        if hours == 0 { format!("{time}Z") } else { format!("{time}{hours:+03}:{minutes:02}") }
    }

    fn icons(&self, node: &Node, host: &Host) -> Value {
        let zone = &self.zones[node.zone].name;
        if !zone.starts_with("com.apple.") {
            return json!([]);
        }
        let (partition, domain) = (host.partition, host.domain);
        let url = format!("https://p{partition}-drivews.{domain}/getIcons?id={zone}&field=icon120x120_iOS");
        json!([{ "url": url, "type": "IOS", "size": 120 }])
    }
}

/// The other id of an item: a small protobuf of owner and document (drive.md 3).
pub(super) fn item_id(owner: u64, docwsid: &str) -> String {
    let mut bytes = vec![8];
    let mut rest = owner;
    while rest > 127 {
        bytes.push(u8::try_from(rest & 127).unwrap_or(0) | 128);
        rest >>= 7;
    }
    bytes.push(u8::try_from(rest).unwrap_or(0));
    bytes.extend([16, 0, 34, 16]);
    bytes.extend(uuid::Uuid::try_parse(docwsid).unwrap_or_default().into_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_id_is_that_of_the_known_vector() {
        let id = item_id(10_203_040_506, "0D15EA5E-1111-4222-8333-444455556666");
        assert_eq!(id, "CPqVmIEmEAAiEA0V6l4REUIigzNERFVVZmY");
    }
}
