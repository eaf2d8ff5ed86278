//! Files and folders of the mirror as people name them.

use std::path::{Component, Path, PathBuf};

use unicode_normalization::UnicodeNormalization as _;

use super::job::Loaded;
use super::{Exit, Failure};
use crate::model::Part;
use crate::tree::{Dir, RelPath, origin};

/// What is meant by a path that was typed: the part of the job in whose mirror it lies, and its path there, which need not
/// exist. The path is one below a destination, or an absolute one, or one from the current directory, that lies in a mirror.
pub(super) fn locate(typed: &Path, loaded: &Loaded) -> Result<(Part, Dir), Failure> {
    let mirrors: Vec<_> = loaded.parts.iter().map(|part| (*part, loaded.job.destination(*part))).collect();
    let (part, found) = choose(typed, &mirrors)?;
    Ok((part, named(typed, &found)?))
}

/// The mirror in which a path lies, and where there.
fn choose(typed: &Path, mirrors: &[(Part, &Path)]) -> Result<(Part, PathBuf), Failure> {
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    let lies_in = |find: fn(&Path, &Path, &[PathBuf]) -> Option<PathBuf>| {
        let mut found = Vec::new();
        for (part, destination) in mirrors {
            let mut tops = vec![plain(destination)];
            tops.extend(destination.canonicalize().ok().filter(|real| *real != tops[0]));
            let inside = find(typed, &here, &tops).or_else(|| find(&real(&here.join(typed))?, &here, &tops));
            found.extend(inside.map(|path| (*part, *destination, path)));
        }
        found
    };
    // One that lies there may have its name in another mirror as well.
    let mut found = lies_in(inside);
    if found.is_empty() {
        found = lies_in(below);
    }
    if found.len() > 1 {
        let there: Vec<_> = found.iter().filter(|(_, top, path)| top.join(path).exists()).cloned().collect();
        found = if there.len() == 1 { there } else { found };
    }
    let (message, hint) = match &found[..] {
        [(part, _, path)] => return Ok((*part, path.clone())),
        [] => {
            let names = mirrors.iter().map(|(_, mirror)| format!("`{}`", mirror.display()));
            let names = names.collect::<Vec<_>>().join(" or ");
            (format!("`{}` does not lie in the mirror {names}", typed.display()), None)
        }
        _ => (
            format!("`{}` may lie in the mirror of photos or in that of Drive", typed.display()),
            Some("say which with `--only photos` or `--only drive`, or name it in full".to_owned()),
        ),
    };
    Err(Failure { exit: Exit::Usage, message, hint })
}

/// The path in its mirror.
fn named(typed: &Path, found: &Path) -> Result<Dir, Failure> {
    let failure = |message: String, hint: Option<String>| Failure { exit: Exit::Usage, message, hint };
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

/// The path below one of the names of the mirror, when it lies there. Looks at nothing on disk.
fn inside(typed: &Path, here: &Path, tops: &[PathBuf]) -> Option<PathBuf> {
    let absolute = plain(&here.join(typed));
    tops.iter().find_map(|top| absolute.strip_prefix(top).ok()).map(Path::to_owned)
}

/// As [`inside`], and a relative path is taken for one below the mirror.
fn below(typed: &Path, here: &Path, tops: &[PathBuf]) -> Option<PathBuf> {
    inside(typed, here, tops).or_else(|| {
        let goes_up = typed.components().any(|component| component == Component::ParentDir);
        (typed.is_relative() && !goes_up).then(|| plain(typed))
    })
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
