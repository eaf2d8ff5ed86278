//! What lies at a path already, as far as the files of an item care.

use super::known::{holds, same_time};
use super::site::Site;
use super::subject::Subject;
use crate::model::{Kind, Resource};
use crate::state::{Lies, PlacedFile, Placement, Proof};
use crate::sync::RunError;
use crate::sync::plan::{Spot, Wanted};
use crate::tree::name::fold;
use crate::tree::{FileKind, RelPath};

impl Site<'_, '_> {
    /// Whether a file lies at the path of a package that is the item's already: a run that was cut off may have placed it and
    /// not recorded it, and as the zip is another one every time, nothing else can tell. It goes to the attic.
    pub(super) fn is_left_package(&self, subject: &Subject, path: &str) -> Result<bool, RunError> {
        if !subject.document.as_ref().is_some_and(|document| document.is_zip)
            || self.names.owner(self.view, &fold(path))?.as_ref() != Some(self.item)
        {
            return Ok(false);
        }
        let Ok(path) = RelPath::parse(path) else { return Ok(false) };
        Ok(self.root.stat(&path)?.is_some_and(|facts| facts.kind == FileKind::File))
    }

    /// Whether a copy of the item's file lies under its new name: a move by copying that was cut off.
    pub(super) fn is_left_copy(
        &self,
        placement: &Placement,
        kind: Kind,
        name: &str,
    ) -> Result<bool, RunError> {
        let Some(old) = placement.file(kind).filter(|old| old.name == name && old.proof.is_some()) else {
            return Ok(false);
        };
        let Ok(path) = RelPath::parse(&placement.path(name)) else { return Ok(false) };
        Ok(matches!(old.lies, Lies::Elsewhere(_)) && self.is_whole(&path, old)?)
    }

    /// What lies at a path, as far as a file that would go there cares.
    pub(super) fn spot(&mut self, path: &str, file: &Wanted) -> Result<Spot, RunError> {
        let folded = fold(path);
        if self.names.owner(self.view, &folded)?.is_some_and(|owner| owner != *self.item) {
            return Ok(Spot::Taken);
        }
        // A path that no disk takes is as good as taken: the next candidate is tried.
        let Ok(path) = RelPath::parse(path) else { return Ok(Spot::Taken) };
        let Some(facts) = self.root.stat(&path)? else { return Ok(Spot::Free) };
        if facts.kind != FileKind::File || facts.size != file.resource.size {
            return Ok(Spot::Taken);
        }
        Ok(if self.is_same(&path, &file.resource)? { Spot::Same } else { Spot::Maybe })
    }

    /// The proof of what lies at the path, when that is the wanted content already: by Apple's checksum, or, where a file
    /// only seemed altered, by what larder knows of it.
    pub(super) fn proof_at(
        &mut self,
        path: &RelPath,
        resource: &Resource,
        old: Option<&PlacedFile>,
    ) -> Result<Option<Proof>, RunError> {
        let altered = old.filter(|old| old.lies == Lies::Altered(path.to_string()));
        match self.is_same(path, resource) {
            Ok(true) => return Ok(Some(Proof::Proven)),
            // What cannot be read any more is not what is wanted.
            Err(RunError::Tree(_)) if altered.is_some() => return Ok(None),
            same => same?,
        };
        let Some(old) = altered.filter(|old| old.checksum == resource.checksum) else { return Ok(None) };
        // A disputed file that nobody touched is in question because somebody wants it fetched again.
        if matches!(old.proof, Some(Proof::Disputed { .. }))
            && self.root.stat(path)?.is_some_and(|facts| same_time(facts.mtime_ns, old))
        {
            return Ok(None);
        }
        Ok(if self.is_whole(path, old)? { old.proof } else { None })
    }

    /// Whether a file that seemed altered is what larder knows of it.
    pub(super) fn is_whole(&self, path: &RelPath, file: &PlacedFile) -> Result<bool, RunError> {
        let facts = self.root.stat(path)?;
        let plausible = facts.is_some_and(|facts| facts.kind == FileKind::File && facts.size == file.size);
        Ok(plausible && holds(self.root, path, file).unwrap_or(false))
    }

    /// Whether the very content that is wanted lies at the path, proven by Apple's checksum.
    pub(super) fn is_same(&mut self, path: &RelPath, resource: &Resource) -> Result<bool, RunError> {
        if resource.checksum.provable().is_none() {
            return Ok(false);
        }
        let key = (path.to_string(), resource.checksum.clone());
        if let Some(same) = self.same.get(&key) {
            return Ok(*same);
        }
        let facts = self.root.stat(path)?;
        let same = match facts {
            Some(facts) if facts.kind == FileKind::File && facts.size == resource.size => {
                self.root.hash(path, false)?.apple == resource.checksum
            }
            _ => return Ok(false),
        };
        self.same.insert(key, same);
        Ok(same)
    }
}
