//! `CPLMaster` and `CPLAsset`.

use serde_json::{Value, json};

use super::resource::checksum_text;
use super::{Fields, Scribe, Written, bin_flags};
use crate::photos::item::{Asset, Bin, Edit, Extra, FileName, ItemType, Master, Style};
use crate::photos::noise;
use crate::photos::uti::Prefix;
use crate::photos::zone::Role;

/// A recorded `locationEnc` without its numbers: a binary property list of eight keys.
const LOCATION: &[u8; 167] =
    b"bplist00\xd8\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0a\x0b\x0c\x0a\x0d\x0aSaltVcourseWhorzAccSlatS\
lonUspeedYtimestampWvertAcc#@\x80\xe1\x99\x99\x99\x99\x9a#\x00\x00\x00\x00\x00\x00\x00\x00#@Gy*0U2a#\
@\x1d\xc6\xa7\xef\x9d\xb2-3\x00\x00\x00\x00\x00\x00\x00\x00\x08\x19\x1d$,04:DLU^gp\x00\x00\x00\x00\
\x00\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00\x0e\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\
\x00\x00y";
/// Where latitude and longitude stand in it, as big-endian doubles.
const LATITUDE: usize = 95;
const LONGITUDE: usize = 104;
/// `keywordsEnc` of the keywords "beach" and "family".
const KEYWORDS: &[u8] =
    b"bplist00\xa2\x01\x02UbeachVfamily\x08\x0b\x11\x00\x00\x00\x00\x00\x00\x01\x01\x00\x00\x00\x00\x00\
\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x18";

/// Share of assets with a place, per cent (361 of 495 recorded).
const PLACED: u64 = 73;

impl Scribe<'_> {
    pub(super) fn master(&self, master: &Master) -> Value {
        let mut fields = self.fields();
        let original = &master.original;
        match master.item_type {
            ItemType::True => fields.text("itemType", original.uti.name()),
            ItemType::Wrong(uti) => fields.text("itemType", uti.name()),
            ItemType::Null => fields.put("itemType", "STRING", || Value::Null),
            ItemType::Absent => {}
        }
        match &master.file_name {
            FileName::Absent => {}
            FileName::Null => fields.put("filenameEnc", "ENCRYPTED_BYTES", || Value::Null),
            FileName::Bytes(bytes) => fields.bytes("filenameEnc", bytes),
            FileName::Odd(odd) => fields.put("filenameEnc", odd.kind, || odd.value.clone().into()),
        }
        fields.int("dataClassType", if original.uti.is_video() { 2 } else { 1 });
        fields.int("originalOrientation", orientation(master));
        fields.time("originalCreationDate", master.created);
        fields.time("importDate", master.created);
        for resource in master.resources() {
            self.resource(&mut fields, resource, master.stamp.modified);
        }
        let moves = original.uti.is_video() || master.has(Prefix::OriginalVidCompl);
        self.previews(&mut fields, original, moves, master.stamp.modified);
        bin_flags(&mut fields, master.bin);
        if self.zone.role == Role::SharedLibrary {
            self.contributors(&mut fields);
        }
        let written = Written { created: master.created, stamp: master.stamp, bin: master.bin };
        self.envelope(&checksum_text(&master.name), "CPLMaster", fields.finish(), &written)
    }

    pub(super) fn asset(&self, asset: &Asset) -> Value {
        let mut fields = self.fields();
        let master = self.zone.master_of(asset);
        fields.put("masterRef", "REFERENCE", || {
            json!({
                "recordName": checksum_text(&master.name),
                "action": "DELETE_SELF",
                "zoneID": self.zone_id,
            })
        });
        if let Some(date) = asset.date {
            fields.time("assetDate", date);
        }
        if let Some(offset) = asset.offset {
            fields.int("timeZoneOffset", offset.into());
        }
        fields.time("addedDate", asset.added);
        fields.flag("isFavorite", asset.favorite);
        fields.flag("isHidden", asset.hidden);
        fields.int("orientation", orientation(master));
        look(&mut fields, asset, master);
        place(&mut fields, asset);
        bin_flags(&mut fields, asset.bin);
        match asset.bin {
            Bin::Never => {}
            Bin::Since(_) => fields.int("isExpunged", 0),
            Bin::Restored => fields.put("isExpunged", "INT64", || Value::Null),
        }
        if let Some(extra) = &asset.extra {
            self.extra(&mut fields, extra, master, asset);
        }
        if self.zone.role == Role::SharedLibrary {
            self.contributors(&mut fields);
        }
        self.trash(&mut fields, asset);
        let written = Written { created: asset.created(), stamp: asset.stamp, bin: asset.bin };
        self.envelope(&asset.record_name(), "CPLAsset", fields.finish(), &written)
    }

    fn extra(&self, fields: &mut Fields<'_>, extra: &Extra, master: &Master, asset: &Asset) {
        if let Some(title) = &extra.title {
            fields.bytes("captionEnc", title.as_bytes());
        }
        if let Some(description) = &extra.description {
            fields.bytes("extendedDescEnc", description.as_bytes());
        }
        if extra.keywords {
            fields.bytes("keywordsEnc", KEYWORDS);
        }
        if let Some(burst) = extra.burst {
            fields.text("burstId", &noise::uuid_text(burst));
            fields.int("burstFlagsExt", 0);
        }
        if let Some(shared) = extra.shared_date {
            fields.time("lastSharedDate", shared);
            fields.int("shareCount", 1);
        }
        if let Some(edit) = &extra.edit {
            self.edit(fields, edit, master, asset.stamp.modified);
        } else if extra.reverted {
            for (name, kind) in
                [("adjustmentType", "STRING"), ("resJPEGFullRes", "ASSETID"), ("resVidFullRes", "ASSETID")]
            {
                fields.put(name, kind, || Value::Null);
            }
        }
    }

    fn edit(&self, fields: &mut Fields<'_>, edit: &Edit, master: &Master, modified: i64) {
        fields.text("adjustmentType", edit.kind);
        fields.text("adjustmentCreatorCode", "com.apple.mobileslideshow");
        fields.text("adjustmentCompoundVersion", "1.9.1");
        fields.int("adjustmentSourceType", 0);
        for render in &edit.renders {
            self.resource(fields, render, modified);
        }
        if let Some(still) = edit.renders.iter().find(|render| render.prefix == Prefix::JpegFull) {
            let moves = master.original.uti.is_video();
            self.previews(fields, still, moves, modified);
        }
    }

    fn contributors(&self, fields: &mut Fields<'_>) {
        fields.put(
            "contributors",
            "REFERENCE_LIST",
            || json!([{ "recordName": self.zone.owner, "action": "NONE", "zoneID": self.zone_id }]),
        );
    }

    /// Why it is in Recently Deleted; assets of a shared library always say something.
    fn trash(&self, fields: &mut Fields<'_>, asset: &Asset) {
        let for_all = asset.extra.as_ref().and_then(|extra| extra.trashed_for_all);
        if self.zone.role == Role::SharedLibrary {
            fields.flag("trashReason", for_all == Some(true));
            if for_all.is_some() {
                let by = || json!({ "recordName": self.zone.owner, "action": "NONE" });
                fields.put("deletedBy", "REFERENCE", by);
            }
        } else if asset.bin.holds() {
            fields.flag("trashReason", for_all.unwrap_or(true));
        }
    }
}

