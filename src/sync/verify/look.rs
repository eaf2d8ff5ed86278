//! Looking at one file: is it what larder wrote, byte for byte?

use super::desk::Desk;
use crate::event::Event;
use crate::model::{Digest, ItemId};
use crate::state::{Condition, PlacedFile};
use crate::sync::RunError;
use crate::sync::apply::known::{is_meant, own_hash, same_time};
use crate::tree::{Facts, FileKind, RelPath, TreeError};

/// A file as the ledger has it.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) item: ItemId,
    pub(super) file: PlacedFile,
    /// Where it lies.
    pub(super) path: String,
}

/// What was found where a file should be.
pub(super) enum Seen {
    /// What larder wrote.
    Whole,
    /// Something else, or nothing.
    Wrong(Box<Finding>),
    /// Nobody knows: it was to end.
    Stopped,
}

/// A file that does not seem to be what larder wrote.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    pub(super) subject: Subject,
    pub(super) condition: Condition,
    pub(super) why: String,
    /// The facts of what lies there, to know whether it is still that.
    pub(super) facts: Option<Facts>,
    /// The digest of what lies there, when it was read.
    pub(super) digest: Option<Digest>,
}

/// Looks at a file. Only a disk that is gone is an error.
pub(super) fn look(desk: &Desk, subject: &Subject) -> Result<Seen, RunError> {
    let finding = |condition, why: String, facts| {
        let subject = subject.clone();
        Ok(Seen::Wrong(Box::new(Finding { subject, condition, why, facts, digest: None })))
    };
    let file = &subject.file;
    let path = match RelPath::parse(&subject.path) {
        Ok(path) => path,
        Err(error) => return finding(Condition::Unreadable, error.to_string(), None),
    };
    let facts = match desk.root.stat(&path) {
        Ok(Some(facts)) => facts,
        Ok(None) => return finding(Condition::Missing, "it is not there".into(), None),
        Err(error) => {
            let (condition, why) = refusal(error)?;
            return finding(condition, why, None);
        }
    };
    if facts.kind != FileKind::File {
        let why = format!("a {} lies in its place", facts.kind);
        return finding(Condition::Replaced, why, Some(facts));
    }
    if facts.size != file.size {
        let why = format!("it has {} bytes where larder wrote {}", facts.size, file.size);
        return finding(Condition::Edited, why, Some(facts));
    }
    let read = desk.root.reread(&path, own_hash(file).is_some(), |bytes| {
        desk.observer.on(&Event::Reread(bytes));
        !desk.cancel.is_cancelled()
    });
    let (facts, digest) = match read {
        Ok((_, None)) => return Ok(Seen::Stopped),
        Ok((facts, Some(digest))) => (facts, digest),
        Err(error) => {
            let (condition, why) = refusal(error)?;
            return finding(condition, why, Some(facts));
        }
    };
    if is_meant(&digest, file) {
        return Ok(Seen::Whole);
    }
    let (condition, why) = if same_time(facts.mtime_ns, file) {
        (Condition::Damaged, "its bytes are others, its length and time are not: the disk lost them")
    } else {
        (Condition::Edited, "its bytes and its time are others: somebody changed it")
    };
    let (subject, facts, digest) = (subject.clone(), Some(facts), Some(digest));
    Ok(Seen::Wrong(Box::new(Finding { subject, condition, why: why.into(), facts, digest })))
}

/// What an error says of the one file. A disk that is gone is an error for all.
fn refusal(error: TreeError) -> Result<(Condition, String), RunError> {
    let condition = match &error {
        TreeError::Link { .. } | TreeError::InTheWay { .. } => Condition::Replaced,
        TreeError::Permission { .. } => Condition::Unreadable,
        error if !error.is_disk() => Condition::Unreadable,
        _ => return Err(error.into()),
    };
    Ok((condition, error.to_string()))
}
