//! How an item of Drive stands by the catalog and the job file. Planning, verifying and auditing ask the same question.

use std::collections::HashMap;

use super::Scope;
use crate::config::Drive;
use crate::model::{ItemId, Node, NodeKind};
use crate::state::{self, StateError, View, ZoneRow};

/// How an item of Drive stands.
pub(in crate::sync) enum Standing {
    /// Nothing is known of it.
    Unknown,
    /// It, or a folder that it lies in, is gone from iCloud.
    Gone,
    /// A folder above it has not been listed.
    Adrift,
    /// This key of the job file leaves it out.
    OutOfScope(&'static str),
    /// It belongs into the mirror. The node of the top has no parent.
    Wanted(Box<Node>),
}

/// How an item stands.
pub(in crate::sync) fn standing(
    view: &View,
    item: &ItemId,
    zones: &HashMap<u16, ZoneRow>,
    policy: &Drive,
) -> Result<Standing, StateError> {
    let Some(node) = state::node(view, item)? else { return Ok(Standing::Unknown) };
    let above = state::ancestors(view, item)?;
    if node.gone || above.iter().any(|(_, folder)| folder.gone) {
        return Ok(Standing::Gone);
    }
    if node.parent.is_some() {
        if above.last().is_none_or(|(_, top)| top.parent.is_some()) {
            return Ok(Standing::Adrift);
        }
        if let Some(key) = left_out(item, &node, &above, zones, policy) {
            return Ok(Standing::OutOfScope(key));
        }
    }
    Ok(Standing::Wanted(Box::new(node)))
}

/// The key of the job file that leaves an item out.
fn left_out(
    item: &ItemId,
    node: &Node,
    above: &[(ItemId, Node)],
    zones: &HashMap<u16, ZoneRow>,
    policy: &Drive,
) -> Option<&'static str> {
    let mut names: Vec<&str> = above.iter().map(|(_, folder)| folder.name.as_str()).collect();
    // The top has no name.
    names.pop();
    names.reverse();
    names.push(&node.name);
    let own = (node.kind == NodeKind::Library).then_some((item, node));
    let library = own.or_else(|| {
        above.iter().find(|(_, folder)| folder.kind == NodeKind::Library).map(|(id, folder)| (id, folder))
    });
    let scope = Scope(policy);
    library
        .and_then(|(id, library)| scope.leaves_out_library(library, &zones.get(&id.zone)?.id))
        .or_else(|| scope.leaves_out(node, &names))
}
