//! Packages such as apps write.

use super::super::content::{Content, PackageFile};
use super::super::spec::DriveSpec;
use super::length;
use crate::file_bytes::FileBytes;
use crate::noise::Dice;

/// A package of a few files.
pub(super) fn some(dice: &mut Dice, spec: &DriveSpec) -> Content {
    let mut files = vec![
        PackageFile::new("Metadata/Properties.plist", "<?xml version=\"1.0\"?>\n<plist/>\n"),
        PackageFile::new("Metadata/BuildVersionHistory.plist", ""),
    ];
    for number in 0..=dice.below(6) {
        let bytes = FileBytes::noise(dice.next(), length(dice, spec.sizes));
        files.push(PackageFile { path: format!("Data/image-{number}.png"), bytes: Some(bytes) });
    }
    Content::from(files)
}

/// A package with everything that one may hold: names of every kind, an empty directory, what a Mac leaves behind.
pub(super) fn odd() -> Content {
    Content::from(vec![
        PackageFile::new("TXT.rtf", "{\\rtf1 odd}"),
        PackageFile::new("Caf\u{e9}.png", [1, 2, 3]),
        PackageFile::new("cafe\u{301}s.png", [4, 5, 6]),
        PackageFile::new("日本/写真 1.tiff", [7; 300]),
        PackageFile::new("a/b/c/d/e/deep.txt", "deep"),
        PackageFile::new(".hidden", "hidden"),
        PackageFile::new("name with : and \\ and *.txt", "special"),
        PackageFile::new("empty.bin", ""),
        PackageFile::directory("Attachments"),
    ])
}
