//! The resources of a record: what can be downloaded, and from where.

use crate::http::SignedUrl;
use crate::icloud::cloudkit::{Fields, Object};
use crate::model::{Checksum, Kind, Resource};

/// Where the resources of a record can be downloaded for the next hour.
pub type Urls = Vec<(Kind, SignedUrl)>;

/// A resource that a record names but does not describe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenResource {
    /// Which.
    pub kind: Kind,
    /// What its description lacks.
    pub why: &'static str,
}

/// What a record says about its resources.
#[derive(Debug, Default)]
pub(super) struct Resources {
    pub(super) described: Vec<Resource>,
    pub(super) urls: Urls,
    pub(super) broken: Vec<BrokenResource>,
}

/// Reads the resources of a master (`on_master`) or of an asset.
pub(super) fn resources(fields: &Fields, on_master: bool) -> Resources {
    let mut all = Resources::default();
    for kind in Kind::ALL.into_iter().filter(|kind| kind.is_on_master() == on_master) {
        let Some(prefix) = kind.field_prefix() else { continue };
        // An absent or null field is no resource: nothing to report.
        let Some(value) = fields.value(&field(prefix, "Res")).object() else { continue };
        match describe(fields, kind, prefix, value) {
            Ok(resource) => all.described.push(resource),
            Err(why) => {
                all.broken.push(BrokenResource { kind, why });
                continue;
            }
        }
        // A missing URL was recorded: the photo is known, it cannot be fetched now.
        if let Some(url) = value.download_url.text().and_then(|url| SignedUrl::parse(url).ok()) {
            all.urls.push((kind, url));
        }
    }
    all
}

fn describe(fields: &Fields, kind: Kind, prefix: &str, value: &Object) -> Result<Resource, &'static str> {
    let checksum = value
        .file_checksum
        .text()
        .filter(|checksum| !checksum.is_empty())
        .or_else(|| fields.text(&field(prefix, "Fingerprint")))
        .ok_or("it has no checksum")?;
    let size = value.size.integer().ok_or("it has no size")?;
    Ok(Resource {
        kind,
        checksum: Checksum::parse(checksum),
        size: u64::try_from(size).map_err(|_| "its size is negative")?,
        width: pixels(fields, &field(prefix, "Width")),
        height: pixels(fields, &field(prefix, "Height")),
        uti: fields.text(&field(prefix, "FileType")).map(str::to_owned),
    })
}

fn field(prefix: &str, suffix: &str) -> String {
    format!("{prefix}{suffix}")
}

fn pixels(fields: &Fields, name: &str) -> Option<u32> {
    fields.integer(name).and_then(|pixels| u32::try_from(pixels).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::icloud::cloudkit::Record;

    fn read(fields: &str, on_master: bool) -> Resources {
        let record: Record = serde_json::from_str(&format!(r#"{{"fields":{{{fields}}}}}"#)).unwrap();
        resources(&record.fields, on_master)
    }

    #[test]
    fn a_resource_without_url_is_known_all_the_same() {
        let all =
            read(r#""resOriginalRes":{"value":{"fileChecksum":"AQ==","size":5},"type":"ASSETID"}"#, true);
        assert_eq!((all.described.len(), all.urls.len(), all.broken.len()), (1, 0, 0));
        assert_eq!(all.described[0].size, 5);
    }

    #[test]
    fn a_fingerprint_stands_in_for_a_missing_checksum() {
        let all = read(
            r#""resOriginalRes":{"value":{"size":5}},"resOriginalFingerprint":{"value":"AQ==","type":"STRING"}"#,
            true,
        );
        assert_eq!(all.described[0].checksum, Checksum::parse("AQ=="));
    }

    #[test]
    fn a_resource_that_is_not_described_is_reported() {
        for (value, why) in [
            (r#"{"size":5}"#, "it has no checksum"),
            (r#"{"fileChecksum":"AQ==","size":"5"}"#, "it has no size"),
            (r#"{"fileChecksum":"AQ==","size":-5}"#, "its size is negative"),
        ] {
            let all = read(&format!(r#""resVidFullRes":{{"value":{value}}}"#), false);
            assert_eq!(all.broken, [BrokenResource { kind: Kind::EditedMotion, why }]);
            assert!(all.described.is_empty() && all.urls.is_empty());
        }
    }

    #[test]
    fn each_record_is_asked_for_its_own_resources_only() {
        let both = r#""resOriginalRes":{"value":{"fileChecksum":"AQ==","size":5}},
                      "resJPEGFullRes":{"value":{"fileChecksum":"Ag==","size":6}},"resVidFullRes":{"value":null}"#;
        assert_eq!(read(both, true).described[0].kind, Kind::Original);
        assert_eq!(read(both, false).described[0].kind, Kind::EditedStill);
        assert_eq!(read(both, false).described.len(), 1);
    }
}
