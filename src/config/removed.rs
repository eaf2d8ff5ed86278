//! What happens when something disappears from iCloud.

/// `[removed]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removed {
    /// What becomes of the files.
    pub policy: Policy,
    /// Days that they stay in the attic.
    pub keep_days: u32,
    /// Above this nothing leaves until it is confirmed.
    pub stop_above: StopAbove,
}

impl Default for Removed {
    fn default() -> Self {
        Self { policy: Policy::Attic, keep_days: 90, stop_above: StopAbove::Share(10) }
    }
}

/// What becomes of files whose photo was deleted in iCloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// They stay where they are.
    Keep,
    /// They go to `.larder/attic/DATE/`.
    Attic,
    /// They are deleted, when they are what larder wrote.
    Delete,
}

impl Policy {
    pub(super) const WORDS: [(&str, Self); 3] =
        [("keep", Self::Keep), ("attic", Self::Attic), ("delete", Self::Delete)];
}

/// How much may leave in one run without being asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopAbove {
    /// Per cent of all files; never below 20 files, never above 500.
    Share(u32),
    /// Files.
    Files(u64),
}

impl StopAbove {
    /// `"10%"` or `"200"`. The error completes "`stop_above` ...".
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let share = text.strip_suffix('%').map(|share| share.parse().ok().filter(|share| *share <= 100));
        let stop = match share {
            Some(share) => share.map(Self::Share),
            None => text.parse().ok().map(Self::Files),
        };
        stop.ok_or_else(|| {
            format!("must be a share such as \"10%\" or a number of files such as \"200\", not \"{text}\"")
        })
    }
}

/// `"90d"` as days. The error completes "`keep_for` ...".
pub(super) fn days(text: &str) -> Result<u32, String> {
    let days =
        text.strip_suffix('d').and_then(|days| days.parse().ok()).filter(|days| (1..=36_500).contains(days));
    days.ok_or_else(|| format!("must be a number of days such as \"90d\", not \"{text}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_numbers_and_days_are_read() {
        assert_eq!(StopAbove::parse("10%"), Ok(StopAbove::Share(10)));
        assert_eq!(StopAbove::parse("0"), Ok(StopAbove::Files(0)));
        for wrong in ["101%", "%", "", "-1", "ten"] {
            assert!(StopAbove::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(days("90d"), Ok(90));
        for wrong in ["90", "0d", "d", "1w"] {
            assert!(days(wrong).is_err(), "{wrong}");
        }
    }
}
