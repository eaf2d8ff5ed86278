//! Patterns for files and folders, as `.gitignore` has them.

use std::fmt;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use unicode_normalization::UnicodeNormalization as _;

/// Patterns for paths. Of those that fit the last one counts, and one that begins with `!` takes back.
#[derive(Debug, Clone)]
pub struct Ignore {
    texts: Vec<String>,
    matcher: Gitignore,
}

impl Default for Ignore {
    fn default() -> Self {
        Self { texts: vec![], matcher: Gitignore::empty() }
    }
}

impl Ignore {
    /// Reads patterns; an error gives the place of the one that makes no sense, and completes "`key` ...".
    pub(super) fn read(texts: &[&str]) -> Result<Self, (usize, String)> {
        let mut builder = GitignoreBuilder::new("");
        for (at, text) in texts.iter().enumerate() {
            let text: String = text.nfc().collect();
            builder
                .add_line(None, &text)
                .map_err(|error| (at, format!("has the pattern \"{text}\": {}", plain(&error))))?;
        }
        let built = builder.build();
        let matcher =
            built.map_err(|error| (0, format!("has patterns that cannot be used: {}", plain(&error))))?;
        Ok(Self { texts: texts.iter().map(|text| (*text).to_owned()).collect(), matcher })
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Whether they fit a path below the top of Drive, `/` between components, or a folder that it lies in.
    #[must_use]
    pub fn fit(&self, path: &str, is_folder: bool) -> bool {
        if self.texts.is_empty() || path.is_empty() {
            return false;
        }
        let path: String = path.nfc().collect();
        self.matcher.matched_path_or_any_parents(path, is_folder).is_ignore()
    }
}

/// The reason alone: which file and line it is from is told elsewhere.
fn plain(error: &ignore::Error) -> String {
    match error {
        ignore::Error::WithLineNumber { err, .. } | ignore::Error::WithPath { err, .. } => plain(err),
        ignore::Error::Glob { err, .. } => err.clone(),
        other => other.to_string(),
    }
}

impl PartialEq for Ignore {
    fn eq(&self, other: &Self) -> bool {
        self.texts == other.texts
    }
}

impl fmt::Display for Ignore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_those_of_git_do() {
        let ignore =
            Ignore::read(&["*.tmp", "node_modules/", "/Top", "!keep.tmp", "a/**/z", "Zoe\u{308}"]).unwrap();
        for (path, is_folder, fits) in [
            ("x.tmp", false, true),
            ("a/b/x.tmp", false, true),
            ("a/keep.tmp", false, false),
            ("node_modules", true, true),
            ("node_modules", false, false),
            ("p/node_modules/deep/x.js", false, true),
            ("Top", true, true),
            ("Top/x", false, true),
            ("a/Top", true, false),
            ("a/b/c/z", false, true),
            ("Zo\u{eb}/x", false, true),
            ("", true, false),
        ] {
            assert_eq!(ignore.fit(path, is_folder), fits, "{path}");
        }
        assert!(!Ignore::default().fit("x", false));
    }

    #[test]
    fn a_pattern_without_sense_is_told_with_its_place() {
        let (at, why) = Ignore::read(&["ok", "x[z-a]", "b"]).unwrap_err();
        assert_eq!(at, 1);
        assert!(why.starts_with("has the pattern \"x[z-a]\": "), "{why}");
    }
}
