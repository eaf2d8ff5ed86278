//! The audit of iCloud Drive: every folder is asked for its items, every item is held against ledger and disk.

mod cloud;
mod local;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::desk::Desk;
use super::figures::{LibraryFigures, Line};
use super::{leaving, only_icloud, tree};
use crate::icloud::drive::Drive;
use crate::icloud::session::{Session, SessionError};
use crate::model::{ItemId, Part};
use crate::state::{self, MetaKey, View, ZoneRow};
use crate::sync::context::blocking;
use crate::sync::{RunError, policy};

/// What findings call it.
const LIBRARY: &str = "iCloud Drive";

/// How many files and folders.
#[derive(Debug, Clone, Copy, Default)]
struct Totals {
    files: u64,
    folders: u64,
}

/// The audit itself. Gives why iCloud could not be asked.
pub(super) async fn go(
    desk: Arc<Desk>,
    session: impl Future<Output = Result<Session, SessionError>>,
    deep: bool,
) -> Result<Option<RunError>, RunError> {
    desk.phase("Asking iCloud");
    let asked = async { cloud::compare(&desk, &Drive::new(session.await?), deep).await };
    let (told, icloud) = match asked.await {
        Ok(told) => (told, None),
        Err(error) => (None, Some(only_icloud(error)?)),
    };
    desk.phase("Looking at every file");
    blocking(move || {
        let leaving = leaving::Leaving::count(&desk)?;
        let followed = state::text(&desk.books.view()?, MetaKey::Policy)?;
        let other_policy = followed.is_some_and(|known| known != policy::wanted(&desk.job, Part::Drive));
        let (catalog, disk) = local::look(&desk, &leaving, other_policy)?;
        let line = |what: &str, of: fn(Totals) -> u64| Line {
            what: what.to_owned(),
            icloud: told.map(of),
            catalog: Some(of(catalog)),
            disk: Some(of(disk)),
        };
        let kinds = vec![line("files", |totals| totals.files), line("folders", |totals| totals.folders)];
        let name = LIBRARY.to_owned();
        desk.figures().libraries.push(LibraryFigures { name, kinds, ..LibraryFigures::default() });
        tree::look(&desk, &HashSet::new())
    })
    .await?;
    Ok(icloud)
}

fn zones(view: &View) -> Result<HashMap<u16, ZoneRow>, RunError> {
    Ok(state::zones(view)?.into_iter().collect())
}

/// What an item is called: its path on disk, where it has one, or its name.
fn named(view: &View, item: &ItemId) -> Result<String, RunError> {
    if let Some(placement) = state::placement(view, item)? {
        let name = placement.files.first().map_or(&placement.stem, |file| &file.name);
        return Ok(placement.path(name));
    }
    let name = state::node(view, item)?.map(|node| node.name).filter(|name| !name.is_empty());
    Ok(name.unwrap_or_else(|| item.record.clone()))
}
