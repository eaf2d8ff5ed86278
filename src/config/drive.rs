//! What of iCloud Drive is mirrored, and how.

use std::path::{Path, PathBuf};

use super::paths::Places;
use super::photos::mode;
use super::reader::Section;
use super::size::size;
use super::{ConfigError, Ignore, Modes, NameRules, Patterns};

/// `[drive]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Drive {
    /// Where the mirror lies; absolute.
    pub destination: PathBuf,
    /// Which app libraries, by their names as people see them or by their zones.
    pub libraries: Patterns,
    /// What is kept; everything when there are no patterns.
    pub include: Ignore,
    /// What of it is not.
    pub exclude: Ignore,
    /// Larger files are not kept; bytes.
    pub max_size: Option<u64>,
    /// Which characters names may have.
    pub names: NameRules,
    /// Which permissions new files and directories get.
    pub modes: Modes,
    /// Bytes of the destination's disk that larder leaves free.
    pub keep_free: u64,
    /// Days after which every folder is listed in full again.
    pub full_listing_days: u32,
}

impl Drive {
    /// Everything at its default: all of Drive.
    #[must_use]
    pub fn defaults(destination: PathBuf) -> Self {
        Self {
            destination,
            libraries: Patterns::all(),
            include: Ignore::default(),
            exclude: Ignore::default(),
            max_size: None,
            names: NameRules::Posix,
            modes: Modes::default(),
            keep_free: 1_000_000_000,
            full_listing_days: 7,
        }
    }

    /// Reads the section; `None` when it names no destination and nothing else: then Drive is not mirrored.
    pub(super) fn read(
        drive: &Section<'_>,
        places: &Places,
        base: &Path,
    ) -> Result<Option<Self>, ConfigError> {
        if drive.is_absent() {
            return Ok(None);
        }
        let destination = drive
            .required_text("destination", "write `destination = \"/path/to/the/mirror\"` below `[drive]`")?;
        let destination =
            places.resolve(destination, base).map_err(|why| drive.refuse("destination", why))?;
        let usual = Self::defaults(destination);
        Ok(Some(Self {
            libraries: drive.patterns("libraries", usual.libraries)?,
            include: drive.ignore("include")?,
            exclude: drive.ignore("exclude")?,
            max_size: drive.parsed("max_size", None, largest)?,
            names: drive.choice("names", usual.names, &NameRules::WORDS)?,
            modes: Modes {
                file: drive.parsed("file_mode", None, |text| mode(text, 0o600, 0o666))?,
                dir: drive.parsed("dir_mode", None, |text| mode(text, 0o700, 0o2777))?,
            },
            keep_free: drive.parsed("keep_free", usual.keep_free, size)?,
            full_listing_days: drive.parsed("full_listing", usual.full_listing_days, super::removed::days)?,
            destination: usual.destination,
        }))
    }
}

/// A size; an empty text is no limit. The error completes "`max_size` ...".
fn largest(text: &str) -> Result<Option<u64>, String> {
    if text.is_empty() { Ok(None) } else { size(text).map(Some) }
}
