//! Rows of the ledger in every form that they have had. Earlier ones are read for ever.
//!
//! | version | what came |
//! |---|---|
//! | 1 | |
//! | 2 | where a file lies that is to be moved or is in the attic |
//! | 3 | whether a person brought the file back |
//! | 4 | which version of a file of Drive it is |

use serde::{Deserialize, Serialize};

use super::super::StateError;
use super::super::row::{decode_as, encode_as, version};
use super::{Lies, PlacedFile, Placement, Proof};
use crate::model::{Checksum, Kind};

/// Version of the rows that are written.
const VERSION: u8 = 4;

const TABLE: &str = "ledger";

/// The row of a placement.
pub(super) fn encode(placement: &Placement) -> Result<Vec<u8>, StateError> {
    let files = placement.files.iter().cloned().map(Fourth::from).collect();
    let row = Row { folder: placement.folder.clone(), stem: placement.stem.clone(), files };
    encode_as(TABLE, VERSION, &row)
}

/// The placement of a row.
pub(super) fn decode(bytes: &[u8]) -> Result<Placement, StateError> {
    match version(bytes) {
        Some(1) => decode_as::<Row<First>>(TABLE, 1, bytes).map(Into::into),
        Some(2) => decode_as::<Row<Second>>(TABLE, 2, bytes).map(Into::into),
        Some(3) => decode_as::<Row<Third>>(TABLE, 3, bytes).map(Into::into),
        _ => decode_as::<Row<Fourth>>(TABLE, VERSION, bytes).map(Into::into),
    }
}

#[derive(Serialize, Deserialize)]
struct Row<File> {
    folder: String,
    stem: String,
    files: Vec<File>,
}

impl<File: Into<PlacedFile>> From<Row<File>> for Placement {
    fn from(row: Row<File>) -> Self {
        Self { folder: row.folder, stem: row.stem, files: row.files.into_iter().map(Into::into).collect() }
    }
}

#[derive(Serialize, Deserialize)]
struct First {
    kind: Kind,
    name: String,
    checksum: Checksum,
    size: u64,
    mtime_ms: Option<i64>,
    proof: Option<Proof>,
}

#[derive(Serialize, Deserialize)]
struct Second {
    first: First,
    lies: Lies,
}

#[derive(Serialize, Deserialize)]
struct Third {
    second: Second,
    pinned: bool,
}

#[derive(Serialize, Deserialize)]
struct Fourth {
    third: Third,
    tag: Option<String>,
}

impl From<First> for PlacedFile {
    fn from(row: First) -> Self {
        let First { kind, name, checksum, size, mtime_ms, proof } = row;
        Self { kind, name, checksum, size, mtime_ms, proof, lies: Lies::There, pinned: false, tag: None }
    }
}

impl From<Second> for PlacedFile {
    fn from(row: Second) -> Self {
        Self { lies: row.lies, ..row.first.into() }
    }
}

impl From<Third> for PlacedFile {
    fn from(row: Third) -> Self {
        Self { pinned: row.pinned, ..row.second.into() }
    }
}

impl From<Fourth> for PlacedFile {
    fn from(row: Fourth) -> Self {
        Self { tag: row.tag, ..row.third.into() }
    }
}

impl From<PlacedFile> for Fourth {
    fn from(file: PlacedFile) -> Self {
        let PlacedFile { kind, name, checksum, size, mtime_ms, proof, lies, pinned, tag } = file;
        let first = First { kind, name, checksum, size, mtime_ms, proof };
        Self { third: Third { second: Second { first, lies }, pinned }, tag }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placement(lies: Lies, pinned: bool) -> Placement {
        let file = PlacedFile {
            kind: Kind::Motion,
            name: "IMG_0001.MOV".into(),
            checksum: Checksum::parse("AA"),
            size: 7,
            mtime_ms: Some(3),
            proof: Some(Proof::Proven),
            lies,
            pinned,
            tag: None,
        };
        Placement { folder: "2024/01/02".into(), stem: "IMG_0001".into(), files: vec![file] }
    }

    /// Rows as larders of earlier versions wrote them, byte for byte.
    fn earlier(version: u8, more: &[u8]) -> Vec<u8> {
        let mut row = vec![version, 10];
        row.extend(b"2024/01/02");
        row.push(8);
        row.extend(b"IMG_0001");
        row.extend([1, 2, 12]);
        row.extend(b"IMG_0001.MOV");
        row.extend([1, 0, 7, 1, 6, 1, 0]);
        row.extend(more);
        row
    }

    #[test]
    fn rows_of_every_version_are_read() {
        assert_eq!(decode(&earlier(1, &[])).unwrap(), placement(Lies::There, false));
        assert_eq!(decode(&earlier(2, &[0])).unwrap(), placement(Lies::There, false));
        let attic = Lies::Attic("x/y".into());
        assert_eq!(decode(&earlier(2, b"\x02\x03x/y")).unwrap(), placement(attic.clone(), false));
        assert_eq!(decode(&earlier(3, b"\x02\x03x/y\x01")).unwrap(), placement(attic.clone(), true));
        assert_eq!(decode(&earlier(4, b"\x02\x03x/y\x01\x00")).unwrap(), placement(attic.clone(), true));
        let mut tagged = placement(attic, true);
        tagged.files[0].tag = Some("2x".into());
        assert_eq!(decode(&earlier(4, b"\x02\x03x/y\x01\x01\x022x")).unwrap(), tagged);
        assert!(decode(&earlier(5, b"\x02\x03x/y\x01\x00")).is_err());
    }

    #[test]
    fn what_is_written_is_read_again() {
        for pinned in [false, true] {
            let mut placement = placement(Lies::Elsewhere("a".into()), pinned);
            placement.files[0].tag = pinned.then(|| "2x".to_owned());
            assert_eq!(decode(&encode(&placement).unwrap()).unwrap(), placement);
        }
    }
}
