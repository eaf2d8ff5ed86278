//! What lies in the attic, by the day on which it came there.

use jiff::civil::Date;
use rustix::fs::{self, AtFlags};
use rustix::io::Errno;

use super::facts::FileKind;
use super::marker::own_path;
use super::path::OWN_DIR;
use super::{Dir, Facts, RelPath, Root, Scan, TreeError, name};
use crate::failpoint::{Point, pass};

/// Name of the attic in larder's own directory.
pub(super) const ATTIC: &str = "attic";

impl Root {
    /// The days on which something came into the attic, the earliest first. Folders that are not named by a date are
    /// somebody else's.
    pub fn attic_days(&self) -> Result<Vec<Date>, TreeError> {
        let attic = Dir::from(own_path(&[ATTIC])?);
        let Some(fd) = self.find_dir(&attic)? else { return Ok(vec![]) };
        let failed = |errno| TreeError::from_errno("list", &attic, errno);
        let mut days = Vec::new();
        for entry in fs::Dir::read_from(&fd).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Some(day) = entry.file_name().to_str().ok().and_then(day) else { continue };
            let stat = fs::statat(&fd, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW).map_err(failed)?;
            if FileKind::of(&stat) == FileKind::Dir {
                days.push(day);
            }
        }
        days.sort_unstable();
        Ok(days)
    }

    /// Walks what came into the attic on that day from `from`, a directory of the mirror. Paths are those in the attic.
    pub fn scan_attic(&self, day: Date, from: &Dir) -> Result<Scan<'_>, TreeError> {
        Ok(self.scan_below(attic_dir(day, from)?))
    }

    /// What came into the attic on that day from this very path: its path there and its facts.
    pub fn stat_attic(&self, day: Date, path: &RelPath) -> Result<Option<(RelPath, Facts)>, TreeError> {
        let there = attic_dir(day, &path.parent())?
            .join(path.file_name())
            .map_err(|bad| TreeError::Reserved { path: bad.path })?;
        // Something else than a directory on the way is somebody else's.
        match self.stat(&there) {
            Ok(facts) => Ok(facts.map(|facts| (there, facts))),
            Err(TreeError::InTheWay { .. } | TreeError::Link { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What came into the attic on that day from this very path: the first one, and those that got numbers after it.
    pub fn versions_in_attic(&self, day: Date, path: &RelPath) -> Result<Vec<(RelPath, Facts)>, TreeError> {
        let mut versions = Vec::new();
        for name in numbered(path.file_name()) {
            let named = match path.parent().join(&name) {
                Ok(named) => named,
                Err(bad) => return Err(TreeError::Reserved { path: bad.path }),
            };
            match self.stat_attic(day, &named)? {
                Some(version) => versions.push(version),
                None => break,
            }
        }
        Ok(versions)
    }

    /// Removes the directory of the attic that a file left, and those above it up to the attic itself, as far as they are
    /// empty now.
    pub fn prune_attic(&self, dir: &Dir) -> Result<(), TreeError> {
        let mut dir = dir.clone();
        while let Some(path) = dir.path().filter(|path| path.components().count() > 2).cloned() {
            if path.components().take(2).ne([OWN_DIR, ATTIC]) {
                return Err(TreeError::Reserved { path: path.to_string() });
            }
            let above = path.parent();
            let Some(parent) = self.find_dir(&above)? else { return Ok(()) };
            let remove = || fs::unlinkat(&parent, path.file_name(), AtFlags::REMOVEDIR);
            match pass(Point::TreeRmdir).and_then(|()| remove()) {
                Ok(()) | Err(Errno::NOENT) => dir = above,
                Err(Errno::NOTEMPTY | Errno::EXIST) => return Ok(()),
                Err(errno) => return Err(TreeError::from_errno("remove the empty directory", path, errno)),
            }
        }
        Ok(())
    }
}

/// The names that a file of that name may have in a directory of the attic: its own, then with `-2`, `-3` ... before the
/// extension.
pub(super) fn numbered(name: &str) -> impl Iterator<Item = String> {
    let (stem, extension) = name::split_ext(name);
    let (stem, extension) = (stem.to_owned(), extension.to_owned());
    let rest = (2_u32..).map(move |n| name::with_suffix(&stem, &format!("-{n}"), &extension));
    std::iter::once(name.to_owned()).chain(rest)
}

/// When a file came into the attic and from which path, as its path there tells. The name may have got a number there.
#[must_use]
pub fn origin(attic: &str) -> Option<(Date, RelPath)> {
    let rest = attic.strip_prefix(OWN_DIR)?.strip_prefix('/')?.strip_prefix(ATTIC)?.strip_prefix('/')?;
    let (name, path) = rest.split_once('/')?;
    Some((day(name)?, RelPath::parse(path).ok()?))
}

/// The directory of the attic for what came on that day from that directory of the mirror.
pub(super) fn attic_dir(day: Date, from: &Dir) -> Result<Dir, TreeError> {
    let mut dir = own_path(&[ATTIC, &day.to_string()])?;
    for component in from.path().into_iter().flat_map(RelPath::components) {
        dir = dir.join(component).map_err(|bad| TreeError::Reserved { path: bad.path })?;
    }
    Ok(Dir::from(dir))
}

/// The day that a folder of the attic is named by, written as larder writes it.
fn day(name: &str) -> Option<Date> {
    name.parse::<Date>().ok().filter(|day| day.to_string() == name)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_path_of_the_attic_tells_where_the_file_was() {
        let path = |text| RelPath::parse(text).unwrap();
        let told = origin(".larder/attic/2024-07-01/2024/06/30/IMG_1.HEIC");
        assert_eq!(told, Some((date(2024, 7, 1), path("2024/06/30/IMG_1.HEIC"))));
        let there = attic_dir(date(2024, 7, 1), &path("2024/06/30/IMG_1.HEIC").parent()).unwrap();
        assert_eq!(there.to_string(), ".larder/attic/2024-07-01/2024/06/30");
        for other in [".larder/attic/2024-07-01", ".larder/attic/x/a", ".larder/incoming/2024-07-01/a", "a"] {
            assert_eq!(origin(other), None, "{other}");
        }
    }

    #[test]
    fn only_folders_that_are_named_by_a_date_are_days() {
        assert_eq!(day("2024-07-01"), Some(date(2024, 7, 1)));
        for other in ["20240701", "2024-07-01T00:00", "notes"] {
            assert_eq!(day(other), None, "{other}");
        }
    }
}
