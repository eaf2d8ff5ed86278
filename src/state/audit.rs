//! What an audit asks in pieces, and how it notes what it found.

use redb::ReadableTable as _;

use super::StateError;
use super::key::pack;
use super::ledger::{Lies, PlacedFile, placement};
use super::tables::{Batch, Tables};
use crate::model::{ItemId, Kind};

/// Whether the catalog has an asset in an album.
pub fn is_member(tables: &impl Tables, zone: u16, album: &str, asset: &str) -> Result<bool, StateError> {
    Ok(tables.members().get((zone, pack(album).as_slice(), pack(asset).as_slice()))?.is_some())
}

/// What became of a file on disk since larder wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is not there any more.
    Lost,
    /// A file of another size or time lies at its path.
    Altered,
}

impl Batch<'_> {
    /// Notes what became of a file, and marks its item, so that the next run makes it good. Nothing is noted when the
    /// ledger says something else of the file by now than `seen`.
    pub fn note_fate(
        &mut self,
        item: &ItemId,
        kind: Kind,
        seen: &PlacedFile,
        fate: Fate,
    ) -> Result<(), StateError> {
        let Some(mut placement) = placement(self, item)? else { return Ok(()) };
        let path = placement.lies_at(seen);
        let Some(file) = placement.files.iter_mut().find(|file| file.kind == kind) else { return Ok(()) };
        if file != seen {
            return Ok(());
        }
        match fate {
            Fate::Lost => {
                file.proof = None;
                // So that history tells why it comes again.
                file.lies = Lies::Altered(path);
            }
            Fate::Altered => file.lies = Lies::Altered(path),
        }
        self.put_placement(item, &placement)?;
        self.mark(item)
    }
}
