//! How far a run is, as its events tell: the same for the bars of a terminal, for plain lines and for the page.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::event::Event;
use crate::model::Part;
use crate::report::figures::{bytes, count, counted};

/// How far a run is. Names no file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HowFar {
    /// Which part is at work; `None` before one began.
    pub part: Option<Part>,
    phase: String,
    libraries: BTreeMap<String, (u64, u64)>,
    /// Files to be fetched or read, as far as that is known.
    pub files: u64,
    /// Those that are done, well or not.
    pub files_done: u64,
    /// Bytes of all these files.
    pub bytes: u64,
    /// Bytes that came, those of files that were begun anew twice.
    pub bytes_done: u64,
}

impl HowFar {
    /// Takes in what a run tells.
    pub fn take(&mut self, event: &Event) {
        match event {
            Event::Phase(phase) => phase.clone_into(&mut self.phase),
            Event::Listed { library, items, expected } => {
                self.libraries.insert(library.clone(), (*items, *expected));
            }
            Event::Planned { files, bytes } => {
                self.files += files;
                self.bytes += bytes;
            }
            Event::Received(bytes) | Event::Reread(bytes) => self.bytes_done += bytes,
            Event::Checked | Event::Failed { .. } => self.files_done += 1,
            Event::Placed { fetched, .. } => self.files_done += u64::from(*fetched),
            Event::Warning(_) => {}
        }
    }

    /// What the run is at, and what of iCloud it has seen.
    #[must_use]
    pub fn headline(&self) -> String {
        let what = if self.part == Some(Part::Drive) { "items" } else { "photos" };
        let listed = self.libraries.iter().map(|(name, (items, expected))| match expected {
            0 => format!("{name}: {} {what}", count(*items)),
            _ => format!("{name}: {} of {} {what}", count(*items), count(*expected)),
        });
        std::iter::once(self.phase.clone()).chain(listed).collect::<Vec<_>>().join("  ")
    }

    /// Files and bytes, done and in all.
    #[must_use]
    pub fn figures(&self) -> String {
        let files = counted(self.files, "file", "files");
        let (done, total) = (bytes(self.bytes_done.min(self.bytes)), bytes(self.bytes));
        format!("{} of {files}, {done} of {total}", count(self.files_done))
    }
}

/// A run as it goes, for whoever looks from elsewhere. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Live(Arc<Mutex<HowFar>>);

impl Live {
    /// Another run begins (`None`), or a part of it, with counts of its own.
    pub fn begin(&self, part: Option<Part>) {
        *self.lock() = HowFar { part, ..HowFar::default() };
    }

    /// How far it is now.
    #[must_use]
    pub fn now(&self) -> HowFar {
        self.lock().clone()
    }

    /// To take in what the run tells, or to look while nobody does.
    pub fn lock(&self) -> MutexGuard<'_, HowFar> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_add_up() {
        let live = Live::default();
        for event in [
            Event::Phase("Mirroring".to_owned()),
            Event::Listed { library: "Personal".to_owned(), items: 3, expected: 4 },
            Event::Planned { files: 3, bytes: 3000 },
            Event::Received(1000),
            Event::Checked,
        ] {
            live.lock().take(&event);
        }
        assert_eq!(live.now().headline(), "Mirroring  Personal: 3 of 4 photos");
        assert_eq!(live.now().figures(), "1 of 3 files, 1000 B of 2.93 KiB");
        live.begin(Some(Part::Drive));
        live.lock().take(&Event::Listed { library: "iCloud Drive".to_owned(), items: 7, expected: 0 });
        assert_eq!(live.now().headline(), "  iCloud Drive: 7 items");
        assert_eq!(live.now().files, 0, "counts of its own");
        live.begin(None);
        assert_eq!(live.now(), HowFar::default());
    }
}
