//! The bytes of a file, made when they are read.
//!
//! A body is a seed, a length and the head of its format. It repeats one block of noise, and every block bears
//! its own number: bytes delivered from a wrong offset never pass for the right ones.

use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use crate::noise;

/// Length of the repeated block, in bytes.
const BLOCK: usize = 4096;

/// The salt that Apple's checksum puts before the content: two names, each ended by a zero byte.
const SALT: &[u8; 51] = b"com.apple.XattrObjectSalt\0com.apple.DataObjectSalt\0";

/// The bytes of `fileChecksum`: the form (`01` = salted SHA-1), then the digest.
pub(crate) type Checksum = [u8; 21];

/// The format whose first bytes a body shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Head {
    None,
    Jpeg,
    Heic,
    Png,
    Gif,
    Tiff,
    Webp,
    QuickTime,
    /// QuickTime as old cameras wrote it: `wide` and `mdat` instead of `ftyp` (kei #166, #247).
    OldQuickTime,
    Mp4,
    Xml,
}

impl Head {
    const ALL: [Self; 11] = [
        Self::None,
        Self::Jpeg,
        Self::Heic,
        Self::Png,
        Self::Gif,
        Self::Tiff,
        Self::Webp,
        Self::QuickTime,
        Self::OldQuickTime,
        Self::Mp4,
        Self::Xml,
    ];

    fn bytes(self) -> &'static [u8] {
        match self {
            Self::None => b"",
            Self::Jpeg => b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00",
            Self::Heic => b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
            Self::Png => b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR",
            Self::Gif => b"GIF89a",
            Self::Tiff => b"II*\x00\x08\x00\x00\x00",
            Self::Webp => b"RIFF\x00\x10\x00\x00WEBPVP8 ",
            Self::QuickTime => b"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  \x00\x00\x00\x08wide",
            Self::OldQuickTime => b"\x00\x00\x00\x08wide\x00\x00\x10\x00mdat",
            Self::Mp4 => b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom",
            Self::Xml => b"<?xml version=\"1.0\" ?>\n<plist>",
        }
    }

    /// The number that stands for the format in a signed URL.
    pub(crate) fn number(self) -> u8 {
        Self::ALL.iter().position(|head| *head == self).and_then(|at| u8::try_from(at).ok()).unwrap_or(0)
    }

    /// The format that a number stands for.
    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

/// The content of one file. Copies are cheap: the bytes are made when they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Body {
    pub(crate) seed: u64,
    pub(crate) len: u64,
    pub(crate) head: Head,
}

impl Body {
    /// Two bodies of at least this many bytes differ when their seeds differ.
    pub(crate) const MIN: u64 = 48;

    pub(crate) fn new(seed: u64, len: u64, head: Head) -> Self {
        Self { seed, len, head }
    }

    /// Another body of the same length and format.
    pub(crate) fn other(self) -> Self {
        Self { seed: !self.seed, ..self }
    }

    /// Length in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// True of a body of 0 bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Writes the bytes from `offset` on into `buf` and returns how many there were: all of `buf`, or what is left
    /// before the end.
    pub fn read_at(&self, offset: u64, buf: &mut [u8]) -> usize {
        let left = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
        let wanted = buf.len().min(left);
        let mut noise = [0; BLOCK];
        let made = usize::try_from(self.len).unwrap_or(BLOCK).min(BLOCK);
        noise::fill(self.seed, &mut noise[..made]);
        let mut done = 0;
        while done < wanted {
            let at = offset + done as u64;
            let number = at / BLOCK as u64;
            let inside = usize::try_from(at % BLOCK as u64).unwrap_or(0);
            noise[..8].copy_from_slice(&noise::pair(self.seed, number).to_le_bytes());
            let count = (BLOCK - inside).min(wanted - done);
            buf[done..done + count].copy_from_slice(&noise[inside..inside + count]);
            done += count;
        }
        self.lay_head(offset, &mut buf[..wanted]);
        wanted
    }

