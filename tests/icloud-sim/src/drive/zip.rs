//! Packs a package the way its download comes: a zip with one directory at the top, the package's own (drive.md 12).
//! It is made anew for each download and no two are the same, as Apple's.

use super::content::PackageFile;
use flate2::write::{DeflateEncoder, GzEncoder};
use flate2::{Compression, Crc};
use std::io::{self, Write as _};

/// Bit 11: the name is UTF-8.
const UTF8: u16 = 1 << 11;
const DEFLATED: u16 = 8;

/// One entry on its way into the archive.
struct Entry {
    name: String,
    packed: Vec<u8>,
    method: u16,
    crc: u32,
    len: u32,
    offset: u32,
    mode: u32,
}

/// The zip of the package with that full name.
pub(super) fn pack(top: &str, files: &[PackageFile], now_ms: i64) -> Vec<u8> {
    let mut out = Vec::new();
    let mut entries = vec![entry(format!("{top}/"), None, 0)];
    lay(&mut out, &entries[0], now_ms);
    for file in files {
        let slash = if file.bytes.is_none() { "/" } else { "" };
        let bytes = file.bytes.as_ref().map(crate::file_bytes::FileBytes::to_bytes);
        let entry = entry(format!("{top}/{}{slash}", file.path), bytes.as_deref(), place(out.len()));
        lay(&mut out, &entry, now_ms);
        entries.push(entry);
    }
    let start = out.len();
    for entry in &entries {
        index(&mut out, entry, now_ms);
    }
    let length = out.len() - start;
    let count = u16::try_from(entries.len()).unwrap_or(u16::MAX);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(place(length).to_le_bytes());
    out.extend(place(start).to_le_bytes());
    out.extend(0_u16.to_le_bytes());
    out
}

/// The same inside gzip, as it was met now and then (icloud-docker #120).
pub(super) fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let packed = encoder.write_all(bytes).and_then(|()| encoder.finish());
    packed.unwrap_or_default()
}

fn entry(name: String, bytes: Option<&[u8]>, offset: u32) -> Entry {
    let bytes_or_none = bytes.unwrap_or_default();
    let mut crc = Crc::new();
    crc.update(bytes_or_none);
    let deflated = deflate(bytes_or_none).ok().filter(|packed| packed.len() < bytes_or_none.len());
    Entry {
        name,
        method: if deflated.is_some() { DEFLATED } else { 0 },
        packed: deflated.unwrap_or_else(|| bytes_or_none.to_vec()),
        crc: crc.sum(),
        len: place(bytes_or_none.len()),
        offset,
        mode: if bytes.is_some() { 0o100_644 } else { 0o040_755 },
    }
}

fn deflate(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// Header and bytes of an entry.
fn lay(out: &mut Vec<u8>, entry: &Entry, now_ms: i64) {
    out.extend(b"PK\x03\x04");
    common(out, entry, now_ms);
    out.extend(entry.name.as_bytes());
    out.extend(&entry.packed);
}

/// The entry in the central directory.
fn index(out: &mut Vec<u8>, entry: &Entry, now_ms: i64) {
    out.extend(b"PK\x01\x02");
    // Made on Unix.
    out.extend(0x0314_u16.to_le_bytes());
    common(out, entry, now_ms);
    out.extend([0; 6]);
    out.extend((entry.mode << 16).to_le_bytes());
    out.extend(entry.offset.to_le_bytes());
    out.extend(entry.name.as_bytes());
}

/// What both headers say, from the version needed to the length of the extra field.
fn common(out: &mut Vec<u8>, entry: &Entry, now_ms: i64) {
    let (time, date) = stamp(now_ms);
    out.extend(20_u16.to_le_bytes());
    out.extend(UTF8.to_le_bytes());
    out.extend(entry.method.to_le_bytes());
    out.extend(time.to_le_bytes());
    out.extend(date.to_le_bytes());
    out.extend(entry.crc.to_le_bytes());
    out.extend(place(entry.packed.len()).to_le_bytes());
    out.extend(entry.len.to_le_bytes());
    out.extend(u16::try_from(entry.name.len()).unwrap_or(u16::MAX).to_le_bytes());
    out.extend(0_u16.to_le_bytes());
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
