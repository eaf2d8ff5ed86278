//! What can go wrong at the destination.

use std::io;
use std::path::PathBuf;

use rustix::io::Errno;

use super::MirrorId;
use super::facts::FileKind;

/// A failure at the destination. [`TreeError::is_disk`] tells whether the disk as a whole is the problem or
/// one path alone.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// The destination does not exist. It is never created: an unmounted disk looks just like that.
    #[error(
        "The destination `{}` does not exist; mount its disk, or create it with `mkdir -p` if it is new",
        path.display()
    )]
    Missing {
        /// The destination.
        path: PathBuf,
    },
    /// The destination is something else than a directory.
    #[error("The destination `{}` is not a directory", path.display())]
    NotADirectory {
        /// The destination.
        path: PathBuf,
    },
    /// The marker is missing or is that of another mirror.
    #[error(
        "The destination `{}` is not the disk that larder knows ({}); mount the right disk, or run \
         `larder sync --once --accept-destination` if this one is meant",
        path.display(),
        found.map_or("its marker `.larder/mirror.toml` is missing".to_owned(), |id| format!("it holds mirror {id}"))
    )]
    OtherMirror {
        /// The destination.
        path: PathBuf,
        /// The mirror that was found there.
        found: Option<MirrorId>,
    },
    /// The destination lies inside another mirror.
    #[error(
        "The destination `{}` lies inside another mirror, `{}`; choose a directory outside of it",
        path.display(),
        outer.display()
    )]
    InsideAnother {
        /// The destination.
        path: PathBuf,
        /// The directory that holds the other mirror.
        outer: PathBuf,
    },
    /// The marker cannot be understood.
    #[error(
        "The marker `{}` cannot be read ({why}); restore it, or remove it and run \
         `larder sync --once --accept-destination`",
        path.display()
    )]
    Marker {
        /// The marker file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A component of the path is a symbolic link.
    #[error("`{path}` was not touched: `{component}` is a symbolic link, and larder follows none")]
    Link {
        /// The path that was asked for.
        path: String,
        /// The path of the link.
        component: String,
    },
    /// Something of another kind has the name.
    #[error("`{path}` was not touched: a {kind} is in the way; move it aside")]
    InTheWay {
        /// Where it lies.
        path: String,
        /// What it is.
        kind: FileKind,
    },
    /// A file already has the final name.
    #[error("`{path}` is already there")]
    AlreadyThere {
        /// The final name.
        path: String,
    },
    /// The file system takes no name so long.
    #[error("`{path}` has a name that is too long for the destination")]
    NameTooLong {
        /// The path.
        path: String,
    },
    /// The path belongs to larder itself, or is no path.
    #[error("`{path}` cannot be the name of a mirrored file")]
    Reserved {
        /// The path.
        path: String,
    },
    /// A name on disk is not UTF-8, so larder did not make it.
    #[error("`{path}` has a name that is not UTF-8; rename it")]
    NotUtf8 {
        /// The path, as far as it can be shown.
        path: String,
    },
    /// There is no space (or quota, or inode) left.
    #[error("The destination's disk is full, while larder was to {what} `{path}`; free some space")]
    NoSpace {
        /// What was being done.
        what: &'static str,
        /// To which path.
        path: String,
        /// The system's answer.
        source: io::Error,
    },
    /// The file system is mounted read-only.
    #[error("The destination is read-only, so larder could not {what} `{path}`; remount it writable")]
    ReadOnly {
        /// What was being done.
        what: &'static str,
        /// To which path.
        path: String,
        /// The system's answer.
        source: io::Error,
    },
    /// The user that larder runs as may not do it.
    #[error("larder may not {what} `{path}`; give the user it runs as the permission")]
    Permission {
        /// What was being done.
        what: &'static str,
        /// To which path.
        path: String,
        /// The system's answer.
        source: io::Error,
    },
    /// The disk or the network share went away or fails.
    #[error("The destination's disk failed or went away, while larder was to {what} `{path}`: {source}")]
    Gone {
        /// What was being done.
        what: &'static str,
        /// To which path.
        path: String,
        /// The system's answer.
        source: io::Error,
    },
    /// Anything else, with one path.
    #[error("larder could not {what} `{path}`: {source}")]
    Io {
        /// What was being done.
        what: &'static str,
        /// To which path.
        path: String,
        /// The system's answer.
        source: io::Error,
    },
}

