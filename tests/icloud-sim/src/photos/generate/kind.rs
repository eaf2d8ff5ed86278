//! The sorts of photos and videos, and which files each consists of.

use serde::{Deserialize, Serialize};

use crate::photos::item::Style;
use crate::photos::uti::{Prefix, Uti};

/// A sort of photo or video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhotoKind {
    /// HEIC as phones take it.
    #[default]
    Heic,
    /// JPEG.
    Jpeg,
    /// PNG that is no screenshot.
    Png,
    /// Animated GIF.
    Gif,
    /// WebP from the web.
    Webp,
    /// Live Photo: HEIC and MOV.
    Live,
    /// Older Live Photo: JPEG and MOV.
    LiveJpeg,
    /// QuickTime film.
    Mov,
    /// MPEG-4 film.
    Mp4,
    /// RAW alone.
    Raw,
    /// Camera pair with the JPEG as original and the RAW as alternative.
    JpegWithRaw,
    /// Camera pair the other way round.
    RawWithJpeg,
    /// Portrait: the depth is in the original.
    Portrait,
    /// Portrait with its blurred render.
    EditedPortrait,
    /// Long exposure of a Live Photo.
    LongExposure,
    /// Panorama.
    Panorama,
    /// The key frame of a burst.
    Burst,
    /// Slow motion: marked as edited, but without a render.
    Slomo,
    /// Time-lapse.
    Timelapse,
    /// Screenshot.
    Screenshot,
    /// Screenshot that was cropped when it was taken.
    CroppedScreenshot,
    /// Photo with an edit rendered as JPEG.
    Edited,
    /// Photo with an edit rendered as HEIC.
    EditedHeic,
    /// Live Photo with an edit: still and clip.
    EditedLive,
    /// Film with an edit.
    EditedMov,
    /// Photo that came with a `.AAE` file.
    WithSidecar,
}

/// Every kind with its share in an ordinary library, per thousand.
pub(super) const MIX: [(PhotoKind, u64); 26] = [
    (PhotoKind::Heic, 428),
    (PhotoKind::Jpeg, 148),
    (PhotoKind::Png, 20),
    (PhotoKind::Gif, 3),
    (PhotoKind::Webp, 1),
    (PhotoKind::Live, 110),
    (PhotoKind::LiveJpeg, 50),
    (PhotoKind::Mov, 55),
    (PhotoKind::Mp4, 8),
    (PhotoKind::Raw, 2),
    (PhotoKind::JpegWithRaw, 4),
    (PhotoKind::RawWithJpeg, 2),
    (PhotoKind::Portrait, 20),
    (PhotoKind::EditedPortrait, 6),
    (PhotoKind::LongExposure, 2),
    (PhotoKind::Panorama, 4),
    (PhotoKind::Burst, 6),
    (PhotoKind::Slomo, 4),
    (PhotoKind::Timelapse, 3),
    (PhotoKind::Screenshot, 60),
    (PhotoKind::CroppedScreenshot, 30),
    (PhotoKind::Edited, 8),
    (PhotoKind::EditedHeic, 14),
    (PhotoKind::EditedLive, 6),
    (PhotoKind::EditedMov, 3),
    (PhotoKind::WithSidecar, 3),
];

/// What a kind consists of.
pub(in crate::photos) struct Recipe {
    pub(in crate::photos) original: Uti,
    /// Further files of the master.
    pub(in crate::photos) more: &'static [(Prefix, Uti)],
    pub(in crate::photos) style: Style,
    /// The kind of edit and its renders.
    pub(in crate::photos) edit: Option<(&'static str, &'static [(Prefix, Uti)])>,
    /// Width and height of the original.
    pub(in crate::photos) pixels: (u16, u16),
}

const PHOTO: &str = "com.apple.photo";
const MOTION: &[(Prefix, Uti)] = &[(Prefix::OriginalVidCompl, Uti::QuickTime)];

/// The renders of an edit of a photo or film of that type.
pub(in crate::photos) fn renders(original: Uti, live: bool) -> &'static [(Prefix, Uti)] {
    match (original.is_video(), live) {
        (true, _) | (false, true) => &[(Prefix::JpegFull, Uti::Jpeg), (Prefix::VidFull, Uti::QuickTime)],
        (false, false) => &[(Prefix::JpegFull, Uti::Jpeg)],
    }
}

impl PhotoKind {
    pub(in crate::photos) fn recipe(self) -> Recipe {
        let (original, pixels) = match self {
            Self::Png => (Uti::Png, (768, 1024)),
            Self::Gif => (Uti::Gif, (480, 360)),
            Self::Webp => (Uti::Webp, (1600, 1000)),
            Self::Jpeg => (Uti::Jpeg, (2048, 1364)),
            Self::LiveJpeg | Self::JpegWithRaw | Self::WithSidecar | Self::Edited => {
                (Uti::Jpeg, (4032, 3024))
            }
            Self::Mov | Self::Slomo | Self::Timelapse | Self::EditedMov => (Uti::QuickTime, (1920, 1080)),
            Self::Mp4 => (Uti::Mpeg4, (848, 480)),
            Self::Raw => (Uti::Dng, (4032, 3024)),
            Self::RawWithJpeg => (Uti::Arw, (6000, 4000)),
            Self::Screenshot | Self::CroppedScreenshot => (Uti::Png, (1170, 2532)),
            Self::Panorama => (Uti::Heic, (12_000, 3_800)),
            _ => (Uti::Heic, (4032, 3024)),
        };
        let more: &[(Prefix, Uti)] = match self {
            Self::Live | Self::LiveJpeg | Self::EditedLive | Self::LongExposure => MOTION,
            Self::JpegWithRaw => &[(Prefix::OriginalAlt, Uti::Cr2)],
            Self::RawWithJpeg => &[(Prefix::OriginalAlt, Uti::Jpeg)],
            Self::WithSidecar => &[(Prefix::Sidecar, Uti::Sidecar)],
            _ => &[],
        };
        let style = match self {
            Self::Live | Self::LiveJpeg | Self::EditedLive => Style::Live,
            Self::Portrait | Self::EditedPortrait => Style::Portrait,
            Self::LongExposure => Style::LongExposure,
            Self::Panorama => Style::Panorama,
            Self::Burst => Style::Burst,
            Self::Slomo => Style::Slomo,
            Self::Timelapse => Style::Timelapse,
            Self::Screenshot | Self::CroppedScreenshot => Style::Screenshot,
            _ => Style::Plain,
        };
        let edit: Option<(&str, &[(Prefix, Uti)])> = match self {
            Self::Slomo => Some(("com.apple.video.slomo", &[])),
            Self::CroppedScreenshot => Some(("ScreenshotServices", &[(Prefix::JpegFull, Uti::Jpeg)])),
            Self::EditedPortrait | Self::EditedHeic => Some((PHOTO, &[(Prefix::JpegFull, Uti::Heic)])),
            Self::Edited => Some((PHOTO, renders(Uti::Jpeg, false))),
            Self::EditedLive => Some((PHOTO, renders(Uti::Heic, true))),
            Self::EditedMov => Some(("com.apple.video", renders(Uti::QuickTime, false))),
            _ => None,
        };
        Recipe { original, more, style, edit, pixels }
    }
}
