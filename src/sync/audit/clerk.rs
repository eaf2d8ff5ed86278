//! Holding one item against the disk, whatever it is, and noting what the next run is to make good.

use super::desk::{Desk, Note};
use super::difference::{Difference, Place, What};
use super::leaving::Leaving;
use super::standing::{Standing, standing};
use super::words;
use crate::model::ItemId;
use crate::state::{Fate, Lies, Mark, PlacedFile, Placement};
use crate::sync::RunError;
use crate::tree::{RelPath, TreeError};

/// An item with what the ledger has of it.
pub(super) struct Held {
    pub(super) item: ItemId,
    pub(super) placement: Option<Placement>,
    pub(super) mark: Option<Mark>,
}

/// Who looks, tells and notes.
pub(super) struct Clerk<'a> {
    pub(super) desk: &'a Desk,
    /// What people call the library.
    pub(super) library: &'static str,
    pub(super) leaving: &'a Leaving,
    /// The job file asks for other files than at the last run.
    pub(super) other_policy: bool,
    /// Seconds since 1970.
    pub(super) now: i64,
    pub(super) notes: Vec<Note>,
}

impl Held {
    /// The files that the ledger has, each with the placement.
    pub(super) fn files(&self) -> impl Iterator<Item = (&Placement, &PlacedFile)> {
        self.placement.iter().flat_map(|placement| placement.files.iter().map(move |file| (placement, file)))
    }
}

