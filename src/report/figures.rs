//! Figures as people read them.

use indicatif::{HumanBytes, HumanCount};
use jiff::SignedDuration;

/// `1,234`.
#[must_use]
pub fn count(n: u64) -> String {
    HumanCount(n).to_string()
}

/// `1 file`, `1,234 files`.
#[must_use]
pub fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// `3.20 GiB`.
#[must_use]
pub fn bytes(n: u64) -> String {
    HumanBytes(n).to_string()
}

/// A name out of iCloud, fit for a terminal: what would move the cursor or turn the line around is shown as `\u{FFFD}`.
#[must_use]
pub fn shown(name: &str) -> String {
    let harmful = |c: char| c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    name.chars().map(|c| if harmful(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// `2m 14s`; tenths of a second below ten seconds.
#[must_use]
pub fn span(took: SignedDuration) -> String {
    if took < SignedDuration::from_secs(10) {
        return format!("{:.1}s", took.as_secs_f64());
    }
    format!("{:#}", SignedDuration::from_secs(took.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_readable() {
        assert_eq!(counted(1, "file", "files"), "1 file");
        assert_eq!(counted(12_345, "file", "files"), "12,345 files");
        assert_eq!(bytes(3 << 30), "3.00 GiB");
        assert_eq!(shown("a\u{1b}[2Jb\u{202E}gpj.exe"), "a\u{FFFD}[2Jb\u{FFFD}gpj.exe");
        assert_eq!(span(SignedDuration::from_millis(1_234)), "1.2s");
        assert_eq!(span(SignedDuration::from_secs(134)), "2m 14s");
    }
}
