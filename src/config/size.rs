//! Sizes of files and disks.

use std::fmt;

/// Units, the largest first.
const UNITS: [(&str, u64); 4] =
    [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];

/// Bytes, shown as the job file has them: `1.5 GB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((name, unit)) = UNITS.into_iter().find(|(_, unit)| self.0 >= *unit) else {
            return write!(f, "{} bytes", self.0);
        };
        // Rounded up: whoever frees what is missing has freed enough.
        let tenths = self.0.div_ceil(unit / 10);
        write!(f, "{}.{} {name}", tenths / 10, tenths % 10)
    }
}

/// `"1GB"` or `"500 MB"` as bytes; `"0"` is nothing. The error completes "`keep_free` ...".
pub(super) fn size(text: &str) -> Result<u64, String> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let name = &text[number.len()..];
    let unit = match UNITS.iter().find(|(unit, _)| unit.eq_ignore_ascii_case(name)) {
        Some((_, unit)) => Some(*unit),
        None if number == "0" && name.is_empty() => Some(0),
        None => None,
    };
    let number: Option<u64> = number.trim_end().parse().ok();
    let bytes = number.zip(unit).and_then(|(number, unit)| number.checked_mul(unit));
    bytes.ok_or_else(|| format!("must be a size such as \"1GB\" or \"500MB\", or \"0\", not \"{text}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_shown() {
        assert_eq!(size("1GB"), Ok(1_000_000_000));
        assert_eq!(size("500 mb"), Ok(500_000_000));
        assert_eq!(size("0"), Ok(0));
        for wrong in ["", "1", "GB", "-1GB", "1.5GB", "99999999999TB", "1GiB", "1 G B"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Size(1_500_000_000).to_string(), "1.5 GB");
        assert_eq!(Size(1_000_001).to_string(), "1.1 MB");
        assert_eq!(Size(999).to_string(), "999 bytes");
    }
}