    fn lay_head(self, offset: u64, buf: &mut [u8]) {
        let head = self.head.bytes();
        if let Some(rest) = usize::try_from(offset).ok().and_then(|at| head.get(at..)) {
            let count = rest.len().min(buf.len());
            buf[..count].copy_from_slice(&rest[..count]);
        }
    }

    /// The checksum that Apple publishes for this content: `01` and the salted SHA-1.
    pub(crate) fn checksum(&self) -> Checksum {
        let mut sha = Sha1::new_with_prefix(SALT);
        self.each_piece(|piece| sha.update(piece));
        let mut out = [1; 21];
        out[1..].copy_from_slice(&sha.finalize());
        out
    }

    /// SHA-256 of the content, as 64 hexadecimal digits.
    pub(crate) fn sha256(&self) -> String {
        let mut sha = Sha256::new();
        self.each_piece(|piece| sha.update(piece));
        hex(&sha.finalize())
    }

    fn each_piece(self, mut take: impl FnMut(&[u8])) {
        let piece = usize::try_from(self.len.min(1 << 16)).unwrap_or(0);
        let mut buf = vec![0; piece];
        let mut at = 0;
        while at < self.len {
            let count = self.read_at(at, &mut buf);
            take(&buf[..count]);
            at += count as u64;
        }
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// The checksum of bytes that are at hand.
pub(crate) fn checksum_of(content: &[u8]) -> Checksum {
    let mut out = [1; 21];
    out[1..].copy_from_slice(&Sha1::new_with_prefix(SALT).chain_update(content).finalize());
    out
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn the_checksum_rule_holds_on_the_four_known_vectors() {
        let of = |content: &[u8]| STANDARD.encode(checksum_of(content));
        assert_eq!(of(b""), "AW2cWT2PxzWixMKuuNMTHJ8CJ3sH");
        assert_eq!(of(b"larder"), "AUiMCTZkS9Jhdoh3BH0Od/eQj8YW");
        assert_eq!(of(&[0, 0, 0]), "ARXTdmAOx0QUBEC00fZBMZ/qepql");
        let line = "larder-fixture:A02/resOriginal\n".repeat(100);
        assert_eq!(of(&line.as_bytes()[..2500]), "Acd+aKRKMA8+KK0zbYVZARLjBJ/e");
    }

    #[test]
    fn any_piece_equals_the_same_piece_of_the_whole() {
        let body = Body::new(5, 20_000, Head::Jpeg);
        let mut whole = vec![0; 20_000];
        assert_eq!(body.read_at(0, &mut whole), 20_000);
        assert_eq!(body.checksum(), checksum_of(&whole));
        for (offset, len) in [(0, 1), (1, 30), (4_090, 20), (8_192, 4_096), (19_999, 10), (20_000, 4)] {
            let mut piece = vec![0; len];
            let count = body.read_at(offset as u64, &mut piece);
            assert_eq!(piece[..count], whole[offset..(offset + len).min(20_000)]);
        }
    }

    #[test]
    fn blocks_differ_and_bodies_show_their_format() {
        let body = Body::new(5, 20_000, Head::Jpeg);
        let (mut first, mut second) = (vec![0; BLOCK], vec![0; BLOCK]);
        body.read_at(4_096, &mut first);
        body.read_at(8_192, &mut second);
        assert_ne!(first, second);
        let mut head = [0; 3];
        body.read_at(0, &mut head);
        assert_eq!(head, [0xff, 0xd8, 0xff]);
    }

    #[test]
    fn the_smallest_bodies_of_different_seeds_differ_whatever_their_format() {
        for head in Head::ALL {
            let (one, other) = (Body::new(1, Body::MIN, head), Body::new(2, Body::MIN, head));
            assert_ne!(one.checksum(), other.checksum());
            assert_eq!(Head::from_number(head.number()), Some(head));
        }
    }
}
