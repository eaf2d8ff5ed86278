//! What is told of several parts of a job, together.

use serde::Serialize;

use crate::model::Part;

/// The same thing of each part as one JSON document: that of the first part at the top, that of Drive in `drive` where
/// photos go before it.
#[derive(Debug, Serialize)]
pub struct Parts<'a, T> {
    #[serde(flatten)]
    first: Option<&'a T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    drive: Option<&'a T>,
}

impl<'a, T> Parts<'a, T> {
    /// What is told of the parts, in their order.
    #[must_use]
    pub fn new(told: &'a [T]) -> Self {
        Self { first: told.first(), drive: told.get(1) }
    }
}

/// Texts of parts below each other, each with its name where there are several.
#[must_use]
pub fn titled(texts: &[(Part, String)]) -> String {
    match texts {
        [(_, one)] => one.clone(),
        several => {
            let named = several.iter().map(|(part, text)| format!("{}\n{text}", title(*part)));
            named.collect::<Vec<_>>().join("\n")
        }
    }
}

/// What people call a part.
#[must_use]
pub fn title(part: Part) -> &'static str {
    match part {
        Part::Photos => "iCloud Photos",
        Part::Drive => "iCloud Drive",
    }
}
