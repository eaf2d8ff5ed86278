//! Somebody's folder, to be looked at alone: a memory card, an old phone.

use std::path::Path;

use super::{RelPath, Root, Scan, TreeError};
use crate::model::Digest;

/// A folder whose files are read and never touched. No link in it is followed.
#[derive(Debug)]
pub struct Folder(Root);

impl Folder {
    /// Opens the folder.
    pub fn open(path: &Path) -> Result<Self, TreeError> {
        Ok(Self(Root::unmarked(path)?))
    }

    /// Starts a walk through all that lies in it.
    #[must_use]
    pub fn scan(&self) -> Scan<'_> {
        self.0.scan()
    }

    /// Reads a file and gives its digest; none when `each`, which hears how many bytes came, says so.
    pub fn hash(
        &self,
        path: &RelPath,
        with_sha256: bool,
        each: impl FnMut(u64) -> bool,
    ) -> Result<Option<Digest>, TreeError> {
        Ok(self.0.reread(path, with_sha256, each)?.1)
    }
}
