//! What of the photos is mirrored, and how it is laid out.

use std::path::PathBuf;

use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ZonedDateTime};

use super::{Albums, Layout};

/// `[photos]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Photos {
    /// Where the mirror lies; absolute.
    pub destination: PathBuf,
    /// Which libraries.
    pub libraries: Libraries,
    /// Where in the mirror a photo lies.
    pub layout: Layout,
    /// In which time zone dates in paths are.
    pub time_zone: ZoneRule,
    /// Which characters names may have.
    pub names: NameRules,
    /// Which files of a Live Photo.
    pub live_photos: LivePhotos,
    /// Whether the rendered edit is kept beside the original.
    pub edited: bool,
    /// Whether the other half of a RAW+JPEG pair is kept.
    pub raw: bool,
    /// Whether the original of an edited photo is kept beside its edited version.
    pub originals: bool,
    /// Whether photos that belong to bursts are kept.
    pub bursts: bool,
    /// Whether hidden photos are kept.
    pub hidden: bool,
    /// Whether still images are kept.
    pub stills: bool,
    /// Whether videos are kept.
    pub videos: bool,
    /// Whether screenshots are kept.
    pub screenshots: bool,
    /// Photos taken before this day are not kept.
    pub from: Option<Date>,
    /// Photos taken after this day are not kept.
    pub until: Option<Date>,
    /// Which permissions new files and directories get.
    pub modes: Modes,
    /// Bytes of the destination's disk that larder leaves free.
    pub keep_free: u64,
    /// Which albums are shown beside the library, and how.
    pub albums: Albums,
}

impl Photos {
    /// Everything at its default: the whole of every library.
    #[must_use]
    pub fn defaults(destination: PathBuf) -> Self {
        Self {
            destination,
            libraries: Libraries { personal: true, shared: true },
            layout: Layout::default(),
            time_zone: ZoneRule::Photo,
            names: NameRules::Posix,
            live_photos: LivePhotos::Both,
            edited: true,
            raw: true,
            originals: true,
            bursts: true,
            hidden: true,
            stills: true,
            videos: true,
            screenshots: true,
            from: None,
            until: None,
            modes: Modes::default(),
            keep_free: 1_000_000_000,
            albums: Albums::default(),
        }
    }
}

/// A day as `2024-06-30`; an empty text is no limit. The error completes "`from` ...".
pub(super) fn day(text: &str) -> Result<Option<Date>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let why = |_| format!("must be a day such as \"2024-06-30\", or empty for no limit, not \"{text}\"");
    text.parse().map(Some).map_err(why)
}

/// Permission bits of what larder creates in the mirror; those of the umask where there are none. What is for the owner alone
/// (hidden photos, larder's own directory) never has others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Modes {
    /// Of files.
    pub file: Option<u32>,
    /// Of directories.
    pub dir: Option<u32>,
}

/// Permission bits as octal digits; an empty text leaves them to the umask. The owner must have `least`, or larder could not
/// go on. The error completes "`file_mode` ...".
pub(super) fn mode(text: &str, least: u32, most: u32) -> Result<Option<u32>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let digits = text.len() <= 5 && text.bytes().all(|digit| (b'0'..=b'7').contains(&digit));
    let mode = u32::from_str_radix(text, 8).ok().filter(|_| digits);
    mode.filter(|mode| mode & least == least && mode & !most == 0).map(Some).ok_or_else(|| {
        format!(
            "must be octal digits between \"0{least:o}\" and \"0{most:o}\" with all bits of \"0{least:o}\", or empty for the \
             umask's, not \"{text}\""
        )
    })
}

/// Which libraries are mirrored; at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Libraries {
    /// The person's own.
    pub personal: bool,
    /// iCloud Shared Photo Libraries that the person takes part in.
    pub shared: bool,
}

/// Which files of a Live Photo are mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LivePhotos {
    /// Still and motion.
    Both,
    /// The still alone.
    Photo,
    /// The motion alone.
    Video,
}

