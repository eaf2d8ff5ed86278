//! Is a file on disk what the ledger says it is?

use crate::model::Digest;
use crate::state::{PlacedFile, Proof};
use crate::tree::{FileKind, RelPath, Root, TreeError};

/// Whether the file still has the time that larder gave it. Disks keep times to two seconds at worst (FAT).
pub(in crate::sync) fn same_time(mtime_ns: i64, file: &PlacedFile) -> bool {
    file.mtime_ms.is_none_or(|given| (mtime_ns / 1_000_000 - given).abs() <= 2_000)
}

/// Whether the file at the path is what larder wrote there, as far as length and time tell; where they do not, its content
/// is read.
pub(in crate::sync) fn is_as_written(
    root: &Root,
    path: &RelPath,
    file: &PlacedFile,
) -> Result<bool, TreeError> {
    let Some(facts) = root.stat(path)? else { return Ok(false) };
    if facts.kind != FileKind::File || facts.size != file.size {
        return Ok(false);
    }
    Ok(same_time(facts.mtime_ns, file) || holds(root, path, file)?)
}

/// Whether the file at the path has the content that the ledger knows.
pub(in crate::sync) fn holds(root: &Root, path: &RelPath, file: &PlacedFile) -> Result<bool, TreeError> {
    Ok(is_that(&root.hash(path, needs_sha256(file))?, file))
}

/// Whether it takes a SHA-256 to tell the content that the ledger knows.
pub(in crate::sync) fn needs_sha256(file: &PlacedFile) -> bool {
    matches!(file.proof, Some(Proof::SizeOnly { .. } | Proof::Disputed { .. }))
}

/// Whether a digest is that of the content that the ledger knows.
pub(in crate::sync) fn is_that(digest: &Digest, file: &PlacedFile) -> bool {
    digest.size == file.size
        && match file.proof {
            Some(Proof::SizeOnly { sha256 } | Proof::Disputed { sha256 }) => digest.sha256 == Some(sha256),
            _ => digest.apple == file.checksum,
        }
}
