//! Rows: a version byte, then postcard. Rows of earlier versions are read for ever.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StateError;

/// The version of rows that have had one form so far.
const VERSION: u8 = 1;

/// The bytes of a row that has had one form so far.
pub(super) fn encode<T: Serialize>(table: &'static str, value: &T) -> Result<Vec<u8>, StateError> {
    encode_as(table, VERSION, value)
}

/// The bytes of a row of that version.
pub(super) fn encode_as<T: Serialize>(
    table: &'static str,
    version: u8,
    value: &T,
) -> Result<Vec<u8>, StateError> {
    postcard::to_extend(value, vec![version])
        .map_err(|error| StateError::Row { table, why: error.to_string() })
}

/// The version of a row.
pub(super) fn version(bytes: &[u8]) -> Option<u8> {
    bytes.first().copied()
}

/// The value of a row that is known to be of that version.
pub(super) fn decode_as<T: DeserializeOwned>(
    table: &'static str,
    version: u8,
    bytes: &[u8],
) -> Result<T, StateError> {
    match bytes.split_first() {
        Some((found, rest)) if *found == version => {
            postcard::from_bytes(rest).map_err(|error| StateError::Row { table, why: error.to_string() })
        }
        Some((found, _)) => Err(StateError::Row { table, why: format!("unknown version {found}") }),
        None => Err(StateError::Row { table, why: "empty".into() }),
    }
}

/// The value of a row that has had one form so far.
pub(super) fn decode<T: DeserializeOwned>(table: &'static str, bytes: &[u8]) -> Result<T, StateError> {
    decode_as(table, VERSION, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_and_damage_is_an_error() {
        let row = encode("t", &("name", 7_u64)).unwrap();
        assert_eq!(decode::<(String, u64)>("t", &row).unwrap(), ("name".to_owned(), 7));
        assert!(decode::<(String, u64)>("t", &row[..2]).is_err());
        assert!(decode::<(String, u64)>("t", &[]).is_err());
        assert!(decode::<(String, u64)>("t", &[9, 0]).is_err());
    }
}
