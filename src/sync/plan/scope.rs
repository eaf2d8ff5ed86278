//! What the job file leaves out. Out of scope is never "deleted".

use super::naming::day;
use crate::config::{Libraries, Photos};
use crate::icloud::photos::shows_video;
use crate::model::{Asset, Master, ZoneId};

/// Why an item is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutOfScope {
    /// `libraries` does not name its library.
    Library,
    /// `hidden = false`.
    Hidden,
    /// `stills = false`.
    Still,
    /// `videos = false`.
    Video,
    /// `bursts = false`.
    Burst,
    /// `screenshots = false`.
    Screenshot,
    /// Taken before `from`.
    Before,
    /// Taken after `until`.
    After,
}

impl OutOfScope {
    /// The key of the job file that decides.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Library => "libraries",
            Self::Hidden => "hidden",
            Self::Still => "stills",
            Self::Video => "videos",
            Self::Burst => "bursts",
            Self::Screenshot => "screenshots",
            Self::Before => "from",
            Self::After => "until",
        }
    }
}

/// Whether the job file asks for the library.
#[must_use]
pub fn library_in_scope(zone: &ZoneId, policy: &Photos) -> bool {
    let Libraries { personal, shared } = policy.libraries;
    (zone.is_personal() && personal) || (zone.is_shared_library() && shared)
}

/// Why the job file leaves the asset out, or `None` when it is in scope.
#[must_use]
pub fn out_of_scope(asset: &Asset, master: &Master, zone: &ZoneId, policy: &Photos) -> Option<OutOfScope> {
    if !library_in_scope(zone, policy) {
        return Some(OutOfScope::Library);
    }
    if asset.hidden && !policy.hidden {
        return Some(OutOfScope::Hidden);
    }
    let is_video = shows_video(master);
    if is_video && !policy.videos {
        return Some(OutOfScope::Video);
    }
    if !is_video && !policy.stills {
        return Some(OutOfScope::Still);
    }
    if !policy.bursts && asset.burst.is_some() {
        return Some(OutOfScope::Burst);
    }
    // `assetSubtypeV2` 3 marks screenshots in rclone and in every recording.
    if !policy.screenshots && asset.subtype_v2 == 3 {
        return Some(OutOfScope::Screenshot);
    }
    // A photo without a date is in scope: nobody can say that it is too old.
    let day = day(asset, policy)?;
    if policy.from.is_some_and(|from| day < from) {
        return Some(OutOfScope::Before);
    }
    policy.until.is_some_and(|until| day > until).then_some(OutOfScope::After)
}
