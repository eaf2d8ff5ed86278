//! The template that says where in the mirror a photo lies.

use std::fmt;

use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};

use unicode_normalization::UnicodeNormalization as _;

use super::keys::nearest;

/// The layout of a job file that names none.
const DEFAULT: &str = "{created:%Y/%m/%d}/{name}";

/// What stands in a path for a date that nobody knows.
const UNDATED: &str = "undated";

/// Folder of hidden photos.
pub const HIDDEN: &str = "Hidden";

/// Folder of the photos of a shared library.
pub const SHARED_LIBRARY: &str = "Shared Library";

/// Placeholders, for suggestions.
const PLACEHOLDERS: [&str; 4] = ["created", "added", "library", "name"];

/// A layout: literal text and placeholders, of which `{name}` is the whole last component.
///
/// | placeholder | stands for |
/// |---|---|
/// | `{created:FORMAT}` | when the photo was taken, by `strftime`; a `/` in the format begins a new directory |
/// | `{added:FORMAT}` | when it came into the library |
/// | `{library}` | the name of the shared library; nothing for the personal one, and a component of nothing is left out |
/// | `{name}` | the file's name, chosen when all else is known |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    text: String,
    folder: Vec<Vec<Piece>>,
}

/// What a layout asks of a photo.
#[derive(Debug, Clone, Copy)]
pub struct LayoutFacts<'a> {
    /// When it was taken, as the wall clock showed it; `None` when that is absent or absurd.
    pub created: Option<&'a ZonedDateTime>,
    /// When it came into the library.
    pub added: Option<&'a ZonedDateTime>,
    /// Name of its shared library; empty for the personal one.
    pub library: &'a str,
}

/// Why a text is no layout.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why} (at character {position})")]
pub struct LayoutError {
    /// Character of the template, from 1.
    pub position: usize,
    /// What is wrong there; completes "`layout` ...".
    pub why: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Library,
    /// One component's worth of a date. When there is no date, the first stands for all of the placeholder.
    Date {
        which: Which,
        format: String,
        first: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Created,
    Added,
}

impl Layout {
    /// Reads a template.
    pub fn parse(text: &str) -> Result<Self, LayoutError> {
        Parser { text, at: 0, folder: vec![Vec::new()] }.run()
    }

