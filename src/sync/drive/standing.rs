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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::State;

    #[test]
    fn what_hangs_on_a_folder_that_nobody_knows_is_adrift_and_not_gone() {
        let state = State::in_memory().unwrap();
        let item = |record: &str| ItemId { zone: 0, record: record.into() };
        let node = |kind, parent: Option<&str>| Node {
            record: String::new(),
            drivewsid: "FILE::com.apple.CloudDocs::A".into(),
            parent: parent.map(item),
            kind,
            name: "a".into(),
            etag: "1::1".into(),
            size: Some(1),
            modified_ms: None,
            created_ms: None,
            share: None,
            package: None,
            gone: false,
        };
        let put = |record: &str, kind, parent| {
            state.write(|batch| batch.put_node(&item(record), node(kind, parent))).unwrap();
        };
        put("top", NodeKind::Folder, None);
        put("here", NodeKind::File, Some("top"));
        put("lost", NodeKind::File, Some("nowhere"));
        // Two folders in each other, as seen while one is moved.
        put("one", NodeKind::Folder, Some("other"));
        put("other", NodeKind::Folder, Some("one"));
        put("in one", NodeKind::File, Some("one"));
        let policy = Drive::defaults("/mirror".into());
        let view = state.view().unwrap();
        let of = |record| standing(&view, &item(record), &HashMap::new(), &policy).unwrap();
        assert!(matches!(of("here"), Standing::Wanted(_)));
        assert!(matches!(of("nobody"), Standing::Unknown));
        for adrift in ["lost", "one", "in one"] {
            assert!(matches!(of(adrift), Standing::Adrift), "{adrift}");
        }
    }
}
