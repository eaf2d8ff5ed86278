//! Which photos are in the albums that nobody made: by rclone's rules, from what the catalog has.

use crate::config::SmartAlbum;
use crate::icloud::photos::shows_video;
use crate::model::{Asset, Kind, Master};

/// `adjustmentRenderType` of a portrait, as a bit.
const PORTRAIT: i64 = 2;

/// `adjustmentRenderType` of a long exposure, as a bit.
const LONG_EXPOSURE: i64 = 4;

/// Whether the photo is in the album.
#[must_use]
pub fn belongs(album: SmartAlbum, asset: &Asset, master: &Master) -> bool {
    let subtype = |number| asset.subtype == number || asset.subtype_v2 == number;
    match album {
        SmartAlbum::Favourites => asset.favourite,
        SmartAlbum::Videos => shows_video(master),
        SmartAlbum::Live => {
            !shows_video(master) && (asset.subtype_v2 == 2 || master.resource(Kind::Motion).is_some())
        }
        SmartAlbum::Panoramas => asset.subtype == 1,
        SmartAlbum::SloMo => subtype(100),
        SmartAlbum::TimeLapse => subtype(101),
        SmartAlbum::Screenshots => asset.subtype_v2 == 3,
        SmartAlbum::Portrait => asset.render_type & PORTRAIT != 0,
        SmartAlbum::LongExposure => asset.render_type & LONG_EXPOSURE != 0,
        SmartAlbum::Animated => {
            let original = master.resource(Kind::Original).and_then(|original| original.uti.as_deref());
            original.or(master.item_type.as_deref()) == Some("com.compuserve.gif")
        }
        SmartAlbum::Bursts => asset.burst.is_some(),
    }
}
