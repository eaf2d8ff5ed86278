//! Recognising what is on disk already.

use crate::model::Resource;
use crate::sync::RunError;
use crate::sync::plan::Spot;
use crate::tree::{FileKind, RelPath, Root};

/// What lies at a path, given the content that would go there. A file of the right size whose content cannot be
/// proven counts as the same for now: when its own content has been fetched, the two are compared.
pub(super) fn spot(root: &Root, path: &RelPath, resource: &Resource) -> Result<Spot, RunError> {
    let Some(facts) = root.stat(path)? else { return Ok(Spot::Free) };
    if facts.kind != FileKind::File || facts.size != resource.size {
        return Ok(Spot::Taken);
    }
    if resource.checksum.provable().is_none() || is_same(root, path, resource)? {
        return Ok(Spot::Same);
    }
    Ok(Spot::Taken)
}

/// Whether the very content that is wanted lies at the path, proven by Apple's checksum.
pub(super) fn is_same(root: &Root, path: &RelPath, resource: &Resource) -> Result<bool, RunError> {
    if resource.checksum.provable().is_none() {
        return Ok(false);
    }
    match root.stat(path)? {
        Some(facts) if facts.kind == FileKind::File && facts.size == resource.size => {
            Ok(root.hash(path, false)?.apple == resource.checksum)
        }
        _ => Ok(false),
    }
}
