//! What the job file leaves out. Out of scope is never "deleted".

use crate::config::Photos;
use crate::icloud::photos::shows_video;
use crate::model::{Asset, Master};

/// Why an item is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutOfScope {
    /// `hidden = false`.
    Hidden,
    /// `videos = false`.
    Video,
    /// `bursts = false`.
    Burst,
    /// `screenshots = false`.
    Screenshot,
}

impl OutOfScope {
    /// The key of the job file that decides.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Hidden => "hidden",
            Self::Video => "videos",
            Self::Burst => "bursts",
            Self::Screenshot => "screenshots",
        }
    }
}

/// Why the job file leaves the asset out, or `None` when it is in scope.
#[must_use]
pub fn out_of_scope(asset: &Asset, master: &Master, policy: &Photos) -> Option<OutOfScope> {
    if asset.hidden && !policy.hidden {
        return Some(OutOfScope::Hidden);
    }
    if !policy.videos && shows_video(master) {
        return Some(OutOfScope::Video);
    }
    if !policy.bursts && asset.burst.is_some() {
        return Some(OutOfScope::Burst);
    }
    // `assetSubtypeV2` 3 marks screenshots in rclone and in every recording.
    if !policy.screenshots && asset.subtype_v2 == 3 {
        return Some(OutOfScope::Screenshot);
    }
    None
}