impl TreeError {
    /// Whether the disk as a whole is the problem, so that going on with other files is of no use. Otherwise
    /// it is a matter of one path.
    #[must_use]
    pub fn is_disk(&self) -> bool {
        match self {
            Self::Missing { .. }
            | Self::NotADirectory { .. }
            | Self::OtherMirror { .. }
            | Self::InsideAnother { .. }
            | Self::Marker { .. }
            | Self::NoSpace { .. }
            | Self::ReadOnly { .. }
            | Self::Permission { .. }
            | Self::Gone { .. } => true,
            Self::Link { .. }
            | Self::InTheWay { .. }
            | Self::AlreadyThere { .. }
            | Self::NameTooLong { .. }
            | Self::Reserved { .. }
            | Self::NotUtf8 { .. }
            | Self::Io { .. } => false,
        }
    }

    /// Sorts a failed system call. `what` completes "larder could not ...".
    #[expect(clippy::needless_pass_by_value, reason = "references, literals and format_args come alike")]
    pub(super) fn from_io(what: &'static str, path: impl ToString, source: io::Error) -> Self {
        let path = path.to_string();
        match Errno::from_io_error(&source) {
            Some(Errno::NOSPC | Errno::DQUOT) => Self::NoSpace { what, path, source },
            Some(Errno::ROFS) => Self::ReadOnly { what, path, source },
            Some(Errno::ACCESS | Errno::PERM) => Self::Permission { what, path, source },
            Some(Errno::NAMETOOLONG) => Self::NameTooLong { path },
            // A pulled disk answers EIO or ENODEV, a lost NFS server ESTALE, a dead FUSE process ENOTCONN.
            Some(
                Errno::IO
                | Errno::NODEV
                | Errno::NXIO
                | Errno::STALE
                | Errno::NOTCONN
                | Errno::SHUTDOWN
                | Errno::HOSTDOWN
                | Errno::HOSTUNREACH
                | Errno::TIMEDOUT,
            ) => Self::Gone { what, path, source },
            _ => Self::Io { what, path, source },
        }
    }

    /// As [`Self::from_io`], for calls that answer with a bare number.
    pub(super) fn from_errno(what: &'static str, path: impl ToString, errno: Errno) -> Self {
        Self::from_io(what, path, errno.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_or_lost_disk_is_told_apart_from_trouble_with_one_path() {
        let sorted = |errno| TreeError::from_errno("write", "a/b", errno).is_disk();
        for disk in [Errno::NOSPC, Errno::DQUOT, Errno::ROFS, Errno::ACCESS, Errno::STALE, Errno::IO] {
            assert!(sorted(disk), "{disk}");
        }
        for path in [Errno::NAMETOOLONG, Errno::NOENT, Errno::FBIG, Errno::INVAL] {
            assert!(!sorted(path), "{path}");
        }
    }

    #[test]
    fn a_message_says_what_was_done_to_what() {
        let error = TreeError::from_errno("write", "2024/IMG_1.HEIC", Errno::NOSPC);
        assert_eq!(
            error.to_string(),
            "The destination's disk is full, while larder was to write `2024/IMG_1.HEIC`; free some space"
        );
        let missing = TreeError::OtherMirror { path: "/mnt/photos".into(), found: None };
        assert!(missing.to_string().contains("(its marker `.larder/mirror.toml` is missing)"), "{missing}");
    }
}