    /// The directories for a photo, outermost first; none for the top of the mirror. They are raw: each must
    /// still be made a legal name.
    #[must_use]
    pub fn folder(&self, facts: &LayoutFacts<'_>) -> Vec<String> {
        let components =
            self.folder.iter().map(|pieces| pieces.iter().map(|piece| piece.show(facts)).collect());
        components.filter(|component: &String| !component.is_empty()).collect()
    }
}

impl Layout {
    /// Whether a photo may lie below a directory of that name at the top of the mirror: some layout puts it there, it
    /// is hidden, or of a shared library. Case makes no difference, as on many disks.
    pub(super) fn may_begin_with(&self, first: &str) -> bool {
        let first = folded(first);
        let always = [HIDDEN, SHARED_LIBRARY, ".larder"].iter().any(|name| folded(name) == first);
        always
            || self
                .folder
                .iter()
                .scan(true, |so_far, pieces| {
                    // A component of nothing but the library's name is left out for the personal library.
                    let begins = *so_far;
                    *so_far &= pieces.iter().all(|piece| *piece == Piece::Library);
                    Some(begins && may_be(pieces, &first))
                })
                .any(|may| may)
    }
}

/// Whether the pieces can come to that text, some date given.
fn may_be(pieces: &[Piece], text: &str) -> bool {
    [SHARED_LIBRARY, ""].iter().any(|library| {
        let (mut format, mut undated) = (String::new(), String::new());
        for piece in pieces {
            match piece {
                Piece::Literal(literal) => {
                    format.push_str(&folded(literal).replace('%', "%%"));
                    undated.push_str(&folded(literal));
                }
                Piece::Library => {
                    format.push_str(&folded(library));
                    undated.push_str(&folded(library));
                }
                Piece::Date { format: date, first, .. } => {
                    format.push_str(date);
                    undated.push_str(if *first { UNDATED } else { "" });
                }
            }
        }
        let dated = pieces.iter().any(|piece| matches!(piece, Piece::Date { .. }));
        undated == text || (dated && strtime::parse(&format, text).is_ok())
    })
}

/// A form in which names are equal that many disks take for one.
fn folded(name: &str) -> String {
    name.nfc().collect::<String>().to_lowercase()
}

impl Default for Layout {
    fn default() -> Self {
        let date =
            |format: &str, first| vec![Piece::Date { which: Which::Created, format: format.into(), first }];
        Self {
            text: DEFAULT.to_owned(),
            folder: vec![date("%Y", true), date("%m", false), date("%d", false)],
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Piece {
    fn show(&self, facts: &LayoutFacts<'_>) -> String {
        match self {
            Self::Literal(text) => text.clone(),
            Self::Library => facts.library.to_owned(),
            Self::Date { which, format, first } => {
                let date = match which {
                    Which::Created => facts.created,
                    Which::Added => facts.added,
                };
                let shown = date.and_then(|date| strtime::format(format, date).ok());
                shown.unwrap_or_else(|| if *first { UNDATED.to_owned() } else { String::new() })
            }
        }
    }
}

/// Reads a template; positions are offsets in bytes until an error needs one for people.
struct Parser<'a> {
    text: &'a str,
    at: usize,
    folder: Vec<Vec<Piece>>,
}

impl Parser<'_> {
    fn run(mut self) -> Result<Layout, LayoutError> {
        while let Some(rest) = self.text.get(self.at..).filter(|rest| !rest.is_empty()) {
            let Some(after) = rest.strip_prefix('{') else {
                let literal = rest.split('{').next().unwrap_or(rest);
                self.literal(literal)?;
                self.at += literal.len();
                continue;
            };
            let Some((inside, after)) = after.split_once('}') else {
                return Err(self.fault(self.at, "has `{` without `}`"));
            };
            if inside == "name" {
                return self.finish(after);
            }
            self.placeholder(inside)?;
            self.at += inside.len() + 2;
        }
        Err(self.fault(self.at, "must end in `/{name}`"))
    }

    /// Takes literal text, in which `/` begins a new component.
    fn literal(&mut self, text: &str) -> Result<(), LayoutError> {
        if let Some(brace) = text.find('}') {
            return Err(self.fault(self.at + brace, "has `}` without `{`"));
        }
        let mut at = self.at;
        for (i, part) in text.split('/').enumerate() {
            if i > 0 {
                self.close(at - 1)?;
            }
            if !part.is_empty() {
                self.add(Piece::Literal(part.to_owned()));
            }
            at += part.len() + 1;
        }
        Ok(())
    }

    /// Takes what stands between braces.
    fn placeholder(&mut self, inside: &str) -> Result<(), LayoutError> {
        let (name, format) =
            inside.split_once(':').map_or((inside, None), |(name, format)| (name, Some(format)));
        let why = match (name, format) {
            ("created", Some(format)) => {
                return self.date(Which::Created, format, self.at + 1 + name.len() + 1);
            }
            ("added", Some(format)) => return self.date(Which::Added, format, self.at + 1 + name.len() + 1),
            ("library", None) => {
                self.add(Piece::Library);
                return Ok(());
            }
            ("created" | "added", None) => {
                format!("has `{{{name}}}` without a format; write `{{{name}:%Y/%m}}`")
            }
            ("library" | "name", Some(_)) => format!("has a format in `{{{name}}}`, which takes none"),
            _ => {
                let near = nearest(name, PLACEHOLDERS);
                let near = near.map_or(String::new(), |near| format!("; did you mean `{{{near}}}`?"));
                format!("has the unknown placeholder `{{{name}}}`{near}")
            }
        };
        Err(self.fault(self.at, &why))
    }

    /// Takes the format of a date, which begins at the offset `at`. It is tried out: what works for one date
    /// works for all.
    fn date(&mut self, which: Which, format: &str, mut at: usize) -> Result<(), LayoutError> {
        for (i, part) in format.split('/').enumerate() {
            if i > 0 {
                self.close(at - 1)?;
            }
            let why = match strtime::format(part, &Timestamp::UNIX_EPOCH.to_zoned_datetime(TimeZone::UTC)) {
                Err(error) => Some(format!("has a date format that cannot be used: {error}")),
                Ok(sample) if sample.is_empty() => Some("has an empty date format".to_owned()),
                Ok(sample) if sample.contains('/') => Some(format!(
                    "has `{part}`, which puts `/` into one name; write its parts with `/` between"
                )),
                Ok(_) => None,
            };
            if let Some(why) = why {
                return Err(self.fault(at, &why));
            }
            self.add(Piece::Date { which, format: part.to_owned(), first: i == 0 });
            at += part.len() + 1;
        }
        Ok(())
    }

    /// Ends a component at the `/` that lies at the offset `at`.
    fn close(&mut self, at: usize) -> Result<(), LayoutError> {
        match self.folder.last().map(Vec::as_slice) {
            None | Some([]) => Err(self.fault(at, "has no directory name before this `/`")),
            Some([Piece::Literal(text)]) if text == "." || text == ".." => {
                Err(self.fault(at, "has `.` or `..` for a directory before this `/`"))
            }
            Some(_) => {
                self.folder.push(Vec::new());
                Ok(())
            }
        }
    }

    fn add(&mut self, piece: Piece) {
        if let Some(component) = self.folder.last_mut() {
            component.push(piece);
        }
    }

    /// Ends at `{name}`, which must be a component of its own and the last one.
    fn finish(mut self, after: &str) -> Result<Layout, LayoutError> {
        if !after.is_empty() {
            return Err(self.fault(self.text.len() - after.len(), "must end with `{name}`, but goes on"));
        }
        match self.folder.pop().as_deref() {
            Some([]) => Ok(Layout { text: self.text.to_owned(), folder: self.folder }),
            _ => Err(self.fault(self.at, "must have `/` before `{name}`")),
        }
    }

    fn fault(&self, at: usize, why: &str) -> LayoutError {
        let position = self.text.get(..at).unwrap_or(self.text).chars().count() + 1;
        LayoutError { position, why: why.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn folder(template: &str, facts: &LayoutFacts<'_>) -> String {
        Layout::parse(template).unwrap().folder(facts).join("|")
    }

    fn zoned(text: &str) -> ZonedDateTime {
        text.parse().unwrap()
    }

    #[test]
    fn dates_and_libraries_make_directories() {
        let created = zoned("2024-06-05T10:11:12+02:00[+02:00]");
        let added = zoned("2025-01-02T00:00:00+00:00[UTC]");
        let facts = LayoutFacts { created: Some(&created), added: Some(&added), library: "Shared Library" };
        for (template, expected) in [
            ("{created:%Y/%m/%d}/{name}", "2024|06|05"),
            ("{name}", ""),
            ("Photos/{name}", "Photos"),
            ("{library}/{created:%Y-%m}/{name}", "Shared Library|2024-06"),
            ("{created:%Y}/{created:%B} in {library}/{name}", "2024|June in Shared Library"),
            ("added {added:%F}/{name}", "added 2025-01-02"),
            ("ü/{created:%H%M}/{name}", "ü|1011"),
        ] {
            assert_eq!(folder(template, &facts), expected, "{template}");
        }
    }

    #[test]
    fn what_is_not_known_leaves_no_empty_directory() {
        let facts = LayoutFacts { created: None, added: None, library: "" };
        assert_eq!(folder("{created:%Y/%m/%d}/{name}", &facts), "undated");
        assert_eq!(folder("{library}/x/{name}", &facts), "x");
        assert_eq!(folder("{library}/{added:%Y/%m}/{name}", &facts), "undated");
    }

    #[test]
    fn the_default_is_what_its_text_says() {
        assert_eq!(Layout::parse(DEFAULT), Ok(Layout::default()));
        assert_eq!(Layout::default().to_string(), DEFAULT);
    }

    #[test]
    fn directories_at_the_top_that_may_hold_photos_are_known() {
        let may = |template: &str, first: &str| Layout::parse(template).unwrap().may_begin_with(first);
        for taken in ["2024", "undated", "Hidden", "HIDDEN", "shared library", ".Larder"] {
            assert!(may(DEFAULT, taken), "{taken}");
        }
        for free in ["Albums", "2024 Albums", "dated"] {
            assert!(!may(DEFAULT, free), "{free}");
        }
        assert!(may("Photos/{created:%Y}/{name}", "photos") && !may("Photos/{created:%Y}/{name}", "2024"));
        assert!(may("{library}/All/{name}", "all") && may("{library}/{created:%B}/{name}", "June"));
        assert!(may("of {created:%Y}/{name}", "of 2024") && !may("of {created:%Y}/{name}", "of Albums"));
        assert!(!may("{name}", "Albums") && !may("100%/{name}", "Albums") && may("100%/{name}", "100%"));
    }

    #[test]
    fn a_template_that_makes_no_sense_is_refused_with_its_place() {
        for (template, message) in [
            ("", "must end in `/{name}` (at character 1)"),
            ("{created:%Y}", "must end in `/{name}` (at character 13)"),
            ("ü{name}", "must have `/` before `{name}` (at character 2)"),
            ("{name}.x", "must end with `{name}`, but goes on (at character 7)"),
            ("{created:%Y", "has `{` without `}` (at character 1)"),
            ("a}/{name}", "has `}` without `{` (at character 2)"),
            ("/a/{name}", "has no directory name before this `/` (at character 1)"),
            ("a//{name}", "has no directory name before this `/` (at character 3)"),
            ("a/../{name}", "has `.` or `..` for a directory before this `/` (at character 5)"),
            (
                "{created}/{name}",
                "has `{created}` without a format; write `{created:%Y/%m}` (at character 1)",
            ),
            ("{name:x}", "has a format in `{name}`, which takes none (at character 1)"),
            (
                "a/{libary}/{name}",
                "has the unknown placeholder `{libary}`; did you mean `{library}`? (at character 3)",
            ),
            ("{x}/{name}", "has the unknown placeholder `{x}` (at character 1)"),
            ("{created:}/{name}", "has an empty date format (at character 10)"),
            ("{created:%Y//%m}/{name}", "has an empty date format (at character 13)"),
            (
                "{created:%D}/{name}",
                "has `%D`, which puts `/` into one name; write its parts with `/` between (at character 10)",
            ),
        ] {
            assert_eq!(Layout::parse(template).unwrap_err().to_string(), message, "{template:?}");
        }
        let error = Layout::parse("{created:%Y/%!}/{name}").unwrap_err();
        assert_eq!(error.position, 13);
    }

    proptest! {
        #[test]
        fn no_template_panics_and_no_folder_can_lead_elsewhere(
            template in "([a./}{ü]|\\{created:[%YmdDFT/]{0,6}\\}|\\{library\\}|/){0,8}(/\\{name\\})?",
            library in "[a-z]{0,3}",
        ) {
            if let Ok(layout) = Layout::parse(&template) {
                let created = zoned("2024-06-05T10:11:12+00:00[UTC]");
                let facts = LayoutFacts { created: Some(&created), added: None, library: &library };
                for component in layout.folder(&facts) {
                    prop_assert!(!component.is_empty() && !component.contains('/'), "{template:?}: {component:?}");
                }
                prop_assert_eq!(layout.to_string(), template);
            }
        }
    }
}
