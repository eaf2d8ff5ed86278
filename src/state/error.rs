//! What can go wrong with the state file.

use std::path::{Path, PathBuf};

/// Trouble with the state file.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Another process writes it.
    #[error("Another larder is using `{}`", path.display())]
    Busy {
        /// The state file.
        path: PathBuf,
    },
    /// It was written by a newer larder; nothing of it was read.
    #[error(
        "`{}` was written by a newer larder (format {found}, this one knows {known}): update larder, or name \
         another `state_dir`",
        path.display()
    )]
    Newer {
        /// The state file.
        path: PathBuf,
        /// The format found.
        found: u32,
        /// The newest format that this larder reads.
        known: u32,
    },
    /// It was written by an older larder, and only a run may bring it up to date.
    #[error(
        "`{}` was written by an older larder: run `larder sync --once` once, which brings it up to date",
        path.display()
    )]
    Older {
        /// The state file.
        path: PathBuf,
    },
    /// The file is damaged or no state file.
    #[error(
        "The state `{}` is damaged ({source}): run `larder sync --once`, which puts it aside and rebuilds it from iCloud \
         and the files on disk without fetching them again",
        path.display()
    )]
    Damaged {
        /// The state file.
        path: PathBuf,
        /// What redb says.
        source: Box<redb::Error>,
    },
    /// The process that wrote it was cut off; only a writer can put that right.
    #[error(
        "The state `{}` was cut off while it was written: run `larder sync --once`, which puts that right",
        path.display()
    )]
    Unclean {
        /// The state file.
        path: PathBuf,
    },
    /// Something else than a file has its name.
    #[error(
        "`{}` is no file, so it cannot be the state: move it away and run `larder sync --once`, which builds a new one",
        path.display()
    )]
    NoFile {
        /// Where the state file should be.
        path: PathBuf,
    },
    /// A row cannot be decoded.
    #[error(
        "A row of the state's table `{table}` cannot be read ({why}): when this comes again, move `state.redb` away and \
         run `larder sync --once`, which rebuilds it without fetching the files again"
    )]
    Row {
        /// The table.
        table: &'static str,
        /// Why.
        why: String,
    },
    /// Reading or writing failed.
    #[error("The state cannot be read or written: {0}")]
    Storage(Box<redb::Error>),
    /// A file operation failed.
    #[error("`{}` cannot be read or written: {source}; free some space on its disk or mend it, and run again", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// There is no state yet.
    #[error("Nothing has been mirrored yet (no state in `{}`): run `larder sync --once`", path.display())]
    Absent {
        /// Where it would be.
        path: PathBuf,
    },
}

/// Every error of redb becomes [`StateError::Storage`].
macro_rules! from_redb {
    ($($error:ty),+) => {$(
        impl From<$error> for StateError {
            fn from(error: $error) -> Self {
                Self::Storage(Box::new(error.into()))
            }
        }
    )+};
}

from_redb!(
    redb::StorageError,
    redb::TableError,
    redb::TransactionError,
    redb::CommitError,
    redb::CompactionError
);

impl StateError {
    /// The same trouble, said of the file that this one is a copy of.
    #[must_use]
    pub fn of(self, original: &Path) -> Self {
        let path = original.to_owned();
        match self {
            Self::Damaged { source, .. } => Self::Damaged { path, source },
            Self::Newer { found, known, .. } => Self::Newer { path, found, known },
            other => other,
        }
    }

    /// Whether the content of the file is what is wrong.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Damaged { .. } => true,
            Self::Storage(error) => match &**error {
                redb::Error::Corrupted(_) => true,
                // The file ends before something that it says it has.
                redb::Error::Io(error) => error.kind() == std::io::ErrorKind::UnexpectedEof,
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether the disk below the state is full, gone or read-only.
    #[must_use]
    pub fn is_disk(&self) -> bool {
        match self {
            Self::Storage(error) => matches!(**error, redb::Error::Io(_)),
            Self::Io { .. } => true,
            _ => false,
        }
    }
}
