//! Packages, which come as zips.

use super::super::url::Opened;
use super::super::{CLOUD_DOCS, Content, Drive, PackageFile, ROOT, ZipExtra, ZipManner};
use super::{NOW_MS, by_id, drive, item};
use flate2::read::{DeflateDecoder, GzDecoder};
use std::collections::BTreeMap;
use std::io::Read as _;

fn slides() -> Content {
    Content::from(vec![
        PackageFile::new("Index.zip", "x".repeat(3_000)),
        PackageFile::new("Data/image é.png", [1, 2, 3]),
        PackageFile::new("Metadata/empty", ""),
        PackageFile::directory("Data/none"),
    ])
}

fn zip(drive: &mut Drive, id: &str) -> Vec<u8> {
    let answer = by_id(drive, CLOUD_DOCS, id).unwrap();
    assert!(answer.get("data_token").is_none());
    let url = answer["package_token"]["url"].as_str().unwrap();
    let Opened::Zip(zip) = drive.content(url.strip_prefix("https://p61-content.icloud.com:443").unwrap())
    else {
        panic!("refused")
    };
    zip
}

/// What a zip holds, read by its central directory, every checksum proved.
fn unzip(zip: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let number = |at: usize, len: usize| -> usize {
        zip[at..at + len].iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
    };
    let end = zip.len() - 22;
    assert_eq!(zip[end..end + 4], *b"PK\x05\x06");
    let (count, mut at) = (number(end + 10, 2), number(end + 16, 4));
    let mut files = BTreeMap::new();
    for _ in 0..count {
        assert_eq!(zip[at..at + 4], *b"PK\x01\x02");
        let (method, packed, len) = (number(at + 10, 2), number(at + 20, 4), number(at + 24, 4));
        let (name_len, local) = (number(at + 28, 2), number(at + 42, 4));
        let name = String::from_utf8(zip[at + 46..at + 46 + name_len].to_vec()).unwrap();
        assert_eq!(zip[local..local + 4], *b"PK\x03\x04");
        assert_eq!(zip[local + 30..local + 30 + name_len], *name.as_bytes());
        let start = local + 30 + name_len;
        let mut bytes = Vec::new();
        match method {
            0 => bytes.extend(&zip[start..start + packed]),
            _ => drop(DeflateDecoder::new(&zip[start..start + packed]).read_to_end(&mut bytes).unwrap()),
        }
        let mut crc = flate2::Crc::new();
        crc.update(&bytes);
        assert_eq!((bytes.len(), crc.sum() as usize), (len, number(at + 16, 4)), "{name}");
        files.insert(name, bytes);
        at += 46 + name_len;
    }
    assert_eq!(at, end);
    files
}

#[test]
fn a_package_is_a_zip_with_its_own_name_at_the_top() {
    let mut drive = drive();
    let id = drive.add_file(ROOT, "Slides.key", slides()).unwrap();
    let zip = zip(&mut drive, &id);
    let files = unzip(&zip);
    let names: Vec<&String> = files.keys().collect();
    assert_eq!(
        names,
        [
            "Slides.key/",
            "Slides.key/Data/image é.png",
            "Slides.key/Data/none/",
            "Slides.key/Index.zip",
            "Slides.key/Metadata/empty"
        ]
    );
    assert_eq!(files["Slides.key/Index.zip"], "x".repeat(3_000).into_bytes());
    let size = item(&mut drive, ROOT, &id)["size"].as_u64().unwrap();
    assert!(size != zip.len() as u64 && size != 3_003);
    let inventory = drive.inventory();
    assert_eq!((inventory.files[0].size, &inventory.files[0].sha256), (3_003, &None));
    assert_eq!(inventory.files[0].package.as_ref().unwrap().len(), 4);
}

#[test]
fn no_two_downloads_need_be_the_same_and_gzip_may_be_around() {
    let mut drive = drive();
    let id = drive.add_file(ROOT, "Slides.key", slides()).unwrap();
    let first = zip(&mut drive, &id);
    drive.set_time(NOW_MS + 4_000);
    let second = zip(&mut drive, &id);
    assert_ne!(first, second);
    assert_eq!(unzip(&first), unzip(&second));
    drive.quirks().gzip_packages = true;
    let wrapped = zip(&mut drive, &id);
    let mut inside = Vec::new();
    GzDecoder::new(&wrapped[..]).read_to_end(&mut inside).unwrap();
    assert_eq!(unzip(&inside), unzip(&first));
}

#[test]
fn a_package_can_become_a_flat_file() {
    let mut drive = drive();
    let id = drive.add_file(ROOT, "Slides.key", slides()).unwrap();
    drive.edit(&id, "PK\x03\x04flat").unwrap();
    let answer = by_id(&mut drive, CLOUD_DOCS, &id).unwrap();
    assert!(answer.get("package_token").is_none() && answer["data_token"].is_object());
}

#[test]
fn zips_are_written_in_every_manner_that_was_met() {
    let mut drive = drive();
    let id = drive.add_file(ROOT, "Slides é.key", slides()).unwrap();
    let usual = unzip(&zip(&mut drive, &id));
    for manner in [
        ZipManner { no_utf8_flag: true, ..ZipManner::default() },
        ZipManner { descriptors: true, ..ZipManner::default() },
    ] {
        drive.quirks().zip = manner;
        assert_eq!(unzip(&zip(&mut drive, &id)), usual);
    }
    let extra =
        |name: &str, text: &str, mode| ZipExtra { name: name.to_owned(), text: text.to_owned(), mode };
    drive.quirks().zip = ZipManner {
        composed: true,
        extras: vec![extra("__MACOSX/._a", "litter", 0o100_644), extra("../link", "/etc", 0o120_777)],
        ..ZipManner::default()
    };
    let files = unzip(&zip(&mut drive, &id));
    assert!(
        files.contains_key("Slides \u{e9}.key/Index.zip")
            && !usual.contains_key("Slides \u{e9}.key/Index.zip")
    );
    assert_eq!((files["../link"].as_slice(), files.len()), (&b"/etc"[..], usual.len() + 2));
}
