//! `CPLAlbum`, `CPLContainerRelation`, tombstones and the records that mean nothing to a mirror.

use serde_json::{Map, Value, json};

use super::{Scribe, Written, bin_flags};
use crate::photos::item::{Album, AlbumKind, Bin, Other, Relation, Tombstone};
use crate::photos::noise;
use crate::photos::token;
use crate::photos::zone::Zone;

/// The record that holds a zone's totals.
pub(in crate::photos) const LIBRARY_INFO: &str = "CPLLibraryInfo";
/// How much a participant put into a shared library.
pub(in crate::photos) const QUOTA: &str = "CPLSharedLibraryQuota";

impl Scribe<'_> {
    pub(super) fn album(&self, album: &Album) -> Value {
        let mut fields = self.fields();
        if let Some(title) = &album.title {
            fields.bytes("albumNameEnc", title.as_bytes());
        }
        fields.int("albumType", album.kind as i64);
        if let Some(parent) = &album.parent {
            fields.text("parentId", parent);
        }
        fields.int("position", album.position);
        fields.int("sortType", 0);
        fields.int("sortTypeExt", 0);
        fields.int("sortAscending", 1);
        fields.time("recordModificationDate", album.stamp.modified);
        match album.bin {
            // Albums were recorded with a plain `false` (photos.md 4).
            Bin::Restored => fields.put("isDeleted", "INT64", || false.into()),
            bin => bin_flags(&mut fields, bin),
        }
        let written = Written { created: album.created, stamp: album.stamp, bin: album.bin };
        self.envelope(&album.name, "CPLAlbum", fields.finish(), &written)
    }

    pub(super) fn relation(&self, relation: &Relation) -> Value {
        let name = self.zone.relation_name(relation);
        if self.bare_relations {
            return json!({
                "recordName": name,
                "recordType": "CPLContainerRelation",
                "fields": {},
                "recordChangeTag": token::change_tag(relation.stamp.tag),
                "deleted": false,
                "zoneID": self.zone_id,
            });
        }
        let mut fields = self.fields();
        fields.text("itemId", &noise::uuid_text(relation.asset));
        fields.text("containerId", &self.zone.album(relation.album).name);
        fields.int("position", relation.position);
        fields.flag("isKeyAsset", relation.cover);
        fields.time("recordModificationDate", relation.stamp.modified);
        if relation.removed {
            fields.int("isDeleted", 1);
        }
        self.envelope(
            &name,
            "CPLContainerRelation",
            fields.finish(),
            &Written { created: relation.stamp.modified, stamp: relation.stamp, bin: Bin::Never },
        )
    }

    pub(super) fn other(&self, other: &Other) -> Value {
        let mut fields = self.fields();
        match other.kind {
            LIBRARY_INFO => {
                for (name, count) in totals(self.zone) {
                    fields.int(name, count);
                }
            }
            QUOTA => fields.int("contributedQuotaInSharedLibrary", 19_173_864),
            _ => {}
        }
        let written = Written { created: other.stamp.modified, stamp: other.stamp, bin: Bin::Never };
        self.envelope(&other.name, other.kind, fields.finish(), &written)
    }

    /// Tombstones come in several forms: with and without a (null) type, with and without a zone.
    pub(super) fn tombstone(&self, tombstone: &Tombstone) -> Value {
        let mut record = Map::new();
        record.insert("recordName".to_owned(), tombstone.name.clone().into());
        record.insert("deleted".to_owned(), true.into());
        if !self.bare_tombstones {
            record.insert("recordChangeTag".to_owned(), token::change_tag(tombstone.stamp.tag).into());
            if tombstone.name.contains("-IN-") {
                record.insert("zoneID".to_owned(), self.zone_id.clone());
            } else {
                record.insert("recordType".to_owned(), Value::Null);
            }
        }
        record.into()
    }
}

/// The totals that `CPLLibraryInfo` shows.
fn totals(zone: &Zone) -> [(&'static str, i64); 6] {
    let (mut photos, mut videos, mut hidden_photos, mut hidden_videos) = (0, 0, 0, 0);
    for (_, asset) in zone.living().filter(|(_, asset)| !asset.bin.holds()) {
        let film = zone.master_of(asset).original.uti.is_video();
        match (film, asset.hidden) {
            (false, false) => photos += 1,
            (true, false) => videos += 1,
            (false, true) => hidden_photos += 1,
            (true, true) => hidden_videos += 1,
        }
    }
    let living =
        |album: &&Album| album.stamp.tag != 0 && album.kind == AlbumKind::Album && !album.bin.holds();
    let albums = i64::try_from(zone.albums.iter().filter(living).count()).unwrap_or(i64::MAX);
    [
        ("photosCount", photos),
        ("videosCount", videos),
        ("hiddenPhotosCount", hidden_photos),
        ("hiddenVideosCount", hidden_videos),
        ("albumsCount", albums),
        ("featureVersion", 30),
    ]
}
