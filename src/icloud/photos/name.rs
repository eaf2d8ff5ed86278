//! Reading encoded texts: file names and album names.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::icloud::cloudkit::{Field, FieldType};

/// Standard base64 whose padding may be missing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The text of a field: `STRING` as it is, every other type base64 of UTF-8. `None` when there is none, or when
/// it cannot be decoded.
pub(super) fn text(field: Option<&Field>) -> Option<String> {
    let field = field?;
    let value = field.value.text()?;
    let text = match field.field_type {
        FieldType::Text => Some(value.to_owned()),
        FieldType::Other => decode(value),
    };
    text.filter(|text| !text.is_empty())
}

/// A file name. Beyond [`text`]: a `STRING` may be base64 after all (kei's token document), and some names carry
/// percent escapes of UTF-8, which icloud-docker undoes.
pub(super) fn file_name(field: Option<&Field>) -> Option<String> {
    let name = text(field)?;
    let name = match field?.field_type {
        FieldType::Text => plain(&name).unwrap_or(name),
        FieldType::Other => name,
    };
    Some(unescape(&name).unwrap_or(name))
}

/// The extension of a file name when it looks like one: one to five letters and digits.
pub(super) fn extension_of(name: &str) -> Option<&str> {
    let (stem, extension) = name.rsplit_once('.')?;
    let plausible =
        (1..=5).contains(&extension.len()) && extension.bytes().all(|b| b.is_ascii_alphanumeric());
    (plausible && !stem.is_empty()).then_some(extension)
}

fn decode(base64: &str) -> Option<String> {
    String::from_utf8(BASE64.decode(base64).ok()?).ok()
}

/// The name within a `STRING` that is base64: long enough, itself without an extension, and with one inside.
fn plain(value: &str) -> Option<String> {
    if value.len() < 8 || extension_of(value).is_some() {
        return None;
    }
    decode(value).filter(|name| extension_of(name).is_some())
}

/// The name with its percent escapes undone: only when every `%` begins an escape and UTF-8 results.
fn unescape(name: &str) -> Option<String> {
    if !name.contains('%') {
        return None;
    }
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(json: &str) -> Field {
        serde_json::from_str(json).unwrap()
    }

    fn string(value: &str) -> Option<String> {
        file_name(Some(&field(&format!(r#"{{"value":"{value}","type":"STRING"}}"#))))
    }

    #[test]
    fn a_string_is_taken_for_base64_only_with_a_name_inside() {
        assert_eq!(string("SU1HXzAxMDIuSlBH").as_deref(), Some("IMG_0102.JPG"));
        assert_eq!(string("IMG_0102.JPG").as_deref(), Some("IMG_0102.JPG"));
        assert_eq!(string("ABCDEFGH").as_deref(), Some("ABCDEFGH"), "decodes to no text");
        assert_eq!(string("U3Vuc2V0").as_deref(), Some("U3Vuc2V0"), "`Sunset` has no extension");
    }

    #[test]
    fn percent_escapes_are_undone_all_or_not_at_all() {
        assert_eq!(string("Zu%CC%88rich.jpg").as_deref(), Some("Zu\u{308}rich.jpg"));
        assert_eq!(string("100%.jpg").as_deref(), Some("100%.jpg"));
        assert_eq!(string("100%25 of 50%.jpg").as_deref(), Some("100%25 of 50%.jpg"));
        assert_eq!(string("%FF.jpg").as_deref(), Some("%FF.jpg"));
    }

    #[test]
    fn a_null_or_foreign_value_is_no_name() {
        for json in [r#"{"value":null,"type":"STRING"}"#, r#"{"value":7}"#, "null", r#"{"BADvalue":"x"}"#] {
            assert_eq!(file_name(Some(&field(json))), None, "{json}");
        }
    }
}
