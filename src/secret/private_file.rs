//! Files that hold secrets: readable by their owner alone, and never half written.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::failpoint::{Point, pass};

/// Mode of a private file.
const OWNER_ONLY: u32 = 0o600;

/// Trouble with a private file.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// It cannot be read, or its mode cannot be mended.
    #[error("Cannot read `{}`: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It cannot be written.
    #[error("Cannot write `{}`: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What a private file held.
#[derive(Debug)]
pub struct Private {
    /// The bytes; wiped when dropped.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Whether others could read the file before its mode was mended just now. Then its secrets may be known
    /// to others.
    pub mended: bool,
}

/// Reads a private file; `None` when there is none. A mode that lets others in is mended to 0600 first.
pub fn read_private(path: &Path) -> Result<Option<Private>, SecretFileError> {
    match read(path) {
        Ok(private) => Ok(Some(private)),
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SecretFileError::Read { path: path.to_owned(), source }),
    }
}

/// The bytes of a private file, which is left as it is, its mode too; `None` when there is none, or it cannot be read.
#[must_use]
pub fn peek_private(path: &Path) -> Option<Zeroizing<Vec<u8>>> {
    fs::read(path).ok().map(Zeroizing::new)
}

/// Puts `bytes` in place of the file at once: after a crash there is the old content or the new, nothing
/// between. Missing folders are not made.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), SecretFileError> {
    write(path, bytes).map_err(|source| SecretFileError::Write { path: path.to_owned(), source })
}

/// Removes a private file and what a crash may have left of a new one. A missing file is no error.
pub fn remove_private(path: &Path) -> Result<(), SecretFileError> {
    let gone = |path: &Path| match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    };
    let removed = pass(Point::SecretRemove)
        .map_err(Into::into)
        .and_then(|()| gone(path))
        .and_then(|()| gone(&beside(path)))
        .and_then(|()| sync_folder(path));
    removed.map_err(|source| SecretFileError::Write { path: path.to_owned(), source })
}

/// The first line of a private file, such as a password or a token. One that is empty is an error.
pub fn read_line(path: &Path) -> Result<Zeroizing<String>, SecretFileError> {
    let failed = |source| SecretFileError::Read { path: path.to_owned(), source };
    let private = read_private(path)?.ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
    let text = std::str::from_utf8(&private.bytes).map_err(|_| failed(io::ErrorKind::InvalidData.into()))?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(failed(io::Error::new(io::ErrorKind::InvalidData, "its first line is empty")));
    }
    Ok(Zeroizing::new(line.to_owned()))
}

fn read(path: &Path) -> io::Result<Private> {
    let mut file = File::open(path)?;
    let meta = file.metadata()?;
    let mended = meta.permissions().mode() & 0o077 != 0;
    if mended {
        file.set_permissions(Permissions::from_mode(OWNER_ONLY))?;
    }
    // One allocation of the right size, so that growing leaves no copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(meta.len()).unwrap_or(0) + 1));
    file.read_to_end(&mut bytes)?;
    Ok(Private { bytes, mended })
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = beside(path);
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    // `create_new` follows no link that someone may have put there.
    pass(Point::SecretCreate)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(&new)?;
    let at = |point| -> io::Result<()> { Ok(pass(point)?) };
    let written = at(Point::SecretWrite)
        .and_then(|()| file.write_all(bytes))
        .and_then(|()| at(Point::SecretSync))
        .and_then(|()| file.sync_all())
        .and_then(|()| at(Point::SecretRename))
        .and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        // The first trouble is the one to tell; the rest is swept by the next write.
        fs::remove_file(&new).ok();
    }
    written.and_then(|()| sync_folder(path))
}

/// Where the new content is written before it takes the place of the old. One fixed name, so that a crash
/// leaves at most one copy of the secrets.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    pass(Point::SecretSyncdir)?;
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}