impl Clerk<'_> {
    /// Tells of a file that the ledger does not have in place.
    ///
    /// `same` is what the ledger has of that very content.
    pub(super) fn not_here(&mut self, held: &Held, item: String, same: Option<&PlacedFile>) {
        match same.map(|placed| &placed.lies) {
            Some(Lies::Elsewhere(path) | Lies::Attic(path)) => {
                let reason = format!("it lies at `{path}`");
                let action = match &held.mark {
                    Some(mark) => format!("moved {}", words::when(mark, self.now)),
                    None => self.look_again(held, "moved by the next run"),
                };
                self.found(held, item, Place::Disk, What::Misplaced, reason, &action);
            }
            Some(Lies::Altered(_)) => {
                let reason = "an earlier audit found that it changed since larder wrote it";
                let action = "set aside in the attic and fetched by the next run";
                self.found(held, item, Place::Disk, What::Altered, reason, action);
            }
            _ => self.not_fetched(held, item, "not fetched yet"),
        }
    }

    /// Tells of something that is to be fetched, by what its mark says. Without a mark no run would look at it.
    pub(super) fn not_fetched(&mut self, held: &Held, item: String, usual: &str) {
        match &held.mark {
            Some(mark) if mark.waiting => {
                let reason = mark.why.as_deref().unwrap_or("iCloud does not hold it yet");
                let action = format!(
                    "waits for the device to upload it; asked for again {}",
                    words::when(mark, self.now)
                );
                self.found(held, item, Place::Icloud, What::Waiting, reason, &action);
            }
            Some(mark) => {
                let reason = mark.why.as_deref().unwrap_or(usual);
                let action = format!("fetched {}", words::when(mark, self.now));
                self.found(held, item, Place::Disk, What::NotFetched, reason, &action);
            }
            None => {
                let reason = if self.other_policy { "the job file asks for it now" } else { usual };
                let action = self.look_again(held, "fetched by the next run");
                self.found(held, item, Place::Disk, What::NotFetched, reason, &action);
            }
        }
    }

    /// Sees to it that the next run looks at an item that is not marked, and says what will be done.
    pub(super) fn look_again(&mut self, held: &Held, action: &str) -> String {
        if self.other_policy {
            // With another job file the next run looks at everything.
            return action.to_owned();
        }
        self.notes.push(Note::Look(held.item.clone()));
        self.desk.will(action)
    }

    /// Looks at a file that should be in place. Whether it is.
    pub(super) fn stands(
        &mut self,
        held: &Held,
        placement: &Placement,
        file: &PlacedFile,
    ) -> Result<bool, RunError> {
        let path = placement.path(&file.name);
        let (what, reason, action) = match self.standing(&path, file)? {
            Ok(Standing::Fine) => {
                let disk = &mut self.desk.figures().disk;
                disk.files += 1;
                disk.bytes += file.size;
                return Ok(true);
            }
            Ok(Standing::Lost) => {
                (What::Lost, "it is not there any more".to_owned(), "fetched by the next run")
            }
            Ok(Standing::Size(size)) => {
                let reason = format!("it has {size} bytes where larder wrote {}", file.size);
                (What::Altered, reason, "set aside in the attic and fetched by the next run")
            }
            Ok(Standing::Time) => {
                let reason = "its time is another than larder gave it".to_owned();
                let action = "compared by the next run: set aside in the attic and fetched if it changed, dated if not";
                (What::Altered, reason, action)
            }
            Ok(Standing::Other(kind)) => {
                let reason = format!("a {kind} lies in its place; larder replaces none");
                (What::Displaced, reason, "fetched by the next run under another name")
            }
            Err(error) => {
                (What::Displaced, error.to_string(), "fetched by the next run when the way is free")
            }
        };
        if !self.desk.still(&held.item, file)? {
            return Ok(true);
        }
        let fate = if what == What::Altered { Fate::Altered } else { Fate::Lost };
        self.note_file(held, file, fate);
        self.found(held, path, Place::Disk, what, reason, &self.desk.will(action));
        Ok(false)
    }

    /// Tells of a file that iCloud no longer has, and what becomes of it.
    pub(super) fn no_longer_in_icloud(
        &mut self,
        held: &Held,
        placement: &Placement,
        file: &PlacedFile,
        why: &str,
    ) -> Result<(), RunError> {
        let path = placement.lies_at(file);
        let lost = matches!(self.standing(&path, file)?, Ok(Standing::Lost));
        if lost && self.desk.still(&held.item, file)? {
            self.note_file(held, file, Fate::Lost);
            let reason = format!("it is not there any more, and {why}");
            self.found(held, path, Place::Disk, What::Lost, reason, "nothing: nobody has it");
            return Ok(());
        }
        let (what, action) = match &held.mark {
            Some(_) if file.may_leave() => self.leaving.of_a_file(),
            _ => (What::Kept, "nothing".into()),
        };
        let why = if file.pinned { format!("{why}, and somebody brought it back") } else { why.to_owned() };
        self.found(held, path, Place::Disk, what, why, &action);
        Ok(())
    }

    /// How a file stands; the inner error is of its path alone.
    pub(super) fn standing(
        &self,
        path: &str,
        file: &PlacedFile,
    ) -> Result<Result<Standing, TreeError>, RunError> {
        let path = match RelPath::parse(path) {
            Ok(path) => path,
            Err(bad) => return Ok(Err(TreeError::Reserved { path: bad.path })),
        };
        match self.desk.root.stat(&path) {
            Ok(facts) => Ok(Ok(standing(facts.as_ref(), file))),
            Err(error) if error.is_disk() => Err(error.into()),
            Err(error) => Ok(Err(error)),
        }
    }

    /// Notes what became of a file.
    pub(super) fn note_file(&mut self, held: &Held, file: &PlacedFile, fate: Fate) {
        let (item, kind, seen) = (held.item.clone(), file.kind, file.clone());
        self.notes.push(Note::File { item, kind, seen, fate });
    }

    /// Tells a finding about an item.
    pub(super) fn found(
        &self,
        held: &Held,
        item: String,
        place: Place,
        what: What,
        reason: impl Into<String>,
        action: &str,
    ) {
        let found = Difference::new(self.library, item, (place, what), reason, action);
        self.desk.found(&found.of(&held.item.record));
    }
}
