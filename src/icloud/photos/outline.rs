//! Records in outline: everything that tells whether a record is still the one known, and nothing for which the
//! server would have to make download addresses.

use super::decode::{Decoded, decode};
use super::keys::FINGERPRINT;
use crate::icloud::cloudkit::{Fields, Record};
use crate::model::{Checksum, Kind};

/// A record without its resources.
#[derive(Debug)]
pub struct Outline {
    /// The record; a master or asset has no resources here.
    pub record: Decoded,
    /// Checksums of the files that the record describes. One that is missing here may be there all the same: some records
    /// have files without a fingerprint.
    pub fingerprints: Vec<(Kind, Checksum)>,
}

/// Understands a record that was asked for in outline.
pub(super) fn outline(record: Record) -> Outline {
    let fingerprints = fingerprints(&record.fields);
    Outline { record: decode(record), fingerprints }
}

fn fingerprints(fields: &Fields) -> Vec<(Kind, Checksum)> {
    let told = |kind: Kind| fields.text(&format!("{}{FINGERPRINT}", kind.field_prefix()?));
    Kind::ALL.into_iter().filter_map(|kind| Some((kind, Checksum::parse(told(kind)?)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_stand_for_the_files_that_were_not_asked_for() {
        let json = r#"{"recordName":"M","recordType":"CPLMaster","fields":{
            "resOriginalFingerprint":{"value":"AUiMCTZkS9Jhdoh3BH0Od/eQj8YW","type":"STRING"},
            "resOriginalVidComplFingerprint":{"value":null,"type":"STRING"},
            "filenameEnc":{"value":"SU1HXzEuSlBH","type":"ENCRYPTED_BYTES"}}}"#;
        let outline = outline(serde_json::from_str(json).unwrap());
        let checksum = Checksum::parse("AUiMCTZkS9Jhdoh3BH0Od/eQj8YW");
        assert_eq!(outline.fingerprints, [(Kind::Original, checksum)]);
        let Decoded::Master { master, urls, broken } = outline.record else { panic!("no master") };
        assert_eq!((master.filename.as_deref(), urls.len(), broken.len()), (Some("IMG_1.JPG"), 0, 0));
        assert!(master.resources.is_empty());
    }
}
