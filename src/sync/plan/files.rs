//! Which files make up a photo.

use crate::config::{LivePhotos, Photos};
use crate::model::{Asset, Kind, Master, Resource, uti};

/// A file that an item should have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The resource behind it.
    pub resource: Resource,
    /// What follows the stem, for example `-edited`.
    pub suffix: &'static str,
    /// Extension without the dot.
    pub extension: String,
}

/// The files that make up a photo, in the order of [`Kind::ALL`].
///
/// A Live Photo is an image whose master has a video complement; one on a video master is ignored. Both halves of
/// a RAW+JPEG pair are wanted with their own extensions: either may be the RAW (`icloud_photos_downloader` #675).
/// A rendition counts only when the asset says that it was edited; slo-mo carries an adjustment but no rendition.
#[must_use]
pub fn wanted_files(asset: &Asset, master: &Master, policy: &Photos) -> Vec<Wanted> {
    let is_video = uti::is_video(master);
    let is_live = !is_video && master.resource(Kind::Motion).is_some();
    let (still, motion) = match policy.live_photos {
        LivePhotos::Both => (true, true),
        LivePhotos::Photo => (true, false),
        LivePhotos::Video => (!is_live, true),
    };
    let edited = policy.edited && asset.adjustment.is_some();
    Kind::ALL
        .into_iter()
        .filter(|kind| match kind {
            Kind::Original => still,
            Kind::Alternative => still && policy.alternatives,
            Kind::Motion => motion && is_live,
            Kind::EditedStill => edited && still,
            Kind::EditedMotion => edited && (is_video || motion),
        })
        .filter_map(|kind| if kind.is_on_master() { master.resource(kind) } else { asset.resource(kind) })
        .map(|resource| wanted(resource, master))
        .collect()
}

fn wanted(resource: &Resource, master: &Master) -> Wanted {
    let original = uti::original_extension(master);
    let by_type = resource.uti.as_deref().and_then(uti::extension);
    let fallback = |kind: &'static str| by_type.unwrap_or(kind).to_owned();
    let (suffix, extension) = match resource.kind {
        Kind::Original => ("", original),
        Kind::Alternative => {
            let extension = by_type.map_or_else(|| original.clone(), str::to_owned);
            let same = extension.eq_ignore_ascii_case(&original);
            (if same { "-alt" } else { "" }, extension)
        }
        Kind::Motion => ("", fallback("MOV")),
        Kind::EditedStill => ("-edited", fallback("JPG")),
        Kind::EditedMotion => ("-edited", fallback("MOV")),
    };
    Wanted { resource: resource.clone(), suffix, extension }
}
