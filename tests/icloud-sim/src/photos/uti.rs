//! Kinds of files and of resources, as Apple names them.

use super::body::Head;

/// A uniform type identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Uti {
    Jpeg,
    Heic,
    Png,
    Gif,
    Webp,
    Dng,
    Cr2,
    Arw,
    QuickTime,
    Mpeg4,
    Sidecar,
    /// A type that no client knows.
    Unheard,
}

impl Uti {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "public.jpeg",
            Self::Heic => "public.heic",
            Self::Png => "public.png",
            Self::Gif => "com.compuserve.gif",
            Self::Webp => "org.webmproject.webp",
            Self::Dng => "com.adobe.raw-image",
            Self::Cr2 => "com.canon.cr2-raw-image",
            Self::Arw => "com.sony.arw-raw-image",
            Self::QuickTime => "com.apple.quicktime-movie",
            Self::Mpeg4 => "public.mpeg-4",
            Self::Sidecar => "com.apple.photos.apple-adjustment-envelope",
            Self::Unheard => "com.example.hologram",
        }
    }

    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "JPG",
            Self::Heic => "HEIC",
            Self::Png => "PNG",
            Self::Gif => "GIF",
            Self::Webp => "WEBP",
            Self::Dng => "DNG",
            Self::Cr2 => "CR2",
            Self::Arw => "ARW",
            Self::QuickTime => "MOV",
            Self::Mpeg4 => "MP4",
            Self::Sidecar => "AAE",
            Self::Unheard => "HOLO",
        }
    }

    pub(super) fn head(self) -> Head {
        match self {
            Self::Jpeg => Head::Jpeg,
            Self::Heic => Head::Heic,
            Self::Png => Head::Png,
            Self::Gif => Head::Gif,
            Self::Webp => Head::Webp,
            Self::Dng | Self::Cr2 | Self::Arw => Head::Tiff,
            Self::QuickTime => Head::QuickTime,
            Self::Mpeg4 => Head::Mp4,
            Self::Sidecar => Head::Xml,
            Self::Unheard => Head::None,
        }
    }

    pub(super) fn is_video(self) -> bool {
        matches!(self, Self::QuickTime | Self::Mpeg4)
    }
}

/// The prefix of a resource's fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Prefix {
    Original,
    OriginalAlt,
    OriginalVidCompl,
    Sidecar,
    JpegFull,
    VidFull,
    JpegMed,
    JpegThumb,
    VidMed,
    VidSmall,
}

impl Prefix {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Original => "resOriginal",
            Self::OriginalAlt => "resOriginalAlt",
            Self::OriginalVidCompl => "resOriginalVidCompl",
            Self::Sidecar => "resSidecar",
            Self::JpegFull => "resJPEGFull",
            Self::VidFull => "resVidFull",
            Self::JpegMed => "resJPEGMed",
            Self::JpegThumb => "resJPEGThumb",
            Self::VidMed => "resVidMed",
            Self::VidSmall => "resVidSmall",
        }
    }
}
