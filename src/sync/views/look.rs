//! Is what lies at an entry's path what it should be, and is it larder's?

use crate::state::{Form, Shown};
use crate::sync::plan::relative;
use crate::tree::{Facts, FileKind, RelPath, Root, TreeError};

/// A path of the state.
pub(super) fn parse(path: &str) -> Result<RelPath, TreeError> {
    RelPath::parse(path).map_err(|bad| TreeError::Reserved { path: bad.path })
}

/// The facts of a photo's file; `None` when it is not there, or is none.
pub(super) fn source(root: &Root, shown: &Shown) -> Result<Option<Facts>, TreeError> {
    Ok(root.stat(&parse(&shown.source)?)?.filter(|facts| facts.kind == FileKind::File))
}

/// Whether the content that an entry shows is in the photo's file too.
pub(super) fn source_holds(root: &Root, shown: &Shown) -> Result<bool, TreeError> {
    let Some(facts) = source(root, shown)?.filter(|facts| facts.size == shown.size) else { return Ok(false) };
    Ok(same_time(&facts, shown) || holds(root, &parse(&shown.source)?, shown)?)
}

/// Whether `facts`, of what lies at the path of `want`, are those of the entry that is wanted. `noted` is what was noted
/// for the path before.
pub(super) fn is_right(
    root: &Root,
    want: &Shown,
    facts: &Facts,
    noted: Option<&Shown>,
) -> Result<bool, TreeError> {
    let path = parse(&want.path)?;
    if want.form == Form::Symlink {
        let target = relative(&want.path, &want.source);
        return Ok(facts.kind == FileKind::Link && root.link_target(&path)? == Some(target));
    }
    let Some(source) = source(root, want)?.filter(|_| facts.kind == FileKind::File) else { return Ok(false) };
    if want.form == Form::Hardlink || facts.is_same_file(&source) {
        return Ok(want.form == Form::Hardlink && facts.is_same_file(&source));
    }
    match noted.filter(|noted| noted.done) {
        Some(noted) if noted.form != want.form || noted.checksum != want.checksum => Ok(false),
        Some(noted) => Ok(facts.size == want.size && (same_time(facts, noted) || holds(root, &path, want)?)),
        None => Ok(facts.size == want.size && holds(root, &path, want)?),
    }
}

/// Whether `facts`, of what lies at the path of an entry, are those of what larder made there.
pub(super) fn is_ours(root: &Root, shown: &Shown, facts: &Facts) -> Result<bool, TreeError> {
    let path = parse(&shown.path)?;
    if shown.form == Form::Symlink {
        let target = relative(&shown.path, &shown.source);
        return Ok(facts.kind == FileKind::Link && root.link_target(&path)? == Some(target));
    }
    if facts.kind != FileKind::File {
        return Ok(false);
    }
    // Another name of the photo's file, whatever became of that file.
    if shown.form == Form::Hardlink && source(root, shown)?.is_some_and(|source| source.is_same_file(facts)) {
        return Ok(true);
    }
    Ok(facts.size == shown.size && ((shown.done && same_time(facts, shown)) || holds(root, &path, shown)?))
}

/// Whether a file has the time of the photo's file, as far as disks keep times (FAT: to two seconds).
pub(super) fn same_time(facts: &Facts, shown: &Shown) -> bool {
    shown.mtime_ms.is_some_and(|given| (facts.mtime_ns / 1_000_000 - given).abs() <= 2_000)
}

/// Whether the file at the path has the content that an entry shows.
fn holds(root: &Root, path: &RelPath, shown: &Shown) -> Result<bool, TreeError> {
    let digest = root.hash(path, shown.sha256.is_some())?;
    let same = match shown.sha256 {
        Some(sha256) => digest.sha256 == Some(sha256),
        None => digest.apple == shown.checksum,
    };
    Ok(same && digest.size == shown.size)
}
