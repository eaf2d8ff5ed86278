//! Names as disks take them. Pure functions: no I/O.
//!
//! Names come from Apple raw: decomposed, with slashes, sometimes of control characters alone.

use unicode_normalization::UnicodeNormalization as _;

use super::path::{MAX_COMPONENT, OWN_DIR};
pub use crate::config::NameRules;

/// Longest text after the last dot that is taken for an extension, in bytes.
const MAX_EXTENSION: usize = 16;

/// Room for the longest ending of a photo's file, such as `-edited-edited-motion.` and an extension.
const MAX_TAIL: usize = 40;

/// Device names of DOS that Windows still keeps, with any extension.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

/// Makes a raw name legal as one component: NFC, forbidden characters as `_`, no trailing dots or blanks, at
/// most 255 bytes with the extension kept. `None` when nothing visible and allowed is in it.
///
/// Bidirectional overrides are forbidden too (they can make `gpj.exe` look like `exe.jpg`); joiners stay,
/// because emoji and several scripts need them.
#[must_use]
pub fn legal(raw: &str, rules: NameRules) -> Option<String> {
    let raw: String = raw.nfc().collect();
    let speaks = |c: char| !is_forbidden(c, rules) && !is_blank_or_dot(c) && !is_ignorable(c);
    if !raw.chars().any(speaks) {
        return None;
    }
    let name: String = raw.chars().map(|c| if is_forbidden(c, rules) { '_' } else { c }).collect();
    let name = name.trim_end_matches(is_blank_or_dot);
    let taken = fold(name) == OWN_DIR || (rules == NameRules::Windows && is_device(name));
    let prefix = if taken { "_" } else { "" };
    let (stem, extension) = split_ext(name);
    Some(with_suffix(&format!("{prefix}{stem}"), "", extension))
}

/// Splits a name into stem and extension (without the dot; empty when there is none).
///
/// The text after the last dot counts as an extension when it is 1 to 16 ASCII letters or digits, and when
/// something precedes the dot.
#[must_use]
pub fn split_ext(name: &str) -> (&str, &str) {
    match name.rsplit_once('.') {
        Some((stem, extension))
            if !stem.is_empty()
                && (1..=MAX_EXTENSION).contains(&extension.len())
                && extension.bytes().all(|b| b.is_ascii_alphanumeric()) =>
        {
            (stem, extension)
        }
        _ => (name, ""),
    }
}

/// `stem`, `suffix` and `.extension` (unless empty) in at most 255 bytes. It is the stem that is shortened, at
/// the end of a character.
#[must_use]
pub fn with_suffix(stem: &str, suffix: &str, extension: &str) -> String {
    let dot = if extension.is_empty() { "" } else { "." };
    let tail = format!("{suffix}{dot}{extension}");
    if stem.len() + tail.len() <= MAX_COMPONENT {
        return format!("{stem}{tail}");
    }
    // Cutting may bare a blank or a dot, which Windows would drop.
    let kept = cut(stem, MAX_COMPONENT.saturating_sub(tail.len())).trim_end_matches(is_blank_or_dot);
    let kept = if kept.is_empty() { "_" } else { kept };
    cut(&format!("{kept}{tail}"), MAX_COMPONENT).to_owned()
}

/// `stem` and `mark` as a new stem, short enough to leave room for whatever a photo's files add to it: without that
/// room a long name would lose its mark, the very thing that tells it from others.
#[must_use]
pub fn with_mark(stem: &str, mark: &str) -> String {
    let room = MAX_COMPONENT - MAX_TAIL - mark.len();
    let kept = if stem.len() <= room { stem } else { cut(stem, room).trim_end_matches(is_blank_or_dot) };
    format!("{kept}{mark}")
}

/// A form in which two names are equal when any common file system that ignores case or normalisation (ext4
/// with casefold, APFS, HFS+, NTFS, exFAT) would take them for one name. It may equate a few names more, which costs
/// a suffix and harms nothing.
///
/// Invisible characters vanish, as in ext4 with casefold. Lower, upper and lower case again, one character at
/// a time: that meets full case folding from both sides (`ẞ` and `ß` become `ss`, `ς` becomes `σ`, the Kelvin
/// sign `k`) without its table and without the position-dependent final sigma of [`str::to_lowercase`].
#[must_use]
pub fn fold(name: &str) -> String {
    name.chars()
        .filter(|c| !is_ignorable(*c))
        .nfd()
        .flat_map(char::to_lowercase)
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .nfc()
        .collect()
}

fn is_forbidden(c: char, rules: NameRules) -> bool {
    match c {
        '/' | '\\' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => true,
        ':' | '*' | '?' | '"' | '<' | '>' | '|' => rules == NameRules::Windows,
        _ => c.is_control(),
    }
}

