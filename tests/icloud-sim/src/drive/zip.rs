//! Packs a package the way its download comes: a zip with one directory at the top, the package's own (drive.md 12).
//! It is made anew for each download and no two are the same, as Apple's.

use super::content::PackageFile;
use super::quirks::ZipManner;
use flate2::write::{DeflateEncoder, GzEncoder};
use flate2::{Compression, Crc};
use std::io::{self, Write as _};
use unicode_normalization::UnicodeNormalization as _;

/// Bit 11: the name is UTF-8.
const UTF8: u16 = 1 << 11;
/// Bit 3: lengths and checksum stand behind the bytes.
const DESCRIPTOR: u16 = 1 << 3;
const DEFLATED: u16 = 8;
const FILE: u32 = 0o100_644;
const DIRECTORY: u32 = 0o040_755;

/// One entry on its way into the archive.
struct Entry {
    name: String,
    packed: Vec<u8>,
    flags: u16,
    method: u16,
    crc: u32,
    len: u32,
    offset: u32,
    mode: u32,
}

/// An archive that grows.
struct Archive<'a> {
    out: Vec<u8>,
    entries: Vec<Entry>,
    manner: &'a ZipManner,
    now_ms: i64,
}

/// The zip of the package with that full name.
pub(super) fn pack(top: &str, files: &[PackageFile], manner: &ZipManner, now_ms: i64) -> Vec<u8> {
    let mut archive = Archive { out: Vec::new(), entries: Vec::new(), manner, now_ms };
    archive.add(format!("{top}/"), b"", DIRECTORY);
    for file in files {
        match &file.bytes {
            Some(bytes) => archive.add(format!("{top}/{}", file.path), &bytes.to_bytes(), FILE),
            None => archive.add(format!("{top}/{}/", file.path), b"", DIRECTORY),
        }
    }
    for extra in &manner.extras {
        archive.add(extra.name.clone(), extra.text.as_bytes(), extra.mode);
    }
    archive.finish()
}

impl Archive<'_> {
    /// Header and bytes of an entry.
    fn add(&mut self, name: String, bytes: &[u8], mode: u32) {
        let name = if self.manner.composed { name.nfc().collect() } else { name };
        let mut crc = Crc::new();
        crc.update(bytes);
        let deflated = deflate(bytes).ok().filter(|packed| packed.len() < bytes.len());
        let utf8 = if self.manner.no_utf8_flag { 0 } else { UTF8 };
        let entry = Entry {
            name,
            flags: utf8 | if self.manner.descriptors { DESCRIPTOR } else { 0 },
            method: if deflated.is_some() { DEFLATED } else { 0 },
            packed: deflated.unwrap_or_else(|| bytes.to_vec()),
            crc: crc.sum(),
            len: place(bytes.len()),
            offset: place(self.out.len()),
            mode,
        };
        let sums = entry.sums();
        self.out.extend(b"PK\x03\x04");
        self.out.extend(entry.head(self.now_ms));
        self.out.extend(if self.manner.descriptors { [0; 12] } else { sums });
        self.out.extend(entry.name_lengths());
        self.out.extend(entry.name.as_bytes());
        self.out.extend(&entry.packed);
        if self.manner.descriptors {
            self.out.extend(b"PK\x07\x08");
            self.out.extend(sums);
        }
        self.entries.push(entry);
    }

    /// The central directory and the end.
    fn finish(mut self) -> Vec<u8> {
        let start = self.out.len();
        for entry in &self.entries {
            self.out.extend(b"PK\x01\x02");
            // Made on Unix.
            self.out.extend(0x0314_u16.to_le_bytes());
            self.out.extend(entry.head(self.now_ms));
            self.out.extend(entry.sums());
            self.out.extend(entry.name_lengths());
            self.out.extend([0; 6]);
            self.out.extend((entry.mode << 16).to_le_bytes());
            self.out.extend(entry.offset.to_le_bytes());
            self.out.extend(entry.name.as_bytes());
        }
        let length = self.out.len() - start;
        let count = u16::try_from(self.entries.len()).unwrap_or(u16::MAX);
        self.out.extend(b"PK\x05\x06\0\0\0\0");
        self.out.extend(count.to_le_bytes());
        self.out.extend(count.to_le_bytes());
        self.out.extend(place(length).to_le_bytes());
        self.out.extend(place(start).to_le_bytes());
        self.out.extend(0_u16.to_le_bytes());
        self.out
    }
}

impl Entry {
    /// From the version needed to the date.
    fn head(&self, now_ms: i64) -> Vec<u8> {
        let (time, date) = stamp(now_ms);
        [20, self.flags, self.method, time, date].into_iter().flat_map(u16::to_le_bytes).collect()
    }

    /// Checksum, packed length and length.
    fn sums(&self) -> [u8; 12] {
        let mut sums = [0; 12];
        for (at, number) in [self.crc, place(self.packed.len()), self.len].into_iter().enumerate() {
            sums[at * 4..at * 4 + 4].copy_from_slice(&number.to_le_bytes());
        }
        sums
    }

    /// Lengths of the name and of the extra field, which is empty.
    fn name_lengths(&self) -> [u8; 4] {
        u32::from(u16::try_from(self.name.len()).unwrap_or(u16::MAX)).to_le_bytes()
    }
}

/// The same inside gzip, as it was met now and then (icloud-docker #120).
pub(super) fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let packed = encoder.write_all(bytes).and_then(|()| encoder.finish());
    packed.unwrap_or_default()
}

fn deflate(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// The time of packing, as MS-DOS keeps it.
fn stamp(now_ms: i64) -> (u16, u16) {
    let time = jiff::Timestamp::from_millisecond(now_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let time = jiff::tz::Offset::UTC.to_datetime(time);
    let part = |number: i64| u16::try_from(number).unwrap_or(0);
    let (hour, minute, second) = (time.hour().into(), time.minute().into(), time.second().into());
    let (year, month, day) = (i64::from(time.year()) - 1980, time.month().into(), time.day().into());
    let clock = (part(hour) << 11) | (part(minute) << 5) | (part(second) / 2);
    (clock, (part(year) << 9) | (part(month) << 5) | part(day))
}

fn place(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
