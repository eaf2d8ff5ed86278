//! Which albums are shown on disk beside the library, and how.

use std::fmt;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use unicode_normalization::UnicodeNormalization as _;

use super::keys::nearest;

/// Where albums are shown when the job file names no place.
const DEFAULT: &str = "Albums/{album}/{name}";

/// `[photos.albums]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Albums {
    /// How.
    pub view: AlbumView,
    /// Where.
    pub path: AlbumPath,
    /// Which albums, by their paths.
    pub include: Patterns,
    /// Which of them not.
    pub exclude: Patterns,
    /// Which smart albums.
    pub smart: Vec<SmartAlbum>,
}

impl Default for Albums {
    fn default() -> Self {
        Self {
            view: AlbumView::Hardlink,
            path: AlbumPath::default(),
            include: Patterns::all(),
            exclude: Patterns::default(),
            smart: vec![],
        }
    }
}

/// How albums are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlbumView {
    /// Other names of the photos' files.
    Hardlink,
    /// Links to them, with relative targets.
    Symlink,
    /// Copies of them.
    Copy,
    /// Copies that share their blocks.
    Reflink,
    /// Lists of them.
    Playlist,
    /// Not at all.
    Off,
}

impl AlbumView {
    pub(super) const WORDS: [(&str, Self); 6] = [
        ("hardlink", Self::Hardlink),
        ("symlink", Self::Symlink),
        ("copy", Self::Copy),
        ("reflink", Self::Reflink),
        ("playlist", Self::Playlist),
        ("off", Self::Off),
    ];

    /// Its word in the job file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(_, view)| *view == self).map_or("", |(word, _)| word)
    }
}

/// An album that nobody made: Photos works it out, and so does larder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmartAlbum {
    /// Photos marked as favourites.
    Favourites,
    /// Videos.
    Videos,
    /// Live Photos.
    Live,
    /// Panoramas.
    Panoramas,
    /// Slow-motion videos.
    SloMo,
    /// Time-lapse videos.
    TimeLapse,
    /// Screenshots.
    Screenshots,
    /// Portraits.
    Portrait,
    /// Long exposures.
    LongExposure,
    /// Animated pictures.
    Animated,
    /// Photos of bursts.
    Bursts,
}

impl SmartAlbum {
    pub(super) const WORDS: [(&str, Self); 11] = [
        ("favourites", Self::Favourites),
        ("videos", Self::Videos),
        ("live", Self::Live),
        ("panoramas", Self::Panoramas),
        ("slo-mo", Self::SloMo),
        ("time-lapse", Self::TimeLapse),
        ("screenshots", Self::Screenshots),
        ("portrait", Self::Portrait),
        ("long-exposure", Self::LongExposure),
        ("animated", Self::Animated),
        ("bursts", Self::Bursts),
    ];

    /// Its word in the job file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(_, album)| *album == self).map_or("", |(word, _)| word)
    }

    /// What Photos calls it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Favourites => "Favourites",
            Self::Videos => "Videos",
            Self::Live => "Live Photos",
            Self::Panoramas => "Panoramas",
            Self::SloMo => "Slo-mo",
            Self::TimeLapse => "Time-lapse",
            Self::Screenshots => "Screenshots",
            Self::Portrait => "Portrait",
            Self::LongExposure => "Long Exposure",
            Self::Animated => "Animated",
            Self::Bursts => "Bursts",
        }
    }
}

/// A template that says where an album is shown: directories, then `{album}/{name}`. `{album}` stands for the folders
/// of the album and its name, `{name}` for the name of a photo's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlbumPath {
    dirs: Vec<String>,
}

impl AlbumPath {
    /// Reads a template. The error completes "`path` ...".
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let expected = || {
            let found =
                text.split(['{', '}']).skip(1).step_by(2).find(|name| !["album", "name"].contains(name));
            let near = found.map_or(String::new(), |name| {
                let near =
                    nearest(name, ["album", "name"]).map(|near| format!("; did you mean `{{{near}}}`?"));
                format!(", and has the unknown placeholder `{{{name}}}`{}", near.unwrap_or_default())
            });
            format!("must be directories and then `{{album}}/{{name}}`, as in `{DEFAULT}`{near}")
        };
        let dirs = text.strip_suffix("/{album}/{name}").ok_or_else(expected)?;
        for dir in dirs.split('/') {
            let strange = |c: char| c.is_control() || "\\{}:*?\"<>|".contains(c);
            if dir.contains(strange) {
                return Err(expected());
            }
            if dir.is_empty() || dir.len() > 255 || dir.ends_with(['.', ' ']) {
                return Err(format!("has `{dir}` for a directory, which cannot be the name of one"));
            }
        }
        Ok(Self { dirs: dirs.nfc().collect::<String>().split('/').map(str::to_owned).collect() })
    }

    /// The directory below which all albums are, component by component; never empty.
    #[must_use]
    pub fn dirs(&self) -> &[String] {
        &self.dirs
    }
}