/// As many whole characters as fit into `room` bytes.
fn cut(text: &str, room: usize) -> &str {
    let end = text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= room).last();
    &text[..end.unwrap_or(0)]
}

fn is_blank_or_dot(c: char) -> bool {
    c == '.' || c.is_whitespace()
}

/// Unicode's `Default_Ignorable_Code_Point`: characters that nobody sees.
fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFF8}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}')
}

/// Whether Windows takes the name for a device, whatever follows the first dot.
fn is_device(name: &str) -> bool {
    let base = name.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    let numbered = |port: &str| {
        let number = base.strip_prefix(port).map(|rest| rest.chars().collect::<Vec<_>>());
        matches!(number.as_deref(), Some(['0'..='9' | '¹' | '²' | '³']))
    };
    DEVICES.contains(&base.as_str()) || numbered("com") || numbered("lpt")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn posix(raw: &str) -> Option<String> {
        legal(raw, NameRules::Posix)
    }

    fn windows(raw: &str) -> Option<String> {
        legal(raw, NameRules::Windows)
    }

    #[test]
    fn ordinary_names_stay_as_they_are() {
        for name in ["IMG_0102.JPG", ".hidden", "Zoë & Co. (1).heic", "日本語.png", "a:b?.jpg", "👨‍👩‍👧.heic"]
        {
            assert_eq!(posix(name).as_deref(), Some(name));
        }
    }

    #[test]
    fn forbidden_characters_become_underscores() {
        assert_eq!(posix("a/b\\c\0d\u{7}e.jpg").as_deref(), Some("a_b_c_d_e.jpg"));
        assert_eq!(posix("../../etc/passwd").as_deref(), Some(".._.._etc_passwd"));
        assert_eq!(windows("a:b*c?d\"e<f>g|h.jpg").as_deref(), Some("a_b_c_d_e_f_g_h.jpg"));
        assert_eq!(posix("invoice\u{202E}gpj.exe").as_deref(), Some("invoice_gpj.exe"));
    }

    #[test]
    fn a_name_without_anything_to_read_is_no_name() {
        for none in ["", "/", "..", ".", " . ", "\0\0", "///", "\u{200B}", "\u{202E}"] {
            assert_eq!(posix(none), None, "{none:?}");
        }
        assert_eq!(windows("???"), None);
        assert_eq!(posix("???").as_deref(), Some("???"));
    }

    #[test]
    fn decomposed_names_are_composed() {
        assert_eq!(posix("Zoe\u{308}.jpg").as_deref(), Some("Zo\u{eb}.jpg"));
    }

    #[test]
    fn trailing_dots_and_blanks_go() {
        assert_eq!(posix("IMG_1.JPG. .").as_deref(), Some("IMG_1.JPG"));
        assert_eq!(posix(" lead.jpg").as_deref(), Some(" lead.jpg"));
    }

    #[test]
    fn names_that_mean_something_else_get_an_underscore() {
        assert_eq!(posix(".larder").as_deref(), Some("_.larder"));
        assert_eq!(posix(".LARDER").as_deref(), Some("_.LARDER"));
        for device in ["CON", "nul.txt", "Com1.tar.gz", "LPT³", "aux .jpg"] {
            assert_eq!(windows(device), Some(format!("_{device}")));
            assert_eq!(posix(device).as_deref(), Some(device));
        }
        assert_eq!(windows("COM10.jpg").as_deref(), Some("COM10.jpg"));
        assert_eq!(windows("console.jpg").as_deref(), Some("console.jpg"));
    }

    #[test]
    fn a_long_name_keeps_its_extension_and_whole_characters() {
        let name = posix(&format!("x{}.HEIC", "ü".repeat(200))).unwrap();
        assert_eq!(name.len(), 254);
        assert!(name.ends_with("ü.HEIC"));
        let name = with_suffix(&"x".repeat(300), "-edited", "MOV");
        assert_eq!(name, format!("{}-edited.MOV", "x".repeat(255 - 11)));
    }

    #[test]
    fn a_mark_is_never_cut_off() {
        assert_eq!(with_mark("IMG_1", "-0A1B2C3D"), "IMG_1-0A1B2C3D");
        for stem in ["x".repeat(251), "ü".repeat(120), format!("{}. x", "y".repeat(204))] {
            let marked = with_mark(&stem, "-0A1B2C3D");
            for (suffix, extension) in [("", "JPG"), ("-edited", "HEIC"), ("-edited-edited-motion", "MOV")] {
                let name = with_suffix(&marked, suffix, extension);
                assert_eq!(name, format!("{marked}{suffix}.{extension}"));
            }
            assert!(marked.ends_with("-0A1B2C3D") && !marked.contains(". -"), "{marked}");
        }
    }

    #[test]
    fn only_a_plausible_extension_is_split_off() {
        assert_eq!(split_ext("IMG_1.HEIC"), ("IMG_1", "HEIC"));
        assert_eq!(split_ext("a.tar.gz"), ("a.tar", "gz"));
        assert_eq!(split_ext(".JPG"), (".JPG", ""));
        assert_eq!(split_ext("Mr. Smith"), ("Mr. Smith", ""));
        assert_eq!(split_ext("a."), ("a.", ""));
        assert_eq!(split_ext("noext"), ("noext", ""));
    }

    #[test]
    fn folding_finds_the_names_that_a_disk_may_take_for_one() {
        for (a, b) in [
            ("IMG_1.JPG", "img_1.jpg"),
            ("Zoe\u{308}", "ZO\u{cb}"),
            ("STRASSE", "Straße"),
            ("STRAẞE", "straße"),
            ("ΌΔΟΣ", "όδος"),
            ("\u{212A}", "k"),
            ("a\u{200B}b", "ab"),
            ("ﬁ", "FI"),
        ] {
            assert_eq!(fold(a), fold(b), "{a} and {b}");
        }
        assert_ne!(fold("a"), fold("ä"));
        assert_ne!(fold("IMG_1"), fold("IMG_2"));
    }

    #[test]
    fn folding_ignores_the_case_and_the_form_of_every_character() {
        for c in char::MIN..=char::MAX {
            let plain = c.to_string();
            for other in [
                c.to_lowercase().collect::<String>(),
                c.to_uppercase().collect(),
                plain.nfd().collect(),
                plain.nfc().collect(),
            ] {
                if other == plain {
                    continue;
                }
                let own = fold(&plain);
                assert_eq!(fold(&own), own, "{c:?} again");
                assert_eq!(fold(&other), own, "{c:?} and {other:?}");
            }
        }
    }

    /// Text that is full of what makes trouble.
    fn nasty() -> impl Strategy<Value = String> {
        let character = prop_oneof![
            4 => any::<char>(),
            4 => proptest::sample::select("./\\:*?\"<>| _\0\u{1}\u{301}\u{308}\u{345}\u{202E}\u{200D}ßΣςİıCONconlarder1.JPG".chars().collect::<Vec<_>>()),
        ];
        let short = proptest::collection::vec(character.clone(), 0..24);
        let long = (proptest::collection::vec(character, 1..6), 1usize..200).prop_map(|(v, n)| v.repeat(n));
        prop_oneof![short, long].prop_map(|v| v.into_iter().collect())
    }

    proptest! {
        #[test]
        fn every_output_is_a_legal_component(raw in nasty(), on_windows: bool) {
            let rules = if on_windows { NameRules::Windows } else { NameRules::Posix };
            if let Some(name) = legal(&raw, rules) {
                let path = super::super::RelPath::parse(&name);
                prop_assert!(path.is_ok(), "{name:?}");
                prop_assert!(!path.unwrap().is_larders_own());
                prop_assert!(!name.ends_with(is_blank_or_dot), "{name:?}");
                prop_assert!(!name.chars().any(|c| is_forbidden(c, rules)), "{name:?}");
                prop_assert_eq!(legal(&name, rules), Some(name.clone()), "not idempotent");
            }
        }

        #[test]
        fn a_suffixed_name_fits_and_ends_in_suffix_and_extension(raw in nasty(), edited: bool) {
            if let Some(name) = legal(&raw, NameRules::Posix) {
                let (stem, extension) = split_ext(&name);
                let suffix = if edited { "-edited" } else { "-1a2b3c4d" };
                let other = with_suffix(stem, suffix, extension);
                prop_assert!(other.len() <= MAX_COMPONENT);
                prop_assert!(super::super::RelPath::parse(&other).is_ok());
                let tail = if extension.is_empty() { suffix.to_owned() } else { format!("{suffix}.{extension}") };
                prop_assert!(other.ends_with(&tail), "{other:?}");
                prop_assert_eq!(legal(&other, NameRules::Posix), Some(other.clone()));
            }
        }

        #[test]
        fn splitting_loses_nothing(raw in nasty()) {
            let (stem, extension) = split_ext(&raw);
            let dot = if extension.is_empty() { "" } else { "." };
            prop_assert_eq!(format!("{stem}{dot}{extension}"), raw.clone());
        }

        #[test]
        fn folding_is_idempotent_and_ignores_form(raw in nasty()) {
            let folded = fold(&raw);
            prop_assert_eq!(fold(&folded), folded.clone());
            prop_assert_eq!(fold(&raw.nfd().collect::<String>()), folded.clone());
            prop_assert_eq!(fold(&raw.nfc().collect::<String>()), folded);
        }
    }
}
