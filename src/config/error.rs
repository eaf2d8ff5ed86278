//! What can be wrong with a job file.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// A place in a job file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    /// The job file.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line {}, column {} of `{}`", self.line, self.column, self.file.display())
    }
}

/// A job file that cannot be used. Values are quoted only where they are no secrets.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// There is none.
    #[error("There is no job file `{}`; write one as shown in `config.example.toml`", path.display())]
    Absent {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// It cannot be read.
    #[error("The job file `{}` cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// It is not TOML.
    #[error("{at}: this is not TOML: {why}")]
    Syntax {
        /// Where.
        at: At,
        /// The parser's answer.
        why: String,
    },
    /// A key that nothing knows.
    #[error("{at}: unknown key `{key}`{}", near.as_ref().map_or(String::new(), |near| format!("; did you mean `{near}`?")))]
    UnknownKey {
        /// Where.
        at: At,
        /// The key with its section.
        key: String,
        /// The nearest known one.
        near: Option<String>,
    },
    /// A value that cannot be meant.
    #[error("{at}: `{key}` {why}")]
    BadValue {
        /// Where.
        at: At,
        /// The key with its section.
        key: String,
        /// What it must be, and what it is.
        why: String,
    },
    /// A key that must be there.
    #[error("The job file `{}` has no `{key}`; {hint}", path.display())]
    MissingKey {
        /// The file.
        path: PathBuf,
        /// The key with its section.
        key: String,
        /// What to write.
        hint: &'static str,
    },
    /// State and mirrors may not lie in each other.
    #[error(
        "{what} `{}` and the destination `{}` lie in each other; give one of them another place",
        one.display(),
        destination.display()
    )]
    Nested {
        /// What the first place is.
        what: &'static str,
        /// The first place.
        one: PathBuf,
        /// `photos.destination` or `drive.destination`.
        destination: PathBuf,
    },
    /// Nobody knows where the home directory is.
    #[error("There is no home directory; set `HOME`")]
    NoHome,
}
