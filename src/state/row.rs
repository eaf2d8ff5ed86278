//! Rows: a version byte, then postcard.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StateError;

/// The version that this larder writes.
const VERSION: u8 = 1;

/// The bytes of a row.
pub(super) fn encode<T: Serialize>(table: &'static str, value: &T) -> Result<Vec<u8>, StateError> {
    postcard::to_extend(value, vec![VERSION])
        .map_err(|error| StateError::Row { table, why: error.to_string() })
}

/// The value of a row.
pub(super) fn decode<T: DeserializeOwned>(table: &'static str, bytes: &[u8]) -> Result<T, StateError> {
    match bytes.split_first() {
        Some((&VERSION, rest)) => {
            postcard::from_bytes(rest).map_err(|error| StateError::Row { table, why: error.to_string() })
        }
        Some((version, _)) => Err(StateError::Row { table, why: format!("unknown version {version}") }),
        None => Err(StateError::Row { table, why: "empty".into() }),
    }
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
