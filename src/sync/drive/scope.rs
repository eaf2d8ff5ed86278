//! What of Drive the job file asks for.

use crate::config::Drive;
use crate::model::{Node, NodeKind, ZoneId};

/// The selection of a job file.
#[derive(Debug, Clone, Copy)]
pub(in crate::sync) struct Scope<'a>(pub(in crate::sync) &'a Drive);

impl Scope<'_> {
    /// The key that leaves an item out, whose name and those of the folders above it are `names`, from the top.
    pub(in crate::sync) fn leaves_out(self, node: &Node, names: &[&str]) -> Option<&'static str> {
        let is_folder = node.kind.holds_items();
        if let Some(key) = self.is_excluded(names, is_folder) {
            return Some(key);
        }
        if !self.0.include.is_empty() && !self.0.include.fit(&names.join("/"), is_folder) {
            return Some("drive.include");
        }
        let too_large = |size| self.0.max_size.is_some_and(|most| size > most);
        if !is_folder && node.size.is_some_and(too_large) {
            return Some("drive.max_size");
        }
        None
    }

    /// The key that leaves out a folder with all that may ever be in it: it need not be listed.
    pub(in crate::sync) fn is_excluded(self, names: &[&str], is_folder: bool) -> Option<&'static str> {
        // Whatever lies in an excluded folder is out, also where a later pattern would take it back.
        let excluded = (1..=names.len())
            .any(|depth| self.0.exclude.fit(&names[..depth].join("/"), is_folder || depth < names.len()));
        excluded.then_some("drive.exclude")
    }

    /// The key that leaves out an app library.
    pub(in crate::sync) fn leaves_out_library(self, node: &Node, zone: &ZoneId) -> Option<&'static str> {
        let out = node.kind == NodeKind::Library
            && !self.0.libraries.fit(&node.name)
            && !self.0.libraries.fit(&zone.name);
        out.then_some("drive.libraries")
    }
}