impl LivePhotos {
    pub(super) const WORDS: [(&str, Self); 3] =
        [("both", Self::Both), ("photo", Self::Photo), ("video", Self::Video)];
}

/// Which characters the names of files may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameRules {
    /// All that Linux and macOS take.
    Posix,
    /// Only those that Windows (and so exFAT and most network shares) takes as well.
    Windows,
}

impl NameRules {
    pub(super) const WORDS: [(&str, Self); 2] = [("posix", Self::Posix), ("windows", Self::Windows)];
}

/// In which time zone the dates in paths are. Never the machine's: a mirror whose folders depend on where the
/// machine stands is sorted anew whenever that changes (kei #703, `icloud_photos_downloader` #714).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ZoneRule {
    /// Where the photo was taken; UTC when the photo does not say.
    Photo,
    /// One zone for all photos.
    Fixed(TimeZone),
}

impl ZoneRule {
    /// `"photo"` or the IANA name of a zone. The error completes "`time_zone` ...".
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "photo" => Ok(Self::Photo),
            "UTC" => Ok(Self::Fixed(TimeZone::UTC)),
            name => TimeZone::get(name).map(Self::Fixed).map_err(|_| {
                format!(
                    "must be \"photo\", \"UTC\" or the name of a time zone that this system knows, \
                     such as \"Europe/Berlin\", not \"{name}\""
                )
            }),
        }
    }

    /// The wall clock for a photo that was taken at `instant`, `offset` seconds east of UTC.
    #[must_use]
    pub fn wall_clock(&self, instant: Timestamp, offset: Option<i32>) -> ZonedDateTime {
        let zone = match self {
            Self::Fixed(zone) => zone.clone(),
            Self::Photo => offset
                .and_then(|seconds| Offset::from_seconds(seconds).ok())
                .map_or(TimeZone::UTC, TimeZone::fixed),
        };
        instant.to_zoned_datetime(zone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_is_that_of_the_place_where_the_photo_was_taken() {
        let instant: Timestamp = "2024-06-30T23:30:00Z".parse().unwrap();
        let day = |rule: &ZoneRule, offset| rule.wall_clock(instant, offset).date().to_string();
        assert_eq!(day(&ZoneRule::Photo, Some(7200)), "2024-07-01");
        assert_eq!(day(&ZoneRule::Photo, Some(-7200)), "2024-06-30");
        assert_eq!(day(&ZoneRule::Photo, None), "2024-06-30");
        assert_eq!(day(&ZoneRule::Photo, Some(i32::MAX)), "2024-06-30", "an absurd offset is none");
        assert_eq!(day(&ZoneRule::parse("UTC").unwrap(), Some(7200)), "2024-06-30");
    }

    #[test]
    fn a_mode_is_octal_and_lets_the_owner_in() {
        let file = |text| mode(text, 0o600, 0o666);
        assert_eq!(file(""), Ok(None));
        for (text, bits) in [("0640", 0o640), ("600", 0o600), ("0666", 0o666)] {
            assert_eq!(file(text), Ok(Some(bits)), "{text}");
        }
        for bad in ["0440", "0755", "640 ", "0o640", "-640", "+640", "0x1a0", "4640", "rw-r-----", "8"] {
            assert!(file(bad).unwrap_err().starts_with("must be"), "{bad}");
        }
        assert_eq!(
            mode("2750", 0o700, 0o2777),
            Ok(Some(0o2750)),
            "the group of a shared directory is inherited"
        );
    }

    #[test]
    fn a_named_zone_goes_before_the_photos_own() {
        let Ok(rule) = ZoneRule::parse("Asia/Tokyo") else {
            println!("skipped: this system has no time zone database");
            return;
        };
        let instant = "2024-06-30T23:30:00Z".parse().unwrap();
        assert_eq!(rule.wall_clock(instant, Some(-7200)).date().to_string(), "2024-07-01");
    }
}
