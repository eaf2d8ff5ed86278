//! Files and folders of the mirror as people name them.

use std::path::{Component, Path, PathBuf};

use unicode_normalization::UnicodeNormalization as _;

use super::{Exit, Failure};
use crate::tree::{Dir, RelPath, origin};

/// What is meant by a path that was typed: a path below the destination; an absolute one, or one from the current
/// directory, that lies in the mirror. It need not exist.
pub(super) fn locate(typed: &Path, destination: &Path) -> Result<Dir, Failure> {
    let failure = |message: String, hint: Option<String>| Failure { exit: Exit::Usage, message, hint };
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    let mut tops = vec![plain(destination)];
    tops.extend(destination.canonicalize().ok().filter(|real| *real != tops[0]));
    let found = below(typed, &here, &tops).or_else(|| below(&real(&here.join(typed))?, &here, &tops));
    let Some(found) = found else {
        let message = format!("`{}` does not lie in the mirror `{}`", typed.display(), destination.display());
        return Err(failure(message, None));
    };
    let Some(text) = found.to_str() else {
        return Err(failure(format!("`{}` is not UTF-8, so larder has no such file", typed.display()), None));
    };
    // Names in the mirror are composed; some shells complete them decomposed.
    let text: String = text.nfc().collect();
    if text.is_empty() {
        return Ok(Dir::ROOT);
    }
    let path = RelPath::parse(&text).map_err(|bad| failure(bad.to_string(), None))?;
    if path.is_larders_own() {
        let hint = match origin(path.as_str()) {
            Some((_, path)) => format!("name the file by the path that it had in the mirror: `{path}`"),
            None => "name files by the paths that they had in the mirror".to_owned(),
        };
        return Err(failure(format!("`{}` belongs to larder itself", typed.display()), Some(hint)));
    }
    Ok(Dir::from(path))
}

/// The path below one of the names of the mirror, when it lies there or is relative to it. Looks at nothing on disk.
fn below(typed: &Path, here: &Path, tops: &[PathBuf]) -> Option<PathBuf> {
    let absolute = plain(&here.join(typed));
    let inside = tops.iter().find_map(|top| absolute.strip_prefix(top).ok());
    if let Some(inside) = inside {
        return Some(inside.to_owned());
    }
    let goes_up = typed.components().any(|component| component == Component::ParentDir);
    (typed.is_relative() && !goes_up).then(|| plain(typed))
}

/// Without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

/// The path with the links in the part of it that exists resolved.
pub(super) fn real(path: &Path) -> Option<PathBuf> {
    path.ancestors().find_map(|above| {
        let rest = path.strip_prefix(above).ok()?;
        Some(if rest.as_os_str().is_empty() {
            above.canonicalize().ok()?
        } else {
            above.canonicalize().ok()?.join(rest)
        })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(typed: &str, here: &str) -> Option<String> {
        let tops = [PathBuf::from("/mnt/photos"), PathBuf::from("/disks/a/photos")];
        below(Path::new(typed), Path::new(here), &tops).map(|path| path.display().to_string())
    }

    #[test]
    fn a_path_is_meant_in_the_mirror() {
        for (typed, here, expected) in [
            ("2024/06/30/a.jpg", "/home/you", Some("2024/06/30/a.jpg")),
            ("2024/06/", "/home/you", Some("2024/06")),
            ("/mnt/photos/2024", "/home/you", Some("2024")),
            ("/disks/a/photos/2024", "/home/you", Some("2024")),
            ("/mnt/photos", "/home/you", Some("")),
            ("photos/2024", "/mnt", Some("2024")),
            ("06", "/mnt/photos/2024", Some("2024/06")),
            ("../2023", "/mnt/photos/2024", Some("2023")),
            ("./a.jpg", "/mnt/photos/2024", Some("2024/a.jpg")),
            (".", "/mnt/photos", Some("")),
            ("/mnt/photos2/a", "/", None),
            ("/home/you/a.jpg", "/mnt/photos", None),
            ("../a.jpg", "/home/you", None),
        ] {
            assert_eq!(found(typed, here).as_deref(), expected, "{typed} in {here}");
        }
    }

    proptest! {
        #[test]
        fn the_same_file_is_meant_from_wherever_it_is_named(parts in proptest::collection::vec("[a-z]{1,4}", 1..5), at in 0..5_usize) {
            let path = parts.join("/");
            let at = at.min(parts.len());
            let (above, rest) = (parts[..at].join("/"), parts[at..].join("/"));
            let inside = format!("/mnt/photos/{above}");
            prop_assert_eq!(found(&rest, inside.trim_end_matches('/')), Some(path.clone()));
            prop_assert_eq!(found(&format!("/mnt/photos/{path}"), "/"), Some(path.clone()));
            prop_assert_eq!(found(&path, "/somewhere"), Some(path));
        }
    }
}
