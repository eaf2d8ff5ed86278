//! Paths below the root: checked once when they are made, safe everywhere after.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::name;

/// Name of larder's own directory at the top of every mirror.
pub(super) const OWN_DIR: &str = ".larder";

/// Longest legal component in bytes, as on every common file system.
pub(super) const MAX_COMPONENT: usize = 255;

/// Why a text is no path below the root.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("The path `{path}` cannot lie in a mirror: {why}")]
pub struct BadPath {
    /// The text as given.
    pub path: String,
    /// What is wrong with it.
    pub why: &'static str,
}

/// A file or directory below the root: one or more components joined by `/`.
///
/// Each component is 1 to 255 bytes of UTF-8 without `/` and NUL, and neither `.` nor `..`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RelPath(String);

/// A directory below the root, or the root itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Dir(Option<RelPath>);

impl RelPath {
    /// Checks and takes a path with `/` between components.
    pub fn parse(text: &str) -> Result<Self, BadPath> {
        for component in text.split('/') {
            if let Some(why) = fault(component) {
                return Err(BadPath { path: text.to_owned(), why });
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// The path as text, components joined by `/`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The components, outermost first.
    pub fn components(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// The last component.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit_once('/').map_or(&self.0, |(_, name)| name)
    }

    /// The directory that it lies in.
    #[must_use]
    pub fn parent(&self) -> Dir {
        Dir(self.0.rsplit_once('/').map(|(parent, _)| Self(parent.to_owned())))
    }

    /// `name` (one component) inside this path taken as a directory.
    pub fn join(&self, name: &str) -> Result<Self, BadPath> {
        match fault(name) {
            Some(why) => Err(BadPath { path: format!("{self}/{name}"), why }),
            None => Ok(Self(format!("{self}/{name}"))),
        }
    }

    /// Whether it lies in larder's own directory, compared as a disk that ignores case would: on such a disk
    /// `.LARDER` is the same directory.
    #[must_use]
    pub fn is_larders_own(&self) -> bool {
        self.components().next().is_some_and(|first| name::fold(first) == OWN_DIR)
    }
}

impl Dir {
    /// The root itself.
    pub const ROOT: Self = Self(None);

    /// The path, unless this is the root.
    #[must_use]
    pub fn path(&self) -> Option<&RelPath> {
        self.0.as_ref()
    }

    /// Whether a path of the mirror is this one or lies below it.
    #[must_use]
    pub fn covers(&self, path: &str) -> bool {
        self.0.as_ref().is_none_or(|dir| {
            path.strip_prefix(dir.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// Whether it is that very path.
    #[must_use]
    pub fn is(&self, path: &str) -> bool {
        self.0.as_ref().is_some_and(|dir| dir.as_str() == path)
    }

    /// `name` (one component) inside this directory.
    pub fn join(&self, name: &str) -> Result<RelPath, BadPath> {
        match &self.0 {
            Some(path) => path.join(name),
            None => match fault(name) {
                Some(why) => Err(BadPath { path: name.to_owned(), why }),
                None => Ok(RelPath(name.to_owned())),
            },
        }
    }
}

impl From<RelPath> for Dir {
    fn from(path: RelPath) -> Self {
        Self(Some(path))
    }
}

impl From<RelPath> for String {
    fn from(path: RelPath) -> Self {
        path.0
    }
}

impl TryFrom<String> for RelPath {
    type Error = BadPath;

    fn try_from(text: String) -> Result<Self, BadPath> {
        Self::parse(&text)
    }
}

impl FromStr for RelPath {
    type Err = BadPath;

    fn from_str(text: &str) -> Result<Self, BadPath> {
        Self::parse(text)
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Dir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_ref().map_or(".", RelPath::as_str))
    }
}

/// What makes a component illegal.
fn fault(component: &str) -> Option<&'static str> {
    match component {
        "" => Some("a component is empty"),
        "." | ".." => Some("it has a `.` or `..` component"),
        _ if component.len() > MAX_COMPONENT => Some("a component is longer than 255 bytes"),
        _ if component.contains('\0') => Some("it contains a zero byte"),
        _ if component.contains('/') => Some("a component contains `/`"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_that_could_leave_the_root_is_refused() {
        for bad in ["", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", "../a", "a\0b"] {
            assert!(RelPath::parse(bad).is_err(), "{bad:?}");
        }
        assert!(RelPath::parse(&"x".repeat(256)).is_err());
        for good in ["a", "a/b", "...", ".hidden/a b", "2024/06/IMG_1.HEIC", "a\\b"] {
            assert_eq!(RelPath::parse(good).unwrap().as_str(), good);
        }
        assert!(RelPath::parse(&"x".repeat(255)).is_ok());
    }

    #[test]
    fn a_stored_path_is_checked_again_when_it_is_read() {
        assert!(serde_json::from_str::<RelPath>("\"a/../../etc\"").is_err());
        let path: RelPath = serde_json::from_str("\"a/b\"").unwrap();
        assert_eq!(serde_json::to_string(&path).unwrap(), "\"a/b\"");
    }

    #[test]
    fn joining_adds_exactly_one_component() {
        let a = Dir::ROOT.join("a").unwrap();
        assert_eq!(a.join("b").unwrap().as_str(), "a/b");
        assert!(a.join("b/c").is_err());
        assert!(a.join("..").is_err());
        assert!(Dir::ROOT.join("/etc").is_err());
        assert_eq!(a.parent(), Dir::ROOT);
        assert_eq!(Dir::ROOT.to_string(), ".");
    }

    #[test]
    fn a_directory_covers_itself_and_what_lies_below() {
        let dir = Dir::from(RelPath::parse("a/b").unwrap());
        assert!(dir.covers("a/b") && dir.covers("a/b/c") && dir.is("a/b"));
        assert!(!dir.covers("a/bc") && !dir.covers("a") && !dir.is("a/b/c"));
        assert!(Dir::ROOT.covers("a") && !Dir::ROOT.is("a"));
    }

    #[test]
    fn larders_own_directory_is_recognised_in_any_case() {
        let own = |text| RelPath::parse(text).unwrap().is_larders_own();
        assert!(own(".larder") && own(".LARDER/x") && own(".larder/attic/a"));
        assert!(!own(".larders") && !own("a/.larder") && !own("larder"));
    }

    proptest! {
        #[test]
        fn parent_and_name_give_the_path_back(text in "[^/\0]{1,20}(/[^/\0]{1,20}){0,4}") {
            if let Ok(path) = RelPath::parse(&text) {
                prop_assert_eq!(path.parent().join(path.file_name()).unwrap(), path);
            }
        }
    }
}
