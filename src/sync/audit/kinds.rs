//! The lists by which both sides are counted.

use crate::config;
use crate::icloud::photos::{List, SmartAlbum};
use crate::model::{Asset, Master};
use crate::sync::plan::belongs;

/// How many lists there are besides the albums.
pub(super) const KINDS: usize = 4 + SmartAlbum::ALL.len();

/// The lists, in the order in which they are shown.
pub(super) fn lists() -> [List; KINDS] {
    let mut smart = SmartAlbum::ALL.into_iter();
    std::array::from_fn(|at| match at {
        0 => List::Library,
        1 => List::Hidden,
        at if at == KINDS - 2 => List::Bursts,
        at if at == KINDS - 1 => List::Deleted,
        // One for each place between.
        _ => smart.next().map_or(List::Library, List::Smart),
    })
}

/// What people call a list.
pub(super) fn name(list: &List) -> &str {
    match list {
        List::Library => "photos",
        List::Hidden => "hidden",
        List::Deleted => "recently deleted",
        List::Bursts => "bursts",
        List::Smart(smart) => ours(*smart).as_str(),
        List::Album(album) => album,
    }
}

/// Whether a photo that is not deleted is in a list.
pub(super) fn holds(list: &List, asset: &Asset, master: Option<&Master>) -> bool {
    match list {
        List::Hidden => asset.hidden,
        List::Library => !asset.hidden,
        List::Bursts => !asset.hidden && asset.burst.is_some(),
        List::Smart(smart) => {
            !asset.hidden && master.is_some_and(|master| belongs(ours(*smart), asset, master))
        }
        List::Deleted | List::Album(_) => false,
    }
}

/// The album that larder works out for a smart album of iCloud.
fn ours(smart: SmartAlbum) -> config::SmartAlbum {
    match smart {
        SmartAlbum::Favourites => config::SmartAlbum::Favourites,
        SmartAlbum::Videos => config::SmartAlbum::Videos,
        SmartAlbum::Live => config::SmartAlbum::Live,
        SmartAlbum::Portraits => config::SmartAlbum::Portrait,
        SmartAlbum::Panoramas => config::SmartAlbum::Panoramas,
        SmartAlbum::TimeLapse => config::SmartAlbum::TimeLapse,
        SmartAlbum::SloMo => config::SmartAlbum::SloMo,
        SmartAlbum::Screenshots => config::SmartAlbum::Screenshots,
        SmartAlbum::LongExposure => config::SmartAlbum::LongExposure,
        SmartAlbum::Animated => config::SmartAlbum::Animated,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_list_has_a_place_and_a_name() {
        let lists = lists();
        assert_eq!(lists.iter().collect::<HashSet<_>>().len(), KINDS);
        assert_eq!(lists.iter().map(name).collect::<HashSet<_>>().len(), KINDS);
        assert_eq!((name(&lists[0]), name(&lists[1]), name(&lists[2])), ("photos", "hidden", "favourites"));
    }
}
