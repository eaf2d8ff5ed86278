//! File names that troubled clients or would trouble a file system.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use crate::photos::item::FileName;

const ENCRYPTED: &str = "ENCRYPTED_BYTES";

/// Names that decode well and are hard to store.
const HOSTILE: &[&str] = &[
    "../escape.JPG",
    "../../../../etc/passwd",
    "/absolute.JPG",
    "a/b.JPG",
    "a\\b.JPG",
    ".",
    "..",
    "CON",
    "nul.txt",
    "AUX.JPG",
    "COM1.HEIC",
    "trailing dot.JPG.",
    "trailing blank.JPG ",
    " leading blank.JPG",
    "nul\0byte.JPG",
    "line\nbreak\r.JPG",
    "bell\u{7}escape\u{1b}[31m.JPG",
    "bidi \u{202e}GPJ.exe",
    "Screenshot 2025-01-02 at 3.14.15\u{202f}PM.png",
    "???***|||",
    "////",
    "i/n v:a\0l*i?d\\p<a>t\"h|.JPG",
    ".hidden",
    "-rf",
    "~",
    "$HOME `id` %PATH%.JPG",
    "img_1.jpg",
    "IMG_1.JPG",
    "no extension",
    "two.dots.JPG",
    ".JPG",
    "IMG_0001.jpeg",
    "FullSizeRender.JPG",
    "FullSizeRender.JPG",
    "zero\u{200b}width.JPG",
];

/// Names in many scripts; `ü` and `が` once composed and once decomposed.
const SCRIPTS: &[&str] = &[
    "Zürich.jpg",
    "Zu\u{308}rich.jpg",
    "IMG_中文_7409.JPG",
    "写真.HEIC",
    "が.JPG",
    "か\u{3099}.JPG",
    "한글.JPG",
    "\u{1112}\u{1161}\u{11ab}.JPG",
    "фото.JPG",
    "صورة.JPG",
    "תמונה.JPG",
    "चित्र.JPG",
    "ภาพ.JPG",
    "Ελλάδα.JPG",
    "👨‍👩‍👧‍👦🇨🇭.JPG",
    "ﬁ①Å.JPG",
];

/// Every awkward name.
pub(super) fn all() -> Vec<FileName> {
    let mut names: Vec<FileName> = HOSTILE.iter().chain(SCRIPTS).map(|name| FileName::text(name)).collect();
    let long = format!("{}.JPG", "long".repeat(74));
    let long_umlauts = format!("{}.JPG", "ü".repeat(148));
    names.extend([FileName::text(&long), FileName::text(&long_umlauts)]);
    names.extend([
        FileName::Absent,
        FileName::Null,
        FileName::odd("", "STRING", None),
        FileName::odd("", ENCRYPTED, None),
        FileName::odd("IMG_0102.JPG", "STRING", Some("IMG_0102.JPG")),
        FileName::odd(&STANDARD.encode("IMG_0103.JPG"), "STRING", Some("IMG_0103.JPG")),
        FileName::odd(&STANDARD_NO_PAD.encode("Unpadded.JPG!"), ENCRYPTED, Some("Unpadded.JPG!")),
        // The recorded case of a length that base64 cannot have.
        FileName::odd("aS9uIHY6YQBsKmk/ZFxwPGE+dCJofC5KUE", ENCRYPTED, None),
        FileName::odd("not base64 at all!", ENCRYPTED, None),
        FileName::Bytes([0x69, 0xb7, 0x1d, 0x79, 0xf8, 0x21].into()),
        FileName::Bytes([0xff, 0xfe, b'.', b'J', b'P', b'G'].into()),
        FileName::text("Zu%CC%88rich%20escaped.JPG"),
        FileName::text("100% real.JPG"),
    ]);
    names
}
