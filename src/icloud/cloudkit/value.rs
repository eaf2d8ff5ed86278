//! A JSON value of a record, reduced to what a reader of Photos needs.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::lenient::{FromMembers, skip};

/// A value. Arrays, nulls and numbers beyond 64 bits are [`Value::Nothing`]: nothing that larder reads is one.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Value {
    /// Null, absent, or of no use.
    #[default]
    Nothing,
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction or an exponent.
    Number(f64),
    /// Text.
    Text(String),
    /// A JSON object.
    Object(Box<Object>),
}

/// The members that objects inside records have: references, resources, zone names, stamps of who and when.
#[derive(Clone, Default, PartialEq)]
pub struct Object {
    /// `recordName` of a reference.
    pub record_name: Value,
    /// `fileChecksum` of a resource: base64.
    pub file_checksum: Value,
    /// `size` of a resource in bytes.
    pub size: Value,
    /// `downloadURL` of a resource: a secret, so it has no place in `Debug`.
    pub download_url: Value,
    /// `timestamp` of `created` and `modified`: milliseconds since 1970 UTC.
    pub timestamp: Value,
    /// `zoneName` of a zone.
    pub zone_name: Value,
    /// `ownerRecordName` of a zone.
    pub owner: Value,
    /// `zoneType` of a zone.
    pub zone_type: Value,
}

impl Value {
    /// The text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text, taken out.
    #[must_use]
    pub fn into_text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number; one written with a fraction of zero (`1.0`) or an exponent counts.
    #[must_use]
    pub fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "whole and below 2^53, so it converts exactly"
            )]
            Self::Number(number) if number.fract() == 0.0 && number.abs() < 9.0e15 => Some(*number as i64),
            _ => None,
        }
    }

    /// Whether a flag is on: integer 1 or `true`. Everything else is off, as recorded flags may be 0, null or
    /// absent.
    #[must_use]
    pub fn is_on(&self) -> bool {
        matches!(self, Self::Flag(true) | Self::Integer(1))
    }

    /// The object.
    #[must_use]
    pub fn object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }
}

impl FromMembers for Object {
    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        let place = match name {
            "recordName" => &mut self.record_name,
            "fileChecksum" => &mut self.file_checksum,
            "size" => &mut self.size,
            "downloadURL" => &mut self.download_url,
            "timestamp" => &mut self.timestamp,
            "zoneName" => &mut self.zone_name,
            "ownerRecordName" => &mut self.owner,
            "zoneType" => &mut self.zone_type,
            _ => return skip(map),
        };
        *place = map.next_value()?;
        Ok(())
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object")
            .field("record_name", &self.record_name)
            .field("file_checksum", &self.file_checksum)
            .field("size", &self.size)
            .field("zone_name", &self.zone_name)
            .finish_non_exhaustive()
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(i64::try_from(number).map_or(Value::Nothing, Value::Integer))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Nothing)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Box::<Object>::default();
        while let Some(name) = map.next_key::<String>()? {
            object.member(&name, &mut map)?;
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
pub(in crate::icloud) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Any JSON at all, with the names that records use more often than others.
    pub(in crate::icloud) fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let name = prop_oneof![
            "[a-zA-Z]{1,6}",
            proptest::sample::select(vec![
                "records",
                "recordName",
                "recordType",
                "fields",
                "value",
                "type",
                "deleted",
                "created",
                "zoneID",
                "serverErrorCode",
                "reason",
                "retryAfter",
                "filenameEnc",
                "masterRef",
                "resOriginalRes",
                "size",
                "fileChecksum",
                "downloadURL",
                "albumNameEnc",
                "itemId",
                "containerId",
                "isDeleted",
                "assetDate",
            ])
            .prop_map(str::to_owned),
        ];
        let text = prop_oneof![
            any::<String>(),
            proptest::sample::select(vec![
                "CPLMaster",
                "CPLAsset",
                "CPLAlbum",
                "CPLContainerRelation",
                "STRING",
                "ENCRYPTED_BYTES",
                "a-IN-b",
                "SU1HLkpQRw==",
                "https://x.icloud-content.com/a?e=1",
                "THROTTLED",
                "%41%",
            ])
            .prop_map(str::to_owned),
        ];
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(serde_json::Value::from),
            any::<i64>().prop_map(serde_json::Value::from),
            any::<u64>().prop_map(serde_json::Value::from),
            any::<f64>().prop_map(serde_json::Value::from),
            text.prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(5, 64, 8, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
                proptest::collection::vec((name.clone(), inner), 0..8)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    fn value(json: &str) -> Value {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn only_one_and_true_are_on() {
        for on in ["1", "true"] {
            assert!(value(on).is_on(), "{on}");
        }
        for off in ["0", "2", "null", "false", "\"1\"", "[1]", "{}", "1.5", "-1"] {
            assert!(!value(off).is_on(), "{off}");
        }
    }

    #[test]
    fn numbers_beyond_64_bits_are_no_integers() {
        assert_eq!(value("86532000000000000").integer(), Some(86_532_000_000_000_000));
        assert_eq!(value("-62009366400000").integer(), Some(-62_009_366_400_000));
        assert_eq!(value("18446744073709551615").integer(), None);
        assert_eq!(value("1e300").integer(), None);
        assert_eq!(value("1.0").integer(), Some(1));
    }

    #[test]
    fn a_download_url_is_not_in_debug_output() {
        let resource = value(r#"{"downloadURL":"https://cvws.icloud-content.com/B/x?s=canary","size":1}"#);
        assert!(!format!("{resource:?}").contains("canary"));
    }
}
