//! Is a file on disk what the ledger says it is?

use crate::state::{PlacedFile, Proof};
use crate::tree::{RelPath, Root, TreeError};

/// Whether the file still has the time that larder gave it. Disks keep times to two seconds at worst (FAT).
pub(in crate::sync) fn same_time(mtime_ns: i64, file: &PlacedFile) -> bool {
    file.mtime_ms.is_none_or(|given| (mtime_ns / 1_000_000 - given).abs() <= 2_000)
}

/// Whether the file at the path has the content that the ledger knows.
pub(super) fn holds(root: &Root, path: &RelPath, file: &PlacedFile) -> Result<bool, TreeError> {
    let own = match file.proof {
        Some(Proof::SizeOnly { sha256 } | Proof::Disputed { sha256 }) => Some(sha256),
        _ => None,
    };
    let digest = root.hash(path, own.is_some())?;
    Ok(digest.size == file.size
        && match own {
            Some(sha256) => digest.sha256 == Some(sha256),
            None => digest.apple == file.checksum,
        })
}
