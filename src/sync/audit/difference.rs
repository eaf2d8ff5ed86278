//! What an audit finds: one difference or note at a time.

use serde::{Deserialize, Serialize};

/// Where something differs from what the other sides say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// What iCloud says.
    Icloud,
    /// What larder remembers of iCloud and of the disk.
    Catalog,
    /// What lies on the disk.
    Disk,
}

/// Whether a finding speaks against the mirror being complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It does.
    Difference,
    /// It is worth knowing.
    Note,
}

macro_rules! whats {
    ($($(#[$doc:meta])* $name:ident, $level:ident, $word:literal, $heading:literal;)+) => {
        /// What is found.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum What {
            $($(#[$doc])* #[serde(rename = $word)] $name,)+
        }

        impl What {
            /// Every kind of finding, in the order in which they are shown.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// A word for machines.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// A heading for people.
            #[must_use]
            pub fn heading(self) -> &'static str {
                match self { $(Self::$name => $heading,)+ }
            }

            /// Whether it speaks against the mirror being complete.
            #[must_use]
            pub fn level(self) -> Level {
                match self { $(Self::$name => Level::$level,)+ }
            }
        }
    };
}

whats! {
    /// The library has not been listed to its end.
    NotListed, Difference, "not-listed", "Libraries that are not listed to their end";
    /// iCloud is still indexing the library.
    Indexing, Difference, "indexing", "Libraries that iCloud is still indexing";
    /// A library that the job file asks for and the catalog does not know.
    UnknownLibrary, Difference, "unknown-library", "Libraries that are not known yet";
    /// A library that iCloud does not give any more.
    LibraryGone, Difference, "library-gone", "Libraries that iCloud does not give any more";
    /// iCloud no longer knows up to where the library was read.
    TokenLost, Difference, "token-lost", "Libraries whose changes iCloud cannot tell any more";
    /// More changed in iCloud since the last run than is named.
    Unsynced, Difference, "unsynced", "Changes in iCloud since the last run";
    /// iCloud's counter says something else than the catalog.
    Counter, Difference, "counter", "iCloud's counters that differ";
    /// iCloud has it, the catalog does not.
    New, Difference, "new", "In iCloud and not in the catalog";
    /// It is otherwise in iCloud than in the catalog.
    Changed, Difference, "changed", "Otherwise in iCloud than in the catalog";
    /// The catalog has it, iCloud does not.
    Gone, Difference, "gone", "In the catalog and not in iCloud any more";
    /// A record that makes no sense, or that an earlier audit doubts.
    Unreadable, Difference, "unreadable", "Records to be asked for again";
    /// A file that has not been fetched.
    NotFetched, Difference, "not-fetched", "Not on this disk yet";
    /// A file that was placed and is not there any more.
    Lost, Difference, "lost", "Missing on this disk";
    /// A file that changed since larder wrote it.
    Altered, Difference, "altered", "Changed on this disk";
    /// Something else lies in the place of a file.
    Displaced, Difference, "displaced", "Something else lies in their place";
    /// A file that lies elsewhere than it should, or with another date.
    Misplaced, Difference, "misplaced", "To be moved";
    /// A file of a photo deleted in iCloud that leaves with the next run.
    Leaving, Difference, "leaving", "Deleted in iCloud, about to leave";
    /// A file of a photo deleted in iCloud that the brake holds.
    Held, Difference, "held", "Deleted in iCloud, held by the brake";
    /// iCloud's counter is off, as a look at the records proved, or counts by rules of its own.
    CounterOff, Note, "counter-off", "iCloud's counters that are off";
    /// iCloud gives no count of it.
    Uncounted, Note, "uncounted", "Not counted by iCloud";
    /// iCloud does not hold the file yet.
    Waiting, Note, "waiting", "Not fully uploaded to iCloud yet";
    /// The job file leaves it out.
    LeftOut, Note, "left-out", "Left out by the job file";
    /// A file of a photo deleted in iCloud that stays.
    Kept, Note, "kept", "Deleted in iCloud, kept here";
    /// A file that is no part of its photo any more.
    Extra, Note, "extra", "No longer asked for, kept here";
    /// A file under a name that is reserved for a photo.
    Unrecorded, Note, "unrecorded", "Under the name of a photo that is to come";
    /// A file that larder did not write.
    Foreign, Note, "foreign", "Not larder's";
    /// A partial file.
    Partial, Note, "partial", "Partial files";
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Whether it speaks against the mirror being complete.
    pub level: Level,
    /// The library that it concerns; empty for the disk as a whole.
    pub library: String,
    /// What it is about, for people: a path below the destination, a file name, an album.
    pub item: String,
    /// Record name, where it is about a record.
    pub record: Option<String>,
    /// Which side differs.
    #[serde(rename = "where")]
    pub place: Place,
    /// What was found.
    pub what: What,
    /// Why, as far as it is known.
    pub reason: String,
    /// What will be done about it.
    pub action: String,
}

impl Difference {
    pub(super) fn new(
        library: &str,
        item: impl Into<String>,
        (place, what): (Place, What),
        reason: impl Into<String>,
        action: impl Into<String>,
    ) -> Self {
        Self {
            level: what.level(),
            library: library.to_owned(),
            item: item.into(),
            record: None,
            place,
            what,
            reason: reason.into(),
            action: action.into(),
        }
    }

    pub(super) fn of(self, record: &str) -> Self {
        Self { record: Some(record.to_owned()), ..self }
    }
}

/// Hears of every finding, in no order to rely on.
pub trait Findings: Send + Sync {
    /// Something was found.
    fn on(&self, found: &Difference);
}