impl Default for AlbumPath {
    fn default() -> Self {
        Self { dirs: vec!["Albums".to_owned()] }
    }
}

impl fmt::Display for AlbumPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{{album}}/{{name}}", self.dirs.join("/"))
    }
}

/// Patterns for the paths of albums: `*` stands for any text, `?` for a character, `[a-c]` for one of several,
/// `{a,b}` for either.
#[derive(Debug, Clone, Default)]
pub struct Patterns {
    texts: Vec<String>,
    globs: GlobSet,
}

impl Patterns {
    /// Those that fit everything.
    pub(super) fn all() -> Self {
        Self::read(&["*"]).unwrap_or_default()
    }

    /// Reads patterns; an error gives the place of the one that makes no sense, and completes "`key` ...".
    pub(super) fn read(texts: &[&str]) -> Result<Self, (usize, String)> {
        let mut globs = GlobSetBuilder::new();
        for (at, text) in texts.iter().enumerate() {
            let text: String = text.nfc().collect();
            let glob = GlobBuilder::new(&text).backslash_escape(true).build();
            globs.add(glob.map_err(|error| (at, format!("has the pattern \"{text}\": {}", error.kind())))?);
        }
        let globs =
            globs.build().map_err(|error| (0, format!("has patterns that are too large: {error}")))?;
        Ok(Self { texts: texts.iter().map(|text| (*text).to_owned()).collect(), globs })
    }

    /// Whether one of them fits a name, or the path of an album: its folders and its name joined by `/`.
    #[must_use]
    pub fn fit(&self, path: &str) -> bool {
        self.globs.is_match(path.nfc().collect::<String>())
    }
}

impl PartialEq for Patterns {
    fn eq(&self, other: &Self) -> bool {
        self.texts == other.texts
    }
}

impl fmt::Display for Patterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_directories_and_then_album_and_name() {
        assert_eq!(AlbumPath::parse(DEFAULT), Ok(AlbumPath::default()));
        let path = AlbumPath::parse("By album/all/{album}/{name}").unwrap();
        assert_eq!(
            (path.dirs().join("|"), path.to_string().as_str()),
            ("By album|all".into(), "By album/all/{album}/{name}")
        );
        for (wrong, why) in [
            ("", "must be directories"),
            ("{album}/{name}", "must be directories"),
            ("Albums/{name}", "must be directories"),
            ("Albums/{albun}/{name}", "did you mean `{album}`?"),
            ("Albums/{album}/{name}/x", "must be directories"),
            ("{album}/x/{album}/{name}", "must be directories"),
            ("a:b/{album}/{name}", "must be directories"),
            ("/{album}/{name}", "has `` for a directory"),
            ("a/../{album}/{name}", "has `..` for a directory"),
        ] {
            let error = AlbumPath::parse(wrong).unwrap_err();
            assert!(error.contains(why), "{wrong}: {error}");
        }
    }

    #[test]
    fn patterns_look_at_the_whole_path_in_whichever_form_names_come() {
        let fit = |pattern: &str, path: &str| Patterns::read(&[pattern]).unwrap().fit(path);
        assert!(Patterns::all().fit("a") && Patterns::all().fit("Travel/Japan/2024"));
        assert!(fit("Travel/*", "Travel/Japan") && fit("Travel/*", "Travel/Asia/Japan"));
        assert!(!fit("Travel/*", "Travel") && !fit("Travel", "Travel/Japan"));
        assert!(fit("Z\u{fc}rich", "Zu\u{308}rich") && fit("{A,B}?", "B1"));
        assert!(!Patterns::default().fit("a"));
        assert_eq!(Patterns::read(&["a", "[b"]).unwrap_err().0, 1);
    }
}
