//! What came back from the attic, for people.

use super::figures::shown;
use crate::sync::restore::{Brought, Outcome};

/// Column where the text of a line begins.
const COLUMN: usize = 16;

/// One file on a line.
#[must_use]
pub fn line(brought: &Brought) -> String {
    let label = match brought.outcome {
        Outcome::Restored => "Restored",
        Outcome::Copied => "Copied",
        Outcome::WouldRestore => "Would restore",
        Outcome::Taken => "Taken",
        Outcome::Altered => "Altered",
        Outcome::Failed => "Failed",
    };
    let path = shown(&brought.path);
    let text = match (brought.outcome, &brought.copy, &brought.why) {
        (Outcome::Taken, ..) => {
            format!("{path}: something is there already; the other stays in {}", shown(&brought.attic))
        }
        (Outcome::Failed, _, Some(why)) => format!("{path}: {}", shown(why)),
        (_, Some(copy), Some(why)) => format!("{path} to {}: {}", shown(copy), shown(why)),
        (_, Some(copy), None) if *copy != brought.path => format!("{path} to {}", shown(copy)),
        _ => path,
    };
    format!("{label:<COLUMN$}{text}")
}
