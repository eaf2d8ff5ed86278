//! Which files make up a photo.

use crate::config::{LivePhotos, Photos};
use crate::icloud::photos::{extension, shows_video};
use crate::model::{Asset, Kind, Master, Resource};
use crate::tree::name::{legal, split_ext};

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
    let is_video = shows_video(master);
    let is_live = !is_video && master.resource(Kind::Motion).is_some();
    let (still, motion) = match policy.live_photos {
        LivePhotos::Both => (true, true),
        LivePhotos::Photo => (true, false),
        LivePhotos::Video => (!is_live, true),
    };
    let original = original_extension(master, policy);
    let edited = policy.edited && asset.adjustment.is_some();
    // Only where the edited version really is there may the original stay away.
    let keeps = |rendition| policy.originals || !(edited && asset.resource(rendition).is_some());
    let original_kept = keeps(if is_video { Kind::EditedMotion } else { Kind::EditedStill });
    Kind::ALL
        .into_iter()
        .filter(|kind| match kind {
            Kind::Original => still && original_kept,
            Kind::Alternative => still && original_kept && policy.raw,
            Kind::Motion => motion && is_live && keeps(Kind::EditedMotion),
            Kind::EditedStill => edited && still,
            Kind::EditedMotion => edited && (is_video || motion),
            Kind::File | Kind::Folder => false,
        })
        .filter_map(|kind| if kind.is_on_master() { master.resource(kind) } else { asset.resource(kind) })
        .map(|resource| wanted(resource, &original))
        .collect()
}

/// Extension of the original: that of its name; by its type where the name has none; `bin` for a type that nobody
/// knows, because an unknown type is no reason to leave a photo out (icloud-photos-sync #143).
fn original_extension(master: &Master, policy: &Photos) -> String {
    let name = master.filename.as_deref().and_then(|raw| legal(raw, policy.names));
    if let Some(name) = name
        && !split_ext(&name).1.is_empty()
    {
        return split_ext(&name).1.to_owned();
    }
    let types = [master.resource(Kind::Original).and_then(|r| r.uti.as_deref()), master.item_type.as_deref()];
    types.into_iter().flatten().find_map(extension).unwrap_or("bin").to_owned()
}

fn wanted(resource: &Resource, original: &str) -> Wanted {
    let by_type = resource.uti.as_deref().and_then(extension);
    let or = |fallback: &str| by_type.unwrap_or(fallback).to_owned();
    let (suffix, extension) = match resource.kind {
        Kind::Original | Kind::File | Kind::Folder => ("", original.to_owned()),
        Kind::Alternative => {
            let extension = or(original);
            (if extension.eq_ignore_ascii_case(original) { "-alt" } else { "" }, extension)
        }
        Kind::Motion => ("", or("MOV")),
        Kind::EditedStill => ("-edited", or("JPG")),
        Kind::EditedMotion => ("-edited", or("MOV")),
    };
    Wanted { resource: resource.clone(), suffix, extension }
}
