//! Smart albums: lists that iCloud keeps by what a photo is.

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
}
