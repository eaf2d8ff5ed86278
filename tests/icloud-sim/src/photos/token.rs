//! Sync tokens: places in the history of a zone, or of a database.
//!
//! A zone token is base64 of 33 bytes: `01`, the zone's counter (8 bytes, big-endian), `7fffffffffffffff`, 16 bytes
//! that stay the same for the zone. A database token is another kind: 32 bytes that begin with `1f`.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use super::noise;

const MIDDLE: [u8; 8] = [0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
const DATABASE: [u8; 4] = [0x1f, 0x0a, 0x04, 0x08];

/// The token of a zone (by its constant bytes) at a counter.
pub(super) fn zone(salt: [u8; 16], counter: u64) -> String {
    let mut bytes = [1; 33];
    bytes[1..9].copy_from_slice(&counter.to_be_bytes());
    bytes[9..17].copy_from_slice(&MIDDLE);
    bytes[17..].copy_from_slice(&salt);
    STANDARD.encode(bytes)
}

/// What the text of a zone token turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// A place in the zone that has these constant bytes.
    At { salt: [u8; 16], counter: u64 },
    /// A zone token that was cut or altered.
    Damaged,
    /// Something else.
    Foreign,
}

/// Reads the text of a zone token.
pub(super) fn read_zone(text: &str) -> Read {
    let bare = text.trim_end_matches('=');
    let Ok(bytes) = STANDARD_NO_PAD.decode(bare) else {
        // A token cut in the middle of a base64 group is damaged, not foreign.
        let whole = bare.len() - bare.len() % 4;
        let start = bare.get(..whole).and_then(|start| STANDARD_NO_PAD.decode(start).ok());
        return match start {
            Some(bytes) if bytes.first() == Some(&1) => Read::Damaged,
            _ => Read::Foreign,
        };
    };
    if bytes.first() != Some(&1) {
        return Read::Foreign;
    }
    match (bytes.len(), bytes.get(1..9), bytes.get(9..17), bytes.get(17..33)) {
        (33, Some(counter), Some(middle), Some(salt)) if *middle == MIDDLE => {
            match (counter.try_into(), salt.try_into()) {
                (Ok(counter), Ok(salt)) => Read::At { salt, counter: u64::from_be_bytes(counter) },
                _ => Read::Damaged,
            }
        }
        _ => Read::Damaged,
    }
}

/// The token of a database (by a number of its own) at a point of its clock.
pub(super) fn database(own: u64, clock: u64) -> String {
    let mut bytes = noise::bytes::<32>(noise::pair(own, clock));
    bytes[..4].copy_from_slice(&DATABASE);
    bytes[4..12].copy_from_slice(&(clock ^ noise::mix(own)).to_be_bytes());
    STANDARD_NO_PAD.encode(bytes)
}

/// Reads a database token: the point of the clock, or nothing when it is not one of this database.
pub(super) fn read_database(own: u64, text: &str) -> Option<u64> {
    let bytes = STANDARD_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
    let masked: [u8; 8] = bytes.get(4..12)?.try_into().ok()?;
    let clock = u64::from_be_bytes(masked) ^ noise::mix(own);
    (database(own, clock) == text.trim_end_matches('=')).then_some(clock)
}

/// The `recordChangeTag` of a counter: base 36, lower case.
pub(super) fn change_tag(mut counter: u64) -> String {
    let mut digits = Vec::new();
    loop {
        let digit = u32::try_from(counter % 36).unwrap_or(0);
        digits.push(char::from_digit(digit, 36).unwrap_or('0'));
        counter /= 36;
        if counter == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn recorded_tokens_and_tags_read_as_documented() {
        let text = "AQAAAAAAABDBf/////////9dL3ocngtMOKbR8A3K/gEH";
        let Read::At { salt, counter } = read_zone(text) else { panic!("a zone token") };
        assert_eq!(counter, 0x10c1);
        assert_eq!(zone(salt, counter), text);
        let recorded = "AQAAAAAAAwmVf//////////Kd+LphRdKGbpJMSeRX5Td";
        assert!(matches!(read_zone(recorded), Read::At { counter: 199_061, .. }));
        assert_eq!(change_tag(199_061), "49lh");
        assert_eq!(change_tag(0), "0");
    }

    #[test]
    fn garbage_and_database_tokens_are_foreign_cut_tokens_are_damaged() {
        let token = zone([7; 16], 99);
        assert_eq!(read_zone(&token[..40]), Read::Damaged);
        assert_eq!(read_zone(&token[..21]), Read::Damaged);
        assert_eq!(read_zone("garbage"), Read::Foreign);
        assert_eq!(read_zone("!"), Read::Foreign);
        assert_eq!(read_zone(&database(1, 2)), Read::Foreign);
        assert_eq!(read_database(1, &token), None);
        assert_eq!(read_database(1, &database(2, 2)), None, "each area has its own");
    }

    proptest! {
        #[test]
        fn tokens_survive_the_trip(salt: [u8; 16], counter: u64, own: u64) {
            prop_assert_eq!(read_zone(&zone(salt, counter)), Read::At { salt, counter });
            prop_assert_eq!(read_database(own, &database(own, counter)), Some(counter));
            prop_assert_eq!(u64::from_str_radix(&change_tag(counter), 36), Ok(counter));
        }

        #[test]
        fn any_cut_token_is_refused(counter: u64, len in 0_usize..44) {
            let token = zone([3; 16], counter);
            let whole = matches!(read_zone(&token[..len]), Read::At { .. });
            prop_assert!(!whole);
        }
    }
}
