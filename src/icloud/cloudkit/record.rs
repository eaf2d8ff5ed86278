//! The record envelope.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess};

use super::error::Fault;
use super::lenient::{FromMembers, next_object, object, skip};
use super::value::{Object, Value};

/// A record, or what stands in the place of one: a tombstone, or an error.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record {
    /// `recordName`.
    pub name: Option<String>,
    /// `recordType`; tombstones have none.
    pub record_type: Option<String>,
    /// Whether this is a tombstone. `isDeleted`, a field, is something else: Recently Deleted.
    pub deleted: bool,
    /// `created.timestamp`: milliseconds since 1970 UTC.
    pub created: Option<i64>,
    /// `zoneID.zoneName`.
    pub zone: Option<String>,
    /// The fields, those that `desiredKeys` let through.
    pub fields: Fields,
    /// The error that came in the record's place.
    pub fault: Option<Fault>,
}

/// Most fields of a record; larder asks for about a hundred. More are passed over.
const MOST_FIELDS: usize = 1_000;

/// The fields of a record.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fields(Vec<(String, Field)>);

/// A field. It keeps its type because a file name may be plain text or base64.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Field {
    /// Its value.
    pub value: Value,
    /// Its type.
    pub field_type: FieldType,
}

/// The types of which the value depends on the type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FieldType {
    /// `STRING`: text as it is.
    Text,
    /// Every other type: text values are base64.
    #[default]
    Other,
}

impl Fields {
    /// The field of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Field> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, field)| field)
    }

    /// Its value; [`Value::Nothing`] when absent.
    #[must_use]
    pub fn value(&self, name: &str) -> &Value {
        self.get(name).map_or(&Value::Nothing, |field| &field.value)
    }

    /// Its text, when there is any.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.value(name).text().filter(|text| !text.is_empty())
    }

    /// Its whole number.
    #[must_use]
    pub fn integer(&self, name: &str) -> Option<i64> {
        self.value(name).integer()
    }

    /// Whether the flag is on, see [`Value::is_on`].
    #[must_use]
    pub fn is_on(&self, name: &str) -> bool {
        self.value(name).is_on()
    }
}

impl FromMembers for Record {
    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "recordName" => self.name = map.next_value::<Value>()?.into_text(),
            "recordType" => self.record_type = map.next_value::<Value>()?.into_text(),
            "deleted" => self.deleted = map.next_value::<Value>()?.is_on(),
            "created" => {
                self.created = next_object::<Object, A>(map)?.and_then(|stamp| stamp.timestamp.integer());
            }
            "zoneID" => {
                self.zone = next_object::<Object, A>(map)?.and_then(|zone| zone.zone_name.into_text());
            }
            "fields" => self.fields = next_object::<Fields, A>(map)?.unwrap_or_default(),
            _ => return Fault::member(&mut self.fault, name, map),
        }
        Ok(())
    }
}

impl FromMembers for Fields {
    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        if let Some(field) = next_object::<Field, A>(map)?
            && self.0.len() < MOST_FIELDS
        {
            self.0.push((name.to_owned(), field));
        }
        Ok(())
    }
}

impl FromMembers for Field {
    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "value" => self.value = map.next_value()?,
            "type" if map.next_value::<Value>()?.text() == Some("STRING") => {
                self.field_type = FieldType::Text;
            }
            "type" => {}
            _ => return skip(map),
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(object(from)?.unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(object(from)?.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::icloud::cloudkit::value::tests::any_json;

    #[test]
    fn a_record_of_odd_members_is_read_as_far_as_it_goes() {
        let json = r#"{"recordName":7,"recordType":"CPLAsset","deleted":null,"created":"x","fields":
            {"a":null,"b":{"value":null,"type":"INT64"},"c":{"value":5},"d":[],"e":{"value":"t","type":"STRING"}}}"#;
        let record: Record = serde_json::from_str(json).unwrap();
        assert_eq!((record.name, record.created, record.deleted), (None, None, false));
        assert_eq!(record.record_type.as_deref(), Some("CPLAsset"));
        assert_eq!(record.fields.integer("c"), Some(5));
        assert_eq!(record.fields.get("e").unwrap().field_type, FieldType::Text);
        assert!(record.fields.get("a").is_none() && record.fields.get("d").is_none());
        assert_eq!(*record.fields.value("b"), Value::Nothing);
    }

    proptest! {
        #[test]
        fn any_json_is_a_record(json in any_json()) {
            let read: Result<Record, _> = serde_json::from_str(&json.to_string());
            prop_assert!(read.is_ok());
        }
    }
}
