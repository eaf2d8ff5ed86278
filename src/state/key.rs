//! Record names as compact keys.
//!
//! Asset names are upper-case UUIDs and master names base64 of 21 bytes, in every recording; packed they take
//! 17 and 22 bytes in place of 36 and 28. Any other name is kept as it is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::StateError;
use crate::model::ItemId;

/// The name as it is.
const PLAIN: u8 = 0;
/// An upper-case UUID with hyphens.
const UUID: u8 = 1;
/// Base64 (standard alphabet) of 21 bytes.
const CHECKSUM: u8 = 2;

/// The key of a record name.
pub(super) fn pack(record: &str) -> Vec<u8> {
    if record.len() == 36
        && let Ok(uuid) = uuid::Uuid::try_parse(record)
        && uuid_text(uuid) == record
    {
        return tagged(UUID, uuid.as_bytes());
    }
    if record.len() == 28
        && let Ok(bytes) = STANDARD.decode(record)
        && bytes.len() == 21
        && STANDARD.encode(&bytes) == record
    {
        return tagged(CHECKSUM, &bytes);
    }
    tagged(PLAIN, record.as_bytes())
}

/// The record name of a key, or `None` when no key looks like that.
pub(super) fn unpack(key: &[u8]) -> Option<String> {
    let (tag, rest) = key.split_first()?;
    match *tag {
        PLAIN => String::from_utf8(rest.to_vec()).ok(),
        UUID => uuid::Uuid::from_slice(rest).ok().map(uuid_text),
        CHECKSUM => (rest.len() == 21).then(|| STANDARD.encode(rest)),
        _ => None,
    }
}

/// The record name of a key that a table holds.
pub(super) fn name(table: &'static str, key: &[u8]) -> Result<String, StateError> {
    unpack(key).ok_or_else(|| StateError::Row { table, why: "a key is no record name".into() })
}

/// Where a walk goes on behind an item: the zone and the least key above its record's.
pub(super) fn after(item: Option<&ItemId>) -> (u16, Vec<u8>) {
    item.map_or((0, vec![]), |item| {
        let mut key = pack(&item.record);
        key.push(0);
        (item.zone, key)
    })
}

fn uuid_text(uuid: uuid::Uuid) -> String {
    let mut buffer = [0; uuid::fmt::Hyphenated::LENGTH];
    uuid.hyphenated().encode_upper(&mut buffer).to_owned()
}

fn tagged(tag: u8, bytes: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(bytes.len() + 1);
    key.push(tag);
    key.extend_from_slice(bytes);
    key
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_usual_names_are_packed() {
        assert_eq!(pack("4D86C5B2-0F0B-4C0B-9C2C-8C6E3C1D2E3F").len(), 17);
        assert_eq!(pack("AeYfMtlOMb3dM9bETic9fXkMpjMV").len(), 22);
        assert_eq!(pack("4d86c5b2-0f0b-4c0b-9c2c-8c6e3c1d2e3f").len(), 37);
    }

    proptest! {
        #[test]
        fn every_name_comes_back(name in "\\PC{0,40}|[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}|[A-Za-z0-9+/]{28}") {
            prop_assert_eq!(unpack(&pack(&name)), Some(name));
        }

        #[test]
        fn different_names_have_different_keys(a in "[0-9A-Fa-f-]{36}", b in "[0-9A-Fa-f-]{36}") {
            prop_assert_eq!(a == b, pack(&a) == pack(&b));
        }
    }
}