/// EXIF orientation: 6 on three of ten, 3 on a few, otherwise 1.
fn orientation(master: &Master) -> i64 {
    match noise::mix(master.original.body.seed) % 20 {
        0..6 => 6,
        6..9 => 3,
        _ => 1,
    }
}

/// What tells the sort of photo.
fn look(fields: &mut Fields<'_>, asset: &Asset, master: &Master) {
    let (subtype, subtype_v2) = match asset.style {
        Style::Plain | Style::Portrait | Style::LongExposure | Style::Burst => (0, 0),
        Style::Live => (0, 2),
        Style::Screenshot => (0, 3),
        Style::Panorama => (1, 1),
        Style::Slomo => (100, 100),
        Style::Timelapse => (101, 101),
    };
    fields.int("assetSubtype", subtype);
    fields.int("assetSubtypeV2", subtype_v2);
    let render = match asset.style {
        Style::Portrait => 2_050,
        Style::LongExposure => 4,
        _ if asset.edit().is_some() => 19_968,
        _ => 0,
    };
    fields.int("adjustmentRenderType", render);
    let draw = u64::from_be_bytes(*asset.name.last_chunk().unwrap_or(&[0; 8]));
    fields.int("assetHDRType", i64::from(draw.is_multiple_of(100)));
    fields.int("customRenderedValue", if draw.is_multiple_of(3) { 10 } else { 0 });
    fields.int("burstFlags", if asset.style == Style::Burst { 8 } else { 0 });
    let film = master.original.uti.is_video();
    fields.int(
        "duration",
        if film { 1_000 + i64::from(master.original.body.seed.to_be_bytes()[0]) * 200 } else { 0 },
    );
    let live = asset.style == Style::Live;
    let scale = if live { 1_000_000_000 } else { 0 };
    fields.int("vidComplDurValue", if live { 2_768_333_333 } else { 0 });
    fields.int("vidComplDurScale", scale);
    fields.int("vidComplDispValue", if live { 1_200_880_290 } else { 0 });
    fields.int("vidComplDispScale", scale);
    fields.int("vidComplVisibilityState", 0);
}

/// Where the photo was taken.
fn place(fields: &mut Fields<'_>, asset: &Asset) {
    let draw = u64::from_be_bytes(*asset.name.first_chunk().unwrap_or(&[0; 8]));
    if draw % 100 >= PLACED {
        return;
    }
    let degrees = |at: usize, range: f64| (f64::from(asset.name[at]) / 128.0 - 1.0) * range;
    let mut plist = *LOCATION;
    plist[LATITUDE..LATITUDE + 8].copy_from_slice(&degrees(14, 80.0).to_be_bytes());
    plist[LONGITUDE..LONGITUDE + 8].copy_from_slice(&degrees(15, 180.0).to_be_bytes());
    fields.bytes("locationEnc", &plist);
}
