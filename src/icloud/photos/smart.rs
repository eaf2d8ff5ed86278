//! Smart albums: lists that iCloud keeps by what a photo is. Who is in them follows from the records.

use super::uti::shows_video;
use crate::model::{Asset, Kind, Master};

/// A smart album.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SmartAlbum {
    /// Favourites.
    Favourites,
    /// Videos.
    Videos,
    /// Live Photos.
    Live,
    /// Portraits.
    Portraits,
    /// Panoramas.
    Panoramas,
    /// Time-lapse videos.
    TimeLapse,
    /// Slow motion videos.
    SloMo,
    /// Screenshots.
    Screenshots,
    /// Long exposures.
    LongExposure,
    /// Animated images.
    Animated,
}

impl SmartAlbum {
    /// Every smart album that the web can tell. Selfies are left out: their list is always empty there.
    pub const ALL: [Self; 10] = [
        Self::Favourites,
        Self::Videos,
        Self::Live,
        Self::Portraits,
        Self::Panoramas,
        Self::TimeLapse,
        Self::SloMo,
        Self::Screenshots,
        Self::LongExposure,
        Self::Animated,
    ];

    /// What people call it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Favourites => "favourites",
            Self::Videos => "videos",
            Self::Live => "live photos",
            Self::Portraits => "portraits",
            Self::Panoramas => "panoramas",
            Self::TimeLapse => "time-lapse",
            Self::SloMo => "slo-mo",
            Self::Screenshots => "screenshots",
            Self::LongExposure => "long exposure",
            Self::Animated => "animated",
        }
    }

    /// How the names of its indexes end. In upper case it is the tag by which its list is asked for.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Favourites => "Favorite",
            Self::Videos => "Video",
            Self::Live => "Live",
            Self::Portraits => "Depth",
            Self::Panoramas => "Panorama",
            Self::TimeLapse => "Timelapse",
            Self::SloMo => "Slomo",
            Self::Screenshots => "Screenshot",
            Self::LongExposure => "Exposure",
            Self::Animated => "Animated",
        }
    }

    /// Whether a photo is in it, as far as its records tell (rclone's rules). Hidden photos are in no smart album, which
    /// is for the caller to look at.
    #[must_use]
    pub fn holds(self, asset: &Asset, master: Option<&Master>) -> bool {
        let subtype = |wanted| asset.subtype == wanted || asset.subtype_v2 == wanted;
        match self {
            Self::Favourites => asset.favourite,
            Self::Videos => master.is_some_and(shows_video),
            Self::Live => {
                asset.subtype_v2 == 2 || master.is_some_and(|master| master.resource(Kind::Motion).is_some())
            }
            Self::Portraits => asset.render_type & 2 != 0,
            Self::Panoramas => asset.subtype == 1,
            Self::TimeLapse => subtype(101),
            Self::SloMo => subtype(100),
            Self::Screenshots => asset.subtype_v2 == 3,
            Self::LongExposure => asset.render_type & 4 != 0,
            Self::Animated => {
                let original = master.and_then(|master| master.resource(Kind::Original));
                original.and_then(|original| original.uti.as_deref()) == Some("com.compuserve.gif")
            }
        }
    }
}
