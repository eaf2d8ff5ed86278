//! Is a file on disk what the ledger says it is?

use crate::model::Digest;
use crate::state::{Lies, PlacedFile, Placement, Proof};
use crate::tree::{FileKind, RelPath, Root, TreeError};

/// Whether the file still has the time that larder gave it. Disks keep times to two seconds at worst (FAT).
pub(in crate::sync) fn same_time(mtime_ns: i64, file: &PlacedFile) -> bool {
    file.mtime_ms.is_none_or(|given| (mtime_ns / 1_000_000 - given).abs() <= 2_000)
}

/// The SHA-256 that stands for the content where Apple's checksum does not.
pub(in crate::sync) fn own_hash(file: &PlacedFile) -> Option<[u8; 32]> {
    match file.proof {
        Some(Proof::SizeOnly { sha256 } | Proof::Disputed { sha256 }) => Some(sha256),
        _ => None,
    }
}

/// Whether a digest is that of the content that the ledger knows. Where [`own_hash`] gives one, SHA-256 must have been
/// taken.
pub(in crate::sync) fn is_meant(digest: &Digest, file: &PlacedFile) -> bool {
    digest.size == file.size
        && match own_hash(file) {
            Some(sha256) => digest.sha256 == Some(sha256),
            None => digest.apple == file.checksum,
        }
}

/// Whether the file at the path has the content that the ledger knows.
pub(in crate::sync) fn holds(root: &Root, path: &RelPath, file: &PlacedFile) -> Result<bool, TreeError> {
    Ok(is_meant(&root.hash(path, own_hash(file).is_some())?, file))
}

/// Whether the file at the path is, by Apple's checksum, the one that was to come there.
pub(in crate::sync) fn is_there(root: &Root, path: &RelPath, file: &PlacedFile) -> Result<bool, TreeError> {
    if file.checksum.provable().is_none() {
        return Ok(false);
    }
    match root.stat(path)? {
        Some(facts) if facts.kind == FileKind::File && facts.size == file.size => holds(root, path, file),
        _ => Ok(false),
    }
}

/// The file of Drive that a run which was cut off placed under its reserved name, as it is to be recorded. No checksum was
/// known when the name was reserved; what tells it is the very time that it was to get, which it has before it has its name.
pub(in crate::sync) fn left_by_larder(
    root: &Root,
    path: &RelPath,
    file: &PlacedFile,
) -> Result<Option<PlacedFile>, TreeError> {
    let Some(mtime_ms) = file.mtime_ms.filter(|_| file.tag.is_some()) else { return Ok(None) };
    let there = root.stat(path)?.filter(|facts| facts.kind == FileKind::File);
    if there.is_none_or(|facts| facts.mtime_ns / 1_000_000 != mtime_ms) {
        return Ok(None);
    }
    let digest = root.hash(path, true)?;
    let proof = match digest.sha256 {
        Some(sha256) if digest.apple != file.checksum => Proof::SizeOnly { sha256 },
        _ => Proof::Proven,
    };
    Ok(Some(PlacedFile { size: digest.size, proof: Some(proof), ..file.clone() }))
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

/// Where a file of the ledger lies. A run that was stopped after it had moved the file and before it could record that
/// left it at its new path already.
pub(super) fn whereabouts(root: &Root, placement: &Placement, file: &PlacedFile) -> Result<Lies, TreeError> {
    let (Lies::Elsewhere(old) | Lies::Attic(old)) = &file.lies else { return Ok(file.lies.clone()) };
    let (Ok(old), Ok(new)) = (RelPath::parse(old), RelPath::parse(&placement.path(&file.name))) else {
        return Ok(file.lies.clone());
    };
    let moved = root.stat(&old)?.is_none()
        && root.stat(&new)?.is_some_and(|facts| facts.kind == FileKind::File && facts.size == file.size)
        && holds(root, &new, file)?;
    Ok(if moved { Lies::There } else { file.lies.clone() })
}
