//! Uniform type identifiers: which extension, and whether a video.

use super::name::extension_of;
use crate::model::{Kind, Master};

/// What kind of content a type is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// A still image, RAW and documents included.
    Image,
    /// A video.
    Video,
    /// Sound alone.
    Audio,
}

use Family::{Audio, Image, Video};

/// Types met in libraries, with the extension that other clients write for them.
const TYPES: [(&str, &str, Family); 42] = [
    ("public.jpeg", "JPG", Image),
    ("public.heic", "HEIC", Image),
    ("public.heif", "HEIF", Image),
    ("public.png", "PNG", Image),
    ("public.tiff", "TIFF", Image),
    ("com.compuserve.gif", "GIF", Image),
    ("org.webmproject.webp", "WEBP", Image),
    ("public.avif", "AVIF", Image),
    ("public.jpeg-2000", "JP2", Image),
    ("public.jpeg-xl", "JXL", Image),
    ("com.microsoft.bmp", "BMP", Image),
    ("com.adobe.photoshop-image", "PSD", Image),
    ("com.adobe.pdf", "PDF", Image),
    ("com.adobe.illustrator.ai-image", "AI", Image),
    ("com.truevision.tga-image", "TGA", Image),
    ("com.sgi.sgi-image", "SGI", Image),
    ("public.pbm", "PBM", Image),
    ("public.mpo-image", "MPO", Image),
    ("com.dji.mimo.pano.jpeg", "JPG", Image),
    // rclone and icloud-photos-sync write HEIC for it.
    ("public.image", "HEIC", Image),
    ("com.adobe.raw-image", "DNG", Image),
    ("com.canon.cr2-raw-image", "CR2", Image),
    ("com.canon.cr3-raw-image", "CR3", Image),
    ("com.canon.crw-raw-image", "CRW", Image),
    ("com.nikon.raw-image", "NEF", Image),
    ("com.nikon.nrw-raw-image", "NRW", Image),
    ("com.sony.arw-raw-image", "ARW", Image),
    ("com.fuji.raw-image", "RAF", Image),
    ("com.panasonic.rw2-raw-image", "RW2", Image),
    ("com.pentax.raw-image", "PEF", Image),
    ("com.olympus.raw-image", "ORF", Image),
    ("com.olympus.or-raw-image", "ORF", Image),
    ("com.apple.quicktime-movie", "MOV", Video),
    ("public.mpeg-4", "MP4", Video),
    ("com.apple.m4v-video", "M4V", Video),
    ("public.mpeg", "MPG", Video),
    ("public.mpeg-2-video", "M2V", Video),
    ("public.3gpp", "3GP", Video),
    ("public.avi", "AVI", Video),
    ("public.avchd-mpeg-2-transport-stream", "MTS", Video),
    ("public.mp3", "MP3", Audio),
    ("com.apple.m4a-audio", "M4A", Audio),
];

/// Extensions met in names beside those of [`TYPES`].
const MORE_EXTENSIONS: [(&str, Family); 7] = [
    ("JPEG", Image),
    ("TIF", Image),
    ("NRF", Image),
    ("MPEG", Video),
    ("M2TS", Video),
    ("MKV", Video),
    ("WEBM", Video),
];

/// The extension for a type, upper case and without the dot; `None` when the type is unknown, which is never a
/// reason to skip a photo (icloud-photos-sync #143).
#[must_use]
pub fn extension(uti: &str) -> Option<&'static str> {
    TYPES.iter().find(|(known, ..)| known.eq_ignore_ascii_case(uti)).map(|(_, extension, _)| *extension)
}

/// The family of a type; `None` when the type is unknown.
#[must_use]
pub fn family(uti: &str) -> Option<Family> {
    TYPES.iter().find(|(known, ..)| known.eq_ignore_ascii_case(uti)).map(|(.., family)| *family)
}

/// Whether a type is known to be a video.
#[must_use]
pub fn is_video(uti: &str) -> bool {
    family(uti) == Some(Video)
}

/// Whether a photo's original is a video.
///
/// `itemType` may be absent (docker-icloudpd #680) or plainly wrong: DNG and WebP were reported as movies
/// (`icloud_photos_downloader` #662, kei #90). So the resource's own type counts first, then the extension of the
/// name, then `itemType`, then `dataClassType`.
#[must_use]
pub fn shows_video(master: &Master) -> bool {
    let resource = master.resource(Kind::Original).and_then(|original| original.uti.as_deref());
    let name = master.filename.as_deref().and_then(extension_of);
    let family = resource
        .and_then(family)
        .or_else(|| name.and_then(family_of_extension))
        .or_else(|| master.item_type.as_deref().and_then(family));
    family.map_or(master.data_class == Some(2), |family| family == Video)
}

fn family_of_extension(extension: &str) -> Option<Family> {
    let types = TYPES.iter().map(|(_, known, family)| (*known, *family));
    types
        .chain(MORE_EXTENSIONS)
        .find(|(known, _)| known.eq_ignore_ascii_case(extension))
        .map(|(_, family)| family)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Checksum, Resource};

    fn master(uti: Option<&str>, name: Option<&str>, item_type: Option<&str>, class: Option<i64>) -> Master {
        let original = Resource {
            kind: Kind::Original,
            checksum: Checksum::parse("AQ=="),
            size: 1,
            width: None,
            height: None,
            uti: uti.map(str::to_owned),
        };
        Master {
            record: "M".into(),
            filename: name.map(str::to_owned),
            item_type: item_type.map(str::to_owned),
            data_class: class,
            resources: vec![original],
        }
    }

    #[test]
    fn the_resource_counts_more_than_the_name_and_the_name_more_than_the_item_type() {
        let movie = Some("com.apple.quicktime-movie");
        assert!(!shows_video(&master(Some("com.adobe.raw-image"), Some("A.DNG"), movie, Some(2))));
        assert!(!shows_video(&master(None, Some("A.webp"), movie, Some(2))));
        assert!(!shows_video(&master(Some("dyn.unknown"), Some("A.jpeg"), movie, Some(2))));
        assert!(shows_video(&master(None, Some("A"), movie, Some(1))));
        assert!(shows_video(&master(None, None, Some("dyn.unknown"), Some(2))));
        assert!(!shows_video(&master(None, None, None, None)));
        assert!(shows_video(&master(movie, Some("A.JPG"), None, None)));
    }

    #[test]
    fn sound_is_no_video_and_unknown_types_have_no_extension() {
        assert!(is_video("public.mpeg-4") && !is_video("public.mp3") && !is_video("public.heic"));
        assert_eq!(extension("com.sony.arw-raw-image"), Some("ARW"));
        assert_eq!(extension("PUBLIC.JPEG"), Some("JPG"));
        assert_eq!((extension("public.unheard-of"), is_video("public.unheard-of")), (None, false));
    }
}
