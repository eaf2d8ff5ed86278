//! Which files of a folder are in the mirror, for people.

use super::figures::shown;
use crate::model::Part;
use crate::sync::have::{Had, Standing};

/// Column where the text of a line begins.
const COLUMN: usize = 16;

/// One file on a line; `several` when there are mirrors of photos and of Drive.
#[must_use]
pub fn line(had: &Had, several: bool) -> String {
    let (label, note) = match had.standing {
        Standing::Proven => ("Here", String::new()),
        Standing::NotProvable => ("Here", " (by its SHA-256)".into()),
        Standing::Disputed => ("Here", " (Apple's checksum says otherwise)".into()),
        Standing::Attic => ("Attic only", String::new()),
        Standing::Icloud => ("Not here", ": iCloud has it, the mirror does not, or not whole".into()),
        Standing::Unknown => ("Not here", String::new()),
        Standing::Unreadable => {
            let why = had.why.as_deref().map(shown).unwrap_or_default();
            return format!("{:<COLUMN$}{}", "Not read", [shown(&had.path), why].join(": "));
        }
    };
    match &had.mirror {
        Some(mirror) => {
            let part = had.part.filter(|_| several).map_or("", Part::as_str);
            let of = if part.is_empty() { String::new() } else { format!(" of {part}") };
            format!("{label:<COLUMN$}{} is {}{of}{note}", shown(&had.path), shown(mirror))
        }
        None => format!("{label:<COLUMN$}{}{note}", shown(&had.path)),
    }
}
