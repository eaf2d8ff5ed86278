//! The fields of a resource: `…Res`, `…FileType`, `…Fingerprint`, `…Width`, `…Height`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Fields, Scribe};
use crate::photos::body::Checksum;
use crate::photos::item::{Presence, Resource};
use crate::photos::url;
use crate::photos::uti::{Prefix, Uti};

/// A checksum as records write it.
pub(in crate::photos) fn checksum_text(checksum: &Checksum) -> String {
    STANDARD.encode(checksum)
}

/// The bytes of a checksum that a request names.
pub(in crate::photos) fn checksum_bytes(text: &str) -> Option<Checksum> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

impl Scribe<'_> {
    /// Writes the fields of one resource; `modified` is the record's own time of change, milliseconds.
    pub(super) fn resource(&self, fields: &mut Fields<'_>, resource: &Resource, modified: i64) {
        if resource.presence == Presence::Awaited {
            return;
        }
        let prefix = resource.prefix.name();
        fields.put(&format!("{prefix}Res"), "ASSETID", || self.asset_id(resource, modified));
        if resource.presence == Presence::Undescribed {
            return;
        }
        fields.text(&format!("{prefix}FileType"), resource.uti.name());
        fields.text(&format!("{prefix}Fingerprint"), &checksum_text(&resource.checksum));
        if resource.prefix != Prefix::Sidecar {
            fields.int(&format!("{prefix}Width"), resource.width.into());
            fields.int(&format!("{prefix}Height"), resource.height.into());
        }
    }

    fn asset_id(&self, resource: &Resource, modified: i64) -> Value {
        let body = &resource.body;
        let mut value = json!({
            "fileChecksum": checksum_text(&resource.checksum),
            "size": body.len(),
            "wrappingKey": STANDARD.encode(url::wrapping_key(body)),
            "referenceChecksum": STANDARD.encode(url::reference_checksum(body, self.issue.zone)),
        });
        if resource.downloadable() {
            value["downloadURL"] = self.issue.url(body, &resource.checksum, modified).into();
        }
        value
    }

    /// Writes the previews that go with a picture or film. They are made here, when somebody asks: nothing is kept of
    /// them.
    pub(super) fn previews(&self, fields: &mut Fields<'_>, of: &Resource, moves: bool, modified: i64) {
        if of.presence == Presence::Awaited || !self.wanted.previews {
            return;
        }
        let mut kinds = vec![(Prefix::JpegThumb, Uti::Jpeg, 30, 480)];
        if of.width > 1_000 {
            kinds.push((Prefix::JpegMed, Uti::Jpeg, 3, 2_048));
        }
        if moves {
            let uti = if of.uti.is_video() { Uti::Mpeg4 } else { Uti::QuickTime };
            kinds.extend([(Prefix::VidMed, uti, 2, 872), (Prefix::VidSmall, uti, 8, 581)]);
        }
        for (prefix, uti, share, width) in kinds {
            let name = prefix.name();
            let any = ["Res", "FileType", "Fingerprint", "Width", "Height"];
            if any.iter().any(|part| self.wanted.has(&format!("{name}{part}"))) {
                let len = (of.body.len() / share).max(64);
                let preview = Resource::new(prefix, uti, of.body.seed, len, (width, width / 4 * 3));
                self.resource(fields, &preview, modified);
            }
        }
    }
}
